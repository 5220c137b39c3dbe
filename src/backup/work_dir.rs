//! Private places to work in, inside of the data directory.
//!
//! Whoever makes or removes backups is alone with that. Whoever only looks at them has a place of its own, so that looking
//! never waits for a backup that is being made.

use super::error::BackupError;
use super::service::{BackupService, file_error};
use crate::store::{BackupLock, LookLock};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

impl BackupService {
    /// Makes sure that nobody else makes or removes backups, and a private place to work in, empty.
    pub(super) fn work_dir(&self) -> Result<WorkDir, BackupError> {
        let lock = self.dir.lock_backups()?;
        if self.is_background {
            step_back();
        }
        let path = self.dir.path().join("backup.tmp");
        remove(&path).and_then(|()| DirBuilder::new().mode(0o700).create(&path)).map_err(file_error(&path))?;
        Ok(WorkDir { path, _held: Held::Alone(lock) })
    }

    /// A private place to look at backups in, beside others who look at them and one who makes or removes some.
    pub(super) fn inspection_dir(&self) -> Result<WorkDir, BackupError> {
        if self.is_background {
            step_back();
        }
        let (path, lock) = self.dir.place_to_look()?;
        Ok(WorkDir { path, _held: Held::Beside(lock) })
    }
}

/// Lets this thread, and those that it starts, give way to those who serve; not so far that a busy machine starves them, because
/// a copy that takes long keeps the write-ahead log from starting over. There is no way back, and no need for one: such threads
/// have nothing else to do.
fn step_back() {
    if let Err(error) = rustix::process::nice(10) {
        tracing::debug!(%error, "the work with backups keeps its priority");
    }
}

/// A private directory in the data directory; it goes when the work is done, or when the next work begins.
pub(super) struct WorkDir {
    path: PathBuf,
    _held: Held,
}

/// What keeps others out of it.
#[expect(dead_code, reason = "they are held, and let go with the place")]
enum Held {
    Alone(BackupLock),
    Beside(LookLock),
}

impl WorkDir {
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for WorkDir {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "is left behind; the next one removes it");
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
