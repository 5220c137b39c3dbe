//! Random edits by hand of a database, of a backup and of a segment of the change journal: each is found, or changes
//! nothing that anybody could read.
//!
//! `BURSAR_EDITS=1000 cargo test --test api random_edits -- --nocapture` is the long form, with a new seed each time;
//! it also prints which check has found how many. `BURSAR_EDITS_SEED` repeats a run.

use super::harness::{PASSWORD, PATIENCE, Server};
use super::native_events::everything;
use crate::common::{let_pass, setting};
use rusqlite::types::{Value as Cell, ValueRef};
use rusqlite::{Connection, params_from_iter};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

/// The edits of the short form, of each sort.
const EDITS: u64 = 40;

/// What may change without a finding, since it says nothing about money, actors or times in the books: it steers work,
/// or is made anew from the rest. `*` stands for the whole table, `(row)` for a row that
/// is removed.
const STEERING: &[(&str, &str)] = &[
    ("jobs", "*"),
    ("counters", "*"),
    ("change_journal", "id"),
    ("event_consumers", "*"),
    ("idempotency_state", "*"),
    // A salt of which the log has no hash yet; any other is found.
    ("account_salts", "*"),
    ("profile_salts", "*"),
    // The last commit is signed too, and covers all rows.
    ("log_checkpoints", "(row)"),
    ("log_checkpoints", "made_at"),
    ("log_checkpoints", "note"),
    ("tokens", "last_used_at"),
    ("portfolios", "last_account_serial"),
    ("refinery_schema_history", "applied_on"),
    ("sqlite_stat1", "*"),
    ("sqlite_stat4", "*"),
];

fn steers(table: &str, column: &str) -> bool {
    let is_search = table.starts_with("profile_search") || table.starts_with("account_search");
    is_search || STEERING.iter().any(|(of, name)| *of == table && (*name == "*" || *name == column))
}

/// How many edits each check has found first, and how many changed nothing.
type Tally = BTreeMap<String, u64>;

fn count(tally: &mut Tally, what: impl Into<String>) {
    *tally.entry(what.into()).or_default() += 1;
}

fn random() -> (fastrand::Rng, u64) {
    let long = setting("BURSAR_EDITS");
    let seed = setting("BURSAR_EDITS_SEED");
    let seed = seed.unwrap_or_else(|| if long.is_some() { u64::from(fastrand::u32(..)) } else { 1 });
    println!("BURSAR_EDITS_SEED={seed}");
    (fastrand::Rng::with_seed(seed), long.unwrap_or(EDITS))
}

/// A stopped server with a bit of everything in its database, and that database in one file.
fn filled() -> (Server, PathBuf) {
    let mut server = Server::start("[backup]\njournal_interval_s = 1\n");
    everything(&server);
    let admin = server.admin();
    let body = json!({"firstName": "Ann", "metadata": {"iban": "XX11"}, "reference": "crm-1", "password": PASSWORD});
    let client = admin.new_profile_with(&body);
    // The first backup is made by itself; this goes into the journal.
    let since = Instant::now();
    while !server.program(&["restore", "plan"]).output().unwrap().status.success() {
        assert!(since.elapsed() < PATIENCE, "there is no backup");
        let_pass(Duration::from_millis(20));
    }
    admin.deposit(&admin.new_account_of(&client, "USD"), "12.34");
    let email = admin.get(&format!("/profiles/{client}")).ok().text_at("email");
    admin.post("/trade/login", &json!({"email": email, "password": PASSWORD})).ok();
    server.stop();
    let clean = server.home().join("clean.db");
    fs::copy(server.data_dir().join("bursar.db"), &clean).unwrap();
    (server, clean)
}

/// With the installation key.
fn audit(server: &Server, file: &Path) -> Output {
    server.program(&["audit", &file.display().to_string()]).output().unwrap()
}

/// The check that found something first; none if nothing is wrong.
fn found_by(output: &Output) -> Option<String> {
    if output.status.success() {
        return None;
    }
    let report: Option<Value> = serde_json::from_slice(&output.stdout).ok();
    let check = report.and_then(|report| report["findings"][0]["check"].as_str().map(str::to_owned));
    Some(check.unwrap_or_else(|| format!("exit code {}", output.status.code().unwrap_or(-1))))
}

