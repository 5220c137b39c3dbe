//! Reference rates between currencies.

use crate::domain::clock::Moment;
use crate::domain::ids::CurrencySerial;
use crate::domain::money::DecimalText;
use crate::domain::reference::{CurrencyCode, ReferenceRate};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql, unreadable};
use rusqlite::Row;

fn rate(row: &Row<'_>) -> rusqlite::Result<ReferenceRate> {
    let rate: String = row.get("rate")?;
    Ok(ReferenceRate {
        from: CurrencyCode::from_stored(row.get("from_code")?),
        to: CurrencyCode::from_stored(row.get("to_code")?),
        rate: DecimalText::parse(&rate).map_err(|_| unreadable("rate", &rate))?,
        as_of: row.get::<_, Option<i64>>("as_of")?.map(Moment::from_unix_ms),
    })
}

impl ReadTx<'_> {
    /// All reference rates, in the order in which their currencies were declared.
    pub fn rates(&self) -> Result<Vec<ReferenceRate>, StoreError> {
        self.all(concat!(sql!("rates/all"), "ORDER BY f.id, t.id"), [], rate)
    }

    /// All reference rates by the serials of their currencies.
    pub fn numbered_rates(&self) -> Result<Vec<(CurrencySerial, CurrencySerial, DecimalText)>, StoreError> {
        let sql = "SELECT from_currency_id, to_currency_id, rate FROM reference_rates";
        self.all(sql, [], |row| {
            let rate: String = row.get(2)?;
            let number = DecimalText::parse(&rate).map_err(|_| unreadable("rate", &rate))?;
            Ok((CurrencySerial(row.get(0)?), CurrencySerial(row.get(1)?), number))
        })
    }

    /// The reference rate between two currencies, in whichever direction it was declared.
    pub fn rate_between(
        &self,
        one: CurrencySerial,
        other: CurrencySerial,
    ) -> Result<Option<ReferenceRate>, StoreError> {
        let sql = concat!(sql!("rates/all"), "WHERE (f.id, t.id) IN (VALUES (?1, ?2), (?2, ?1))");
        self.find(sql, (one.0, other.0), rate)
    }
}

impl WriteTx<'_> {
    /// Adds a rate or replaces the one between the same currencies in the same direction. Both currencies must exist.
    pub fn put_rate(&self, rate: &ReferenceRate) -> Result<(), StoreError> {
        let (from, to) = (rate.from.as_str(), rate.to.as_str());
        let as_of = rate.as_of.map(Moment::unix_ms);
        self.run(sql!("rates/put"), (from, to, String::from(rate.rate), as_of)).map(|_| ())
    }

    pub fn remove_rate(&self, from: &CurrencyCode, to: &CurrencyCode) -> Result<(), StoreError> {
        self.run(sql!("rates/remove"), (from.as_str(), to.as_str())).map(|_| ())
    }
}
