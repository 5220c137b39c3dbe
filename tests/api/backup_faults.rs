//! Faulty restores and backup targets: each is reported with its remedy, and existing data stays as it was.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use serde_json::Value;

use super::backups::{SmallDisk, backup, configure, files, object, seeded};
use super::home::{Home, Ran};
use super::kills::{Aim, shoot_with};
use super::restore_kill::{Entry, entries, found};
use super::signed;

fn restore(home: &Home, args: &[&str]) -> Ran {
    let config: &[&str] = if home.path("config.toml").exists() { &["--config", "config.toml"] } else { &[] };
    home.json(&[&["restore"], args, config].concat())
}

/// A data directory with a backup, and the entries in both.
fn with_backup() -> (Home, Vec<Entry>) {
    let home = seeded();
    backup(&home, &["create"]).json();
    let all = entries(&home.data());
    assert!(!all.is_empty());
    (home, all)
}

/// Asserts that a restore fails with a remedy and changes nothing.
#[track_caller]
fn fails(home: &Home, all: &[Entry], args: &[&str], code: i32, what: &str) {
    let error = restore(home, &[&["apply"], args].concat()).error(code);
    assert!(error["message"].as_str().unwrap().contains(what), "{args:?}: {error}");
    assert!(error["next"].is_string(), "{args:?}: {error}");
    assert_eq!(entries(&home.data()), all, "{args:?}");
    assert_eq!(timeline(&home.data()), 1, "{args:?}");
    assert!(!home.data().join("restore.swap").exists());
    assert_eq!(home.json(&["audit"]).json()["ok"], true);
}

