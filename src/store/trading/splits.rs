//! Splits of symbols.

use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, PlatformSerial, SymbolSerial};
use crate::domain::trading::Exact;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use crate::store::trading::{exact, nanos};
use rusqlite::Row;
use serde_json::Value;

/// Each old unit becomes `ratio` new ones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SymbolSplit {
    pub at: Moment,
    /// Nanoseconds beyond `at`.
    pub nanos: u32,
    pub ratio: Exact,
}

impl SymbolSplit {
    /// By the platform, with the nanoseconds beyond it.
    pub fn time(&self) -> (Moment, u32) {
        (self.at, self.nanos)
    }
}

fn split(row: &Row<'_>) -> rusqlite::Result<SymbolSplit> {
    let nanos = row.get::<_, Option<u32>>(1)?.unwrap_or_default();
    let ratio: String = row.get(2)?;
    Ok(SymbolSplit { at: Moment::from_unix_ms(row.get(0)?), nanos, ratio: exact("ratio", &ratio)? })
}

impl ReadTx<'_> {
    /// The splits of a symbol in their order.
    pub fn splits(&self, symbol: SymbolSerial) -> Result<Vec<SymbolSplit>, StoreError> {
        let sql =
            "SELECT split_at, split_ns, ratio FROM symbol_splits WHERE symbol_id = ?1 ORDER BY split_at, split_ns";
        self.all(sql, [symbol.0], split)
    }

    /// The splits of a symbol that count for an account, in their order.
    pub fn splits_of(&self, account: BookId, symbol: SymbolSerial) -> Result<Vec<SymbolSplit>, StoreError> {
        self.all(sql!("trading/splits_of"), (account.0, symbol.0), split)
    }

    /// The accounts whose positions a split at this moment changes: those with executions since then, or with open
    /// positions.
    pub fn accounts_split(&self, symbol: SymbolSerial, at: Moment) -> Result<Vec<BookId>, StoreError> {
        self.all(sql!("trading/accounts_split"), (symbol.0, at.unix_ms()), |row| Ok(BookId(row.get(0)?)))
    }
}

impl WriteTx<'_> {
    /// Adds a split, which does not change the accounts in `left`.
    pub fn add_split(
        &self,
        symbol: SymbolSerial,
        platform: PlatformSerial,
        event: &str,
        split: &SymbolSplit,
        left: &[BookId],
    ) -> Result<(), StoreError> {
        let left = (!left.is_empty()).then(|| Value::from_iter(left.iter().map(|book| book.0)).to_string());
        let params =
            (symbol.0, platform.0, event, split.ratio.to_string(), split.at.unix_ms(), left, nanos(split.nanos));
        self.run(sql!("trading/add_split"), params).map(|_| ())
    }
}
