//! Databases of other versions: migrated after a proven backup, or left exactly as they were.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;

use super::backups::{backup, configure, files};
use super::home::{Home, Ran};

/// A database that bursar wrote at schema version 6, with a client and money.
pub(super) fn old() -> Home {
    let home = Home::new();
    fs::create_dir(home.data()).unwrap();
    fs::set_permissions(home.data(), fs::Permissions::from_mode(0o700)).unwrap();
    let file = home.data().join("bursar.db");
    let database = Connection::open(&file).unwrap();
    database.execute_batch(include_str!("schema-6.sql")).unwrap();
    database.execute_batch("PRAGMA application_id = 0x42555253; PRAGMA journal_mode = WAL;").unwrap();
    drop(database);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    home
}

fn version(home: &Home) -> i64 {
    let database = Connection::open(home.data().join("bursar.db")).unwrap();
    database.query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get(0)).unwrap()
}

fn change(home: &Home, sql: &str) {
    Connection::open(home.data().join("bursar.db")).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn an_old_database_is_rehearsed_backed_up_and_migrated() {
    let home = old();
    assert_eq!(home.json(&["audit"]).error(4)["code"], "DATABASE");
    let check = home.json(&["db", "migrate", "--check"]).json();
    assert_eq!((check["schema_version"].as_i64(), version(&home)), (Some(6), 6), "a rehearsal changes nothing");
    assert!(
        check["missing"][0].as_str().unwrap().starts_with("V7 ") && check["rehearsed_in_ms"].is_number(),
        "{check}"
    );
    let migrated = home.json(&["db", "migrate"]).json();
    assert_eq!(migrated["from"], 6);
    assert_eq!(version(&home), bursar::store::LATEST_SCHEMA);
    assert_eq!(home.json(&["audit"]).json()["entries"], 6);

    let listed = backup(&home, &["list"]).json();
    let before = &listed["backups"][0];
    assert_eq!((&before["name"], &before["manifest"]["reason"]), (&migrated["backup"], &"migration".into()));
    assert_eq!(before["manifest"]["schema_version"], 6);
    assert_eq!(
        backup(&home, &["verify"]).json()["backups"][0]["state"],
        "proven",
        "a backup of an older schema must be proven, too"
    );
    assert_eq!(backup(&home, &["drill"]).json()["entries"], 6);
    assert!(home.json(&["db", "migrate"]).json()["backup"].is_null());
    assert!(home.json(&["db", "migrate", "--check"]).json()["rehearsed_in_ms"].is_null());
    assert_eq!(home.json(&["db", "optimize"]).json()["optimized"], true);
    let stats = home.json(&["db", "stats"]).json();
    let entries = stats["tables"].as_array().unwrap().iter().find(|table| table["name"] == "entries").unwrap().clone();
    assert_eq!(entries["rows"], 6);
}

#[test]
fn an_old_backup_is_migrated_as_it_is_restored() {
    let home = old();
    let backed_up = home.json(&["db", "migrate"]).json()["backup"].as_str().unwrap().to_owned();
    let served = |home: &Home| {
        let mut server = home.serve();
        assert_eq!(server.stop(), 0);
        home.json(&["audit"]).json()
    };
    let object =
        files(&home.data().join("backups")).into_iter().find(|path| path.extension().is_some_and(|it| it == "bursar"));
    let object = object.unwrap().display().to_string();
    for (way, name, timeline) in [("--backup", &backed_up, 2), ("--file", &object, 3)] {
        // The restore discards what came after the migration.
        change(&home, "UPDATE profiles SET first_name = 'later'");
        let rehearsed = home.json(&["restore", "apply", "--dry-run", way, name]);
        assert_eq!(rehearsed.code, 0, "{}", rehearsed.stderr);
        let report = home.json(&["restore", "apply", way, name]).json();
        assert_eq!((&report["after"]["entries"], &report["timeline"]), (&6.into(), &timeline.into()), "{report}");
        assert_eq!(version(&home), bursar::store::LATEST_SCHEMA, "{way}");
        let later = "SELECT count(*) FROM profiles WHERE first_name = 'later'";
        let database = Connection::open(home.data().join("bursar.db")).unwrap();
        assert_eq!(database.query_row(later, [], |row| row.get::<_, i64>(0)).unwrap(), 0, "{way}");
        drop(database);
        let audit = served(&home);
        assert_eq!((&audit["ok"], &audit["entries"]), (&true.into(), &6.into()), "{audit}");
    }
    let stored = backup(&home, &["verify", &backed_up]).json();
    assert_eq!(stored["backups"][0]["state"], "proven", "the old backup was changed");
}

#[test]
fn a_server_migrates_when_it_starts() {
    let home = old();
    let mut served = home.serve();
    assert_eq!(version(&home), bursar::store::LATEST_SCHEMA);
    assert_eq!(home.json(&["db", "optimize"]).json()["optimized"], true, "through the server");
    assert_eq!(home.json(&["db", "migrate"]).code, 6, "not beside a server");
    assert_eq!(backup(&home, &["list"]).json()["backups"].as_array().unwrap().len(), 1);
    assert_eq!(served.stop(), 0);
    assert_eq!(home.json(&["audit"]).json()["ok"], true);
}

#[test]
fn without_a_backup_there_is_no_migration() {
    let home = old();
    configure(&home, "directories = [\"/nonexistent/mount\"]");
    let before = fs::read(home.data().join("bursar.db")).unwrap();
    let with = |args: &[&str]| home.json(&[args, &["--config", "config.toml"]].concat());
    for command in [&["db", "migrate"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let error = with(command).error(4);
        assert!(error["message"].as_str().unwrap().contains("/nonexistent/mount"), "{error}");
        assert!(error["next"].is_string(), "{error}");
    }
    assert_eq!(version(&home), 6);
    assert_eq!(fs::read(home.data().join("bursar.db")).unwrap(), before);
    // Without any target, the backup goes to the data directory.
    configure(&home, "enabled = false\ndirectories = []");
    with(&["db", "migrate"]).json();
    assert_eq!(files(&home.data().join("backups")).len(), 2);
}

#[test]
fn books_that_are_wrong_are_not_migrated() {
    let home = old();
    change(&home, "UPDATE books SET balance_minor = balance_minor + 1 WHERE id = (SELECT max(id) FROM books)");
    let error = home.json(&["db", "migrate"]).error(4);
    assert!(error["message"].as_str().unwrap().contains("balance"), "{error}");
    assert_eq!(version(&home), 6);
    assert!(files(&home.data().join("backups")).is_empty());
}

#[test]
fn a_migration_that_fails_is_undone() {
    let home = old();
    // The tables of the next migration exist already.
    change(&home, "CREATE TABLE account_owners (x); CREATE VIEW account_tags AS SELECT 1");
    let error = home.json(&["db", "migrate"]).error(4);
    assert!(error["next"].is_string(), "{error}");
    assert_eq!(version(&home), 6);
    change(&home, "DROP TABLE account_owners; DROP VIEW account_tags");
    assert_eq!(home.json(&["db", "migrate"]).json()["from"], 6);
}

#[test]
fn a_newer_database_is_refused_with_the_next_step() {
    let home = old();
    home.json(&["db", "migrate"]).json();
    let next = bursar::store::LATEST_SCHEMA + 1;
    change(
        &home,
        &format!(
            "INSERT INTO refinery_schema_history
             SELECT {next}, 'later', applied_on, checksum FROM refinery_schema_history LIMIT 1"
        ),
    );
    let before = fs::read(home.data().join("bursar.db")).unwrap();
    for command in [&["db", "migrate"][..], &["db", "migrate", "--check"], &["serve", "--listen", "127.0.0.1:0"]] {
        let error = home.json(command).error(4);
        assert!(error["message"].as_str().unwrap().contains("install the bursar version that wrote it"), "{error}");
        assert!(error["next"].as_str().unwrap().contains("only way back"), "{error}");
    }
    assert_eq!(fs::read(home.data().join("bursar.db")).unwrap(), before);
    let made: Ran = home.json(&["backup", "create"]);
    assert_eq!(made.error(4)["code"], "DATABASE", "an unproven database was backed up");
}
