//! Backups from an operator's point of view: the real program and real files, and everything that can be wrong with
//! them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::harness::{Server, unique};
use super::home::Home;
use super::signed;

/// A data directory with clients and money; no server runs.
pub(super) fn seeded() -> Home {
    let home = Home::new();
    assert_eq!(home.serve().stop(), 0);
    home
}

/// Sets `[backup]`.
pub(super) fn configure(home: &Home, settings: &str) {
    fs::write(home.path("config.toml"), format!("[backup]\n{settings}\n")).unwrap();
}

/// Runs `bursar backup` with the directory's configuration.
pub(super) fn backup(home: &Home, args: &[&str]) -> super::home::Ran {
    let config: &[&str] = if home.path("config.toml").exists() { &["--config", "config.toml"] } else { &[] };
    home.json(&[&["backup"], args, config].concat())
}

/// The backup files below a directory.
pub(super) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else if !["journal", "lease", "checkpoint"]
            .map(Some)
            .contains(&entry.path().extension().and_then(OsStr::to_str))
        {
            // Changes, leases of servers and checkpoints of the audit log belong to none of the backups.
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

pub(super) fn object(directory: &Path, ending: &str) -> PathBuf {
    let found = files(directory).into_iter().rfind(|path| path.to_str().unwrap().ends_with(ending));
    found.unwrap_or_else(|| panic!("no {ending} in {}", directory.display()))
}

fn names(home: &Home) -> Vec<String> {
    let listed = backup(home, &["list"]).json();
    listed["backups"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

/// Asserts that failed work leaves no temporary files.
#[track_caller]
fn is_tidy(home: &Home) {
    assert!(!home.data().join("backup.tmp").exists());
    assert_eq!(home.json(&["audit"]).json()["ok"], true);
}

#[test]
fn a_backup_is_made_beside_a_server_and_can_be_opened_without_bursar() {
    let home = Home::new();
    let mut served = home.serve();
    let made = backup(&home, &["create"]).json();
    let manifest = &made["manifest"];
    assert_eq!(manifest["entries"], home.json(&["audit"]).json()["entries"]);
    assert_eq!(manifest["chain_head"], home.json(&["audit"]).json()["chain_head"]);
    assert!(!manifest["trial_balance"].as_array().unwrap().is_empty(), "{manifest}");
    assert_eq!(names(&home), [made["name"].as_str().unwrap()]);

    let directory = home.data().join("backups");
    let object = object(&directory, ".bursar");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory), mode(&object)), (0o700, 0o600));
    let plain = zstd::decode_all(File::open(&object).unwrap()).unwrap();
    let copy = home.path("copy.db");
    fs::write(&copy, plain).unwrap();
    let audit = home.json(&["audit", copy.to_str().unwrap()]).json();
    assert_eq!((&audit["ok"], &audit["chain_head"]), (&true.into(), &manifest["chain_head"]));

    let proven = backup(&home, &["verify", "--all"]).json();
    assert_eq!((&proven["ok"], &proven["backups"][0]["state"]), (&true.into(), &"proven".into()));
    assert_eq!(backup(&home, &["drill"]).json()["entries"], manifest["entries"]);
    assert_eq!(served.stop(), 0);
    is_tidy(&home);
    let text = home.run(&["backup", "create"]).stdout;
    assert!(text.contains("proven"), "{text}");
    assert_eq!(names(&home).len(), 2, "also without a server");
}

#[test]
fn invalid_names_and_missing_backups_are_refused() {
    let home = seeded();
    assert_eq!(backup(&home, &["verify"]).error(1)["code"], "FAILURE");
    assert_eq!(backup(&home, &["drill"]).code, 1);
    assert_eq!(backup(&home, &["verify", "../../etc/passwd"]).code, 2);
    assert_eq!(backup(&home, &["verify", "20260302T081500Z-000000000042"]).code, 1);
    assert!(names(&home).is_empty());
    let empty = Home::new();
    assert_eq!(empty.json(&["backup", "create"]).code, 4);
    assert!(!empty.data().exists());
}

