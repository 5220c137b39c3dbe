//! One SQLite file: the single writer with group commit, the read-only pool, the migrations, and one file per noun that
//! says which statements exist for it.
//!
//! What leaves this module are domain types and [`StoreError`]; nothing above it knows SQL or the database library.

mod access;
mod accounts;
mod clients;
mod database;
mod error;
mod events;
mod idempotency;
mod ledger;
mod maintenance;
mod proof;
mod reference;

pub use access::{
    AuditRow, KeyRow, NewPrincipal, NewRefresh, NewToken, PrincipalRow, RefreshRow, SessionRow, TokenKind, TokenRow,
};
pub use accounts::{AccountChange, AccountFilter, AccountRequest, Awaits, NewAccount};
pub use clients::{LabelFilter, NewProfile, ProfileFilter};
pub use database::data_dir::{BackupLock, DataDir, DataDirError, Locked, LookLock};
pub use database::journal::{
    Journal, JournalRow, JournalStatus, SegmentCommit, SegmentError, SegmentHead, SegmentReader, SpooledSegment,
    settle_journal, spooled_segments,
};
pub use database::migrations::{LATEST_SCHEMA, MigrationError};
pub use database::snapshot::{CopyError, CopyFacts, copy_file, migrate_copy, settle_copy};
pub use database::stats::{FileStats, TableStats};
pub use database::transaction::{ReadTx, WriteTx};
pub use database::writer::{Abort, Health, NotApplied, Ticket};
pub use error::{StoreError, with_causes};
pub use events::{
    BookLine, BookName, EntryContent, EventCheckpoint, EventContent, EventFilter, EventRow, Feed, LegacyContent,
    RestoreContent,
};
pub use idempotency::StoredOutcome;
pub use ledger::{
    Book, BookOwner, DealFilter, DealRow, EntryRow, MovementFilter, NewEntry, NewMovement, Period, PostedEntry,
    StatementRow, Turnover,
};
pub use maintenance::{
    BackupRecord, Census, Installation, Issued, Job, JobRow, Mode, NewTimeline, RecordedBackup, RecordedFailure,
    RecordedShipping, RestoreRow,
};
pub use proof::{Finding, Proof, Tally};
pub use reference::{CurrencyRow, GroupFilter, GroupRow, Platform, PlatformRow};

use database::checkpoint::Checkpointer;
use database::connection::{self, ReaderManager};
use database::journal::Opening;
use database::migrations;
use database::transaction::{CommitMoment, Snapshot};
use database::writer::Writer;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use uuid::Uuid;

/// How the database is run.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// Read-only connections at most.
    pub readers: u32,
    /// Operations that may wait for the writer; more are refused as busy.
    pub queue: usize,
    /// Pages of the write-ahead log after which a checkpoint starts.
    pub checkpoint_pages: u32,
    /// Whether commits go to the change journal.
    pub journal: bool,
}

impl Default for Tuning {
    fn default() -> Self {
        Tuning { readers: 8, queue: 1024, checkpoint_pages: 1000, journal: true }
    }
}

/// How much the disk must be able to take for the database to count as writable.
const ROOM_BYTES: usize = 1 << 20;

/// An open database: one writer, several readers.
pub struct Store {
    file: PathBuf,
    writer: Writer,
    journal: Arc<Journal>,
    readers: r2d2::Pool<ReaderManager>,
    // Kept until the store goes: another process must not write meanwhile.
    lock: Locked,
}

impl Store {
    /// Opens or creates the database of a data directory and starts the writer. The caller holds the directory's lock. A
    /// database of an older schema is refused: it is migrated by [`migrate`], when there is a backup of it.
    pub fn open(lock: Locked, tuning: &Tuning) -> Result<Store, MigrationError> {
        let file = lock.database_file();
        // Before SQLite opens the file: it may let the log start over.
        let opening = match tuning.journal {
            true => Opening::look(lock.dir().journal_dir(), &file),
            false => Opening::without_journal(lock.dir().journal_dir(), &file),
        };
        let mut connection = connection::open_writer(&file)?;
        let is_migrated = match migrations::version(&connection)? {
            found if found > 0 && found < LATEST_SCHEMA => return Err(MigrationError::TooOld { found }),
            _ => migrations::migrate(&mut connection)?,
        };
        let readers = connection::reader_pool(&file, tuning.readers)?;
        // By now the write-ahead log has been made, and it stays until the last connection is closed.
        lock.sync()?;
        let moment = CommitMoment::new(ReadTx::new(&connection).latest_moment()?);
        let journal = Arc::new(opening.finish(&connection, is_migrated)?);
        let checkpointer = Checkpointer::start(
            connection::open_checkpointer(&file)?,
            connection::open_reader(&file)?,
            Arc::clone(&journal),
            tuning.checkpoint_pages,
        );
        let writer = Writer::start(connection, checkpointer, Arc::clone(&journal), moment, tuning);
        Ok(Store { file, writer, journal, readers, lock })
    }

