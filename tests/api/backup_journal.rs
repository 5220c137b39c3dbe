//! Change journals between backups, as seen by an administrator: what is removed, what never is, and the age of the
//! newest shipped change.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::harness::{PATIENCE, Server, write_private};
use super::home::Ran;
use super::restore_kill::{await_shipped, entries, found, ran, shipping_server};
use super::signed;
use crate::common::let_pass;

const ONLY_THE_NEWEST: &str = "keep_latest = 1\nkeep_daily = 0\nkeep_weekly = 0\nkeep_monthly = 0\n";

/// Sets `[backup]` for the commands beside a server; the server keeps its own settings.
fn configure(server: &Server, targets: &[&Path], more: &str) {
    let text = format!("[backup]\ndirectories = {targets:?}\njournal_interval_s = 1\n{more}");
    write_private(&server.home().join("config.toml"), &text);
}

fn prune(server: &Server, more: &[&str]) -> Ran {
    ran(server.program(&[&["backup", "prune"], more].concat()))
}

fn create(server: &Server) -> (String, Value) {
    let made = ran(server.program(&["backup", "create"])).json();
    (made["name"].as_str().unwrap().to_owned(), made["manifest"]["position"].clone())
}

fn last_of(segment: &Path) -> u64 {
    segment.file_stem().unwrap().to_str().unwrap().split('-').nth(1).unwrap().parse().unwrap()
}

/// The name of a segment if its last change had been recorded at this time.
fn reaching(segment: &Path, reaches_ms: i64) -> String {
    let name = segment.file_name().unwrap().to_str().unwrap();
    let mut parts: Vec<String> = name.splitn(4, '-').map(str::to_owned).collect();
    parts[2] = reaches_ms.to_string();
    parts.join("-")
}

/// A copy of a stream under another number, with its last change recorded at this time.
fn stream_like(stream: &Path, folder: &Path, number: u8, reaches_ms: i64) -> PathBuf {
    let to = folder.join(format!("00000000-0000-4000-8000-0000000000{number:02}"));
    fs::create_dir_all(&to).unwrap();
    for segment in found(stream, ".journal") {
        fs::copy(&segment, to.join(reaching(&segment, reaches_ms))).unwrap();
    }
    to
}

#[test]
fn changes_go_with_the_backups_that_need_them_and_no_sooner() {
    let mut server = shipping_server();
    await_shipped(&server);
    let target = server.home().join("target");
    let account = server.admin().new_account("USD");
    let mut middle = Value::Null;
    for round in 0..3 {
        server.admin().deposit(&account, "1.00");
        await_shipped(&server);
        let made = create(&server);
        if round == 1 {
            middle = made.1;
        }
    }
    server.admin().deposit(&account, "1.00");
    await_shipped(&server);
    server.kill();
    let all = entries(&server.data_dir());
    let before = found(&target, ".journal");
    let stream = before[0].parent().unwrap().to_owned();
    let journal = stream.parent().unwrap().to_owned();

    // Streams without a backup: an old one, a recent one, and an old one of a later timeline.
    let now = bursar::domain::clock::Moment::parse(&told_now(&server)).unwrap().unix_ms();
    let days_ago = now - 3 * 86_400_000;
    let old = stream_like(&stream, &journal, 1, days_ago);
    fs::write(old.join(".1-2-3.journal.unfinished"), "half").unwrap();
    let fresh = stream_like(&stream, &journal, 2, now);
    let later = journal.parent().unwrap().with_file_name("timeline-00002").join("journal");
    let later = stream_like(&stream, &later, 3, days_ago);
    let others = found(&old, ".journal").len();

    // Changes stay as long as the backups before them.
    configure(&server, &[&target], "keep_latest = 10\n");
    let dry = prune(&server, &["--dry-run"]).json();
    let first = dry["targets"][0]["journal_segments_removed"].as_u64().unwrap();
    assert!(first >= others as u64, "{dry}");
    assert!(old.exists(), "a dry run removes nothing");
    assert_eq!(prune(&server, &[]).json()["targets"], dry["targets"]);
    assert!(!old.exists() && fresh.exists() && later.exists());
    // They look like other histories, whose backups would be kept.
    fs::remove_dir_all(&fresh).unwrap();
    fs::remove_dir_all(later.parent().unwrap().parent().unwrap()).unwrap();
    let base = newest_needed(&server);
    assert!(found(&stream, ".journal").iter().all(|path| last_of(path) > base), "from the first backup on");

    // A target that cannot be read or understood may have a backup that needs these changes.
    configure(&server, &[&target, Path::new("/nonexistent/mount")], ONLY_THE_NEWEST);
    let kept = found(&stream, ".journal");
    let ran_there = prune(&server, &["--dry-run"]);
    ran_there.error(1);
    let report: Value = serde_json::from_str(&ran_there.stdout).unwrap();
    assert_eq!(report["targets"][0]["journal_segments_removed"], 0, "{report}");

    // A backup at another target needs them too.
    let other = server.home().join("other");
    let backups = journal.with_file_name("backups");
    let there = other.join(backups.strip_prefix(&target).unwrap());
    fs::create_dir_all(&there).unwrap();
    for path in found(&backups, "") {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let is_middle = serde_json::from_str::<Value>(&text).is_ok_and(|manifest| manifest["position"] == middle);
        if is_middle {
            for part in [path.clone(), path.with_extension("bursar")] {
                fs::copy(&part, there.join(part.file_name().unwrap())).unwrap();
            }
        }
    }
    assert_eq!(found(&there, "").len(), 2);
    configure(&server, &[&target, &other], ONLY_THE_NEWEST);
    let pruned = prune(&server, &[]).json();
    assert_eq!(pruned["targets"][0]["removed"].as_array().unwrap().len(), 3, "{pruned}");
    let middle = middle["commit"].as_u64().unwrap();
    let expected: Vec<_> = kept.iter().filter(|path| last_of(path) > middle).cloned().collect();
    assert_eq!(found(&stream, ".journal"), expected);

    // What remains can restore everything.
    configure(&server, &[&target], ONLY_THE_NEWEST);
    prune(&server, &[]).json();
    let left = found(&stream, ".journal");
    assert!(!left.is_empty() && left.len() < expected.len());
    let elsewhere = server.home().join("elsewhere");
    let verifier = signed::verifier(&server.data_dir(), &found(&backups, ".json")[0]);
    let mut apply = server.program(&["restore", "apply", "--timeline", "1", "--trust", &verifier]);
    Ran::of(apply.env("BURSAR_DATA_DIR", &elsewhere).output().unwrap()).json();
    assert_eq!(entries(&elsewhere), all);

    // The current stream stays, whatever its age, even without a backup: one is about to be made.
    for path in found(&backups, "") {
        fs::remove_file(path).unwrap();
    }
    for path in left {
        fs::rename(&path, path.with_file_name(reaching(&path, days_ago))).unwrap();
    }
    assert_eq!(prune(&server, &[]).json()["targets"][0]["journal_segments_removed"], 0);
}

