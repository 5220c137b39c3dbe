//! Backups in a bucket: a real S3 server in this process, behind a connection that can fail.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;

use super::backups::{configure, files, seeded};
use super::home::{Home, Ran};

const KEY: &str = "access_key_id = AKIATEST\nsecret_access_key = \"secret/of+the=bucket\"\n";

/// Serves a directory as buckets until the process ends; returns the address.
fn serve(root: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut service = S3ServiceBuilder::new(FileSystem::new(root).unwrap());
    service.set_auth(SimpleAuth::from_single("AKIATEST", "secret/of+the=bucket"));
    let service = service.build();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
    });
    address
}

/// A proxy to the server that can stall or break after a number of bytes in either direction, or be slow.
pub(super) struct Wire {
    address: String,
    fate: Arc<Fate>,
}

/// How a connection fails.
struct Fate {
    /// Bytes until it stalls or breaks; `u64::MAX` means never.
    left: AtomicU64,
    breaks: AtomicBool,
    /// Delay per chunk, in microseconds.
    slow_us: AtomicU64,
}

impl Fate {
    fn is_broken(&self) -> bool {
        self.breaks.load(Ordering::SeqCst) && self.left.load(Ordering::SeqCst) == 0
    }
}

impl Wire {
    fn to(server: String) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (left, slow_us) = (AtomicU64::new(u64::MAX), AtomicU64::new(0));
        let fate = Arc::new(Fate { left, breaks: AtomicBool::new(false), slow_us });
        let shared = Arc::clone(&fate);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if shared.is_broken() {
                    continue; // the server is "down"
                }
                let far = TcpStream::connect(&server).unwrap();
                let ways = [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)];
                for (from, to) in ways {
                    let fate = Arc::clone(&shared);
                    thread::spawn(move || carry(from, to, &fate));
                }
            }
        });
        Wire { address, fate }
    }

    fn falls_silent_after(&self, bytes: u64) {
        self.fate.breaks.store(false, Ordering::SeqCst);
        self.fate.left.store(bytes, Ordering::SeqCst);
    }

    /// Simulates a server that is killed after this many bytes.
    fn breaks_after(&self, bytes: u64) {
        self.fate.breaks.store(true, Ordering::SeqCst);
        self.fate.left.store(bytes, Ordering::SeqCst);
    }

    fn is_slow(&self, us: u64) {
        self.fate.slow_us.store(us, Ordering::SeqCst);
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, fate: &Fate) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        match fate.slow_us.load(Ordering::SeqCst) {
            0 => {}
            us => crate::common::let_pass(Duration::from_micros(us)),
        }
        let had = fate.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
            u64::MAX => None,
            left => Some(left.saturating_sub(read as u64)),
        });
        // A stall: the connection stays open without data.
        if had.is_ok_and(|had| had < read as u64) || to.write_all(&buffer[..read]).is_err() {
            if had.is_ok() && !fate.is_broken() {
                continue;
            }
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
            return;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// A data directory that backs up to a bucket, and the proxy in front of it.
pub(super) fn place() -> (Home, Wire) {
    let home = seeded();
    std::fs::create_dir_all(home.path("s3/vault")).unwrap();
    home.file("key", KEY);
    let wire = Wire::to(serve(&home.path("s3")));
    settle(&home, &wire, "vault", 1);
    (home, wire)
}

fn settle(home: &Home, wire: &Wire, bucket: &str, timeout_s: u64) {
    let endpoint = &wire.address;
    configure(
        home,
        &format!(
            "directories = []\ns3_bucket = \"{bucket}\"\ns3_prefix = \"broker/one\"\n\
             s3_endpoint = \"http://{endpoint}\"\ns3_credentials_file = \"key\"\ns3_timeout_s = {timeout_s}"
        ),
    );
}

fn backup(home: &Home, args: &[&str]) -> Ran {
    super::backups::backup(home, args)
}

#[test]
fn a_bucket_can_replace_a_directory() {
    let (home, _wire) = place();
    let made = backup(&home, &["create"]).json();
    assert_eq!(made["targets"][0], "s3://vault/broker/one");
    backup(&home, &["create"]).json();
    let stored = files(&home.path("s3/vault/broker/one"));
    assert_eq!(stored.iter().filter(|path| path.extension().is_some_and(|it| it == "bursar")).count(), 2, "{stored:?}");
    assert_eq!(backup(&home, &["list"]).json()["backups"].as_array().unwrap().len(), 2);
    assert_eq!(backup(&home, &["verify", "--all"]).json()["ok"], true);
    assert_eq!(backup(&home, &["drill"]).json()["ok"], true);
    let sealed = super::backups::object(&home.path("s3/vault"), ".bursar");
    let bytes = std::fs::read(&sealed).unwrap();
    std::fs::write(&sealed, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(backup(&home, &["verify"]).code, 5);
    std::fs::write(&sealed, &bytes).unwrap();
}

#[test]
fn a_large_backup_goes_in_parts() {
    let (home, wire) = place();
    settle(&home, &wire, "vault", 30);
    // Random bytes do not compress, so the object is larger than one part.
    let database = rusqlite::Connection::open(home.data().join("bursar.db")).unwrap();
    let noise = "INSERT INTO counters (name, last)
         WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 40)
         SELECT hex(randomblob(500000)), 1 FROM n";
    database.execute(noise, []).unwrap();
    drop(database);
    let made = backup(&home, &["create"]).json();
    assert!(made["manifest"]["object"]["bytes"].as_u64().unwrap() > 16 << 20, "{made}");
    assert_eq!(backup(&home, &["verify"]).json()["ok"], true);
}

#[test]
fn a_wire_that_falls_silent_leaves_no_half_of_a_backup() {
    let (home, wire) = place();
    backup(&home, &["create"]).json();
    let count = || backup(&home, &["list"]).json()["backups"].as_array().unwrap().len();
    // From the first request to the last: listing, sending, reading back, the manifest.
    for bytes in [0, 500, 4_000, 20_000, 28_000, 40_000, 56_000] {
        let began = Instant::now();
        wire.falls_silent_after(bytes);
        let ran = backup(&home, &["create"]);
        wire.falls_silent_after(u64::MAX);
        assert_eq!(ran.code, 1, "after {bytes}: {}", ran.stderr);
        let error = ran.error(1);
        assert!(error["next"].as_str().unwrap().contains("reachable"), "after {bytes}: {error}");
        assert!(began.elapsed() < Duration::from_secs(30), "after {bytes}: {:?}", began.elapsed());
        assert!(!home.data().join("backup.tmp").exists());
        assert_eq!(backup(&home, &["verify", "--all"]).json()["ok"], true, "after {bytes}");
    }
    let before = count();
    backup(&home, &["create"]).json();
    assert_eq!(count(), before + 1);
    wire.falls_silent_after(100);
    assert_eq!(backup(&home, &["list"]).code, 1);
}

#[test]
fn wrong_keys_and_buckets_are_told_apart() {
    let (home, wire) = place();
    settle(&home, &wire, "nowhere", 1);
    let error = backup(&home, &["create"]).error(1);
    assert!(error["next"].as_str().unwrap().contains("Mount or create it"), "{error}");
    settle(&home, &wire, "vault", 1);
    home.file("key", "access_key_id = AKIATEST\nsecret_access_key = wrong\n");
    let error = backup(&home, &["create"]).error(8);
    assert!(!error.to_string().contains("\"wrong\""), "{error}");
    home.file("key", "access_key_id = AKIATEST\n");
    assert_eq!(backup(&home, &["create"]).code, 3);
    home.file("key", KEY);
    let both =
        home.command(&["backup", "create", "--json", "--config", "config.toml"]).env("AWS_ACCESS_KEY_ID", "x").output();
    assert_eq!(Ran::of(both.unwrap()).error(3)["code"], "CONFIGURATION");
    let settings = std::fs::read_to_string(home.path("config.toml")).unwrap();
    home.file("config.toml", &settings.replace("s3_credentials_file = \"key\"\n", ""));
    let by_environment = home
        .command(&["backup", "create", "--json", "--config", "config.toml"])
        .env("AWS_ACCESS_KEY_ID", "AKIATEST")
        .env("AWS_SECRET_ACCESS_KEY", "secret/of+the=bucket")
        .output();
    Ran::of(by_environment.unwrap()).json();
    let shown = home
        .command(&["config", "show", "--json", "--config", "config.toml"])
        .env("AWS_SECRET_ACCESS_KEY", "hush")
        .output();
    assert!(!String::from_utf8(shown.unwrap().stdout).unwrap().contains("hush"));
}

#[test]
fn a_bucket_that_goes_down_half_way_has_no_half_of_a_backup() {
    let (home, wire) = place();
    backup(&home, &["create"]).json();
    for bytes in [0, 4_000, 20_000, 40_000, 56_000] {
        wire.breaks_after(bytes);
        let error = backup(&home, &["create"]).error(1);
        assert!(error["next"].as_str().unwrap().contains("reachable"), "after {bytes}: {error}");
        let record = std::fs::read_to_string(home.data().join("backup-record.json")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        let reason = record["last_failure"]["reason"].as_str().unwrap();
        assert!(reason.contains("s3://vault/broker/one"), "after {bytes}: {record}");
        wire.falls_silent_after(u64::MAX);
        let listed = backup(&home, &["list"]).json();
        assert!(listed["backups"].as_array().unwrap().iter().all(|it| it["state"] == "plain"), "{bytes}: {listed}");
        assert_eq!(backup(&home, &["verify", "--all"]).json()["ok"], true, "after {bytes}");
    }
    for bytes in [0, 4_000, 20_000] {
        wire.breaks_after(bytes);
        for command in [&["verify"][..], &["drill"]] {
            let error = backup(&home, command).error(1);
            assert!(error["next"].as_str().unwrap().contains("reachable"), "{command:?} after {bytes}: {error}");
            wire.breaks_after(bytes);
        }
        let into = home.path("into").display().to_string();
        let apply = ["restore", "apply", "--into", &into, "--config", "config.toml"];
        let error = home.json(&apply).error(1);
        assert!(error["next"].is_string(), "after {bytes}: {error}");
        assert!(!home.path("into/bursar.db").exists());
        wire.falls_silent_after(u64::MAX);
    }
    backup(&home, &["create"]).json();
}

#[test]
fn a_bucket_that_is_slow_is_waited_for() {
    let (home, wire) = place();
    wire.is_slow(20_000);
    backup(&home, &["create"]).json();
    assert_eq!(backup(&home, &["verify"]).json()["ok"], true);
    wire.is_slow(0);
    assert_eq!(backup(&home, &["drill"]).json()["ok"], true);
}

#[test]
fn changes_in_a_bucket_go_with_the_backups_that_need_them() {
    let (home, _wire) = place();
    let made = backup(&home, &["create"]).json();
    let (contents, root) = (&made["manifest"], home.path("s3/vault/broker/one"));
    let commit = contents["position"]["commit"].as_u64().unwrap();
    let folder = root.join(contents["installation"].as_str().unwrap()).join("timeline-00001/journal");
    let put = |stream: &str, first: u64, last: u64| {
        let folder = folder.join(stream);
        std::fs::create_dir_all(&folder).unwrap();
        // Recorded in 2024 according to its name.
        let file = folder.join(format!("{first:015}-{last:015}-1709280000000.journal"));
        std::fs::write(&file, "changes").unwrap();
        file
    };
    let stream = contents["position"]["stream"].as_str().unwrap();
    let (before, after) = (put(stream, 1, commit), put(stream, commit + 1, commit + 2));
    let orphan = put("00000000-0000-4000-8000-000000000001", 1, 9);
    let dry = backup(&home, &["prune", "--dry-run"]).json();
    assert_eq!(dry["targets"][0]["journal_segments_removed"], 2, "{dry}");
    assert!(before.exists() && after.exists() && orphan.exists());
    assert_eq!(backup(&home, &["prune"]).json()["targets"], dry["targets"]);
    assert!(!before.exists() && after.exists() && !orphan.exists());
}
