//! Measures bursar in ratios to denominators that are measured in the same run on the same machine.
//!
//! `cargo bench --bench harness -- [--postings N] [--rounds N] [--seconds N] [--quick] [--only NAME]... [--postgres]
//! [--build] [--binary FILE] [--before FILE]` seeds databases in a temporary directory, starts the real program on
//! them, generates load from this process over loopback, prints the table and writes `benches/RESULTS.md`. The result
//! is the median of the rounds; in each round all measurements take turns, so that changes of the machine affect them
//! equally. `--before` names an earlier build of the program, which may have an older schema: each build makes its own
//! database. It adds the ratios of this build to it: rates, processor time and database bytes of a deposit.

// Ratios of rates are not money.
#![allow(clippy::float_arithmetic, clippy::cast_precision_loss)]

mod backups;
#[path = "../../tests/common/mod.rs"]
mod common;
mod hostile;
mod imports;
mod load;
mod log;
mod postgres;
mod raw;
mod report;
mod restore;
mod seed;
mod server;
mod webhooks;

use fastrand::Rng;
use load::{Figures, NextRequest};
use postgres::Postgres;
use raw::Raw;
use report::{Goal, Table};
use seed::{COMMENT, Place};
use server::{Bursar, Hello, Program, Written};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Any error ends the benchmark.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Concurrent connections.
const CONNECTIONS: usize = 64;
/// Postings of the small database that is compared with a large one.
const SMALL: u64 = 10_000;
/// Postings of the database that is backed up.
const BACKED_UP: u64 = 100_000;
/// Postings of the database that is restored: a million entries.
const RESTORED: u64 = 2_000_000;
/// The values of `--only`.
const NAMES: [&str; 14] = [
    "deposits", "raw", "empty", "journal", "postgres", "get", "deals", "tls", "audit", "backups", "restore", "hostile",
    "imports", "webhooks",
];

struct Options {
    postings: u64,
    rounds: u32,
    time: Duration,
    only: Vec<String>,
    install_postgres: bool,
    build: bool,
    binary: PathBuf,
    /// An earlier build to compare with.
    before: Option<PathBuf>,
    is_partial: bool,
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("this measures; run it with: cargo bench --bench harness");
        return Ok(());
    }
    let options = options(&arguments)?;
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("harness");
    let _ = fs::remove_dir_all(&home);
    fs::create_dir_all(&home)?;
    let outcome = run(&options, &home);
    let _ = fs::remove_dir_all(&home);
    outcome
}

fn options(arguments: &[String]) -> Outcome<Options> {
    let mut options = Options {
        postings: 1_000_000,
        rounds: 3,
        time: Duration::from_secs(4),
        only: Vec::new(),
        install_postgres: false,
        build: false,
        binary: env!("CARGO_BIN_EXE_bursar").into(),
        before: None,
        is_partial: false,
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--bench" => {}
            "--postings" => options.postings = value()?.replace('_', "").parse()?,
            "--rounds" => options.rounds = value()?.parse()?,
            "--seconds" => options.time = Duration::from_secs(value()?.parse()?),
            "--quick" => {
                (options.postings, options.rounds, options.time) = (100_000, 1, Duration::from_secs(1));
                options.is_partial = true;
            }
            "--only" => {
                options.only.push(value()?.clone());
                options.is_partial = true;
            }
            "--postgres" => options.install_postgres = true,
            "--build" => options.build = true,
            "--binary" => {
                options.binary = value()?.into();
                options.is_partial = true; // A different binary does not represent this source tree.
            }
            "--before" => options.before = Some(value()?.into()),
            other => return Err(format!("{other} is none of the options; see benches/harness/main.rs").into()),
        }
    }
    if let Some(unknown) = options.only.iter().find(|name| !NAMES.contains(&name.as_str())) {
        return Err(format!("--only {unknown} is none of {}", NAMES.join(", ")).into());
    }
    Ok(options)
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == name)
    }
}

