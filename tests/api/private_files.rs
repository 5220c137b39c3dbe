//! Every file and directory that the program creates is private, whatever the umask.

use super::home::Home;
use crate::common::program::Process;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the command of another under umask 0.
fn unmasked(command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "umask 0 && exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
    shell.env_clear().stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    shell.current_dir(command.get_current_dir().unwrap());
    shell
}

fn run(home: &Home, args: &[&str]) {
    let output = unmasked(&home.command(args)).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Everything below a directory that group or others may touch, and the number of files seen.
fn exposed(dir: &Path, found: &mut Vec<String>) -> usize {
    let mut seen = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        // A file may be removed meanwhile by the running server.
        let Ok(metadata) = fs::symlink_metadata(entry.path()) else { continue };
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            found.push(format!("{mode:04o} {}", entry.path().display()));
        }
        seen += 1;
        if metadata.is_dir() {
            seen += exposed(&entry.path(), found);
        }
    }
    seen
}

#[test]
fn no_file_is_accessible_to_others_under_umask_0() {
    let home = Home::new();
    fs::set_permissions(home.root.path(), Permissions::from_mode(0o700)).unwrap();
    let password = home.file("password", "correct horse\n");
    fs::set_permissions(&password, Permissions::from_mode(0o600)).unwrap();
    let (key, config) = (home.path("key.txt"), home.path("config.toml"));
    run(&home, &["backup", "keygen", key.to_str().unwrap()]);
    run(&home, &["config", "init", config.to_str().unwrap()]);
    run(&home, &["config", "check", "--on-disk", "--data-dir", home.root.path().to_str().unwrap()]);
    let mut server = unmasked(&home.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]));
    let mut server = Process::spawn(server.stderr(Stdio::null()));
    server.banner().expect("a banner");
    run(&home, &["operator", "add", "bob", "--role", "viewer", "--password-file", &password]);
    run(&home, &["backup", "create"]);
    run(&home, &["backup", "verify"]);
    run(&home, &["backup", "drill"]);
    let mut found = Vec::new();
    exposed(home.root.path(), &mut found);
    let data = home.data();
    for name in ["bursar.db", "bursar.db-wal", "bursar.db-shm", "control.sock", "journal", "backups"] {
        assert!(data.join(name).exists(), "{name}");
    }
    assert_eq!(server.stop().code(), Some(0));
    exposed(home.root.path(), &mut found);
    assert!(data.join("journal/clean-stop.json").exists());
    run(&home, &["restore", "apply"]);
    let seen = exposed(home.root.path(), &mut found);
    assert!(seen > 15, "{seen}");
    assert_eq!(found, Vec::<String>::new());
}
