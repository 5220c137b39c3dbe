//! Migrations: embedded in the binary, run in one transaction, never undone.

use crate::store::StoreError;
use crate::store::database::transaction::{CommitMoment, ReadTx, WriteTx};
use refinery::{Migrate, Migration};
use refinery_core::traits::sync::{Query, Transaction};
use rusqlite::{Connection, TransactionBehavior};
use std::fmt;

mod embedded {
    // The macro writes items without comments.
    #![allow(missing_docs)]
    refinery::embed_migrations!("sql/migrations");
}

/// The schema version that this program works with.
pub const LATEST_SCHEMA: i64 = 12;

/// Why a database cannot be used by this program.
#[derive(Debug)]
pub enum MigrationError {
    /// The database was written by a newer program.
    TooNew {
        /// Its schema version.
        found: i64,
    },
    /// The database was written by an older program and must be migrated first.
    TooOld {
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
            MigrationError::TooOld { found } => {
                write!(f, "the database has schema version {found}, this program works with {LATEST_SCHEMA}")
            }
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
pub(in crate::store) fn version(connection: &Connection) -> Result<i64, StoreError> {
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

/// Brings a database to the latest schema, or leaves it as it was. What there was is proven afterwards, before the one
/// transaction is committed; if anything is found, all of it is undone. True if there was anything to do.
pub(in crate::store) fn migrate(connection: &mut Connection) -> Result<bool, MigrationError> {
    let found = version(connection)?;
    if found > LATEST_SCHEMA {
        return Err(MigrationError::TooNew { found });
    }
    if found == LATEST_SCHEMA {
        return Ok(false);
    }
    embedded::migrations::runner()
        .set_grouped(true)
        .run(&mut Proven(connection))
        .map(|_| true)
        .map_err(|error| MigrationError::Failed(told(&error)))
}

/// The reason beneath what the runner says about it.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        if !text.contains(&error.to_string()) {
            text = format!("{text}: {error}");
        }
        cause = error.source();
    }
    text
}

/// The versions of the migrations that a database at this version lacks.
pub(in crate::store) fn missing(found: i64) -> Vec<(i64, String)> {
    let mut all: Vec<_> = embedded::migrations::runner()
        .get_migrations()
        .iter()
        .map(|migration| (i64::from(migration.version()), migration.name().to_owned()))
        .filter(|(version, _)| *version > found)
        .collect();
    all.sort();
    all
}

/// A connection whose migrations are committed only if the books are right after them.
struct Proven<'c>(&'c mut Connection);

/// Why a migration was undone.
#[derive(Debug)]
enum Undone {
    Sqlite(rusqlite::Error),
    Store(StoreError),
    Found(String),
}

impl fmt::Display for Undone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Undone::Sqlite(error) => error.fmt(f),
            Undone::Store(error) => error.fmt(f),
            Undone::Found(what) => write!(f, "after it the books would not be right: {what}"),
        }
    }
}

impl std::error::Error for Undone {}

impl From<rusqlite::Error> for Undone {
    fn from(error: rusqlite::Error) -> Self {
        Undone::Sqlite(error)
    }
}

impl Transaction for Proven<'_> {
    type Error = Undone;

    fn execute<'a, T: Iterator<Item = &'a str>>(&mut self, queries: T) -> Result<usize, Undone> {
        let before = version(self.0).map_err(Undone::Store)?;
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut count = 0;
        for query in queries {
            transaction.execute_batch(query)?;
            count += 1;
        }
        // A database that is being made has no books yet.
        if before > 0 && version(&transaction).map_err(Undone::Store)? != before {
            let tx = ReadTx::new(&transaction);
            prove(&tx)?;
            // The journal of changes cannot lead across this: it begins anew.
            let moment = CommitMoment::new(tx.latest_moment().map_err(Undone::Store)?);
            WriteTx::new(&transaction, &moment).begin_stream().map_err(Undone::Store)?;
        }
        transaction.commit()?;
        Ok(count)
    }
}

fn prove(tx: &ReadTx<'_>) -> Result<(), Undone> {
    let mut findings = tx.prove_in_turn().map_err(Undone::Store)?.findings;
    findings.extend(tx.check_file().map_err(Undone::Store)?);
    match findings.first() {
        None => Ok(()),
        Some(finding) => Err(Undone::Found(format!("{}: {}", finding.check, finding.what))),
    }
}

impl Query<Vec<Migration>> for Proven<'_> {
    fn query(&mut self, query: &str) -> Result<Vec<Migration>, Undone> {
        Ok(self.0.query(query)?)
    }
}

impl Migrate for Proven<'_> {}