fn timeline(data: &Path) -> i64 {
    let database = Connection::open(data.join("bursar.db")).unwrap();
    database.query_row("SELECT timeline FROM installation", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_restore_from_what_is_not_a_backup_changes_nothing() {
    let (home, all) = with_backup();
    let whole = object(&home.data().join("backups"), ".bursar");
    let bytes = fs::read(&whole).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        fs::write(home.path(name), bytes).unwrap();
        home.path(name).display().to_string()
    };
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    fails(&home, &all, &["--file", &file("notes.txt", b"not ours")], 5, "is not a backup of bursar");
    fails(&home, &all, &["--file", &file("empty", b"")], 5, "is too short");
    let database = fs::read(home.data().join("bursar.db")).unwrap();
    fails(&home, &all, &["--file", &file("bare.db", &database)], 5, "is not a backup of bursar");
    fails(&home, &all, &["--file", &file("half", &bytes[..bytes.len() / 2])], 5, "");
    fails(&home, &all, &["--file", &file("flipped", &flipped)], 5, "");
    fails(&home, &all, &["--file", "/nonexistent/file"], 1, "/nonexistent/file");
    fails(&home, &all, &["--backup", "20200101T000000Z-000000000001"], 1, "no such backup");
    fails(&home, &all, &["--at", "2001-01-01T00:00:00Z"], 1, "no backup from before");
    fails(&home, &all, &["--timeline", "9"], 1, "no such backup");
    fails(&home, &all, &["--into", home.data().to_str().unwrap()], 1, "holds a database already");
    let report = restore(&home, &["apply", "--file", &file("good", &bytes)]).json();
    assert_eq!((entries(&home.data()), &report["timeline"]), (all, &Value::from(2)));
}

#[test]
fn a_restore_from_a_damaged_or_newer_backup_changes_nothing() {
    let (home, all) = with_backup();
    let directory = home.data().join("backups");
    let (object, manifest) = (object(&directory, ".bursar"), object(&directory, ".json"));
    let (good, manifest_text) = (fs::read(&object).unwrap(), fs::read_to_string(&manifest).unwrap());
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    fs::write(&object, flipped).unwrap();
    fails(&home, &all, &[], 5, "");
    fs::write(&object, &good[..good.len() - 1]).unwrap();
    fails(&home, &all, &[], 1, "no backup");
    let listed = restore(&home, &["list"]).json();
    assert!(listed["broken"][0].as_str().unwrap().contains("is not complete"), "{listed}");
    fs::write(&object, &good).unwrap();
    fs::write(&manifest, manifest_text.replace("\"format\": 1", "\"format\": 99")).unwrap();
    fails(&home, &all, &[], 1, "no backup");
    assert!(restore(&home, &["list"]).json()["broken"][0].as_str().unwrap().contains("has format 99"));
    // The external manifest contradicts the one inside.
    fs::write(&manifest, &manifest_text).unwrap();
    let key = signed::key(&home.data());
    signed::change(&key, &manifest, |manifest| manifest["schema_version"] = 9999.into());
    fails(&home, &all, &[], 5, "another manifest");
    fs::write(&manifest, manifest_text).unwrap();
    restore(&home, &["apply"]).json();
    assert_eq!(entries(&home.data()), all);
}

#[test]
fn a_restore_without_its_place_or_with_the_wrong_key_changes_nothing() {
    let home = seeded();
    let key = backup(&home, &["keygen", "key.txt"]).json()["recipient"].as_str().unwrap().to_owned();
    backup(&home, &["keygen", "other.txt"]).json();
    let target = home.path("target");
    fs::create_dir(&target).unwrap();
    configure(&home, &format!("directories = [{target:?}]\nrecipients = [\"{key}\"]"));
    backup(&home, &["create"]).json();
    let all = entries(&home.data());
    fails(&home, &all, &[], 8, "no private key");
    fails(&home, &all, &["--identity", "other.txt"], 8, "another key");
    fs::rename(&target, home.path("away")).unwrap();
    fails(&home, &all, &["--identity", "key.txt"], 1, "does not exist");
    for command in ["plan", "list"] {
        let ran = restore(&home, &[command]);
        assert!(ran.stdout.contains("does not exist") || ran.stderr.contains("does not exist"), "{}", ran.stdout);
    }
    File::create(&target).unwrap();
    fails(&home, &all, &["--identity", "key.txt"], 1, "is not a directory");
    fs::remove_file(&target).unwrap();
    fs::rename(home.path("away"), &target).unwrap();
    let mut served = home.serve();
    let error = restore(&home, &["apply", "--identity", "key.txt"]).error(6);
    assert!(error["message"].as_str().unwrap().contains("in use") && error["next"].is_string(), "{error}");
    assert_eq!(served.stop(), 0);
    assert_eq!(timeline(&home.data()), 1);
    restore(&home, &["apply", "--identity", "key.txt"]).json();
    assert_eq!(timeline(&home.data()), 2);
}

#[test]
fn a_restore_to_a_full_disk_changes_nothing_and_can_be_done_again() {
    let Some(disk) = SmallDisk::mount("8m") else { return };
    let home = seeded();
    let target = home.path("target");
    fs::create_dir(&target).unwrap();
    configure(&home, &format!("directories = [{target:?}]"));
    backup(&home, &["create"]).json();
    let all = entries(&home.data());
    let data = disk.0.path().join("data");
    assert!(Command::new("cp").arg("-a").arg(home.data()).arg(&data).status().unwrap().success());
    let run =
        |args: &[&str]| home.json(&[args, &["--config", "config.toml", "--data-dir", data.to_str().unwrap()]].concat());
    let filler = disk.0.path().join("filler");
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    let failed = run(&["restore", "apply"]);
    assert!([1, 4].contains(&failed.code), "{}{}", failed.code, failed.stderr);
    assert!(failed.error(failed.code)["next"].is_string(), "{}", failed.stderr);
    assert_eq!((entries(&data), timeline(&data)), (all.clone(), 1));
    drop(file);
    fs::remove_file(filler).unwrap();
    assert_eq!(run(&["audit"]).json()["ok"], true);
    run(&["restore", "apply"]).json();
    assert_eq!((entries(&data), timeline(&data)), (all, 2));
}

/// A mounted directory that can be unmounted while it is written to.
struct Mounted {
    real: PathBuf,
    at: PathBuf,
}

impl Mounted {
    /// `None`, with a note on stderr, if this user may not mount.
    fn new(home: &Home) -> Option<Mounted> {
        let (real, at) = (home.path("disk"), home.path("mount"));
        fs::create_dir(&real).unwrap();
        fs::create_dir(&at).unwrap();
        let mounted = Mounted { real, at };
        mounted.mount().then_some(mounted)
    }

    fn mount(&self) -> bool {
        let ran = Command::new("mount").arg("--bind").args([&self.real, &self.at]).output();
        let is_mounted = ran.is_ok_and(|ran| ran.status.success());
        if !is_mounted {
            println!("SKIPPED: this user may not mount a directory elsewhere");
        }
        is_mounted
    }

    fn unmount(&self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).output();
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.unmount();
    }
}

