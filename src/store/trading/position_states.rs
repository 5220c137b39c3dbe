//! Open positions at some moments of the past, from which a late execution derives them anew. They follow from the
//! executions like positions; without them, it takes longer.

use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, SymbolSerial};
use crate::domain::trading::Position;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, unreadable};
use serde_json::json;

impl ReadTx<'_> {
    /// The last known state of an account in a symbol before a moment: the millisecond that it is the end of, and the
    /// positions that were open.
    pub fn positions_known_before(
        &self,
        account: BookId,
        symbol: SymbolSerial,
        until: Moment,
    ) -> Result<Option<(Moment, Vec<Position>)>, StoreError> {
        let sql = "SELECT at, positions FROM position_states
                   WHERE account_id = ?1 AND symbol_id = ?2 AND at < ?3 ORDER BY at DESC LIMIT 1";
        self.find(sql, (account.0, symbol.0, until.unix_ms()), |row| {
            let text: String = row.get(1)?;
            let positions = serde_json::from_str(&text).map_err(|_| unreadable("positions", &text))?;
            Ok((Moment::from_unix_ms(row.get(0)?), positions))
        })
    }
}

impl WriteTx<'_> {
    /// Keeps the positions that are open at the end of a millisecond.
    pub fn keep_positions<'p>(
        &self,
        account: BookId,
        symbol: SymbolSerial,
        at: Moment,
        open: impl Iterator<Item = &'p Position>,
    ) -> Result<(), StoreError> {
        let positions = json!(open.collect::<Vec<_>>()).to_string();
        let sql = "INSERT OR REPLACE INTO position_states (account_id, symbol_id, at, positions)
                   VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, (account.0, symbol.0, at.unix_ms(), positions)).map(|_| ())
    }

    /// Forgets what was known from a moment on, because something changes there.
    pub fn forget_positions(&self, account: BookId, symbol: SymbolSerial, from: Moment) -> Result<(), StoreError> {
        let sql = "DELETE FROM position_states WHERE account_id = ?1 AND symbol_id = ?2 AND at >= ?3";
        self.run(sql, (account.0, symbol.0, from.unix_ms())).map(|_| ())
    }
}
