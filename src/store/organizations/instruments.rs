//! Instruments that are not deleted. A ledger may have one for a currency that the reference file does not offer.

use crate::domain::clock::Moment;
use crate::domain::ids::{DEFAULT_LEDGER, InstrumentId, LedgerId};
use crate::domain::organizations::Instrument;
use crate::domain::reference::CurrencyCode;
use crate::store::StoreError;
use crate::store::clients::status_columns;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use crate::store::organizations::{record, stored};
use rusqlite::Row;
use uuid::Uuid;

fn instrument(row: &Row<'_>) -> rusqlite::Result<Instrument> {
    let code: String = row.get("code")?;
    let of_currency = InstrumentId::of_currency(LedgerId::from(row.get::<_, Uuid>("ledger_uuid")?), &code);
    Ok(Instrument {
        row: row.get("id")?,
        id: row.get::<_, Option<Uuid>>("uuid")?.map_or(of_currency, InstrumentId::from),
        code,
        name: row.get("name")?,
        kind: row.get("type")?,
        is_declared: row.get("is_declared")?,
        record: record(row)?,
    })
}

impl ReadTx<'_> {
    /// The instruments of a ledger, the newest first. The default ledger has one for each currency of the reference
    /// file, which has no row until a caller changes it.
    pub fn instruments(&self, ledger: i64) -> Result<Vec<Instrument>, StoreError> {
        self.all(sql!("instruments/columns"), [ledger], instrument)
    }

    pub fn instrument(&self, ledger: i64, id: InstrumentId) -> Result<Option<Instrument>, StoreError> {
        Ok(self.instruments(ledger)?.into_iter().find(|instrument| instrument.id == id))
    }

    pub fn instrument_of_code(&self, ledger: i64, code: &str) -> Result<Option<Instrument>, StoreError> {
        Ok(self.instruments(ledger)?.into_iter().find(|instrument| instrument.code == code))
    }

    /// Whether accounts of its ledger that are not archived have its currency.
    pub fn is_instrument_used(&self, row: i64) -> Result<bool, StoreError> {
        self.one(sql!("instruments/is_used"), [row], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Adds an instrument, whose currency exists.
    pub fn add_instrument(&self, ledger: i64, new: &Instrument) -> Result<(), StoreError> {
        let (code, description) = status_columns(&new.record.status);
        let metadata = stored(&new.record.metadata)?;
        let at = new.record.created_at.unix_ms();
        let row = (new.id.uuid(), ledger, &new.code, &new.name, &new.kind, code, description, metadata, at);
        self.run(sql!("instruments/insert"), row).map(|_| ())
    }

    /// Takes what a caller noted on the instrument of a currency out of the default ledger. Without that the instrument
    /// is there as long as the reference file offers the currency.
    pub fn withdraw_instrument(&self, code: &CurrencyCode, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE instruments SET deleted_at = ?2
                   WHERE ledger_id = ?3 AND deleted_at IS NULL
                     AND currency_id = (SELECT id FROM currencies WHERE code = ?1)";
        self.run(sql, (code.as_str(), now.unix_ms(), DEFAULT_LEDGER)).map(|_| ())
    }

    /// Stores an instrument as it is after a change; one without a row is one of the default ledger.
    pub fn change_instrument(&self, changed: &Instrument) -> Result<(), StoreError> {
        if changed.row == 0 {
            self.add_instrument(DEFAULT_LEDGER, changed)?;
        }
        let (code, description) = status_columns(&changed.record.status);
        let metadata = stored(&changed.record.metadata)?;
        let sql = "UPDATE instruments SET name = ?2, status_code = ?3, status_description = ?4, metadata = ?5,
                          updated_at = ?6 WHERE uuid = ?1";
        let at = changed.record.updated_at.unix_ms();
        self.run(sql, (changed.id.uuid(), &changed.name, code, description, metadata, at)).map(|_| ())
    }

    pub fn delete_instrument(&self, row: i64, now: Moment) -> Result<(), StoreError> {
        self.run("UPDATE instruments SET deleted_at = ?2 WHERE id = ?1", (row, now.unix_ms())).map(|_| ())
    }
}
