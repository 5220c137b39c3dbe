//! Backups killed as by a power cut: at any moment there is no new backup, or a complete one.

use std::time::Instant;

use super::backups::{backup, configure, files, seeded};
use super::home::Home;
use super::kills::{Aim, Tally, points, shoot};
use super::signed;

fn count(home: &Home) -> usize {
    backup(home, &["list"]).json()["backups"].as_array().unwrap().len()
}

#[test]
fn a_killed_backup_is_absent_or_complete() {
    let home = seeded();
    let began = Instant::now();
    backup(&home, &["create"]).json();
    let whole_us = u64::try_from(began.elapsed().as_micros()).unwrap();
    let (mut dice, mut tally) = (fastrand::Rng::with_seed(11), Tally::default());
    for round in 0..points() {
        // Every second kill comes at any time, the others in each phase in turn and around its end.
        let phase = ["copy", "prove", "wrap", "send", "read_back"][usize::try_from(round / 2 % 5).unwrap()];
        let aim = match round % 2 {
            0 => Aim::from_start(dice.u64(..whole_us * 5 / 4)),
            _ => Aim::at_phase(phase, dice.u64(..whole_us / 4)),
        };
        let before = count(&home);
        let shot = shoot(&mut home.command(&["backup", "create", "--json"]), &aim);
        let after = count(&home);
        assert!(after == before || after == before + 1, "{before} {after}");
        assert_eq!(backup(&home, &["verify"]).json()["ok"], true, "killed in {}", shot.phase);
        let place = match (shot.is_killed, shot.phase.as_str()) {
            (false, _) => "nothing, as it was through",
            (true, "") => "start",
            (true, phase) => phase,
        };
        tally.count(place, if after == before { "no new backup" } else { "a new backup" });
    }
    tally.print("backup create");
    assert!(tally.of("no new backup") > points() / 5, "too few kills hit a running backup");
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
fn a_killed_removal_leaves_complete_backups() {
    let home = seeded();
    let name = backup(&home, &["create"]).json()["name"].as_str().unwrap().to_owned();
    let directory = super::backups::object(&home.data().join("backups"), ".json").parent().unwrap().to_owned();
    let (entry, key) = (name.split_once('-').unwrap().1, signed::key(&home.data()));
    configure(&home, "keep_latest = 1\nkeep_daily = 0\nkeep_weekly = 0\nkeep_monthly = 0");
    let (mut dice, mut tally) = (fastrand::Rng::with_seed(7), Tally::default());
    for _ in 0..points() {
        for day in 1..=28 {
            signed::copy(&key, &directory, &name, &format!("202402{day:02}T120000Z-{entry}"));
        }
        // Each backup has two files; one backup stays. The kill comes when this many files are left.
        let left = 2 + usize::try_from(dice.u64(..57)).unwrap();
        let aim = Aim::once(|| files(&directory).len() <= left, dice.u64(..300));
        let shot = shoot(&mut home.command(&["backup", "prune", "--config", "config.toml", "--json"]), &aim);
        let found = backup(&home, &["list"]).json();
        let found = found["backups"].as_array().unwrap();
        for it in found {
            assert_eq!(it["state"], "plain", "{it}");
        }
        assert_eq!(backup(&home, &["verify"]).json()["backups"][0]["name"], name.as_str());
        let is_between = files(&directory).len() % 2 == 1;
        let place = match (shot.is_killed, found.len()) {
            (false, _) => "nothing, as it was through",
            (true, 29) => "looking what there is",
            (true, 1) => "its end",
            (true, _) if is_between => "the middle of a removal",
            (true, _) => "removing, between two",
        };
        tally.count(place, "those that are left are whole");
    }
    tally.print("backup prune");
    backup(&home, &["prune"]).json();
    assert_eq!(files(&directory).len(), 2);
}
