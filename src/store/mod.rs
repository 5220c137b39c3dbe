//! The database: one SQLite file with a single writer (group commit), a pool of read-only connections, migrations, and
//! one file for each noun with the statements it allows.
//!
//! This module returns domain types and [`StoreError`]. The layers above know neither SQL nor the database library.

mod access;
mod accounts;
mod approvals;
mod bank;
mod clients;
mod database;
mod error;
mod events;
mod idempotency;
mod ledger;
mod maintenance;
mod organizations;
mod proof;
mod reference;
mod trading;

pub use access::{
    ApiClientRow, AuditFilter, AuditRecord, AuditRow, AuditedChange, KeyRow, KeyUse, NewApiClient, NewPrincipal,
    NewRefresh, NewToken, PrincipalRow, RefreshRow, SessionRow, TokenKind, TokenRow,
};
pub use accounts::{AccountChange, AccountFilter, AccountRequest, Awaits, NewAccount};
pub use approvals::{ApprovalFilter, ApprovalSubject, NewApproval};
pub use bank::{ExternalFilter, NewExternalAccount, UnchargedMonth};
pub use clients::{LabelFilter, NewProfile, ProfileFilter};
pub use database::data_dir::{BackupLock, DataDir, DataDirError, InspectionLock, Locked};
pub use database::installation_key::{InstallationKey, InstallationKeyError, SIGNATURE_LEN, Verifier};
pub use database::journal::{
    Epoch, Journal, JournalRow, JournalStatus, LogEnd, OtherHistory, Parent, SegmentCommit, SegmentError, SegmentHead,
    SegmentLine, SegmentReader, SpooledSegment, settle_journal, spooled_segments,
};
pub use database::log_readers::LogState;
pub use database::migrations::{LATEST_SCHEMA, MigrationError, SIGNED_SINCE};
pub use database::snapshot::{CopyError, CopyFacts, copy_file, migrate_copy, settle_copy};
pub use database::stats::{FileStats, TableStats};
pub use database::trail::{LogCheckpoint, Mark, SignedCheckpoint};
pub use database::transaction::{CommitTime, ReadTx, WriteTx};
pub use database::writer::{Abort, Health, NoOutcome, Ticket};
pub use error::{StoreError, with_causes};
pub use events::{
    BookLine, BookName, ContributionContent, EntryContent, EventCheckpoint, EventContent, EventFilter, EventRow, Feed,
    LegacyContent, NewWebhook, RestoreContent, SealedSecret, Tried, WebhookOrder, WebhookRow,
};
pub use idempotency::StoredOutcome;
pub use ledger::{
    Book, BookOwner, DealFilter, DealRow, DepositFilter, EntryRow, MovementFilter, NewEntry, NewMovement,
    NumberedMovement, Period, PostedEntry, StatementRow, TransactionFilter, Turnover,
};
pub use maintenance::{
    BackupRecord, Census, Installation, Issued, Job, JobRow, Mode, NewTimeline, RecordedBackup, RecordedFailure,
    RecordedShipping, RestoreRow,
};
pub use proof::{Anchor, EntryProof, Finding, Proof, SignedLog, Tally, Verdict};
pub use reference::{CurrencyRow, GroupFilter, GroupOffers, Platform, PlatformRow};
pub use trading::*;

use database::checkpoint::Checkpointer;
use database::connection::{self, ReaderManager};
use database::failed_commit;
use database::journal::Opening;
use database::log_readers::LogWatch;
use database::migrations;
use database::trail::Trail;
use database::transaction::{CommitMoment, Snapshot};
use database::writer::Writer;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use uuid::Uuid;

/// Limits and settings of the database.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// The size of the pool.
    pub readers: u32,
    /// The most operations that may wait for the writer; beyond it, an operation is refused as busy.
    pub queue: usize,
    /// The size of the write-ahead log, in pages, at which a checkpoint starts.
    pub checkpoint_pages: u32,
    /// Whether commits are copied to the change journal.
    pub journal: bool,
}

impl Default for Tuning {
    fn default() -> Self {
        Tuning { readers: 8, queue: 1024, checkpoint_pages: 1000, journal: true }
    }
}

/// The commits that a writer finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// The last one must be signed by the writer's own key.
    Own,
    /// Somebody else's: the caller has checked them.
    Checked,
}

/// Bytes that must fit on the disk for the database to count as writable.
const ROOM_BYTES: usize = 1 << 20;

