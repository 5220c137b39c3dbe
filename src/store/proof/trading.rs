//! Proves trading data: positions and profits follow from the executions, and what was posted is what should have been.
//!
//! Executions are read one after the other and positions kept as digests, so that an account with a million of them
//! takes little memory.

use crate::domain::accounts::PositionMode;
use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, EntrySeq, ExecutionSerial, SymbolSerial};
use crate::domain::money::Decimals;
use crate::domain::named::Named;
use crate::domain::trading::{Exact, Instrument, MoneyCharge, Outcome, Position, ProtectionRun, Scope};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, sql, unreadable};
use crate::store::proof::Proof;
use crate::store::reference::decimals;
use crate::store::trading::{
    Execution, MONEY_STEPS, PRICE_DECIMALS, PositionRow, ScopeRun, execution, money_step, position,
};
use rusqlite::Rows;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// An account and a symbol that it has executions in.
struct Traded {
    account: BookId,
    symbol: SymbolSerial,
    mode: Option<PositionMode>,
    decimals: Decimals,
}

/// A comparison in SQL: it selects the numbers of rows that are wrong.
const COMPARISONS: [(&str, &str, &str); 4] = [
    (sql!("proof/trade_sums"), "execution", "its entries do not add up to what was posted for it"),
    (sql!("proof/charge_sums"), "charge", "its entries do not add up to it"),
    (sql!("proof/trades_unlinked"), "entry", "is of a trade, and no execution or charge leads to it"),
    (sql!("proof/links_astray"), "entry", "is linked to an execution or charge of another account or kind"),
];

/// What is stored of a position.
struct Stored {
    row: i64,
    digest: u64,
    /// Whether it follows from the executions.
    is_derived: bool,
}

impl ReadTx<'_> {
    pub(in crate::store) fn prove_trading(&self, proof: &mut Proof) -> Result<(), StoreError> {
        let symbols: HashMap<SymbolSerial, Instrument> =
            self.symbols()?.iter().map(|symbol| (symbol.serial, Instrument::from(symbol))).collect();
        let mut statement = self.connection().prepare(sql!("trading/position_columns", "proof/positions_in_order"))?;
        let mut positions = StoredPositions::begin(statement.query([])?)?;
        for traded in self.all(sql!("proof/traded"), [], traded)? {
            let stored = positions.of(proof, (traded.account, traded.symbol))?;
            if let Some(symbol) = symbols.get(&traded.symbol) {
                self.prove_scope(proof, &traded, symbol, (stored, &positions.hasher))?;
            }
        }
        positions.of(proof, (BookId(i64::MAX), SymbolSerial(i64::MAX)))?;
        for account in self.all(sql!("proof/protected_accounts"), [], |row| row.get(0).map(BookId))? {
            self.prove_protection(proof, account)?;
        }
        for (sql, noun, what) in COMPARISONS {
            for row in self.all(sql, [], |row| row.get::<_, i64>(0))? {
                proof.find("trades", || format!("{noun} {row}: {what}"));
            }
        }
        Ok(())
    }

    fn prove_scope(
        &self,
        proof: &mut Proof,
        traded: &Traded,
        symbol: &Instrument,
        (mut stored, hasher): (HashMap<ExecutionSerial, Stored>, &RandomState),
    ) -> Result<(), StoreError> {
        let Traded { account, symbol: serial, mode, decimals } = *traded;
        let mut run = ScopeRun::new(Scope { symbol, mode, decimals }, []);
        let mut splits = self.splits_of(account, serial)?.into_iter().peekable();
        let sql = sql!("trading/execution_columns", "proof/executions_in_order");
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query((account.0, serial.0))?;
        while let Some(row) = rows.next()? {
            let execution = execution(row)?;
            while let Some(split) = splits.next_if(|split| split.time() <= execution.place.time()) {
                run.split(split);
            }
            let Ok(outcome) = run.apply_one(&execution) else {
                proof.find("positions", || format!("execution {}: its profit is too large", execution.serial));
                return Ok(());
            };
            check_execution(proof, &execution, outcome, &stored);
            for closed in run.take_closed() {
                check_position(proof, &mut stored, hasher, &closed.position, &closed.open_price);
            }
        }
        splits.for_each(|split| run.split(split));
        for (position, open_price) in run.positions() {
            check_position(proof, &mut stored, hasher, position, &open_price);
        }
        for stored in stored.values().filter(|stored| !stored.is_derived) {
            proof.find("positions", || format!("position {}: no execution opened it", stored.row));
        }
        Ok(())
    }
}

