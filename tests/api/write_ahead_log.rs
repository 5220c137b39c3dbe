//! The write-ahead log: beside the database file, and kept from shrinking only by readers, who are named.

use super::harness::{PATIENCE, Server};
use super::home::Home;
use rusqlite::Connection;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Instant;

#[test]
fn a_reader_that_keeps_the_log_from_shrinking_is_named() {
    let server = Server::start("[store]\ncheckpoint_pages = 100\n");
    let admin = server.admin();
    let account = admin.new_account("USD");
    let state = || server.anyone().get("/readyz?verbose").ok().json()["write_ahead_log"].clone();
    let until = |what: &dyn Fn(&Value) -> bool| {
        let end = Instant::now() + PATIENCE;
        while !what(&state()) {
            assert!(Instant::now() < end, "{}", state());
            admin.deposit(&account, "1");
        }
    };
    assert_eq!(state()["held_by"], serde_json::json!([]));
    let reader = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM entries").unwrap();
    let own = format!("process {} ", std::process::id());
    until(&|state| state["held_by"].as_array().unwrap().iter().any(|it| it.as_str().unwrap().starts_with(&own)));
    assert!(state()["bytes"].as_u64().unwrap() > 400 * 4096, "{}", state());
    server.await_log("keeps the write-ahead log from shrinking", 1);
    assert_eq!(server.logged(&own), 1);
    reader.execute_batch("COMMIT").unwrap();
    until(&|state| state["held_by"].as_array().unwrap().is_empty());
    until(&|_| server.logged("the write-ahead log can shrink again") == 1);
    server.trace();
}

#[test]
fn a_database_with_two_names_is_refused() {
    let home = Home::installed();
    let other = home.path("other");
    fs::create_dir(&other).unwrap();
    fs::hard_link(home.data().join("bursar.db"), other.join("bursar.db")).unwrap();
    let mut next = String::new();
    for args in [&["keys", "rotate"][..], &["restore", "apply"], &["db", "migrate"], &["serve"]] {
        let error = home.json(args).error(4);
        assert!(error["message"].as_str().unwrap().contains("has 2 names"), "{args:?}: {error}");
        error["next"].as_str().unwrap().clone_into(&mut next);
    }
    home.json(&["audit"]).json();
    // The line that is printed works.
    let line = next.lines().last().unwrap();
    assert!(Command::new("sh").args(["-ec", line]).status().unwrap().success(), "{line}");
    home.json(&["keys", "rotate"]).json();
    assert!(other.join("bursar.db").exists());
}

#[test]
fn a_database_behind_a_link_is_refused() {
    let home = Home::installed();
    let (file, elsewhere) = (home.data().join("bursar.db"), home.path("elsewhere"));
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(&file, elsewhere.join("bursar.db")).unwrap();
    symlink(elsewhere.join("bursar.db"), &file).unwrap();
    for args in [&["keys", "rotate"][..], &["restore", "apply"], &["db", "migrate"]] {
        let error = home.json(args).error(4);
        let (message, next) = (error["message"].as_str().unwrap(), error["next"].as_str().unwrap());
        assert!(message.contains("is a link to") && next.contains("server.data_dir"), "{args:?}: {error}");
    }
    assert!(file.is_symlink() && !elsewhere.join("bursar.db-wal").exists());
    home.json(&["audit"]).json();
    // A link to the whole directory is followed.
    fs::remove_file(&file).unwrap();
    fs::rename(elsewhere.join("bursar.db"), &file).unwrap();
    symlink(home.data(), home.path("link")).unwrap();
    let mut command: Command = home.command(&["keys", "rotate", "--json"]);
    let ran = command.env("BURSAR_DATA_DIR", home.path("link")).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}
