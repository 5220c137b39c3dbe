//! Trading platforms and how their feeds are read.

use crate::app::reference::{Change, ReferenceFile, check_name, check_time_zone};
use crate::app::{Context, Failure};
use crate::domain::reference::{SwapBookedBy, VolumeUnit};
use crate::domain::refusal::Refusal;
use crate::store::{Platform, PlatformRow, ReadTx, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A platform in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformEntry {
    /// What events call it; the key.
    pub code: String,
    pub name: String,
    #[serde(rename = "type")]
    pub software: String,
    /// The IANA time zone of times without one in its feed. None refuses such times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Of quantities that name none.
    #[serde(default)]
    pub volume_unit: VolumeUnit,
    #[serde(default)]
    pub swap_booked_by: SwapBookedBy,
}

/// Adds the problems of platforms that can be found without the database, and returns their codes.
pub(super) fn check_platforms<'a>(file: &'a ReferenceFile, problems: &mut Vec<String>) -> BTreeSet<&'a str> {
    let mut codes = BTreeSet::new();
    for entry in &file.platforms {
        let mut wrong = |what: String| problems.push(format!("platform {}: {what}", entry.code));
        check_name(&entry.code, &mut wrong);
        check_name(&entry.name, &mut wrong);
        check_time_zone(entry.time_zone.as_deref(), &mut wrong);
        if !codes.insert(entry.code.as_str()) {
            wrong("named twice".into());
        }
    }
    codes
}

pub(super) fn stored_platforms(tx: &ReadTx<'_>) -> Result<Vec<PlatformEntry>, StoreError> {
    let entry = |Platform { declared, .. }: Platform| PlatformEntry {
        code: declared.code,
        name: declared.name,
        software: declared.software,
        time_zone: declared.time_zone,
        volume_unit: declared.volume_unit,
        swap_booked_by: declared.swap_booked_by,
    };
    Ok(tx.platforms()?.into_iter().map(entry).collect())
}

/// Platforms that the file adds or changes. Those that it omits stay.
pub(super) fn platform_differences(file: &ReferenceFile, stored: &ReferenceFile) -> Vec<Change> {
    let change = |entry: &PlatformEntry| match stored.platforms.iter().find(|p| p.code == entry.code) {
        None => Some(Change::new("create", "platform", &entry.code)),
        Some(old) if old != entry => Some(Change::new("change", "platform", &entry.code)),
        Some(_) => None,
    };
    file.platforms.iter().filter_map(change).collect()
}

/// Makes one change of a platform.
pub(super) fn apply_platform(context: &Context<'_>, file: &ReferenceFile, change: &Change) -> Result<(), Failure> {
    let entry = file.platforms.iter().find(|p| p.code == change.code).ok_or(Refusal::Internal)?;
    Ok(context.tx.put_platform(&PlatformRow {
        code: entry.code.clone(),
        name: entry.name.clone(),
        software: entry.software.clone(),
        time_zone: entry.time_zone.clone(),
        volume_unit: entry.volume_unit,
        swap_booked_by: entry.swap_booked_by,
    })?)
}
