//! The last quote of each symbol.

use crate::domain::clock::Moment;
use crate::domain::ids::SymbolSerial;
use crate::domain::trading::Quote;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use crate::store::trading::{exact, nanos};

fn quote(row: &rusqlite::Row<'_>) -> rusqlite::Result<(SymbolSerial, Quote)> {
    let (bid, ask): (String, String) = (row.get("bid")?, row.get("ask")?);
    let at = Moment::from_unix_ms(row.get("quoted_at")?);
    Ok((SymbolSerial(row.get("symbol_id")?), Quote { bid: exact("bid", &bid)?, ask: exact("ask", &ask)?, at }))
}

impl ReadTx<'_> {
    pub fn quotes(&self) -> Result<Vec<(SymbolSerial, Quote)>, StoreError> {
        self.all("SELECT symbol_id, bid, ask, quoted_at FROM quotes", [], quote)
    }

    pub fn quote(&self, symbol: SymbolSerial) -> Result<Option<Quote>, StoreError> {
        let sql = "SELECT symbol_id, bid, ask, quoted_at FROM quotes WHERE symbol_id = ?1";
        Ok(self.find(sql, [symbol.0], quote)?.map(|(_, quote)| quote))
    }
}

impl WriteTx<'_> {
    /// Replaces the quote of a symbol, unless that is later. `beyond` are nanoseconds beyond the quote's time.
    pub fn put_quote(&self, symbol: SymbolSerial, quote: &Quote, beyond: u32) -> Result<(), StoreError> {
        let Quote { bid, ask, at } = quote;
        let params = (symbol.0, bid.to_string(), ask.to_string(), at.unix_ms(), nanos(beyond));
        self.run(sql!("trading/put_quote"), params).map(|_| ())
    }
}
