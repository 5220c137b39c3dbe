//! Executions: what was recorded of each, what follows from it, and what was posted.

use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, EntrySeq, ExecutionSerial, PlatformSerial, SymbolSerial};
use crate::domain::money::Amount;
use crate::domain::trading::{
    BookedAmounts, Exact, ExecutionEntry, Parts, Place, ProtectAfter, ProtectionTerms, Recorded, RecordedRates, Side,
};
use crate::store::StoreError;
use crate::store::database::transaction::{Columns, ReadTx, WriteTx, sql};
use crate::store::trading::{NEVER, exact, exact_if_any, nanos};
use rusqlite::{Row, params};

/// An execution as it counts now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Execution {
    pub serial: ExecutionSerial,
    pub account: BookId,
    pub symbol: SymbolSerial,
    pub place: Place,
    pub recorded: Recorded,
    /// The id of the correction that counts now.
    pub version: Option<String>,
    pub is_cancelled: bool,
    /// The last entry before it arrived.
    pub arrived: EntrySeq,
    pub outcome: ExecutionOutcome,
    pub posted: Parts,
}

/// What follows from an execution and those before it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ExecutionOutcome {
    /// Lots that it closed.
    pub closed: Option<Exact>,
    /// The average open price of what it closed.
    pub open_price: Option<Exact>,
    /// The row of the position that it opened, changed or closed.
    pub position: Option<i64>,
    /// Price profit as computed, in the account's currency.
    pub profit: Amount,
    /// Whether nothing is open afterwards in its account and symbol.
    pub leaves_flat: bool,
}

/// An execution to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct NewExecution<'a> {
    pub account: BookId,
    pub symbol: SymbolSerial,
    pub place: &'a Place,
    pub recorded: &'a Recorded,
    pub arrived: EntrySeq,
    pub protection: ProtectionTerms,
}

pub(in crate::store) fn execution(row: &Row<'_>) -> rusqlite::Result<Execution> {
    let mut columns = Columns::of(row);
    let amount = |minor: i64| Amount::from_minor(minor);
    let serial = ExecutionSerial(columns.next("id")?);
    let account = BookId(columns.next("account_id")?);
    let symbol = SymbolSerial(columns.next("symbol_id")?);
    let at = Moment::from_unix_ms(columns.next("executed_at")?);
    let nanos = columns.next::<Option<u32>>("executed_ns")?.unwrap_or_default();
    let sequence = columns.next("sequence")?;
    let execution_id = columns.next("execution_id")?;
    let place = Place { at, nanos, sequence, execution_id, platform: PlatformSerial(columns.next("platform_id")?) };
    let recorded = recorded(&mut columns)?;
    Ok(Execution {
        serial,
        account,
        symbol,
        place,
        recorded,
        version: columns.next("version_id")?,
        is_cancelled: columns.next("is_cancelled")?,
        arrived: EntrySeq(columns.next("arrived_entry")?),
        outcome: ExecutionOutcome {
            closed: exact_if_any("closed_quantity", columns.next("closed_quantity")?)?,
            open_price: exact_if_any("open_price", columns.next("open_price")?)?,
            position: columns.next("position_id")?,
            profit: amount(columns.next("profit_minor")?),
            leaves_flat: columns.next("leaves_flat")?,
        },
        posted: Parts {
            profit: amount(columns.next("posted_profit_minor")?),
            commission: amount(columns.next("posted_commission_minor")?),
            swap: amount(columns.next("posted_swap_minor")?),
            fee: amount(columns.next("posted_fee_minor")?),
            protected_credit: amount(columns.next("protected_credit_minor")?),
            protected_balance: amount(columns.next("protected_balance_minor")?),
        },
    })
}

fn recorded(columns: &mut Columns<'_>) -> rusqlite::Result<Recorded> {
    let side = columns.next_named_if_any::<Side>("side")?;
    let entry = columns.next_named_if_any::<ExecutionEntry>("entry")?;
    let quantity = exact_if_any("quantity", columns.next("quantity")?)?;
    let price = exact_if_any("price", columns.next("price")?)?;
    let order = columns.next("order_id")?;
    let position_ref = columns.next("position_ref")?;
    let opposite_ref = columns.next("opposite_ref")?;
    let reason = columns.next("reason")?;
    let profit: String = columns.next("profit_rate")?;
    let profit = exact("profit_rate", &profit)?;
    let high = exact_if_any("profit_rate_high", columns.next("profit_rate_high")?)?;
    let margin = exact_if_any("margin_rate", columns.next("margin_rate")?)?;
    let rates = RecordedRates {
        profit_high: high.unwrap_or_else(|| profit.clone()),
        profit,
        margin,
        has_profit: columns.next("has_profit_rate")?,
        has_margin: columns.next("has_margin_rate")?,
    };
    let mut booked = |name: &str| Ok::<_, rusqlite::Error>(columns.next::<Option<i64>>(name)?.map(Amount::from_minor));
    let booked = BookedAmounts {
        profit: booked("booked_profit_minor")?,
        commission: booked("booked_commission_minor")?,
        swap: booked("booked_swap_minor")?,
        fee: booked("booked_fee_minor")?,
        balance_after: booked("balance_after_minor")?,
    };
    Ok(Recorded { side, entry, quantity, price, order, position_ref, opposite_ref, reason, rates, booked })
}

