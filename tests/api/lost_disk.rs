//! After a lost disk, what the commands print leads back to the backups.

use super::backups::configure;
use super::home::{Home, Ran};
use crate::common::program::Process;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

/// An installation whose backups are on another disk, and its id.
fn backed_up() -> (Home, String) {
    let home = Home::installed();
    fs::create_dir(home.path("disk")).unwrap();
    configure(&home, &format!("directories = [\"{}\"]", home.path("disk").display()));
    let made = run(&home, &["backup", "create"]).json();
    (home, made["manifest"]["installation"].as_str().unwrap().to_owned())
}

fn run(home: &Home, args: &[&str]) -> Ran {
    home.json(&[args, &["--config", "config.toml"]].concat())
}

/// The error of a server that does not start.
fn not_served(home: &Home, code: i32) -> Value {
    let args = ["serve", "--listen", "127.0.0.1:0", "--json", "--config", "config.toml"];
    let mut process = Process::spawn(home.command(&args).stderr(Stdio::piped()));
    let mut stderr = process.take_stderr();
    assert!(process.banner().is_none(), "it serves");
    let text = std::io::read_to_string(&mut stderr).unwrap();
    Ran { code: process.wait().code().unwrap(), stdout: String::new(), stderr: text }.error(code)
}

fn serves(home: &Home, data: &Path) {
    let args = ["serve", "--listen", "127.0.0.1:0", "--json", "--config", "config.toml"];
    let mut command = home.command(&args);
    let mut process = Process::spawn(command.env("BURSAR_DATA_DIR", data).stderr(Stdio::null()));
    assert!(process.banner().is_some(), "{} is not served", data.display());
    assert_eq!(process.stop().code(), Some(0));
}

#[test]
fn an_empty_directory_leads_to_the_backups() {
    let (home, installation) = backed_up();
    let init = ["init", "--password-file", "password"];
    fs::remove_dir_all(home.data()).unwrap();
    for exists in [false, true] {
        if exists {
            // As a freshly mounted disk.
            fs::create_dir(home.data()).unwrap();
            fs::set_permissions(home.data(), Permissions::from_mode(0o755)).unwrap();
        }
        let errors = [not_served(&home, 4), run(&home, &init).error(4), run(&home, &["backup", "list"]).error(4)];
        for error in errors {
            let (message, next) = (error["message"].as_str().unwrap(), error["next"].as_str().unwrap());
            assert!(message.contains(&installation) && message.contains("disk"), "{error}");
            let line = format!("bursar restore apply --config config.toml --data-dir {}\n", home.data().display());
            assert!(next.contains(&line), "{error}");
        }
        assert!(!home.data().join("bursar.db").exists());
    }
    assert_eq!(run(&home, &["restore", "list"]).json()["installation"], installation.as_str());
    let restored = run(&home, &["restore", "apply", "--unsigned"]).json();
    assert_eq!(restored["timeline"], 2);
    serves(&home, &home.data());
}

#[test]
fn a_restore_leaves_a_directory_that_is_served() {
    let (home, _) = backed_up();
    let place = home.path("place");
    fs::create_dir(&place).unwrap();
    fs::set_permissions(&place, Permissions::from_mode(0o777)).unwrap();
    run(&home, &["restore", "apply", "--into", place.to_str().unwrap()]).json();
    assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o700);
    serves(&home, &place);
}

#[test]
fn another_installation_is_named_and_begun_beside_only_on_request() {
    let (home, first) = backed_up();
    fs::remove_dir_all(home.data()).unwrap();
    run(&home, &["init", "--password-file", "password"]).error(4);
    run(&home, &["init", "--password-file", "password", "--new"]).json();
    let listed = run(&home, &["restore", "list"]);
    assert_ne!(listed.json()["installation"], first.as_str());
    assert_eq!(listed.json()["others"][0]["installation"], first.as_str());
    let error = run(&home, &["restore", "plan"]).error(1);
    assert!(error["next"].as_str().unwrap().contains("bursar restore list"), "{error}");
    let made = run(&home, &["backup", "create"]).json();
    let second = made["manifest"]["installation"].as_str().unwrap().to_owned();
    let listed = run(&home, &["backup", "list"]).json();
    assert_eq!((listed["backups"].as_array().unwrap().len(), &listed["others"][0]["installation"]), (1, &first.into()));
    let shown = home.run(&["backup", "list", "--config", "config.toml"]).stdout;
    assert!(shown.contains("Another installation at "), "{shown}");
    // With two of them, the advice leaves the choice open, and without backups there is none.
    fs::remove_dir_all(home.data()).unwrap();
    let error = not_served(&home, 4);
    assert!(error["message"].as_str().unwrap().contains(&second), "{error}");
    assert!(error["next"].as_str().unwrap().contains("--installation UUID"), "{error}");
    fs::remove_dir_all(home.path("disk")).unwrap();
    fs::create_dir(home.path("disk")).unwrap();
    let error = not_served(&home, 3);
    assert!(error["message"].as_str().unwrap().contains("bursar init --config config.toml --data-dir"), "{error}");
    run(&home, &["init", "--password-file", "password"]).json();
}

