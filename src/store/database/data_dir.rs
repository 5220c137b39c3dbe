//! The data directory: private to its owner, and locked by the process that writes.

use crate::store::StoreError;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A directory with one database and the files that belong to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DataDir {
    path: PathBuf,
}

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
pub enum DataDirError {
    #[error("{} is in use by another bursar process", .0.display())]
    InUse(PathBuf),
    /// SQLite keeps the log beside the file that the link leads to, and a restore would replace the link alone.
    #[error("{} is a link to {}", link.display(), target.display())]
    Link { link: PathBuf, target: PathBuf },
    /// Another directory has the same file, and a server there would not know of this one.
    #[error("{} has {names} names (hard links): another directory has the same file", file.display())]
    Shared { file: PathBuf, names: u64 },
    /// Files of this process would be closed to the owner, whose server then could not use them.
    #[error("{} belongs to user {owner}, and this command runs as user {user}", path.display())]
    NotOwner { path: PathBuf, owner: u32, user: u32 },
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, #[source] io::Error),
}

const BACKUP_LOCK: &str = "backup.lock";
/// What may be in a directory before a restore into it: what an earlier attempt leaves, the key to restore with, and
/// what file systems are made with.
const OF_RESTORES: [&str; 8] = [
    "bursar.lock",
    "look.lock",
    BACKUP_LOCK,
    "restore.tmp",
    "restore.swap",
    "restore.making",
    "installation.key",
    "lost+found",
];
/// The record of backups, and its lock.
pub(in crate::store) const RECORD_FILE: &str = "backup-record.json";
pub(in crate::store) const RECORD_LOCK: &str = "backup-record.lock";

impl DataDir {
    /// Names a directory without touching the file system.
    pub fn new(path: impl Into<PathBuf>) -> DataDir {
        DataDir { path: path.into() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn database_file(&self) -> PathBuf {
        self.path.join("bursar.db")
    }

    /// The socket on which a running server accepts commands.
    pub fn control_socket(&self) -> PathBuf {
        self.path.join("control.sock")
    }

    /// The installation key, unless the configuration names another file.
    pub fn key_file(&self) -> PathBuf {
        self.path.join("installation.key")
    }

    /// Where segments of the change journal wait to be shipped.
    pub fn journal_dir(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// Takes the lock for making or removing backups, one at a time. The database may be written meanwhile.
    pub fn lock_backups(&self) -> Result<BackupLock, DataDirError> {
        let file = self.lock_file(BACKUP_LOCK)?;
        match file.try_lock() {
            Ok(()) => Ok(BackupLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(self.path.clone())),
            Err(TryLockError::Error(error)) => Err(self.io(error)),
        }
    }

    /// Creates a private directory for inspecting backups. Several may exist at the same time; those left behind by a
    /// crash are removed.
    pub fn inspection_dir(&self) -> Result<(PathBuf, InspectionLock), DataDirError> {
        // Held until the new directory has its own lock, or another process would take it for one left behind.
        let turn = self.lock_file("look.lock")?;
        turn.lock().and_then(|()| self.make_inspection_dir()).map_err(|error| self.io(error))
    }

    fn make_inspection_dir(&self) -> io::Result<(PathBuf, InspectionLock)> {
        let is_inspection_dir = |name: &str| name.starts_with("look-") && name.ends_with(".tmp");
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(is_inspection_dir) && File::open(entry.path())?.try_lock().is_ok()
            {
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
                    return Ok((path, InspectionLock { _held: held }));
                }
            }
        }
    }

    pub fn has_database(&self) -> bool {
        self.database_file().exists()
    }

    /// Creates the directory with mode 0700 if it is missing; an existing one keeps its mode. After this the directory,
    /// and so a file synced into it, survives a power cut.
    pub fn create(&self) -> Result<(), DataDirError> {
        let missing = self.path.ancestors().take_while(|path| !path.is_dir() && *path != Path::new(""));
        let missing: Vec<&Path> = missing.collect();
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path).map_err(|error| self.io(error))?;
        // Also for an existing directory: its creator may have been interrupted before this step.
        match (sync_parent(&self.path), missing.is_empty()) {
            (Err(error), true) if error.kind() == io::ErrorKind::PermissionDenied => {}
            (synced, _) => synced.map_err(|error| self.io(error))?,
        }
        missing.into_iter().skip(1).try_for_each(sync_parent).map_err(|error| self.io(error))
    }

