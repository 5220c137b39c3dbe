//! Sizes of the database file, its tables and its indexes.

use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileStats {
    pub schema_version: i64,
    pub page_bytes: u64,
    /// Pages that hold nothing, and are used before the file grows.
    pub free_pages: u64,
    /// Tables and indexes, largest first.
    pub tables: Vec<TableStats>,
}

/// A table or an index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableStats {
    pub name: String,
    /// None for an index.
    pub rows: Option<u64>,
    /// The size of all its pages.
    pub bytes: u64,
}

impl ReadTx<'_> {
    /// Counts rows and pages. Takes long on a large file.
    pub fn file_stats(&self) -> Result<FileStats, StoreError> {
        let sizes = self.all(
            "SELECT d.name, d.pgsize, coalesce(s.type = 'table', 1) FROM dbstat d
             LEFT JOIN sqlite_schema s ON s.name = d.name WHERE d.aggregate = TRUE ORDER BY d.pgsize DESC, d.name",
            [],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, u64>(1)?, row.get::<_, bool>(2)?)),
        )?;
        let mut tables = Vec::new();
        for (name, bytes, is_table) in sizes {
            let sql = format!("SELECT count(*) FROM \"{}\"", name.replace('"', "\"\""));
            let rows = if is_table { Some(self.one(&sql, [], |row| row.get(0))?) } else { None };
            tables.push(TableStats { name, rows, bytes });
        }
        Ok(FileStats {
            schema_version: self.schema_version()?,
            page_bytes: self.one("PRAGMA page_size", [], |row| row.get(0))?,
            free_pages: self.one("PRAGMA freelist_count", [], |row| row.get(0))?,
            tables,
        })
    }
}

impl WriteTx<'_> {
    /// Refreshes the statistics of the query planner for all tables that have changed much; samples large ones.
    pub fn optimize(&self) -> Result<(), StoreError> {
        self.all("PRAGMA optimize(0x10002)", [], |_| Ok(()))?;
        // SQLite does not count these writes as changes, and every commit with changes must be numbered.
        self.touch()
    }
}
