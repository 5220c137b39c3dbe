//! Trading platforms, on which the accounts of groups live.

use crate::domain::ids::PlatformSerial;
use crate::domain::reference::{SwapBookedBy, VolumeUnit};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, named_if_any, sql, unless_default};

/// A platform as declared in the reference data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlatformRow {
    /// The key of the platform in the reference file.
    pub code: String,
    pub name: String,
    /// The name of the trading software.
    pub software: String,
    /// The IANA time zone of times without one in its feed; None refuses such times.
    pub time_zone: Option<String>,
    /// Of quantities that name none.
    pub volume_unit: VolumeUnit,
    pub swap_booked_by: SwapBookedBy,
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
        let sql = "SELECT id, code, name, type, time_zone, volume_unit, swap_booked_by FROM platforms ORDER BY id";
        self.all(sql, [], |row| {
            let declared = PlatformRow {
                code: row.get("code")?,
                name: row.get("name")?,
                software: row.get("type")?,
                time_zone: row.get("time_zone")?,
                volume_unit: named_if_any(row, "volume_unit")?.unwrap_or_default(),
                swap_booked_by: named_if_any(row, "swap_booked_by")?.unwrap_or_default(),
            };
            Ok(Platform { serial: PlatformSerial(row.get("id")?), declared })
        })
    }
}

impl WriteTx<'_> {
    pub fn put_platform(&self, row: &PlatformRow) -> Result<(), StoreError> {
        let unit = unless_default(row.volume_unit).map(VolumeUnit::name);
        let swap = unless_default(row.swap_booked_by).map(SwapBookedBy::name);
        let params = (&row.code, &row.name, &row.software, &row.time_zone, unit, swap);
        self.run(sql!("platforms/upsert"), params).map(|_| ())
    }
}
