//! Restores with the real program: any moment under load, loss of the whole directory, kill -9 at any point, and every
//! kind of damage to the source.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::books::{Books, Fate};
use crate::common::program::{program, program_on};
use crate::faults::{Fault, Faults, Kind};
use crate::run::{self, Choices};
use crate::server::Start;

/// How long to wait for something that normally happens every second.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A server that ships its changes every second to a directory beside its data.
pub(crate) struct Place {
    pub(crate) home: tempfile::TempDir,
    pub(crate) start: Start,
}

impl Place {
    pub(crate) fn new(more: &str) -> Place {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("target");
        fs::create_dir(&target).unwrap();
        let config = format!("[backup]\ndirectories = [{target:?}]\njournal_interval_s = 1\n{more}");
        let start = Start::in_directory(&home.path().join("data")).config(&config);
        Place { home, start }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.command_in(&self.data(), arguments)
    }

    fn command_in(&self, data: &Path, arguments: &[&str]) -> Command {
        let mut command = program_on(data);
        command.args(arguments).arg("--config").arg(self.home.path().join("data.toml")).arg("--json");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_in(&self.data(), arguments)
    }

    /// Runs a command on another data directory with this server's configuration.
    pub(crate) fn run_in(&self, data: &Path, arguments: &[&str]) -> Ran {
        Ran(self.command_in(data, arguments).output().unwrap())
    }

    /// The key that its backups are signed by.
    pub(crate) fn verifier(&self) -> String {
        self.run(&["backup", "verifier"]).json()["verifier"].as_str().unwrap().to_owned()
    }

    /// The segments at the target, in order.
    fn segments(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(&self.home.path().join("target"), &mut found);
        found.retain(|path| path.extension().is_some_and(|extension| extension == "journal"));
        found.sort();
        found
    }

