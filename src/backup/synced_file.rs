//! Files that are written beside a busy database.

use std::fs::File;
use std::io::{self, Write};

/// Bytes between two syncs.
const SYNC_EVERY: usize = 1 << 20;

/// A file that is synced while it grows. If its bytes piled up in memory, the syncs of the database, which clients
/// wait for, would queue behind all of them.
pub(super) struct SyncedFile {
    file: File,
    unsynced: usize,
}

impl SyncedFile {
    pub(super) fn new(file: File) -> SyncedFile {
        SyncedFile { file, unsynced: 0 }
    }

    /// Syncs data and metadata.
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
