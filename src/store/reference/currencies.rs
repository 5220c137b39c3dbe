//! Currencies as declared in the reference data, by code.

use crate::domain::ids::CurrencySerial;
use crate::domain::money::Decimals;
use crate::domain::reference::{Currency, CurrencyCode};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql, unreadable};
use rusqlite::Row;

/// A currency as declared in the reference data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CurrencyRow {
    pub code: CurrencyCode,
    /// The English name, for people.
    pub name: String,
    pub decimals: Decimals,
    /// ISO 4217; none for currencies without a number.
    pub numeric_code: Option<u16>,
    pub is_crypto: bool,
    /// Whether accounts may be opened in it.
    pub enabled: bool,
    /// Whether a caller makes it.
    pub is_made_by_caller: bool,
}

pub(in crate::store) fn decimals(count: u8) -> rusqlite::Result<Decimals> {
    Decimals::new(count).ok_or_else(|| unreadable("decimals", &count.to_string()))
}

fn currency(row: &Row<'_>) -> rusqlite::Result<Currency> {
    Ok(Currency {
        serial: CurrencySerial(row.get("id")?),
        code: CurrencyCode::from_stored(row.get("code")?),
        name: row.get("name")?,
        decimals: decimals(row.get("decimals")?)?,
        numeric_code: row.get("numeric_code")?,
        is_crypto: row.get("is_crypto")?,
        enabled: row.get("enabled")?,
        is_made_by_caller: row.get::<_, Option<bool>>("made_by_caller")?.unwrap_or_default(),
    })
}

impl ReadTx<'_> {
    /// All currencies, in the order of declaration.
    pub fn currencies(&self) -> Result<Vec<Currency>, StoreError> {
        self.all(concat!(sql!("currencies/columns"), "ORDER BY id"), [], currency)
    }

    pub fn currency_code(&self, serial: CurrencySerial) -> Result<Option<CurrencyCode>, StoreError> {
        let sql = "SELECT code FROM currencies WHERE id = ?1";
        self.find(sql, [serial.0], |row| Ok(CurrencyCode::from_stored(row.get(0)?)))
    }

    pub fn currency(&self, code: &CurrencyCode) -> Result<Option<Currency>, StoreError> {
        self.find(concat!(sql!("currencies/columns"), "WHERE code = ?1"), [code.as_str()], currency)
    }
}

impl WriteTx<'_> {
    /// Creates a currency or updates it. Its decimals must not change.
    pub fn put_currency(&self, row: &CurrencyRow) -> Result<(), StoreError> {
        self.run(
            sql!("currencies/upsert"),
            (
                row.code.as_str(),
                &row.name,
                row.numeric_code,
                row.decimals.count(),
                row.is_crypto,
                row.enabled,
                row.is_made_by_caller.then_some(true),
            ),
        )?;
        Ok(())
    }
}
