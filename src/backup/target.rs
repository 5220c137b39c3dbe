//! Where backups go: a place that keeps whole objects under names. Two kinds, behind one trait, because a test cannot bring
//! down a data centre: [`DirectoryTarget`] and [`S3Target`].
//!
//! The trait blocks. Backups run on threads of their own and in commands, never where requests are served.

use super::directory::DirectoryTarget;
use super::s3::{S3Settings, S3Target};
use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;

/// A place for objects. A name is made of parts with `/` in between; an object is there as a whole or not at all.
pub trait Target: Send + Sync {
    /// How the place is called in messages and records: no secret is in it.
    fn name(&self) -> &str;

    /// Whether the place is there, as far as that can be said at no cost.
    fn is_there(&self) -> Result<(), TargetError> {
        Ok(())
    }

    /// Stores an object of `bytes` bytes under a new name. After this has returned it survives a loss of power; if it
    /// fails, or the process dies, nothing is there under that name.
    fn put(&self, key: &str, bytes: u64, from: &mut dyn Read) -> Result<(), TargetError>;

    /// Reads an object from its beginning.
    fn get(&self, key: &str) -> Result<Box<dyn Read + Send>, TargetError>;

    /// The objects whose names begin with `prefix` and a slash, in the order of their names.
    fn list(&self, prefix: &str) -> Result<Vec<Object>, TargetError>;

    /// The first parts of names below `prefix`; of all names where it is empty.
    fn folders(&self, prefix: &str) -> Result<Vec<String>, TargetError>;

    /// Removes an object. One that is not there is no mistake.
    fn delete(&self, key: &str) -> Result<(), TargetError>;

    /// Removes what puts that were cut short have left right below `prefix`. Nobody may be putting there. Returns how many.
    fn sweep(&self, prefix: &str) -> Result<usize, TargetError>;
}

/// An object at a target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    /// Its name.
    pub key: String,
    /// Its size.
    pub bytes: u64,
}

/// What is wrong with a target, as far as it makes a difference to somebody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TargetFault {
    /// The place is not there: a directory that was not mounted, a bucket that does not exist.
    Missing,
    /// The place is there, the object is not.
    NoObject,
    /// There is no room left.
    Full,
    /// It cannot be written to.
    ReadOnly,
    /// This user, or this key, may not.
    Denied,
    /// The key itself is wrong.
    Credentials,
    /// It does not answer, or stopped answering.
    Unreachable,
    /// An object of this name is there already.
    Exists,
    /// What was to be stored could not be read, or changed while it was.
    Source,
    /// Anything else.
    Other,
}

/// Why a target did not do what it was asked.
#[derive(Clone, Debug, Error)]
#[error("{target}: {what}")]
pub struct TargetError {
    /// The name of the target.
    pub target: String,
    /// What somebody can do about it depends on this.
    pub fault: TargetFault,
    /// The reason in words.
    pub what: String,
    /// What the file system or the client of the bucket said.
    #[source]
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl TargetError {
    /// An error of this target.
    pub fn new(target: &str, fault: TargetFault, what: impl fmt::Display) -> TargetError {
        TargetError { target: target.to_owned(), fault, what: what.to_string(), cause: None }
    }

    /// The same with the error that it comes from, which `what` repeats.
    #[must_use]
    pub(super) fn because(self, cause: impl std::error::Error + Send + Sync + 'static) -> TargetError {
        TargetError { cause: Some(Arc::new(cause)), ..self }
    }

    /// What the file system said about something at this target.
    pub(super) fn of_io(target: &str, what: impl fmt::Display, error: io::Error) -> TargetError {
        let fault = match error.kind() {
            io::ErrorKind::NotFound => TargetFault::NoObject,
            io::ErrorKind::AlreadyExists => TargetFault::Exists,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                TargetFault::Full
            }
            io::ErrorKind::ReadOnlyFilesystem => TargetFault::ReadOnly,
            io::ErrorKind::PermissionDenied => TargetFault::Denied,
            io::ErrorKind::TimedOut | io::ErrorKind::StaleNetworkFileHandle | io::ErrorKind::HostUnreachable => {
                TargetFault::Unreachable
            }
            _ => TargetFault::Other,
        };
        TargetError::new(target, fault, format!("{what}: {error}")).because(error)
    }

    /// What to do about it.
    pub fn next(&self) -> &'static str {
        match self.fault {
            TargetFault::Missing => "Mount or create it, or change the targets in [backup] of the configuration.",
            TargetFault::NoObject => "See what there is with: bursar backup list",
            TargetFault::Full => "Make room there, or keep fewer backups: bursar backup prune",
            TargetFault::ReadOnly => "Make it writable for the user that bursar runs as.",
            TargetFault::Denied => {
                "Give the user, or the key, that bursar uses the right to read, write, list and delete."
            }
            TargetFault::Credentials => "Put the access key right: backup.s3_credentials_file, or the environment.",
            TargetFault::Unreachable => "See that it is up and can be reached from this machine, then try again.",
            TargetFault::Exists | TargetFault::Source | TargetFault::Other => {
                "Try again; if it stays so, look at that place."
            }
        }
    }
}

/// A target as the configuration describes it.
#[derive(Clone, Debug)]
pub enum TargetSpec {
    /// A directory.
    Directory {
        /// Where.
        path: PathBuf,
        /// Whether to make it: true inside of the data directory only. A directory elsewhere that is missing is more
        /// likely a disk that is not mounted.
        create: bool,
    },
    /// A bucket.
    S3(S3Settings),
}

impl TargetSpec {
    /// The name of the target in messages and in the record of backups.
    pub fn name(&self) -> String {
        match self {
            TargetSpec::Directory { path, .. } => path.display().to_string(),
            TargetSpec::S3(settings) => settings.name(),
        }
    }

    /// Makes it ready for use. Nothing is written or sent yet.
    pub fn open(&self) -> Result<Arc<dyn Target>, TargetError> {
        Ok(match self {
            TargetSpec::Directory { path, create } => Arc::new(DirectoryTarget::new(path, *create)),
            TargetSpec::S3(settings) => Arc::new(S3Target::new(settings)?),
        })
    }
}
