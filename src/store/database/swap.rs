//! Replaces the database with a restored one so that a crash at any moment leaves either the old or the new one
//! complete.
//!
//! A small file records that the swap is decided; the next process that locks the directory finishes it. Before the
//! file exists the old database is untouched; once it exists the new one is as good as in place.

use crate::store::database::data_dir::{DataDir, DataDirError, Locked, new_private_file};
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The content of the swap file.
#[derive(Serialize, Deserialize)]
struct Swap {
    /// The directory inside the data directory that keeps the old database; none if there was no old one.
    kept: Option<String>,
}

const FILES: [&str; 3] = ["bursar.db", "bursar.db-wal", "bursar.db-shm"];

impl DataDir {
    fn swap_file(&self) -> PathBuf {
        self.path().join("restore.swap")
    }

    /// Where a database is restored before it replaces the current one.
    pub fn restore_dir(&self) -> PathBuf {
        self.path().join("restore.tmp")
    }

    /// Whether a swap was decided but not finished.
    pub fn has_open_swap(&self) -> bool {
        self.swap_file().exists()
    }
}

impl Locked {
    /// Creates an empty private directory to restore into.
    pub fn empty_restore_dir(&self) -> Result<PathBuf, DataDirError> {
        let path = self.dir().restore_dir();
        let made = remove_dir(&path).and_then(|()| DirBuilder::new().mode(0o700).create(&path));
        made.map(|()| path.clone()).map_err(|error| DataDirError::Io(path, error))
    }

    /// Replaces the database with the one in the restore directory. The old one is kept in the directory `kept` inside
    /// the data directory. Returns that path, or none if there was no old one.
    pub fn swap(&self, kept: &str) -> Result<Option<PathBuf>, DataDirError> {
        let kept = self.dir().has_database().then(|| kept.to_owned());
        let path = self.dir().swap_file();
        let decided = sync(&self.dir().restore_dir().join(FILES[0])).and_then(|()| {
            sync(&self.dir().restore_dir())?;
            let making = path.with_extension("making");
            let mut file = new_private_file(&making)?;
            file.write_all(serde_json::to_string(&Swap { kept: kept.clone() })?.as_bytes())?;
            file.sync_all()?;
            fs::rename(&making, &path)?;
            sync(self.dir().path())
        });
        decided.map_err(|error| DataDirError::Io(path, error))?;
        self.finish_swap()?;
        Ok(kept.map(|kept| self.dir().path().join(kept)))
    }

    /// Finishes a swap that was decided; does nothing if there is none.
    pub(in crate::store) fn finish_swap(&self) -> Result<(), DataDirError> {
        let path = self.dir().swap_file();
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            text => text.map_err(|error| DataDirError::Io(path.clone(), error))?,
        };
        let finished = serde_json::from_slice(&text).map_err(io::Error::other).and_then(|swap: Swap| self.apply(&swap));
        finished.and_then(|()| fs::remove_file(&path)).map_err(|error| DataDirError::Io(path, error))?;
        // Errors from here on do no harm.
        if let Err(error) = sync(self.dir().path()).and_then(|()| remove_dir(&self.dir().restore_dir())) {
            tracing::warn!(%error, "leftovers of a restore were not removed; the next restore will do it");
        }
        Ok(())
    }

    /// Every step can be repeated.
    fn apply(&self, swap: &Swap) -> io::Result<()> {
        let here = self.dir().path();
        let restored = self.dir().restore_dir().join(FILES[0]);
        if !restored.exists() {
            return Ok(()); // it is in place already
        }
        if let Some(kept) = &swap.kept {
            let kept = here.join(kept);
            match DirBuilder::new().mode(0o700).create(&kept) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            for name in FILES {
                match fs::hard_link(here.join(name), kept.join(name)) {
                    Err(error) if !matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => {
                        return Err(error);
                    }
                    _ => {}
                }
            }
            sync(&kept)?;
            sync(here)?;
        }
        // The log of the old database must not be applied to the new one.
        for name in &FILES[1..] {
            match fs::remove_file(here.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        sync(here)?;
        fs::rename(&restored, here.join(FILES[0]))?;
        sync(here)
    }
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn remove_dir(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
