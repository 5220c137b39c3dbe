//! Errors of backups and restores, told apart by what an operator can do.

use super::codec::CodecError;
use super::manifest::ManifestError;
use super::signature::Distrust;
use super::target::TargetError;
use crate::domain::clock::Moment;
use crate::store::{CopyError, DataDirError, MigrationError, StoreError};
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// What is wrong with something that was read: a sentence of ours, or the error of a library.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a backup, a verification or a restore failed. The command line has an exit code and a next step for each.
#[derive(Debug, Error)]
pub enum BackupError {
    /// Another process holds the lock of the backups in this data directory.
    #[error("another process works with the backups of {}", .0.display())]
    Busy(PathBuf),
    /// `[backup]` names neither a directory nor a bucket.
    #[error("no target for backups is configured")]
    NoTarget,
    /// A target could not be read or written.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// These targets failed; the others have the backup.
    #[error("the backup was created, but some targets do not have it{}", list(.0))]
    Partial(Vec<TargetError>),
    /// No target has the backup, or any backup; the text says which.
    #[error("{0}")]
    NotFound(String),
    /// A backup is damaged, or does not match its manifest.
    #[error("{backup} {what}")]
    Invalid {
        /// Which backup, and where it is.
        backup: String,
        /// What is wrong with it.
        #[source]
        what: Cause,
    },
    /// It is not known who made a backup or a segment, or it is plain where backups are encrypted.
    #[error("{what} {why}{}", unverified(histories))]
    Untrusted {
        /// Which one, and where it is.
        what: String,
        #[source]
        why: Distrust,
        /// The histories that the targets show to whoever trusts all of it, each as a phrase, if that is what a restore
        /// stumbles over.
        histories: Vec<String>,
    },
    /// A database has other tables, indexes, views or triggers than this program makes; the text names the first.
    #[error("the schema is not that of bursar: {0}")]
    ForeignSchema(String),
    /// There is no installation key to sign with.
    #[error("there is no installation key to sign backups with")]
    NoSigningKey,
    /// Less space is free than the work takes.
    #[error("{} has {free} bytes free, and {needed} are needed", path.display())]
    NoRoom {
        /// The directory that the files go to.
        path: PathBuf,
        needed: u64,
        free: u64,
    },
    /// Commits are missing between the backup and the requested moment.
    #[error("commits {first} to {last} are at no target; what was recorded up to {reaches} can be restored")]
    Gap {
        /// The first that is missing.
        first: u64,
        /// The last that is missing.
        last: u64,
        /// The moment that can be reached without them.
        reaches: Moment,
    },
    /// A signed checkpoint has seen more of the audit log than what is at the targets leads to.
    #[error(
        "changes are missing at the end: {checkpoint} covers {signed} rows of the audit log, and what is there leads \
         to {rows}; what was recorded up to {reaches} can be restored"
    )]
    Unfinished {
        /// Which checkpoint, and where it is.
        checkpoint: String,
        signed: u64,
        rows: u64,
        /// The moment that can be reached without them.
        reaches: Moment,
    },
    /// An earlier writer of this installation lives; the text says where.
    #[error("another server of this installation, in {0}, ships to the same target; this one came later and does not")]
    OtherWriter(String),
    /// An earlier writer may live; the text says where.
    #[error("another server of this installation, in {0}, may still run; waiting to see whether it does")]
    PerhapsOtherWriter(String),
    /// The key of this installation has signed two logs of the same name and size.
    #[error(
        "{target} holds a signed checkpoint of {origin} at {size} rows with another root: the key signed two histories"
    )]
    TwoRoots { target: String, origin: String, size: u64 },
    /// Several histories exist, and none continues another.
    #[error("the targets hold {} histories that do not continue one another: {}", .0.len(), some(.0))]
    Branches(Vec<String>),
    /// A restore has left all histories behind, and the targets lack what it began.
    #[error("what a restore began is missing; the targets hold only what it left behind: {}", some(.0))]
    Superseded(Vec<String>),
    /// What was recorded later belongs to a stream that has no backup to start from.
    #[error("what was recorded after {0} has no backup to start from; what was recorded up to then can be restored")]
    Baseless(Moment),
    /// Two segments hold different commits of the same numbers.
    #[error(
        "{one} and {other} hold different changes under the same numbers; what was recorded up to {reaches} can be \
         restored"
    )]
    Conflict {
        one: String,
        other: String,
        /// The moment that can be reached without them.
        reaches: Moment,
    },
    /// A segment of the change journal is damaged.
    #[error("{segment} is damaged: {what}; what was recorded up to {reaches} can be restored")]
    Segment {
        /// Which segment, and where it is.
        segment: String,
        /// What is wrong with it.
        #[source]
        what: Cause,
        /// The moment that can be reached without it.
        reaches: Moment,
    },
    /// A later version of this program made the backup.
    #[error("{0}")]
    Newer(String),
    /// The backup is encrypted, and no private key was given.
    #[error("{0} is encrypted, and no private key was given")]
    NoKey(String),
    /// None of the private keys given opens the backup.
    #[error("{0} is encrypted to another key")]
    WrongKey(String),
    /// The copy of the database failed its proof; the text is the first finding.
    #[error("the database failed its proof, so no backup was created: {0}")]
    Unproven(String),
    /// The data directory cannot be used, for another reason than [`BackupError::Busy`].
    #[error(transparent)]
    DataDir(DataDirError),
    /// A file operation outside of targets failed.
    #[error("{}: {}", .0.display(), .1)]
    Local(PathBuf, #[source] io::Error),
    /// SQLite failed while the database was copied or read.
    #[error("the database cannot be copied: {0}")]
    Store(#[from] StoreError),
    /// The copy could not be migrated to this program's schema.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The work was cancelled.
    #[error("it was called off")]
    Cancelled,
}

fn list(errors: &[TargetError]) -> String {
    errors.iter().map(|error| format!("; {error}")).collect()
}

fn unverified(histories: &[String]) -> String {
    match histories {
        [] | [_] => String::new(),
        _ => format!(
            "; not verified: {} histories that do not continue one another: {}",
            histories.len(),
            some(histories)
        ),
    }
}

/// The most that a sentence lists. Whoever can write to a target can make any number of names.
const LISTED_MAX: usize = 6;

/// The first of these phrases, and how many there are beside them.
pub(super) fn some_of(phrases: &[String]) -> Vec<String> {
    let (first, more) = phrases.split_at(phrases.len().min(LISTED_MAX));
    let more = (!more.is_empty()).then(|| format!("and {} more", more.len()));
    first.iter().cloned().chain(more).collect()
}

/// The same as one sentence.
pub(super) fn some(phrases: &[String]) -> String {
    some_of(phrases).join("; ")
}

impl BackupError {
    /// Whether this process had to leave the work to another process or user, which says nothing about backups.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, BackupError::Busy(_) | BackupError::DataDir(DataDirError::NotOwner { .. }))
    }

    /// Whether another copy of the same backup or segment may be good.
    pub(super) fn is_of_one_copy(&self) -> bool {
        matches!(
            self,
            BackupError::Invalid { .. }
                | BackupError::Segment { .. }
                | BackupError::Untrusted { .. }
                | BackupError::Target(_)
        )
    }

    /// The error for a backup that could not be unwrapped; `backup` is its label.
    pub(super) fn of_codec(backup: &str, error: CodecError) -> BackupError {
        match error {
            CodecError::NoKey => BackupError::NoKey(backup.to_owned()),
            CodecError::WrongKey => BackupError::WrongKey(backup.to_owned()),
            CodecError::Manifest(error) => BackupError::of_manifest(backup, &error),
            error => BackupError::Invalid { backup: backup.to_owned(), what: error.into() },
        }
    }

    /// The error for a backup whose manifest cannot be used; `backup` is its label.
    pub(super) fn of_manifest(backup: &str, error: &ManifestError) -> BackupError {
        match error {
            ManifestError::Newer { .. } => BackupError::Newer(format!("{backup} {error}")),
            ManifestError::Unreadable(_)
            | ManifestError::Unfetched(_)
            | ManifestError::Misplaced
            | ManifestError::Forged => BackupError::Invalid { backup: backup.to_owned(), what: error.clone().into() },
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
