//! Connections to SQLite and their settings.

use crate::store::StoreError;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io, path};

/// Marks a file as a database of this program: "BURS" in ASCII.
pub(in crate::store) const APPLICATION_ID: i64 = 0x4255_5253;

/// Prepared statements kept for each connection.
pub(in crate::store) const STATEMENT_CACHE: usize = 128;

/// How long the writer waits for a lock, which only an outside tool can hold.
const BUSY_TIMEOUT: Duration = Duration::from_millis(2_000);

pub(in crate::store) type ReaderManager = SqliteConnectionManager;

/// Opens the connection of the writer; creates the file if it is missing.
pub(in crate::store) fn open_writer(file: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(file)?;
    let is_new: bool = connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
    let id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if is_new {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    } else if id != APPLICATION_ID {
        return Err(StoreError::foreign(file));
    }
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    // With `temp_store = MEMORY`, SQLite would save the pages of savepoints in blocks of 1 KiB.
    connection.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA cache_size = -65536;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    // Checkpoints run on another connection, so that commits do not wait for them.
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |row| row.get::<_, i64>(0))?;
    harden(&connection)?;
    Ok(connection)
}

/// Opens the connection that runs checkpoints.
pub(in crate::store) fn open_checkpointer(file: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(file)?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |row| row.get::<_, i64>(0))?;
    connection.execute_batch("PRAGMA synchronous = FULL;")?;
    harden(&connection)?;
    Ok(connection)
}

/// Opens a connection that only reads.
pub(in crate::store) fn open_reader(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match open_read_only(file, flags) {
        Err(error) if error.is_lack_of_access() => {
            refuse_unread_changes(file)?;
            open_read_only(&immutable(file)?, flags | OpenFlags::SQLITE_OPEN_URI)
        }
        opened => opened,
    }
}

/// Refuses a database with changes beside it that SQLite would ignore.
fn refuse_unread_changes(file: &Path) -> Result<(), StoreError> {
    for suffix in ["-wal", "-journal"] {
        let mut log = file.as_os_str().to_owned();
        log.push(suffix);
        let log = PathBuf::from(log);
        match fs::metadata(&log) {
            Ok(found) if found.len() > 0 => return Err(StoreError::log_out_of_reach(log)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::disk(format!("{} cannot be read", log.display()), error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The URI that tells SQLite that nobody writes to this file. Otherwise it creates files beside any database with a
/// write-ahead log, even to read it, and so cannot read a copy where nothing can be written.
fn immutable(file: &Path) -> Result<PathBuf, StoreError> {
    let absolute =
        path::absolute(file).map_err(|error| StoreError::disk(format!("{} cannot be found", file.display()), error))?;
    let mut uri = String::from("file://");
    for byte in absolute.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => uri.push(char::from(*byte)),
            _ => _ = write!(uri, "%{byte:02X}"),
        }
    }
    uri.push_str("?immutable=1");
    Ok(uri.into())
}

fn open_read_only(file: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(file, flags)?;
    let id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if id != APPLICATION_ID {
        return Err(StoreError::foreign(file));
    }
    set_up_reader(&connection)?;
    // Such a reader scans whole files, in more than one order: pages that stay in the cache are verified once.
    connection.execute_batch("PRAGMA cache_size = -262144;")?;
    Ok(connection)
}

/// Opens a database whose creation may have been interrupted. SQLite first rolls back unfinished work, which takes
/// write access. A database without tables is accepted whatever its mark says.
pub(in crate::store) fn open_unfinished(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let is_new: bool = connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
    let id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if !is_new && id != APPLICATION_ID {
        return Err(StoreError::foreign(file));
    }
    set_up_reader(&connection)?;
    Ok(connection)
}

/// Like [`open_unfinished`], but keeps the log when the connection is closed, because the change journal still has to
/// read it.
pub(in crate::store) fn open_unfinished_leaving_log(file: &Path) -> Result<Connection, StoreError> {
    let connection = open_unfinished(file)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

pub(in crate::store) fn reader_pool(file: &Path, size: u32) -> Result<r2d2::Pool<ReaderManager>, StoreError> {
    let manager = SqliteConnectionManager::file(file)
        .with_flags(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .with_init(|connection| set_up_reader(connection));
    let pool = r2d2::Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        .test_on_check_out(false)
        .connection_timeout(Duration::from_secs(5))
        .build(manager)?;
    Ok(pool)
}

fn set_up_reader(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;")?;
    harden(connection)
}

/// Settings of every connection: enforce integrity, and let nothing in the schema run functions.
fn harden(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // Otherwise SQLite looks at bound limits when it plans, and prepares such a statement anew each time it is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")
}