pub struct Store {
    file: PathBuf,
    writer: Writer,
    journal: Arc<Journal>,
    log_watch: Arc<LogWatch>,
    readers: r2d2::Pool<ReaderManager>,
    // Held until the store is dropped, so that no other process writes.
    lock: Locked,
}

impl Store {
    /// Opens or creates the database of a data directory and starts the writer, which signs every commit with `key`.
    /// Refuses an older schema: [`migrate`] upgrades it, after a backup.
    pub fn open(lock: Locked, tuning: &Tuning, key: &InstallationKey, found: Found) -> Result<Store, MigrationError> {
        let file = lock.database_file();
        let signer = (found == Found::Own).then(|| key.verifier(Uuid::nil()));
        failed_commit::confirm_log(&file)?;
        // Must come before SQLite opens the file, because SQLite may restart the log.
        let opening = match tuning.journal {
            true => Opening::inspect(lock.dir().journal_dir(), &file, signer.as_ref()),
            false => Opening::without_journal(lock.dir().journal_dir(), &file),
        };
        if let Some(signer) = signer
            && !is_signed(&file, &[signer])?
        {
            return Err(MigrationError::Unsigned(file));
        }
        let mut connection = connection::open_writer(&file)?;
        let is_migrated = match migrations::version(&connection)? {
            found if found > 0 && found < LATEST_SCHEMA => return Err(MigrationError::TooOld { found }),
            _ => migrations::migrate(&mut connection, None)?,
        };
        let trail = Trail::default();
        trail.attach(&connection)?;
        let readers = connection::reader_pool(&file, tuning.readers)?;
        // The write-ahead log exists by now, and stays until the last connection is closed.
        lock.sync()?;
        let epoch_found = ReadTx::new(&connection).journal_row()?.epoch;
        let moment = CommitMoment::new(ReadTx::new(&connection).latest_moment()?);
        let journal = Arc::new(opening.finish(&connection, (&moment, &trail, key), is_migrated)?);
        let log_watch = Arc::new(LogWatch::new(&file));
        let checkpointer = Checkpointer::start(
            connection::open_checkpointer(&file)?,
            connection::open_reader(&file)?,
            Arc::clone(&journal),
            Arc::clone(&log_watch),
            tuning.checkpoint_pages,
        );
        let writer = Writer::start(
            connection,
            checkpointer,
            Arc::clone(&journal),
            (moment, trail, key.clone()),
            epoch_found,
            tuning,
        );
        Ok(Store { file, writer, journal, log_watch, readers, lock })
    }

    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Starts a new stream of the change journal, and blocks until it has begun. Every later commit belongs to it, so a
    /// copy made from now on can be brought forward to any of them.
    pub fn begin_stream(&self) -> Result<Uuid, NoOutcome> {
        self.begin_stream_beside(Vec::new())
    }

    /// The same, and records histories that were found beside this one.
    pub fn begin_stream_beside(&self, others: Vec<OtherHistory>) -> Result<Uuid, NoOutcome> {
        let begin = move |tx: &WriteTx<'_>| {
            tx.note_other_histories(&others)?;
            Ok::<_, Abort<()>>(tx.begin_stream()?)
        };
        let epoch = match self.submit(begin)?.wait()? {
            Ok(epoch) => epoch,
            Err(()) => return Err(NoOutcome::Defect),
        };
        self.journal.follow(epoch);
        Ok(epoch.stream)
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    pub fn health(&self) -> &Arc<Health> {
        self.writer.health()
    }

    /// Checks that the disk has room by writing as many bytes as a large batch takes. Writing a single row would not
    /// do: it can fit where no operation does.
    pub fn check_room(&self) -> Result<(), String> {
        self.lock.check_room(ROOM_BYTES).map_err(|error| format!("no room on the disk of the database: {error}"))
    }

    /// Queues an operation for the writer. It runs in its own savepoint, and the answer comes after the COMMIT that
    /// makes it durable. The queue is bounded; if it is full, the operation is refused at once.
    pub fn submit<T, E, F>(&self, operation: F) -> Result<Ticket<T, E>, NoOutcome>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&WriteTx<'_>) -> Result<T, Abort<E>> + Send + 'static,
    {
        self.writer.submit(operation, false)
    }

    /// Like [`Store::submit`], for a slow operation: it gets its own commit, so that the operations queued before it do
    /// not wait for it to finish.
    pub fn submit_long<T, E, F>(&self, operation: F) -> Result<Ticket<T, E>, NoOutcome>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&WriteTx<'_>) -> Result<T, Abort<E>> + Send + 'static,
    {
        self.writer.submit(operation, true)
    }

