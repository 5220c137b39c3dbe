//! The change journal copies every commit of the writer from the write-ahead log into a spool in the data directory,
//! from which it is shipped. A copy of the database plus the commits after it give the database as of any later commit.
//!
//! The writer's thread only updates one row in every commit ([`WriteTx::stamp`]) and counts frames. The journal's own
//! thread reads the log at its own pace. **The log never restarts before it has been read and the spool is on disk**:
//! it can restart only when all of it has been moved into the database file, and only two threads move it:
//!
//! - The writer, between two commits, after [`Journal::sync`] for its last commit.
//! - The checkpointer. It begins a read ([`Pin`]), calls [`Journal::sync`] for the commit that this read sees, moves,
//!   and ends the read. SQLite moves nothing newer than what an open read sees, so whatever it moves is in the spool.
//!   If nothing was left to move when the read began, the read locks the file itself, and SQLite moves nothing at all.
//!
//! After a crash the log still holds what the spool lacks. It is read before SQLite opens the file ([`Opening`]). The
//! database itself numbers its commits, so that a missing or foreign commit is always noticed: if the numbers do not
//! follow, a new stream begins, which needs a new copy to start from.

mod epochs;
mod frames;
mod opening;
mod row;
mod segment;
mod spool;
mod tail;
#[cfg(test)]
mod tests;

pub use epochs::{Epoch, OtherHistory, Parent, SegmentLine};
pub(in crate::store) use frames::log_len;
pub use opening::settle_journal;
pub(in crate::store) use opening::{Opening, wal_of};
pub use row::{JournalRow, LogEnd};
pub use segment::{SegmentCommit, SegmentError, SegmentHead, SegmentReader};
pub use spool::{SpooledSegment, closed_segments as spooled_segments};

use crate::domain::clock::Moment;
use crate::store::StoreError;
use crate::store::database::installation_key::{InstallationKey, Verifier};
use crate::store::database::transaction::{ReadTx, WriteTx};
use rusqlite::Connection;
use spool::Spool;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tail::Tail;
use uuid::Uuid;

/// The state of the journal.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct JournalStatus {
    /// None if no commits are followed.
    pub stream: Option<Uuid>,
    /// The epoch of the last commit in the spool; nil if none is known.
    pub epoch: Uuid,
    /// The last commit in the spool.
    pub spooled: u64,
    /// The last commit of the writer.
    pub committed: u64,
    /// Why commits are no longer followed.
    pub failure: Option<String>,
}

#[derive(Default)]
struct State {
    status: JournalStatus,
    /// Frames in the log after the last commit.
    frames: u32,
    synced: u64,
    wanted: u64,
    rotations_wanted: u64,
    rotations_done: u64,
    /// A stream that is about to begin.
    begin: Option<Epoch>,
    is_stopping: bool,
    /// The thread is not running, so there is nothing to wait for.
    is_idle: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wanted: Condvar,
    done: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, on: &Condvar) -> MutexGuard<'a, State> {
        on.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, reason: String) {
        let mut state = self.state();
        if state.status.stream.take().is_some() || state.status.failure.is_none() {
            tracing::warn!(%reason, "the change journal has stopped; the next backup starts a new stream");
        }
        state.status.failure = Some(reason);
        drop(state);
        self.done.notify_all();
    }
}

/// The change journal of an open database.
pub struct Journal {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    dir: PathBuf,
}

/// What the journal's thread owns.
struct Follower {
    shared: Arc<Shared>,
    dir: PathBuf,
    wal: PathBuf,
    timeline: i64,
    row_page: u32,
    spool: Option<Spool>,
    tail: Option<Tail>,
}

impl Journal {
    /// A journal that follows no commits, and the reason.
    fn idle(dir: PathBuf, committed: u64, failure: Option<String>) -> Journal {
        let shared = Arc::new(Shared::default());
        {
            let mut state = shared.state();
            state.status = JournalStatus { committed, failure, ..JournalStatus::default() };
            state.is_idle = true;
        }
        Journal { shared, thread: Mutex::new(None), dir }
    }

