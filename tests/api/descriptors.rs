//! File descriptors: connections leave enough for everything else, and a lack of them does not fill the log.

use super::connections::{PROBE, ask, drain};
use super::harness::{PATIENCE, Server};
use crate::common::program::{Process, SERVE, program_of};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::Value;
use std::fs::{self, File};
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

/// The soft limit of this process.
fn soft_limit(process: u32) -> u64 {
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    line.split_whitespace().nth(3).unwrap().parse().unwrap()
}

/// Calls over this connection and returns the body of the answer.
#[track_caller]
fn call(stream: &mut TcpStream, method: &str, path: &str, token: &str, body: &str) -> Value {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let head = ask(stream, request.as_bytes());
    assert!(head.starts_with("HTTP/1.1 200"), "{method} {path}: {head}");
    serde_json::from_str(&drain(stream, &head)).unwrap()
}

/// The time of the last change that every target has.
fn shipped(stream: &mut TcpStream) -> Option<String> {
    let ready = call(stream, "GET", "/readyz?verbose", "", "");
    let target = ready["backup"]["shipping"].as_object().unwrap().values().next()?.clone();
    target["reaches"].as_str().map(str::to_owned)
}

/// The program with two workers, started by a shell after this limit.
fn limited(limit: &str, data: &Path) -> Command {
    let mut command = program_of(Path::new("/bin/sh"));
    command
        .args(["-c", &format!("{limit}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_bursar")])
        .args(SERVE)
        .env("BURSAR_DATA_DIR", data)
        .env("BURSAR_SERVER__WORKERS", "2");
    command
}

/// 240 descriptors allow 88 connections: 152 are for two workers, eight readers and the rest.
#[test]
fn a_full_server_still_commits_and_ships_its_changes() {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log");
    let mut command = limited("ulimit -Sn 200; ulimit -Hn 240", &home.path().join("data"));
    command.env("BURSAR_BACKUP__JOURNAL_INTERVAL_S", "1").stderr(File::create(&log).unwrap());
    let mut server = Process::spawn(&mut command);
    let banner = server.banner().unwrap();
    assert_eq!(soft_limit(server.id()), 240);
    let address = banner["url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    let token = banner["token"].as_str().unwrap();

    let mut admin = TcpStream::connect(&address).unwrap();
    admin.set_read_timeout(Some(PATIENCE)).unwrap();
    let end = Instant::now() + PATIENCE;
    let before = loop {
        if let Some(reached) = shipped(&mut admin) {
            break reached;
        }
        assert!(Instant::now() < end, "the first backup is not made");
    };
    let crowd: Vec<TcpStream> = (0..150)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(PROBE).unwrap();
            stream.set_nonblocking(true).unwrap();
            stream
        })
        .collect();
    let answered = || crowd.iter().filter(|stream| stream.peek(&mut [0]).is_ok()).count();
    while answered() < 87 {
        assert!(Instant::now() < end, "{} answered", answered());
        thread::yield_now();
    }
    call(&mut admin, "POST", "/profiles", token, r#"{"email":"late@example.com"}"#);
    while shipped(&mut admin).unwrap() <= before {
        assert!(Instant::now() < end, "the change is not shipped");
    }
    assert_eq!(answered(), 87, "the others wait");
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.contains("\"max_connections\":88"), "{log}");
    assert!(!log.contains("Too many open files"), "{log}");
}

#[test]
fn a_server_that_may_open_too_few_files_does_not_start() {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log");
    let mut command = limited("ulimit -n 160", &home.path().join("data"));
    let mut server = Process::spawn(command.stderr(File::create(&log).unwrap()));
    assert_eq!(server.banner(), None);
    let told = fs::read_to_string(&log).unwrap();
    assert_eq!(server.wait().code(), Some(1), "{told}");
    assert!(told.contains("may open 160 files, but needs 168"), "{told}");
}

#[test]
fn a_lack_of_descriptors_is_told_rarely_and_passes() {
    let server = Server::start("");
    let process = Pid::from_raw(server.process_id().try_into().unwrap());
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = |current| prlimit(process, Resource::Nofile, Rlimit { current, maximum }).unwrap();
    // Its workers have started.
    server.admin().get("/account-groups").ok();
    limit(Some(3));
    let mut waiting = TcpStream::connect(server.address()).unwrap();
    waiting.set_read_timeout(Some(PATIENCE)).unwrap();
    waiting.write_all(PROBE).unwrap();
    assert_eq!(server.program(&["healthcheck"]).output().unwrap().status.code(), Some(1));
    server.await_log("connections could not be accepted", 1);
    server.await_log("connections for commands could not be accepted", 1);
    assert!(server.logged("be accepted") <= 4, "{}", server.logged("be accepted"));
    assert_eq!(server.logged("\"message\":\"Error accepting"), 0, "the library's own lines");
    limit(maximum);
    assert!(ask(&mut waiting, b"").starts_with("HTTP/1.1 200"));
    server.admin().get("/account-groups").ok();
}
