//! Proves trading data: positions and profits follow from the executions, and what was posted is what should have been.

use crate::domain::accounts::PositionMode;
use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, ExecutionSerial, SymbolSerial};
use crate::domain::money::Decimals;
use crate::domain::named::Named;
use crate::domain::trading::{Exact, Instrument, Position, Scope};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, sql, unreadable};
use crate::store::proof::Proof;
use crate::store::reference::decimals;
use crate::store::trading::{Execution, ScopeRun};
use std::collections::HashMap;

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
    (sql!("proof/links_astray"), "entry", "is linked to an execution or charge of another account"),
];

impl ReadTx<'_> {
    pub(in crate::store) fn prove_trading(&self, proof: &mut Proof) -> Result<(), StoreError> {
        let symbols: HashMap<SymbolSerial, Instrument> =
            self.symbols()?.iter().map(|symbol| (symbol.serial, Instrument::from(symbol))).collect();
        let scopes = self.all(sql!("proof/traded"), [], |row| {
            let mode: Option<String> = row.get(2)?;
            let read = |name: String| PositionMode::from_name(&name).ok_or_else(|| unreadable("position_mode", &name));
            Ok(Traded {
                account: BookId(row.get(0)?),
                symbol: SymbolSerial(row.get(1)?),
                mode: mode.map(read).transpose()?,
                decimals: decimals(row.get(3)?)?,
            })
        })?;
        for traded in &scopes {
            if let Some(symbol) = symbols.get(&traded.symbol) {
                self.prove_scope(proof, traded, symbol)?;
            }
        }
        for (sql, noun, what) in COMPARISONS {
            for row in self.all(sql, [], |row| row.get::<_, i64>(0))? {
                proof.find("trades", || format!("{noun} {row}: {what}"));
            }
        }
        Ok(())
    }

    fn prove_scope(&self, proof: &mut Proof, traded: &Traded, symbol: &Instrument) -> Result<(), StoreError> {
        let Traded { account, symbol: serial, mode, decimals } = *traded;
        let always = Moment::from_unix_ms(i64::MIN);
        let executions = self.executions_in_scope(account, serial, always)?;
        let mut run = ScopeRun::new(Scope { symbol, mode, decimals }, &[]);
        let Ok(outcomes) = run.apply(&executions, self.splits(serial)?) else {
            proof.find("positions", || format!("account {account}: a profit in symbol {serial} is too large"));
            return Ok(());
        };
        let rows = self.positions_since(account, serial, always)?;
        let mut stored: HashMap<ExecutionSerial, (i64, &Position)> =
            rows.iter().map(|row| (row.position.opened_by, (row.row, &row.position))).collect();
        let mut places: HashMap<ExecutionSerial, i64> = HashMap::with_capacity(stored.len());
        for (position, _) in run.positions() {
            match stored.remove(&position.opened_by) {
                Some((row, found)) => {
                    places.insert(position.opened_by, row);
                    if found != position {
                        proof.find("positions", || format!("position {row} does not follow from the executions"));
                    }
                }
                None => proof.find("positions", || {
                    format!("execution {} opened a position that is missing", position.opened_by)
                }),
            }
        }
        for (row, _) in stored.values() {
            proof.find("positions", || format!("position {row} was opened by no execution"));
        }
        for (execution, outcome) in executions.iter().zip(outcomes) {
            let position = outcome.position().and_then(|opened_by| places.get(&opened_by)).copied();
            let Execution { serial, outcome: stored, .. } = execution;
            let closed = Some(outcome.closed).filter(Exact::is_positive);
            let derived = (closed, outcome.open_price, position, outcome.profit, outcome.is_flat);
            let found = stored.clone();
            let found = (found.closed, found.open_price, found.position, found.profit, found.leaves_flat);
            if derived != found {
                proof.find("positions", || format!("execution {serial}: what follows from it is recorded otherwise"));
            }
            if execution.posted != execution.target() {
                proof
                    .find("trades", || format!("execution {serial}: what was posted is not what it should have moved"));
            }
        }
        Ok(())
    }
}
