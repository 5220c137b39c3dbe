//! Proofs of the audit log, checked by libraries that share nothing with this program, and anchors.

use super::harness::{Caller, Server};
use crate::common::program::program;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use rusqlite::Connection;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use signed_note::{Note, StandardVerifier, VerifierList};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn bytes(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

fn path(value: &Value) -> Vec<sha2::digest::Output<Sha256>> {
    let hashes = value.as_array().unwrap().iter();
    hashes.map(|hash| <[u8; 32]>::try_from(bytes(hash.as_str().unwrap())).unwrap().into()).collect()
}

/// Size and root of a checkpoint, once its signature is verified.
fn verified(note: &str, verifier: &str) -> (u64, RootHash<Sha256>) {
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(verifier).unwrap())]);
    let note = Note::from_bytes(note.as_bytes()).unwrap();
    let (signatures, _) = note.verify(&known).unwrap();
    assert_eq!(signatures.len(), 1);
    let text = String::from_utf8(note.text().to_vec()).unwrap();
    let mut lines = text.lines();
    assert!(lines.next().unwrap().starts_with(verifier.split('+').next().unwrap()), "{text}");
    let size = lines.next().unwrap().parse().unwrap();
    let root = <[u8; 32]>::try_from(bytes(lines.next().unwrap())).unwrap();
    (size, RootHash::new(root.into(), size))
}

fn verifier(server: &Server) -> String {
    server.command(&["backup", "verifier"])["verifier"].as_str().unwrap().to_owned()
}

fn checkpoint(caller: &Caller<'_>, query: &str) -> Value {
    caller.get(&format!("/log/checkpoint{query}")).ok().json()
}

/// Panics unless the log contains the entry.
fn check_inclusion(proof: &Value, verifier: &str) {
    let text = |name: &str| proof[name].as_str().unwrap();
    let (canonical, leaf) = (bytes(text("canonical")), bytes(text("leaf")));
    let hash = Sha256::digest(&canonical);
    assert_eq!(hash.as_slice(), bytes(text("hash")));
    assert!(leaf.windows(32).any(|window| window == hash.as_slice()), "the leaf contains the hash of the entry");
    let (size, root) = verified(text("checkpoint"), verifier);
    let index = proof["index"].as_str().map_or_else(|| proof["index"].as_u64().unwrap(), |it| it.parse().unwrap());
    assert!(index < size);
    let inclusion = InclusionProof::from_digests(&path(&proof["path"]));
    root.verify_inclusion(&leaf, index, &inclusion).unwrap();
    let mut changed = leaf.clone();
    changed[20] ^= 1;
    assert!(root.verify_inclusion(&changed, index, &inclusion).is_err());
    assert!(root.verify_inclusion(&leaf, index ^ 1, &inclusion).is_err());
    assert!(text("proof").starts_with(&format!("c2sp.org/tlog-proof@v1\nindex {index}\n")));
    assert!(text("proof").ends_with(text("checkpoint")));
}

#[test]
fn others_can_verify_that_the_log_contains_an_entry_and_only_grows() {
    let server = Server::start("");
    let (admin, verifier) = (server.admin(), verifier(&server));
    let auditor = server.operator("auditor", &[]);
    let account = admin.new_account("USD");
    let mut seen = vec![checkpoint(&auditor, "")];
    let mut deals = Vec::new();
    // More than one subtree that has a row of its own.
    for round in 0..300 {
        deals.push(admin.deposit(&account, "1"));
        if round % 37 == 0 {
            seen.push(checkpoint(&auditor, ""));
        }
    }
    for deal in deals.iter().step_by(23).chain(deals.last()) {
        let proof = auditor.get(&format!("/entries/{deal}/proof")).ok().json();
        check_inclusion(&proof, &verifier);
        let at_the_shell: Value = {
            let output = server.program(&["audit", "--prove", deal]).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            serde_json::from_slice(&output.stdout).unwrap()
        };
        check_inclusion(&at_the_shell, &verifier);
        assert_eq!(at_the_shell["leaf"], proof["leaf"]);
    }
    for old in &seen {
        let (old_size, old_root) = verified(old["note"].as_str().unwrap(), &verifier);
        let now = checkpoint(&auditor, &format!("?oldSize={old_size}"));
        let (_, root) = verified(now["note"].as_str().unwrap(), &verifier);
        let consistency = ConsistencyProof::from_digests(&path(&now["consistency"]));
        root.verify_consistency(&old_root, &consistency).unwrap();
        let forged = RootHash::<Sha256>::new([7; 32].into(), old_size);
        assert!(root.verify_consistency(&forged, &consistency).is_err());
    }
    auditor.get("/log/checkpoint?oldSize=999999").refused("OUT_OF_RANGE");
    let newest = verified(checkpoint(&auditor, "")["note"].as_str().unwrap(), &verifier).0;
    assert_eq!(newest, server.command(&["audit"])["log"]["signed_rows"].as_u64().unwrap(), "nothing is left unsigned");
}

