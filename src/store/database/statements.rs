//! Prepared statements that are found by the address of their text. SQLite's wrapper finds them by a hash of the whole
//! text, which takes the writer longer than running some of them.

use rusqlite::{Connection, PrepFlags, Statement};
use std::cell::RefCell;
use std::collections::HashMap;

/// The text of a statement.
#[derive(Clone, Copy)]
pub(in crate::store) enum Sql<'s> {
    /// Written in the program, so that its address is its own for good.
    Fixed(&'static str),
    /// Put together when it is run.
    Built(&'s str),
}

impl<'s> Sql<'s> {
    pub(in crate::store) fn text(self) -> &'s str {
        match self {
            Sql::Fixed(text) | Sql::Built(text) => text,
        }
    }
}

impl From<&'static str> for Sql<'_> {
    fn from(text: &'static str) -> Self {
        Sql::Fixed(text)
    }
}

impl<'s> From<&'s String> for Sql<'s> {
    fn from(text: &'s String) -> Self {
        Sql::Built(text)
    }
}

/// Keeps prepared statements. The trait hides the lifetime of the connection from those who run them.
pub(in crate::store) trait KeepStatements {
    /// Runs `run` once, with the statement of this text; not at all if it cannot be prepared.
    fn with(&self, text: &'static str, run: &mut dyn FnMut(&mut Statement<'_>)) -> rusqlite::Result<()>;
}

/// The statements of one connection. At most `capacity` are kept.
pub(in crate::store) struct Statements<'c> {
    connection: &'c Connection,
    capacity: usize,
    kept: RefCell<HashMap<*const str, Statement<'c>>>,
}

impl<'c> Statements<'c> {
    pub(in crate::store) fn of(connection: &'c Connection, capacity: usize) -> Statements<'c> {
        Statements { connection, capacity, kept: RefCell::new(HashMap::new()) }
    }
}

impl KeepStatements for Statements<'_> {
    fn with(&self, text: &'static str, run: &mut dyn FnMut(&mut Statement<'_>)) -> rusqlite::Result<()> {
        // A statement that is in use is not kept, so a nested use of the same one prepares another.
        let kept = self.kept.borrow_mut().remove(&std::ptr::from_ref(text));
        let mut statement = match kept {
            Some(statement) => statement,
            None => self.connection.prepare_with_flags(text, PrepFlags::SQLITE_PREPARE_PERSISTENT)?,
        };
        run(&mut statement);
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= self.capacity {
            kept.clear();
        }
        kept.insert(text, statement);
        Ok(())
    }
}
