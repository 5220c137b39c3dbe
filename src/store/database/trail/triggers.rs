//! The temporary triggers that pass changed rows to the trail, and the functions that they call.

use crate::domain::merkle::leaf_hash;
use crate::store::StoreError;
use crate::store::database::trail::words::Sides;
use crate::store::database::trail::{Change, Covered, Pending, Table, Trail, audit_columns, encode_row, image};
use crate::store::database::transaction::ReadTx;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use std::fmt::Write;

/// Called for each changed row: number of the table, kind of change, key, salt, and the columns before and after.
const NOTE_CHANGE: &str = "bursar_note_change";
/// Called for each row of the audit log with all of its columns.
const NOTE_LEAF: &str = "bursar_note_leaf";

const INSERTED: i64 = 1;
const UPDATED: i64 = 2;
const DELETED: i64 = 3;

/// Nothing in a file may call the functions.
const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DIRECTONLY);

/// The arguments before the columns.
const FIXED: usize = 4;

impl Trail {
    /// Has the connection collect what it changes. It must have the latest schema, and must not change it afterwards.
    pub(in crate::store) fn attach(&self, connection: &Connection) -> Result<(), StoreError> {
        let tables = ReadTx::new(connection).covered_tables(i64::MAX)?;
        let mut triggers = String::new();
        for table in &tables {
            write_triggers(&mut triggers, table);
        }
        let columns = audit_columns(connection)?;
        let listed: Vec<_> = columns.iter().map(|column| format!("new.{column}")).collect();
        trigger(&mut triggers, "audit_log", "INSERT", &format!("SELECT {NOTE_LEAF}({});", listed.join(", ")));
        let trail = self.clone();
        connection.create_scalar_function(NOTE_CHANGE, -1, FLAGS, move |context| {
            trail.pending().note_row(&tables, context).map_err(into_user_error)
        })?;
        let trail = self.clone();
        connection.create_scalar_function(NOTE_LEAF, -1, FLAGS, move |context| {
            let mut leaf = Vec::with_capacity(256);
            encode_row(&mut leaf, (0..context.len()).map(|index| context.get_raw(index)));
            trail.pending().leaves.push(leaf_hash(&leaf));
            Ok(None::<i64>)
        })?;
        Ok(connection.execute_batch(&triggers)?)
    }
}

fn into_user_error(error: StoreError) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(Box::new(error))
}

fn trigger(sql: &mut String, table: &str, event: &str, body: &str) {
    let name = event.split(' ').next().unwrap_or_default().to_lowercase();
    // Writing to a String does not fail.
    let _ = writeln!(
        sql,
        "CREATE TEMP TRIGGER IF NOT EXISTS noted_{table}_{name} AFTER {event} ON main.{table} BEGIN {body} END;"
    );
}

fn write_triggers(sql: &mut String, table: &Table) {
    let Covered { table: name, number, key, is_pruned, .. } = *table.covered;
    let salt = |row| table.covered.salt(row);
    // The rows of clients and accounts come before anything that is hashed with their salts.
    let new_salt = match name {
        "profiles" => "INSERT INTO profile_salts (profile_id, salt) VALUES (new.id, randomblob(16)); ",
        "accounts" => "INSERT INTO account_salts (account_id, salt) VALUES (new.id, randomblob(16)); ",
        _ => "",
    };
    let note = |kind, row, columns: &str| {
        format!("SELECT {NOTE_CHANGE}({number}, {kind}, {row}.{key}, {}, {columns});", salt(row))
    };
    let (old, new) = (table.listed("old"), table.listed("new"));
    trigger(sql, name, "INSERT", &format!("{new_salt}{}", note(INSERTED, "new", &new)));
    let updated = format!("UPDATE OF {}", table.columns.join(", "));
    trigger(sql, name, &updated, &note(UPDATED, "new", &format!("{old}, {new}")));
    if !is_pruned {
        trigger(sql, name, "DELETE", &note(DELETED, "old", &old));
    }
}