/// The databases used for measurements.
struct Places {
    large: Place,
    small: Place,
    /// As many accounts as the large one, without postings.
    empty: Place,
    /// A copy of the large one that the program never opens.
    raw: Place,
    /// Like the empty one, made by the earlier build.
    before: Option<(Program, Place)>,
}

fn run(options: &Options, home: &Path) -> Outcome<()> {
    let program = Program { binary: options.binary.clone() };
    let load_before = report::load_average();
    // Backups, restores and imports use databases of their own.
    let is_own = |name: &String| ["backups", "restore", "imports", "webhooks"].contains(&name.as_str());
    let has_own = !options.only.is_empty() && options.only.iter().all(is_own);
    let postings = if has_own { SMALL } else { options.postings };
    println!("load average {load_before}; seeding {postings} postings");
    let entries = postings / 2;
    let count = usize::try_from(entries / 125)?.clamp(40, 4000);
    let empty = seed::accounts(&program, home.join("empty"), count)?;
    let started = Instant::now();
    let mut large = empty.copy("large")?;
    seed::fill(&mut large, entries)?;
    println!("  in {:.1} s, {} MB", started.elapsed().as_secs_f64(), fs::metadata(large.database())?.len() / 1_000_000);
    let mut small = seed::accounts(&program, home.join("small"), 40)?;
    seed::fill(&mut small, SMALL / 2)?;
    let raw = large.copy("raw")?;
    let mut middle = seed::accounts(&program, home.join("middle"), 400)?;
    if options.wants("backups") {
        seed::fill(&mut middle, BACKED_UP / 2)?;
    }
    let before = match &options.before {
        None => None,
        Some(binary) => {
            let earlier = Program { binary: binary.clone() };
            let place = seed::accounts(&earlier, home.join("before"), count)?;
            Some((earlier, place))
        }
    };
    let places = Places { large, small, empty, raw, before };
    // As in production, there is a backup and later changes are shipped.
    let server = program.serve(&places.large.directory)?;
    program.first_backup(&places.large.directory)?;
    server.stop()?;

    let postgres = postgres(options)?;
    let hello = Hello::start()?;
    let mut table = Table::default();
    let mut deposited = 0;
    for round in 1..=options.rounds {
        println!("round {round}");
        self::round(options, &program, &places, &hello, postgres.as_ref(), &mut table, &mut deposited)?;
    }
    if options.wants("audit") {
        audit(&program, &places.large, deposited, &mut table)?;
    }
    if options.wants("backups") {
        backups::measure(options, &program, &middle, &mut table)?;
    }
    if options.wants("restore") {
        let mut million = seed::accounts(&program, home.join("million"), 4000)?;
        seed::fill(&mut million, RESTORED / 2)?;
        restore::measure(options, &program, &million, &mut table)?;
    }
    if options.wants("imports") {
        imports::measure(options, &program, home, &mut table)?;
    }
    if options.wants("webhooks") {
        webhooks::measure(options, &program, &middle.copy("hooked")?, &mut table)?;
    }
    build(options, home, &mut table)?;
    println!("\n{}", table.to_markdown());
    let version = postgres.as_ref().map(|server| server.version.as_str());
    let machine = report::machine(home, version, &load_before);
    println!("{machine}");
    if options.is_partial {
        println!("benches/RESULTS.md is left as it is: this was a part, a quick look or another binary");
        return Ok(());
    }
    report::write(&introduction(options, &places), &machine, &table)
}

