//! What all clients have open.

use crate::domain::access::Visibility;
use crate::domain::ids::{GroupSerial, SymbolSerial};
use crate::domain::trading::{Exact, Side};
use crate::store::StoreError;
use crate::store::database::lists::visible_tags;
use crate::store::database::transaction::{ReadTx, named, sql};
use crate::store::trading::exact;
use rusqlite::Row;

/// An open position, as far as it counts in a sum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenLots {
    pub symbol: SymbolSerial,
    pub group: GroupSerial,
    pub side: Side,
    /// Lots.
    pub quantity: Exact,
    /// Sum of lots times open price.
    pub cost: Exact,
}

fn open_lots(row: &Row<'_>) -> rusqlite::Result<OpenLots> {
    let number = |column: &str| {
        let text: String = row.get(column)?;
        exact(column, &text)
    };
    Ok(OpenLots {
        symbol: SymbolSerial(row.get("symbol_id")?),
        group: GroupSerial(row.get("group_id")?),
        side: named(row, "side")?,
        quantity: number("quantity")?,
        cost: number("cost")?,
    })
}

impl ReadTx<'_> {
    /// Calls `each` with every open position of live or of demo accounts that are visible, by symbol.
    pub fn each_open_position(
        &self,
        is_demo: bool,
        visibility: &Visibility,
        mut each: impl FnMut(OpenLots),
    ) -> Result<(), StoreError> {
        let mut statement = self.connection().prepare_cached(sql!("trading/open_exposure"))?;
        for lots in statement.query_map((is_demo, visible_tags(visibility)), open_lots)? {
            each(lots?);
        }
        Ok(())
    }
}
