//! Files that are written beside a working database.

use std::fs::File;
use std::io::{self, Write};

/// After so many bytes they are sent on to the disk.
const SYNC_EVERY: usize = 1 << 20;

/// A file whose bytes go to the disk as they come. Were they left to pile up in memory, the database's own syncs, which a client
/// waits for, would wait behind all of them.
pub(super) struct SyncedFile {
    file: File,
    unsynced: usize,
}

impl SyncedFile {
    pub(super) fn new(file: File) -> SyncedFile {
        SyncedFile { file, unsynced: 0 }
    }

    /// Makes all of it durable.
    pub(super) fn sync_all(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

impl Write for SyncedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = bytes.get(..SYNC_EVERY).unwrap_or(bytes);
        let written = self.file.write(part)?;
        self.unsynced += written;
        if self.unsynced >= SYNC_EVERY {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
