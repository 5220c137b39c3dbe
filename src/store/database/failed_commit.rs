//! Removes a failed COMMIT from the write-ahead log.
//!
//! If its write or sync fails, any part of it may have reached the disk, now or later, and with all of it there a
//! restart applies the commit. Overwriting it helps only once the disk confirms that, and a full disk may not even take
//! it. So the log is cut off after the last commit that succeeded, and the shorter log is synced.

use crate::store::StoreError;
use crate::store::database::connection::open_checkpointer;
use crate::store::database::journal::{log_len, wal_of};
use rusqlite::Connection;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Returns once the log on disk certainly ends with the last successful commit. The writer must be in no transaction.
pub(in crate::store) fn remove(writer: &Connection) -> Result<(), StoreError> {
    // Under the lock of the writer nobody else appends.
    writer.execute_batch("BEGIN IMMEDIATE")?;
    let removed = cut(writer);
    writer.execute_batch("ROLLBACK")?;
    removed
}

fn cut(writer: &Connection) -> Result<(), StoreError> {
    let file = Path::new(writer.path().ok_or_else(|| StoreError::corrupt("the database has no file"))?);
    // SQLite tells where its log ends to a connection without a transaction only.
    let other = open_checkpointer(file)?;
    let frames: i64 = other.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1))?;
    let page_size: u32 = writer.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let frames = u64::try_from(frames).map_err(|_| StoreError::corrupt("the write-ahead log is not in use"))?;
    let path = wal_of(file);
    let cut =
        OpenOptions::new().write(true).open(&path).and_then(|log| cut_off(&log, log_len(frames, page_size.into())));
    cut.map_err(|error| StoreError::disk(format!("{} cannot be cut off", path.display()), error))
}

/// Cuts even what is not longer: an earlier cut may have failed to reach the disk.
fn cut_off(log: &File, len: u64) -> io::Result<()> {
    log.set_len(len.min(log.metadata()?.len()))?;
    log.sync_all()
}
