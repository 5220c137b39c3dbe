//! Commands of another user than the owner of the data directory, and copies that may only be read.

use super::backups::seeded;
use super::harness::Server;
use super::home::{Home, Ran};
use crate::common::program::Process;
use serde_json::Value;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// `nobody`.
const OTHER: u32 = 65534;

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Runs a command as another user, if these tests run as root; else as the present one, who may not ignore permissions
/// either.
fn without_privileges(command: &mut Command) -> Ran {
    if is_root() {
        command.uid(OTHER).gid(OTHER);
    }
    Ran::of(command.output().unwrap())
}

/// A directory and everything in it.
fn each_below(path: &Path, visit: &mut dyn FnMut(&Path)) {
    visit(path);
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| each_below(&entry.unwrap().path(), visit));
    }
}

fn give_away(path: &Path) {
    each_below(path, &mut |path| chown(path, Some(OTHER), Some(OTHER)).unwrap());
}

/// The files of a directory that do not belong to the other user.
fn strange(path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    each_below(path, &mut |path| {
        if fs::metadata(path).unwrap().uid() != OTHER {
            found.push(path.display().to_string());
        }
    });
    found
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn only_the_owner_changes_a_data_directory_and_others_are_told_how() {
    if !is_root() {
        return eprintln!("not tested: only root can give a directory to another user");
    }
    let home = Home::installed();
    home.json(&["backup", "create"]).json();
    set_mode(home.root.path(), 0o755);
    set_mode(&home.path("password"), 0o644);
    give_away(&home.data());
    let refused: [&[&str]; 15] = [
        &["operator", "add", "bob", "--role", "viewer", "--password-file", "password"],
        &["operator", "disable", "ada"],
        &["token", "create", "--operator", "ada", "--label", "x"],
        &["reference", "apply", "reference.toml"],
        &["keys", "rotate"],
        &["clock", "accept"],
        &["db", "optimize"],
        &["db", "migrate"],
        &["backup", "create"],
        &["backup", "verify"],
        &["backup", "drill"],
        &["backup", "prune"],
        &["restore", "apply"],
        // Last, because a server that is not refused runs on.
        &["serve", "--listen", "127.0.0.1:0"],
        &["serve", "--dev", "--listen", "127.0.0.1:0"],
    ];
    home.file("reference.toml", "");
    for args in refused {
        let error = home.json(args).error(7);
        let next = error["next"].as_str().unwrap();
        assert!(next.contains("sudo -u ") && next.contains(" --preserve-env=BURSAR_DATA_DIR "), "{args:?}: {next}");
        assert!(next.ends_with(&format!("{} --json", args.join(" "))), "{args:?}: {next}");
        assert_eq!(strange(&home.data()), Vec::<String>::new(), "{args:?}");
    }
    let reading: [&[&str]; 7] = [
        &["audit"],
        &["operator", "list"],
        &["token", "list"],
        &["db", "stats"],
        &["backup", "list"],
        &["restore", "list"],
        &["config", "check", "--on-disk"],
    ];
    for args in reading {
        home.json(args).json();
        assert_eq!(strange(&home.data()), Vec::<String>::new(), "{args:?}");
    }
    for args in [&["backup", "create", "--json"][..], &["restore", "apply", "--json"], &["audit", "--json"]] {
        without_privileges(&mut home.command(args)).json();
    }
    let mut server = home.command(&["serve", "--listen", "127.0.0.1:0", "--json"]);
    let mut server = Process::spawn(server.uid(OTHER).gid(OTHER).stderr(Stdio::null()));
    assert!(server.banner().is_some(), "the owner's server does not start");
    // A running server does not change the rule.
    home.json(&["operator", "disable", "ada"]).error(7);
    assert_eq!(server.stop().code(), Some(0));
    assert_eq!(strange(&home.data()), Vec::<String>::new());
}

#[test]
fn probes_name_the_file_that_keeps_backups_from_being_made() {
    let server = Server::start("[backup]\nenabled = false\n");
    let state = || server.anyone().get("/readyz?verbose").ok().json()["backup"].clone();
    let create = || Ran::of(server.program(&["backup", "create"]).output().unwrap());
    let is_blocked = |by: &str| state()["obstacle"].as_str().is_some_and(|why| why.contains(by));
    create().json();
    assert_eq!((&state()["state"], &state()["obstacle"]), (&"ok".into(), &Value::Null));
    let work = server.data_dir().join("backup.tmp");
    fs::write(&work, "in the way").unwrap();
    create().error(1);
    let failing = state();
    assert_eq!(failing["state"], "failing");
    assert!(failing["last_failure"]["reason"].as_str().unwrap().contains(work.to_str().unwrap()), "{failing}");
    fs::remove_file(&work).unwrap();
    create().json();
    assert_eq!(state()["state"], "ok");
    for name in ["backup.lock", "backup-record.lock", "backup-record.json"] {
        let (file, aside) = (server.data_dir().join(name), server.data_dir().join("aside"));
        fs::rename(&file, &aside).unwrap();
        // Like a file of another user, a directory cannot be opened for writing.
        fs::create_dir(&file).unwrap();
        assert!(is_blocked(file.to_str().unwrap()), "{name}: {}", state());
        assert_eq!(state()["state"], "failing", "{name}");
        fs::remove_dir(&file).unwrap();
        fs::rename(&aside, &file).unwrap();
        assert_eq!((&state()["state"], &state()["obstacle"]), (&"ok".into(), &Value::Null), "{name}");
    }
}

#[test]
fn a_copy_is_proven_where_nothing_can_be_written() {
    let home = seeded();
    set_mode(home.root.path(), 0o755);
    let database = fs::read(home.data().join("bursar.db")).unwrap();
    assert_eq!(database[18..20], [2, 2], "the file is no longer marked as one with a log");
    let dir = home.path("read only? 100%#1");
    fs::create_dir(&dir).unwrap();
    let (copy, log) = (dir.join("bursar.db"), dir.join("bursar.db-wal"));
    let audit = || {
        set_mode(&dir, 0o555);
        let args = ["audit", "--json"].map(OsStr::new);
        let mut command = home.command(&[]);
        let ran = without_privileges(command.args(args).arg(&copy));
        set_mode(&dir, 0o755);
        ran
    };
    fs::write(&copy, &database).unwrap();
    set_mode(&copy, 0o444);
    let report = audit().json();
    assert_eq!(report["ok"], true, "{report}");
    fs::write(&log, "").unwrap();
    assert_eq!(audit().json()["chain_head"], report["chain_head"]);
    // What is in a log must not be left out of the proof.
    fs::write(&log, "changes").unwrap();
    let error = audit().error(4);
    assert!(error["message"].as_str().unwrap().contains(log.to_str().unwrap()), "{error}");
    assert!(error["next"].as_str().unwrap().contains("directory that you can write to"), "{error}");
    fs::remove_file(&log).unwrap();
    // A copy that was tampered with is found here, too.
    set_mode(&copy, 0o644);
    let changed = rusqlite::Connection::open(&copy).unwrap();
    changed.execute_batch("PRAGMA foreign_keys = OFF; UPDATE books SET balance_minor = balance_minor + 1;").unwrap();
    drop(changed);
    set_mode(&copy, 0o444);
    audit().error(5);
}
