//! Platforms: where the accounts of a group live.

use crate::domain::ids::PlatformSerial;
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

/// A platform.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Platform {
    /// Its serial, in the order in which platforms were declared.
    pub serial: PlatformSerial,
    /// What is declared of it.
    pub declared: PlatformRow,
}

impl ReadTx<'_> {
    /// All platforms, in the order in which they were declared.
    pub fn platforms(&self) -> Result<Vec<Platform>, StoreError> {
        self.all("SELECT id, code, name, type FROM platforms ORDER BY id", [], |row| {
            let declared = PlatformRow { code: row.get("code")?, name: row.get("name")?, software: row.get("type")? };
            Ok(Platform { serial: PlatformSerial(row.get("id")?), declared })
        })
    }
}

impl WriteTx<'_> {
    /// Creates or changes a platform.
    pub fn put_platform(&self, row: &PlatformRow) -> Result<(), StoreError> {
        self.run(sql!("platforms/upsert"), (&row.code, &row.name, &row.software)).map(|_| ())
    }
}