    fn start(mut follower: Follower, committed: u64) -> Journal {
        let shared = Arc::clone(&follower.shared);
        let dir = follower.dir.clone();
        {
            let mut state = shared.state();
            let stream = follower.spool.as_ref().map(|spool| spool.head().stream);
            let epoch = follower.spool.as_ref().map_or(Uuid::nil(), |spool| spool.head().epoch);
            let spooled = follower.spool.as_ref().and_then(Spool::last).unwrap_or_default();
            state.status = JournalStatus { stream, epoch, spooled, committed, failure: None };
            state.synced = spooled;
        }
        let ended = Arc::clone(&shared);
        let run = move || {
            if catch_unwind(AssertUnwindSafe(|| follower.run())).is_err() {
                ended.fail("its thread panicked".into());
            }
            ended.state().is_idle = true;
            ended.done.notify_all();
        };
        let started = std::thread::Builder::new().name("journal".into()).spawn(run);
        let thread = started
            .inspect_err(|error| {
                shared.fail(format!("its thread did not start: {error}"));
                shared.state().is_idle = true;
            })
            .ok();
        Journal { shared, thread: Mutex::new(thread), dir }
    }

    /// The directory of the spool.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn status(&self) -> JournalStatus {
        self.shared.state().status.clone()
    }

    /// Records a commit of the writer. `frames` is the size of the log after it.
    pub(in crate::store) fn committed(&self, number: u64, frames: u32) {
        let mut state = self.shared.state();
        state.status.committed = number;
        state.frames = frames;
    }

    /// Waits until this commit is on disk in the spool. Returns at once if no commits are followed.
    pub(in crate::store) fn sync(&self, number: u64) {
        let mut state = self.shared.state();
        while state.synced < number.min(state.status.committed) && state.status.stream.is_some() && !state.is_idle {
            // The writer may have recorded the commit only now: a reader sees it a moment earlier.
            state.wanted = state.wanted.max(number.min(state.status.committed));
            self.shared.wanted.notify_one();
            state = self.shared.wait(state, &self.shared.done);
        }
    }

    /// Asks for this commit to be spooled without waiting for it. True if the spool is so close that [`Journal::sync`]
    /// will not take long.
    pub(in crate::store) fn is_near(&self, number: u64) -> bool {
        const COMMITS: u64 = 1;
        let mut state = self.shared.state();
        if state.status.stream.is_none() || state.is_idle {
            return true;
        }
        state.wanted = state.wanted.max(number.min(state.status.committed));
        self.shared.wanted.notify_one();
        state.synced + COMMITS >= number
    }

    /// Closes the open segment after the latest commit. Blocks.
    pub fn rotate(&self) -> Result<(), String> {
        let mut state = self.shared.state();
        state.rotations_wanted += 1;
        let mine = state.rotations_wanted;
        self.shared.wanted.notify_one();
        while state.rotations_done < mine && state.status.stream.is_some() && !state.is_idle {
            state = self.shared.wait(state, &self.shared.done);
        }
        state.status.failure.clone().map_or(Ok(()), Err)
    }

    /// The closed segments in the data directory, in order.
    pub fn segments(&self) -> io::Result<Vec<SpooledSegment>> {
        spool::closed_segments(&self.dir)
    }

    /// Stops following commits, for instance because nobody takes the segments. Closed segments stay.
    pub fn give_up(&self, reason: String) {
        self.shared.fail(reason);
    }

    /// Follows a stream that the writer has begun ([`WriteTx::begin_stream`]). Its first segment starts with the next
    /// commit found in the log.
    pub(in crate::store) fn follow(&self, epoch: Epoch) {
        let mut state = self.shared.state();
        if state.is_idle {
            return;
        }
        state.begin = Some(epoch);
        state.synced = 0;
        self.shared.wanted.notify_one();
        while state.begin.is_some() && !state.is_idle {
            state = self.shared.wait(state, &self.shared.done);
        }
    }

    /// Spools the last commits, closes the open segment, and ends the thread.
    pub(in crate::store) fn stop(&self) {
        self.shared.state().is_stopping = true;
        self.shared.wanted.notify_one();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }

    /// Records that, after a clean stop, the database file alone is complete and matches the end of the spool.
    pub(in crate::store) fn note_clean_stop(&self, database: &Path) {
        let status = self.status();
        let Some(stream) = status.stream.filter(|_| status.spooled == status.committed) else { return };
        if let Err(error) = opening::note_clean_stop(&self.dir, database, stream, status.spooled) {
            tracing::warn!(%error, "clean stop not recorded; the change journal will begin a new stream");
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Follower {
    fn run(&mut self) {
        loop {
            let (number, frames, begin, rotations, is_stopping) = {
                let mut state = self.shared.state();
                while state.wanted <= state.synced
                    && state.rotations_wanted == state.rotations_done
                    && state.begin.is_none()
                    && !state.is_stopping
                {
                    state = self.shared.wait(state, &self.shared.wanted);
                }
                (state.status.committed, state.frames, state.begin, state.rotations_wanted, state.is_stopping)
            };
            if let Some(epoch) = begin {
                self.begin(&epoch);
                continue;
            }
            let is_followed = self.shared.state().status.stream.is_some();
            let outcome = if is_followed { self.take(number, frames, rotations, is_stopping) } else { Ok(()) };
            if let Err(reason) = outcome {
                self.shared.fail(reason);
            }
            let mut state = self.shared.state();
            state.rotations_done = rotations;
            if state.status.stream.is_none() {
                state.wanted = 0;
                state.synced = 0;
            } else {
                state.synced = number;
                state.status.spooled = self.spool.as_ref().and_then(Spool::last).unwrap_or_default();
                state.status.epoch = self.spool.as_ref().map_or(Uuid::nil(), |spool| spool.head().epoch);
            }
            drop(state);
            self.shared.done.notify_all();
            if is_stopping {
                return;
            }
        }
    }

    fn begin(&mut self, epoch: &Epoch) {
        self.spool = None;
        self.tail = None;
        let begun = Spool::begin(&self.dir, self.timeline, epoch, self.row_page);
        let mut state = self.shared.state();
        state.begin = None;
        state.status.failure = begun.as_ref().err().map(|error| format!("the spool could not be created: {error}"));
        state.status.stream = begun.is_ok().then_some(epoch.stream);
        (state.status.epoch, state.status.spooled) = (epoch.id, 0);
        drop(state);
        self.spool = begun.ok();
        self.shared.done.notify_all();
    }

    /// Spools and syncs all commits up to `number`. Closes the segment if a rotation was requested or the journal
    /// stops.
    fn take(&mut self, number: u64, frames: u32, rotations: u64, is_stopping: bool) -> Result<(), String> {
        let Some(spool) = &mut self.spool else { return Ok(()) };
        let failed = |error: io::Error| format!("the spool of the change journal cannot be written: {error}");
        // Frames without a number are foreign commits, which reading them will reveal.
        let has_more = self.tail.as_ref().is_some_and(|tail| tail.frames() != frames);
        if (spool.last() != Some(number) || has_more) && number > 0 {
            if self.tail.is_none() {
                self.tail = Tail::open(&self.wal, self.row_page).map_err(failed)?;
            }
            let Some(tail) = &mut self.tail else { return Err("there is no write-ahead log".into()) };
            if !tail.refresh().map_err(failed)? {
                return Err("the write-ahead log has no header".into());
            }
            catch_up(spool, tail, frames, None)?;
            if spool.last().is_some_and(|last| last != number) {
                return Err(format!("commit {number} is not in the write-ahead log"));
            }
            spool.sync().map_err(failed)?;
        }
        let is_due = is_stopping || self.shared.state().rotations_done != rotations;
        if is_due { spool.rotate().map_err(failed) } else { Ok(()) }
    }
}

/// Spools what the log has beyond the spool, if this key, where one is given, has signed it. The error says why its
/// commits do not follow.
fn catch_up(spool: &mut Spool, tail: &mut Tail, upto: u32, signer: Option<&Verifier>) -> Result<(), String> {
    const FOREIGN: &str = "another program has written to the database";
    let failed = |error: io::Error| format!("the change journal cannot continue: {error}");
    let stream = spool.head().stream;
    let before = spool.place();
    loop {
        let (has_begun, foreign) = (tail.has_begun(), tail.foreign());
        let Some(commit) = tail.next_commit(upto).map_err(failed)? else { break };
        let Some(head) = commit.head.filter(|head| head.row.stream == stream) else {
            // Commits that precede the stream in the log are foreign.
            if has_begun {
                return Err(FOREIGN.into());
            }
            tail.count_foreign();
            continue;
        };
        let number = head.row.number;
        match spool.last() {
            // The first number of a stream is 0 if the database was just opened, and 1 otherwise.
            _ if foreign > 0 && number > 1 => return Err(FOREIGN.into()),
            Some(last) if number <= last => {
                let same_place = before.filter(|before| {
                    number == last && (before.salts, before.frames) == (head.place.salts, head.place.frames)
                });
                if same_place.is_some_and(|before| before.sum != head.place.sum) {
                    return Err(format!("commit {last} in the log is not the one that was spooled"));
                }
            }
            Some(last) if number != last + 1 => return Err(format!("commit {number} follows commit {last}")),
            _ if signer.is_some_and(|signer| !commit.is_signed_by(signer)) => {
                return Err(format!("commit {number} in the log is not signed by the installation key"));
            }
            _ => {
                spool.enter(head.row.epoch).map_err(failed)?;
                spool.append(&head, commit.frames).map_err(failed)?;
            }
        }
        tail.begin();
    }
    let has_foreign = tail.foreign() > 0 && spool.last().is_some();
    if has_foreign { Err(FOREIGN.into()) } else { Ok(()) }
}

impl ReadTx<'_> {
    /// The position of the database in the change journal.
    pub fn journal_row(&self) -> Result<JournalRow, StoreError> {
        self.one("SELECT * FROM change_journal", [], |row| {
            // Schemas from before epochs have no such column.
            let epoch = row.as_ref().column_index("epoch").map(|column| row.get(column));
            Ok(JournalRow {
                stream: row.get("stream")?,
                epoch: epoch.unwrap_or(Ok(Uuid::nil()))?,
                number: row.get("commit_number")?,
                recorded_at: Moment::from_unix_ms(row.get("recorded_at")?),
                last_entry: row.get("last_entry")?,
                last_event: row.get("last_event")?,
            })
        })
    }

    /// The latest moment at which anything was recorded.
    pub fn latest_moment(&self) -> Result<Moment, StoreError> {
        let sql = "SELECT max((SELECT recorded_at FROM change_journal),
                              coalesce((SELECT recorded_at FROM entries ORDER BY seq DESC LIMIT 1), 0),
                              coalesce((SELECT recorded_at FROM events ORDER BY seq DESC LIMIT 1), 0))";
        self.one(sql, [], |row| Ok(Moment::from_unix_ms(row.get(0)?)))
    }
}

