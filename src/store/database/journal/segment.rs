//! Segments of the change journal: files of consecutive commits. Each commit consists of frames copied unchanged from
//! the write-ahead log, with their own checksums.
//!
//! A segment begins with one line of JSON ([`SegmentHead`]) that names the preceding segment by its hash. A reader
//! checks everything again, because the file may have been stored on another machine.

use crate::domain::clock::Moment;
use crate::store::database::journal::epochs::Parent;
use crate::store::database::journal::frames::{Checksum, FRAME_HEADER, FrameCheck, be_u32};
use crate::store::database::journal::row::{JournalRow, LogEnd};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, Read};
use std::os::unix::fs::FileExt;
use thiserror::Error;
use uuid::Uuid;

/// The version of the format. Format 1 had no epochs.
pub(super) const FORMAT: u32 = 2;

/// The first line of a segment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SegmentHead {
    pub format: u32,
    pub timeline: i64,
    pub stream: Uuid,
    /// The number of the commit before the first one. None in the first segment of a stream, which may start with any
    /// number.
    pub after: Option<u64>,
    /// SHA-256 of the preceding segment, in hexadecimal; none in the first segment of a stream.
    pub previous: Option<String>,
    /// The page that holds the row of the change journal.
    pub row_page: u32,
    /// The epoch of all its commits; nil in format 1.
    #[serde(default, skip_serializing_if = "Uuid::is_nil")]
    pub epoch: Uuid,
    /// The epoch that this one continues; none in format 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// The moment of the commit `after`, in milliseconds; zero in the first segment of a stream and in format 1.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after_ms: i64,
}

fn is_zero(ms: &i64) -> bool {
    *ms == 0
}

impl SegmentHead {
    pub(super) fn line(&self) -> String {
        // A struct of plain fields always serializes.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

/// Marks the beginning of a commit: "COMT" in ASCII.
const MARK: u32 = 0x434f_4d54;
/// The size of a commit's header in bytes.
pub(super) const COMMIT_HEAD: usize = 96;
/// More frames than any commit has: a larger number means damage.
const FRAMES_MAX: u32 = 1 << 24;

/// The header of a commit, before its frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct CommitHead {
    pub(super) row: JournalRow,
    pub(super) frames: u32,
    pub(super) page_size: u32,
    pub(super) pages_after: u32,
    pub(super) before: FrameCheck,
    pub(super) place: WalPlace,
}

/// A position in a write-ahead log: the number of frames before it, and the checksum over them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct WalPlace {
    pub(super) salts: [u8; 8],
    pub(super) frames: u32,
    pub(super) sum: Checksum,
}

impl CommitHead {
    pub(super) fn bytes(&self) -> [u8; COMMIT_HEAD] {
        let words: [&[u8]; 16] = [
            &MARK.to_be_bytes(),
            &self.frames.to_be_bytes(),
            &self.page_size.to_be_bytes(),
            &self.pages_after.to_be_bytes(),
            &u32::from(self.before.is_big_endian).to_be_bytes(),
            &self.place.frames.to_be_bytes(),
            &self.before.salts,
            &self.before.sum.0.to_be_bytes(),
            &self.before.sum.1.to_be_bytes(),
            &self.place.sum.0.to_be_bytes(),
            &self.place.sum.1.to_be_bytes(),
            &self.row.number.to_be_bytes(),
            &self.row.recorded_at.unix_ms().to_be_bytes(),
            &self.row.last_entry.to_be_bytes(),
            &self.row.last_event.to_be_bytes(),
            &[0; 8],
        ];
        let mut bytes = [0; COMMIT_HEAD];
        let mut at = 0;
        for word in words {
            bytes[at..at + word.len()].copy_from_slice(word);
            at += word.len();
        }
        let sum = Checksum::default().over(&bytes[..COMMIT_HEAD - 8], true);
        bytes[COMMIT_HEAD - 8..COMMIT_HEAD - 4].copy_from_slice(&sum.0.to_be_bytes());
        bytes[COMMIT_HEAD - 4..].copy_from_slice(&sum.1.to_be_bytes());
        bytes
    }

    /// None if it is not the header of a commit.
    pub(super) fn parse(bytes: &[u8; COMMIT_HEAD], segment: &SegmentHead) -> Option<CommitHead> {
        let sum = Checksum::default().over(&bytes[..COMMIT_HEAD - 8], true);
        let stored = Checksum(be_u32(&bytes[COMMIT_HEAD - 8..]), be_u32(&bytes[COMMIT_HEAD - 4..]));
        let (frames, page_size) = (be_u32(&bytes[4..]), be_u32(&bytes[8..]));
        let is_ours = be_u32(bytes) == MARK && sum == stored && (1..=FRAMES_MAX).contains(&frames);
        if !is_ours || !page_size.is_power_of_two() || !(512..=65_536).contains(&page_size) {
            return None;
        }
        let long = |at: usize| u64::from(be_u32(&bytes[at..])) << 32 | u64::from(be_u32(&bytes[at + 4..]));
        let mut salts = [0; 8];
        salts.copy_from_slice(&bytes[24..32]);
        Some(CommitHead {
            frames,
            page_size,
            pages_after: be_u32(&bytes[12..]),
            before: FrameCheck {
                salts,
                is_big_endian: be_u32(&bytes[16..]) == 1,
                sum: Checksum(be_u32(&bytes[32..]), be_u32(&bytes[36..])),
            },
            place: WalPlace {
                salts,
                frames: be_u32(&bytes[20..]),
                sum: Checksum(be_u32(&bytes[40..]), be_u32(&bytes[44..])),
            },
            row: JournalRow {
                stream: segment.stream,
                epoch: segment.epoch,
                number: long(48),
                recorded_at: Moment::from_unix_ms(long(56).cast_signed()),
                last_entry: long(64).cast_signed(),
                last_event: long(72).cast_signed(),
            },
        })
    }