fn round(
    options: &Options,
    program: &Program,
    places: &Places,
    hello: &Hello,
    postgres: Option<&Postgres>,
    table: &mut Table,
    deposited: &mut u64,
) -> Outcome<()> {
    let time = options.time;
    let server = program.serve(&places.large.directory)?;
    if options.wants("deposits") {
        start(&server, table)?;
    }
    let needs_deposits =
        ["deposits", "raw", "empty", "journal", "postgres", "tls"].iter().any(|name| options.wants(name));
    let rate = if needs_deposits {
        let before = server.processor_time()?;
        let figures = deposits(&server, &places.large, time)?;
        *deposited += figures.answers;
        latencies(&figures, table);
        cost("processor time of a deposit", (before, server.processor_time()?), &figures, table);
        let memory = server.memory_kib("VmRSS")? as f64 / 1024.0;
        table.note("resident memory under load", "MB", Goal::AtMost(200.0), memory, String::new());
        figures.rate
    } else {
        0.0
    };
    if options.wants("get") {
        let path = |account: &str| format!("/accounts/{account}");
        let before = server.processor_time()?;
        let get = server.load(CONNECTIONS, time).best(server.gets(&places.large.accounts, path))?;
        cost("processor time of GET account", (before, server.processor_time()?), &get, table);
        let least = hello_rate(hello, time)?;
        table.ratio("GET account ÷ hello GET of the same server library", 0.40, (get.rate, least));
    }
    let deals = if options.wants("deals") { newest_deals(&server, &places.large, time)? } else { 0.0 };
    let written = server.stop()?;
    if needs_deposits {
        commits(written, table);
    }
    if let Some((earlier, place)) = &places.before {
        compare(options, (program, &places.empty), (earlier, place), table)?;
    }
    if options.wants("hostile") {
        hostile::measure(options, program, &places.empty.copy("besieged")?, table)?;
    }
    if options.wants("deals") {
        let server = program.serve(&places.small.directory)?;
        let few = newest_deals(&server, &places.small, time)?;
        server.stop()?;
        table.ratio("newest 100 deals of an account, on N postings ÷ on 10,000", 0.8, (deals, few));
    }
    if options.wants("raw") {
        let raw = Raw::open(&places.raw.database())?.run(time)?;
        table.ratio("deposits ÷ the same statements issued raw, 64 to a COMMIT", 0.75, (rate, raw));
    }
    if options.wants("empty") {
        let place = places.empty.copy("fresh")?;
        let server = program.serve(&place.directory)?;
        program.first_backup(&place.directory)?;
        let figures = deposits(&server, &place, time)?;
        server.stop()?;
        table.ratio("deposits on N postings ÷ on an empty file", 0.6, (rate, figures.rate));
    }
    if options.wants("journal") {
        let config = places.large.directory.join("bench-no-backups.toml");
        fs::write(&config, "[backup]\nenabled = false\n")?;
        let place = places.large.copy("unshipped")?;
        let server = program.serve_with(&place.directory, &config)?;
        let figures = deposits(&server, &place, time)?;
        server.stop()?;
        let made_of = format!("{:.0} ÷ {:.0} a second", rate, figures.rate);
        table.note("deposits with the change journal ÷ without backups", "", Goal::None, rate / figures.rate, made_of);
    }
    if options.wants("tls") {
        let server = program.serve_tls(&places.large.directory)?;
        let figures = deposits(&server, &places.large, time)?;
        *deposited += figures.answers;
        server.stop()?;
        table.ratio("deposits over TLS ÷ in plain", 0.9, (figures.rate, rate));
    }
    if let Some(postgres) = postgres {
        let same = postgres.deposits(true, CONNECTIONS, time)?;
        table.ratio("deposits ÷ PostgreSQL doing the same work, with the bank's row", 10.0, (rate, same));
        let best = postgres.deposits(false, CONNECTIONS, time)?;
        table.ratio("deposits ÷ PostgreSQL's best case, without that row", 1.0, (rate, best));
    }
    Ok(())
}

fn postgres(options: &Options) -> Outcome<Option<Postgres>> {
    if !options.wants("postgres") {
        return Ok(None);
    }
    if options.install_postgres && Postgres::find().is_none() {
        Postgres::install()?;
    }
    match Postgres::find() {
        Some(bin) => Postgres::start(bin, PathBuf::from("/var/tmp/bursar-bench-postgres")).map(Some),
        None => {
            println!("PostgreSQL is not here and is left out; --postgres installs it");
            Ok(None)
        }
    }
}