impl Pending {
    fn note_row(&mut self, tables: &[Table], context: &Context<'_>) -> Result<Option<i64>, StoreError> {
        if self.is_paused {
            return Ok(None);
        }
        let number = |index| context.get::<i64>(index);
        let (table, kind, key) = (number(0)?, number(1)?, number(2)?);
        let salt = context.get_raw(3);
        let Some(table) = tables.iter().find(|known| i64::from(known.covered.number) == table) else {
            return Err(StoreError::corrupt("a trigger names an unknown table"));
        };
        let count = table.columns.len();
        let side = |from: usize| (from..from + count).map(|index| context.get_raw(index));
        let (old, new) = match kind {
            INSERTED => (None, Some(FIXED)),
            DELETED => (Some(FIXED), None),
            _ => (Some(FIXED), Some(FIXED + count)),
        };
        let buffer = &mut self.buffer;
        let mut image_of = |from: Option<usize>| from.map(|from| image(table.covered, salt, side(from), buffer));
        let change = Change { table: table.covered.number, key, before: image_of(old), after: image_of(new) };
        if change.before == change.after {
            return Ok(None);
        }
        change.encode(&mut self.changes);
        if table.covered.told.is_some() {
            let values = |from: Option<usize>| from.map(|from| side(from).collect::<Vec<ValueRef<'_>>>());
            self.words.add(table, &Sides { key, salt, old: values(old), new: values(new) });
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::database::migrations::migrate;
    use crate::store::database::trail::Mark;

    fn opened() -> (Connection, Trail) {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, None).unwrap();
        connection.execute_batch("PRAGMA trusted_schema = OFF").unwrap();
        let trail = Trail::default();
        trail.attach(&connection).unwrap();
        (connection, trail)
    }

    fn taken(trail: &Trail) -> Vec<Change> {
        Change::decode(&trail.take_changes(Mark::default()).0).unwrap()
    }

    const PLATFORM: &str = "INSERT INTO platforms (id, code, name, type) VALUES (7, 'x', 'X', 'personal')";

    #[test]
    fn every_way_to_write_a_row_is_noted() {
        let (connection, trail) = opened();
        connection.execute(PLATFORM, []).unwrap();
        let inserted = taken(&trail);
        assert_eq!((inserted.len(), inserted[0].table, inserted[0].key, inserted[0].before), (1, 14, 7, None));
        connection.execute("UPDATE platforms SET name = 'Y'", []).unwrap();
        let updated = taken(&trail);
        assert_eq!(updated[0].before, inserted[0].after);
        connection.execute("UPDATE platforms SET name = 'Y'", []).unwrap();
        assert!(!trail.has_changes(), "nothing has changed");
        let upsert = "INSERT INTO platforms (code, name, type) VALUES ('x', 'X', 'personal')
                      ON CONFLICT (code) DO UPDATE SET name = excluded.name";
        connection.execute(upsert, []).unwrap();
        assert_eq!(taken(&trail)[0].after, inserted[0].after, "the same row again");
        connection.execute("DELETE FROM platforms", []).unwrap();
        let deleted = taken(&trail);
        assert_eq!((deleted[0].before, deleted[0].after), (inserted[0].after, None));
    }

    #[test]
    fn what_is_rolled_back_leaves_nothing() {
        let (connection, trail) = opened();
        let mark = trail.mark();
        connection.execute(PLATFORM, []).unwrap();
        trail.roll_back(mark);
        assert!(!trail.has_changes());
    }

    #[test]
    fn nothing_in_a_file_can_call_the_functions() {
        let (connection, _) = opened();
        connection.execute_batch("CREATE VIEW sly AS SELECT bursar_note_change(1, 1, 1, NULL, x'00')").unwrap();
        let error = connection.query_row("SELECT * FROM sly", [], |row| row.get::<_, Option<i64>>(0)).unwrap_err();
        assert!(error.to_string().contains("unsafe use"), "{error}");
    }
}
