//! Changes between backups that somebody planted or changed at a target, and every byte of what is signed.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bursar::backup::codec;
use bursar::backup::manifest::SegmentFacts;
use bursar::backup::restore::RestoreRequest;
use bursar::backup::signature::{self, Kind, Trust};
use bursar::backup::target::TargetSpec;
use bursar::backup::{BackupError, BackupService, Retention, Settings};
use bursar::store::{DataDir, InstallationKey};
use bursar::system::SystemClock;
use serde_json::json;

use super::harness::Server;
use super::home::Ran;
use super::kills::points;
use super::restore_kill::{await_shipped, entries, found, ran, shipping_server};
use super::signed;

/// A stopped server whose changes are at its target, and the last segment there.
fn shipped() -> (Server, PathBuf) {
    let mut server = shipping_server();
    await_shipped(&server);
    let account = server.admin().new_account("USD");
    for _ in 0..3 {
        server.admin().deposit(&account, "1.00");
        await_shipped(&server);
    }
    server.kill();
    // Whoever can take away changes can take away what says how far they went.
    for lease in found(&server.home().join("target"), ".lease") {
        fs::remove_file(lease).unwrap();
    }
    let all = found(&server.home().join("target"), ".journal");
    let last = all.into_iter().max_by_key(|path| open(path).facts.reaches).unwrap();
    (server, last)
}

/// Restores elsewhere, with nothing but the target and the key that signed what is there.
fn apply(server: &Server, more: &[&str]) -> Ran {
    let elsewhere = server.home().join("elsewhere");
    let _ = fs::remove_dir_all(&elsewhere);
    let manifest = &found(&server.home().join("target"), ".json")[0];
    let verifier = signed::verifier(&server.data_dir(), manifest);
    let mut command = server.program(&[&["restore", "apply", "--trust", &verifier], more].concat());
    command.env("BURSAR_DATA_DIR", &elsewhere);
    let done = ran(command);
    assert_eq!(elsewhere.exists(), done.code == 0, "something was left behind: {done:?}");
    done
}

struct Opened {
    facts: SegmentFacts,
    commits: Vec<u8>,
}

fn open(segment: &Path) -> Opened {
    let object = fs::read(segment).unwrap();
    let (facts, mut data) = codec::read_segment(&object[..], &[]).unwrap();
    let mut commits = Vec::new();
    data.read_to_end(&mut commits).unwrap();
    Opened { facts: facts.unwrap().value, commits }
}

fn seal(facts: &SegmentFacts, commits: &[u8], key: &InstallationKey) -> Vec<u8> {
    let text = serde_json::to_string_pretty(facts).unwrap();
    let text = signature::sign(key, facts.installation, Kind::Segment, &text);
    let mut sealed = codec::write_segment(&[], text.as_bytes(), Vec::new()).unwrap();
    sealed.write_all(commits).unwrap();
    sealed.finish().unwrap()
}

#[test]
fn changes_that_no_trusted_key_signed_are_refused() {
    let (server, last) = shipped();
    let (all, genuine, Opened { facts, commits }) =
        (entries(&server.data_dir()), fs::read(&last).unwrap(), open(&last));
    let own = signed::key(&server.data_dir());
    let mallory = InstallationKey::create(&server.home().join("mallory.key")).unwrap();
    let refused = |object: &[u8], what: &str| {
        fs::write(&last, object).unwrap();
        let error = apply(&server, &[]).error(5);
        assert!(error["message"].as_str().unwrap().contains(what), "{what}: {error}");
        assert!(error["next"].is_string(), "{error}");
    };
    assert_eq!(seal(&facts, &commits, &own), genuine, "it can be made with the key");
    // In place of the last ones, they are not used, as if they were missing.
    let unsigned = zstd::encode_all(&commits[..], 3).unwrap();
    let foreign = seal(&facts, &commits, &mallory);
    for (object, why) in [(&unsigned, "is not signed"), (&foreign, "is signed by a key that is not trusted here")] {
        fs::write(&last, object).unwrap();
        let report = apply(&server, &[]).json();
        assert!(report["not_used"][0].as_str().unwrap().contains(why), "{report}");
        assert!(report["after"]["entries"].as_u64().unwrap() < all.len() as u64, "{report}");
        let report = apply(&server, &["--unsigned"]).json();
        assert_eq!((&report["reached"], &report["not_used"]), (&json!(facts.reaches.to_string()), &json!([])));
    }
    refused(&seal(&facts, &commits[..commits.len() - 1], &own), "contains other changes than were signed");
    // A gigabyte that takes some kilobytes: not unpacked beyond what was signed.
    refused(&seal(&facts, &vec![0; 1 << 30], &own), "contains other changes than were signed");
    let huge = SegmentFacts {
        segment: bursar::backup::manifest::FileFacts { bytes: 1 << 60, ..facts.segment.clone() },
        ..facts.clone()
    };
    fs::write(&last, seal(&huge, &commits, &own)).unwrap();
    assert!(apply(&server, &[]).error(1)["message"].as_str().unwrap().contains("bytes free"));
    // Nothing of it can be meant: one that was signed under another name, and one without anything.
    let other = seal(&SegmentFacts { last: facts.last + 1, ..facts }, &commits, &own);
    for (object, why) in [(&other[..], "was signed under another name"), (&[], "is empty")] {
        fs::write(&last, object).unwrap();
        let report = apply(&server, &[]).json();
        assert!(report["not_used"][0].as_str().unwrap().contains(why), "{report}");
    }
    fs::write(&last, genuine).unwrap();
    // Before others, they are in the way.
    let all_there = found(last.parent().unwrap(), ".journal");
    let middle = &all_there[all_there.len() - 2];
    let kept = fs::read(middle).unwrap();
    fs::write(middle, zstd::encode_all(&open(middle).commits[..], 3).unwrap()).unwrap();
    let error = apply(&server, &[]).error(5);
    assert!(error["message"].as_str().unwrap().contains("is not signed"), "{error}");
    fs::write(middle, kept).unwrap();
    assert_eq!(apply(&server, &[]).json()["not_used"], json!([]));
    assert_eq!(entries(&server.home().join("elsewhere")), all);
}

