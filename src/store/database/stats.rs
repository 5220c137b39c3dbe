//! Sizes of the file and of what is in it.

use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx};

/// What a database file is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileStats {
    /// The schema version.
    pub schema_version: i64,
    /// The size of a page.
    pub page_bytes: u64,
    /// Pages that hold nothing.
    pub free_pages: u64,
    /// Tables and indexes, the largest first.
    pub tables: Vec<TableStats>,
}

/// A table or an index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableStats {
    /// Its name.
    pub name: String,
    /// Its rows; none for an index.
    pub rows: Option<u64>,
    /// The pages that it takes, in bytes.
    pub bytes: u64,
}

impl ReadTx<'_> {
    /// Counts all. Takes long on a large file.
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
    /// Renews what the planner knows, for all tables that have changed much; looks at a part of large ones only.
    pub fn optimize(&self) -> Result<(), StoreError> {
        self.all("PRAGMA optimize(0x10002)", [], |_| Ok(()))?;
        // What that writes is not counted as changes, and every commit that changes anything has to be numbered.
        self.touch()
    }
}
