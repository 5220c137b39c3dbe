//! Copies of the database while it is in use: page by page, as of one moment, without holding anybody up.

use crate::domain::clock::Moment;
use crate::domain::ledger::{EntryHash, GENESIS};
use crate::store::database::connection::{self, open_reader};
use crate::store::database::migrations;
use crate::store::database::transaction::{ReadTx, Snapshot};
use crate::store::{JournalRow, MigrationError, StoreError};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use thiserror::Error;
use uuid::Uuid;

/// Pages that are copied between two looks at the caller: an eighth of a megabyte.
const STEP_PAGES: i32 = 32;
/// After so many steps the copy is sent on to the disk: a megabyte.
const STEPS_TO_SYNC: u32 = 8;

/// Why a copy was not made.
#[derive(Debug, Error)]
pub enum CopyError {
    /// The caller wanted no more of it.
    #[error("the copy was called off")]
    Stopped,
    /// The database, or the disk of the copy, failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for CopyError {
    fn from(error: rusqlite::Error) -> Self {
        CopyError::Store(error.into())
    }
}

/// What a copy of any schema version says about itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopyFacts {
    /// The schema version.
    pub schema_version: i64,
    /// The identity of the database.
    pub installation: Uuid,
    /// `production` or `sandbox`.
    pub mode: String,
    /// How often it was restored, from 1.
    pub timeline: i64,
    /// Entries.
    pub entries: u64,
    /// The number of the last entry.
    pub last_entry: i64,
    /// Its hash.
    pub chain_head: EntryHash,
    /// The number of the last event.
    pub last_event: i64,
    /// The latest moment that is recorded.
    pub recorded_at: Moment,
    /// Where it stands in the journal of changes; none in schemas without one.
    pub journal: Option<JournalRow>,
}

/// Copies a database file, whoever else has it open, as it is at one moment. The copy is private and has the same pages.
/// After each step `go_on` gets the pages copied and those that there are; it may rest, or stop the copy.
pub fn copy_file(from: &Path, to: &Path, go_on: &mut dyn FnMut(u64, u64) -> bool) -> Result<(), CopyError> {
    let source = open_reader(from)?;
    // One read transaction around all steps: whatever is written meanwhile, the copy is of this moment.
    let snapshot = Snapshot::begin(&source)?;
    ReadTx::new(snapshot.connection()).schema_version()?;
    let file = create_private(to)?;
    let mut copy = Connection::open(to).map_err(StoreError::from)?;
    // Nobody needs the copy if the machine fails meanwhile. What goes to the disk in between goes there so that it does not
    // pile up, and the writer's own syncs do not wait behind it.
    copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -512;")?;
    let backup = Backup::new(&source, &mut copy)?;
    let mut unsynced = 0;
    loop {
        unsynced += 1;
        if unsynced == STEPS_TO_SYNC {
            file.sync_data().map_err(|error| failed(to, error))?;
            unsynced = 0;
        }
        let step = backup.step(STEP_PAGES)?;
        let progress = backup.progress();
        let total = u64::try_from(progress.pagecount).unwrap_or(0);
        let left = u64::try_from(progress.remaining).unwrap_or(0);
        let goes_on = go_on(total.saturating_sub(left), total);
        match step {
            StepResult::Done => return Ok(()),
            _ if !goes_on => return Err(CopyError::Stopped),
            _ => {}
        }
    }
}

fn create_private(path: &Path) -> Result<File, StoreError> {
    let mut file = OpenOptions::new();
    file.write(true).create_new(true).mode(0o600).open(path).map_err(|error| failed(path, error))
}

fn failed(path: &Path, error: std::io::Error) -> StoreError {
    StoreError::disk(format!("{} cannot be written", path.display()), error)
}

/// Brings a copy to the latest schema and proves it there. Nobody else may have it open.
pub fn migrate_copy(file: &Path) -> Result<(), MigrationError> {
    let mut connection = connection::open_writer(file)?;
    migrations::migrate(&mut connection).map(|_| ())
}

/// Folds side files of a copy into it and removes them, so that the file alone is complete.
pub fn settle_copy(file: &Path) -> Result<(), StoreError> {
    drop(connection::open_unfinished(file)?);
    for suffix in ["-wal", "-shm"] {
        let mut name = PathBuf::from(file).into_os_string();
        name.push(suffix);
        let _ = fs::remove_file(name); // the last connection has removed it already, as a rule
    }
    Ok(())
}

impl ReadTx<'_> {
    /// What the database is and how far it goes, in words that every schema version knows.
    pub fn copy_facts(&self) -> Result<CopyFacts, StoreError> {
        let (installation, mode, timeline) = self.one("SELECT uuid, mode, timeline FROM installation", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        let last = self.find("SELECT seq, hash, recorded_at FROM entries ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, EntryHash>(1)?, row.get::<_, i64>(2)?))
        })?;
        let (last_entry, chain_head, entry_at) = last.unwrap_or((0, GENESIS, 0));
        let sql = "SELECT seq, recorded_at FROM events ORDER BY seq DESC LIMIT 1";
        let event = self.find(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
        let (last_event, event_at) = event.unwrap_or((0, 0));
        let has_journal = "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'change_journal'";
        let journal = if self.one(has_journal, [], |row| row.get(0))? { Some(self.journal_row()?) } else { None };
        let journal_at = journal.as_ref().map_or(0, |row| row.recorded_at.unix_ms());
        Ok(CopyFacts {
            schema_version: self.schema_version()?,
            installation,
            mode,
            timeline,
            entries: self.one("SELECT count(*) FROM entries", [], |row| row.get(0))?,
            last_entry,
            chain_head,
            last_event,
            recorded_at: Moment::from_unix_ms(entry_at.max(event_at).max(journal_at)),
            journal,
        })
    }
}
