//! What happened to the money of an account since a moment, as protection needs it.

use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, ChargeSerial, EntrySeq, ExecutionSerial, PlatformSerial, SymbolSerial};
use crate::domain::ledger::EntryKind;
use crate::domain::money::Amount;
use crate::domain::trading::{MoneyCharge, MoneyStep, Moved, Place, ProtectAfter, Protection, ProtectionTerms};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql, unreadable};
use rusqlite::Row;

/// The name of terms under which an account is never protected.
pub(in crate::store) const NEVER: &str = "never";

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
        self.all(MONEY_STEPS, (account.0, from.unix_ms()), money_step)
    }

    /// The symbols in which an account held something before a moment.
    pub fn symbols_held_before(&self, account: BookId, at: Moment) -> Result<Vec<SymbolSerial>, StoreError> {
        self.all(sql!("trading/symbols_held_before"), (account.0, at.unix_ms()), |row| Ok(SymbolSerial(row.get(0)?)))
    }

    /// The charges of an account at or after a moment, in their order.
    pub fn money_charges(&self, account: BookId, from: Moment) -> Result<Vec<MoneyCharge>, StoreError> {
        self.all(sql!("trading/money_charges"), (account.0, from.unix_ms()), |row| {
            let (amount, kind): (i64, String) = (row.get("amount_minor")?, row.get("kind")?);
            let offset = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Amount::from_minor));
            let offset = offset("offset_credit_minor")?.zip(offset("offset_balance_minor")?);
            Ok(MoneyCharge {
                serial: ChargeSerial(row.get("id")?),
                at: Moment::from_unix_ms(row.get("charged_at")?),
                nanos: row.get::<_, Option<u32>>("charged_ns")?.unwrap_or_default(),
                sequence: row.get("sequence")?,
                moved: Moved {
                    balance: amount.into(),
                    credit: if kind == EntryKind::Credit.name() { amount.into() } else { 0 },
                },
                is_compensation: kind == EntryKind::NegativeBalanceProtection.name(),
                offset: offset.map(|(from_credit, of_balance)| Protection { from_credit, of_balance }),
            })
        })
    }

    /// What protection before a moment moved and no compensation before it replaced.
    pub fn protected_before(&self, account: BookId, until: Moment) -> Result<Moved, StoreError> {
        self.one(sql!("trading/protected_before"), (account.0, until.unix_ms()), |row| {
            let (balance, credit): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok(Moved { balance: balance.into(), credit: -i128::from(credit) })
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
    pub fn set_protection(&self, row: ExecutionSerial, posted: Protection) -> Result<(), StoreError> {
        let sql = "UPDATE executions SET protected_credit_minor = ?2, protected_balance_minor = ?3 WHERE id = ?1";
        self.run(sql, (row.0, posted.from_credit.minor(), posted.of_balance.minor())).map(|_| ())
    }

    /// Stores how much protection a compensation replaced.
    pub fn set_offset(&self, row: ChargeSerial, posted: Protection) -> Result<(), StoreError> {
        let sql = "UPDATE platform_charges SET offset_credit_minor = ?2, offset_balance_minor = ?3 WHERE id = ?1";
        self.run(sql, (row.0, posted.from_credit.minor(), posted.of_balance.minor())).map(|_| ())
    }
}

pub(in crate::store) const MONEY_STEPS: &str = sql!("trading/money_steps");

pub(in crate::store) fn money_step(row: &Row<'_>) -> rusqlite::Result<MoneyStep> {
    let amount = |column| row.get(column).map(Amount::from_minor);
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
        is_stop_out: row.get("is_stop_out")?,
        arrived: EntrySeq(row.get("arrived_entry")?),
        terms: terms(row)?,
        profit: amount("posted_profit_minor")?,
        moved: i128::from(row.get::<_, i64>("moved")?),
        protection: Protection {
            from_credit: amount("protected_credit_minor")?,
            of_balance: amount("protected_balance_minor")?,
        },
    })
}

fn terms(row: &Row<'_>) -> rusqlite::Result<Option<ProtectionTerms>> {
    let (name, minimum) = (row.get::<_, Option<String>>("protection")?, row.get("protected_minimum_minor")?);
    let Some((name, minimum)) = name.zip(minimum) else { return Ok(None) };
    let after = match name.as_str() {
        NEVER => None,
        name => Some(ProtectAfter::parse(name).ok_or_else(|| unreadable("protection", name))?),
    };
    Ok(Some(ProtectionTerms { after, minimum: Amount::from_minor(minimum) }))
}