/// The commit of the first backup at the target.
fn newest_needed(server: &Server) -> u64 {
    let listed = ran(server.program(&["backup", "list"])).json();
    let commits = listed["backups"].as_array().unwrap().iter().map(|it| it["manifest"]["position"]["commit"].as_u64());
    commits.map(Option::unwrap).min().unwrap()
}

/// The time of the last backup.
fn told_now(server: &Server) -> String {
    let listed = ran(server.program(&["backup", "list"])).json();
    listed["backups"].as_array().unwrap().last().unwrap()["manifest"]["taken_at"].as_str().unwrap().to_owned()
}

#[test]
fn probes_say_when_everything_was_shipped_last() {
    let mut server = shipping_server();
    await_shipped(&server);
    let target = server.home().join("target");
    let shipping_of = |server: &Server| {
        let ready = server.anyone().get("/readyz?verbose").ok().json();
        ready["backup"]["shipping"][target.to_str().unwrap()].clone()
    };
    let until = |server: &Server, is_so: &dyn Fn(&Value) -> bool| {
        let since = std::time::Instant::now();
        loop {
            let now = shipping_of(server);
            if is_so(&now) {
                return now;
            }
            assert!(since.elapsed() < PATIENCE, "{now}");
            let_pass(Duration::from_millis(20));
        }
    };
    let shipped = until(&server, &|now| now["shipped_at"].is_string());
    assert!(shipped["age_s"].as_u64().unwrap() <= 5, "{shipped}");
    // It advances even if there is nothing to ship: everything has arrived.
    until(&server, &|now| now["shipped_at"].is_string() && now["shipped_at"] != shipped["shipped_at"]);

    // The target disappears: the time stays and its age grows, across a restart too.
    fs::rename(&target, server.home().join("away")).unwrap();
    let lost = until(&server, &|now| now["failure"].is_string());
    assert!(lost["failure"].as_str().unwrap().contains("does not exist"), "{lost}");
    let older = until(&server, &|now| now["age_s"].as_u64() >= Some(2));
    assert_eq!(older["shipped_at"], lost["shipped_at"]);
    server.restart();
    let after = until(&server, &|now| now["failure"].is_string());
    assert_eq!(after["shipped_at"], lost["shipped_at"]);
    fs::rename(server.home().join("away"), &target).unwrap();
    let again = until(&server, &|now| now["failure"] == json!(null));
    assert_ne!(again["shipped_at"], lost["shipped_at"]);
}
