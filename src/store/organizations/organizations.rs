//! Organizations that are not deleted.

use crate::domain::clock::Moment;
use crate::domain::ids::OrganizationId;
use crate::domain::organizations::{Organization, PostalAddress};
use crate::store::StoreError;
use crate::store::clients::status_columns;
use crate::store::database::transaction::{ReadTx, WriteTx, sql, unreadable};
use crate::store::organizations::{json, record, stored};
use rusqlite::Row;
use uuid::Uuid;

fn organization(row: &Row<'_>) -> rusqlite::Result<Organization> {
    let address: Option<String> = row.get("address")?;
    let address =
        address.map(|json| serde_json::from_str(&json).map_err(|_| unreadable("address", &json))).transpose()?;
    Ok(Organization {
        row: row.get("id")?,
        id: OrganizationId::from(row.get::<_, Uuid>("uuid")?),
        name: row.get("name")?,
        legal_document: row.get::<_, Option<String>>("legal_document")?.unwrap_or_default(),
        trading_name: row.get("trading_name")?,
        address: address.unwrap_or_default(),
        parent: row.get::<_, Option<Uuid>>("parent_uuid")?.map(OrganizationId::from),
        record: record(row)?,
    })
}

impl ReadTx<'_> {
    /// The newest first.
    pub fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.all(concat!(sql!("organizations/columns"), "ORDER BY o.id DESC"), [], organization)
    }

    pub fn organization(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        self.find(concat!(sql!("organizations/columns"), "AND o.uuid = ?1"), [id.uuid()], organization)
    }

    /// Whether ledgers or other organizations belong to it.
    pub fn is_organization_used(&self, row: i64) -> Result<bool, StoreError> {
        self.one(sql!("organizations/is_used"), [row], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    pub fn add_organization(&self, new: &Organization) -> Result<(), StoreError> {
        self.write_organization(sql!("organizations/insert"), new, new.record.created_at)
    }

    /// Stores an organization as it is after a change.
    pub fn change_organization(&self, changed: &Organization) -> Result<(), StoreError> {
        self.write_organization(sql!("organizations/update"), changed, changed.record.updated_at)
    }

    fn write_organization(&self, sql: &'static str, written: &Organization, at: Moment) -> Result<(), StoreError> {
        let (code, description) = status_columns(&written.record.status);
        let row = (
            written.id.uuid(),
            &written.name,
            &written.legal_document,
            &written.trading_name,
            json(&written.address, written.address == PostalAddress::default())?,
            written.parent.map(OrganizationId::uuid),
            code,
            description,
            stored(&written.record.metadata)?,
            at.unix_ms(),
        );
        self.run(sql, row).map(|_| ())
    }

    pub fn delete_organization(&self, row: i64, now: Moment) -> Result<(), StoreError> {
        self.run("UPDATE organizations SET deleted_at = ?2 WHERE id = ?1", (row, now.unix_ms())).map(|_| ())
    }
}
