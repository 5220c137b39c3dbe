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
    let last = found(&server.home().join("target"), ".journal").pop().unwrap();
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
    refused(&zstd::encode_all(&commits[..], 3).unwrap(), "is not signed");
    assert_eq!(apply(&server, &["--unsigned"]).json()["reached"], facts.reaches.to_string());
    refused(&seal(&facts, &commits, &mallory), "is signed by a key that is not trusted here");
    refused(&seal(&facts, &commits[..commits.len() - 1], &own), "contains other changes than were signed");
    // A gigabyte that takes some kilobytes: not unpacked beyond what was signed.
    refused(&seal(&facts, &vec![0; 1 << 30], &own), "contains other changes than were signed");
    let huge = SegmentFacts {
        segment: bursar::backup::manifest::FileFacts { bytes: 1 << 60, ..facts.segment.clone() },
        ..facts.clone()
    };
    fs::write(&last, seal(&huge, &commits, &own)).unwrap();
    assert!(apply(&server, &[]).error(1)["message"].as_str().unwrap().contains("bytes free"));
    let other = SegmentFacts { last: facts.last + 1, ..facts };
    refused(&seal(&other, &commits, &own), "contains another segment than its name says");
    fs::write(&last, genuine).unwrap();
    apply(&server, &[]).json();
    assert_eq!(entries(&server.home().join("elsewhere")), all);
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