#[test]
fn a_disk_that_goes_away_half_way_has_no_half_of_a_backup() {
    let home = seeded();
    let Some(mounted) = Mounted::new(&home) else { return };
    configure(&home, &format!("directories = [{:?}]", mounted.at));
    let name = backup(&home, &["create"]).json()["name"].clone();
    // Random bytes do not compress, so sending takes long enough to be interrupted.
    let database = Connection::open(home.data().join("bursar.db")).unwrap();
    let noise = "INSERT INTO counters (name, last)
         WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10)
         SELECT hex(randomblob(500000)), 1 FROM n";
    database.execute(noise, []).unwrap();
    drop(database);
    for phase in ["copy", "send", "read_back"] {
        let mut command = home.command(&["backup", "create", "--json", "--config", "config.toml"]);
        let status = shoot_with(&mut command, &Aim::at_phase(phase, 0), |_| mounted.unmount());
        assert!(mounted.mount());
        let listed = backup(&home, &["list"]).json();
        let listed = listed["backups"].as_array().unwrap();
        assert!(listed.iter().all(|it| it["state"] == "plain"), "{phase}: {listed:?}");
        assert_eq!(backup(&home, &["verify", "--all"]).json()["ok"], true, "{phase}");
        assert_eq!((listed.len(), &listed[0]["name"]), (1, &name), "{phase}: another backup was made there");
        // Either the failure was reported, or the directory below the mount has the whole backup.
        let record = fs::read_to_string(home.data().join("backup-record.json")).unwrap();
        let record: Value = serde_json::from_str(&record).unwrap();
        mounted.unmount();
        match status.success() {
            false => assert!(record["last_failure"]["reason"].is_string(), "{phase}: {record}"),
            true => assert_eq!(backup(&home, &["verify", "--all"]).json()["ok"], true, "{phase}"),
        }
        fs::read_dir(&mounted.at).unwrap().for_each(|it| fs::remove_dir_all(it.unwrap().path()).unwrap());
        assert!(mounted.mount());
    }
    let made = backup(&home, &["create"]).json();
    assert_eq!(files(&mounted.real).len(), 4, "{made}: {:?}", found(&mounted.real, ""));
    assert_eq!(backup(&home, &["verify", "--all"]).json()["ok"], true);
}

#[test]
fn a_clock_that_was_moved_back_hides_nothing_from_a_restore() {
    let (home, _) = with_backup();
    // A backup named while the clock was ahead; its content is older than that of the next.
    let directory = object(&home.data().join("backups"), ".json").parent().unwrap().to_owned();
    for path in files(&directory) {
        let ending = path.extension().unwrap().to_str().unwrap();
        let entry = path.file_stem().unwrap().to_str().unwrap().split_once('-').unwrap().1.to_owned();
        fs::rename(&path, directory.join(format!("20990101T000000Z-{entry}.{ending}"))).unwrap();
    }
    let password = home.file("password", "correct horse\n");
    home.json(&["operator", "add", "grace", "--role", "viewer", "--password-file", &password]).json();
    let made = backup(&home, &["create"]).json();
    let plan = restore(&home, &["plan"]).json();
    assert_eq!(plan["backup"], made["name"], "the plan must use the backup with the most entries: {plan}");
    configure(&home, "keep_latest = 1\nkeep_daily = 0\nkeep_weekly = 0\nkeep_monthly = 0");
    backup(&home, &["prune"]).json();
    assert_eq!(restore(&home, &["plan"]).json()["backup"], made["name"], "the backup with the most entries was pruned");
}

#[test]
fn a_database_that_is_not_right_is_not_backed_up() {
    let (home, _) = with_backup();
    let before = files(&home.data().join("backups"));
    let change = |sql: &str| Connection::open(home.data().join("bursar.db")).unwrap().execute_batch(sql).unwrap();
    let one = "(SELECT max(id) FROM books)";
    change(&format!("UPDATE books SET balance_minor = balance_minor + 1 WHERE id = {one}"));
    let error = backup(&home, &["create"]).error(5);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("no backup was created") && message.contains("balance"), "{error}");
    assert!(error["next"].as_str().unwrap().contains("bursar audit"), "{error}");
    assert_eq!(files(&home.data().join("backups")), before, "the good backup was removed");
    let record = fs::read_to_string(home.data().join("backup-record.json")).unwrap();
    let record: Value = serde_json::from_str(&record).unwrap();
    assert!(record["last_failure"]["reason"].as_str().unwrap().contains("balance"), "{record}");
    assert_eq!(record["failures"], 1);
    assert!(!home.data().join("backup.tmp").exists());
    change(&format!("UPDATE books SET balance_minor = balance_minor - 1 WHERE id = {one}"));
    assert_eq!(backup(&home, &["create"]).json()["manifest"]["reason"], "manual");
    assert_eq!(backup(&home, &["verify", "--all"]).json()["ok"], true);
}
