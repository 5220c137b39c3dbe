//! Platforms: where the accounts of a group live.

use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};

/// A platform as the reference data declare it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlatformRow {
    /// The key under which the reference file names it.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What software it is.
    pub software: String,
}

impl ReadTx<'_> {
    /// All platforms, in the order in which they were declared.
    pub fn platforms(&self) -> Result<Vec<PlatformRow>, StoreError> {
        self.all("SELECT code, name, type FROM platforms ORDER BY id", [], |row| {
            Ok(PlatformRow { code: row.get("code")?, name: row.get("name")?, software: row.get("type")? })
        })
    }
}

impl WriteTx<'_> {
    /// Creates or changes a platform.
    pub fn put_platform(&self, row: &PlatformRow) -> Result<(), StoreError> {
        self.run(sql!("platforms/upsert"), (&row.code, &row.name, &row.software)).map(|_| ())
    }
}
