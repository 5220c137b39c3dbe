//! Decides at start-up whether the journal can continue where it stopped.

use crate::store::database::data_dir::new_private_file;
use crate::store::database::installation_key::{InstallationKey, Verifier};
use crate::store::database::journal::spool::{Spool, SpooledSegment, closed_segments};
use crate::store::database::journal::tail::Tail;
use crate::store::database::journal::{Epoch, Follower, Journal, Shared, catch_up};
use crate::store::database::trail::Trail;
use crate::store::database::transaction::{CommitMoment, ReadTx, WriteTx};
use crate::store::{Locked, StoreError};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// A fingerprint of the complete database file. Any change to the file changes it.
#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
struct CleanStop {
    stream: Uuid,
    number: u64,
    size: u64,
    inode: u64,
    changed_s: i64,
    changed_ns: i64,
}

impl CleanStop {
    fn of(database: &Path, stream: Uuid, number: u64) -> io::Result<CleanStop> {
        let file = fs::metadata(database)?;
        Ok(CleanStop {
            stream,
            number,
            size: file.len(),
            inode: file.ino(),
            changed_s: file.mtime(),
            changed_ns: file.mtime_nsec(),
        })
    }
}

fn clean_stop_file(dir: &Path) -> PathBuf {
    dir.join("clean-stop.json")
}

pub(super) fn note_clean_stop(dir: &Path, database: &Path, stream: Uuid, number: u64) -> io::Result<()> {
    let text = serde_json::to_string(&CleanStop::of(database, stream, number)?)?;
    let (file, making) = (clean_stop_file(dir), dir.join("clean-stop.tmp"));
    new_private_file(&making)?.write_all(text.as_bytes())?;
    fs::rename(making, file)
}

/// The result of inspecting spool and log before SQLite opens the database: the spool, completed from the log, or the
/// reason why it cannot continue.
pub(in crate::store) struct Opening {
    dir: PathBuf,
    database: PathBuf,
    is_wanted: bool,
    found: Result<Spool, String>,
}

impl Opening {
    /// For a server that runs without the journal.
    pub(in crate::store) fn without_journal(dir: PathBuf, database: &Path) -> Opening {
        Opening { dir, database: database.into(), is_wanted: false, found: Err(String::new()) }
    }

