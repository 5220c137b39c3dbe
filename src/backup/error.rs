//! Why something with backups did not work.

use super::codec::CodecError;
use super::manifest::ManifestError;
use super::target::TargetError;
use crate::domain::clock::Moment;
use crate::store::{CopyError, DataDirError, MigrationError, StoreError};
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// What is wrong with something that was read: a text, or the error of a library.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The reason, told apart by what can be done about it.
#[derive(Debug, Error)]
pub enum BackupError {
    /// Somebody else works with backups of this installation.
    #[error("another process works with the backups of {}", .0.display())]
    Busy(PathBuf),
    /// There are no targets.
    #[error("no place for backups is configured")]
    NoTarget,
    /// A target did not do what it was asked.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Some targets have the backup, and these do not.
    #[error("the backup was made, but not all places have it{}", list(.0))]
    Partial(Vec<TargetError>),
    /// There is no such backup, or none at all.
    #[error("{0}")]
    NotFound(String),
    /// A backup is not as it should be.
    #[error("{backup} {what}")]
    Invalid {
        /// Which, and where.
        backup: String,
        /// What is wrong with it.
        #[source]
        what: Cause,
    },
    /// Commits are missing on the way to what was asked for.
    #[error("commits {first} to {last} are at no target; what was recorded up to {reaches} can be reached")]
    Gap {
        /// The first that is missing.
        first: u64,
        /// The last that is missing.
        last: u64,
        /// The moment that can be reached without them.
        reaches: Moment,
    },
    /// A segment of the change journal is not as it should be.
    #[error("{segment} is not as it should be: {what}; what was recorded up to {reaches} can be reached")]
    Segment {
        /// Which, and where.
        segment: String,
        /// What is wrong with it.
        #[source]
        what: Cause,
        /// The moment that can be reached without it.
        reaches: Moment,
    },
    /// A backup was made by a later version of this program.
    #[error("{0}")]
    Newer(String),
    /// A backup is encrypted and there is no key at hand.
    #[error("{0} is encrypted, and no private key was given")]
    NoKey(String),
    /// A backup is encrypted to another key.
    #[error("{0} is encrypted to another key than those given")]
    WrongKey(String),
    /// The database that was copied is not as it should be.
    #[error("the database is not as it should be, so no backup was made: {0}")]
    Unproven(String),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(DataDirError),
    /// A file on this machine failed.
    #[error("{}: {}", .0.display(), .1)]
    Local(PathBuf, #[source] io::Error),
    /// The database failed.
    #[error("the database cannot be copied: {0}")]
    Store(#[from] StoreError),
    /// A copy could not be brought to this program's schema.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// It was called off.
    #[error("it was called off")]
    Cancelled,
}

fn list(errors: &[TargetError]) -> String {
    errors.iter().map(|error| format!("; {error}")).collect()
}

impl BackupError {
    /// What became of unwrapping a backup.
    pub(super) fn of_codec(backup: &str, error: CodecError) -> BackupError {
        match error {
            CodecError::NoKey => BackupError::NoKey(backup.to_owned()),
            CodecError::WrongKey => BackupError::WrongKey(backup.to_owned()),
            CodecError::Manifest(error) => BackupError::of_manifest(backup, &error),
            error => BackupError::Invalid { backup: backup.to_owned(), what: error.into() },
        }
    }

    /// What is wrong with a manifest.
    pub(super) fn of_manifest(backup: &str, error: &ManifestError) -> BackupError {
        match error {
            ManifestError::Newer { .. } => BackupError::Newer(format!("{backup} {error}")),
            ManifestError::Unreadable(_) | ManifestError::Misplaced => {
                BackupError::Invalid { backup: backup.to_owned(), what: error.clone().into() }
            }
        }
    }
}

impl From<CopyError> for BackupError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Stopped => BackupError::Cancelled,
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
