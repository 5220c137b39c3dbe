//! The machine's clock leaps: what is refused, what goes on, and how an operator confirms it. A small preloaded library
//! moves the clock of a server.

use super::harness::{PATIENCE, Reply, Server};
use crate::common::let_pass;
use bursar::domain::clock::{Clock, Moment};
use bursar::system::SystemClock;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// The clock of the servers that are started with its environment.
struct Shift {
    home: TempDir,
}

impl Shift {
    /// None, with a note, without a C compiler or on a system other than Linux.
    fn new() -> Option<Shift> {
        if !cfg!(target_os = "linux") {
            println!("SKIPPED: clocks are moved on Linux only");
            return None;
        }
        let shift = Shift { home: tempfile::tempdir().unwrap() };
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/clock.c");
        let mut cc = Command::new("cc");
        match cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(shift.path("clock.so")).args([source, "-ldl"]).output() {
            Ok(ran) => assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr)),
            Err(error) => {
                println!("SKIPPED: moving clocks needs cc: {error}");
                return None;
            }
        }
        shift.to(0);
        Some(shift)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Moves the clock to this many seconds from the real time.
    fn to(&self, seconds: i64) {
        fs::write(self.path("next"), seconds.to_string()).unwrap();
        fs::rename(self.path("next"), self.path("shift")).unwrap();
    }

    fn environment(&self) -> Vec<(String, String)> {
        let path = |name: &str| self.path(name).display().to_string();
        vec![("LD_PRELOAD".into(), path("clock.so")), ("CLOCK_SHIFT".into(), path("shift"))]
    }
}

/// The state of the clock by the probe, and the status of that.
fn clock(server: &Server) -> (u16, Value) {
    let reply = server.anyone().get("/readyz?verbose");
    (reply.status, reply.json()["clock"].clone())
}

/// A production server by the shifted clock, and a token of its operator.
fn shifted_production(shift: &Shift) -> (Server, String) {
    let mut server = Server::production();
    server.restart_in(shift.environment());
    let token = server.add_token("dev", &[]).1;
    (server, token)
}

fn created_at(deal: &Value) -> Moment {
    Moment::parse(deal["createdAt"].as_str().unwrap()).unwrap()
}

/// Seconds from the real time to this moment.
fn from_now_s(moment: Moment) -> i64 {
    (moment.unix_ms() - SystemClock.now().unix_ms()) / 1000
}

fn refused(reply: Reply) {
    assert_eq!(reply.header("retry-after"), Some("30"), "{}", reply.text);
    reply.refused("CLOCK_LEAPT");
}

#[test]
fn a_leap_ahead_stops_writes_until_the_clock_is_right_again() {
    let Some(shift) = Shift::new() else { return };
    let server = Server::start_in("", shift.environment());
    let token = server.anyone().post("/user/login", &json!({"username": "dev", "password": server.banner["password"]}));
    let caller = server.bearer(&token.ok().text_at("token"));
    let account = caller.new_account("EUR");
    let deposit = |key: &str| caller.key(key).post(&format!("/accounts/{account}/deposit"), &json!({"amount": "10"}));
    deposit("before").ok();

    shift.to(366 * DAY);
    refused(deposit("during"));
    refused(deposit("before"));
    refused(caller.post(&format!("/accounts/{account}/deposit?dryRun=true"), &json!({"amount": "10"})));
    assert_eq!(caller.balance(&account), "10.00", "reads go on, with a token that expires in a month");
    let (status, state) = clock(&server);
    assert_eq!((status, &state["state"], &state["next"]), (503, &json!("ahead"), &json!("bursar clock accept")));
    assert!((state["off_by_s"].as_i64().unwrap() - 366 * DAY).abs() < 60, "{state}");
    server.await_log("the clock has leapt ahead", 1);

    shift.to(0);
    server.await_log("the clock is right again", 1);
    deposit("during").ok();
    assert!(deposit("before").ok().is_replayed());
    let deals = caller.deals(&account);
    assert_eq!(deals.len(), 2);
    assert!(deals.iter().all(|deal| from_now_s(created_at(deal)).abs() < 60), "{deals:?}");
    let now = SystemClock.now();
    let statement = caller.get(&format!("/accounts/{account}/statement?to={now}")).ok();
    assert_eq!(statement.digits("closingBalance"), "20.00");
    assert_eq!(clock(&server).1["state"], "ok");
}