impl WriteTx<'_> {
    /// Numbers and signs the current commit, and returns the number. Must come last in every commit that changes
    /// anything.
    pub(in crate::store) fn stamp(&self, moment: Moment, key: &InstallationKey) -> Result<u64, StoreError> {
        let sql = "UPDATE change_journal
                   SET commit_number = commit_number + 1, recorded_at = ?1,
                       last_entry = (SELECT coalesce(max(seq), 0) FROM entries),
                       last_event = (SELECT coalesce(max(seq), 0) FROM events)
                   RETURNING commit_number";
        let number = self.one(sql, [moment.unix_ms()], |row| row.get(0))?;
        self.sign_commit(key)?;
        Ok(number)
    }
}

/// A read transaction that keeps newer commits from being moved into the database file.
pub(in crate::store) struct Pin<'c>(crate::store::database::transaction::Snapshot<'c>);

impl<'c> Pin<'c> {
    pub(in crate::store) fn begin(connection: &'c Connection) -> Result<Pin<'c>, StoreError> {
        Ok(Pin(crate::store::database::transaction::Snapshot::begin(connection)?))
    }

    /// The last commit that this read sees. The read begins with this call.
    pub(in crate::store) fn number(&self) -> Result<u64, StoreError> {
        Ok(ReadTx::new(self.0.connection()).journal_row()?.number)
    }
}
