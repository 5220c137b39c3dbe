//! Who keeps the write-ahead log from shrinking. SQLite can neither move commits that a reader does not see yet, nor
//! restart the log while a reader uses it, so a reader that never ends lets the log grow until the disk is full.
//!
//! A reader holds a lock on a byte of the file with the ending `-shm`. The kernel tells who, in `/proc/locks`. Opening
//! that file to ask for its locks is out of the question: closing it would release those of SQLite in this process.

use std::fs;
use std::ops::RangeInclusive;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The bytes that readers lock (`WAL_READ_LOCK` in SQLite's `wal.c`).
const READ_LOCKS: RangeInclusive<u64> = 123..=127;

/// The write-ahead log, as probes show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogState {
    pub bytes: u64,
    /// The readers that keep it from shrinking, such as `process 4711 (sqlite3)`.
    pub held_by: Vec<String>,
}

/// Watches whether checkpoints let the log shrink.
pub(in crate::store) struct LogWatch {
    log: PathBuf,
    shm: PathBuf,
    is_held: AtomicBool,
}

impl LogWatch {
    pub(in crate::store) fn new(database: &Path) -> LogWatch {
        let beside = |suffix: &str| {
            let mut name = database.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        LogWatch { log: beside("-wal"), shm: beside("-shm"), is_held: AtomicBool::new(false) }
    }

    /// Records whether the last checkpoint found the log held.
    pub(in crate::store) fn note(&self, is_held: bool) {
        match (self.is_held.swap(is_held, Ordering::AcqRel), is_held) {
            (false, true) => {
                let LogState { bytes, held_by } = self.state();
                let held_by = held_by.join(", ");
                tracing::warn!(
                    bytes,
                    held_by,
                    "a reader keeps the write-ahead log from shrinking; end its transaction"
                );
            }
            (true, false) => tracing::info!("the write-ahead log can shrink again"),
            _ => {}
        }
    }

    pub(in crate::store) fn state(&self) -> LogState {
        let bytes = fs::metadata(&self.log).map_or(0, |log| log.len());
        let held_by = if self.is_held.load(Ordering::Acquire) { self.readers() } else { Vec::new() };
        LogState { bytes, held_by }
    }

    /// Other processes that read now; if there are none, this one, if it reads.
    fn readers(&self) -> Vec<String> {
        let (Ok(shm), Ok(locks)) = (fs::metadata(&self.shm), fs::read_to_string("/proc/locks")) else {
            return vec!["a process that this machine does not tell".into()];
        };
        let found = readers(&locks, shm.ino());
        let others: Vec<String> =
            found.iter().filter(|pid| **pid != std::process::id()).map(|pid| named(*pid)).collect();
        match (others.is_empty(), found.is_empty()) {
            (true, false) => vec!["a read of this server, such as a backup or an export".into()],
            _ => others,
        }
    }
}

fn named(pid: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    match name.trim() {
        "" => format!("process {pid}"),
        name => format!("process {pid} ({name})"),
    }
}

/// The processes that hold a lock for reading, according to a table in the format of `/proc/locks`.
fn readers(locks: &str, inode: u64) -> Vec<u32> {
    let mut found: Vec<u32> = locks.lines().filter_map(|line| reader(line, inode)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// A line reads `1: POSIX  ADVISORY  READ 4711 fe:00:10166668 124 124`. The device is not compared: some file systems
/// show another one there than in the metadata of a file.
fn reader(line: &str, inode: u64) -> Option<u32> {
    let mut fields = line.split_ascii_whitespace().skip(1).filter(|field| *field != "->");
    let (kind, _, access, pid, file) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let (first, last): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let is_here = file.rsplit(':').next()?.parse() == Ok(inode);
    let is_read = kind == "POSIX" && access == "READ" && READ_LOCKS.contains(&first) && READ_LOCKS.contains(&last);
    if is_here && is_read { pid.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_found_among_the_locks() {
        let locks = "1: POSIX  ADVISORY  WRITE 11 fe:00:77 120 120\n\
                     2: POSIX  ADVISORY  READ 12 fe:00:77 124 124\n\
                     3: POSIX  ADVISORY  READ 12 fe:00:77 123 123\n\
                     4: POSIX  ADVISORY  READ 13 fe:00:78 124 124\n\
                     5: POSIX  ADVISORY  READ 14 fe:00:77 128 128\n\
                     6: FLOCK  ADVISORY  READ 15 fe:00:77 0 EOF\n\
                     7: OFDLCK ADVISORY  READ -1 fe:00:77 124 124\n\
                     8: POSIX  ADVISORY  READ 9 08:01:77 127 127\n\
                     8: -> POSIX  ADVISORY  WRITE 10 08:01:77 127 127\n";
        assert_eq!(readers(locks, 77), [9, 12]);
        assert_eq!(readers("", 77), [0; 0]);
    }
}