#[test]
fn planted_changes_are_named_and_the_true_history_is_restored() {
    let (server, last) = shipped();
    let all = entries(&server.data_dir());
    let Opened { facts, commits } = open(&last);
    let unsigned = zstd::encode_all(&commits[..], 3).unwrap();
    let genuine = apply(&server, &[]).json();
    let line = facts.line.clone().unwrap();
    let (epoch, parent) = line.split_once('-').unwrap();
    let (parent_epoch, rest) = parent.split_once('-').unwrap();
    let foreign = "0123456789abcdef0123456789abcdef";
    let (first, after, ms) = (facts.first, facts.last, facts.reaches.unix_ms());
    let other_hash = format!("{}0123456789abcdef", &line[..line.len() - 16]);
    let name = |first: u64, last: u64, ms: i64, line: &str| format!("{first:015}-{last:015}-{ms}-{line}.journal");
    let timelines = last.ancestors().nth(4).unwrap();
    let later = timelines.join(format!("timeline-{}", i64::MAX)).join("journal").join(facts.stream.to_string());
    for (what, path) in [
        ("more of the last epoch", last.with_file_name(name(after + 1, after + 9, ms + 9, &line))),
        ("all of the last epoch", last.with_file_name(name(1, after + 900, ms + 9, &line))),
        ("another last segment", last.with_file_name(name(first, after, ms, &other_hash))),
        (
            "a branch of the last epoch",
            last.with_file_name(name(
                after,
                after + 5,
                ms + 9,
                &format!("{foreign}-{epoch}-{}-{ms}-{:016x}", after - 1, 7),
            )),
        ),
        (
            "another origin of the last epoch",
            last.with_file_name(name(0, 0, 0, &format!("{epoch}-{foreign}-{}", rest))),
        ),
        ("what continues the last epoch", {
            last.with_file_name(name(
                after + 1,
                after + 5,
                ms + 9,
                &format!("{foreign}-{epoch}-{after}-{ms}-{:016x}", 7),
            ))
        }),
        (
            "a timeline of the future",
            later.join(name(1, 2, ms + 9, &format!("{foreign}-{parent_epoch}-0-0-{:016x}", 7))),
        ),
    ] {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &unsigned).unwrap();
        let report = apply(&server, &[]).json();
        for same in ["reached", "timeline", "commits"] {
            assert_eq!(report[same], genuine[same], "{what}: {report}");
        }
        assert_eq!(entries(&server.home().join("elsewhere")), all, "{what}");
        assert!(report["not_used"].to_string().contains("is not signed"), "{what}: {report}");
        for command in [&["restore", "list"][..], &["restore", "plan"]] {
            let told = ran(server.program(command)).json();
            assert_eq!(told["untrusted_segments"].as_array().unwrap().len(), 1, "{what}: {told}");
        }
        fs::remove_file(&path).unwrap();
    }
    assert_eq!(genuine["not_used"], json!([]));
}

/// The service of a machine that has only the target and the key.
fn service(server: &Server) -> BackupService {
    let trust = Trust { own: Some(signed::key(&server.data_dir())), ..Trust::default() };
    let target = TargetSpec::Directory { path: server.home().join("target"), create: false };
    let retention = Retention { latest: 1, daily: 0, weekly: 0, monthly: 0 };
    let settings = Settings { targets: vec![target], recipients: vec![], identities: vec![], trust, retention };
    BackupService::new(DataDir::new(server.home().join("nowhere")), settings, Arc::new(SystemClock)).at_full_speed()
}

/// The restored database.
fn built(service: &BackupService, to: &Path) -> Result<Vec<u8>, BackupError> {
    let _ = fs::remove_file(to);
    let plan = service.catalog(None, Vec::new())?.plan(RestoreRequest::default())?;
    service.build(&plan, to)?;
    Ok(fs::read(to).unwrap())
}

#[test]
fn every_changed_byte_of_a_manifest_and_of_a_segment_is_found_or_changes_nothing() {
    let (server, last) = shipped();
    let (service, file) = (service(&server), server.home().join("built.db"));
    let whole = built(&service, &file).unwrap();
    let manifest = found(&server.home().join("target"), ".json").pop().unwrap();
    let (mut seen, mut same) = (0, 0);
    // The short form tries some bytes of each; a long form all of them.
    for (path, most) in [(&manifest, 10 * points()), (&last, 10 * points())] {
        let good = fs::read(path).unwrap();
        for at in (0..good.len()).step_by(good.len().div_ceil(most as usize).max(1)) {
            let mut changed = good.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(path, &changed).unwrap();
            match built(&service, &file) {
                Err(_) => seen += 1,
                // A bit in a header of zstd that says how to unpack, and not what.
                Ok(built) => {
                    assert_eq!(path, &last, "a change at {at} of the manifest was not found");
                    assert!(built == whole, "a change at {at} of {} went unseen", path.display());
                    same += 1;
                }
            }
        }
        fs::write(path, &good).unwrap();
    }
    println!("{seen} changes were found, {same} changed nothing");
    assert!(seen > 100 && same < 5, "{seen} found, {same} without effect");
    assert!(built(&service, &file).unwrap() == whole);
}
