//! Errors below the business rules: the database or the disk failed.

use std::error::Error as StdError;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A failure of the database or the disk, or stored data that is invalid.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct StoreError(Kind);

#[derive(Debug, Error)]
enum Kind {
    #[error(transparent)]
    Sqlite(rusqlite::Error),
    #[error("no read connection: {0}")]
    Pool(#[source] r2d2::Error),
    #[error("unexpected value in the database: {0}")]
    Corrupt(String),
    #[error("{} is not a bursar database", .0.display())]
    Foreign(PathBuf),
    #[error("{} holds changes that can only be read where files can be written beside it", .0.display())]
    LogOutOfReach(PathBuf),
    #[error("the database was not set up; run bursar init")]
    NotInstalled,
    #[error("{what}: {source}")]
    Disk { what: String, source: io::Error },
}

impl StoreError {
    /// A stored value that no version of this program writes.
    pub(super) fn corrupt(what: impl Into<String>) -> StoreError {
        StoreError(Kind::Corrupt(what.into()))
    }

    pub(super) fn foreign(file: &Path) -> StoreError {
        StoreError(Kind::Foreign(file.to_owned()))
    }

    /// A file operation of this program, rather than of SQLite, failed.
    pub(super) fn disk(what: impl Into<String>, source: io::Error) -> StoreError {
        StoreError(Kind::Disk { what: what.into(), source })
    }

    /// A log with changes, beside which SQLite cannot write the files that it needs to read them.
    pub(super) fn log_out_of_reach(log: PathBuf) -> StoreError {
        StoreError(Kind::LogOutOfReach(log))
    }

    /// Whether a copy in a writable directory can be read.
    pub fn needs_a_writable_directory(&self) -> bool {
        matches!(self.0, Kind::LogOutOfReach(_))
    }

    /// Whether SQLite could not open a file, or could not write to it.
    pub(super) fn is_lack_of_access(&self) -> bool {
        use rusqlite::ErrorCode::{CannotOpen, ReadOnly};
        let Kind::Sqlite(error) = &self.0 else { return false };
        matches!(error.sqlite_error_code(), Some(CannotOpen | ReadOnly))
    }

    pub fn not_installed() -> StoreError {
        StoreError(Kind::NotInstalled)
    }

    /// Whether the storage itself failed (disk full, I/O error): nothing can be written until that is mended.
    pub fn is_storage_failure(&self) -> bool {
        use rusqlite::ErrorCode as Code;
        match &self.0 {
            Kind::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(
                    Code::DiskFull
                        | Code::SystemIoFailure
                        | Code::OutOfMemory
                        | Code::CannotOpen
                        | Code::ReadOnly
                        | Code::DatabaseBusy
                        | Code::DatabaseCorrupt
                        | Code::FileLockingProtocolFailed
                )
            ),
            Kind::Pool(_) | Kind::Disk { .. } => true,
            Kind::Corrupt(_) | Kind::Foreign(_) | Kind::LogOutOfReach(_) | Kind::NotInstalled => false,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError(Kind::Sqlite(error))
    }
}

impl From<r2d2::Error> for StoreError {
    fn from(error: r2d2::Error) -> Self {
        StoreError(Kind::Pool(error))
    }
}

/// An error and its sources on one line, `what: cause: cause of that`. A source whose text is already there is left
/// out.
pub fn with_causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn a_log_line_gives_the_code_of_sqlite_and_repeats_nothing() {
        let full = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_FSYNC), Some("no sync".into()));
        let text = with_causes(&StoreError::from(full));
        assert!(text.starts_with("no sync: ") && text.contains("1034"), "{text}");
        let disk = StoreError::disk("/d cannot be synced", io::Error::other("gone"));
        assert_eq!(with_causes(&disk), "/d cannot be synced: gone");
    }
}
