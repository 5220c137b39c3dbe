//! Why something with backups did not work.

use super::codec::CodecError;
use super::manifest::ManifestError;
use super::target::TargetError;
use crate::domain::clock::Moment;
use crate::store::{CopyError, DataDirError, MigrationError, StoreError};
use std::fmt;
use std::io;
use std::path::PathBuf;

/// The reason, told apart by what can be done about it.
#[derive(Debug)]
pub enum BackupError {
    /// Somebody else works with backups of this installation.
    Busy(PathBuf),
    /// There are no targets.
    NoTarget,
    /// A target did not do what it was asked.
    Target(TargetError),
    /// Some targets have the backup, and these do not.
    Partly(Vec<TargetError>),
    /// There is no such backup, or none at all.
    NotFound(String),
    /// A backup is not as it should be.
    Wrong {
        /// Which, and where.
        backup: String,
        /// What is wrong with it.
        what: String,
    },
    /// Commits are missing on the way to what was asked for.
    Gap {
        /// The first that is missing.
        first: u64,
        /// The last that is missing.
        last: u64,
        /// The moment that can be reached without them.
        reaches: Moment,
    },
    /// A segment of the change journal is not as it should be.
    Segment {
        /// Which, and where.
        segment: String,
        /// What is wrong with it.
        what: String,
        /// The moment that can be reached without it.
        reaches: Moment,
    },
    /// A backup was made by a later version of this program.
    Newer(String),
    /// A backup is encrypted and there is no key at hand.
    NoKey(String),
    /// A backup is encrypted to another key.
    WrongKey(String),
    /// The database that was copied is not as it should be.
    Unproven(String),
    /// The data directory cannot be used.
    DataDir(DataDirError),
    /// A file on this machine failed.
    Local(PathBuf, io::Error),
    /// The database failed.
    Store(StoreError),
    /// A copy could not be brought to this program's schema.
    Migration(MigrationError),
    /// It was called off.
    Stopped,
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BackupError::Busy(path) => write!(f, "another process works with the backups of {}", path.display()),
            BackupError::NoTarget => f.write_str("no place for backups is configured"),
            BackupError::Target(error) => error.fmt(f),
            BackupError::Partly(errors) => {
                f.write_str("the backup was made, but not all places have it")?;
                errors.iter().try_for_each(|error| write!(f, "; {error}"))
            }
            BackupError::NotFound(what) => f.write_str(what),
            BackupError::Wrong { backup, what } => write!(f, "{backup} {what}"),
            BackupError::Gap { first, last, reaches } => {
                write!(
                    f,
                    "commits {first} to {last} are at no target; what was recorded up to {reaches} can be reached"
                )
            }
            BackupError::Segment { segment, what, reaches } => {
                write!(f, "{segment} is not as it should be: {what}; what was recorded up to {reaches} can be reached")
            }
            BackupError::Newer(what) => f.write_str(what),
            BackupError::NoKey(backup) => write!(f, "{backup} is encrypted, and no private key was given"),
            BackupError::WrongKey(backup) => write!(f, "{backup} is encrypted to another key than those given"),
            BackupError::Unproven(what) => {
                write!(f, "the database is not as it should be, so no backup was made: {what}")
            }
            BackupError::DataDir(error) => error.fmt(f),
            BackupError::Local(path, error) => write!(f, "{}: {error}", path.display()),
            BackupError::Store(error) => write!(f, "the database cannot be copied: {error}"),
            BackupError::Migration(error) => error.fmt(f),
            BackupError::Stopped => f.write_str("it was called off"),
        }
    }
}

impl std::error::Error for BackupError {}

impl BackupError {
    /// What became of unwrapping a backup.
    pub(super) fn of_codec(backup: &str, error: CodecError) -> BackupError {
        match error {
            CodecError::NoKey => BackupError::NoKey(backup.to_owned()),
            CodecError::WrongKey => BackupError::WrongKey(backup.to_owned()),
            CodecError::Manifest(error) => BackupError::of_manifest(backup, &error),
            error => BackupError::Wrong { backup: backup.to_owned(), what: error.to_string() },
        }
    }

    /// What is wrong with a manifest.
    pub(super) fn of_manifest(backup: &str, error: &ManifestError) -> BackupError {
        match error {
            ManifestError::Newer { .. } => BackupError::Newer(format!("{backup} {error}")),
            ManifestError::Unreadable(_) => BackupError::Wrong { backup: backup.to_owned(), what: error.to_string() },
        }
    }
}

impl From<TargetError> for BackupError {
    fn from(error: TargetError) -> Self {
        BackupError::Target(error)
    }
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        BackupError::Store(error)
    }
}

impl From<MigrationError> for BackupError {
    fn from(error: MigrationError) -> Self {
        BackupError::Migration(error)
    }
}

impl From<CopyError> for BackupError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Stopped => BackupError::Stopped,
            CopyError::Store(error) => BackupError::Store(error),
        }
    }
}

impl From<DataDirError> for BackupError {
    fn from(error: DataDirError) -> Self {
        match error {
            DataDirError::InUse(path) => BackupError::Busy(path),
            error => BackupError::DataDir(error),
        }
    }
}
