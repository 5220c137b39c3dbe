//! A full disk: no new money, no lost money, and work resumes as soon as there is space.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::books::{Books, Fate, assert_is_refusal};
use crate::client::Client;
use crate::run;
use crate::server::Start;

/// A small disk, unmounted on drop.
struct SmallDisk {
    mounted: PathBuf,
    _home: tempfile::TempDir,
}

impl SmallDisk {
    /// `None`, with a note on stderr, if this user may not mount.
    fn mount(size: &str) -> Option<SmallDisk> {
        let home = tempfile::tempdir().unwrap();
        let mounted = home.path().join("disk");
        fs::create_dir(&mounted).unwrap();
        let options = format!("size={size},mode=0700");
        let ran = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&mounted).output();
        match ran {
            Ok(ran) if ran.status.success() => Some(SmallDisk { mounted, _home: home }),
            Ok(ran) => {
                println!("SKIPPED: mount a small disk: {}", String::from_utf8_lossy(&ran.stderr).trim());
                None
            }
            Err(error) => {
                println!("SKIPPED: mount a small disk: {error}");
                None
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.mounted.join(name)
    }

    /// Fills the disk completely.
    fn fill(&self) -> PathBuf {
        let path = self.path("filler");
        let mut file = File::create(&path).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server left behind by a panic may still use the disk for a moment.
        let _ = Command::new("umount").arg("-l").arg(&self.mounted).status();
    }
}

/// A server on the disk. Its log is elsewhere: logging to a full disk is a different problem.
fn server_on(disk: &SmallDisk, home: &Path, config: &str) -> Start {
    std::os::unix::fs::symlink(disk.path("data"), home.join("data")).unwrap();
    fs::create_dir(disk.path("data")).unwrap();
    Start::in_directory(&home.join("data")).config(config)
}

/// Asserts that the server is not ready and gives the disk as the reason.
#[track_caller]
fn assert_says_why(client: &Client) {
    let ready = client.get("/readyz").unwrap();
    assert_eq!(ready.status, 503, "{ready:?}");
    let reason = ready.body["reason"].as_str().unwrap_or_default().to_lowercase();
    assert!(reason.contains("full") || reason.contains("disk"), "{ready:?}");
}

/// Deposits from many clients until none is accepted.
fn storm_until_refused(books: &mut Books, client: &Client) {
    books.storm(client, 8, |storm| storm.wait_for_lull());
}

/// Uses up the remaining space until a single deposit is refused. The write-ahead log can start over within its own
/// space, so a full disk still accepts a few deposits now and then.
#[track_caller]
fn exhaust(books: &mut Books, client: &Client) {
    for _ in 0..50 {
        let answer = books.deposit(client).unwrap();
        if answer.status != 200 {
            return assert_is_refusal(&answer);
        }
        storm_until_refused(books, client);
    }
    panic!("no write failed on a full disk");
}

#[test]
fn a_full_disk_refuses_writes_and_loses_nothing() {
    let _turn = run::turn();
    let Some(disk) = SmallDisk::mount("24m") else { return };
    let home = tempfile::tempdir().unwrap();
    let start = server_on(&disk, home.path(), "");
    let server = start.start();
    let client = server.client();
    let mut books = Books::open(&client);
    for round in 1..=2 {
        books.storm(&client, 8, |storm| {
            storm.wait_for(100);
            disk.fill();
            storm.wait_for_lull();
        });
        exhaust(&mut books, &client);
        assert_says_why(&client);
        // A refusal by a business rule writes nothing, so it does not prove that the disk works.
        let absent = "/accounts/00000000-0000-7000-8000-000000000000/deposit";
        let refused = client.post(absent, "absent", &serde_json::json!({"amount": "1"})).unwrap();
        assert!([404, 503].contains(&refused.status), "{refused:?}");
        assert_says_why(&client);
        books.check(&client);
        start.audit();
        let (done, refused) =
            (books.count(|fate| matches!(fate, Fate::Done(_))), books.count(|fate| *fate == Fate::Refused));
        println!("disk full, round {round}: {done} done and all stored, {refused} refused and none of them stored");
        fs::remove_file(disk.path("filler")).unwrap();
        assert_eq!(client.get("/readyz").unwrap().status, 200, "there is room again");
        books.settle(&client);
        start.audit();
    }
    // A crash on a full disk loses nothing either.
    disk.fill();
    storm_until_refused(&mut books, &client);
    server.kill();
    fs::remove_file(disk.path("filler")).unwrap();
    let server = start.start();
    books.settle(&server.client());
    start.audit();
}

/// The database and its write-ahead log fill the disk by themselves.
#[test]
fn a_database_that_fills_its_disk_stays_whole() {
    let _turn = run::turn();
    let Some(disk) = SmallDisk::mount("24m") else { return };
    let home = tempfile::tempdir().unwrap();
    fs::write(disk.path("room"), vec![0; 20 << 20]).unwrap();
    // Checkpoints are rare, so the log grows.
    let start = server_on(&disk, home.path(), "[store]\ncheckpoint_pages = 1000000\n");
    let server = start.start();
    let client = server.client();
    let mut books = Books::open(&client);
    storm_until_refused(&mut books, &client);
    assert_is_refusal(&books.deposit(&client).unwrap());
    assert_says_why(&client);
    books.check(&client);
    let done = books.count(|fate| matches!(fate, Fate::Done(_)));
    assert!(done > 0);
    println!("the disk was full after {done} deposits");
    start.audit();
    fs::remove_file(disk.path("room")).unwrap();
    assert_eq!(client.get("/readyz").unwrap().status, 200, "there is room again");
    books.settle(&client);
    start.audit();
}
