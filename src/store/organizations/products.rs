//! Products: account groups of a ledger that are not deleted. Groups that the reference file declares are those of the
//! default ledger.

use crate::domain::clock::Moment;
use crate::domain::ids::GroupId;
use crate::domain::organizations::Product;
use crate::domain::status::StatusLabel;
use crate::store::StoreError;
use crate::store::clients::status_columns;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use crate::store::organizations::{record, stored};
use rusqlite::Row;
use uuid::Uuid;

fn product(row: &Row<'_>) -> rusqlite::Result<Product> {
    let is_declared = row.get::<_, Option<i64>>("ledger_id")?.is_none();
    let mut record = record(row)?;
    if is_declared && !row.get::<_, bool>("enabled")? {
        record.status = StatusLabel { code: "INACTIVE".into(), description: None };
    }
    Ok(Product {
        row: row.get("id")?,
        id: GroupId::from(row.get::<_, Uuid>("uuid")?),
        name: row.get("name")?,
        is_declared,
        record,
    })
}

impl ReadTx<'_> {
    /// The products of a ledger, the newest first.
    pub fn products(&self, ledger: i64) -> Result<Vec<Product>, StoreError> {
        self.all(concat!(sql!("products/columns"), "ORDER BY g.id DESC"), [ledger], product)
    }

    pub fn product(&self, ledger: i64, id: GroupId) -> Result<Option<Product>, StoreError> {
        self.find(concat!(sql!("products/columns"), "AND g.uuid = ?2"), (ledger, id.uuid()), product)
    }

    /// The group of accounts of a ledger that have no product.
    pub fn group_without_product(&self, ledger: i64) -> Result<Option<GroupId>, StoreError> {
        let sql = "SELECT uuid FROM account_groups
                   WHERE ledger_id = ?1 AND is_ledger_default = 1 AND deleted_at IS NULL";
        self.find(sql, [ledger], |row| row.get::<_, Uuid>(0).map(GroupId::from))
    }

    /// Whether accounts that are not archived are in it.
    pub fn is_product_used(&self, row: i64) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM accounts WHERE group_id = ?1 AND lifecycle <> 'closed')";
        self.one(sql, [row], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Adds a group of wallets to a ledger: a product, or the group of accounts that have none.
    pub fn add_product(&self, ledger: i64, new: &Product, is_ledger_default: bool) -> Result<(), StoreError> {
        let (code, description) = status_columns(&new.record.status);
        let key = format!("product:{}", new.id);
        let metadata = stored(&new.record.metadata)?;
        let (is_default, at) = (is_ledger_default.then_some(true), new.record.created_at);
        let row = (new.id.uuid(), &key, &new.name, ledger, is_default, code, description, metadata, at.unix_ms());
        self.run(sql!("products/insert"), row)?;
        self.note_group_minimum(&key, at)
    }

    /// Stores a product as it is after a change.
    pub fn change_product(&self, changed: &Product) -> Result<(), StoreError> {
        let (code, description) = status_columns(&changed.record.status);
        let metadata = stored(&changed.record.metadata)?;
        let at = changed.record.updated_at.unix_ms();
        self.run(sql!("products/update"), (changed.row, &changed.name, code, description, metadata, at)).map(|_| ())
    }

    /// Deletes a product; no account can join it any more.
    pub fn delete_product(&self, row: i64, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE account_groups SET deleted_at = ?2, enabled = 0 WHERE id = ?1";
        self.run(sql, (row, now.unix_ms())).map(|_| ())
    }
}
