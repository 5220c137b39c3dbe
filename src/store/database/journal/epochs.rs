//! Epochs: each start of a writer, and each stream, begins one. A commit is named by its epoch and its number: the
//! number alone also fits the commits of a copy that runs elsewhere, or that was put back.

use crate::domain::clock::Moment;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// An epoch, and where it continues another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Epoch {
    pub id: Uuid,
    /// The stream of its commits.
    pub stream: Uuid,
    /// The epoch that it continues; nil: commits from before epochs were recorded, or none.
    pub parent: Uuid,
    pub parent_stream: Uuid,
    /// The last commit of the parent that belongs to this history.
    pub parent_commit: u64,
    /// The moment of that commit.
    pub parent_at: Moment,
    /// The moment of its own first commit.
    pub started_at: Moment,
}

/// The epoch that another one continues.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Parent {
    /// Nil: commits from before epochs were recorded, or none.
    pub epoch: Uuid,
    /// Its last commit that belongs to this history.
    pub commit: u64,
    /// The moment of that commit, in milliseconds.
    pub at_ms: i64,
}

/// The part of a segment's name that tells its place in the history.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SegmentLine {
    pub epoch: Uuid,
    pub parent: Parent,
    /// The first eight bytes of the segment's SHA-256.
    pub hash: u64,
}

impl fmt::Display for SegmentLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (epoch, Parent { epoch: parent, commit, at_ms }) = (self.epoch.simple(), self.parent);
        write!(f, "{epoch}-{}-{commit}-{at_ms}-{:016x}", parent.simple(), self.hash)
    }
}

impl FromStr for SegmentLine {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<&str> = text.split('-').collect();
        let [epoch, parent, commit, at_ms, hash] = parts.as_slice() else { return Err(()) };
        Ok(SegmentLine {
            epoch: Uuid::try_parse(epoch).map_err(|_| ())?,
            parent: Parent {
                epoch: Uuid::try_parse(parent).map_err(|_| ())?,
                commit: commit.parse().map_err(|_| ())?,
                at_ms: at_ms.parse().map_err(|_| ())?,
            },
            hash: u64::from_str_radix(hash, 16).map_err(|_| ())?,
        })
    }
}

/// An epoch at a place for backups that is not, or not to its end, part of this history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OtherHistory {
    /// Nil: commits from before epochs were recorded.
    pub epoch: Uuid,
    pub stream: Uuid,
    /// Its last commit that was seen.
    pub commit: u64,
    /// Whether a restore has left it behind, up to that commit.
    pub is_superseded: bool,
}

/// The most commits of a writer that only begins a stream: the beginning, and SQLite's statistics when it stops.
const BEGINNING: u64 = 2;

impl ReadTx<'_> {
    /// All epochs of this history, the oldest first.
    pub fn epochs(&self) -> Result<Vec<Epoch>, StoreError> {
        let sql = "SELECT uuid, stream, parent_epoch, parent_stream, parent_commit, parent_at, started_at
                   FROM epochs ORDER BY id";
        self.all(sql, [], |row| {
            Ok(Epoch {
                id: row.get("uuid")?,
                stream: row.get("stream")?,
                parent: row.get("parent_epoch")?,
                parent_stream: row.get("parent_stream")?,
                parent_commit: row.get("parent_commit")?,
                parent_at: Moment::from_unix_ms(row.get("parent_at")?),
                started_at: Moment::from_unix_ms(row.get("started_at")?),
            })
        })
    }

    /// The epochs that are not, or not to their ends, part of this history, the first seen first.
    pub fn other_histories(&self) -> Result<Vec<OtherHistory>, StoreError> {
        // Earlier versions noted impossible numbers, which somebody else had put into names at a target.
        let sql = "SELECT epoch, stream, commit_number, is_superseded FROM other_histories
                   WHERE commit_number >= 0 ORDER BY noticed_at, epoch";
        self.all(sql, [], |row| {
            Ok(OtherHistory {
                epoch: row.get("epoch")?,
                stream: row.get("stream")?,
                commit: row.get("commit_number")?,
                is_superseded: row.get("is_superseded")?,
            })
        })
    }

    /// The epoch as a continuation of the last one that recorded anything. One that only began a stream, such as a
    /// restore, is passed over: targets may never hear of it.
    pub(super) fn past_beginnings(&self, mut epoch: Epoch) -> Result<Epoch, StoreError> {
        for before in self.epochs()?.iter().rev() {
            let has_begun_stream = before.stream != before.parent_stream;
            if before.id == epoch.parent && has_begun_stream && epoch.parent_commit <= BEGINNING {
                epoch = Epoch { id: epoch.id, stream: epoch.stream, started_at: epoch.started_at, ..*before };
            }
        }
        Ok(epoch)
    }

    /// An id that nothing else has.
    pub fn random_id(&self) -> Result<Uuid, StoreError> {
        self.one("SELECT randomblob(16)", [], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Records epochs that are not part of this history.
    pub fn note_other_histories(&self, others: &[OtherHistory]) -> Result<(), StoreError> {
        let now = self.latest();
        for other in others {
            let Ok(commit) = i64::try_from(other.commit) else { continue };
            self.run(
                sql!("restores/note_other_history"),
                (other.epoch, other.stream, commit, now.unix_ms(), other.is_superseded),
            )?;
        }
        Ok(())
    }

    /// Begins the epoch of a writer with the current commit, unless this commit has begun another one already: the
    /// writer found the database in epoch `found`.
    pub(in crate::store) fn begin_epoch(&self, found: Uuid) -> Result<(), StoreError> {
        let row = self.journal_row()?;
        if row.epoch == found { self.insert_epoch(self.random_id()?, row.stream).map(|_| ()) } else { Ok(()) }
    }

    /// Begins a new stream, and with it an epoch, with the current commit; the old stream ends before it.
    pub(in crate::store) fn begin_stream(&self) -> Result<Epoch, StoreError> {
        let epoch = self.insert_epoch(self.random_id()?, self.random_id()?)?;
        self.run("UPDATE change_journal SET stream = ?1, commit_number = 0", [epoch.stream])?;
        Ok(epoch)
    }

    /// The log gets a row of its own for it. Before a database is set up it cannot: then the first row takes it in.
    fn insert_epoch(&self, id: Uuid, stream: Uuid) -> Result<Epoch, StoreError> {
        let (row, mark) = (self.journal_row()?, self.mark());
        let epoch = Epoch {
            id,
            stream,
            parent: row.epoch,
            parent_stream: row.stream,
            parent_commit: row.number,
            parent_at: row.recorded_at,
            started_at: self.latest(),
        };
        self.run(
            "INSERT INTO epochs (uuid, stream, parent_epoch, parent_stream, parent_commit, parent_at, started_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (
                epoch.id,
                epoch.stream,
                epoch.parent,
                epoch.parent_stream,
                epoch.parent_commit.cast_signed(),
                epoch.parent_at.unix_ms(),
                epoch.started_at.unix_ms(),
            ),
        )?;
        self.run("UPDATE change_journal SET epoch = ?1", [id])?;
        if self.installation_uuid()?.is_nil() {
            self.trail().roll_back(mark);
        } else {
            self.append_own_audit("epoch.begin", mark)?;
        }
        Ok(epoch)
    }
}
