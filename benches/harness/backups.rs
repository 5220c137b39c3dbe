//! The cost of backups to concurrent callers: deposits at a fixed rate, with and without consecutive backups.

use crate::report::{Goal, Table};
use crate::seed::{COMMENT, Place};
use crate::server::{Bursar, Program};
use crate::{Options, Outcome};
use fastrand::Rng;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::collections::HashSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Deposits per second.
const RATE: u32 = 225;
/// The keep-alive connections that share them.
const CLIENTS: u32 = 8;
/// Consecutive backups.
const BACKUPS: usize = 10;
/// The length of a run without backups; half of it precedes the backups and half follows.
const QUIET: Duration = Duration::from_secs(20);
/// The permitted absolute increase of a 99th percentile, in ms.
const SLACK_MS: f64 = 2.0;

/// The outcome of the deposits of one run.
#[derive(Default)]
struct Run {
    latencies: Vec<Duration>,
    failed: u64,
}

impl Run {
    fn join(&mut self, other: Run) {
        self.latencies.extend(other.latencies);
        self.failed += other.failed;
    }

    fn ms(&self, percent: usize) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(index).map_or(f64::INFINITY, |latency| latency.as_secs_f64() * 1000.0)
    }
}

/// Runs pairs with and without backups, and verifies every backup.
pub(crate) fn measure(options: &Options, program: &Program, place: &Place, table: &mut Table) -> Outcome<()> {
    let config = place.directory.join("bench-backups.toml");
    fs::write(&config, "[backup]\ndrill_days = 0\n")?; // A drill would delay the backups.
    for pair in 1..=options.rounds {
        println!("pair {pair} of runs, load average {}", crate::report::load_average());
        let server = program.serve_with(&place.directory, &config)?;
        program.first_backup(&place.directory)?;
        deposits(&server, place, Duration::from_secs(2), &AtomicBool::new(false))?;
        let mut quiet = deposits(&server, place, QUIET / 2, &AtomicBool::new(false))?;
        let started = Instant::now();
        let (busy, names) = beside_backups(program, &server, place, &config)?;
        let took = started.elapsed().as_secs_f64();
        quiet.join(deposits(&server, place, QUIET / 2, &AtomicBool::new(false))?);
        let checked = check(program, place, &config, &names)?;
        server.stop()?;
        for directory in fs::read_dir(place.directory.join("backups"))? {
            fs::remove_dir_all(directory?.path())?; // The next pair starts in the same state.
        }

        let (without, with) = (quiet.ms(99), busy.ms(99));
        let made_of = |run: &Run| {
            let (p50, max) = (run.ms(50), run.ms(100));
            format!("p50 {p50:.1} ms, slowest {max:.1} ms, {} deposits", run.latencies.len())
        };
        table.note("deposit p99 at 225/s, without backups", "ms", Goal::None, without, made_of(&quiet));
        table.note("deposit p99 at 225/s, ten backups in a row", "ms", Goal::None, with, made_of(&busy));
        let more = format!("{:.2} ms more; {BACKUPS} backups in {took:.0} s", with - without);
        table.note("p99 with backups ÷ without", "", Goal::None, with / without, more);
        let allowed = (without * 0.2).max(SLACK_MS);
        let made_of = format!("{:.2} of {allowed:.2} ms", with - without);
        let used = (with - without) / allowed;
        table.note("used of what backups may add to p99: 20 % or 2 ms", "", Goal::AtMost(1.0), used, made_of);
        let failed = quiet.failed + busy.failed;
        table.note("failed deposits", "", Goal::AtMost(0.0), failed as f64, String::new());
        let wrong = (BACKUPS - checked) as f64;
        let made_of = format!("{checked} proven by `backup verify`, each with the hash of the live entry");
        table.note("backups that are not right", "", Goal::AtMost(0.0), wrong, made_of);
    }
    Ok(())
}

/// The load while ten backups are made.
fn beside_backups(program: &Program, server: &Bursar, place: &Place, config: &Path) -> Outcome<(Run, Vec<String>)> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let load = scope.spawn(|| deposits(server, place, Duration::from_secs(600), &over));
        let mut made = Vec::new();
        let mut trouble = None;
        while made.len() < BACKUPS && trouble.is_none() {
            match program.backup(&place.directory, config, &["create"]) {
                Ok(backup) => made.push(backup["name"].as_str().unwrap_or_default().to_owned()),
                Err(error) => trouble = Some(error),
            }
        }
        over.store(true, Ordering::Release);
        let run = load.join().map_err(|_| "the load panicked")??;
        trouble.map_or(Ok((run, made)), Err)
    })
}

