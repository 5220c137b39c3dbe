//! Shipping and restores killed at any moment: the target leads to exactly what was recorded, and the data directory
//! has the old database or the new one.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::harness::{Server, write_private};
use super::home::Ran;
use super::kills::{Aim, Tally, copy_dir, points, shoot};
use crate::common::let_pass;

/// Number, time (ms) and hash of an entry.
pub(super) type Entry = (i64, i64, Vec<u8>);

/// A server that ships changes to the directory `target` beside its data every half second.
pub(super) fn shipping_server() -> Server {
    let mut server = Server::start("");
    let target = server.home().join("target");
    fs::create_dir(&target).unwrap();
    let config = format!("[backup]\ndirectories = [{target:?}]\njournal_interval_s = 1\ndrill_days = 0\n");
    write_private(&server.home().join("config.toml"), &config);
    server.restart();
    server
}

pub(super) fn ran(mut command: Command) -> Ran {
    Ran::of(command.output().unwrap())
}

fn open(data: &Path) -> Connection {
    Connection::open_with_flags(data.join("bursar.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

pub(super) fn entries(data: &Path) -> Vec<Entry> {
    let connection = open(data);
    let mut query = connection.prepare("SELECT seq, recorded_at, hash FROM entries ORDER BY seq").unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn stream_and_commit(data: &Path) -> (Vec<u8>, u64) {
    let sql = "SELECT stream, commit_number FROM change_journal";
    open(data).query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

fn timeline(data: &Path) -> i64 {
    open(data).query_row("SELECT timeline FROM installation", [], |row| row.get(0)).unwrap()
}

/// The files below a directory whose names have this ending.
pub(super) fn found(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => all.extend(found(&entry.path(), ending)),
            _ if entry.file_name().to_str().unwrap().ends_with(ending) => all.push(entry.path()),
            _ => {}
        }
    }
    all.sort();
    all
}

/// The last commits of segments, at the target or in the spool.
fn last_commits(folder: &Path, ending: &str, part: usize) -> Vec<u64> {
    let last = |path: &PathBuf| path.file_stem()?.to_str()?.split('-').nth(part)?.parse().ok();
    found(folder, ending).iter().filter_map(last).collect()
}

fn at_target(server: &Server) -> Vec<u64> {
    last_commits(&server.home().join("target"), ".journal", 1)
}

fn in_spool(server: &Server) -> Vec<u64> {
    last_commits(&server.data_dir().join("journal"), ".commits", 3)
}

/// Waits until everything recorded is at the target, including a first backup.
pub(super) fn await_shipped(server: &Server) {
    let (since, (_, last)) = (Instant::now(), stream_and_commit(&server.data_dir()));
    loop {
        let plan = ran(server.program(&["restore", "plan"]));
        if plan.code == 0 && at_target(server).into_iter().max() >= Some(last) {
            return;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "commit {last} is not shipped: {}", plan.stderr);
        let_pass(Duration::from_millis(20));
    }
}

/// The step of shipping at which the server was killed.
fn shipping_place(server: &Server) -> &'static str {
    let (there, here) = (at_target(server), in_spool(server));
    let is_sealing =
        found(&server.data_dir().join("journal"), ".tmp").iter().any(|path| path.ends_with("sealed-0.tmp"));
    match (is_sealing, here.is_empty()) {
        _ if !found(&server.home().join("target"), ".unfinished").is_empty() => "storing at the target",
        (true, _) if here.iter().any(|last| !there.contains(last)) => "sealing",
        (true, _) => "stored, sealed file still there",
        (false, false) if here.iter().all(|last| there.contains(last)) => "stored, still in the spool",
        (false, false) => "closed, not sealed",
        (false, true) => "between two rounds",
    }
}

/// The server is killed while it ships. On a machine with nothing else, the target leads to exactly what was recorded
/// up to its last commit, and the stream continues without a gap.
#[test]
fn shipping_that_is_killed_leaves_no_gap_and_invents_nothing() {
    let mut server = shipping_server();
    await_shipped(&server);
    let account = server.admin().new_account("USD");
    let (stream, _) = stream_and_commit(&server.data_dir());
    let (mut dice, mut tally) = (fastrand::Rng::with_seed(23), Tally::default());
    let verifier = ran(server.program(&["backup", "verifier"])).json()["verifier"].as_str().unwrap().to_owned();
    for round in 0..points() {
        for _ in 0..=dice.u64(..4) {
            server.admin().deposit(&account, "1.00");
        }
        let (journal, target) = (server.data_dir().join("journal"), server.home().join("target"));
        let before = at_target(&server).len();
        let aim = match round % 6 {
            0 | 3 => Aim::from_start(dice.u64(..700_000)),
            1 => Aim::once(|| journal.join("sealed-0.tmp").exists(), dice.u64(..150)),
            2 => Aim::once(|| !found(&target, ".unfinished").is_empty(), dice.u64(..500)),
            4 => Aim::once(|| !found(&journal, ".commits").is_empty(), dice.u64(..500)),
            _ => Aim::once(|| found(&target, ".journal").len() > before, dice.u64(..500)),
        };
        // A moment that was missed recurs with the next changes.
        let fed = Cell::new(Instant::now());
        let feed = || {
            if fed.get().elapsed() > Duration::from_secs(3) {
                server.admin().deposit(&account, "1.00");
                fed.set(Instant::now());
            }
            String::new()
        };
        aim.wait(feed, || false);
        server.kill();
        let place = shipping_place(&server);

        let copy = server.home().join("copy");
        let _ = fs::remove_dir_all(&copy);
        copy_dir(&server.data_dir(), &copy);
        let (all, shipped) = (entries(&copy), at_target(&server).into_iter().max().unwrap());
        let elsewhere = server.home().join("elsewhere");
        let _ = fs::remove_dir_all(&elsewhere);
        let mut apply = server.program(&["restore", "apply", "--trust", &verifier]);
        let report = Ran::of(apply.env("BURSAR_DATA_DIR", &elsewhere).output().unwrap()).json();
        let restored = entries(&elsewhere);
        assert_eq!(restored, all[..restored.len()], "killed {place}: {report}");
        let reached = report["commits"].as_u64().unwrap() + base_commit(&server, &report);
        assert_eq!(reached, shipped, "not everything that was shipped was restored: {report}");
        tally.count(place, if restored.len() == all.len() { "nothing lost" } else { "the last moments lost" });
        server.start_again();
    }
    tally.print("shipping");
    server.admin().deposit(&account, "1.00");
    await_shipped(&server);
    assert_eq!(stream_and_commit(&server.data_dir()).0, stream, "one stream through all kills");
    let into = server.home().join("into").display().to_string();
    ran(server.program(&["restore", "apply", "--into", &into])).json();
    assert_eq!(entries(Path::new(&into)), entries(&server.data_dir()));
    assert!(found(&server.home().join("target"), ".unfinished").is_empty(), "an unfinished file was left");
    assert_eq!(ran(server.program(&["audit"])).json()["ok"], true);
}

/// The commit of the backup that a restore used.
fn base_commit(server: &Server, report: &Value) -> u64 {
    let name = format!("{}.json", report["backup"].as_str().unwrap());
    let manifest = found(&server.home().join("target"), &name).remove(0);
    let manifest: Value = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
    manifest["position"]["commit"].as_u64().unwrap()
}

/// The step at which a restore was killed.
fn restore_place(data: &Path, is_killed: bool, phase: &str) -> String {
    let is_there = |name: &str| data.join(name).exists();
    let place = match phase {
        _ if !is_killed => "nothing, as it was through",
        _ if is_there("restore.swap") => "the swap, decided",
        _ if is_there("restore.making") => "the swap, not decided",
        _ if timeline(data) == 2 => "after the swap",
        _ if is_there("restore.tmp/bursar.lock") => "the new timeline and its proof",
        "" => "looking what there is",
        phase => phase,
    };
    place.to_owned()
}

/// Each restore is killed at some moment; the next command or start finds the old database or the new one, complete.
#[test]
fn a_restore_that_is_killed_leaves_the_old_database_or_the_new_one() {
    let mut server = shipping_server();
    await_shipped(&server);
    let account = server.admin().new_account("USD");
    for _ in 0..8 {
        server.admin().deposit(&account, "1.00");
    }
    await_shipped(&server);
    // It is not closed cleanly, so its write-ahead log belongs to it.
    server.kill();
    let (data, original) = (server.data_dir(), server.home().join("original"));
    copy_dir(&data, &original);
    let all = entries(&data);
    let at = bursar::domain::clock::Moment::from_unix_ms(all[4].1).to_string();
    let wanted: Vec<Entry> = all.iter().filter(|entry| entry.1 <= all[4].1).cloned().collect();
    let apply = ["restore", "apply", "--at", &at];
    let again = |server: &Server| {
        let _ = fs::remove_dir_all(&data);
        copy_dir(&original, &data);
        server.program(&apply)
    };
    let began = Instant::now();
    ran(again(&server)).json();
    let whole_us = u64::try_from(began.elapsed().as_micros()).unwrap();
    let kept = |data: &Path| {
        let is_kept = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("replaced-");
        fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()).find(is_kept)
    };
    let (mut dice, mut tally) = (fastrand::Rng::with_seed(42), Tally::default());
    for round in 0..points() {
        let mut command = again(&server);
        let built = data.join("restore.tmp/bursar.db");
        let (tmp, swap) = (data.join("restore.tmp/bursar.lock"), data.join("restore.swap"));
        let aim = match round % 6 {
            0 => Aim::from_start(dice.u64(..whole_us)),
            1 => Aim::once(|| built.exists(), dice.u64(..whole_us / 8)),
            2 => Aim::once(|| tmp.exists(), dice.u64(..whole_us / 2)),
            3 => Aim::once(|| data.join("restore.making").exists() || swap.exists(), dice.u64(..1500)),
            4 => Aim::once(|| kept(&data).is_some(), dice.u64(..1500)),
            _ => Aim::once(|| !data.join("bursar.db-wal").exists(), dice.u64(..1000)),
        };
        let shot = shoot(&mut command, &aim);
        let place = restore_place(&data, shot.is_killed, &shot.phase);

        // The next command completes a swap that was already decided.
        match round % 3 {
            0 => assert_eq!(ran(server.program(&["audit"])).json()["ok"], true, "killed in {place}"),
            1 => _ = ran(server.program(&["backup", "list"])).json(),
            _ => {
                server.start_again();
                server.kill();
            }
        }
        assert!(!data.join("restore.swap").exists(), "killed in {place}");
        let outcome = match timeline(&data) {
            1 => {
                assert_eq!(entries(&data), all, "killed in {place}");
                "the old database"
            }
            2 => {
                assert_eq!(entries(&data), wanted, "killed in {place}");
                assert_eq!(entries(&kept(&data).unwrap()), all, "the old database is kept");
                "the new database"
            }
            other => panic!("killed in {place}: timeline {other}"),
        };
        assert_eq!(ran(server.program(&["audit"])).json()["ok"], true, "killed in {place}");
        let before = timeline(&data);
        ran(server.program(&apply)).json();
        assert_eq!((entries(&data), timeline(&data)), (wanted.clone(), before + 1), "killed in {place}, then again");
        assert_eq!(ran(server.program(&["audit"])).json()["ok"], true);
        tally.count(&place, outcome);
    }
    tally.print("restore apply");
    assert!(tally.of("the old database") > 0 && tally.of("the new database") > 0);
}
