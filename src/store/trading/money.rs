//! What happened after an execution, as protection needs it.

use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, SymbolSerial};
use crate::domain::trading::Place;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, sql};
use crate::store::trading::Execution;

/// Sums in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MoneyAfter {
    pub balance: i128,
    /// Of the net sum of CREDIT entries.
    pub credit: i128,
}

/// Stands for a sequence that was not given, which sorts first.
const FIRST: i64 = i64::MIN + 1;

impl ReadTx<'_> {
    /// Whether the account has executions or charges after a moment.
    pub fn has_trading_after(&self, account: BookId, at: Moment) -> Result<bool, StoreError> {
        self.one(sql!("trading/has_trading_after"), (account.0, at.unix_ms()), |row| row.get(0))
    }

    /// Whether the account has more executions at or after a moment than these.
    pub fn has_executions_after(&self, account: BookId, from: Moment, known: usize) -> Result<bool, StoreError> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM executions
                   WHERE account_id = ?1 AND executed_at >= ?2 LIMIT ?3)";
        let limit = i64::try_from(known).unwrap_or(i64::MAX).saturating_add(1);
        let found: i64 = self.one(sql, (account.0, from.unix_ms(), limit), |row| row.get(0))?;
        Ok(found == limit)
    }

    /// Whether the account held nothing in any other symbol after an execution.
    pub fn is_flat_after(&self, account: BookId, place: &Place, symbol: SymbolSerial) -> Result<bool, StoreError> {
        let (at, sequence) = (place.at.unix_ms(), place.sequence.unwrap_or(FIRST));
        let params = (account.0, symbol.0, at, sequence, &place.execution_id, place.platform.0);
        self.one(sql!("trading/is_flat_after"), params, |row| row.get(0))
    }

    /// What was posted for executions and charges after an execution in the platform's order, and of other origin after
    /// it arrived.
    pub fn money_after(&self, account: BookId, execution: &Execution) -> Result<MoneyAfter, StoreError> {
        let place = &execution.place;
        let (at, sequence) = (place.at.unix_ms(), place.sequence.unwrap_or(FIRST));
        let of = |sql: &str, params: &[&dyn rusqlite::ToSql]| -> Result<(i64, i64), StoreError> {
            self.one(sql, params, |row| Ok((row.get(0)?, row.get(1)?)))
        };
        let platform = place.platform.0;
        let later = [
            of(sql!("trading/executions_after"), &[&account.0, &at, &sequence, &place.execution_id, &platform])?,
            of(sql!("trading/charges_after"), &[&account.0, &at, &sequence])?,
            of(sql!("trading/others_after"), &[&account.0, &execution.arrived.0])?,
        ];
        Ok(later.iter().fold(MoneyAfter::default(), |sum, (balance, credit)| MoneyAfter {
            balance: sum.balance + i128::from(*balance),
            credit: sum.credit + i128::from(*credit),
        }))
    }
}
