//! The head of the log, and how a commit extends it.

use crate::domain::merkle::{Frontier, Hash, leaf_hash};
use crate::store::StoreError;
use crate::store::database::trail::{Change, Covered, ENTRIES, Mark, Table, encode_row, image};
use crate::store::database::transaction::{ReadTx, WriteTx};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use uuid::Uuid;

/// Subtrees of this height have a row of their own, 256 leaves each.
pub(in crate::store) const NODE_LEVEL: u32 = 8;

/// Changes in one audit row, where there are many without an action.
const CHANGES_MAX: usize = 2048;

/// The log as of a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::store) struct LogHead {
    pub(in crate::store) id: Vec<u8>,
    pub(in crate::store) frontier: Frontier,
}

/// A row that the log covers, by its table's number, its key and its image.
pub(in crate::store) type RowImage = (u8, i64, Hash);

/// The columns of the audit log, all of which a leaf contains.
pub(in crate::store) fn audit_columns(connection: &Connection) -> Result<Vec<String>, StoreError> {
    ReadTx::new(connection).all("SELECT name FROM pragma_table_info('audit_log') ORDER BY cid", [], |row| row.get(0))
}

impl ReadTx<'_> {
    /// Nil before the database has been set up.
    pub(in crate::store) fn installation_uuid(&self) -> Result<Uuid, StoreError> {
        Ok(self.find("SELECT uuid FROM installation", [], |row| row.get(0))?.unwrap_or_default())
    }

    /// None if the stored size and subtrees contradict each other.
    pub(in crate::store) fn log_head(&self) -> Result<Option<LogHead>, StoreError> {
        self.one("SELECT log_id, log_size, log_frontier FROM change_journal", [], |row| {
            let frontier = Frontier::decode(row.get(1)?, row.get_ref(2)?.as_blob().unwrap_or_default());
            let id = row.get(0)?;
            Ok(frontier.map(|frontier| LogHead { id, frontier }))
        })
    }

    /// Calls back for each row of a covered table with key and image.
    pub(in crate::store) fn each_image(
        &self,
        table: &Table,
        condition: &str,
        mut visit: impl FnMut(i64, Hash) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection().prepare(&format!("{} {condition}", table.select()))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        let mut buffer = Vec::new();
        while let Some(row) = rows.next()? {
            let values: Vec<ValueRef<'_>> = (2..columns).map(|index| row.get_ref(index)).collect::<Result<_, _>>()?;
            let hash = image(table.covered, row.get_ref(1)?, values.into_iter(), &mut buffer);
            visit(row.get(0)?, hash)?;
        }
        Ok(())
    }

    /// All covered rows of a database of this schema version, sorted; of the entries only the last, because its hash
    /// covers those before it.
    pub(in crate::store) fn all_images(&self, version: i64) -> Result<Vec<RowImage>, StoreError> {
        let mut images = Vec::new();
        for table in self.covered_tables(version)? {
            let Covered { number, .. } = *table.covered;
            let condition = if number == ENTRIES { "ORDER BY r.seq DESC LIMIT 1" } else { "" };
            self.each_image(&table, condition, |key, hash| {
                images.push((number, key, hash));
                Ok(())
            })?;
        }
        images.sort_unstable();
        Ok(images)
    }
}

