//! Instruments that are not deleted and whose currency is enabled.

use crate::domain::clock::Moment;
use crate::domain::ids::InstrumentId;
use crate::domain::organizations::Instrument;
use crate::domain::reference::CurrencyCode;
use crate::store::StoreError;
use crate::store::clients::status_columns;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use crate::store::organizations::{record, stored};
use rusqlite::Row;
use uuid::Uuid;

fn instrument(row: &Row<'_>) -> rusqlite::Result<Instrument> {
    Ok(Instrument {
        row: row.get("id")?,
        id: InstrumentId::from(row.get::<_, Uuid>("uuid")?),
        code: row.get("code")?,
        name: row.get("name")?,
        kind: row.get("type")?,
        is_declared: row.get::<_, Option<bool>>("made_by_caller")?.is_none(),
        record: record(row)?,
    })
}

impl ReadTx<'_> {
    /// The instruments of a ledger, the newest first.
    pub fn instruments(&self, ledger: i64) -> Result<Vec<Instrument>, StoreError> {
        self.all(concat!(sql!("instruments/columns"), "ORDER BY i.id DESC"), [ledger], instrument)
    }

    pub fn instrument(&self, ledger: i64, id: InstrumentId) -> Result<Option<Instrument>, StoreError> {
        self.find(concat!(sql!("instruments/columns"), "AND i.uuid = ?2"), (ledger, id.uuid()), instrument)
    }

    pub fn instrument_of_code(&self, ledger: i64, code: &str) -> Result<Option<Instrument>, StoreError> {
        self.find(concat!(sql!("instruments/columns"), "AND c.code = ?2"), (ledger, code), instrument)
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

    /// Gives the default ledger an instrument of this currency, unless it has one.
    pub fn follow_currency(&self, code: &CurrencyCode, id: InstrumentId, now: Moment) -> Result<(), StoreError> {
        self.run(sql!("instruments/follow_currency"), (id.uuid(), code.as_str(), now.unix_ms())).map(|_| ())
    }

    /// Stores an instrument as it is after a change.
    pub fn change_instrument(&self, changed: &Instrument) -> Result<(), StoreError> {
        let (code, description) = status_columns(&changed.record.status);
        let metadata = stored(&changed.record.metadata)?;
        let sql = "UPDATE instruments SET name = ?2, status_code = ?3, status_description = ?4, metadata = ?5,
                          updated_at = ?6 WHERE id = ?1";
        let at = changed.record.updated_at.unix_ms();
        self.run(sql, (changed.row, &changed.name, code, description, metadata, at)).map(|_| ())
    }

    pub fn delete_instrument(&self, row: i64, now: Moment) -> Result<(), StoreError> {
        self.run("UPDATE instruments SET deleted_at = ?2 WHERE id = ?1", (row, now.unix_ms())).map(|_| ())
    }
}