    /// Waits until everything recorded so far is at the target.
    pub(crate) fn wait_until_shipped(&self) {
        let (last, since) = (last_commit(&self.data()), Instant::now());
        loop {
            let plan = self.run(&["restore", "plan"]);
            let reached = self.segments().iter().filter_map(|path| last_of(path)).max().unwrap_or(0);
            if plan.code() == 0 && reached >= last {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "commit {last} is not shipped: {}", plan.text());
            run::let_pass(Duration::from_millis(100));
        }
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

fn last_of(segment: &Path) -> Option<i64> {
    segment.file_stem()?.to_str()?.split('-').nth(1)?.parse().ok()
}

pub(crate) struct Ran(Output);

impl Ran {
    fn code(&self) -> i32 {
        self.0.status.code().unwrap_or(-1)
    }

    fn text(&self) -> String {
        format!("{}{}", String::from_utf8_lossy(&self.0.stdout), String::from_utf8_lossy(&self.0.stderr))
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code(), 0, "{}", self.text());
        serde_json::from_slice(&self.0.stdout).unwrap()
    }

    #[track_caller]
    fn fails(&self, code: i32, word: &str) {
        assert_eq!(self.code(), code, "{}", self.text());
        assert!(self.text().contains(word), "{}", self.text());
    }
}

fn open(data: &Path) -> Connection {
    Connection::open_with_flags(data.join("bursar.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

fn last_commit(data: &Path) -> i64 {
    open(data).query_row("SELECT commit_number FROM change_journal", [], |row| row.get(0)).unwrap()
}

/// The id of the database's change stream.
pub(crate) fn stream(data: &Path) -> Vec<u8> {
    open(data).query_row("SELECT stream FROM change_journal", [], |row| row.get(0)).unwrap()
}

fn timeline(data: &Path) -> i64 {
    open(data).query_row("SELECT timeline FROM installation", [], |row| row.get(0)).unwrap()
}

/// Number, time (ms) and hash of every entry up to a moment.
pub(crate) fn entries(data: &Path, until: i64) -> Vec<(i64, i64, Vec<u8>)> {
    let connection = open(data);
    let mut query =
        connection.prepare("SELECT seq, recorded_at, hash FROM entries WHERE recorded_at <= ?1 ORDER BY seq").unwrap();
    let rows = query.query_map([until], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn text_of(moment: i64) -> String {
    bursar::domain::clock::Moment::from_unix_ms(moment).to_string()
}

/// The number of rounds for tests with many short rounds.
pub(crate) fn rounds(short: u64, long: u64) -> u64 {
    if run::is_long() { long } else { short }
}

#[test]
fn every_moment_under_load_is_restored_exactly() {
    let _turn = run::turn();
    let mut choices = Choices::new("moments under load");
    let place = Place::new("");
    let server = place.start.start();
    place.wait_until_shipped();
    let mut books = Books::open(&server.client());
    books.storm(&server.client(), 8, |storm| {
        storm.wait_for(300);
        run::let_pass(Duration::from_secs(2));
    });
    place.wait_until_shipped();
    let all = entries(&place.data(), i64::MAX);
    assert!(all.len() >= 300);
    for round in 0..rounds(8, 50) {
        let at = match round {
            // Exactly at an entry, just before one, or anywhere.
            0..3 => all[usize::try_from(choices.from(0, all.len() as u64 - 1)).unwrap()].1,
            3..5 => all[usize::try_from(choices.from(1, all.len() as u64 - 1)).unwrap()].1 - 1,
            _ => {
                all[0].1
                    + i64::try_from(choices.from(0, u64::try_from(all[all.len() - 1].1 - all[0].1).unwrap())).unwrap()
            }
        };
        let into = place.home.path().join(format!("at-{round}"));
        let report = place.run(&["restore", "apply", "--at", &text_of(at), "--into", into.to_str().unwrap()]).json();
        let expected: Vec<_> = all.iter().filter(|(_, recorded_at, _)| *recorded_at <= at).cloned().collect();
        assert_eq!(entries(&into, i64::MAX), expected, "at {at}: {report}");
        assert_eq!(report["after"]["entries"], expected.len());
        assert_eq!(report["timeline"], 2);
    }
    // The running server locks its own directory.
    place.run(&["restore", "apply"]).fails(6, "in use");
    println!("{} entries; every moment gave exactly those recorded up to it", all.len());
}

#[test]
fn a_lost_directory_costs_at_most_the_interval() {
    let _turn = run::turn();
    let place = Place::new("");
    let server = place.start.start();
    place.wait_until_shipped();
    let client = server.client();
    let mut books = Books::open(&client);
    let last_answered = books.storm(&client, 8, |storm| {
        storm.wait_for(100);
        run::let_pass(Duration::from_secs(3));
        let killed = Instant::now();
        server.kill();
        killed
    });
    let _ = last_answered;
    let answered = entries(&place.data(), i64::MAX);
    let verifier = place.verifier();
    fs::remove_dir_all(place.data()).unwrap();
    let report = place.run(&["restore", "apply", "--trust", &verifier]).json();
    let restored = entries(&place.data(), i64::MAX);
    assert_eq!(restored, answered[..restored.len()], "restored entries differ from those recorded: {report}");
    let lost = answered.len() - restored.len();
    let lost_ms = answered[answered.len() - 1].1 - restored.last().map_or(0, |entry| entry.1);
    println!(
        "the directory was lost: {lost} of {} entries, the last {lost_ms} ms; the interval is 1000 ms",
        answered.len()
    );
    // Closing, wrapping and storing a segment adds to the interval.
    assert!(lost_ms <= 2_500, "{lost_ms} ms were lost");
    assert!(books.count(|fate| matches!(fate, Fate::Done(_))) >= 100);
    assert_eq!(place.run(&["audit"]).code(), 0);
}

#[test]
fn a_restore_begins_a_timeline_and_rests() {
    let _turn = run::turn();
    let place = Place::new("");
    let server = place.start.start();
    place.wait_until_shipped();
    let client = server.client();
    let mut books = Books::open(&client);
    for _ in 0..5 {
        assert_eq!(books.deposit(&client).unwrap().status, 200);
    }
    place.wait_until_shipped();
    let at = entries(&place.data(), i64::MAX)[2].1;
    let after = entries(&place.data(), at).len();
    assert_eq!(books.deposit(&client).unwrap().status, 200);
    server.signal_end();
    server.ended();
    let last = entries(&place.data(), i64::MAX).last().unwrap().0;
    // The changes shipped by the clean stop are there, and a rehearsal changes nothing.
    let plan = place.run(&["restore", "apply", "--dry-run"]).json();
    assert_eq!(plan["missing_commits"], Value::Null, "{plan}");
    assert_eq!(timeline(&place.data()), 1);

    let report = place.run(&["restore", "apply", "--at", &text_of(at)]).json();
    assert_eq!((&report["before"]["entries"], &report["after"]["entries"]), (&Value::from(last), &Value::from(after)));
    assert_eq!(report["timeline"], 2);
    assert!(report["next_entry"].as_i64().unwrap() > last + 1_000_000);
    let kept = PathBuf::from(report["kept"].as_str().unwrap());
    assert_eq!(entries(&kept, i64::MAX).len() as i64, last, "the old database is kept");
    let tokens: i64 = open(&place.data())
        .query_row("SELECT count(*) FROM tokens WHERE revoked_at IS NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tokens, 0);

    // The result passes the audit, continues after the gap, and its journal leaves that of the first timeline alone.
    assert_eq!(place.run(&["audit"]).code(), 0);
    let first_timeline = place.segments();
    assert_eq!(place.run(&["operator", "list"]).code(), 0);
    let server = place.start.start();
    let client = server.client();
    assert_eq!(client.read("/readyz?verbose")["jobs"]["state"], "resting");
    let resumed = place.run(&["restore", "resume"]).json();
    assert_eq!(resumed["resumed"], true);
    assert_eq!(client.read("/readyz?verbose")["jobs"]["state"], "running");
    server.kill();
    assert_eq!(place.run(&["restore", "resume"]).json()["resumed"], false);
    let event: (i64, String) = open(&place.data())
        .query_row("SELECT seq, type FROM events WHERE seq > 1000000 ORDER BY seq LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(event, (report["next_event"].as_i64().unwrap(), "restore.applied".to_owned()));
    assert_eq!(place.run(&["audit"]).code(), 0);
    assert!(first_timeline.iter().all(|path| path.exists()));

    // Restoring the latest state returns to the whole first timeline, because the second has no backup yet.
    let report = place.run(&["restore", "apply", "--timeline", "1"]).json();
    assert_eq!((&report["timeline"], &report["after"]["entries"]), (&Value::from(3), &Value::from(last)));
    assert!(
        report["next_entry"].as_i64().unwrap() > 2_000_000,
        "numbers skipped by the second timeline are not reused"
    );
    assert_eq!(place.run(&["audit"]).code(), 0);

    // An entry or event inside a gap is found by the audit.
    let connection = Connection::open(place.data().join("bursar.db")).unwrap();
    let gap = report["next_event"].as_i64().unwrap() - 5;
    connection.execute("UPDATE events SET seq = ?1 WHERE seq = (SELECT max(seq) FROM events)", [gap]).unwrap();
    drop(connection);
    place.run(&["audit"]).fails(5, "events");
}

#[test]
fn missing_or_damaged_segments_are_never_skipped() {
    let _turn = run::turn();
    let place = Place::new("");
    let server = place.start.start();
    place.wait_until_shipped();
    let client = server.client();
    let mut books = Books::open(&client);
    for _ in 0..6 {
        assert_eq!(books.deposit(&client).unwrap().status, 200);
        place.wait_until_shipped();
    }
    server.signal_end();
    server.ended();
    let segments = place.segments();
    assert!(segments.len() >= 5, "{segments:?}");
    let victim = &segments[segments.len() - 2];
    let whole = fs::read(victim).unwrap();
    // The spool would contain it as well.
    let into = |name: &str| place.home.path().join(name).to_str().unwrap().to_owned();

    fs::remove_file(victim).unwrap();
    let plan = place.run(&["restore", "plan"]);
    plan.fails(5, "missing_commits");
    let reaches = serde_json::from_slice::<Value>(&plan.0.stdout).unwrap()["reaches"].as_str().unwrap().to_owned();
    place.run(&["restore", "apply", "--into", &into("gap")]).fails(5, "are at no target");
    assert!(!Path::new(&into("gap")).join("bursar.db").exists());
    place.run(&["restore", "apply", "--at", &reaches, "--into", &into("reached")]).json();

    fs::write(victim, &whole[..whole.len() / 2]).unwrap();
    place.run(&["restore", "apply", "--into", &into("cut")]).fails(5, "is damaged");
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    fs::write(victim, &changed).unwrap();
    place.run(&["restore", "apply", "--into", &into("changed")]).fails(5, "is damaged");
    // A complete segment under another segment's name.
    fs::write(victim, fs::read(&segments[segments.len() - 3]).unwrap()).unwrap();
    place.run(&["restore", "apply", "--into", &into("swapped")]).fails(5, "is damaged");
    fs::write(victim, &whole).unwrap();
    place.run(&["restore", "apply", "--into", &into("whole")]).json();
    place.run(&["restore", "plan", "--at", "2020-01-01T00:00:00Z"]).fails(1, "no backup from before");
    place.run(&["restore", "plan", "--at", "yesterday"]).fails(2, "2026-03-02T08:15:00Z");
}

#[test]
fn encrypted_changes_are_restored_with_their_key_only() {
    let _turn = run::turn();
    let keys = tempfile::tempdir().unwrap();
    let key = |name: &str| {
        let file = keys.path().join(name);
        let ran = program().args(["backup", "keygen", "--json"]).arg(&file).output().unwrap();
        let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
        (
            file.to_str().unwrap().to_owned(),
            report["recipient"].as_str().unwrap_or_else(|| panic!("{report}")).to_owned(),
        )
    };
    let ((right, public), (wrong, _)) = (key("right"), key("wrong"));
    let place = Place::new(&format!("recipients = [{public:?}]\n"));
    let server = place.start.start();
    place.wait_until_shipped();
    let client = server.client();
    let mut books = Books::open(&client);
    assert_eq!(books.deposit(&client).unwrap().status, 200);
    place.wait_until_shipped();
    let all = entries(&place.data(), i64::MAX);
    let verifier = place.verifier();
    server.kill();
    fs::remove_dir_all(place.data()).unwrap();
    let refused = place.run(&["restore", "apply", "--identity", &right]);
    refused.fails(5, &format!("with the hash {}", verifier.split('+').nth(1).unwrap()));
    assert!(!refused.text().contains(&verifier), "a key that was found is never offered: {}", refused.text());
    place.run(&["restore", "apply", "--trust", &verifier]).fails(8, "no private key");
    place.run(&["restore", "apply", "--trust", &verifier, "--identity", &wrong]).fails(8, "another key");
    // The file with the private key is where the other one is kept.
    let mut file = OpenOptions::new().append(true).open(&right).unwrap();
    writeln!(file, "# bursar verifier: {verifier}").unwrap();
    place.run(&["restore", "apply", "--identity", &right]).json();
    assert_eq!(entries(&place.data(), i64::MAX), all);
}

/// Each restore is killed at one of its writes. Afterwards the database is the old one or the new one.
#[test]
fn a_restore_can_be_killed_anywhere() {
    let _turn = run::turn();
    let mut choices = Choices::new("kill -9 of a restore");
    let place = Place::new("");
    let Some(faults) = Faults::build(place.home.path()) else { return };
    let server = place.start.start();
    place.wait_until_shipped();
    let client = server.client();
    let mut books = Books::open(&client);
    for _ in 0..10 {
        assert_eq!(books.deposit(&client).unwrap().status, 200);
    }
    place.wait_until_shipped();
    // The replaced database was never closed cleanly, so its write-ahead log belongs to it.
    server.kill();
    let all = entries(&place.data(), i64::MAX);
    let at = text_of(all[4].1);
    let restored = all.iter().filter(|entry| entry.1 <= all[4].1).count();
    let original = place.home.path().join("original");
    copy_dir(&place.data(), &original);
    let (mut old, mut new, mut done, mut upto) = (0, 0, 0, 400);
    for round in 0..rounds(24, 200) {
        fs::remove_dir_all(place.data()).unwrap();
        copy_dir(&original, &place.data());
        let n = choices.from(1, upto);
        let mut command = place.command(&["restore", "apply", "--at", &at]);
        // The process is killed, or power is lost together with everything not synced.
        let kind = if round % 2 == 0 { Kind::Kill } else { Kind::Plug };
        let fault = [Fault { at: n, kind, times: 1 }];
        let ran = command.envs(faults.environment(&place.start, &fault, choices.from(0, 1 << 40))).output().unwrap();
        if ran.status.success() {
            // The restore made fewer writes than that.
            (done, upto) = (done + 1, n.max(2));
        } else {
            assert_eq!(ran.status.code(), None, "round {round}: {}", String::from_utf8_lossy(&ran.stderr));
        }
        place.start.audit();
        let (found, timeline) = (entries(&place.data(), i64::MAX), timeline(&place.data()));
        match timeline {
            1 => {
                assert_eq!(found, all, "round {round}, {kind} at write {n}");
                old += 1;
            }
            2 => {
                assert_eq!(found, all[..restored], "round {round}, {kind} at write {n}");
                new += 1;
            }
            other => panic!("round {round}, {kind} at write {n}: timeline {other}"),
        }
        // A further restore succeeds.
        if round % 8 == 0 {
            place.run(&["restore", "apply", "--at", &at]).json();
            place.start.audit();
        }
    }
    println!(
        "restores killed at up to write {upto}: {old} left the old database, {new} the new one ({done} were done)"
    );
    assert!(old > 0 && new > 0);
}

pub(crate) fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let path = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &path);
        } else if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), path).unwrap();
        }
    }
}

/// The server is killed repeatedly while it ships. The shipped stream has no gap and leads to exactly the recorded
/// state.
#[test]
fn shipping_can_be_killed_anywhere() {
    let _turn = run::turn();
    let mut choices = Choices::new("kill -9 of shipping");
    let place = Place::new("");
    let Some(faults) = Faults::build(place.home.path()) else { return };
    let mut server = place.start.start();
    place.wait_until_shipped();
    let mut books = Books::open(&server.client());
    let first = stream(&place.data());
    for _ in 0..rounds(4, 40) {
        let client = server.client();
        let after = Duration::from_millis(choices.from(1, 2500));
        books.storm(&client, 4, |storm| {
            storm.wait_for(1);
            run::let_pass(after);
            server.kill();
        });
        // A start that is killed at one of its writes, then one that is not.
        let mut child = faults.kill_at(&place.start, choices.from(1, 60)).spawn();
        run::let_pass(Duration::from_millis(choices.from(1, 400)));
        child.kill();
        server = place.start.start();
    }
    place.wait_until_shipped();
    let into = place.home.path().join("copy");
    place.run(&["restore", "apply", "--into", into.to_str().unwrap()]).json();
    let all = entries(&place.data(), i64::MAX);
    assert_eq!(entries(&into, i64::MAX), all);
    assert_eq!(stream(&place.data()), first, "no crash has broken the stream");
    println!("{} entries through all kills, in one stream", all.len());
}
