//! `bursar version`: what runs here, for people and for bug reports.

use serde_json::json;

use super::Session;
use super::outcome::Failure;
use crate::store::{LATEST_SCHEMA, sqlite_version};

/// Prints it.
pub(super) fn run(session: &mut Session<'_>) -> Result<(), Failure> {
    let (version, sqlite) = (env!("CARGO_PKG_VERSION"), sqlite_version());
    let value = json!({"version": version, "schema_version": LATEST_SCHEMA, "sqlite_version": sqlite});
    session.output.print(&value, format!("bursar {version} (schema {LATEST_SCHEMA}, SQLite {sqlite})"))
}
