//! Imports of executions and quotes, compared with plain inserts of the same rows.

use crate::report::{Goal, Table};
use crate::seed::{self, Place};
use crate::server::{Imported, Program};
use crate::{Options, Outcome};
use fastrand::Rng;
use rusqlite::Connection;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Accounts that trade.
const ACCOUNTS: usize = 400;
/// Rows of `executions` in one commit, as in one part of an import.
const PART: u64 = 1000;

/// Imports as many executions, and as many quotes, as the benchmark has postings.
pub(crate) fn measure(options: &Options, program: &Program, home: &Path, table: &mut Table) -> Outcome<()> {
    let count = options.postings;
    let place = seed::accounts(program, home.join("imports"), ACCOUNTS)?;
    let (file, quotes) = (home.join("executions.jsonl"), home.join("quotes.jsonl"));
    executions(&file, &place, count)?;
    self::quotes(&quotes, count)?;
    let before = place.copy("imports-before")?;

    let size = |place: &Place| Ok::<_, std::io::Error>(fs::metadata(place.database())?.len());
    let bytes_before = size(&place)?;
    let imported = program.import(&place.directory, &file)?;
    let rate = per_second(count, &imported)?;
    let bytes = (size(&place)? - bytes_before) as f64 / count as f64;
    let made_of = format!("{count} in {:.0} s", imported.took.as_secs_f64());
    table.note("executions imported a second", "", Goal::None, rate, made_of);
    let memory = imported.peak_kib as f64 / 1024.0;
    table.note("peak memory of the import of executions", "MB", Goal::AtMost(200.0), memory, String::new());
    table.note("bytes of the database for an execution", "bytes", Goal::None, bytes, String::new());
    program.audit(&place.directory)?;

    let all = insert(&before.copy("imports-all")?, &place, count, |_| true)?;
    table.ratio("executions imported ÷ plain inserts of all rows that this writes", 1.0 / 3.0, (rate, all));
    let bare = insert(&before, &place, count, |table| table == "executions")?;
    table.ratio("executions imported ÷ plain inserts of their rows of one table", 1.0 / 3.0, (rate, bare));

    let imported = program.import(&place.directory, &quotes)?;
    let made_of = format!("{count} in {:.0} s", imported.took.as_secs_f64());
    table.note("quotes imported a second", "", Goal::None, per_second(count, &imported)?, made_of);
    fs::remove_file(&file)?;
    Ok(fs::remove_file(&quotes)?)
}

fn per_second(count: u64, imported: &Imported) -> Outcome<f64> {
    match imported.summary["accepted"].as_u64() {
        Some(accepted) if accepted == count => Ok(count as f64 / imported.took.as_secs_f64()),
        _ => Err(format!("not everything was accepted: {}", imported.summary).into()),
    }
}

/// A month of fills that open, add, reduce, close and flip.
fn executions(file: &Path, place: &Place, count: u64) -> Outcome<()> {
    let mut file = BufWriter::new(File::create(file)?);
    let mut dice = Rng::with_seed(3);
    for number in 0..count {
        let account = &place.accounts[dice.usize(..place.accounts.len())];
        let (side, lots, points) = (["BUY", "SELL"][dice.usize(..2)], 1 + dice.u32(..99), dice.u32(..1000));
        writeln!(
            file,
            "{{\"kind\":\"execution\",\"platform\":\"trading\",\"eventId\":\"e-{number:08}\",\"account\":\"{account}\",\
             \"at\":\"{}\",\"sequence\":{number},\"executionId\":\"{number:08}\",\"orderId\":\"{number}\",\
             \"symbol\":\"EURUSD\",\"side\":\"{side}\",\"quantity\":\"0.{lots:02}\",\"price\":\"1.08{points:03}\",\
             \"booked\":{{\"commission\":\"-0.07\"}}}}",
            moment(number, count)
        )?;
    }
    Ok(file.flush()?)
}

fn quotes(file: &Path, count: u64) -> Outcome<()> {
    let mut file = BufWriter::new(File::create(file)?);
    for number in 0..count {
        let points = number % 900;
        writeln!(
            file,
            "{{\"kind\":\"quote\",\"platform\":\"trading\",\"symbol\":\"EURUSD\",\"at\":\"{}\",\
             \"bid\":\"1.08{points:03}\",\"ask\":\"1.08{:03}\"}}",
            moment(number, count),
            points + 7
        )?;
    }
    Ok(file.flush()?)
}

/// Moments that rise through March 2026.
fn moment(number: u64, count: u64) -> String {
    let ms = number * (31 * 86_400_000 / count.max(1));
    let (seconds, ms) = (ms / 1000, ms % 1000);
    let (day, hour) = (1 + seconds / 86_400, seconds / 3600 % 24);
    format!("2026-03-{day:02}T{hour:02}:{:02}:{:02}.{ms:03}Z", seconds / 60 % 60, seconds % 60)
}

/// Copies the rows that are new in `after` to `before` with the same schema and settings, in as many commits as the
/// import had, and returns the executions in a second.
fn insert(before: &Place, after: &Place, count: u64, wanted: impl Fn(&str) -> bool) -> Outcome<f64> {
    let connection = Connection::open(before.database())?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -65536;")?;
    connection.execute("ATTACH ?1 AS source", [after.database().display().to_string()])?;
    let mut names = connection.prepare(
        "SELECT name FROM pragma_table_list
         WHERE schema = 'main' AND type = 'table' AND wr = 0 AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )?;
    let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let parts = count.div_ceil(PART);
    // Of each table, the rows to copy: after the first number, and how many numbers to a part.
    let mut copies = Vec::new();
    for name in names.iter().filter(|name| wanted(name)) {
        let last = |schema: &str| -> rusqlite::Result<i64> {
            let sql = format!("SELECT coalesce(max(rowid), 0) FROM {schema}.{name}");
            connection.query_row(&sql, [], |row| row.get(0))
        };
        let (first, last) = (last("main")?, last("source")?);
        if last > first {
            let step = (last - first).unsigned_abs().div_ceil(parts);
            let sql = format!("INSERT INTO main.{name} SELECT * FROM source.{name} WHERE rowid > ?1 AND rowid <= ?2");
            copies.push((connection.prepare(&sql)?, first, i64::try_from(step)?));
        }
    }
    // The ids of events are the only large table without row numbers.
    let mut events = connection.prepare(
        "INSERT INTO main.platform_events SELECT * FROM source.platform_events WHERE event_id >= ?1 AND event_id < ?2",
    )?;
    let started = Instant::now();
    for part in 0..i64::try_from(parts)? {
        connection.execute_batch("BEGIN")?;
        for (copy, first, step) in &mut copies {
            copy.execute([*first + part * *step, *first + (part + 1) * *step])?;
        }
        if wanted("platform_events") {
            let id = |part: i64| format!("e-{:08}", part * i64::try_from(PART).unwrap_or(i64::MAX));
            events.execute([id(part), id(part + 1)])?;
        }
        connection.execute_batch("COMMIT")?;
    }
    let took: Duration = started.elapsed();
    let copied: i64 = connection.query_row("SELECT count(*) FROM main.executions", [], |row| row.get(0))?;
    match u64::try_from(copied)? == count {
        true => Ok(count as f64 / took.as_secs_f64()),
        false => Err(format!("{copied} executions were copied").into()),
    }
}
