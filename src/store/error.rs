//! What can go wrong below the business rules.

use std::fmt;

/// The database failed, or holds something that it should not.
#[derive(Debug)]
pub struct StoreError(Kind);

#[derive(Debug)]
enum Kind {
    Sqlite(rusqlite::Error),
    Pool(r2d2::Error),
    Corrupt(String),
    Disk(String),
}

impl StoreError {
    /// A stored value that no version of this program writes.
    pub(super) fn corrupt(what: impl Into<String>) -> StoreError {
        StoreError(Kind::Corrupt(what.into()))
    }

    /// The disk said no to something that the database library did not ask for.
    pub(super) fn disk(what: impl Into<String>) -> StoreError {
        StoreError(Kind::Disk(what.into()))
    }

    /// The database exists, but was never set up.
    pub fn not_installed() -> StoreError {
        StoreError::corrupt("the database was not set up; run bursar init")
    }

    /// Whether the storage itself failed (disk full, I/O error), so that nothing can be written for the time being.
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
            Kind::Pool(_) | Kind::Disk(_) => true,
            Kind::Corrupt(_) => false,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Sqlite(error) => write!(f, "{error}"),
            Kind::Pool(error) => write!(f, "no read connection: {error}"),
            Kind::Corrupt(what) => write!(f, "unexpected value in the database: {what}"),
            Kind::Disk(what) => write!(f, "{what}"),
        }
    }
}

impl std::error::Error for StoreError {}

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
