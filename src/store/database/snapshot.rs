//! Copies the database while it is in use, page by page and as of one moment, without blocking anybody.

use crate::domain::clock::Moment;
use crate::domain::ledger::{EntryHash, GENESIS};
use crate::store::database::connection::{self, open_reader};
use crate::store::database::migrations;
use crate::store::database::transaction::{ReadTx, Snapshot};
use crate::store::{Epoch, JournalRow, LogCheckpoint, MigrationError, OtherHistory, SignedCheckpoint, StoreError};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use thiserror::Error;
use uuid::Uuid;

/// Pages copied between two calls of the progress callback: 128 KiB.
const STEP_PAGES: i32 = 32;
/// After this many steps the copy is synced to disk: 1 MiB.
const STEPS_TO_SYNC: u32 = 8;

#[derive(Debug, Error)]
pub enum CopyError {
    #[error("the copy was cancelled")]
    Stopped,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for CopyError {
    fn from(error: rusqlite::Error) -> Self {
        CopyError::Store(error.into())
    }
}

/// What a copy says about itself, in any schema version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopyFacts {
    pub schema_version: i64,
    pub installation: Uuid,
    /// Either `production` or `sandbox`.
    pub mode: String,
    /// Starts at 1; each restore begins the next one.
    pub timeline: i64,
    /// The number of entries.
    pub entries: u64,
    /// The number of the last entry.
    pub last_entry: i64,
    /// The hash of the last entry.
    pub chain_head: EntryHash,
    /// The number of the last event.
    pub last_event: i64,
    /// The latest recorded moment.
    pub recorded_at: Moment,
    /// The position in the change journal; none in schemas without one.
    pub journal: Option<JournalRow>,
    /// The epochs of its history, the oldest first.
    pub epochs: Vec<Epoch>,
    /// What restores have left behind, the oldest first.
    pub superseded: Vec<OtherHistory>,
    /// How far the log goes, and its last signed checkpoint; none in schemas without one.
    pub log: Option<(LogCheckpoint, Option<SignedCheckpoint>)>,
}

/// Copies a database file as of one moment; other processes may have it open. The copy has mode 0600 and identical
/// pages. After each step `on_step` gets the number of pages copied and the total. It may sleep; if it returns false,
/// the copy is aborted.
pub fn copy_file(from: &Path, to: &Path, on_step: &mut dyn FnMut(u64, u64) -> bool) -> Result<(), CopyError> {
    let source = open_reader(from)?;
    // One read transaction around all steps, so that the copy shows one moment whatever is written meanwhile.
    let snapshot = Snapshot::begin(&source)?;
    ReadTx::new(snapshot.connection()).schema_version()?;
    let file = create_private(to)?;
    let mut copy = Connection::open(to).map_err(StoreError::from)?;
    // The copy need not survive a crash. Syncing now and then only keeps dirty pages from piling up, so that the
    // writer's own syncs do not wait behind them.
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
        let continues = on_step(total.saturating_sub(left), total);
        match step {
            StepResult::Done => return Ok(()),
            _ if !continues => return Err(CopyError::Stopped),
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

/// Upgrades a copy to the latest schema and proves its books. Nobody else may have it open.
pub fn migrate_copy(file: &Path) -> Result<(), MigrationError> {
    let mut connection = connection::open_writer(file)?;
    migrations::migrate(&mut connection, None).map(|_| ())
}

/// Folds the log of a copy into the file and removes the side files, so that the file alone is complete.
pub fn settle_copy(file: &Path) -> Result<(), StoreError> {
    drop(connection::open_unfinished(file)?);
    for suffix in ["-wal", "-shm"] {
        let mut name = PathBuf::from(file).into_os_string();
        name.push(suffix);
        let _ = fs::remove_file(name); // usually the last connection has removed it already
    }
    Ok(())
}

impl ReadTx<'_> {
    /// What the database is and how far it goes, read with statements that work in every schema version.
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
        let has = |table: &str| {
            self.one("SELECT count(*) > 0 FROM sqlite_schema WHERE name = ?1", [table], |row| row.get::<_, bool>(0))
        };
        let journal = if has("change_journal")? { Some(self.journal_row()?) } else { None };
        let (epochs, superseded) =
            if has("epochs")? { (self.epochs()?, self.other_histories()?) } else { Default::default() };
        let journal_at = journal.as_ref().map_or(0, |row| row.recorded_at.unix_ms());
        let superseded = superseded.into_iter().filter(|other: &OtherHistory| other.is_superseded).collect();
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
            epochs,
            superseded,
            log: if has("log_checkpoints")? { Some((self.log_position()?, self.last_checkpoint()?)) } else { None },
        })
    }
}
