//! Private directories for work with backups, inside the data directory.
//!
//! One process at a time creates or removes backups. Verifications and drills have directories of their own, so that
//! they never wait for a backup.

use super::error::BackupError;
use super::service::{BackupService, file_error};
use crate::store::{BackupLock, InspectionLock};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

impl BackupService {
    /// Takes the lock of the backups and creates the work directory, empty.
    pub(super) fn work_dir(&self) -> Result<WorkDir, BackupError> {
        let lock = self.dir.lock_backups()?;
        if self.is_background {
            step_back();
        }
        let path = self.dir.path().join("backup.tmp");
        remove(&path).and_then(|()| DirBuilder::new().mode(0o700).create(&path)).map_err(file_error(&path))?;
        Ok(WorkDir { path, _held: Held::Alone(lock) })
    }

    /// Creates a directory for a verification or drill; others may run at the same time, and one backup.
    pub(super) fn inspection_dir(&self) -> Result<WorkDir, BackupError> {
        if self.is_background {
            step_back();
        }
        let (path, lock) = self.dir.inspection_dir()?;
        Ok(WorkDir { path, _held: Held::Beside(lock) })
    }
}

/// Lowers the priority of this thread and of those that it starts. Only by 10: at a lower one it would starve on a
/// busy machine, and a long copy keeps the write-ahead log from being reset. Nothing raises the priority again,
/// because these threads do nothing else.
fn step_back() {
    if let Err(error) = rustix::process::nice(10) {
        tracing::debug!(%error, "the priority of backup work could not be lowered");
    }
}

/// A private directory that is removed when the work ends, or after a crash when the next work begins.
pub(super) struct WorkDir {
    path: PathBuf,
    _held: Held,
}

/// The lock that keeps other processes out of the directory.
#[expect(dead_code, reason = "they are held, and let go with the place")]
enum Held {
    Alone(BackupLock),
    Beside(InspectionLock),
}

impl WorkDir {
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for WorkDir {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            let path = self.path.display();
            tracing::warn!(%error, %path, "the work directory could not be removed; the next run removes it");
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
