//! Compares the schema of a database with what the migrations up to its version make: a foreign trigger or view can
//! change what every statement does.

use crate::store::StoreError;
use crate::store::database::migrations;
use crate::store::database::transaction::ReadTx;
use crate::store::proof::{FINDINGS_MAX, Finding};
use std::collections::BTreeMap;

/// What SQLite keeps about its own tables, and what a replication tool adds beside ours.
const LEFT_ALONE: [&str; 2] = ["sqlite_stat", "_litestream_"];

/// A table, index, view or trigger.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Part {
    kind: String,
    name: String,
    /// The table that it belongs to.
    table: String,
}

impl Part {
    fn is_left_alone(&self) -> bool {
        let is_passive = self.kind == "table" || self.kind == "index";
        is_passive && LEFT_ALONE.iter().any(|prefix| self.table.starts_with(prefix))
    }

    fn called(&self) -> String {
        match self.table == self.name {
            true => format!("the {} {}", self.kind, self.name),
            false => format!("the {} {} of {}", self.kind, self.name, self.table),
        }
    }
}

impl ReadTx<'_> {
    /// What in the schema is foreign, missing or different. Works with every schema version up to the latest one, and
    /// is quick whatever the size of the file.
    pub fn check_schema(&self) -> Result<Vec<Finding>, StoreError> {
        let version = self.schema_version()?;
        let expected = migrations::empty(version)?;
        let ours = ReadTx::new(&expected).parts()?;
        let found = self.parts()?;
        let foreign = found.iter().filter(|(part, _)| !ours.contains_key(part));
        let foreign = foreign.map(|(part, _)| format!("{} is not part of schema version {version}", part.called()));
        let missing = ours.keys().filter(|part| !found.contains_key(part));
        let missing = missing.map(|part| format!("{} is missing", part.called()));
        let changed = found.iter().filter(|(part, text)| ours.get(part).is_some_and(|ours| ours != *text));
        let changed = changed.map(|(part, _)| format!("{} is not as schema version {version} has it", part.called()));
        let is_known = version == 0 || self.migrations()? == ReadTx::new(&expected).migrations()?;
        let history = (!is_known).then(|| format!("the list of migrations is not that of schema version {version}"));
        let all = foreign.chain(missing).chain(changed).chain(history).take(FINDINGS_MAX);
        Ok(all.map(|what| Finding { check: "schema", what }).collect())
    }

    /// The migrations that were run, without when.
    fn migrations(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT quote(version) || quote(name) || quote(checksum) FROM refinery_schema_history
                   ORDER BY version";
        self.all(sql, [], |row| row.get(0))
    }

    /// The parts of the schema and their definitions; parts that SQLite makes by itself have none.
    fn parts(&self) -> Result<BTreeMap<Part, Option<String>>, StoreError> {
        let parts = self.all("SELECT type, name, tbl_name, sql FROM sqlite_schema", [], |row| {
            Ok((Part { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)? }, row.get(3)?))
        })?;
        Ok(parts.into_iter().filter(|(part, _)| !part.is_left_alone()).collect())
    }
}
