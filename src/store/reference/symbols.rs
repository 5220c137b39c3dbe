//! Symbols as declared in the reference data, by code and by serial.

use crate::domain::ids::{CurrencySerial, SymbolId, SymbolSerial};
use crate::domain::money::DecimalText;
use crate::domain::reference::{CurrencyCode, DeclaredSymbol, Symbol};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, named, sql, unreadable};
use rusqlite::Row;
use rusqlite::types::Type;
use uuid::Uuid;

fn decimal(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<DecimalText>> {
    let Some(text) = row.get::<_, Option<String>>(column)? else { return Ok(None) };
    DecimalText::parse(&text).map(Some).map_err(|_| unreadable(column, &text))
}

fn symbol(row: &Row<'_>) -> rusqlite::Result<Symbol> {
    Ok(Symbol {
        serial: SymbolSerial(row.get("id")?),
        id: SymbolId::from(row.get::<_, Uuid>("uuid")?),
        declared: DeclaredSymbol {
            code: row.get("code")?,
            name: row.get("name")?,
            class: named(row, "class")?,
            contract_size: decimal(row, "contract_size")?
                .ok_or_else(|| rusqlite::Error::InvalidColumnType(0, "contract_size".into(), Type::Null))?,
            price_decimals: row.get("price_decimals")?,
            quantity_decimals: row.get("quantity_decimals")?,
            profit_currency: CurrencyCode::from_stored(row.get("profit_currency")?),
            margin_currency: CurrencyCode::from_stored(row.get("margin_currency")?),
            margin_rate: decimal(row, "margin_rate")?,
            time_zone: row.get("time_zone")?,
            enabled: row.get("enabled")?,
        },
        profit: CurrencySerial(row.get("profit_currency_id")?),
        margin: CurrencySerial(row.get("margin_currency_id")?),
    })
}

impl ReadTx<'_> {
    /// All symbols, in the order of declaration.
    pub fn symbols(&self) -> Result<Vec<Symbol>, StoreError> {
        self.all(concat!(sql!("symbols/columns"), "ORDER BY s.id"), [], symbol)
    }

    pub fn symbol(&self, code: &str) -> Result<Option<Symbol>, StoreError> {
        self.find(concat!(sql!("symbols/columns"), "WHERE s.code = ?1"), [code], symbol)
    }

    pub fn symbol_numbered(&self, serial: SymbolSerial) -> Result<Option<Symbol>, StoreError> {
        self.find(concat!(sql!("symbols/columns"), "WHERE s.id = ?1"), [serial.0], symbol)
    }

    /// The enabled symbols whose quotes are rates between currencies.
    pub fn currency_pairs(&self) -> Result<Vec<Symbol>, StoreError> {
        let sql = concat!(
            sql!("symbols/columns"),
            "WHERE s.class = 'forex' AND s.enabled = 1 AND s.margin_currency_id <> s.profit_currency_id ORDER BY s.id"
        );
        self.all(sql, [], symbol)
    }

    /// Whether a symbol was ever traded. Reads all executions if it was not.
    pub fn has_executions(&self, symbol: SymbolSerial) -> Result<bool, StoreError> {
        self.one("SELECT EXISTS (SELECT 1 FROM executions WHERE symbol_id = ?1)", [symbol.0], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Creates a symbol or updates it; the id counts only when it is created. Its currencies must exist.
    pub fn put_symbol(&self, id: SymbolId, symbol: &DeclaredSymbol) -> Result<(), StoreError> {
        let params = rusqlite::params![
            id.uuid(),
            symbol.code,
            symbol.name,
            symbol.class.name(),
            String::from(symbol.contract_size),
            symbol.price_decimals,
            symbol.quantity_decimals,
            symbol.profit_currency.as_str(),
            symbol.margin_currency.as_str(),
            symbol.margin_rate.map(String::from),
            symbol.time_zone,
            symbol.enabled,
        ];
        self.run(sql!("symbols/upsert"), params).map(|_| ())
    }
}
