//! The data directory: private to its owner, and locked by whoever writes.

use crate::store::StoreError;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A directory that holds one database and what belongs to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DataDir {
    path: PathBuf,
}

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// Another process has it locked.
    #[error("{} is in use by another bursar process", .0.display())]
    InUse(PathBuf),
    /// There is no database in it.
    #[error("there is no database in {path}; create one with: bursar init --data-dir {path}", path = .0.display())]
    NoDatabase(PathBuf),
    /// The file system said no.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, #[source] io::Error),
}

impl DataDir {
    /// Names a directory; nothing is touched yet.
    pub fn new(path: impl Into<PathBuf>) -> DataDir {
        DataDir { path: path.into() }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its database file.
    pub fn database_file(&self) -> PathBuf {
        self.path.join("bursar.db")
    }

    /// The socket on which a running server takes commands.
    pub fn control_socket(&self) -> PathBuf {
        self.path.join("control.sock")
    }

    /// Where the change journal waits to be shipped.
    pub fn journal_dir(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// Takes the lock of backups: one at a time is made or removed, beside whoever writes to the database.
    pub fn lock_backups(&self) -> Result<BackupLock, DataDirError> {
        let file = private_file(&self.path.join("backup.lock")).map_err(|error| self.io(error))?;
        match file.try_lock() {
            Ok(()) => Ok(BackupLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(self.path.clone())),
            Err(TryLockError::Error(error)) => Err(self.io(error)),
        }
    }

    /// Makes a private directory to look at backups in. Several may look at the same time; what those have left whom a crash
    /// has ended is removed.
    pub fn place_to_look(&self) -> Result<(PathBuf, LookLock), DataDirError> {
        self.make_place_to_look().map_err(|error| self.io(error))
    }

    fn make_place_to_look(&self) -> io::Result<(PathBuf, LookLock)> {
        // Held until the new directory is: else somebody else would take it for one that was left.
        let turn = private_file(&self.path.join("look.lock"))?;
        turn.lock()?;
        let is_place = |name: &str| name.starts_with("look-") && name.ends_with(".tmp");
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(is_place) && File::open(entry.path())?.try_lock().is_ok() {
                fs::remove_dir_all(entry.path())?;
            }
        }
        let mut number = 1;
        loop {
            let path = self.path.join(format!("look-{number}.tmp"));
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                made => {
                    made?;
                    let held = File::open(&path)?;
                    held.lock()?;
                    return Ok((path, LookLock { _held: held }));
                }
            }
        }
    }

    /// Whether a database was created in it.
    pub fn has_database(&self) -> bool {
        self.database_file().exists()
    }

    /// Creates the directory with mode 0700 if it is not there. An existing one keeps its mode. Once this returns, the
    /// directory survives a power cut, and so can what is written into it.
    pub fn create(&self) -> Result<(), DataDirError> {
        let missing = self.path.ancestors().take_while(|path| !path.is_dir() && *path != Path::new(""));
        let missing: Vec<&Path> = missing.collect();
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path).map_err(|error| self.io(error))?;
        // Also of one that was there: whoever made it may have been cut short before this.
        match (sync_parent(&self.path), missing.is_empty()) {
            (Err(error), true) if error.kind() == io::ErrorKind::PermissionDenied => {}
            (synced, _) => synced.map_err(|error| self.io(error))?,
        }
        missing.into_iter().skip(1).try_for_each(sync_parent).map_err(|error| self.io(error))
    }

    /// Takes the lock, for as long as the returned value lives. The kernel lets go of it when the process ends, however
    /// it ends.
    pub fn lock(&self) -> Result<Locked, DataDirError> {
        let file = private_file(&self.path.join("bursar.lock")).map_err(|error| self.io(error))?;
        match file.try_lock() {
            Ok(()) => {
                let locked = Locked { dir: self.clone(), _file: file };
                locked.finish_swap()?;
                Ok(locked)
            }
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(self.path.clone())),
            Err(TryLockError::Error(error)) => Err(self.io(error)),
        }
    }

    fn io(&self, error: io::Error) -> DataDirError {
        DataDirError::Io(self.path.clone(), error)
    }
}

/// Held by whoever works with backups.
#[derive(Debug)]
pub struct BackupLock {
    _file: File,
}

/// Held by whoever looks at backups in a directory of their own.
#[derive(Debug)]
pub struct LookLock {
    _held: File,
}

/// A data directory that nobody else writes to.
#[derive(Debug)]
pub struct Locked {
    dir: DataDir,
    _file: File,
}

impl Locked {
    /// The directory.
    pub fn dir(&self) -> &DataDir {
        &self.dir
    }

    /// The database file; it is created readable by its owner only, and SQLite gives its side files the same mode.
    pub(in crate::store) fn database_file(&self) -> PathBuf {
        let file = self.dir.database_file();
        if !file.exists() {
            // An error shows up again, with more to say, when the database is opened.
            let _ = private_file(&file);
        }
        file
    }

    /// Makes sure that all files in the directory survive a power cut. SQLite asks for that too when it makes a write-ahead
    /// log, but takes no notice of the answer, and without its log the database lacks what was committed.
    pub(in crate::store) fn sync(&self) -> Result<(), StoreError> {
        let path = &self.dir.path;
        sync_directory(path).map_err(|error| StoreError::disk(format!("{} cannot be synced", path.display()), error))
    }

    /// Whether there is room for `bytes` more, found out by taking it for a moment.
    pub(in crate::store) fn try_room(&self, bytes: usize) -> io::Result<()> {
        let path = self.dir.path.join("room.tmp");
        let taken = private_file(&path).and_then(|mut file| {
            file.write_all(&vec![1; bytes])?;
            file.sync_all()
        });
        let removed = fs::remove_file(&path);
        taken.and(removed)
    }

    /// Removes a database that could not be set up completely.
    pub fn discard_database(&self) -> Result<(), DataDirError> {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = self.dir.database_file().into_os_string();
            name.push(suffix);
            match fs::remove_file(&name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.dir.io(error)),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Makes sure that a file or directory is still in its directory after a power cut.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        None => Ok(()),
        Some(parent) if parent == Path::new("") => sync_directory(Path::new(".")),
        Some(parent) => sync_directory(parent),
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        // Not every file system knows this of directories; where it does not, there is nothing to be done.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        synced => synced,
    }
}

pub(in crate::store) fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}
