//! Backups that are killed as a power cut would: at any moment there is no new backup, or a complete one.

use std::fs;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use super::backups::{backup, configure, files, seeded};
use super::home::Home;

/// Starts a command, kills it after so many microseconds, and returns whether it was killed.
fn kill_after(home: &Home, args: &[&str], us: u64) -> bool {
    let mut command = home.command(args);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Nobody ever sends: this waits, and the moment of the kill is what the test is about.
    let (_keep, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(Duration::from_micros(us));
    let _ = child.kill();
    child.wait().unwrap().code().is_none()
}

/// Numbers that look random and are the same in each run.
fn dice(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

fn count(home: &Home) -> usize {
    backup(home, &["list"]).json()["backups"].as_array().unwrap().len()
}

#[test]
fn a_backup_that_is_killed_is_none_or_whole() {
    let home = seeded();
    let began = std::time::Instant::now();
    backup(&home, &["create"]).json();
    let whole_us = u64::try_from(began.elapsed().as_micros()).unwrap();
    let (mut roll, mut killed) = (dice(11), 0);
    for _ in 0..25 {
        let before = count(&home);
        killed += usize::from(kill_after(&home, &["backup", "create"], roll(whole_us * 5 / 4)));
        let after = count(&home);
        assert!(after == before || after == before + 1, "{before} {after}");
        assert_eq!(backup(&home, &["verify"]).json()["ok"], true);
    }
    assert!(killed > 5, "{killed} were killed in the act");
    backup(&home, &["create"]).json();
    assert_eq!(backup(&home, &["verify", "--all"]).json()["ok"], true);
    assert!(!home.data().join("backup.tmp").exists());
    assert_eq!(
        files(&home.data().join("backups")).len(),
        2 * count(&home),
        "nothing of those that were killed is left"
    );
    assert_eq!(home.json(&["audit"]).json()["ok"], true);
}

#[test]
fn a_removal_that_is_killed_leaves_whole_backups() {
    let home = seeded();
    let name = backup(&home, &["create"]).json()["name"].as_str().unwrap().to_owned();
    let directory = super::backups::object(&home.data().join("backups"), ".json").parent().unwrap().to_owned();
    let entry = name.split_once('-').unwrap().1;
    configure(&home, "keep_latest = 1\nkeep_daily = 0\nkeep_weekly = 0\nkeep_monthly = 0");
    let mut roll = dice(7);
    for _ in 0..12 {
        for day in 1..=28 {
            for ending in ["bursar", "json"] {
                let copy = directory.join(format!("202402{day:02}T120000Z-{entry}.{ending}"));
                fs::copy(directory.join(format!("{name}.{ending}")), copy).unwrap();
            }
        }
        kill_after(&home, &["backup", "prune", "--config", "config.toml"], 5_000 + roll(60_000));
        let left = backup(&home, &["list"]).json();
        for it in left["backups"].as_array().unwrap() {
            assert_eq!(it["state"], "plain", "{it}");
        }
        assert_eq!(backup(&home, &["verify"]).json()["backups"][0]["name"], name.as_str());
    }
    backup(&home, &["prune"]).json();
    assert_eq!(files(&directory).len(), 2);
}
