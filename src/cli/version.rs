//! `bursar version`: prints the versions of the program, the schema and SQLite, as bug reports need them.

use serde_json::json;

use super::Session;
use super::outcome::Failure;
use crate::store::{LATEST_SCHEMA, sqlite_version};

pub(super) fn run(session: &mut Session<'_>) -> Result<(), Failure> {
    let (version, sqlite) = (env!("CARGO_PKG_VERSION"), sqlite_version());
    let value = json!({"version": version, "schema_version": LATEST_SCHEMA, "sqlite_version": sqlite});
    session.output.print(&value, format!("bursar {version} (schema {LATEST_SCHEMA}, SQLite {sqlite})"))
}
