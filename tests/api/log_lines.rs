//! Log lines that cannot be written: nobody waits for them, nothing stops because of them, and they are counted.

use super::harness::PATIENCE;
use super::home::Home;
use crate::common::program::{Process, SERVE};
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

/// A development server with this log.
struct Logged {
    home: Home,
    process: Process,
    url: String,
}

impl Logged {
    fn start(level: &str, log: impl Into<Stdio>) -> Logged {
        let home = Home::new();
        let mut command = home.command(&SERVE);
        let mut process = Process::spawn(command.env("BURSAR_LOG__LEVEL", level).stderr(log));
        let url = process.banner().expect("a banner")["url"].as_str().unwrap().trim_end_matches('/').to_owned();
        Logged { home, process, url }
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        let mut answer = agent.new_agent().get(format!("{}{path}", self.url)).call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_json().unwrap())
    }

    /// Makes calls that are logged, and checks that they are answered.
    fn be_called(&self) {
        assert_eq!((self.get("/nope").0, self.get("/accounts").0), (404, 401));
    }

    fn lines_lost(&self) -> u64 {
        let (status, body) = self.get("/readyz?verbose");
        assert_eq!(status, 200, "{body}");
        body["log"]["lines_lost"].as_u64().unwrap()
    }

    fn stop(mut self) {
        assert_eq!(self.process.stop().code(), Some(0));
        assert!(self.home.data().join("journal/clean-stop.json").exists(), "a clean stop");
    }
}

/// Repeats `step` until it returns true.
#[track_caller]
fn until(what: &str, mut step: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !step() {
        assert!(Instant::now() < end, "{what}");
    }
}

#[test]
fn a_log_whose_reader_is_gone_stops_nothing() {
    let (reader, writer) = io::pipe().unwrap();
    let server = Logged::start("info", writer);
    assert_eq!(server.lines_lost(), 0);
    drop(reader);
    server.be_called();
    until("both lines are counted", || server.lines_lost() >= 2);
    server.stop();
}

#[test]
fn a_server_starts_serves_and_stops_with_its_log_on_a_full_disk() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let server = Logged::start("info", full);
    server.be_called();
    until("the lines are counted", || server.lines_lost() >= 2);
    server.stop();
}

#[test]
fn a_log_that_nobody_reads_delays_nobody_and_tells_later_what_it_lost() {
    let (reader, writer) = io::pipe().unwrap();
    let server = Logged::start("trace", writer);
    until("lines are lost", || {
        server.be_called();
        server.lines_lost() > 0
    });
    let mut lines = BufReader::new(reader).lines().map(Result::unwrap);
    let warning = lines.find(|line| line.contains("log lines were lost")).expect("a warning about lost lines");
    let warning: Value = serde_json::from_str(&warning).unwrap();
    assert_eq!(warning["level"], "WARN", "{warning}");
    assert!(warning["lines"].as_u64().unwrap() > 0 && warning["since_start"].as_u64().unwrap() > 0, "{warning}");
    drop(lines);
    server.stop();
}

#[test]
fn a_server_stops_in_time_although_nobody_reads_its_log() {
    let (reader, writer) = io::pipe().unwrap();
    let server = Logged::start("trace", writer);
    until("lines are lost", || {
        server.be_called();
        server.lines_lost() > 0
    });
    server.stop();
    drop(reader);
}

#[test]
fn a_server_starts_although_its_banner_cannot_be_printed() {
    let home = Home::new();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut process = Process::spawn_onto(home.command(&SERVE).stderr(full()), full());
    until("the server is healthy", || home.run(&["healthcheck"]).code == 0);
    assert_eq!(process.stop().code(), Some(0));
}