#[test]
fn an_operator_confirms_a_leap_and_the_next_start_remembers() {
    let Some(shift) = Shift::new() else { return };
    let (mut server, token) = shifted_production(&shift);
    let create = |server: &Server| server.bearer(&token).post("/profiles", &json!({"email": unique()}));
    create(&server).ok();

    shift.to(3 * HOUR);
    refused(create(&server));
    server.restart();
    assert_eq!((&server.banner["clock"]["state"], clock(&server).0), (&json!("ahead"), 503), "it is remembered");
    start_machine_anew(&server);
    server.restart();
    refused(create(&server));

    shift.to(100 * DAY);
    refused(create(&server));
    assert_eq!(server.command(&["clock", "show"])["state"], "ahead");
    let operator = ["operator", "add", "x", "--role", "viewer", "--password-file", "password"];
    let refusal = server.program(&operator).output().unwrap();
    assert_eq!(refusal.status.code(), Some(6));
    assert!(String::from_utf8_lossy(&refusal.stderr).contains("bursar clock accept"));
    assert_eq!(server.command(&["clock", "accept"])["accepted"], true);
    create(&server).ok();
    assert_eq!(
        (clock(&server).1["state"].clone(), server.command(&["clock", "accept"])["accepted"].clone()),
        (json!("ok"), json!(false))
    );

    server.restart();
    assert_eq!(server.banner["clock"]["state"], "ok");
    create(&server).ok();

    // A leap while no server runs is noticed as well, unless the machine was started anew.
    server.kill();
    shift.to(100 * DAY + 3 * HOUR);
    server.start_again();
    assert_eq!(server.banner["clock"]["state"], "ahead");
    shift.to(100 * DAY);
    server.await_log("the clock is right again", 1);
    create(&server).ok();

    // Off for a month is honest; off for half a year is not believed.
    server.kill();
    start_machine_anew(&server);
    shift.to(280 * DAY);
    server.start_again();
    assert_eq!((&server.banner["clock"]["state"], clock(&server).0), (&json!("ahead"), 503));
    refused(create(&server));
    shift.to(130 * DAY);
    server.await_log("the clock is right again", 1);
    create(&server).ok();

    // Without a server, the command records the confirmation itself.
    server.kill();
    shift.to(300 * DAY);
    let accept = server.program(&["clock", "accept"]).envs(shift.environment()).output().unwrap();
    let accepted: Value = serde_json::from_slice(&accept.stdout).unwrap();
    assert_eq!((&accepted["accepted"], &accepted["state"]), (&json!(true), &json!("ok")));
    server.start_again();
    create(&server).ok();
    server.trace();
}

/// Makes the data look as if the machine had been started again since.
fn start_machine_anew(server: &Server) {
    let file = server.data_dir().join("clock.json");
    let mut memory: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    memory["boot"] = json!("an earlier start of the machine");
    fs::write(&file, memory.to_string()).unwrap();
}

fn unique() -> String {
    format!("{}@example.com", super::harness::unique("clock"))
}

#[test]
fn a_clock_that_is_set_back_is_reported_and_recorded_times_stand_still() {
    let Some(shift) = Shift::new() else { return };
    let server = Server::start_in("", shift.environment());
    let caller = server.admin();
    let account = caller.new_account("EUR");
    shift.to(HOUR / 2);
    caller.deposit(&account, "10");
    assert_eq!(clock(&server).1["state"], "ok", "half an hour is within the limit");

    shift.to(0);
    caller.deposit(&account, "5");
    server.await_log("the clock was set back", 1);
    let (status, state) = clock(&server);
    assert_eq!((status, &state["state"]), (200, &json!("behind")));
    assert!((state["off_by_s"].as_i64().unwrap() - HOUR / 2).abs() < 60, "{state}");
    let deals = caller.deals(&account);
    assert!(created_at(&deals[0]) >= created_at(&deals[1]), "recorded times never decrease");

    // Times that callers send are compared with the clock, not with what was recorded.
    let soon = SystemClock.now().plus_s(600).to_string();
    let hold = json!({"amount": "1", "expiresAt": soon});
    let hold = caller.post(&format!("/accounts/{account}/holds"), &hold).ok().text_at("id");
    caller.step(&format!("/holds/{hold}/release")).ok();
    let late = json!({"amount": "1", "effectiveAt": soon});
    caller.post(&format!("/accounts/{account}/balance"), &late).refused("OUT_OF_RANGE").naming("effectiveAt");
    caller.get(&format!("/accounts/{account}/balance?at={soon}")).refused("OUT_OF_RANGE");

    // Back to the time that it had.
    shift.to(HOUR / 2);
    caller.deposit(&account, "1");
    assert_eq!(clock(&server).1["state"], "ok");
}

#[test]
fn nothing_expires_and_no_backup_is_made_by_a_clock_that_is_not_trusted() {
    let Some(shift) = Shift::new() else { return };
    let server = Server::start_in("[backup]\njournal_interval_s = 3000\n", shift.environment());
    let caller = server.admin();
    let account = caller.new_account("EUR");
    caller.deposit(&account, "10");
    let body = json!({"amount": "4", "expiresAt": SystemClock.now().plus_s(HOUR).to_string()});
    let hold = caller.post(&format!("/accounts/{account}/holds"), &body).ok().text_at("id");
    let status = || caller.get(&format!("/holds/{hold}")).ok().text_at("state");
    let backups = || server.command(&["backup", "list"])["backups"].as_array().map(Vec::len);
    let before = (status(), backups());

    // Nobody calls: the server notices by itself.
    shift.to(2 * HOUR);
    server.await_log("the clock has leapt ahead", 1);
    let_pass(Duration::from_millis(1500)); // jobs and backups are due every second
    assert_eq!((status(), backups()), before);

    server.command(&["clock", "accept"]);
    let end = Instant::now() + PATIENCE;
    while status() == before.0 {
        assert!(Instant::now() < end, "the hold expires by the confirmed clock");
    }
    server.await_log("backup created", 1);
}

#[test]
fn a_memory_that_cannot_be_read_is_not_taken_for_a_clock_that_was_right() {
    let Some(shift) = Shift::new() else { return };
    let (mut server, token) = shifted_production(&shift);
    let create = |server: &Server| server.bearer(&token).post("/profiles", &json!({"email": unique()}));
    create(&server).ok();
    shift.to(30 * DAY);
    refused(create(&server));

    server.kill();
    let file = server.data_dir().join("clock.json");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    server.start_again();
    server.await_log("clock.json cannot be read", 1);
    assert_eq!((&server.banner["clock"]["state"], clock(&server).0), (&json!("ahead"), 503));
    refused(create(&server));
    let health = server.command(&["healthcheck"]);
    assert_eq!((&health["status"], &health["clock"]), (&json!("ok"), &json!("ahead")), "a restart would not help");

    shift.to(0);
    server.await_log("the clock is right again", 1);
    create(&server).ok();
}
