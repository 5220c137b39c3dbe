//! Databases with tables, indexes, views or triggers that are not ours: a trigger can undo what every check looks for.

use super::backups::{backup, seeded};
use super::tampering::{audit, findings};
use rusqlite::Connection;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const TRIGGER: &str = "CREATE TRIGGER hide AFTER INSERT ON audit_log WHEN new.event_seq IS NULL
                       BEGIN DELETE FROM audit_log WHERE id = new.id; END";

/// A copy of a database without its log, changed by these statements.
fn changed(clean: &Path, sql: &str) -> PathBuf {
    let copy = clean.with_file_name("changed.db");
    let _ = fs::remove_file(&copy);
    fs::copy(clean, &copy).unwrap();
    Connection::open(&copy).unwrap().execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    copy
}

#[test]
fn whatever_is_foreign_missing_or_different_in_the_schema_is_found() {
    let home = seeded();
    let clean = home.data().join("bursar.db");
    for (sql, what) in [
        (TRIGGER, "the trigger hide of audit_log is not part of schema version"),
        ("CREATE VIEW rich AS SELECT * FROM books", "the view rich is not part of"),
        ("CREATE TABLE notes (text TEXT)", "the table notes is not part of"),
        ("CREATE INDEX fast ON entries (effective_at)", "the index fast of entries is not part of"),
        ("CREATE TRIGGER _litestream_x AFTER INSERT ON entries BEGIN SELECT 1; END", "the trigger _litestream_x"),
        ("UPDATE refinery_schema_history SET checksum = '1' WHERE version = 3", "the list of migrations is not"),
        ("DROP INDEX tokens_by_principal", "the index tokens_by_principal of tokens is missing"),
        (
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(sql, 'label TEXT NOT NULL', 'label TEXT') WHERE name = 'tokens'",
            "the table tokens is not as schema version",
        ),
    ] {
        let output = audit(&changed(&clean, sql));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(5), "{sql}: {report}");
        let found = report["findings"].as_array().unwrap().iter().find(|finding| finding["check"] == "schema");
        assert!(found.is_some_and(|found| found["what"].as_str().unwrap().contains(what)), "{sql}: {report}");
    }
    // A replication tool keeps its own tables beside ours, and SQLite its statistics.
    let tool = "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER);
                CREATE TABLE _litestream_lock (id INTEGER UNIQUE); ANALYZE;";
    assert_eq!(findings(&audit(&changed(&clean, tool))), [""; 0]);
}

#[test]
fn a_database_with_a_foreign_trigger_is_not_backed_up() {
    let home = seeded();
    Connection::open(home.data().join("bursar.db")).unwrap().execute_batch(TRIGGER).unwrap();
    let error = backup(&home, &["create"]).error(5);
    assert!(error["message"].as_str().unwrap().contains("the trigger hide of audit_log"), "{error}");
    assert!(error["next"].as_str().unwrap().contains("bursar audit"), "{error}");
    assert!(!home.data().join("backup.tmp").exists());
}
