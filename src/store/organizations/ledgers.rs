//! Ledgers that are not deleted, of organizations that are not.

use crate::domain::clock::Moment;
use crate::domain::ids::{LedgerId, OrganizationId};
use crate::domain::organizations::Ledger;
use crate::store::StoreError;
use crate::store::clients::status_columns;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use crate::store::organizations::{record, stored};
use rusqlite::Row;
use uuid::Uuid;

fn ledger(row: &Row<'_>) -> rusqlite::Result<Ledger> {
    Ok(Ledger {
        row: row.get("id")?,
        id: LedgerId::from(row.get::<_, Uuid>("uuid")?),
        organization: OrganizationId::from(row.get::<_, Uuid>("organization_uuid")?),
        name: row.get("name")?,
        record: record(row)?,
    })
}

impl ReadTx<'_> {
    /// The ledgers of an organization, the newest first.
    pub fn ledgers(&self, organization: OrganizationId) -> Result<Vec<Ledger>, StoreError> {
        let sql = concat!(sql!("ledgers/columns"), "AND o.uuid = ?1 ORDER BY l.id DESC");
        self.all(sql, [organization.uuid()], ledger)
    }

    /// A ledger of an organization.
    pub fn ledger(&self, organization: OrganizationId, id: LedgerId) -> Result<Option<Ledger>, StoreError> {
        let sql = concat!(sql!("ledgers/columns"), "AND o.uuid = ?1 AND l.uuid = ?2");
        self.find(sql, (organization.uuid(), id.uuid()), ledger)
    }

    /// Whether instruments, portfolios or products are in it.
    pub fn is_ledger_used(&self, row: i64) -> Result<bool, StoreError> {
        self.one(sql!("ledgers/is_used"), [row], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    pub fn add_ledger(&self, new: &Ledger) -> Result<(), StoreError> {
        let (code, description) = status_columns(&new.record.status);
        let metadata = stored(&new.record.metadata)?;
        let at = new.record.created_at.unix_ms();
        let row = (new.id.uuid(), new.organization.uuid(), &new.name, code, description, metadata, at);
        self.run(sql!("ledgers/insert"), row).map(|_| ())
    }

    /// Stores a ledger as it is after a change.
    pub fn change_ledger(&self, changed: &Ledger) -> Result<(), StoreError> {
        let (code, description) = status_columns(&changed.record.status);
        let metadata = stored(&changed.record.metadata)?;
        let sql = "UPDATE ledgers SET name = ?2, status_code = ?3, status_description = ?4, metadata = ?5,
                          updated_at = ?6 WHERE id = ?1";
        let at = changed.record.updated_at.unix_ms();
        self.run(sql, (changed.row, &changed.name, code, description, metadata, at)).map(|_| ())
    }

    pub fn delete_ledger(&self, row: i64, now: Moment) -> Result<(), StoreError> {
        self.run("UPDATE ledgers SET deleted_at = ?2 WHERE id = ?1", (row, now.unix_ms())).map(|_| ())
    }
}