#[test]
fn a_target_that_is_not_mounted_keeps_a_new_installation_from_being_created() {
    let (home, installation) = backed_up();
    let init = ["init", "--password-file", "password"];
    fs::remove_dir_all(home.data()).unwrap();
    fs::rename(home.path("disk"), home.path("unmounted")).unwrap();
    for error in [not_served(&home, 1), run(&home, &init).error(1), run(&home, &["backup", "list"]).error(1)] {
        let (message, next) = (error["message"].as_str().unwrap(), error["next"].as_str().unwrap());
        assert!(message.contains("disk: the directory does not exist"), "{error}");
        assert!(next.contains("bursar restore list --config config.toml") && next.contains("--new"), "{error}");
    }
    assert!(!home.data().exists());
    fs::rename(home.path("unmounted"), home.path("disk")).unwrap();
    let error = run(&home, &init).error(4);
    assert!(error["message"].as_str().unwrap().contains(&installation), "{error}");
    fs::rename(home.path("disk"), home.path("unmounted")).unwrap();
    run(&home, &[&init[..], &["--new"]].concat()).json();
}

#[test]
fn the_line_of_a_verifier_key_is_taken_as_it_was_printed() {
    let (home, _) = backed_up();
    let shown = home.run(&["backup", "verifier", "--config", "config.toml"]).stdout;
    let line = shown.lines().next().unwrap();
    fs::remove_dir_all(home.data()).unwrap();
    for wrong in ["garbage", "/nonexistent", "bursar/x", "# bursar verifier: bursar/x", "config.toml", "."] {
        let error = run(&home, &["restore", "plan", "--trust", wrong]).error(2);
        assert!(error["next"].as_str().unwrap().contains("looks like bursar/<installation>"), "{error}");
    }
    assert_eq!(run(&home, &["restore", "apply", "--trust", line]).json()["timeline"], 2);
}

#[test]
fn a_directory_with_other_files_is_left_as_it_is() {
    let (home, _) = backed_up();
    let (used, mode) = (home.path("used"), || fs::metadata(home.path("used")).unwrap().permissions().mode() & 0o777);
    fs::create_dir(&used).unwrap();
    fs::set_permissions(&used, fs::Permissions::from_mode(0o755)).unwrap();
    let file = home.file("used/notes.txt", "mine");
    for more in [&[][..], &["--dry-run"]] {
        let error = run(&home, &[&["restore", "apply", "--into", "used"], more].concat()).error(1);
        assert!(error["message"].as_str().unwrap().contains("is not empty"), "{error}");
        assert_eq!((mode(), fs::read_dir(&used).unwrap().count()), (0o755, 1));
    }
    // A restore that failed leaves no more than the next one takes.
    fs::remove_file(file).unwrap();
    assert_ne!(run(&home, &["restore", "apply", "--into", "used", "--at", "1999-01-01T00:00:00Z"]).code, 0);
    run(&home, &["restore", "apply", "--into", "used"]).json();
    assert_eq!(mode(), 0o700);
}

#[test]
fn nothing_is_restored_into_a_place_of_backups() {
    let (home, _) = backed_up();
    std::os::unix::fs::symlink(home.path("disk"), home.path("link")).unwrap();
    for into in ["disk", "disk/below/it", "link/below"] {
        for more in [&[][..], &["--dry-run"]] {
            let error = run(&home, &[&["restore", "apply", "--into", into], more].concat()).error(1);
            assert!(error["next"].as_str().unwrap().contains("elsewhere"), "{error}");
        }
    }
    for made in ["disk/below", "disk/installation.key", "disk/bursar.db", "disk/bursar.lock"] {
        assert!(!home.path(made).exists(), "{made}");
    }
    run(&home, &["restore", "apply", "--into", "disk-two"]).json();
}
