//! Follows the write-ahead log: reads the commits not seen yet, verified as SQLite verifies them.

use crate::store::database::installation_key::Verifier;
use crate::store::database::journal::frames::{FRAME_HEADER, FrameCheck, WAL_HEADER, WalHeader, be_u32};
use crate::store::database::journal::row::{JournalRow, SignedHead};
use crate::store::database::journal::segment::{CommitHead, WalPlace};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

const FRAMES_AT_A_TIME: u32 = 64;

/// The log and the position up to which it has been read.
pub(super) struct Tail {
    file: File,
    row_page: u32,
    header: Option<WalHeader>,
    check: FrameCheck,
    /// Valid frames read so far.
    frames: u32,
    /// Bytes from the log: the commit returned last, then what follows it.
    bytes: Vec<u8>,
    given: usize,
    parsed: usize,
    /// Foreign commits before the stream begins in this log.
    foreign: u32,
    has_begun: bool,
}

/// A commit in the log. `head` is none for a foreign commit, which has no row of the change journal.
pub(super) struct TailCommit<'a> {
    pub(super) head: Option<CommitHead>,
    pub(super) frames: &'a [u8],
    row_page: u32,
}

impl TailCommit<'_> {
    /// Whether its row of the change journal is signed by this key.
    pub(super) fn is_signed_by(&self, key: &Verifier) -> bool {
        let Some(head) = &self.head else { return false };
        let mut frames = self.frames.chunks_exact(head.frame_size()).rev();
        let page = frames.find(|frame| be_u32(frame) == self.row_page).map(|frame| &frame[FRAME_HEADER..]);
        page.and_then(SignedHead::parse).is_some_and(|signed| signed.is_signed_by(key))
    }
}

impl Tail {
    /// None if there is no log.
    pub(super) fn open(wal: &Path, row_page: u32) -> io::Result<Option<Tail>> {
        let file = match File::open(wal) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let check = FrameCheck {
            salts: [0; 8],
            is_big_endian: false,
            sum: crate::store::database::journal::frames::Checksum::default(),
        };
        Ok(Some(Tail {
            file,
            row_page,
            header: None,
            check,
            frames: 0,
            bytes: Vec::new(),
            given: 0,
            parsed: 0,
            foreign: 0,
            has_begun: false,
        }))
    }

    /// Returns to the beginning if the log has restarted. False if there is no log.
    pub(super) fn refresh(&mut self) -> io::Result<bool> {
        let Some(header) = WalHeader::read(&self.file)? else { return Ok(false) };
        if self.header != Some(header) {
            self.header = Some(header);
            self.check = FrameCheck::of(&header);
            self.frames = 0;
            self.bytes.clear();
            (self.given, self.parsed) = (0, 0);
            (self.foreign, self.has_begun) = (0, false);
        }
        Ok(true)
    }

    /// Records that the stream has begun in this log.
    pub(super) fn begin(&mut self) {
        (self.foreign, self.has_begun) = (0, true);
    }

    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    pub(super) fn count_foreign(&mut self) {
        self.foreign += 1;
    }

    /// Foreign commits in this log before the stream; zero once it has begun.
    pub(super) fn foreign(&self) -> u32 {
        self.foreign
    }

    /// Valid frames read so far.
    pub(super) fn frames(&self) -> u32 {
        self.frames
    }

    /// The next complete commit among the first `upto` frames. None at their end, or if the next frame is not valid.
    pub(super) fn next_commit(&mut self, upto: u32) -> io::Result<Option<TailCommit<'_>>> {
        let Some(header) = self.header else { return Ok(None) };
        if self.given == self.bytes.len() {
            self.bytes.clear();
        } else {
            self.bytes.drain(..self.given);
        }
        self.parsed -= self.given;
        self.given = 0;
        let frame_size = header.frame_size();
        let before = self.check;
        let (mut row, mut count) = (None, 0);
        loop {
            if self.bytes.len() - self.parsed < frame_size && !self.read_more(frame_size, upto)? {
                return Ok(self.back_to(before, count));
            }
            let bytes = &self.bytes[self.parsed..self.parsed + frame_size];
            let Some(frame) = self.check.admit(bytes) else { return Ok(self.back_to(before, count)) };
            count += 1;
            if frame.page_number == self.row_page {
                row = JournalRow::parse(frame.page);
            }
            let pages_after = frame.pages_after;
            self.parsed += frame_size;
            self.frames += 1;
            if pages_after != 0 {
                self.given = self.parsed;
                let place = WalPlace { salts: header.salts, frames: self.frames, sum: self.check.sum };
                let page_size = header.page_size;
                let head = row.map(|row| CommitHead { row, frames: count, page_size, pages_after, before, place });
                return Ok(Some(TailCommit { head, frames: &self.bytes[..self.given], row_page: self.row_page }));
            }
        }
    }

    /// Rewinds to the start of an incomplete commit, to read it again later.
    fn back_to(&mut self, before: FrameCheck, frames: u32) -> Option<TailCommit<'_>> {
        self.check = before;
        self.frames -= frames;
        self.bytes.clear();
        self.parsed = 0;
        None
    }

    /// False at the end.
    fn read_more(&mut self, frame_size: usize, upto: u32) -> io::Result<bool> {
        let held = (self.bytes.len() - self.parsed) / frame_size;
        let first = self.frames as usize + held;
        let wanted = (upto as usize).saturating_sub(first).min(FRAMES_AT_A_TIME as usize);
        let start = self.bytes.len();
        self.bytes.resize(start + wanted * frame_size, 0);
        let mut read = 0;
        while start + read < self.bytes.len() {
            let at = (WAL_HEADER + first * frame_size + read) as u64;
            match self.file.read_at(&mut self.bytes[start + read..], at)? {
                0 => break,
                some => read += some,
            }
        }
        let whole = read - read % frame_size;
        self.bytes.truncate(start + whole);
        Ok(whole > 0)
    }
}