    /// Inspects the spool and the log, of which only commits that `signer` signed are spooled. Nobody may have the
    /// database open.
    pub(in crate::store) fn inspect(dir: PathBuf, database: &Path, signer: Option<&Verifier>) -> Opening {
        let found = match Spool::resume(&dir) {
            Ok(Some(spool)) => complete(&dir, database, spool, signer),
            Ok(None) => Err("there is no earlier stream".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        Opening { dir, database: database.into(), is_wanted: true, found }
    }

    /// Continues where the spool ends if the database stands there too; otherwise begins a new stream.
    pub(in crate::store) fn finish(
        self,
        connection: &Connection,
        (moment, trail, key): (&CommitMoment, &Trail, &InstallationKey),
        is_migrated: bool,
    ) -> Result<Journal, StoreError> {
        let tx = ReadTx::new(connection);
        let row = tx.journal_row()?;
        if !self.is_wanted {
            return Ok(Journal::idle(self.dir, row.number, None));
        }
        let row_page: u32 =
            tx.one("SELECT rootpage FROM sqlite_schema WHERE name = 'change_journal'", [], |row| row.get(0))?;
        let timeline = tx.installation()?.map_or(1, |installation| installation.timeline);
        let found = self.found.and_then(|spool| {
            let is_there = spool.head().stream == row.stream && spool.last().unwrap_or_default() == row.number;
            if is_migrated {
                Err("the schema was migrated".into())
            } else if !is_there || (spool.head().row_page, spool.head().timeline) != (row_page, timeline) {
                Err("the database and the journal end at different commits".into())
            } else {
                Ok(spool)
            }
        });
        let (spool, number) = match found {
            Ok(spool) => (spool, row.number),
            Err(reason) => {
                let epoch = match begin_stream(&WriteTx::new(connection, moment, trail), key) {
                    Ok(epoch) => epoch,
                    // The server reports a full disk elsewhere, and keeps serving reads.
                    Err(error) if error.is_storage_failure() => {
                        return Ok(Journal::idle(self.dir, row.number, Some(error.to_string())));
                    }
                    Err(error) => return Err(error),
                };
                tracing::info!(%reason, stream = %epoch.stream, "a new stream of the change journal begins");
                match Spool::begin(&self.dir, timeline, &tx.past_beginnings(epoch)?, row_page) {
                    Ok(spool) => (spool, 0),
                    Err(error) => return Ok(Journal::idle(self.dir, 0, Some(error.to_string()))),
                }
            }
        };
        let wal = wal_of(&self.database);
        let shared = Arc::new(Shared::default());
        let follower = Follower { shared, dir: self.dir, wal, timeline, row_page, spool: Some(spool), tail: None };
        Ok(Journal::start(follower, number))
    }
}

/// Begins a stream in one commit: the power may go between two.
fn begin_stream(tx: &WriteTx<'_>, key: &InstallationKey) -> Result<Epoch, StoreError> {
    let connection = tx.connection();
    connection.execute_batch("BEGIN IMMEDIATE")?;
    tx.trail().clear();
    let begun = tx.begin_stream().and_then(|epoch| {
        tx.extend_log()?;
        tx.sign_commit(key)?;
        Ok(connection.execute_batch("COMMIT").map(|()| epoch)?)
    });
    if begun.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    begun
}

/// Spools what the log holds and closes the open segment, so that every recorded commit can be restored. Nobody may
/// have the database open. What `key` has not signed is left out, unless it may still adopt the database of an earlier
/// version. Returns the closed segments in the spool.
pub fn settle_journal(lock: &Locked, key: Option<&InstallationKey>) -> Vec<SpooledSegment> {
    let signer = key.filter(|key| !key.may_adopt()).map(|key| key.verifier(Uuid::nil()));
    let (dir, database) = (lock.dir().journal_dir(), lock.dir().database_file());
    let settled = Spool::resume(&dir).map_err(|error| error.to_string()).and_then(|spool| {
        let Some(spool) = spool else { return Ok(()) };
        let completed = complete(&dir, &database, spool, signer.as_ref());
        let to_text = |error: io::Error| error.to_string();
        // If the log does not follow, the content of the spool is still good.
        let resume = |reason: String| {
            if fs::metadata(wal_of(&database)).is_ok_and(|log| log.len() > 0) {
                tracing::warn!(%reason, "the database's log cannot be used; only spooled commits can be restored");
            }
            Spool::resume(&dir).map_err(to_text)
        };
        let spool = completed.map_or_else(resume, |spool| Ok(Some(spool)))?;
        spool.map_or(Ok(()), |mut spool| spool.rotate().map_err(to_text))
    });
    if let Err(reason) = settled {
        tracing::warn!(%reason, "the spool of the change journal may be incomplete");
    }
    closed_segments(&dir).unwrap_or_default()
}

/// The write-ahead log of a database file.
pub(in crate::store) fn wal_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Spools what the log holds beyond the spool. Without a log, the file must be exactly as a clean stop left it.
fn complete(dir: &Path, database: &Path, mut spool: Spool, signer: Option<&Verifier>) -> Result<Spool, String> {
    let to_text = |error: io::Error| error.to_string();
    if let Some(mut tail) = Tail::open(&wal_of(database), spool.head().row_page).map_err(to_text)?
        && tail.refresh().map_err(to_text)?
    {
        catch_up(&mut spool, &mut tail, u32::MAX, signer)?;
        spool.sync().map_err(to_text)?;
        return Ok(spool);
    }
    let now = CleanStop::of(database, spool.head().stream, spool.last().unwrap_or_default()).map_err(to_text)?;
    let noted = fs::read(clean_stop_file(dir)).ok().and_then(|text| serde_json::from_slice::<CleanStop>(&text).ok());
    match noted {
        Some(noted) if noted == now => Ok(spool),
        Some(_) => Err("the database file was changed or replaced since the last clean stop".into()),
        None => Err("there was no clean stop, and there is no write-ahead log".into()),
    }
}