fn tables(connection: &Connection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut statement = connection.prepare(sql).unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

/// The columns of a table, each with whether it is part of the primary key.
fn columns(connection: &Connection, table: &str) -> Vec<(String, bool)> {
    let mut statement = connection.prepare("SELECT name, pk > 0 FROM pragma_table_info(?1)").unwrap();
    statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// All that counts in a database, as text. None if it cannot be read to its end.
fn content(file: &Path) -> Option<String> {
    let connection = Connection::open(file).ok()?;
    let mut text = String::new();
    for table in tables(&connection).iter().filter(|table| !steers(table, "*")) {
        let kept = columns(&connection, table).into_iter().map(|(name, _)| name).filter(|name| !steers(table, name));
        let sql = format!("SELECT {} FROM \"{table}\"", kept.collect::<Vec<_>>().join(", "));
        let mut lines = Vec::new();
        let mut statement = connection.prepare(&sql).ok()?;
        let width = statement.column_count();
        let mut rows = statement.query([]).ok()?;
        while let Some(row) = rows.next().ok()? {
            let cells: Vec<ValueRef<'_>> = (0..width).map(|index| row.get_ref_unwrap(index)).collect();
            lines.push(format!("{cells:?}"));
        }
        lines.sort();
        writeln!(text, "{table}\n{}", lines.join("\n")).ok()?;
    }
    Some(text)
}

/// Another value of the same type, near the old one.
fn other(random: &mut fastrand::Rng, cell: &Cell) -> Cell {
    match cell {
        Cell::Null => Cell::Integer(1),
        Cell::Integer(number) => {
            Cell::Integer(number.wrapping_add(*random.choice(&[1, -1, 1000, -86_400_000, 100]).unwrap()))
        }
        Cell::Real(_) => unreachable!("no column holds a float"),
        Cell::Text(text) => match text.char_indices().nth(random.usize(0..text.chars().count().max(1))) {
            None => Cell::Text("x".into()),
            Some((at, old)) => {
                let mut new = text.clone();
                new.replace_range(at..at + old.len_utf8(), if old == 'e' { "a" } else { "e" });
                Cell::Text(new)
            }
        },
        Cell::Blob(bytes) if bytes.is_empty() => Cell::Blob(vec![1]),
        Cell::Blob(bytes) => {
            let mut new = bytes.clone();
            new[random.usize(0..bytes.len())] ^= 1 << random.u8(0..8);
            Cell::Blob(new)
        }
    }
}

/// Changes one cell of one row, or removes the row. Returns what was done; none if a constraint did not allow it.
fn edit_row(random: &mut fastrand::Rng, file: &Path) -> Option<(String, String, String)> {
    let connection = Connection::open(file).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
    let filled = |table: &String| {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM \"{table}\")");
        !table.contains("_search") && connection.query_row(&sql, [], |row| row.get::<_, bool>(0)).unwrap()
    };
    let tables: Vec<String> = tables(&connection).into_iter().filter(filled).collect();
    let table = random.choice(tables)?;
    let columns = columns(&connection, &table);
    let rows: u64 = connection.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get(0)).unwrap();
    let sql = format!("SELECT * FROM \"{table}\" LIMIT 1 OFFSET {}", random.u64(0..rows));
    let row: Vec<Cell> =
        connection.query_row(&sql, [], |row| (0..columns.len()).map(|index| row.get(index)).collect()).unwrap();
    let is_keyed = columns.iter().any(|(_, is_key)| *is_key);
    let key = |index: &usize| !is_keyed || columns[*index].1;
    let condition: Vec<String> =
        (0..columns.len()).filter(key).map(|index| format!("{} IS ?{}", columns[index].0, index + 1)).collect();
    let (sql, column) = if random.u8(0..5) == 0 {
        (format!("DELETE FROM \"{table}\" WHERE {}", condition.join(" AND ")), "(row)".to_owned())
    } else {
        let index = random.usize(0..columns.len());
        let (column, _) = &columns[index];
        let set = match other(random, &row[index]) {
            Cell::Null => "NULL".to_owned(),
            Cell::Integer(number) => number.to_string(),
            Cell::Real(number) => panic!("{number}"),
            Cell::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Cell::Blob(bytes) => {
                format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
            }
        };
        (format!("UPDATE \"{table}\" SET {column} = {set} WHERE {}", condition.join(" AND ")), column.clone())
    };
    let mut statement = connection.prepare(&sql).unwrap();
    let parameters = row.iter().take(statement.parameter_count());
    match statement.execute(params_from_iter(parameters)) {
        Ok(changed) if changed > 0 => Some((table, column, sql)),
        _ => None,
    }
}

