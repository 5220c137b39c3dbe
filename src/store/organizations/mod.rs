//! Organizations, their ledgers, and the instruments, portfolios and products of a ledger.

mod client_portfolios;
mod instruments;
mod ledgers;
#[expect(clippy::module_inception, reason = "the noun has the same file name in each layer")]
mod organizations;
mod portfolios;
mod products;

use crate::domain::clients::MetadataValue;
use crate::domain::clock::Moment;
use crate::domain::organizations::{Metadata, Record};
use crate::store::StoreError;
use crate::store::clients::status;
use crate::store::database::transaction::unreadable;
use portfolios::portfolio;
use rusqlite::Row;
use std::collections::BTreeMap;

/// The notes and times of a row.
fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let metadata: Option<String> = row.get("metadata")?;
    let metadata = metadata.map(|json| {
        serde_json::from_str::<BTreeMap<String, MetadataValue>>(&json).map_err(|_| unreadable("metadata", &json))
    });
    Ok(Record {
        status: status(row.get("status_code")?, row.get("status_description")?),
        metadata: metadata.transpose()?.unwrap_or_default(),
        created_at: Moment::from_unix_ms(row.get("created_at")?),
        updated_at: Moment::from_unix_ms(row.get("updated_at")?),
    })
}

/// Metadata to store; none if there is none.
fn stored(metadata: &Metadata) -> Result<Option<String>, StoreError> {
    json(metadata, metadata.is_empty())
}

fn json(value: &impl serde::Serialize, is_none: bool) -> Result<Option<String>, StoreError> {
    let text = (!is_none).then(|| serde_json::to_string(value)).transpose();
    text.map_err(|error| StoreError::corrupt(error.to_string()))
}
