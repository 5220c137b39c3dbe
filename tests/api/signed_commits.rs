//! Every commit is signed with the installation key. Whoever can write to the files of a server, but lacks the key,
//! cannot continue its history: not with rows that are right in every other way.

use super::harness::{PATIENCE, Server, write_private};
use super::histories::wait_until;
use super::home::Ran;
use super::keys_at_rest::not_served;
use super::kills::copy_dir;
use super::restore_kill::{await_shipped, entries, found, ran, shipping_server};
use super::tampering::tampered;
use super::upgrade::{let_adopt, turn_back};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bursar::store::{InstallationKey, SignedCheckpoint};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

fn database(server: &Server) -> PathBuf {
    server.data_dir().join("bursar.db")
}

fn change(file: &Path, sql: &str) {
    Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

/// What an audit with the key finds.
fn audited(server: &Server, arguments: &[&str]) -> (i32, Value) {
    let ran = ran(server.program(&[&["audit", "--quick"], arguments].concat()));
    (ran.code, serde_json::from_str(&ran.stdout).unwrap())
}

fn checks(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|found| found["check"].as_str().unwrap()).collect()
}

fn served(server: &Server) -> Command {
    server.program(&["serve", "--dev", "--no-sample"])
}

/// A server that has shipped everything and stopped, and an account with 3.00.
fn stopped() -> (Server, String) {
    let mut server = shipping_server();
    let account = server.admin().new_account("USD");
    for _ in 0..3 {
        server.admin().deposit(&account, "1.00");
    }
    await_shipped(&server);
    server.stop();
    (server, account)
}

/// A deposit that somebody adds to the database of a stopped server, with all that follows from it, but without the
/// key: checkpoints that do not fit are removed, and the signature is the last one that there was.
fn forge(server: &mut Server, account: &str) {
    let (data, saved, forged) = (server.data_dir(), server.home().join("saved"), server.home().join("forged.db"));
    copy_dir(&data, &saved);
    let before = Connection::open(database(server)).unwrap();
    let sql = "SELECT signature, log_size FROM change_journal";
    let (signature, size): (Vec<u8>, i64) = before.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    drop(before);
    let config = server.home().join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    write_private(&config, "");
    server.start_again();
    server.admin().deposit(account, "7000000.00");
    server.stop();
    write_private(&config, &text);
    fs::rename(database(server), &forged).unwrap();
    fs::remove_dir_all(&data).unwrap();
    fs::rename(saved, &data).unwrap();
    fs::rename(forged, database(server)).unwrap();
    let connection = Connection::open(database(server)).unwrap();
    connection.execute("DELETE FROM log_checkpoints WHERE size > ?1", [size]).unwrap();
    connection.execute("UPDATE change_journal SET signature = ?1", [signature]).unwrap();
}

#[test]
fn rows_that_nobody_signed_are_found_and_are_neither_served_nor_shipped() {
    let (mut server, account) = stopped();
    let target = server.home().join("target");
    let place = target.display().to_string();
    assert_eq!(audited(&server, &["--anchor", &place]).0, 0);
    let shipped = found(&target, "");
    forge(&mut server, &account);
    assert_eq!(entries(&server.data_dir()).len(), 4, "the forged deposit is there");
    for anchor in [&[][..], &["--anchor", &place]] {
        let (code, report) = audited(&server, anchor);
        assert_eq!((code, checks(&report)), (5, vec!["signatures"]), "{report}");
    }
    let run = |args: &[&str]| ran(server.program(args)).error(5);
    let renewed = run(&["keys", "renew"]);
    for error in [not_served(&mut served(&server), 5), run(&["operator", "disable", "dev"]), renewed] {
        assert!(error["message"].as_str().unwrap().contains("not signed by the installation key"), "{error}");
        let next = error["next"].as_str().unwrap();
        assert!(next.contains("bursar audit ") && next.contains("bursar restore apply "), "{error}");
    }
    assert!(run(&["backup", "create"])["message"].as_str().unwrap().contains("signatures"));
    assert_eq!(found(&target, ""), shipped, "nothing of it has left the machine");
    ran(server.program(&["restore", "apply"])).json();
    server.start_again();
    assert_eq!(server.admin().balance(&account), "3.00");
    assert_eq!(server.command(&["audit", "--anchor", &place])["ok"], true);
}

