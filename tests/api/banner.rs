//! What the startup banner says about backups: JSON for machines, rows for people on a terminal.

use crate::common::program::{Process, SERVE};
use crate::home::Home;
use bursar::domain::clock::Clock;
use bursar::system::SystemClock;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

/// A data directory with this `[backup]` configuration.
fn configured(backup: &str) -> Home {
    let home = Home::new();
    home.file("config.toml", &format!("[backup]\n{backup}\n"));
    home
}

/// The backups in the JSON banner.
fn line(home: &Home) -> Value {
    home.serve_with(&["--config", "config.toml"]).banner["backups"].clone()
}

/// The rows with this name in the banner on a terminal.
fn rows(home: &Home, name: &str) -> Vec<String> {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let path = ptsname(&terminal, Vec::new()).unwrap();
    let path = OsStr::from_bytes(path.as_bytes());
    let other_end = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut command = home.command(&[&SERVE[..], &["--config", "config.toml"]].concat());
    let _process = Process::spawn_onto(command.stderr(Stdio::null()), other_end);
    drop(command);
    // The last row shows an example call. Reading a terminal fails once its program has ended.
    let page = BufReader::new(File::from(terminal)).lines().map_while(Result::ok);
    let page: Vec<String> = page.take_while(|row| !row.contains("curl")).collect();
    let named = |row: &String| Some(row.trim().strip_prefix(name)?.strip_prefix(' ')?.trim().to_owned());
    let found: Vec<String> = page.iter().filter_map(named).collect();
    assert!(page.iter().any(|row| row.contains("listening")), "{page:?}");
    found
}

/// Writes the record that a starting server finds.
fn record(home: &Home, record: &Value) {
    fs::write(home.data().join("backup-record.json"), record.to_string()).unwrap();
}

#[test]
fn a_new_server_says_where_its_first_backup_goes() {
    let home = configured("journal_interval_s = 3000");
    let target = home.data().join("backups").display().to_string();
    let backups = line(&home);
    assert_eq!((&backups["state"], &backups["last_proof"]), (&json!("none_yet"), &json!(null)), "{backups}");
    assert_eq!((&backups["next"]["targets"], &backups["drills"]), (&json!([target]), &json!("on")), "{backups}");
    assert_eq!(rows(&home, "backups"), [format!("none proven yet; the next goes to {target} within 10 minutes")]);
    assert!(rows(&home, "drills").is_empty() && rows(&home, "changes").is_empty());
}

#[test]
fn the_last_proven_backup_is_named_with_its_age() {
    let home = configured("journal_interval_s = 3000");
    drop(line(&home));
    let name = "20260302T081500Z-000000000042";
    let then = SystemClock.now().plus_s(-5 * 3600);
    let made = json!({"at": then.to_string(), "name": name});
    record(&home, &json!({"last_success": made, "last_proof": made, "last_drill": made}));
    let backups = line(&home);
    let age_s = backups["last_proof"]["age_s"].as_i64().unwrap();
    assert!((18_000..18_100).contains(&age_s) && backups["last_proof"]["name"] == name, "{backups}");
    assert_eq!(backups["next"]["by"], then.plus_s(24 * 3600).to_string());
    let rows = rows(&home, "backups");
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0].starts_with(&format!("last proven 5 hours ago: {name}; the next goes to ")), "{rows:?}");
    assert!(rows[0].ends_with("within 19 hours"), "{rows:?}");
}

#[test]
fn problems_are_shown() {
    let off = configured("enabled = false");
    let backups = line(&off);
    assert_eq!((&backups["state"], &backups["next"]), (&json!("off"), &json!(null)), "{backups}");
    assert_eq!(rows(&off, "backups"), ["none proven yet; the server makes none (backup.enabled = false)"]);

    let home = configured("drill_days = 0\njournal_interval_s = 3000");
    assert_eq!(line(&home)["drills"], "off");
    assert_eq!(rows(&home, "drills"), ["off (backup.drill_days = 0)"]);
    let target = home.data().join("backups").display().to_string();
    let now = SystemClock.now();
    let then = now.plus_s(-1800).to_string();
    let waits =
        json!({"at": now.to_string(), "shipped_at": then, "reaches": null, "failure": "no route", "has_gap": false});
    let failed = json!({"at": now.to_string(), "reason": "no space"});
    let shipping = json!({target.clone(): waits, "/mnt/former": waits});
    record(&home, &json!({"last_failure": failed, "failures": 2, "shipping": shipping}));
    let backups = line(&home);
    assert_eq!((&backups["state"], &backups["shipping"][&target]["failure"]), (&json!("failing"), &json!("no route")));
    record(&home, &json!({"last_failure": failed, "failures": 2, "shipping": shipping}));
    assert_eq!(rows(&home, "changes"), [format!("wait for {target}, which has those up to 30 minutes ago: no route")]);
    record(&home, &json!({"last_failure": failed, "failures": 2}));
    let rows = rows(&home, "backups");
    assert!(rows.len() == 2 && rows[1].starts_with("the last one failed "), "{rows:?}");
    assert!(rows[1].ends_with(" ago: no space"), "{rows:?}");
}

#[test]
fn a_clock_that_is_not_trusted_has_a_row_that_says_what_to_do() {
    let home = configured("journal_interval_s = 3000");
    assert_eq!(home.serve_with(&["--config", "config.toml"]).banner["clock"]["state"], "ok");
    assert!(rows(&home, "clock").is_empty());
    // As if the clock had been three hours behind until then.
    let file = home.data().join("clock.json");
    let mut memory: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    for offset in ["offset_ms", "highest_ms"] {
        memory[offset] = json!(memory[offset].as_i64().unwrap() - 3 * 3_600_000);
    }
    fs::write(&file, memory.to_string()).unwrap();
    let told = rows(&home, "clock");
    assert!(
        told.len() == 1 && told[0].contains("writes are refused") && told[0].contains("bursar clock accept"),
        "{told:?}"
    );
}