#[test]
fn an_encrypted_backup_is_read_with_its_key_only() {
    let home = seeded();
    let key = backup(&home, &["keygen", "key.txt"]).json()["recipient"].as_str().unwrap().to_owned();
    backup(&home, &["keygen", "other.txt"]).json();
    assert_eq!(fs::metadata(home.path("key.txt")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(backup(&home, &["keygen", "key.txt"]).code, 1, "a key was overwritten");
    configure(&home, &format!("recipients = [\"{key}\"]"));
    let made = backup(&home, &["create"]).json();
    assert_eq!(made["manifest"]["object"]["encoding"], "zstd+age");

    let directory = home.data().join("backups");
    let beside: Value = serde_json::from_slice(&fs::read(object(&directory, ".json")).unwrap()).unwrap();
    assert!(beside.get("trial_balance").is_none(), "an encrypted backup shows its sums in plain text: {beside}");
    let stored = fs::read(object(&directory, ".bursar")).unwrap();
    assert!(stored.starts_with(b"age-encryption.org/v1"));
    assert!(!stored.windows(15).any(|part| part == b"SQLite format 3"));

    assert_eq!(backup(&home, &["verify"]).json()["backups"][0]["state"], "stored");
    assert_eq!(backup(&home, &["verify", "--identity", "key.txt"]).json()["backups"][0]["state"], "proven");
    assert_eq!(backup(&home, &["drill"]).error(8)["code"], "AUTHENTICATION");
    for command in [&["verify", "--identity", "other.txt"][..], &["drill", "--identity", "other.txt"]] {
        assert_eq!(backup(&home, command).error(8)["code"], "AUTHENTICATION");
    }
    assert_eq!(backup(&home, &["drill", "--identity", "key.txt"]).json()["ok"], true);
    assert_eq!(backup(&home, &["drill", "--identity", "nowhere.txt"]).code, 1);
    assert_eq!(backup(&home, &["drill", "--identity", "config.toml"]).code, 8);
    is_tidy(&home);

    // If the key is available, the stored backup is read back, decrypted and opened; a key of older backups does not
    // fit.
    let with =
        |file: &str| configure(&home, &format!("recipients = [\"{key}\"]\nidentity_file = {:?}", home.path(file)));
    for file in ["key.txt", "other.txt"] {
        with(file);
        let name = backup(&home, &["create"]).json()["name"].as_str().unwrap().to_owned();
        with("key.txt");
        assert_eq!(backup(&home, &["verify", &name]).json()["backups"][0]["state"], "proven", "made with {file}");
    }
    assert_eq!(backup(&home, &["drill"]).json()["ok"], true);
    is_tidy(&home);
    configure(&home, "recipients = [\"age1nonsense\"]");
    assert_eq!(backup(&home, &["create"]).error(3)["code"], "CONFIGURATION");
}

#[test]
fn tampering_with_a_backup_is_found() {
    let home = seeded();
    backup(&home, &["create"]).json();
    let directory = home.data().join("backups");
    let (object, manifest) = (object(&directory, ".bursar"), object(&directory, ".json"));
    let (good, manifest_text) = (fs::read(&object).unwrap(), fs::read_to_string(&manifest).unwrap());
    let refused = |code: i32, what: &str| {
        for command in ["verify", "drill"] {
            let error = backup(&home, &[command]).error(code);
            assert!(error["message"].as_str().unwrap().contains(what), "{command}: {error}");
            assert!(error["next"].is_string(), "{error}");
        }
    };
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    for at in [0, 5, 30, good.len() / 2, good.len() - 1] {
        fs::write(&object, flipped(at)).unwrap();
        refused(5, "");
    }
    fs::write(&object, &good[..good.len() / 2]).unwrap();
    refused(5, "bytes");
    fs::write(&object, vec![7; good.len()]).unwrap();
    refused(5, "is not a backup of bursar");
    fs::remove_file(&object).unwrap();
    refused(5, "its object is missing");
    assert_eq!(backup(&home, &["list"]).json()["backups"][0]["state"], "broken");
    fs::write(&object, &good).unwrap();

    let key = signed::key(&home.data());
    signed::change(&key, &manifest, |manifest| manifest["entries"] = 1.into());
    refused(5, "another manifest");
    fs::write(&manifest, "{").unwrap();
    refused(5, "no readable manifest");
    fs::write(&manifest, manifest_text.replace("\"format\": 1", "\"format\": 99")).unwrap();
    refused(4, "has format 99");
    fs::write(&manifest, &manifest_text).unwrap();
    signed::change(&key, &manifest, |manifest| manifest["schema_version"] = 9999.into());
    refused(4, "schema version 9999");
    let dry = backup(&home, &["prune"]).json();
    assert_eq!(
        dry["targets"][0]["broken"].as_array().unwrap().len(),
        1,
        "an unreadable backup would be removed: {dry}"
    );
    fs::write(&manifest, manifest_text).unwrap();
    fs::write(directory.join("notes.txt"), "not ours").unwrap();
    assert_eq!(backup(&home, &["verify", "--all"]).json()["ok"], true, "the restored files do not verify");
    is_tidy(&home);
}

#[test]
fn an_unusable_target_is_reported_and_changes_nothing() {
    let home = seeded();
    let failed = |code: i32, what: &str| {
        let error = backup(&home, &["create"]).error(code);
        assert!(error["message"].as_str().unwrap().contains(what), "{error}");
        assert!(error["next"].is_string(), "{error}");
        is_tidy(&home);
        let record = fs::read_to_string(home.data().join("backup-record.json")).unwrap();
        assert!(serde_json::from_str::<Value>(&record).unwrap()["last_failure"]["reason"].is_string(), "{record}");
    };
    configure(&home, "directories = [\"/nonexistent/mount\"]");
    failed(1, "does not exist");
    assert_eq!(backup(&home, &["list"]).code, 1);
    configure(&home, &format!("directories = [\"{}\"]", home.path("config.toml").display()));
    failed(1, "is not a directory");
    // Nobody can create files here, not even the superuser.
    configure(&home, "directories = [\"/sys/kernel\"]");
    failed(7, "/sys/kernel");
    configure(&home, "enabled = false\ndirectories = []");
    assert_eq!(backup(&home, &["create"]).error(3)["code"], "CONFIGURATION");

    // One of two targets is enough for a backup, but the command still fails.
    configure(&home, "directories = [\"backups\", \"/nonexistent/mount\"]");
    failed(1, "some targets do not have it");
    configure(&home, "directories = [\"backups\"]");
    assert_eq!(names(&home).len(), 1);
    assert_eq!(backup(&home, &["verify", "--all"]).json()["ok"], true);
}

#[test]
fn an_unreachable_target_does_not_block_the_others() {
    let home = seeded();
    configure(&home, "directories = [\"backups\"]");
    let name = backup(&home, &["create"]).json()["name"].clone();
    // The missing target comes first.
    configure(&home, "directories = [\"/nonexistent/mount\", \"backups\"]");
    for command in [&["verify"][..], &["verify", "--all"], &["verify", name.as_str().unwrap()]] {
        let ran = backup(&home, command);
        assert!(ran.error(1)["message"].as_str().unwrap().contains("/nonexistent/mount"), "{}", ran.stderr);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((&report["ok"], &report["backups"][0]["state"]), (&json!(false), &json!("proven")), "{report}");
        assert_eq!(report["unreadable"][0]["target"], "/nonexistent/mount");
    }
    assert_eq!(backup(&home, &["verify", "20200101T000000Z-000000000001"]).code, 1);
    let ran = backup(&home, &["prune"]);
    assert!(ran.error(1)["next"].is_string(), "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&report["targets"][0]["kept"], report["targets"].as_array().unwrap().len()),
        (&json!([name]), 1),
        "{report}"
    );
    assert_eq!(report["failed"][0]["target"], "/nonexistent/mount");
    is_tidy(&home);
}

#[test]
fn probes_say_that_the_key_for_drills_is_missing() {
    let home = Home::new();
    let key = home.json(&["backup", "keygen", "key.txt"]).json()["recipient"].as_str().unwrap().to_owned();
    let secret = fs::read_to_string(home.path("key.txt")).unwrap();
    let drills = |server: &Server| server.anyone().get("/readyz?verbose").ok().json()["backup"]["drills"].clone();
    let server = Server::start(&format!("[backup]\nrecipients = [\"{key}\"]\n"));
    server.await_log("no drills on this machine", 1);
    assert_eq!(drills(&server), "no_key_here");
    let config = format!("[backup]\nrecipients = [\"{key}\"]\nidentity_file = \"HOME/key.txt\"\n");
    assert_eq!(drills(&Server::start_with(&config, &[("key.txt", &secret)])), "on");
    assert_eq!(drills(&Server::start("[backup]\ndrill_days = 0\n")), "off");
}

/// A small disk, unmounted on drop.
pub(super) struct SmallDisk(pub(super) tempfile::TempDir);

impl SmallDisk {
    /// `None`, with a note on stderr, if this user may not mount.
    pub(super) fn mount(size: &str) -> Option<SmallDisk> {
        let home = tempfile::tempdir().unwrap();
        let options = format!("size={size},mode=0700");
        let ran = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(home.path()).output();
        let is_mounted = ran.is_ok_and(|ran| ran.status.success());
        if !is_mounted {
            println!("SKIPPED: this user may not mount a small disk");
        }
        is_mounted.then_some(SmallDisk(home))
    }

    fn remount(&self, option: &str) {
        let options = format!("remount,{option}");
        assert!(Command::new("mount").args(["-o", &options]).arg(self.0.path()).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_and_a_read_only_target_keep_what_they_have() {
    let Some(disk) = SmallDisk::mount("480k") else { return };
    let home = seeded();
    configure(&home, &format!("directories = [\"{}\"]", disk.0.path().display()));
    backup(&home, &["create"]).json();
    let before = files(disk.0.path());
    let filler = disk.0.path().join("filler");
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    let error = backup(&home, &["create"]).error(1);
    assert!(error["next"].as_str().unwrap().contains("Free some space"), "{error}");
    drop(file);
    fs::remove_file(&filler).unwrap();
    assert_eq!(files(disk.0.path()), before, "a partial backup was left");
    disk.remount("ro");
    let error = backup(&home, &["create"]).error(1);
    assert!(error["next"].as_str().unwrap().contains("writable"), "{error}");
    assert_eq!(backup(&home, &["verify"]).json()["ok"], true, "a full disk must not prevent reading");
    disk.remount("rw");
    backup(&home, &["create"]).json();
    assert_eq!(names(&home).len(), 2);
    is_tidy(&home);
}

#[test]
fn a_full_data_directory_makes_no_backup_and_keeps_the_database() {
    let Some(disk) = SmallDisk::mount("8m") else { return };
    let home = seeded();
    let data = disk.0.path().join("data");
    let run = |args: &[&str]| home.json(&[args, &["--data-dir", data.to_str().unwrap()]].concat());
    assert!(Command::new("cp").arg("-a").arg(home.data()).arg(&data).status().unwrap().success());
    let mut file = File::create(disk.0.path().join("filler")).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    let failed = run(&["backup", "create"]);
    assert!([1, 4].contains(&failed.code), "{}{}", failed.code, failed.stderr);
    assert!(files(&data.join("backups")).is_empty());
    drop(file);
    fs::remove_file(disk.0.path().join("filler")).unwrap();
    assert_eq!(run(&["audit"]).json()["ok"], true);
}

#[test]
fn only_one_command_changes_backups_at_a_time() {
    let home = seeded();
    backup(&home, &["create"]).json();
    let lock = fs::OpenOptions::new().write(true).open(home.data().join("backup.lock")).unwrap();
    lock.lock().unwrap();
    for command in [&["create"][..], &["prune"]] {
        let error = backup(&home, command).error(6);
        assert_eq!((&error["code"], error["next"].is_string()), (&json!("BUSY"), true), "{error}");
    }
    // Reading needs no lock.
    assert_eq!(names(&home).len(), 1);
    assert_eq!(backup(&home, &["verify", "--all"]).json()["ok"], true);
    assert_eq!(backup(&home, &["drill"]).json()["ok"], true);
    for command in ["list", "plan"] {
        home.json(&["restore", command]).json();
    }
    drop(lock);
    let looks: Vec<_> = ["verify", "drill", "verify", "drill", "create"]
        .map(|command| home.command(&["backup", command]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
        .into_iter()
        .collect();
    assert!(
        looks.into_iter().all(|mut child| child.wait().unwrap().success()),
        "commands that only read must run side by side"
    );
    // The next command removes what a killed one left behind.
    fs::create_dir(home.data().join("look-7.tmp")).unwrap();
    assert_eq!(backup(&home, &["verify"]).json()["ok"], true);
    let is_left = |entry: &fs::DirEntry| entry.file_name().to_str().unwrap().ends_with(".tmp");
    assert!(!fs::read_dir(home.data()).unwrap().any(|entry| is_left(&entry.unwrap())));
    let many: Vec<_> = (0..4)
        .map(|_| home.command(&["backup", "create"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
        .collect();
    let codes: Vec<i32> = many.into_iter().map(|mut child| child.wait().unwrap().code().unwrap()).collect();
    assert!(codes.contains(&0) && codes.iter().all(|code| [0, 6].contains(code)), "{codes:?}");
    assert_eq!(names(&home).len(), 2 + codes.iter().filter(|code| **code == 0).count());
    is_tidy(&home);
}

#[test]
fn old_backups_go_and_the_last_proven_one_stays() {
    let home = seeded();
    let name = backup(&home, &["create"]).json()["name"].as_str().unwrap().to_owned();
    let directory = object(&home.data().join("backups"), ".json").parent().unwrap().to_owned();
    // The same backup under the names of a year, each day at noon.
    let key = signed::key(&home.data());
    let copy = |to: &str| signed::copy(&key, &directory, &name, to);
    let entry = name.split_once('-').unwrap().1;
    let days: Vec<String> =
        (1..=12).flat_map(|month| (1..=28).map(move |day| format!("2024{month:02}{day:02}"))).collect();
    days.iter().for_each(|day| copy(&format!("{day}T120000Z-{entry}")));
    configure(&home, "keep_latest = 2\nkeep_daily = 3\nkeep_weekly = 0\nkeep_monthly = 4");
    let dry = backup(&home, &["prune", "--dry-run"]).json();
    assert_eq!(names(&home).len(), days.len() + 1, "a dry run removes nothing");
    let pruned = backup(&home, &["prune"]).json();
    assert_eq!(pruned["targets"], dry["targets"]);
    let kept = ["20241028", "20241128", "20241227", "20241228"].map(|day| format!("{day}T120000Z-{entry}"));
    assert_eq!(names(&home), [&kept[..], std::slice::from_ref(&name)].concat());
    assert_eq!(files(&directory).len(), 10);

    // A clock that was ahead has made backups that seem newer than the one just proven.
    ["20990101", "20990102"].iter().for_each(|day| copy(&format!("{day}T120000Z-{entry}")));
    configure(&home, "keep_latest = 1\nkeep_daily = 0\nkeep_weekly = 0\nkeep_monthly = 0");
    backup(&home, &["prune"]).json();
    assert_eq!(names(&home), [name.clone(), format!("20990102T120000Z-{entry}")]);
    assert_eq!(backup(&home, &["verify", "--all"]).json()["ok"], true);
}

#[test]
fn leftovers_of_work_that_was_cut_short_are_removed_by_the_next() {
    let home = seeded();
    let name = backup(&home, &["create"]).json()["name"].as_str().unwrap().to_owned();
    let directory = object(&home.data().join("backups"), ".json").parent().unwrap().to_owned();
    fs::copy(directory.join(format!("{name}.bursar")), directory.join("20240101T000000Z-000000000001.bursar")).unwrap();
    fs::write(directory.join(".20240101T000000Z-000000000002.bursar.unfinished"), "half").unwrap();
    fs::create_dir(home.data().join("backup.tmp")).unwrap();
    fs::write(home.data().join("backup.tmp/copy.db"), "half").unwrap();
    assert_eq!(names(&home), [name.as_str()], "a file that is no backup was listed");
    assert_eq!(backup(&home, &["create"]).json()["swept"], 2);
    assert_eq!(files(&directory).len(), 4);
    is_tidy(&home);
}

#[test]
fn a_server_backs_up_by_itself_and_tells_probes() {
    let mut server = Server::start("");
    let state = |server: &Server| server.anyone().get("/readyz?verbose").ok().json()["backup"].clone();
    assert_eq!(state(&server)["state"], "none_yet", "a new server backs up too early");
    assert!(server.anyone().get("/readyz").ok().json().get("backup").is_none());
    // As if the last backup had been made long ago, perhaps by a wrong clock.
    let record = server.data_dir().join("backup-record.json");
    for then in ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"] {
        let old = json!({"last_success": {"at": then, "name": "20200101T000000Z-000000000001"}});
        fs::write(&record, old.to_string()).unwrap();
        server.restart();
        server.await_log("backup created", 1);
        server.await_log("backup drill passed", 1);
        let now = state(&server);
        assert_eq!(now["state"], "ok", "{now}");
        assert!(now["last_drill"]["at"].is_string() && now["last_proof"]["at"].is_string(), "{now}");
    }
    // Advancing the sandbox clock never triggers a backup.
    server.advance(400 * 86_400);
    server
        .admin()
        .post("/profiles", &json!({"email": format!("{}@example.com", unique("x")), "firstName": "A", "lastName": "B"}))
        .ok();
    assert_eq!(state(&server)["state"], "ok");
    assert_eq!(server.command(&["backup", "list"])["backups"].as_array().unwrap().len(), 2);
    assert_eq!(server.command(&["backup", "verify", "--all"])["ok"], true);
}

#[test]
fn a_failed_backup_is_reported_by_probes_and_retried() {
    let mut server = Server::start("[backup]\ndirectories = [\"HOME/elsewhere\"]\n");
    let old = json!({"last_success": {"at": "2020-01-01T00:00:00Z", "name": "20200101T000000Z-000000000001"}});
    fs::write(server.data_dir().join("backup-record.json"), old.to_string()).unwrap();
    server.restart();
    server.await_log("backup failed", 1);
    let ready = server.anyone().get("/readyz?verbose").ok().json();
    assert_eq!((&ready["status"], &ready["backup"]["state"]), (&"ready".into(), &"failing".into()), "{ready}");
    assert!(ready["backup"]["last_failure"]["reason"].as_str().unwrap().contains("elsewhere"), "{ready}");
    // Retries wait a minute, so the record is changed to show an old attempt.
    fs::create_dir(server.home().join("elsewhere")).unwrap();
    let record = fs::read_to_string(server.data_dir().join("backup-record.json")).unwrap();
    let mut record: Value = serde_json::from_str(&record).unwrap();
    record["last_failure"]["at"] = "2021-01-01T00:00:00Z".into();
    fs::write(server.data_dir().join("backup-record.json"), record.to_string()).unwrap();
    server.await_log("backup created", 1);
    assert!(server.anyone().get("/readyz?verbose").ok().json()["backup"]["last_success"]["name"].is_string());
}