    /// Notifies followers of events: the channel changes as soon as a commit has made events durable.
    pub fn news(&self) -> watch::Receiver<()> {
        self.writer.news().subscribe()
    }

    /// Wakes the followers of events although there was no commit.
    pub fn wake_followers(&self) {
        self.writer.news().send_replace(());
    }

    /// Runs a query on a read-only connection in one transaction, so that it sees one consistent state. Never waits for
    /// the writer.
    pub fn read<T, E: From<StoreError>>(&self, query: impl FnOnce(&ReadTx<'_>) -> Result<T, E>) -> Result<T, E> {
        let connection = self.readers.get().map_err(StoreError::from)?;
        let snapshot = Snapshot::begin(&connection)?;
        query(&ReadTx::new(snapshot.connection()))
    }

    /// The size of the write-ahead log, and who keeps it from shrinking.
    pub fn log_state(&self) -> LogState {
        self.log_watch.state()
    }

    /// Where the database is.
    pub fn dir(&self) -> &DataDir {
        self.lock.dir()
    }

    /// What is known about the backups of this database.
    pub fn backup_record(&self) -> BackupRecord {
        self.lock.dir().backup_record()
    }

    /// See [`DataDir::backup_obstacle`].
    pub fn backup_obstacle(&self) -> Option<String> {
        self.lock.dir().backup_obstacle()
    }

    /// Refuses further operations, finishes those in the queue, and folds the write-ahead log into the file.
    pub fn close(&self) {
        self.writer.stop();
    }
}

/// Reads a database file or a copy in one read-only transaction. Other processes may have it open.
pub fn read_file<T, E: From<StoreError>>(file: &Path, query: impl FnOnce(&ReadTx<'_>) -> Result<T, E>) -> Result<T, E> {
    let connection = connection::open_reader(file)?;
    let snapshot = Snapshot::begin(&connection)?;
    query(&ReadTx::new(snapshot.connection()))
}

/// Like [`read_file`], but throttled: `pause` is called every few hundred steps of SQLite. It may sleep; if it returns
/// true, the query is aborted.
pub fn read_file_throttled<T, E: From<StoreError>>(
    file: &Path,
    pause: impl FnMut() -> bool + Send + 'static,
    query: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let connection = connection::open_reader(file)?;
    connection.progress_handler(STEPS_BETWEEN_PAUSES, Some(pause)).map_err(StoreError::from)?;
    let snapshot = Snapshot::begin(&connection)?;
    query(&ReadTx::new(snapshot.connection()))
}

/// In steps of SQLite's virtual machine; some tens of microseconds.
const STEPS_BETWEEN_PAUSES: i32 = 500;

/// The mode of a database file. None if its creation did not finish, for example because of a crash.
pub fn read_mode(file: &Path) -> Result<Option<Mode>, StoreError> {
    let connection = connection::open_unfinished_leaving_log(file)?;
    let transaction = connection.unchecked_transaction()?;
    let tx = ReadTx::new(&transaction);
    match tx.schema_version()? {
        0 => Ok(None),
        _ => Ok(tx.installation()?.map(|installation| installation.mode)),
    }
}

/// Whether one of these keys signed the last commit of a database, if it is set up and its schema is one of those whose
/// commits are signed. Leaves file and log as they are.
pub fn is_signed(file: &Path, keys: &[Verifier]) -> Result<bool, StoreError> {
    let connection = connection::open_unfinished_leaving_log(file)?;
    let transaction = connection.unchecked_transaction()?;
    ReadTx::new(&transaction).is_signed_by(keys)
}

/// Upgrades the database of a data directory to the latest schema in one transaction, and proves the books before that
/// commits. On failure nothing changes. Private keys that an earlier version left unsealed are sealed with `key`;
/// without one, they are erased.
///
/// Whatever the file holds is signed with `key`: whether it may be adopted is for the caller to decide.
pub fn migrate(lock: &Locked, key: Option<&InstallationKey>) -> Result<(), MigrationError> {
    failed_commit::confirm_log(&lock.database_file())?;
    let mut connection = connection::open_writer(&lock.database_file())?;
    migrations::migrate(&mut connection, key).map(|_| ())
}

/// The schema version of a database file, and number and name of each migration that it lacks.
pub fn schema_state(file: &Path) -> Result<(i64, Vec<(i64, String)>), StoreError> {
    let found = migrations::version(&connection::open_reader(file)?)?;
    Ok((found, migrations::missing(found)))
}

/// The version of the SQLite that is linked in.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}