#[test]
fn entries_of_hidden_clients_and_unknown_ones_are_not_proven() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile_with(&json!({"tags": ["b"]}));
    let deal = admin.deposit(&admin.new_account_of(&profile, "USD"), "1");
    let path = format!("/entries/{deal}/proof");
    server.operator("auditor", &["b"]).get(&path).ok();
    server.operator("auditor", &["a"]).get(&path).refused("NOT_FOUND");
    admin.get("/entries/0198c1f0-0000-7000-8000-000000000000/proof").refused("NOT_FOUND");
    server.viewer().get(&path).refused("RIGHT_MISSING");
    server.viewer().get("/log/checkpoint").refused("RIGHT_MISSING");
}

/// Runs an audit of a file, with the key and the anchors of a server.
fn audit(server: &Server, file: &Path, arguments: &[&str]) -> Value {
    let mut command = program();
    command.args(["audit", "--quick", "--json", "--trust", &verifier(server)]).args(arguments).arg(file);
    serde_json::from_slice(&command.output().unwrap().stdout).unwrap()
}

fn checks(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|found| found["check"].as_str().unwrap()).collect()
}

/// A complete copy of the live database.
fn copy(server: &Server, name: &str) -> PathBuf {
    let to = server.home().join(name);
    let live = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    live.execute("VACUUM INTO ?1", [to.display().to_string()]).unwrap();
    to
}

#[test]
fn what_was_seen_once_must_be_continued() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "1");
    let old = copy(&server, "old.db");
    admin.deposit(&account, "2");
    let manifest = server.home().join("manifest.json");
    let made = server.command(&["backup", "create"]);
    assert!(made["manifest"]["log"]["size"].as_u64().unwrap() > 5, "{made}");
    let places = server.data_dir().join("backups");
    let note = server.home().join("note.checkpoint");
    fs::write(&note, checkpoint(&admin, "")["note"].as_str().unwrap()).unwrap();
    admin.deposit(&account, "3");
    let present = copy(&server, "present.db");
    let named = |path: &Path| path.to_str().unwrap().to_owned();
    let report = audit(&server, &present, &["--anchor", &named(&places), "--anchor", &named(&note)]);
    assert_eq!(checks(&report), [""; 0], "{report}");
    let anchors = report["anchors"].as_array().unwrap();
    assert!(anchors.len() >= 2 && anchors.iter().all(|it| it["state"] == "continued" && it["signed_by"].is_string()));
    // The older state is right in itself: only what was seen of the newer one shows that it was put back.
    assert_eq!(checks(&audit(&server, &old, &[])), [""; 0]);
    let report = audit(&server, &old, &["--anchor", &named(&places), "--anchor", &named(&note)]);
    assert!(checks(&report).iter().filter(|check| **check == "anchor").count() >= 2, "{report}");
    // As long, but with other rows.
    let mut other: Value = made["manifest"].clone();
    other["log"]["root"] = json!(STANDARD.encode([7; 32]));
    fs::write(&manifest, other.to_string()).unwrap();
    assert_eq!(checks(&audit(&server, &present, &["--anchor", &named(&manifest)])), ["anchor"]);
    // In a folder, anybody may have put what no trusted key signed.
    fs::copy(&manifest, places.join("planted.json")).unwrap();
    let report = audit(&server, &present, &["--anchor", &named(&places)]);
    assert_eq!((checks(&report).len(), report["ok"].as_bool()), (0, Some(true)), "{report}");
    assert!(report["notes"].to_string().contains("planted.json, which no trusted key signed"), "{report}");
    fs::remove_file(places.join("planted.json")).unwrap();
    // A manifest from before there was a log has the hash of an entry.
    let text = made["manifest"].to_string();
    let mut without: Value = serde_json::from_str(&text).unwrap();
    without.as_object_mut().unwrap().remove("log");
    fs::write(&manifest, without.to_string()).unwrap();
    let report = audit(&server, &present, &["--anchor", &named(&manifest)]);
    assert_eq!((checks(&report).len(), &report["anchors"][0]["state"]), (0, &json!("continued")), "{report}");
    assert_eq!(checks(&audit(&server, &old, &["--anchor", &named(&manifest)])), ["anchor"]);
    without["chain_head"] = json!("00".repeat(32));
    fs::write(&manifest, without.to_string()).unwrap();
    assert_eq!(checks(&audit(&server, &present, &["--anchor", &named(&manifest)])), ["anchor"]);
    let nothing = program().args(["audit", "--json", "--anchor", &named(&old)]).arg(&present).output().unwrap();
    assert_eq!(nothing.status.code(), Some(2), "an anchor that is none must not count as one");
    let nowhere = program().args(["audit", "--json", "--anchor", "/nonexistent"]).arg(&present).output().unwrap();
    let error: Value = serde_json::from_slice(&nowhere.stderr).unwrap();
    assert!(error["error"]["next"].as_str().unwrap().contains("Name a manifest"), "{error}");
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