impl ReadTx<'_> {
    /// Protection follows from the money that was there and from the terms of its time.
    fn prove_protection(&self, proof: &mut Proof, account: BookId) -> Result<(), StoreError> {
        let beginning = Moment::from_unix_ms(i64::MIN);
        let charges = self.money_charges(account, beginning)?.into_iter().map(MoneyCharge::as_posted).collect();
        let others = self.others_since(account, EntrySeq(0))?;
        let mut run = ProtectionRun::new(Default::default(), [], charges, others);
        let mut statement = self.connection().prepare_cached(MONEY_STEPS)?;
        let mut rows = statement.query((account.0, beginning.unix_ms()))?;
        while let Some(row) = rows.next()? {
            let step = money_step(row)?;
            let Some(terms) = step.terms else {
                run.step_as_posted(&step);
                continue;
            };
            if run.step(&step, terms) != step.protection {
                proof.find("trades", || format!("execution {}: its protection is not what was due", step.serial));
            }
        }
        for (charge, offset) in run.finish() {
            if Some(offset) != charge.offset {
                proof.find("trades", || {
                    format!("charge {}: it did not replace the protection that it should have", charge.serial)
                });
            }
        }
        Ok(())
    }
}

fn traded(row: &rusqlite::Row<'_>) -> rusqlite::Result<Traded> {
    let mode: Option<String> = row.get(2)?;
    let read = |name: String| PositionMode::from_name(&name).ok_or_else(|| unreadable("position_mode", &name));
    Ok(Traded {
        account: BookId(row.get(0)?),
        symbol: SymbolSerial(row.get(1)?),
        mode: mode.map(read).transpose()?,
        decimals: decimals(row.get(3)?)?,
    })
}

fn check_execution(
    proof: &mut Proof,
    execution: &Execution,
    outcome: Outcome,
    stored: &HashMap<ExecutionSerial, Stored>,
) {
    let serial = execution.serial;
    let position = outcome.position().and_then(|opened_by| stored.get(&opened_by)).map(|stored| stored.row);
    let closed = Some(outcome.closed).filter(Exact::is_positive);
    let derived = (&closed, &outcome.open_price, position, outcome.profit, outcome.is_flat);
    let found = &execution.outcome;
    if derived != (&found.closed, &found.open_price, found.position, found.profit, found.leaves_flat) {
        proof.find("positions", || format!("execution {serial}: what follows from it is recorded otherwise"));
    }
    if execution.posted != execution.target() {
        proof.find("trades", || format!("execution {serial}: what was posted is not what it should have moved"));
    }
}

fn check_position(
    proof: &mut Proof,
    stored: &mut HashMap<ExecutionSerial, Stored>,
    hasher: &RandomState,
    position: &Position,
    open_price: &Exact,
) {
    let Some(stored) = stored.get_mut(&position.opened_by) else {
        return proof
            .find("positions", || format!("execution {}: the position that it opened is missing", position.opened_by));
    };
    let close_price = position.close_price().map(|price| price.text(0, PRICE_DECIMALS));
    let open_price = open_price.text(0, PRICE_DECIMALS);
    if digest(hasher, position, &open_price, close_price.as_deref()) != stored.digest || stored.is_derived {
        proof.find("positions", || format!("position {}: it does not follow from the executions", stored.row));
    }
    stored.is_derived = true;
}

/// A digest with a random key, so that nobody can look for two positions that share one.
fn digest(hasher: &RandomState, position: &Position, open_price: &str, close_price: Option<&str>) -> u64 {
    let Position { quantity, opened_quantity, cost, margin_cost, profit_rate, closed_value, .. } = position;
    let numbers = [quantity, opened_quantity, cost, margin_cost, profit_rate, closed_value].map(Exact::to_string);
    let closing = position.closing.map(|closing| (closing.by, closing.at));
    let moments = (position.opened_at, position.updated_at, closing);
    let opening = (position.opened_by, &position.position_ref, position.side);
    hasher.hash_one((opening, numbers, position.profit, moments, open_price, close_price))
}

/// The stored positions in the order of account and symbol.
struct StoredPositions<'s> {
    rows: Rows<'s>,
    next: Option<PositionRow>,
    hasher: RandomState,
}

impl<'s> StoredPositions<'s> {
    fn begin(mut rows: Rows<'s>) -> Result<StoredPositions<'s>, StoreError> {
        let next = rows.next()?.map(position).transpose()?;
        Ok(StoredPositions { rows, next, hasher: RandomState::new() })
    }

    /// The positions of the next account and symbol. Those before it have no executions.
    fn of(
        &mut self,
        proof: &mut Proof,
        wanted: (BookId, SymbolSerial),
    ) -> Result<HashMap<ExecutionSerial, Stored>, StoreError> {
        let mut found = HashMap::new();
        while let Some(row) = self.next.take_if(|row| (row.account, row.symbol) <= wanted) {
            self.next = self.rows.next()?.map(position).transpose()?;
            let digest = digest(&self.hasher, &row.position, &row.open_price, row.close_price.as_deref());
            let stored = Stored { row: row.row, digest, is_derived: false };
            let is_odd = (row.account, row.symbol) < wanted;
            if is_odd || found.insert(row.position.opened_by, stored).is_some() {
                proof.find("positions", || format!("position {}: no execution opened it", row.row));
            }
        }
        Ok(found)
    }
}
