//! Removes a failed COMMIT from the write-ahead log, and makes sure of what is found in the log at a start.
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
use std::os::unix::fs::FileExt;
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

/// Writes the log of a database file again as it is, and syncs it. Nobody may have the database open.
///
/// SQLite is about to take every complete commit in it for stored. But if a sync failed, or the process was killed
/// before it, a commit may be in the memory of the system only, which would not even write it again by itself.
pub(in crate::store) fn confirm_log(file: &Path) -> Result<(), StoreError> {
    let path = wal_of(file);
    match OpenOptions::new().read(true).write(true).open(&path).and_then(|log| write_again(&log)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::disk(format!("{} cannot be written again", path.display()), error))
        }
        _ => Ok(()),
    }
}

fn write_again(log: &File) -> io::Result<()> {
    let (mut bytes, mut at) = (vec![0; 1 << 20], 0);
    loop {
        match log.read_at(&mut bytes, at)? {
            0 => return log.sync_all(),
            read => {
                log.write_all_at(&bytes[..read], at)?;
                at += read as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_log_is_written_again_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        let (file, log) = (home.path().join("bursar.db"), home.path().join("bursar.db-wal"));
        confirm_log(&file).unwrap();
        assert!(!log.exists());
        let bytes: Vec<u8> = (0..2_500_000_u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
        for len in [0, 1, 1 << 20, bytes.len()] {
            fs::write(&log, &bytes[..len]).unwrap();
            confirm_log(&file).unwrap();
            assert_eq!(fs::read(&log).unwrap(), bytes[..len]);
        }
    }
}