fn start(server: &Bursar, table: &mut Table) -> Outcome<()> {
    let seconds = server.started_in.as_secs_f64();
    table.note("start of serve to the first answer", "s", Goal::AtMost(0.5), seconds, String::new());
    let memory = server.memory_kib("VmRSS")? as f64 / 1024.0;
    table.note("resident memory, idle", "MB", Goal::AtMost(30.0), memory, String::new());
    Ok(())
}

fn latencies(figures: &Figures, table: &mut Table) {
    let ms = |latency: Duration| latency.as_secs_f64() * 1000.0;
    let made_of = format!("p50 {:.1} ms, slowest {:.1} ms", ms(figures.p50), ms(figures.max));
    table.note("deposit, p99", "ms", Goal::AtMost(25.0), ms(figures.p99), made_of);
}

fn cost(what: &'static str, used: (Duration, Duration), figures: &Figures, table: &mut Table) {
    let us = (used.1 - used.0).as_secs_f64() * 1e6 / figures.answers.max(1) as f64;
    table.note(what, "µs", Goal::None, us, format!("{} answers", figures.answers));
}

fn commits(written: Written, table: &mut Table) {
    let made_of = format!("{:.0} operations to a commit", written.operations as f64 / written.commits.max(1) as f64);
    let slowest = written.slowest_commit.as_secs_f64() * 1000.0;
    table.note("slowest commit", "ms", Goal::AtMost(50.0), slowest, made_of);
}

fn deposits(server: &Bursar, place: &Place, time: Duration) -> Outcome<Figures> {
    let body = format!("{{\"amount\":\"10.00\",\"comment\":\"{COMMENT}\"}}");
    let key = "idempotency-key: 0123456789abcdef0123456789abcdef\r\n";
    let requests: Arc<[Vec<u8>]> = place
        .accounts
        .iter()
        .map(|account| server.request("POST", &format!("/accounts/{account}/deposit"), &body, key))
        .collect();
    // No key is used twice, not even across rounds.
    let run = bursar::system::SystemClock;
    let run = bursar::domain::clock::Clock::now(&run).unix_ms().unsigned_abs();
    server.load(CONNECTIONS, time).run(|connection| -> NextRequest {
        let requests = Arc::clone(&requests);
        let mut dice = Rng::with_seed(run ^ ((connection as u64) << 48));
        Box::new(move |bytes| {
            let request = &requests[dice.usize(..requests.len())];
            bytes.extend_from_slice(request);
            let fresh = format!("{:016x}{:016x}", dice.u64(..), dice.u64(..));
            if let Some(at) = bytes.windows(32).position(|part| part == b"0123456789abcdef0123456789abcdef") {
                bytes[at..at + 32].copy_from_slice(fresh.as_bytes());
            }
        })
    })
}

/// What one build does on an empty file.
struct Measured {
    deposits: Figures,
    gets: Figures,
    /// Processor time of a deposit, in µs.
    time: f64,
    /// How much a deposit adds to the database, in bytes.
    bytes: f64,
}

/// Deposits on an empty file and `GET /accounts/{id}`, of this program and of an earlier build in turn. Each has a
/// database that it has made itself, so that a change of the schema is part of the comparison.
fn compare(options: &Options, now: (&Program, &Place), before: (&Program, &Place), table: &mut Table) -> Outcome<()> {
    let measure = |(program, place): (&Program, &Place)| -> Outcome<Measured> {
        let place = place.copy("compared")?;
        let size = || Ok::<_, std::io::Error>(fs::metadata(place.database())?.len() as f64);
        let server = program.serve(&place.directory)?;
        program.first_backup(&place.directory)?;
        let (used, empty) = (server.processor_time()?, size()?);
        let deposits = deposits(&server, &place, options.time)?;
        let used = server.processor_time()? - used;
        let path = |account: &str| format!("/accounts/{account}");
        let gets = server.load(CONNECTIONS, options.time).best(server.gets(&place.accounts, path))?;
        // A clean stop moves the write-ahead log into the file.
        server.stop()?;
        let count = deposits.answers.max(1) as f64;
        Ok(Measured { time: used.as_secs_f64() * 1e6 / count, bytes: (size()? - empty) / count, deposits, gets })
    };
    let before = measure(before)?;
    let now = measure(now)?;
    table.ratio("deposits of this build ÷ of the earlier one", 0.95, (now.deposits.rate, before.deposits.rate));
    table.ratio("GET account of this build ÷ of the earlier one", 0.95, (now.gets.rate, before.gets.rate));
    let mut costs = |what, unit, goal, (now, before): (f64, f64)| {
        table.note(what, "", goal, now / before, format!("{now:.1} ÷ {before:.1} {unit}"));
    };
    costs("processor time of a deposit ÷ of the earlier build", "µs", Goal::AtMost(1.05), (now.time, before.time));
    costs("database bytes of a deposit ÷ of the earlier build", "bytes", Goal::None, (now.bytes, before.bytes));
    Ok(())
}