#[test]
fn a_clean_stop_leaves_a_checkpoint_of_everything_at_the_place() {
    let mut server = Server::start("");
    let verifier = verifier(&server);
    {
        let admin = server.admin();
        let account = admin.new_account("USD");
        admin.deposit(&account, "1");
    }
    server.stop();
    let places = server.data_dir().join("backups");
    let shipped = below(&places).into_iter().filter(|file| file.extension().is_some_and(|it| it == "checkpoint"));
    let sizes = shipped.map(|file| verified(&fs::read_to_string(file).unwrap(), &verifier).0);
    let report = server.command(&["audit", "--anchor", places.to_str().unwrap()]);
    assert_eq!(sizes.max(), report["log"]["rows"].as_u64(), "{report}");
    let anchors = report["anchors"].as_array().unwrap();
    assert!(anchors.iter().all(|it| it["state"] == "continued" && it["signed_by"].is_string()), "{report}");
}

/// The checkpoints at the place, by the size of the log.
fn at_the_place(server: &Server) -> BTreeMap<u64, PathBuf> {
    let files = below(&server.data_dir().join("backups")).into_iter();
    let files = files.filter(|file| file.extension().is_some_and(|it| it == "checkpoint"));
    let size = |file: &Path| file.file_stem()?.to_str()?.rsplit('-').next()?.parse().ok();
    files.map(|file| (size(&file).unwrap(), file)).collect()
}

#[test]
fn of_old_days_only_the_last_checkpoint_that_we_signed_stays_at_the_place() {
    let mut server = Server::start("");
    let account = server.admin().new_account("USD");
    let deposit_and_stop = |server: &mut Server| {
        server.admin().deposit(&account, "1");
        server.stop();
        server.start_again();
    };
    // All of this happens on one day.
    let now = server.advance(1).unix_ms().div_euclid(1000);
    server.advance(86_400 - now.rem_euclid(86_400) + 3600);
    (0..4).for_each(|_| deposit_and_stop(&mut server));
    let old = at_the_place(&server);
    server.advance(40 * 86_400);
    (0..2).for_each(|_| deposit_and_stop(&mut server));
    server.stop();
    let all = at_the_place(&server);
    let live = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let day = |size: &u64| -> i64 {
        let sql = "SELECT recorded_at / 86400000 FROM audit_log WHERE id = ?1";
        live.query_row(sql, [size.cast_signed()], |row| row.get(0)).unwrap()
    };
    let last = *old.keys().last().unwrap();
    let of_day: Vec<u64> = all.keys().copied().filter(|size| day(size) == day(&last)).collect();
    // What is not ours must not push out what is.
    let [.., genuine, spoilt] = of_day.as_slice() else { panic!("{all:?}") };
    fs::write(&all[spoilt], "x").unwrap();
    let manifests = below(&server.data_dir().join("backups")).into_iter().filter_map(|file| {
        let manifest: Value = serde_json::from_slice(&fs::read(file).unwrap()).ok()?;
        manifest["log"]["checkpoint"].as_str()?.lines().nth(1)?.parse::<u64>().ok()
    });
    let named: BTreeSet<u64> = manifests.collect();
    let stays = |size: &u64| !of_day.contains(size) || [genuine, spoilt].contains(&size) || named.contains(size);
    let expected: Vec<u64> = all.keys().copied().filter(stays).collect();
    assert!(expected.len() < all.len(), "{all:?}, named {named:?}");

    let removed = |report: &Value| report["targets"][0]["checkpoints_removed"].as_u64().unwrap();
    let rehearsed = removed(&server.command(&["backup", "prune", "--dry-run"]));
    assert_eq!(at_the_place(&server).len(), all.len());
    assert_eq!(removed(&server.command(&["backup", "prune"])), rehearsed);
    let left: Vec<u64> = at_the_place(&server).into_keys().collect();
    assert_eq!(left, expected, "named {named:?}");
    assert_eq!(removed(&server.command(&["backup", "prune"])), 0);
}

#[test]
fn a_restore_leaves_behind_what_came_after_it() {
    let mut server = Server::start("");
    {
        let admin = server.admin();
        let account = admin.new_account("USD");
        admin.deposit(&account, "1");
    }
    let first = server.command(&["backup", "create"]);
    let account = server.admin().new_account("USD");
    server.admin().deposit(&account, "2");
    server.command(&["backup", "create"]);
    server.stop();
    server.command(&["restore", "apply", "--at", first["manifest"]["recorded_at"].as_str().unwrap()]);
    let places = server.data_dir().join("backups");
    let report = server.command(&["audit", "--anchor", places.to_str().unwrap()]);
    let anchors = report["anchors"].as_array().unwrap();
    let with = |state: &str| anchors.iter().filter(|it| it["state"] == state).count();
    assert!(with("continued") >= 1 && with("abandoned") >= 1 && with("broken") == 0, "{report}");
}
