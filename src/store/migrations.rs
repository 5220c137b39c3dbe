//! Migrations: embedded in the binary, run in one transaction, never undone.

use super::StoreError;
use rusqlite::Connection;
use std::fmt;

mod embedded {
    // The macro writes items without comments.
    #![allow(missing_docs)]
    refinery::embed_migrations!("sql/migrations");
}

/// The schema version that this program works with.
pub const LATEST_SCHEMA: i64 = 10;

/// Why a database cannot be used by this program.
#[derive(Debug)]
pub enum MigrationError {
    /// The database was written by a newer program.
    TooNew {
        /// Its schema version.
        found: i64,
    },
    /// A migration failed, or differs from the one that was run.
    Failed(String),
    /// The database failed.
    Store(StoreError),
}

impl fmt::Display for MigrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MigrationError::TooNew { found } => write!(
                f,
                "the database has schema version {found}, this program knows {LATEST_SCHEMA}; \
                 install the bursar version that wrote it, or a newer one"
            ),
            MigrationError::Failed(reason) => write!(f, "migration failed, nothing was changed: {reason}"),
            MigrationError::Store(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for MigrationError {}

impl From<StoreError> for MigrationError {
    fn from(error: StoreError) -> Self {
        MigrationError::Store(error)
    }
}

/// The schema version of a database; zero if it has none yet.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    let has_history: bool = connection.query_row(
        "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'refinery_schema_history'",
        [],
        |row| row.get(0),
    )?;
    if !has_history {
        return Ok(0);
    }
    Ok(connection.query_row("SELECT coalesce(max(version), 0) FROM refinery_schema_history", [], |row| row.get(0))?)
}

/// Brings a database to the latest schema, or leaves it as it was. True if there was anything to do.
pub(super) fn migrate(connection: &mut Connection) -> Result<bool, MigrationError> {
    let found = version(connection)?;
    if found > LATEST_SCHEMA {
        return Err(MigrationError::TooNew { found });
    }
    if found == LATEST_SCHEMA {
        return Ok(false);
    }
    embedded::migrations::runner()
        .set_grouped(true)
        .run(connection)
        .map(|_| true)
        .map_err(|error| MigrationError::Failed(error.to_string()))
}
