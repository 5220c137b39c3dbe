//! What somebody has removed from the end of a history at a target is missed by whoever has seen it: a signed
//! checkpoint beside it, or one that was kept elsewhere.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::harness::Server;
use super::home::Ran;
use super::restore_kill::{await_shipped, entries, found, ran, shipping_server};

/// A stopped server with three deposits at its target, whose leases and last changes are removed there.
fn cut_off() -> Server {
    let mut server = shipping_server();
    await_shipped(&server);
    let account = server.admin().new_account("USD");
    for _ in 0..3 {
        server.admin().deposit(&account, "1.00");
        await_shipped(&server);
    }
    server.stop();
    let target = server.home().join("target");
    for lease in found(&target, ".lease") {
        fs::remove_file(lease).unwrap();
    }
    assert!(plan(&server, &[]).code == 0 && ran(server.program(&["backup", "verify"])).code == 0);
    let mut segments = found(&target, ".journal");
    segments.sort_by_key(|path| path.file_name().unwrap().to_owned());
    for segment in segments.into_iter().rev().take(3) {
        fs::remove_file(segment).unwrap();
    }
    server
}

fn plan(server: &Server, more: &[&str]) -> Ran {
    ran(server.program(&[&["restore", "plan"], more].concat()))
}

fn apply(server: &Server, more: &[&str]) -> (Ran, PathBuf) {
    let into = server.home().join("into");
    let _ = fs::remove_dir_all(&into);
    let place = into.display().to_string();
    (ran(server.program(&[&["restore", "apply", "--into", &place], more].concat())), into)
}

#[test]
fn a_signed_checkpoint_misses_what_was_removed_at_the_end() {
    let server = cut_off();
    let all = entries(&server.data_dir());
    for refused in [plan(&server, &[]), apply(&server, &[]).0] {
        let error = refused.error(5);
        assert!(error["message"].as_str().unwrap().contains("changes are missing at the end"), "{error}");
    }
    for command in ["verify", "drill"] {
        let error = ran(server.program(&["backup", command])).error(5);
        assert!(error["message"].as_str().unwrap().contains("rows of the audit log"), "{error}");
    }
    let next = apply(&server, &[]).0.error(5)["next"].as_str().unwrap().to_owned();
    let at = next.split("--at ").nth(1).unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(plan(&server, &["--at", &at]).code, 0);
    let (report, into) = apply(&server, &["--at", &at]);
    report.json();
    assert!(entries(&into).len() < all.len());
    // Whoever can write there can also put checkpoints there that nobody signed.
    for checkpoint in found(&server.home().join("target"), ".checkpoint") {
        let note = fs::read_to_string(&checkpoint).unwrap();
        let (text, _) = note.split_once("\n\n").unwrap();
        fs::write(&checkpoint, format!("{text}\n\n\u{2014} mallory AAAAAAAA\n")).unwrap();
    }
    assert_eq!(plan(&server, &[]).code, 0);
}

#[test]
fn a_checkpoint_that_was_kept_elsewhere_shows_what_a_restore_left_behind_unasked() {
    let server = cut_off();
    let (target, kept) = (server.home().join("target"), server.home().join("kept"));
    fs::create_dir(&kept).unwrap();
    for checkpoint in found(&target, ".checkpoint") {
        fs::rename(&checkpoint, kept.join(checkpoint.file_name().unwrap())).unwrap();
    }
    let (report, into) = apply(&server, &[]);
    let report = report.json();
    assert_eq!(report["asked_for"], Value::Null);
    let trust = ran(server.program(&["backup", "verifier"])).json()["verifier"].as_str().unwrap().to_owned();
    // The restored directory signs with a key of its own.
    let audit = |into: &PathBuf, restored: &Value| {
        let new = restored["verifier"].as_str().unwrap();
        let (file, kept) = (into.join("bursar.db").display().to_string(), kept.display().to_string());
        ran(server.program(&["audit", "--quick", "--trust", &trust, "--trust", new, "--anchor", &kept, &file])).json()
    };
    let report = audit(&into, &report);
    assert!(report["notes"].to_string().contains("although no earlier moment was asked for"), "{report}");
    assert_eq!(report["ok"], true, "{report}");
    // Where an earlier moment was asked for, that is what it was for.
    let at = plan(&server, &[]).json()["reaches"].as_str().unwrap().to_owned();
    let (report, into) = apply(&server, &["--at", &at]);
    assert!(!audit(&into, &report.json())["notes"].to_string().contains("asked for"));
}
