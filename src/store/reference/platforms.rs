//! Trading platforms, on which the accounts of groups live.

use crate::domain::ids::PlatformSerial;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};

/// A platform as declared in the reference data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlatformRow {
    /// The key of the platform in the reference file.
    pub code: String,
    pub name: String,
    /// The name of the trading software.
    pub software: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Platform {
    /// Rises in the order of declaration.
    pub serial: PlatformSerial,
    pub declared: PlatformRow,
}

impl ReadTx<'_> {
    /// All platforms, in the order of declaration.
    pub fn platforms(&self) -> Result<Vec<Platform>, StoreError> {
        self.all("SELECT id, code, name, type FROM platforms ORDER BY id", [], |row| {
            let declared = PlatformRow { code: row.get("code")?, name: row.get("name")?, software: row.get("type")? };
            Ok(Platform { serial: PlatformSerial(row.get("id")?), declared })
        })
    }
}

impl WriteTx<'_> {
    pub fn put_platform(&self, row: &PlatformRow) -> Result<(), StoreError> {
        self.run(sql!("platforms/upsert"), (&row.code, &row.name, &row.software)).map(|_| ())
    }
}