/// The columns of [`recorded`] as they are stored.
struct Stored {
    side: Option<&'static str>,
    entry: Option<&'static str>,
    quantity: Option<String>,
    price: Option<String>,
    profit_rate: String,
    profit_rate_high: Option<String>,
    margin_rate: Option<String>,
}

impl Stored {
    fn of(recorded: &Recorded) -> Stored {
        let rates = &recorded.rates;
        Stored {
            side: recorded.side.map(Side::name),
            entry: recorded.entry.map(ExecutionEntry::name),
            quantity: recorded.quantity.as_ref().map(Exact::to_string),
            price: recorded.price.as_ref().map(Exact::to_string),
            profit_rate: rates.profit.to_string(),
            profit_rate_high: (rates.profit_high != rates.profit).then(|| rates.profit_high.to_string()),
            margin_rate: rates.margin.as_ref().map(Exact::to_string),
        }
    }
}

const BY_ID: &str = sql!("trading/execution_columns", "trading/execution_by_id");
const CORRECTED_BY: &str = sql!("trading/execution_columns", "trading/execution_corrected_by");
const NUMBERED: &str = concat!(sql!("trading/execution_columns"), "WHERE id = ?1");
const IN_SCOPE: &str = sql!("trading/execution_columns", "trading/executions_in_scope");
const LAST_IN_SCOPE: &str = sql!("trading/execution_columns", "trading/executions_last_in_scope");
const OF_ORDER: &str = concat!(sql!("trading/execution_columns"), "WHERE account_id = ?1 AND order_id = ?2");

impl ReadTx<'_> {
    pub fn execution(
        &self,
        account: BookId,
        platform: PlatformSerial,
        id: &str,
    ) -> Result<Option<Execution>, StoreError> {
        self.find(BY_ID, (account.0, id, platform.0), execution)
    }

    pub fn execution_numbered(&self, row: ExecutionSerial) -> Result<Execution, StoreError> {
        self.one(NUMBERED, [row.0], execution)
    }

    /// The execution whose latest correction has this id.
    pub fn execution_corrected_by(
        &self,
        account: BookId,
        platform: PlatformSerial,
        correction: &str,
    ) -> Result<Option<Execution>, StoreError> {
        self.find(CORRECTED_BY, (account.0, correction, platform.0), execution)
    }

    /// Whether a correction of an execution of this account had this id, the latest or not.
    pub fn has_correction(&self, account: BookId, platform: PlatformSerial, id: &str) -> Result<bool, StoreError> {
        self.one(sql!("trading/has_correction"), (account.0, id, platform.0), |row| row.get(0))
    }

    /// The figures with which an execution arrived, if they do not count any more.
    pub fn first_figures(&self, row: ExecutionSerial) -> Result<Option<String>, StoreError> {
        let sql = "SELECT figures FROM execution_versions WHERE execution_id = ?1 AND number = 1";
        self.find(sql, [row.0], |row| row.get(0))
    }

    /// The executions of an account and symbol at or after a moment, in their order, cancelled ones included.
    pub fn executions_in_scope(
        &self,
        account: BookId,
        symbol: SymbolSerial,
        from: Moment,
    ) -> Result<Vec<Execution>, StoreError> {
        self.all(IN_SCOPE, (account.0, symbol.0, from.unix_ms()), execution)
    }

    /// The last executions of an account and symbol at or before a moment, the last one first.
    pub fn executions_back(
        &self,
        account: BookId,
        symbol: SymbolSerial,
        until: Moment,
        limit: u32,
    ) -> Result<Vec<Execution>, StoreError> {
        self.all(LAST_IN_SCOPE, (account.0, symbol.0, until.unix_ms(), limit), execution)
    }

    pub fn executions_of_order(&self, account: BookId, order: &str) -> Result<Vec<Execution>, StoreError> {
        self.all(OF_ORDER, (account.0, order), execution)
    }

    pub fn has_executions_of(&self, account: BookId) -> Result<bool, StoreError> {
        self.one("SELECT EXISTS (SELECT 1 FROM executions WHERE account_id = ?1)", [account.0], |row| row.get(0))
    }

    /// The last moment after `from` and before `until` at which the account held nothing in the symbol; none: it always
    /// did.
    /// Executions at that very moment count only if all of them are before it.
    pub fn last_flat(
        &self,
        account: BookId,
        symbol: SymbolSerial,
        from: Moment,
        until: Moment,
    ) -> Result<Option<Moment>, StoreError> {
        let range = (account.0, symbol.0, until.unix_ms(), from.unix_ms());
        let found = self.find(sql!("trading/last_flat"), range, |row| row.get(0))?;
        Ok(found.map(Moment::from_unix_ms))
    }
}

