//! Leases, by which the servers at one target know of each other: what is not signed holds up nothing, and what is
//! signed says how far its writer had shipped.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::harness::Server;
use super::histories::{shipping, wait_until};
use super::restore_kill::{await_shipped, entries, found, ran, shipping_server};

fn leases(server: &Server) -> Vec<PathBuf> {
    found(&server.home().join("target"), ".lease")
}

fn read(lease: &PathBuf) -> Value {
    serde_json::from_slice(&fs::read(lease).unwrap()).unwrap()
}

/// A stopped server with three deposits at its target.
fn shipped() -> Server {
    let mut server = shipping_server();
    await_shipped(&server);
    let account = server.admin().new_account("USD");
    for _ in 0..3 {
        server.admin().deposit(&account, "1.00");
        await_shipped(&server);
    }
    server.stop();
    server
}

#[test]
fn a_lease_that_no_trusted_key_signed_holds_up_nothing_and_is_named() {
    let mut server = shipped();
    let lease = leases(&server).pop().unwrap();
    let mut forged = read(&lease);
    let writer = "01234567-89ab-cdef-0123-456789abcdef";
    forged.as_object_mut().unwrap().remove("signature");
    for (member, value) in [("writer", json!(writer)), ("directory", json!("/elsewhere")), ("place", json!("x"))] {
        forged[member] = value;
    }
    (forged["has_stopped"], forged["found"]) = (json!(false), json!([]));
    let path = lease.with_file_name(format!("{writer}.lease"));
    let mut beat = || {
        forged["counter"] = json!(forged["counter"].as_u64().unwrap() + 1);
        fs::write(&path, forged.to_string()).unwrap();
    };
    beat();
    server.start_again();
    let account = server.admin().new_account("USD");
    for _ in 0..2 {
        beat();
        server.admin().deposit(&account, "1.00");
        await_shipped(&server);
    }
    let here = shipping(&server);
    assert!(here["unknown_servers"][0].as_str().unwrap().contains("/elsewhere"), "{here}");
    assert_eq!((&here["other_server"], &here["failure"]), (&Value::Null, &Value::Null), "{here}");
    server.await_log("a server whose lease no trusted key signed", 1);
    server.command(&["backup", "create", "--config", "config.toml"]);
    fs::remove_file(&path).unwrap();
    wait_until("forgetting it", || shipping(&server)["unknown_servers"] == json!([]));
    server.stop();
}

#[test]
fn a_server_notices_that_its_lease_was_taken() {
    let mut server = shipped();
    server.start_again();
    let is_its_own = |leases: &[PathBuf]| leases.len() == 1 && read(&leases[0])["has_stopped"] == json!(false);
    wait_until("renewing its lease", || is_its_own(&leases(&server)));
    wait_until("recording that", || shipping(&server)["lease_taken"] == json!(false));
    let lease = leases(&server).pop().unwrap();
    let mut other = read(&lease);
    other["counter"] = json!(1_000_000);
    fs::write(&lease, other.to_string()).unwrap();
    server.await_log("somebody else has changed or removed the lease of this server", 1);
    server.stop();
}

#[test]
fn changes_that_are_gone_at_the_end_are_missed() {
    let server = shipped();
    let all = entries(&server.data_dir());
    let (target, data) = (server.home().join("target"), server.data_dir());
    let apply = |more: &[&str]| {
        let into = server.home().join("into");
        let _ = fs::remove_dir_all(&into);
        let place = into.display().to_string();
        (ran(server.program(&[&["restore", "apply", "--into", &place], more].concat())), into)
    };
    let (report, into) = apply(&[]);
    let whole = report.json()["commits"].clone();
    assert_eq!(entries(&into), all);
    let last = found(&target, ".journal").into_iter().max_by_key(|path| path.file_name().unwrap().to_owned()).unwrap();
    let kept = fs::read(&last).unwrap();
    for content in [None, Some(&b""[..]), Some(&kept[..40])] {
        match content {
            None => fs::remove_file(&last).unwrap(),
            Some(content) => fs::write(&last, content).unwrap(),
        }
        let error = apply(&[]).0.error(5);
        let next = error["next"].as_str().unwrap().to_owned();
        assert!(next.contains("--at "), "{error}");
        let at = next.split("--at ").nth(1).unwrap().split(';').next().unwrap().to_owned();
        let (report, _) = apply(&["--at", &at]);
        assert!(report.json()["commits"].as_u64() < whole.as_u64());
    }
    fs::write(&last, kept).unwrap();
    let (_, into) = apply(&[]);
    assert_eq!((entries(&into), data.exists()), (all, true));
}