#[test]
fn no_edit_of_a_row_goes_unseen() {
    let (server, clean) = filled();
    assert_eq!(found_by(&audit(&server, &clean)), None, "{}", String::from_utf8_lossy(&audit(&server, &clean).stdout));
    let (mut random, edits) = random();
    let (mut tally, mut unseen) = (Tally::new(), Vec::new());
    let copy = server.home().join("edited.db");
    let before = content(&clean).unwrap();
    for _ in 0..edits {
        fs::copy(&clean, &copy).unwrap();
        let Some((table, column, sql)) = edit_row(&mut random, &copy) else {
            count(&mut tally, "refused by SQLite");
            continue;
        };
        match found_by(&audit(&server, &copy)) {
            Some(check) => count(&mut tally, check),
            None if steers(&table, &column) || content(&copy).as_ref() == Some(&before) => {
                count(&mut tally, format!("unseen, and steers only: {table}"));
            }
            None => unseen.push(format!("{table}.{column}: {sql}")),
        }
    }
    println!("{tally:#?}");
    assert!(unseen.is_empty(), "{} of {edits} edits went unseen:\n{}", unseen.len(), unseen.join("\n"));
}

#[test]
fn no_edit_of_a_byte_of_the_database_goes_unseen() {
    let (server, clean) = filled();
    let (mut random, edits) = random();
    let (mut tally, mut unseen) = (Tally::new(), Vec::new());
    let copy = server.home().join("edited.db");
    let (bytes, before) = (fs::read(&clean).unwrap(), content(&clean).unwrap());
    // Most of a small database is empty.
    let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
    for _ in 0..edits {
        let mut changed = bytes.clone();
        let at = random.choice(&used).copied().unwrap();
        changed[at] ^= 1 << random.u8(0..8);
        fs::write(&copy, changed).unwrap();
        match found_by(&audit(&server, &copy)) {
            Some(check) => count(&mut tally, check),
            None if content(&copy).as_ref() == Some(&before) => count(&mut tally, "holds nothing, or steers only"),
            None => unseen.push(format!("byte {at}")),
        }
    }
    println!("{tally:#?}");
    assert!(unseen.is_empty(), "{} of {edits} edits went unseen: {unseen:?}", unseen.len());
}

/// All files below a directory.
fn collect(directory: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        match entry.path() {
            path if path.is_dir() => collect(&path, into),
            path => into.push(path),
        }
    }
}

#[test]
fn no_edit_of_a_byte_of_a_backup_or_a_segment_goes_unseen() {
    let (server, _) = filled();
    let (mut random, edits) = random();
    let (mut tally, mut unseen) = (Tally::new(), Vec::new());
    let verify = || server.program(&["backup", "verify", "--all"]).output().unwrap();
    let sound = verify();
    assert!(sound.status.success(), "{sound:?}");
    let mut place = Vec::new();
    collect(&server.data_dir().join("backups"), &mut place);
    place.sort();
    for ending in ["bursar", "json", "journal"] {
        let of_kind: Vec<&PathBuf> =
            place.iter().filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
        assert!(!of_kind.is_empty(), "no file ends in {ending}: {place:#?}");
        // A restore needs no segment from before its backup.
        let of_kind = if ending == "journal" { of_kind[of_kind.len() - 1..].to_vec() } else { of_kind };
        for _ in 0..edits.div_ceil(4) {
            let path = random.choice(&of_kind).unwrap();
            let bytes = fs::read(path).unwrap();
            let mut changed = bytes.clone();
            let at = random.usize(0..changed.len());
            changed[at] ^= 1 << random.u8(0..8);
            fs::write(path, changed).unwrap();
            match verify().status.code() {
                Some(0) => unseen.push(format!("byte {at} of {}", path.display())),
                code => count(&mut tally, format!("{ending}: exit code {}", code.unwrap_or(-1))),
            }
            fs::write(path, bytes).unwrap();
        }
    }
    println!("{tally:#?}");
    assert!(unseen.is_empty(), "{} edits went unseen: {unseen:?}", unseen.len());
}