    /// The first file in the directory, by name, that no restore leaves behind and nobody puts there for one; none if
    /// the directory is as good as empty, or does not exist.
    pub fn stranger(&self) -> Result<Option<PathBuf>, DataDirError> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            entries => entries.map_err(|error| self.io(error))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| self.io(error))?;
            if !entry.file_name().to_str().is_some_and(|name| OF_RESTORES.contains(&name)) {
                found.push(entry.path());
            }
        }
        Ok(found.into_iter().min())
    }

    /// Takes the lock, held for as long as the returned value lives. The kernel releases it when the process ends,
    /// however it ends.
    pub fn lock(&self) -> Result<Locked, DataDirError> {
        let file = self.lock_file("bursar.lock")?;
        match file.try_lock() {
            Ok(()) => {
                self.refuse_link()?;
                let locked = Locked { dir: self.clone(), _file: file };
                locked.finish_swap()?;
                // An interrupted swap has given the old database another name.
                self.refuse_shared()?;
                Ok(locked)
            }
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(self.path.clone())),
            Err(TryLockError::Error(error)) => Err(self.io(error)),
        }
    }

    fn refuse_link(&self) -> Result<(), DataDirError> {
        let link = self.database_file();
        match fs::read_link(&link) {
            Ok(target) => Err(DataDirError::Link { link, target }),
            Err(_) => Ok(()), // not a link, or not there
        }
    }

    fn refuse_shared(&self) -> Result<(), DataDirError> {
        let file = self.database_file();
        match fs::symlink_metadata(&file) {
            Ok(found) if found.nlink() > 1 => Err(DataDirError::Shared { file, names: found.nlink() }),
            _ => Ok(()), // not there, or its opening tells what is wrong
        }
    }

    /// Opens a lock file. Whoever changes anything in the directory holds a lock first, so this is where other users
    /// than the directory's owner are refused, root too.
    fn lock_file(&self, name: &str) -> Result<File, DataDirError> {
        self.check_owner()?;
        let path = self.path.join(name);
        private_file(&path).map_err(|error| DataDirError::Io(path, error))
    }

    /// Refuses other users than the directory's owner, before a file is made that the owner could not read.
    pub fn check_owner(&self) -> Result<(), DataDirError> {
        let user = rustix::process::geteuid().as_raw();
        let owner = fs::metadata(&self.path).map_err(|error| self.io(error))?.uid();
        if owner != user {
            return Err(DataDirError::NotOwner { path: self.path.clone(), owner, user });
        }
        Ok(())
    }

    /// Which file keeps this process from making or recording backups, and why; `None` if none does.
    pub fn backup_obstacle(&self) -> Option<String> {
        let mut writable = OpenOptions::new();
        writable.read(true).write(true);
        [BACKUP_LOCK, RECORD_LOCK, RECORD_FILE].into_iter().find_map(|name| {
            let path = self.path.join(name);
            let error = writable.open(&path).err().filter(|error| error.kind() != io::ErrorKind::NotFound)?;
            Some(format!("{}: {error}", path.display()))
        })
    }

    fn io(&self, error: io::Error) -> DataDirError {
        DataDirError::Io(self.path.clone(), error)
    }
}

/// Held while backups are made or removed.
#[derive(Debug)]
pub struct BackupLock {
    _file: File,
}

/// Held while backups are inspected in a private directory.
#[derive(Debug)]
pub struct InspectionLock {
    _held: File,
}

/// A data directory that only this process writes to.
#[derive(Debug)]
pub struct Locked {
    dir: DataDir,
    _file: File,
}

impl Locked {
    pub fn dir(&self) -> &DataDir {
        &self.dir
    }

    /// Closes the directory to other users, as a server asks for.
    pub fn make_private(&self) -> Result<(), DataDirError> {
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(&self.dir.path, private).map_err(|error| self.dir.io(error))
    }

    /// The database file, created with mode 0600 if it is missing. SQLite gives its side files the same mode.
    pub(in crate::store) fn database_file(&self) -> PathBuf {
        let file = self.dir.database_file();
        if !file.exists() {
            // Opening the database reports an error here with more detail.
            let _ = private_file(&file);
        }
        file
    }

    /// Syncs the directory, so that its files survive a power cut. SQLite does this when it creates a write-ahead log,
    /// but ignores failures, and without its log the database loses commits.
    pub(in crate::store) fn sync(&self) -> Result<(), StoreError> {
        let path = &self.dir.path;
        sync_directory(path).map_err(|error| StoreError::disk(format!("{} cannot be synced", path.display()), error))
    }

    /// Checks that `bytes` more fit on the disk by writing them for a moment.
    pub(in crate::store) fn check_room(&self, bytes: usize) -> io::Result<()> {
        let path = self.dir.path.join("room.tmp");
        let taken = private_file(&path).and_then(|mut file| {
            file.write_all(&vec![1; bytes])?;
            file.sync_all()
        });
        let removed = fs::remove_file(&path);
        taken.and(removed)
    }

    /// Removes a database whose set-up did not complete.
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

/// Syncs the parent directory, so that a file or directory survives a power cut.
pub(in crate::store) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        None => Ok(()),
        Some(parent) if parent == Path::new("") => sync_directory(Path::new(".")),
        Some(parent) => sync_directory(parent),
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        // Not every file system can sync a directory; then there is nothing to do.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        synced => synced,
    }
}

/// A new, empty file with mode 0600; replaces a leftover of any mode.
pub(in crate::store) fn new_private_file(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

pub(in crate::store) fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}