    /// The change journal.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Lets the change journal begin anew. Blocks. Whatever is committed after this is followed, so a copy that is made
    /// from now on can be brought to any later commit.
    pub fn begin_stream(&self) -> Result<Uuid, NotApplied> {
        let stream = match self.submit(|tx| tx.begin_stream().map_err(Abort::<()>::Store))?.wait()? {
            Ok(stream) => stream,
            Err(()) => return Err(NotApplied::Defect),
        };
        self.journal.follow(stream);
        Ok(stream)
    }

    /// The database file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// How the writer is doing.
    pub fn health(&self) -> &Arc<Health> {
        self.writer.health()
    }

    /// Whether the disk has room for what operations write, found out by writing as much as a large batch does. A single
    /// row can find a place where no operation does.
    pub fn try_room(&self) -> Result<(), String> {
        self.lock.try_room(ROOM_BYTES).map_err(|error| format!("the disk of the database has no room: {error}"))
    }

    /// Queues an operation for the writer. It runs in a savepoint of its own; the answer comes after the commit that
    /// made it durable. The queue is bounded: when it is full the operation is refused at once.
    pub fn submit<T, E, F>(&self, operation: F) -> Result<Ticket<T, E>, NotApplied>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&WriteTx<'_>) -> Result<T, Abort<E>> + Send + 'static,
    {
        self.writer.submit(operation, false)
    }

    /// The same for an operation that takes long. It has a commit of its own, so that nobody who was there before it waits
    /// for its end.
    pub fn submit_long<T, E, F>(&self, operation: F) -> Result<Ticket<T, E>, NotApplied>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&WriteTx<'_>) -> Result<T, Abort<E>> + Send + 'static,
    {
        self.writer.submit(operation, true)
    }

    /// Something to wait on for those who follow events: it changes as soon as a commit has made events durable.
    pub fn news(&self) -> watch::Receiver<()> {
        self.writer.news().subscribe()
    }

    /// Wakes those who follow events for another reason than a commit.
    pub fn wake_followers(&self) {
        self.writer.news().send_replace(());
    }

    /// Runs a read on a read-only connection, in one transaction, so that all it sees belongs together. Never waits for
    /// the writer.
    pub fn read<T, E: From<StoreError>>(&self, query: impl FnOnce(&ReadTx<'_>) -> Result<T, E>) -> Result<T, E> {
        let connection = self.readers.get().map_err(StoreError::from)?;
        let snapshot = Snapshot::begin(&connection)?;
        query(&ReadTx::new(snapshot.connection()))
    }

    /// What is known about backups of this database.
    pub fn backup_record(&self) -> BackupRecord {
        self.lock.dir().backup_record()
    }

    /// Takes no more operations, finishes those that are queued, and folds the write-ahead log into the file.
    pub fn close(&self) {
        self.writer.stop();
    }
}

/// Reads a database file beside whoever has it open, or a copy of it: read-only, in one transaction.
pub fn read_file<T, E: From<StoreError>>(file: &Path, query: impl FnOnce(&ReadTx<'_>) -> Result<T, E>) -> Result<T, E> {
    let connection = connection::open_reader(file)?;
    let snapshot = Snapshot::begin(&connection)?;
    query(&ReadTx::new(snapshot.connection()))
}

/// Reads a database file at the pace of the caller: `rest` is called every now and then, and ends the work by saying true.
pub fn read_file_slowly<T, E: From<StoreError>>(
    file: &Path,
    rest: impl FnMut() -> bool + Send + 'static,
    query: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let connection = connection::open_reader(file)?;
    connection.progress_handler(STEPS_BETWEEN_RESTS, Some(rest)).map_err(StoreError::from)?;
    let snapshot = Snapshot::begin(&connection)?;
    query(&ReadTx::new(snapshot.connection()))
}

/// Steps of the database's virtual machine: some tens of microseconds.
const STEPS_BETWEEN_RESTS: i32 = 500;

/// Reads what a database file is for; none where its making was cut short, by a crash for example.
pub fn read_mode(file: &Path) -> Result<Option<Mode>, StoreError> {
    let connection = connection::open_unfinished_leaving_log(file)?;
    let transaction = connection.unchecked_transaction()?;
    let tx = ReadTx::new(&transaction);
    match tx.schema_version()? {
        0 => Ok(None),
        _ => Ok(tx.installation()?.map(|installation| installation.mode)),
    }
}

/// Brings the database of a data directory to the latest schema in one transaction, and proves it before that is committed;
/// or leaves it as it was.
pub fn migrate(lock: &Locked) -> Result<(), MigrationError> {
    let mut connection = connection::open_writer(&lock.database_file())?;
    migrations::migrate(&mut connection).map(|_| ())
}

/// The schema version of a database file, and the migrations that it lacks: number and name.
pub fn schema_state(file: &Path) -> Result<(i64, Vec<(i64, String)>), StoreError> {
    let found = migrations::version(&connection::open_reader(file)?)?;
    Ok((found, migrations::missing(found)))
}

/// The version of the database library that is built in.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}
