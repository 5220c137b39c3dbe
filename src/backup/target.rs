//! Where backups are stored: whole objects under names. There are two kinds behind one trait, because a test cannot
//! take a data centre down: [`DirectoryTarget`] and [`S3Target`].
//!
//! All calls block; backups run on threads of their own and in commands, never on a worker that serves requests.

use super::directory::DirectoryTarget;
use super::s3::{S3Settings, S3Target};
use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;

/// A store of objects. A key has parts separated by `/`; an object is there as a whole or not at all.
pub trait Target: Send + Sync {
    /// The name in messages and in the record of backups; it contains no secret.
    fn name(&self) -> &str;

    /// Checks that the target exists, where that costs no request.
    fn is_there(&self) -> Result<(), TargetError> {
        Ok(())
    }

    /// Stores an object of `bytes` bytes under a new key. Once this returns, the object survives a power cut; if it
    /// fails, or the process dies, there is no object of that key.
    fn put(&self, key: &str, bytes: u64, from: &mut dyn Read) -> Result<(), TargetError>;

    /// Stores a small object in place of another one of its key, if there is one.
    fn replace(&self, key: &str, content: &[u8]) -> Result<(), TargetError>;

    /// Opens an object for reading from its start.
    fn get(&self, key: &str) -> Result<Box<dyn Read + Send>, TargetError>;

    /// The objects whose keys begin with `prefix` and a slash, sorted by key.
    fn list(&self, prefix: &str) -> Result<Vec<Object>, TargetError>;

    /// The next key part of all objects below `prefix`, without repetition; an empty prefix is the root.
    fn folders(&self, prefix: &str) -> Result<Vec<String>, TargetError>;

    /// Removes an object; a missing one is no error.
    fn delete(&self, key: &str) -> Result<(), TargetError>;

    /// Removes what interrupted puts have left directly below `prefix`. No put may be running there. Returns how many.
    fn sweep(&self, prefix: &str) -> Result<usize, TargetError>;
}

/// An object at a target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    pub key: String,
    pub bytes: u64,
}

/// The kind of a target's error: each has a next step of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TargetFault {
    /// The target is missing: a directory that is not mounted, a bucket that does not exist.
    Missing,
    /// The target is there, the object is not.
    NoObject,
    /// The disk or the quota is full.
    Full,
    /// The file system is read-only.
    ReadOnly,
    /// The user of this process, or the access key, lacks a permission.
    Denied,
    /// The access key is wrong or has expired.
    Credentials,
    /// The clocks of this machine and of the service differ too much.
    Skewed,
    /// The service limits requests.
    Throttled,
    /// The bucket is in another region, or behind another address.
    Elsewhere,
    /// No answer in time.
    Unreachable,
    /// An object of this key exists.
    Exists,
    /// What was to be stored could not be read, or changed meanwhile.
    Source,
    Other,
}

#[derive(Clone, Debug, Error)]
#[error("{target}: {what}")]
pub struct TargetError {
    /// The name of the target ([`Target::name`]).
    pub target: String,
    /// Determines the next step for an operator.
    pub fault: TargetFault,
    /// The reason as a sentence, including its cause.
    pub what: String,
    /// The error of the file system or of the S3 client.
    #[source]
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl TargetError {
    /// An error without a cause.
    pub fn new(target: &str, fault: TargetFault, what: impl fmt::Display) -> TargetError {
        TargetError { target: target.to_owned(), fault, what: what.to_string(), cause: None }
    }

    /// Adds the error that caused it, which `what` repeats.
    #[must_use]
    pub(super) fn because(self, cause: impl std::error::Error + Send + Sync + 'static) -> TargetError {
        TargetError { cause: Some(Arc::new(cause)), ..self }
    }

    /// The error for a failed file operation; `what` names the file.
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

    /// The next step for an operator.
    pub fn next(&self) -> &'static str {
        match self.fault {
            TargetFault::Missing => "Mount or create it, or change the targets in [backup] of the configuration.",
            TargetFault::NoObject => "List the backups with: bursar backup list",
            TargetFault::Full => "Free some space there, or keep fewer backups: bursar backup prune",
            TargetFault::ReadOnly => "Make it writable for the user that bursar runs as.",
            TargetFault::Denied => {
                "Give the user, or the key, that bursar uses the right to read, write, list and delete."
            }
            TargetFault::Credentials => "Correct the access key in backup.s3_credentials_file or the environment.",
            TargetFault::Skewed => "Set the clock of this machine right, or that of the service: they differ too much.",
            TargetFault::Throttled => "The service limits requests. Try again later, or have its limit raised.",
            TargetFault::Elsewhere => {
                "The bucket is in another region or behind another address: correct backup.s3_region and \
                 backup.s3_endpoint."
            }
            TargetFault::Unreachable => "Check that it is running and reachable from this machine, then try again.",
            TargetFault::Exists | TargetFault::Source | TargetFault::Other => {
                "Try again; if it fails again, check the target."
            }
        }
    }
}

/// A target as configured.
#[derive(Clone, Debug)]
pub enum TargetSpec {
    Directory {
        /// An absolute path, or one relative to the working directory.
        path: PathBuf,
        /// Whether to create it: only inside the data directory. A missing directory elsewhere is more
        /// likely a disk that is not mounted.
        create: bool,
    },
    /// A bucket of an S3-compatible service.
    S3(S3Settings),
}

impl TargetSpec {
    /// [`Target::name`], without opening the target.
    pub fn name(&self) -> String {
        match self {
            TargetSpec::Directory { path, .. } => path.display().to_string(),
            TargetSpec::S3(settings) => settings.name(),
        }
    }

    /// Makes the target ready for use; nothing is written or sent.
    pub fn open(&self) -> Result<Arc<dyn Target>, TargetError> {
        Ok(match self {
            TargetSpec::Directory { path, create } => Arc::new(DirectoryTarget::new(path, *create)),
            TargetSpec::S3(settings) => Arc::new(S3Target::new(settings)?),
        })
    }
}
