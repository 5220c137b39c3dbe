//! Verifications and drills read the changes after the newest backup; what is known of a target survives restarts, and
//! goes with the target.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::harness::{PATIENCE, Server, write_private};
use super::restore_kill::{await_shipped, entries, found, ran, shipping_server};
use crate::common::let_pass;

fn record(server: &Server) -> Value {
    serde_json::from_slice(&fs::read(server.data_dir().join("backup-record.json")).unwrap()).unwrap()
}

#[test]
fn verifications_and_drills_read_the_changes_after_the_newest_backup() {
    let mut server = shipping_server();
    await_shipped(&server);
    let account = server.admin().new_account("USD");
    for _ in 0..3 {
        server.admin().deposit(&account, "1.00");
        await_shipped(&server);
    }
    server.stop();
    let verified = ran(server.program(&["backup", "verify"])).json();
    let commits = verified["changes"][0]["commits"].as_u64().unwrap();
    assert!(commits >= 4, "{verified}");
    let drilled = ran(server.program(&["backup", "drill"])).json();
    assert_eq!(
        (&drilled["commits"], &drilled["entries"]),
        (&json!(commits), &json!(entries(&server.data_dir()).len()))
    );

    let segments = found(&server.home().join("target"), ".journal");
    let middle = &segments[segments.len() - 2];
    let good = fs::read(middle).unwrap();
    let fails = |what: &str| {
        for command in ["verify", "drill"] {
            let failed = ran(server.program(&["backup", command]));
            let message = failed.error(5)["message"].as_str().unwrap().to_owned();
            assert!(message.contains(what), "{command}: {message}");
        }
    };
    fs::remove_file(middle).unwrap();
    fails("are at no target");
    let mut changed = good.clone();
    changed[good.len() / 2] ^= 1;
    fs::write(middle, &changed).unwrap();
    fails("the segment");
    // Another segment under its name.
    fs::copy(segments.last().unwrap(), middle).unwrap();
    fails("the segment");
    fs::write(middle, &good).unwrap();
    assert_eq!(ran(server.program(&["backup", "verify"])).json()["ok"], true);
}

#[test]
fn a_gap_is_remembered_and_a_target_that_was_removed_is_forgotten() {
    let mut server = shipping_server();
    await_shipped(&server);
    server.stop();
    let (target, other) = (server.home().join("target"), server.home().join("other"));
    let name = target.to_str().unwrap().to_owned();
    // As a server leaves it that has dropped changes and was stopped before it could make a backup.
    let mut left = record(&server);
    left["shipping"][&name]["has_gap"] = json!(true);
    fs::write(server.data_dir().join("backup-record.json"), left.to_string()).unwrap();
    let backups = found(&target, ".bursar").len();
    server.start_again();
    let since = Instant::now();
    while record(&server)["shipping"][&name]["has_gap"] == json!(true) || found(&target, ".bursar").len() == backups {
        assert!(since.elapsed() < PATIENCE, "{}", record(&server));
        let_pass(Duration::from_millis(50));
    }
    server.stop();

    fs::create_dir(&other).unwrap();
    write_private(
        &server.home().join("config.toml"),
        &format!("[backup]\ndirectories = [{other:?}]\njournal_interval_s = 1\ndrill_days = 0\n"),
    );
    server.start_again();
    let since = Instant::now();
    while record(&server)["targets"].get(other.to_str().unwrap()).is_none() {
        assert!(since.elapsed() < PATIENCE, "{}", record(&server));
        let_pass(Duration::from_millis(50));
    }
    let known = record(&server);
    assert!(known["targets"].get(&name).is_none() && known["shipping"].get(&name).is_none(), "{known}");
}

#[test]
fn a_drill_that_is_cut_short_is_no_failure() {
    let mut server = shipping_server();
    await_shipped(&server);
    server.stop();
    let file = server.home().join("config.toml");
    write_private(&file, &fs::read_to_string(&file).unwrap().replace("drill_days = 0", "drill_days = 1"));
    let is_drilling =
        |server: &Server| found(&server.data_dir(), "bursar.db").iter().any(|path| path.ends_with("drill/bursar.db"));
    for _ in 0..20 {
        server.start_again();
        let since = Instant::now();
        while !is_drilling(&server) && record(&server)["last_drill"].is_null() {
            assert!(since.elapsed() < PATIENCE, "{}", record(&server));
            let_pass(Duration::from_millis(1));
        }
        server.stop();
        let mut known = record(&server);
        assert_eq!(known["last_drill_failure"], Value::Null, "{known}");
        if known["last_drill"].is_null() {
            return;
        }
        // It had passed already: the next one is due again.
        known["last_drill"] = Value::Null;
        fs::write(server.data_dir().join("backup-record.json"), known.to_string()).unwrap();
    }
    panic!("no drill was cut short");
}