/// Sends deposits at fixed times, regardless of earlier ones, and measures each from when it was due. Refused or lost
/// deposits count as failed. At the end all answered ones must be in the books.
fn deposits(server: &Bursar, place: &Place, time: Duration, over: &AtomicBool) -> Outcome<Run> {
    let before = entries(place)?;
    let started = Instant::now() + Duration::from_millis(20);
    let mut all = Run::default();
    std::thread::scope(|scope| {
        let client = |number| scope.spawn(move || client(server, place, number, (started, time), over));
        let clients: Vec<_> = (0..CLIENTS).map(client).collect();
        clients.into_iter().try_for_each(|client| {
            all.join(client.join().map_err(|_| "a client panicked")??);
            Outcome::Ok(())
        })
    })?;
    let (found, answered) = (entries(place)? - before, all.latencies.len() as u64);
    if found < answered {
        return Err(format!("{answered} deposits were answered, and {found} are in the books").into());
    }
    Ok(all)
}

fn client(
    server: &Bursar,
    place: &Place,
    number: u32,
    (started, time): (Instant, Duration),
    over: &AtomicBool,
) -> Outcome<Run> {
    let mut run = Run::default();
    let mut stream: Option<TcpStream> = None;
    let now = bursar::domain::clock::Clock::now(&bursar::system::SystemClock).unix_ms().unsigned_abs();
    let mut dice = Rng::with_seed(now ^ (u64::from(number) << 48));
    let body = format!("{{\"amount\":\"10.00\",\"comment\":\"{COMMENT}\"}}");
    let mut turn = number;
    loop {
        let due = started + Duration::from_secs(1) * turn / RATE;
        turn += CLIENTS;
        if due >= started + time || over.load(Ordering::Acquire) {
            return Ok(run);
        }
        while let Some(wait) = due.checked_duration_since(Instant::now()).filter(|wait| !wait.is_zero()) {
            std::thread::park_timeout(wait);
        }
        let account = &place.accounts[dice.usize(..place.accounts.len())];
        let key = format!("idempotency-key: {:016x}{:016x}\r\n", dice.u64(..), dice.u64(..));
        let request = server.request("POST", &format!("/accounts/{account}/deposit"), &body, &key);
        let mut answer = || -> Outcome<()> {
            let stream = match &mut stream {
                Some(stream) => stream,
                none => none.insert(connect(server)?),
            };
            stream.write_all(&request)?;
            read_answer(stream)
        };
        match answer() {
            Ok(()) => run.latencies.push(due.elapsed()),
            Err(error) => {
                println!("  a deposit failed: {error}");
                run.failed += 1;
                stream = None;
            }
        }
    }
}

fn connect(server: &Bursar) -> Outcome<TcpStream> {
    let stream = TcpStream::connect(server.address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    Ok(stream)
}

fn read_answer(stream: &mut TcpStream) -> Outcome<()> {
    let mut answer = Vec::with_capacity(2048);
    let mut part = [0; 4096];
    loop {
        let read = stream.read(&mut part)?;
        if read == 0 {
            return Err("the server closed the connection".into());
        }
        answer.extend_from_slice(&part[..read]);
        let Some(body) = answer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4) else { continue };
        let head = std::str::from_utf8(&answer[..body])?;
        let length = crate::load::content_length(head).ok_or("an answer without a length")?;
        if answer.len() >= body + length {
            let is_good = head.starts_with("HTTP/1.1 200 ");
            return if is_good { Ok(()) } else { Err(String::from_utf8_lossy(&answer).into_owned().into()) };
        }
    }
}

/// Counts the backups that open, pass the audit, and end with the same entry as the live database has under that
/// number.
fn check(program: &Program, place: &Place, config: &Path, names: &[String]) -> Outcome<usize> {
    let proven = program.backup(&place.directory, config, &["verify", "--all"])?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let proven: HashSet<String> = proven["backups"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|backup| backup["state"] == "proven")
        .map(|backup| text(&backup["name"]))
        .collect();
    let listed = program.backup(&place.directory, config, &["list"])?;
    let live = Connection::open_with_flags(place.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut right = 0;
    for name in names.iter().filter(|name| proven.contains(*name)) {
        let backup = listed["backups"].as_array().into_iter().flatten().find(|backup| backup["name"] == name.as_str());
        let manifest = &backup.ok_or("a backup is not listed")?["manifest"];
        let last = manifest["last_entry"].as_i64().ok_or("a manifest without its last entry")?;
        let hash: String =
            live.query_row("SELECT lower(hex(hash)) FROM entries WHERE seq = ?1", [last], |row| row.get(0))?;
        let count: u64 = live.query_row("SELECT count(*) FROM entries WHERE seq <= ?1", [last], |row| row.get(0))?;
        right += usize::from(text(&manifest["chain_head"]) == hash && manifest["entries"].as_u64() == Some(count));
    }
    Ok(right)
}

fn entries(place: &Place) -> Outcome<u64> {
    let live = Connection::open_with_flags(place.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(live.query_row("SELECT count(*) FROM entries", [], |row| row.get(0))?)
}