#[test]
fn a_commit_that_somebody_left_in_the_log_is_not_taken_in() {
    let mut server = shipping_server();
    let account = server.admin().new_account("USD");
    await_shipped(&server);
    server.admin().deposit(&account, "2.00");
    server.kill();
    let target = server.home().join("target");
    let recorded = entries(&server.data_dir());
    {
        let connection = Connection::open(database(&server)).unwrap();
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
        connection
            .execute_batch(
                "PRAGMA wal_autocheckpoint = 0; BEGIN;
                 UPDATE books SET balance_minor = balance_minor + 1;
                 UPDATE change_journal SET commit_number = commit_number + 1; COMMIT;",
            )
            .unwrap();
    }
    let shipped = found(&target, "");
    let error = not_served(&mut served(&server), 5);
    assert!(error["message"].as_str().unwrap().contains("not signed"), "{error}");
    assert_eq!(found(&target, ""), shipped);
    // What was signed before it is not lost, though no target has it.
    ran(server.program(&["restore", "apply"])).json();
    assert_eq!(entries(&server.data_dir()), recorded);
    server.start_again();
    assert_eq!(server.admin().balance(&account), "2.00");
}

#[test]
fn the_signature_covers_the_whole_row_of_the_change_journal() {
    let (server, _) = stopped();
    let clean = server.home().join("clean.db");
    fs::copy(database(&server), &clean).unwrap();
    for change in [
        "stream = randomblob(16)",
        "commit_number = commit_number + 1",
        "recorded_at = 4102444800000",
        "last_entry = last_entry + 1",
        "last_event = last_event + 1",
        "epoch = randomblob(16)",
        "log_id = randomblob(16)",
        "log_size = log_size + 1",
        "log_frontier = zeroblob(length(log_frontier))",
        "signature = zeroblob(64)",
        "signature = NULL",
    ] {
        let file = tampered(&clean, &format!("UPDATE change_journal SET {change}"));
        let (code, report) = audited(&server, &[file.to_str().unwrap()]);
        assert!(code == 5 && checks(&report).contains(&"signatures"), "{change}: {report}");
        fs::copy(file, database(&server)).unwrap();
        not_served(&mut served(&server), 5);
    }
    fs::copy(clean, database(&server)).unwrap();
    assert_eq!(audited(&server, &[]).0, 0);
}

#[test]
fn a_restore_that_nobody_made_leaves_nothing_behind() {
    let (server, _) = stopped();
    let place = server.home().join("target").display().to_string();
    let before = audited(&server, &["--anchor", &place]).1;
    assert!(before["anchors"].as_array().unwrap().iter().all(|it| it["state"] == "continued"), "{before}");
    change(
        &database(&server),
        "INSERT INTO restores
         SELECT 2, recorded_at, '20261127T174100Z-000000000000', NULL, recorded_at, 0, 1, 1, 2, recorded_at, log_id, 3
         FROM change_journal;
         UPDATE change_journal SET log_id = randomblob(16); UPDATE installation SET timeline = 2;",
    );
    let (_, report) = audited(&server, &["--anchor", &place]);
    let found = checks(&report);
    assert!(found.contains(&"restores") && found.contains(&"anchor") && found.contains(&"signatures"), "{report}");
    assert!(report["anchors"].as_array().unwrap().iter().all(|it| it["state"] != "abandoned"), "{report}");
    let whats: Vec<_> = report["findings"].as_array().unwrap().iter().map(|it| it["what"].to_string()).collect();
    assert!(["audit row", "event", "epoch"].iter().all(|it| whats.iter().any(|what| what.contains(it))), "{whats:?}");
}

#[test]
fn a_database_that_was_turned_back_is_not_adopted() {
    let (mut server, account) = stopped();
    let (file, key) = (database(&server), server.data_dir().join("installation.key"));
    let whole = server.home().join("whole.db");
    fs::copy(&file, &whole).unwrap();
    // The log begins with version 23: what later versions write into new columns is not missing in the last one.
    for version in [26, 22] {
        fs::copy(&whole, &file).unwrap();
        let right = fs::read(&key).unwrap();
        turn_back(&file, version);
        // As somebody without the key leaves it.
        fs::write(&key, right).unwrap();
        let bytes = fs::read(&file).unwrap();
        for error in [not_served(&mut served(&server), 5), ran(server.program(&["db", "migrate"])).error(5)] {
            assert!(error["message"].as_str().unwrap().contains(&format!("schema version {version}")), "{error}");
            assert!(error["next"].as_str().unwrap().contains("bursar restore apply "), "{error}");
        }
        assert_eq!(fs::read(&file).unwrap(), bytes);
    }
    // An upgrade that was interrupted leaves a key that may still adopt; it ends with the upgrade.
    let_adopt(&server.data_dir());
    server.command(&["db", "migrate"]);
    turn_back(&file, 26);
    let marked = InstallationKey::load(&key).unwrap();
    assert!(marked.may_adopt(), "turning back marks it, for other tests");
    marked.end_adoption(&key).unwrap();
    ran(server.program(&["db", "migrate"])).error(5);
    ran(server.program(&["restore", "apply"])).json();
    server.start_again();
    assert_eq!(server.admin().balance(&account), "3.00");
}