fn newest_deals(server: &Bursar, place: &Place, time: Duration) -> Outcome<f64> {
    let path = |account: &str| format!("/accounts/{account}/deals?limit=100");
    Ok(server.load(CONNECTIONS, time).run(server.gets(&place.accounts, path))?.rate)
}

fn hello_rate(hello: &Hello, time: Duration) -> Outcome<f64> {
    let figures = hello.load(CONNECTIONS, time).best(|_| -> NextRequest {
        Box::new(|bytes| bytes.extend_from_slice(b"GET /hello HTTP/1.1\r\nhost: localhost\r\n\r\n"))
    })?;
    Ok(figures.rate)
}

/// Audits the books after the load: every posting is consistent, and every answered deposit is there.
fn audit(program: &Program, place: &Place, deposited: u64, table: &mut Table) -> Outcome<()> {
    let report = program.audit(&place.directory)?;
    let number = |value: &serde_json::Value| value.as_u64().unwrap_or_default();
    let (entries, postings) = (number(&report["entries"]), number(&report["postings"]));
    if entries != place.entries + deposited {
        return Err(format!("{deposited} deposits on {} entries made {entries}", place.entries).into());
    }
    let ms = number(&report["took_ms"]["books_and_chain"]);
    let rate = postings as f64 / 1000.0 / ms.max(1) as f64;
    let made_of = format!("{postings} postings in {ms} ms, nothing found, {deposited} deposits all there");
    table.note("audit --quick, million postings a second", "", Goal::AtLeast(1.0), rate, made_of);
    Ok(())
}

fn build(options: &Options, home: &Path, table: &mut Table) -> Outcome<()> {
    let size = fs::metadata(&options.binary)?.len() as f64 / 1_000_000.0;
    table.note("size of the binary", "MB", Goal::AtMost(25.0), size, String::new());
    if options.build {
        let started = Instant::now();
        let status =
            Command::new("cargo").args(["build", "--release", "--target-dir"]).arg(home.join("build")).status()?;
        if !status.success() {
            return Err("cargo build --release failed".into());
        }
        let minutes = started.elapsed().as_secs_f64() / 60.0;
        table.note("clean cargo build --release", "minutes", Goal::AtMost(4.0), minutes, String::new());
    }
    Ok(())
}

fn introduction(options: &Options, places: &Places) -> String {
    format!(
        "# What was measured\n\n\
         Written by `cargo bench --bench harness`; `benches/harness/main.rs` says how. All figures are of one run,\n\
         with the load, the server and each denominator on the same machine, taking turns. Ratios are what counts: an\n\
         absolute figure says little about another machine.\n\n\
         N is {} postings on {} accounts at the start; it grows with every deposit. {CONNECTIONS} connections over\n\
         loopback; rounds: {}, each measurement {} s after a warm-up. Every deposit is authenticated, passes the\n\
         allow list, carries an idempotency key and a comment, and is answered after its COMMIT with\n\
         synchronous=FULL; it extends the hash chain and leaves an event and an audit row.\n\n",
        options.postings,
        places.large.accounts.len(),
        options.rounds,
        options.time.as_secs()
    )
}