impl WriteTx<'_> {
    pub fn add_execution(&self, new: &NewExecution<'_>) -> Result<ExecutionSerial, StoreError> {
        let NewExecution { account, symbol, place, recorded, arrived, protection } = *new;
        let stored = Stored::of(recorded);
        let (rates, booked) = (&recorded.rates, &recorded.booked);
        let minor = |amount: Option<Amount>| amount.map(Amount::minor);
        let row = self.insert(
            sql!("trading/add_execution"),
            params![
                account.0,
                symbol.0,
                place.at.unix_ms(),
                place.sequence,
                place.execution_id,
                place.platform.0,
                stored.side,
                stored.entry,
                stored.quantity,
                stored.price,
                recorded.order,
                recorded.position_ref,
                recorded.opposite_ref,
                recorded.reason,
                stored.profit_rate,
                stored.profit_rate_high,
                stored.margin_rate,
                rates.has_profit,
                rates.has_margin,
                minor(booked.profit),
                minor(booked.commission),
                minor(booked.swap),
                minor(booked.fee),
                minor(booked.balance_after),
                arrived.0,
                nanos(place.nanos),
                protection.after.map_or(NEVER, ProtectAfter::name),
                protection.minimum.minor(),
            ],
        )?;
        Ok(ExecutionSerial(row))
    }

    /// Replaces the figures of an execution. Those before are kept as a version of it.
    pub fn change_execution(
        &self,
        execution: &Execution,
        figures_before: &str,
        correction: Option<&str>,
        now: Moment,
    ) -> Result<(), StoreError> {
        let params = (execution.serial.0, correction, figures_before, now.unix_ms());
        self.run(sql!("trading/add_version"), params)?;
        self.set_figures(execution)
    }

    /// Replaces the figures of an execution.
    pub fn set_figures(&self, execution: &Execution) -> Result<(), StoreError> {
        let recorded = &execution.recorded;
        let stored = Stored::of(recorded);
        let (rates, booked) = (&recorded.rates, &recorded.booked);
        let minor = |amount: Option<Amount>| amount.map(Amount::minor);
        self.run(
            sql!("trading/set_figures"),
            params![
                execution.serial.0,
                stored.side,
                stored.entry,
                stored.quantity,
                stored.price,
                recorded.order,
                recorded.position_ref,
                recorded.opposite_ref,
                recorded.reason,
                stored.profit_rate,
                stored.profit_rate_high,
                stored.margin_rate,
                rates.has_profit,
                rates.has_margin,
                minor(booked.profit),
                minor(booked.commission),
                minor(booked.swap),
                minor(booked.fee),
                minor(booked.balance_after),
                execution.version,
                execution.is_cancelled,
            ],
        )
        .map(|_| ())
    }

    /// Replaces the figures with which a corrected execution arrived, after a repeat that told more.
    pub fn set_first_figures(&self, row: ExecutionSerial, figures: &str) -> Result<(), StoreError> {
        let sql = "UPDATE execution_versions SET figures = ?2 WHERE execution_id = ?1 AND number = 1";
        self.run(sql, (row.0, figures)).map(|_| ())
    }

    /// Stores what follows from an execution.
    pub fn set_outcome(
        &self,
        row: ExecutionSerial,
        outcome: &ExecutionOutcome,
        posted: &Parts,
    ) -> Result<(), StoreError> {
        self.run(
            sql!("trading/set_outcome"),
            params![
                row.0,
                outcome.closed.as_ref().map(Exact::to_string),
                outcome.open_price.as_ref().map(Exact::to_string),
                outcome.position,
                outcome.profit.minor(),
                outcome.leaves_flat,
                posted.profit.minor(),
                posted.commission.minor(),
                posted.swap.minor(),
                posted.fee.minor(),
                posted.protected_credit.minor(),
                posted.protected_balance.minor(),
            ],
        )
        .map(|_| ())
    }
}