#[test]
fn a_new_key_signs_what_an_old_one_vouches_for() {
    let (server, _) = stopped();
    let key = server.data_dir().join("installation.key");
    let renewed = server.command(&["keys", "renew"]);
    assert_eq!(renewed["history_signed"], true, "{renewed}");
    assert_eq!(audited(&server, &[]).0, 0);
    // A renewal that was interrupted before its first commit.
    let (replaced, other) = (key.with_extension("replaced-1.key"), server.home().join("other"));
    fs::rename(&key, replaced).unwrap();
    InstallationKey::create(&other).unwrap();
    fs::rename(other, &key).unwrap();
    not_served(&mut served(&server), 3);
    assert_eq!(server.command(&["keys", "renew"])["history_signed"], true);
    assert_eq!(audited(&server, &[]).0, 0);
    // Nothing can vouch for the past where all keys are lost.
    for file in found(&server.data_dir(), ".key") {
        fs::remove_file(file).unwrap();
    }
    assert_eq!(server.command(&["keys", "renew"])["history_signed"], false);
    assert_eq!(audited(&server, &[]).0, 0);
}

#[test]
fn two_signed_roots_of_one_log_are_said_and_not_shipped_over() {
    let (mut server, _) = stopped();
    let (key, target) = (server.data_dir().join("installation.key"), server.home().join("target"));
    let checkpoint = |file: &PathBuf| SignedCheckpoint::parse(&fs::read_to_string(file).unwrap()).unwrap().checkpoint;
    let file = found(&target, ".checkpoint").into_iter().max_by_key(|file| checkpoint(file).size).unwrap();
    let old = checkpoint(&file);
    let text = format!("{}\n{}\n{}\n", old.origin, old.size, STANDARD.encode([7; 32]));
    let key = InstallationKey::load(&key).unwrap();
    let verifier = key.verifier(old.installation().unwrap());
    let signature = [verifier.key_hash().as_slice(), &key.sign(text.as_bytes())].concat();
    let other = format!("{text}\n\u{2014} {} {}\n", verifier.name(), STANDARD.encode(signature));
    fs::write(&file, &other).unwrap();
    server.start_again();
    wait_until("saying so", || server.logged("another root") > 0);
    wait_until("showing it", || server.anyone().get("/readyz?verbose").text.contains("another root"));
    assert_eq!(fs::read_to_string(&file).unwrap(), other);
}

#[test]
fn a_proof_from_a_changed_log_is_none() {
    let mut server = Server::start("");
    let account = server.admin().new_account("USD");
    let deal = server.admin().deposit(&account, "1.00");
    server.stop();
    let prove =
        |more: &[&str]| Ran::of(server.program(&[&["audit", "--prove", &deal], more].concat()).output().unwrap());
    prove(&[]).json();
    prove(&["--anchor", "."]).error(2);
    change(&database(&server), "UPDATE audit_log SET address = '10.0.0.9' WHERE event_seq IS NOT NULL");
    let error = prove(&[]).error(5);
    assert!(error["message"].as_str().unwrap().contains("does not lead to its signed checkpoint"), "{error}");
}

#[test]
fn a_key_file_that_others_can_read_or_that_is_no_file_is_refused_by_every_command() {
    let mut server = Server::start("");
    server.stop();
    let key = server.data_dir().join("installation.key");
    fs::set_permissions(&key, Permissions::from_mode(0o666)).unwrap();
    for command in [&["backup", "create"][..], &["keys", "rotate"], &["audit"]] {
        let error = ran(server.program(command)).error(3);
        assert!(error["next"].as_str().unwrap().contains("chmod 600 "), "{error}");
    }
    fs::remove_file(&key).unwrap();
    assert!(Command::new("mkfifo").args(["-m", "600"]).arg(&key).status().unwrap().success());
    let since = Instant::now();
    for command in [&["backup", "create"][..], &["audit"]] {
        ran(server.program(command)).error(3);
    }
    assert!(since.elapsed() < PATIENCE);
}