impl ReadTx<'_> {
    /// Calls back for the rows of the audit log from one to another, with the number and the leaf of each.
    pub(in crate::store) fn each_leaf(
        &self,
        (from, to): (i64, i64),
        mut visit: impl FnMut(i64, &[u8], &Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let columns = audit_columns(self.connection())?.join(", ");
        let sql = format!("SELECT {columns} FROM audit_log WHERE id BETWEEN ?1 AND ?2 ORDER BY id");
        let mut statement = self.connection().prepare(&sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([from, to])?;
        let mut leaf = Vec::new();
        while let Some(row) = rows.next()? {
            let values: Vec<ValueRef<'_>> = (0..columns).map(|index| row.get_ref(index)).collect::<Result<_, _>>()?;
            leaf.clear();
            encode_row(&mut leaf, values.into_iter());
            visit(row.get("id")?, &leaf, row)?;
        }
        Ok(())
    }
}

impl WriteTx<'_> {
    /// Appends the audit rows of this commit to the log.
    pub(in crate::store) fn extend_log(&self) -> Result<(), StoreError> {
        let leaves = self.trail().take_leaves();
        if leaves.is_empty() {
            return Ok(());
        }
        let Some(LogHead { mut frontier, .. }) = self.log_head()? else {
            return Err(StoreError::corrupt("the head of the log"));
        };
        for leaf in leaves {
            if let Some(node) = frontier.push(leaf, NODE_LEVEL) {
                let position = (frontier.size() >> NODE_LEVEL) - 1;
                let sql = "INSERT INTO log_nodes (position, hash) VALUES (?1, ?2)";
                self.run(sql, (position, node.as_slice()))?;
            }
        }
        let sql = "UPDATE change_journal SET log_size = ?1, log_frontier = ?2";
        self.run(sql, (frontier.size(), frontier.encode())).map(|_| ())
    }

    /// Begins an empty log, with which a sandbox starts over. All of this commit's changes so far are forgotten, so it
    /// must have no other operations.
    pub(in crate::store) fn restart_log(&self) -> Result<(), StoreError> {
        self.run("UPDATE change_journal SET log_size = 0, log_frontier = x''", [])?;
        self.rename_log()?;
        self.trail().clear();
        self.note_all_rows()
    }

    /// Has the first row of an empty log take in the rows that are there already.
    pub(in crate::store) fn note_all_rows(&self) -> Result<(), StoreError> {
        for (table, key, hash) in self.all_images(i64::MAX)? {
            self.trail().note(&Change { table, key, before: None, after: Some(hash) });
        }
        Ok(())
    }

    /// Gives the log a new identity, where it continues another one on a line of history of its own.
    pub(in crate::store) fn rename_log(&self) -> Result<(), StoreError> {
        self.run("UPDATE change_journal SET log_id = randomblob(16)", []).map(|_| ())
    }

    /// Brings the log to what a migration has left: rows that were written before there was a log become its first
    /// leaves, and rows that changed are written down. `before` are the images before the migration.
    pub(in crate::store) fn log_migration(&self, before: &[RowImage]) -> Result<(), StoreError> {
        let after = self.all_images(i64::MAX)?;
        let mut changes = Vec::new();
        let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
        loop {
            let change = |(table, key, hash): RowImage, is_new: bool| {
                let (before, after) = if is_new { (None, Some(hash)) } else { (Some(hash), None) };
                Change { table, key, before, after }
            };
            match (old.peek(), new.peek()) {
                (None, None) => break,
                (Some(left), Some(right)) if left == right => _ = (old.next(), new.next()),
                (Some(left), right) if right.is_none_or(|right| left < right) => {
                    changes.push(change(**left, false));
                    old.next();
                }
                (_, Some(right)) => {
                    changes.push(change(**right, true));
                    new.next();
                }
                (Some(_), None) => break,
            }
        }
        for chunk in changes.chunks(CHANGES_MAX) {
            chunk.iter().for_each(|change| self.trail().note(change));
            self.append_own_audit("schema.migrated", Mark::default())?;
        }
        self.extend_log()
    }

    /// Makes the rows of the audit log from before there was a log its first leaves.
    pub(in crate::store) fn begin_log(&self) -> Result<(), StoreError> {
        let mut leaves = Vec::new();
        self.each_leaf((1, i64::MAX), |_, leaf, _| {
            leaves.push(leaf_hash(leaf));
            Ok(())
        })?;
        self.trail().adopt_leaves(leaves);
        self.extend_log()
    }
}