    pub(super) fn frame_size(&self) -> usize {
        FRAME_HEADER + self.page_size as usize
    }
}

/// Why reading a segment failed.
#[derive(Debug, Error)]
pub enum SegmentError {
    #[error("it ends in the middle of a commit")]
    Truncated,
    /// It holds something other than consecutive, intact commits.
    #[error("{0}")]
    Damaged(String),
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for SegmentError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { SegmentError::Truncated } else { SegmentError::Io(error) }
    }
}

fn damaged(what: impl Into<String>) -> SegmentError {
    SegmentError::Damaged(what.into())
}

/// A verified commit of a segment.
#[derive(Debug)]
pub struct SegmentCommit {
    pub(super) head: CommitHead,
    frames: Vec<u8>,
}

impl SegmentCommit {
    /// The position of the database after it.
    pub fn row(&self) -> JournalRow {
        self.head.row
    }

    /// Where the audit log stands after it; none before there was a log.
    fn log_end(&self, row_page: u32) -> Option<LogEnd> {
        let mut frames = self.frames.chunks_exact(self.head.frame_size());
        frames.rfind(|frame| be_u32(frame) == row_page).and_then(|frame| LogEnd::parse(&frame[FRAME_HEADER..]))
    }

    /// The most bytes that it changes.
    pub fn size(&self) -> u64 {
        u64::from(self.head.frames) * u64::from(self.head.page_size)
    }

    /// Writes its pages into a database file that stands at the preceding commit and that nobody has open.
    pub fn apply(&self, database: &File) -> io::Result<()> {
        let page_size = u64::from(self.head.page_size);
        for frame in self.frames.chunks_exact(self.head.frame_size()) {
            let number = u64::from(be_u32(frame)) - 1;
            database.write_all_at(&frame[FRAME_HEADER..], number * page_size)?;
        }
        let length = u64::from(self.head.pages_after) * page_size;
        if database.metadata()?.len() == length { Ok(()) } else { database.set_len(length) }
    }
}

/// Reads and verifies a segment from beginning to end.
pub struct SegmentReader<R> {
    from: R,
    head: SegmentHead,
    last: Option<u64>,
}

impl<R: BufRead> SegmentReader<R> {
    /// Reads the first line.
    pub fn new(mut from: R) -> Result<Self, SegmentError> {
        let mut line = Vec::new();
        from.by_ref().take(4096).read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Err(if line.len() < 4096 {
                SegmentError::Truncated
            } else {
                damaged("it is not a segment of the change journal")
            });
        }
        let head: SegmentHead =
            serde_json::from_slice(&line).map_err(|_| damaged("its first line is not that of a segment"))?;
        if head.format > FORMAT {
            return Err(damaged(format!("it has format {}, this program reads up to {FORMAT}", head.format)));
        }
        let last = head.after;
        Ok(SegmentReader { from, head, last })
    }

    pub fn head(&self) -> &SegmentHead {
        &self.head
    }

    /// Where the audit log stands after this commit, up to which the segment is read. None before there was a log.
    pub fn log_after(mut self, commit: u64) -> Result<Option<LogEnd>, SegmentError> {
        let mut end = None;
        while let Some(next) = self.next_commit()?.filter(|next| next.row().number <= commit) {
            end = next.log_end(self.head.row_page);
        }
        Ok(end)
    }

    pub fn into_inner(self) -> R {
        self.from
    }

    /// The next verified commit; none at the end.
    pub fn next_commit(&mut self) -> Result<Option<SegmentCommit>, SegmentError> {
        if self.from.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let mut bytes = [0; COMMIT_HEAD];
        self.from.read_exact(&mut bytes)?;
        let head = CommitHead::parse(&bytes, &self.head).ok_or_else(|| damaged("a commit has an invalid header"))?;
        if self.last.is_some_and(|last| head.row.number != last + 1) {
            let last = self.last.unwrap_or_default();
            return Err(damaged(format!("commit {} follows commit {last}", head.row.number)));
        }
        let mut frames = Vec::new();
        let size = head.frame_size() as u64 * u64::from(head.frames);
        if self.from.by_ref().take(size).read_to_end(&mut frames)? as u64 != size {
            return Err(SegmentError::Truncated);
        }
        self.check(&head, &frames)?;
        self.last = Some(head.row.number);
        Ok(Some(SegmentCommit { head, frames }))
    }

    fn check(&self, head: &CommitHead, frames: &[u8]) -> Result<(), SegmentError> {
        let number = head.row.number;
        let mut check = head.before;
        let (mut pages_after, mut row) = (0, None);
        for bytes in frames.chunks_exact(head.frame_size()) {
            let frame = check.admit(bytes).ok_or_else(|| damaged(format!("a page of commit {number} was changed")))?;
            pages_after = frame.pages_after;
            if frame.page_number == self.head.row_page {
                row = JournalRow::parse(frame.page);
            }
        }
        let is_whole = check.sum == head.place.sum && pages_after != 0 && pages_after == head.pages_after;
        if is_whole && row == Some(head.row) {
            Ok(())
        } else {
            Err(damaged(format!("commit {number} does not match its header")))
        }
    }
}
