//! Schema migrations, embedded in the binary and run in one transaction. There are no downgrades.

use crate::store::database::trail::Trail;
use crate::store::database::transaction::{CommitMoment, ReadTx, WriteTx};
use crate::store::{InstallationKey, StoreError, with_causes};
use refinery::{Migrate, Migration, Target};
use refinery_core::traits::sync::{Query, Transaction};
use rusqlite::{Connection, TransactionBehavior};
use std::io;
use std::path::PathBuf;
use thiserror::Error;

mod embedded {
    refinery::embed_migrations!("sql/migrations");
}

/// The schema version that this program works with.
pub const LATEST_SCHEMA: i64 = 43;

/// The first schema version with a log.
const LOG_SINCE: i64 = 23;

/// The first schema version whose commits are signed.
pub const SIGNED_SINCE: i64 = 27;

/// Why this program cannot use a database.
#[derive(Debug, Error)]
pub enum MigrationError {
    #[error(
        "the database has schema version {found}, this program knows {LATEST_SCHEMA}; \
         install the bursar version that wrote it, or a newer one"
    )]
    TooNew { found: i64 },
    #[error("the database has schema version {found}, this program works with {LATEST_SCHEMA}")]
    TooOld { found: i64 },
    /// Somebody else has written to it, or it is an older file of another key.
    #[error("{}: its last commit is not signed by the installation key; it was changed or replaced", .0.display())]
    Unsigned(PathBuf),
    /// A migration failed, or differs from the one that was applied.
    #[error("migration failed, nothing was changed: {}", with_causes(.0))]
    Failed(#[source] Box<refinery::Error>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The schema version of a database; zero if it has no schema yet.
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

/// Upgrades a database to the latest schema, and proves the existing books before the one transaction commits. Any
/// finding undoes everything. True if there was anything to do. Private keys that an earlier version left unsealed are
/// sealed with `key`; without one, they are erased.
pub(in crate::store) fn migrate(
    connection: &mut Connection,
    key: Option<&InstallationKey>,
) -> Result<bool, MigrationError> {
    let found = version(connection)?;
    if found > LATEST_SCHEMA {
        return Err(MigrationError::TooNew { found });
    }
    if found == LATEST_SCHEMA {
        return Ok(false);
    }
    // With foreign keys on, a migration could not replace a table that others refer to. The setting does not change
    // within a transaction, and the references are checked before it commits.
    let enforce = |connection: &Connection, on: bool| connection.pragma_update(None, "foreign_keys", on);
    enforce(connection, false).map_err(StoreError::from)?;
    // Nothing of an unsealed private key may stay in pages that become free.
    let overwrite = |connection: &Connection, on: &str| {
        connection.execute_batch(&format!("PRAGMA secure_delete = {on}")).map_err(StoreError::from)
    };
    overwrite(connection, "ON")?;
    let done = embedded::migrations::runner().set_grouped(true).run(&mut Proven(connection, key));
    overwrite(connection, "OFF")?;
    enforce(connection, true).map_err(StoreError::from)?;
    done.map(|_| true).map_err(|error| MigrationError::Failed(Box::new(error)))
}

/// A database in memory with the schema of a version and no content.
pub(in crate::store) fn empty(version: i64) -> Result<Connection, StoreError> {
    let mut connection = Connection::open_in_memory()?;
    connection.pragma_update(None, "foreign_keys", false)?;
    let Some(target) = i32::try_from(version).ok().filter(|version| *version > 0) else { return Ok(connection) };
    let runner = embedded::migrations::runner().set_target(Target::Version(target)).set_grouped(true);
    match runner.run(&mut connection) {
        Ok(_) => Ok(connection),
        Err(error) => Err(StoreError::disk("the migrations cannot be run in memory", io::Error::other(error))),
    }
}

/// The migrations that a database at version `found` lacks: number and name.
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

/// A connection that commits migrations only if the books are right after them.
struct Proven<'c>(&'c mut Connection, Option<&'c InstallationKey>);

/// Why a migration was rolled back.
#[derive(Debug, Error)]
enum Undone {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("it would leave the books wrong: {0}")]
    Found(String),
}

impl Transaction for Proven<'_> {
    type Error = Undone;

    fn execute<'a, T: Iterator<Item = &'a str>>(&mut self, queries: T) -> Result<usize, Undone> {
        let before = version(self.0)?;
        let key = self.1;
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let images = ReadTx::new(&transaction).all_images(before)?;
        let plain_keys = ReadTx::new(&transaction).plain_keys()?;
        let mut count = 0;
        for query in queries {
            transaction.execute_batch(query)?;
            count += 1;
        }
        // A database that is being created has no books yet.
        if before > 0 && version(&transaction)? != before {
            let tx = ReadTx::new(&transaction);
            let moment = CommitMoment::new(tx.latest_moment()?);
            let trail = Trail::default();
            let writing = WriteTx::new(&transaction, &moment, &trail);
            refold(&writing)?;
            key.map_or(Ok(()), |key| writing.seal_plain_keys(&plain_keys, key))?;
            writing.index_all_profiles()?;
            writing.index_all_accounts()?;
            trail.attach(&transaction)?;
            if before < LOG_SINCE {
                writing.begin_log()?;
            }
            writing.log_migration(&images)?;
            // The change journal cannot continue across a migration; a new stream begins.
            writing.begin_stream()?;
            writing.extend_log()?;
            if let Some(key) = key {
                writing.sign_log(key, moment.latest())?;
                writing.sign_commit(key)?;
            }
            prove(&tx)?;
        }
        transaction.commit()?;
        Ok(count)
    }
}

/// Brings what was derived from texts to the form of this version: addresses and names are compared by it.
fn refold(writing: &WriteTx<'_>) -> Result<(), StoreError> {
    writing.refold_operators()?;
    let clients = writing.refold_emails()?;
    if clients > 0 {
        tracing::warn!(
            clients,
            "some clients have the e-mail address of another client in another spelling; they cannot sign in until \
             their address is changed"
        );
    }
    Ok(())
}

fn prove(tx: &ReadTx<'_>) -> Result<(), Undone> {
    let mut findings = tx.prove_in_turn()?.findings;
    findings.extend(tx.check_file()?);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_keys_are_enforced_after_a_migration() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, None).unwrap();
        let orphan = "INSERT INTO principal_tags (principal_id, tag) VALUES (4711, 'x')";
        assert!(connection.execute(orphan, []).is_err());
    }
}
