//! Parses SQLite's write-ahead log, section 4 of its file format: a header of 32 bytes, then frames, each a header of
//! 24 bytes and a page. A frame is valid if its salts match the log's header and its checksum, which covers everything
//! before it too, is right. A transaction is valid if its last frame gives the size of the database after it, in pages.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

pub(super) const WAL_HEADER: usize = 32;
pub(super) const FRAME_HEADER: usize = 24;

/// The bytes of a log with this many frames; none of a log that begins anew, whose header is written again.
pub(in crate::store) fn log_len(frames: u64, page_size: u64) -> u64 {
    if frames == 0 { 0 } else { WAL_HEADER as u64 + frames * (FRAME_HEADER as u64 + page_size) }
}

/// The checksum of the log: two sums that feed each other, over 32-bit words in the byte order that the header names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Checksum(pub(super) u32, pub(super) u32);

impl Checksum {
    /// Continues over `bytes`, whose length must be a multiple of eight.
    pub(super) fn over(self, bytes: &[u8], is_big_endian: bool) -> Checksum {
        let word = if is_big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
        let Checksum(mut a, mut b) = self;
        for pair in bytes.chunks_exact(8) {
            a = a.wrapping_add(word([pair[0], pair[1], pair[2], pair[3]])).wrapping_add(b);
            b = b.wrapping_add(word([pair[4], pair[5], pair[6], pair[7]])).wrapping_add(a);
        }
        Checksum(a, b)
    }

    fn stored(bytes: &[u8]) -> Checksum {
        Checksum(be_u32(bytes), be_u32(&bytes[4..]))
    }
}

pub(super) fn be_u32(bytes: &[u8]) -> u32 {
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// The header of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct WalHeader {
    pub(super) is_big_endian: bool,
    pub(super) page_size: u32,
    pub(super) salts: [u8; 8],
    pub(super) sum: Checksum,
}

impl WalHeader {
    /// None if it is not the header of a log.
    pub(super) fn parse(bytes: &[u8; WAL_HEADER]) -> Option<WalHeader> {
        let is_big_endian = match be_u32(bytes) {
            0x377f_0682 => false,
            0x377f_0683 => true,
            _ => return None,
        };
        let page_size = be_u32(&bytes[8..]);
        let sum = Checksum::default().over(&bytes[..24], is_big_endian);
        let is_right = be_u32(&bytes[4..]) == 3_007_000
            && page_size.is_power_of_two()
            && (512..=65_536).contains(&page_size)
            && sum == Checksum::stored(&bytes[24..]);
        let mut salts = [0; 8];
        salts.copy_from_slice(&bytes[16..24]);
        is_right.then_some(WalHeader { is_big_endian, page_size, salts, sum })
    }

    /// The header of a log; none if it is missing or incomplete.
    pub(super) fn read(file: &File) -> io::Result<Option<WalHeader>> {
        let mut bytes = [0; WAL_HEADER];
        match file.read_exact_at(&mut bytes, 0) {
            Ok(()) => Ok(WalHeader::parse(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn frame_size(&self) -> usize {
        FRAME_HEADER + self.page_size as usize
    }
}

/// The state that decides whether the next frame is valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FrameCheck {
    pub(super) salts: [u8; 8],
    pub(super) is_big_endian: bool,
    pub(super) sum: Checksum,
}

impl FrameCheck {
    pub(super) fn of(header: &WalHeader) -> FrameCheck {
        FrameCheck { salts: header.salts, is_big_endian: header.is_big_endian, sum: header.sum }
    }

    /// The frame, if it is valid; the checksum then continues after it.
    pub(super) fn admit<'a>(&mut self, bytes: &'a [u8]) -> Option<Frame<'a>> {
        let (head, page) = bytes.split_at_checked(FRAME_HEADER)?;
        if head[8..16] != self.salts || be_u32(head) == 0 {
            return None;
        }
        let sum = self.sum.over(&head[..8], self.is_big_endian).over(page, self.is_big_endian);
        if sum != Checksum::stored(&head[16..]) {
            return None;
        }
        self.sum = sum;
        Some(Frame { page_number: be_u32(head), pages_after: be_u32(&head[4..]), page })
    }
}

/// One page as a transaction left it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) page_number: u32,
    /// In the last frame of a transaction, the size of the database in pages; zero in the others.
    pub(super) pages_after: u32,
    pub(super) page: &'a [u8],
}
