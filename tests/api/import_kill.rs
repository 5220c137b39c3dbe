//! An import that is killed at any moment and started again ends as one that was left alone.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::home::{Home, Ran};
use super::imports::{counts, open, set_up};
use crate::common::let_pass;
use crate::common::program::Process;

/// Fills in the file: several parts of 1,000 events.
const FILLS: usize = 3_000;

/// A day of fills on two accounts: they open, close and flip, with commissions and some corrections.
fn day() -> String {
    let mut lines = String::new();
    let mut dice = fastrand::Rng::with_seed(7);
    for number in 0..FILLS {
        let account = ["a-1", "a-3"][number % 2];
        let (side, price) = (["BUY", "SELL"][dice.usize(..2)], 108_000 + dice.u32(..1000));
        let second = number / 10;
        let at = format!("2026-03-02T{:02}:{:02}:{:02}Z", 8 + second / 3600, second / 60 % 60, second % 60);
        let account = [("a-1", "500123"), ("a-3", "500125")].iter().find(|(name, _)| *name == account).unwrap().1;
        lines.push_str(&format!(
            "{{\"kind\":\"execution\",\"platform\":\"trading\",\"eventId\":\"e{number}\",\"account\":\"{account}\",\
             \"at\":\"{at}\",\"executionId\":\"x{number}\",\"positionRef\":\"p\",\"symbol\":\"EURUSD\",\
             \"side\":\"{side}\",\"quantity\":\"0.{:02}\",\"price\":\"1.{:05}\",\
             \"booked\":{{\"commission\":\"-0.07\"}}}}\n",
            1 + dice.u32(..40),
            price - 100_000
        ));
        if number % 500 == 499 {
            lines.push_str(&format!(
                "{{\"kind\":\"correction\",\"platform\":\"trading\",\"eventId\":\"c{number}\",\
                 \"account\":\"{account}\",\"at\":\"{at}\",\"executionId\":\"c{number}\",\"corrects\":\"x{}\",\
                 \"action\":\"cancel\"}}\n",
                number - 100
            ));
        }
    }
    lines
}

/// A database with the accounts of the examples, and the file of the day.
fn prepared() -> (Home, String) {
    let home = Home::installed();
    set_up(&home);
    let file = home.file("day.jsonl", &day());
    (home, file)
}

/// What an import leads to, without what depends on the clock and on chance.
fn end(data: &Path) -> Vec<Vec<String>> {
    let connection = open(data);
    let mut found = Vec::new();
    for sql in [
        "SELECT role, currency_id, balance_minor, credit_net_minor FROM books ORDER BY role, currency_id, id",
        "SELECT account_id, execution_id, side, quantity, price, is_cancelled, posted_profit_minor,
                posted_commission_minor, closed_quantity, open_price, leaves_flat
         FROM executions ORDER BY execution_id",
        "SELECT account_id, side, quantity, opened_quantity, cost, open_price, close_price, profit_minor, opened_at,
                closed_at FROM positions ORDER BY account_id, opened_at, opened_quantity, open_price",
        "SELECT count(*) FROM parked_events",
    ] {
        let mut query = connection.prepare(sql).unwrap();
        let columns = query.column_count();
        let rows = query.query_map([], |row| {
            let text = |column| row.get::<_, rusqlite::types::Value>(column).map(|it| format!("{it:?}"));
            (0..columns).map(text).collect()
        });
        found.extend(rows.unwrap().map(Result::unwrap));
    }
    found
}

/// Asserts that two imports ended alike, and names the first difference.
#[track_caller]
pub(super) fn assert_same_end(found: &Path, expected: &Path, what: &str) {
    let (found, expected) = (end(found), end(expected));
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(found.len(), expected.len(), "{what}");
}

fn executions(home: &Home) -> i64 {
    open(&home.data()).query_row("SELECT count(*) FROM executions", [], |row| row.get(0)).unwrap()
}

/// Kills the process once this many executions are on disk. False if it ended by itself.
fn kill_after(home: &Home, process: &mut Process, least: i64) -> bool {
    let since = Instant::now();
    while executions(home) < least {
        assert!(since.elapsed() < Duration::from_secs(120), "the import does not go on");
        if process.has_ended() {
            return false;
        }
        let_pass(Duration::from_millis(2));
    }
    process.kill();
    true
}

#[test]
fn a_killed_import_that_is_started_again_ends_as_one_that_was_left_alone() {
    let (undisturbed, file) = prepared();
    let all = counts(&undisturbed.json(&["import", "events", &file]).json());
    assert_eq!(all, [(FILLS + FILLS / 500) as u64, 0, 0, 0]);

    let (home, file) = prepared();
    let mut kills = 0;
    for least in [1, 1_000, 2_000] {
        let mut import = Process::spawn(home.command(&["import", "events", &file]).stderr(Stdio::null()));
        kills += u32::from(kill_after(&home, &mut import, least));
    }
    assert!(kills > 0, "every import ended before it was killed");
    assert!(executions(&home) < FILLS as i64 || kills < 3);
    let again = counts(&home.json(&["import", "events", &file]).json());
    assert_eq!(again[0] + again[1], all[0], "{again:?}");
    assert!(again[1] > 0 && again[2..] == [0, 0], "{again:?}");
    assert_same_end(&home.data(), &undisturbed.data(), "killed");
    for home in [&home, &undisturbed] {
        assert_eq!(home.json(&["audit"]).json()["ok"], true);
    }
}

#[test]
fn an_import_outlives_a_restart_of_the_server() {
    let (undisturbed, file) = prepared();
    undisturbed.json(&["import", "events", &file]).json();

    let (home, file) = prepared();
    let serve = || {
        let log = File::create(home.path("log")).unwrap();
        let args = ["serve", "--listen", "127.0.0.1:0", "--json"];
        let mut process = Process::spawn(home.command(&args).stderr(log));
        process.banner().expect("a banner");
        process
    };
    let mut server = serve();
    let import =
        home.command(&["import", "events", &file, "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    assert!(kill_after(&home, &mut server, 1_000), "the server ended by itself");
    drop(server);
    let _server = serve();
    let again = counts(&Ran::of(import.unwrap().wait_with_output().unwrap()).json());
    assert_eq!(again[0] + again[1], (FILLS + FILLS / 500) as u64, "{again:?}");
    assert_same_end(&home.data(), &undisturbed.data(), "restarted");
    assert_eq!(home.json(&["audit"]).json()["ok"], true);
}
