//! What happened to the money of an account since a moment, as protection needs it.

use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, EntrySeq, ExecutionSerial, PlatformSerial, SymbolSerial};
use crate::domain::money::Amount;
use crate::domain::trading::Place;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};

/// An execution, as far as protection depends on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MoneyStep {
    pub serial: ExecutionSerial,
    pub place: Place,
    pub symbol: SymbolSerial,
    pub is_cancelled: bool,
    /// Whether it closed anything.
    pub closes: bool,
    /// Whether nothing is open in its symbol afterwards.
    pub leaves_flat: bool,
    pub arrived: EntrySeq,
    pub reason: Option<String>,
    pub order: Option<String>,
    /// What was posted for its profit.
    pub profit: Amount,
    /// What was posted for its profit, commission, swap and fee.
    pub moved: i128,
    pub protected_credit: Amount,
    pub protected_balance: Amount,
}

/// Money that moved, in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Moved {
    pub balance: i128,
    /// Of it, trading credit.
    pub credit: i128,
}

/// The place of a charge among executions: its time with the nanoseconds beyond it, and the platform's sequence.
pub type ChargePlace = ((Moment, u32), Option<i64>);

impl ReadTx<'_> {
    /// Whether the account has executions or charges after a moment and the nanoseconds beyond it.
    pub fn has_trading_after(&self, account: BookId, (at, nanos): (Moment, u32)) -> Result<bool, StoreError> {
        self.one(sql!("trading/has_trading_after"), (account.0, at.unix_ms(), nanos), |row| row.get(0))
    }

    /// Whether the account has more executions at or after a moment than these.
    pub fn has_executions_after(&self, account: BookId, from: Moment, known: usize) -> Result<bool, StoreError> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM executions
                   WHERE account_id = ?1 AND executed_at >= ?2 LIMIT ?3)";
        let limit = i64::try_from(known).unwrap_or(i64::MAX).saturating_add(1);
        let found: i64 = self.one(sql, (account.0, from.unix_ms(), limit), |row| row.get(0))?;
        Ok(found == limit)
    }

    /// The executions of an account at or after a moment, in their order.
    pub fn money_steps(&self, account: BookId, from: Moment) -> Result<Vec<MoneyStep>, StoreError> {
        self.all(sql!("trading/money_steps"), (account.0, from.unix_ms()), |row| {
            Ok(MoneyStep {
                serial: ExecutionSerial(row.get("id")?),
                place: Place {
                    at: Moment::from_unix_ms(row.get("executed_at")?),
                    nanos: row.get::<_, Option<u32>>("executed_ns")?.unwrap_or_default(),
                    sequence: row.get("sequence")?,
                    execution_id: row.get("execution_id")?,
                    platform: PlatformSerial(row.get("platform_id")?),
                },
                symbol: SymbolSerial(row.get("symbol_id")?),
                is_cancelled: row.get("is_cancelled")?,
                closes: row.get("closes")?,
                leaves_flat: row.get("leaves_flat")?,
                arrived: EntrySeq(row.get("arrived_entry")?),
                reason: row.get("reason")?,
                order: row.get("order_id")?,
                profit: Amount::from_minor(row.get("posted_profit_minor")?),
                moved: i128::from(row.get::<_, i64>("moved")?),
                protected_credit: Amount::from_minor(row.get("protected_credit_minor")?),
                protected_balance: Amount::from_minor(row.get("protected_balance_minor")?),
            })
        })
    }

    /// The symbols in which an account held something before a moment.
    pub fn symbols_held_before(&self, account: BookId, at: Moment) -> Result<Vec<SymbolSerial>, StoreError> {
        self.all(sql!("trading/symbols_held_before"), (account.0, at.unix_ms()), |row| Ok(SymbolSerial(row.get(0)?)))
    }

    /// The charges of an account at or after a moment, in their order.
    pub fn charges_since(&self, account: BookId, from: Moment) -> Result<Vec<(ChargePlace, Moved)>, StoreError> {
        self.all(sql!("trading/charges_since"), (account.0, from.unix_ms()), |row| {
            let (balance, credit): (i64, i64) = (row.get(3)?, row.get(4)?);
            let moved = Moved { balance: balance.into(), credit: credit.into() };
            let nanos = row.get::<_, Option<u32>>(1)?.unwrap_or_default();
            Ok((((Moment::from_unix_ms(row.get(0)?), nanos), row.get(2)?), moved))
        })
    }

    /// What was posted to an account after an entry and follows from no event of a platform, in order.
    pub fn others_since(&self, account: BookId, after: EntrySeq) -> Result<Vec<(EntrySeq, Moved)>, StoreError> {
        self.all(sql!("trading/others_since"), (account.0, after.0), |row| {
            let (balance, credit): (i64, i64) = (row.get(1)?, row.get(2)?);
            Ok((EntrySeq(row.get(0)?), Moved { balance: balance.into(), credit: credit.into() }))
        })
    }
}

impl WriteTx<'_> {
    /// Stores how much protection was posted for an execution.
    pub fn set_protection(&self, row: ExecutionSerial, credit: Amount, balance: Amount) -> Result<(), StoreError> {
        let sql = "UPDATE executions SET protected_credit_minor = ?2, protected_balance_minor = ?3 WHERE id = ?1";
        self.run(sql, (row.0, credit.minor(), balance.minor())).map(|_| ())
    }
}
