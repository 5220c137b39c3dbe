//! Files of clients, accounts and events, imported by the real program with and without a running server.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use super::home::{Home, Ran};

const MT5: &str = include_str!("imports/mt5-deals.csv");
const CTRADER: &str = include_str!("imports/ctrader-deals.csv");
const FIX: &str = include_str!("imports/fix44.log");
pub(super) const PROFILES: &str = include_str!("imports/profiles.csv");
pub(super) const ACCOUNTS: &str = include_str!("imports/accounts.csv");

/// A rate of the reference file, for margin in euros.
const RATE: &str = r#"
[[rates]]
from = "EUR"
to = "USD"
rate = "1.08"
as_of = "2026-03-02T00:00:00Z"
"#;

/// A symbol that the reference file lacks.
const SYMBOL: &str = r#"
[[symbols]]
code = "UNKNOWN"
name = "Declared later"
class = "other"
contract_size = "1"
price_decimals = 5
quantity_decimals = 2
profit_currency = "USD"
"#;

pub(super) fn open(data: &Path) -> Connection {
    Connection::open_with_flags(data.join("bursar.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// Reference, balance and credit of each account, in minor units.
fn balances(home: &Home) -> Vec<(String, i64, i64)> {
    let sql = "SELECT l.reference, b.balance_minor, b.credit_net_minor
               FROM account_labels l JOIN books b ON b.id = l.account_id ORDER BY l.reference";
    let connection = open(&home.data());
    let mut query = connection.prepare(sql).unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn count(home: &Home, table: &str) -> i64 {
    open(&home.data()).query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

/// How many were accepted, were repeats, were parked and refused.
pub(super) fn counts(summary: &Value) -> [u64; 4] {
    ["accepted", "duplicates", "parked", "refused"].map(|name| summary[name].as_u64().unwrap())
}

/// Client, name and value of each custom field.
fn custom_fields(home: &Home) -> Vec<[String; 3]> {
    let connection = open(&home.data());
    let sql = "SELECT l.reference, a.name, a.value FROM profile_attributes a JOIN profile_labels l USING (profile_id)
               WHERE a.kind = 'custom_field' ORDER BY 1, 2";
    let mut query = connection.prepare(sql).unwrap();
    let rows = query.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])).unwrap();
    rows.map(Result::unwrap).collect()
}

/// The summary of an import, whatever its exit code.
#[track_caller]
fn summary(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))
}

/// Imports clients and accounts.
fn clients_and_accounts(home: &Home) {
    let profiles = home.file("profiles.csv", PROFILES);
    let accounts = home.file("accounts.csv", ACCOUNTS);
    let made = home.json(&["import", "profiles", &profiles]).json();
    assert_eq!((counts(&made), &made["format"]), ([2, 0, 0, 0], &json!("csv")));
    assert_eq!(made["unknown"], json!(["Password", "favouriteColour"]));
    let fields = [("c-1", "Desk (EU)", "North"), ("c-1", "riskClass", "2")];
    assert_eq!(custom_fields(home), fields.map(|(client, name, value)| [client, name, value].map(str::to_owned)));
    assert_eq!(counts(&home.json(&["import", "accounts", &accounts]).json()), [3, 0, 0, 0]);
    // A second run changes nothing.
    assert_eq!(counts(&home.json(&["import", "profiles", &profiles]).json()), [0, 2, 0, 0]);
    assert_eq!(counts(&home.json(&["import", "accounts", &accounts]).json()), [0, 3, 0, 0]);
    let expected = [("a-1", 135_050, 10_000), ("a-2", -310, 0), ("a-3", 0, 0)];
    let found: Vec<_> = balances(home).into_iter().filter(|(reference, ..)| reference.starts_with("a-")).collect();
    assert_eq!(found, expected.map(|(reference, balance, credit)| (reference.to_owned(), balance, credit)));
    let effective: Vec<i64> = {
        let connection = open(&home.data());
        let mut query =
            connection.prepare("SELECT effective_at FROM entries WHERE kind IN ('other', 'credit')").unwrap();
        let rows = query.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert!(effective.contains(&1_772_323_199_999), "the end of the day in UTC: {effective:?}");
    assert!(effective.contains(&1_772_312_400_000), "the moment that was named: {effective:?}");
    assert_eq!(home.json(&["audit"]).json()["ok"], true);
}

#[test]
fn clients_and_accounts_come_with_their_balances_without_a_server() {
    clients_and_accounts(&Home::installed());
}

#[test]
fn clients_and_accounts_come_with_their_balances_through_a_server() {
    let home = Home::new();
    let _served = home.serve();
    clients_and_accounts(&home);
}

#[test]
fn clients_and_accounts_that_are_refused_are_named_and_can_be_mended() {
    let home = Home::installed();
    let lines = "{\"reference\": 1, \"email\": \"a@example.com\", \"colour\": \"red\", \
                   \"customFields\": {\"desk\": 7}}\n\
                 {\"reference\": 2, \"email\": \"no address\"}\n\
                 {\"reference\": 3, \"email\": \"a@example.com\"}\n\
                 {\"email\":\n";
    let (file, rejects) = (home.file("clients.jsonl", lines), home.path("rejects.jsonl").display().to_string());
    let rehearsed = home.json(&["import", "profiles", &file, "--dry-run"]);
    assert_eq!((rehearsed.code, counts(&summary(&rehearsed))), (5, [1, 0, 0, 3]));
    assert_eq!(count(&home, "profiles"), 0, "a dry run changes nothing");
    let ran = home.json(&["import", "profiles", &file, "--rejects", &rejects]);
    assert_eq!(custom_fields(&home), [["1", "desk", "7"].map(str::to_owned)]);
    let made = summary(&ran);
    assert_eq!((ran.code, counts(&made), &made["unknown"]), (5, [1, 0, 0, 3], &json!(["colour"])));
    assert!(ran.stderr.contains("3 lines were refused"), "{}", ran.stderr);
    assert_eq!(made["refused_lines"][1]["reason"], "duplicate_email", "{made}");
    let written = fs::read_to_string(&rejects).unwrap();
    assert!(written.starts_with("# line 2, invalid_field: e-mail address: "), "{written}");
    let mended = written.replace("no address", "b@example.com").replace("\"a@", "\"c@").replace("{\"email\":\n", "");
    fs::write(&rejects, mended).unwrap();
    assert_eq!(counts(&home.json(&["import", "profiles", &rejects]).json()), [2, 0, 0, 0]);

    let accounts = "reference,email,group,currency,balance,asOf\n\
                    x-1,a@example.com,live-standard,USD,10.001,2026-02-28\n\
                    x-2,a@example.com,live-standard,USD,10,\n\
                    x-3,a@example.com,no-group,USD,,\n\
                    x-4,nobody@example.com,live-standard,USD,,\n\
                    x-5,a@example.com,live-standard,USD,10,2999-01-01\n\
                    ,a@example.com,live-standard,USD,,\n\
                    x-7,a@example.com,live-standard,XXX,,\n\
                    x-8,a@example.com,live-standard,USD,5.00,2026-02-28\n";
    let ran = home.json(&["import", "accounts", &home.file("accounts.csv", accounts)]);
    let made = summary(&ran);
    assert_eq!((ran.code, counts(&made)), (5, [1, 0, 0, 7]), "{made}");
    assert_eq!(count(&home, "accounts"), 1, "what is refused leaves nothing");
    let conflict = home.file("conflict.csv", "reference,email,group,currency\nx-8,a@example.com,live-standard,EUR\n");
    assert_eq!(
        summary(&home.json(&["import", "accounts", &conflict]))["refused_lines"][0]["reason"],
        "duplicate_reference"
    );
    assert_eq!(home.json(&["audit"]).json()["ok"], true);
}

/// A database with the accounts and symbols of the examples.
pub(super) fn set_up(home: &Home) {
    let shown = home.run(&["reference", "show"]).stdout;
    let rate = if shown.contains("[[rates]]") { "" } else { RATE };
    let reference = format!("{}{rate}", shown.replace("rates = []\n", ""));
    home.json(&["reference", "apply", &home.file("reference.toml", &reference)]).json();
    home.json(&["import", "profiles", &home.file("profiles.csv", PROFILES)]).json();
    home.json(&["import", "accounts", &home.file("accounts.csv", ACCOUNTS)]).json();
    // The account of cTrader is known by its number only.
    let more = "email,group,currency,platform,number\nmax@example.com,live-standard,USD,trading,500124\n";
    let file = home.file("more.csv", more);
    assert_eq!(counts(&home.json(&["import", "accounts", &file]).json()), [1, 0, 0, 0]);
    assert_eq!(counts(&home.json(&["import", "accounts", &file]).json()), [0, 1, 0, 0]);
    for (name, text) in [("mt5-deals.csv", MT5), ("ctrader-deals.csv", CTRADER), ("fix44.log", FIX)] {
        home.file(name, text);
    }
}

/// The balance of the account with this number at the platform, in minor units.
fn balance(home: &Home, number: &str) -> i64 {
    let sql = "SELECT b.balance_minor FROM platform_accounts p JOIN books b ON b.id = p.account_id WHERE p.number = ?1";
    open(&home.data()).query_row(sql, [number], |row| row.get(0)).unwrap()
}

/// How many positions are open and closed.
fn positions(home: &Home) -> (i64, i64) {
    let sql = "SELECT count(*) FILTER (WHERE closed_at IS NULL), count(*) FILTER (WHERE closed_at IS NOT NULL)
               FROM positions";
    open(&home.data()).query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

const OF_MT5: [&str; 7] =
    ["import", "events", "mt5-deals.csv", "--platform", "trading", "--time-zone", "Europe/Nicosia"];

/// Imports the examples of all platforms.
fn platforms(home: &Home) {
    set_up(home);
    let mt5 = home.json(&OF_MT5).json();
    assert_eq!((counts(&mt5), &mt5["format"], &mt5["skipped"]), ([9, 0, 0, 0], &json!("mt5-deals"), &json!(1)));
    assert_eq!(mt5["unknown"], json!(["Expert"]));
    // 1350.50 before; the result of the file is 1082.69: the cancelled deal leaves nothing.
    assert_eq!(balance(home, "500123"), 135_050 + 108_269);
    let at: i64 = open(&home.data())
        .query_row("SELECT executed_at FROM executions WHERE execution_id = '1002'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(at, 1_772_432_100_000, "2026-03-02 08:15 in Nicosia");

    let ctrader = ["import", "events", "ctrader-deals.csv", "--platform", "trading", "--derive-openings"];
    assert_eq!(counts(&home.json(&ctrader).json()), [4, 0, 0, 0]);
    assert_eq!(balance(home, "500124"), 6_540);

    let fix = home.json(&["import", "events", "fix44.log", "--platform", "trading"]).json();
    assert_eq!((counts(&fix), &fix["format"], &fix["skipped"]), ([13, 0, 0, 0], &json!("fix44"), &json!(1)));
    // 112.00 at the corrected price, less the commission.
    assert_eq!(balance(home, "500125"), 11_200 - 350);

    assert_eq!(positions(home).0, 0, "everything is closed");
    assert_eq!(count(home, "alerts"), 0);
    assert_eq!(home.json(&["audit"]).json()["ok"], true);
    // Once more: everything is in already.
    let before = [balance(home, "500123"), balance(home, "500124"), balance(home, "500125")];
    assert_eq!(counts(&home.json(&OF_MT5).json()), [0, 9, 0, 0]);
    assert_eq!(counts(&home.json(&ctrader).json()), [0, 4, 0, 0]);
    assert_eq!(counts(&home.json(&["import", "events", "fix44.log", "--platform", "trading"]).json()), [0, 13, 0, 0]);
    assert_eq!(before, [balance(home, "500123"), balance(home, "500124"), balance(home, "500125")]);
}

#[test]
fn files_of_platforms_become_positions_and_money_without_a_server() {
    platforms(&Home::installed());
}

#[test]
fn files_of_platforms_become_positions_and_money_through_a_server() {
    let home = Home::new();
    let _served = home.serve_with(&["--no-sample"]);
    platforms(&home);
}

/// One execution as a line of JSON.
fn execution(number: u32, side: &str, more: &str) -> String {
    format!(
        "{{\"kind\":\"execution\",\"platform\":\"trading\",\"eventId\":\"e-{number}\",\"account\":\"500125\",\
         \"at\":\"2026-03-02T08:{:02}:00Z\",\"executionId\":\"{number}\",\"symbol\":\"EURUSD\",\"side\":\"{side}\",\
         \"quantity\":1.00,\"price\":1.08000{more}}}\n",
        number % 60
    )
}

#[test]
fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let home = Home::installed();
    set_up(&home);
    // The correction needs an execution of the same file, which a part-by-part rehearsal would not know.
    let correction = "{\"kind\":\"correction\",\"platform\":\"trading\",\"eventId\":\"c-1\",\"account\":\"500125\",\
                      \"at\":\"2026-03-02T09:00:00Z\",\"executionId\":\"c-1\",\"corrects\":\"1\",\
                      \"action\":\"cancel\"}\n";
    let fills: String = (1..=1200).map(|number| execution(number, ["BUY", "SELL"][number as usize % 2], "")).collect();
    let file = home.file("day.jsonl", &format!("{fills}{correction}not JSON\n"));
    let before = fs::read(home.data().join("bursar.db")).unwrap();
    let rehearsed = home.json(&["import", "events", &file, "--dry-run"]);
    assert_eq!((rehearsed.code, counts(&summary(&rehearsed))), (5, [1201, 0, 0, 1]));
    assert!(fs::read(home.data().join("bursar.db")).unwrap() == before, "the database was touched");
    assert_eq!(count(&home, "executions"), 0);
    let left: Vec<PathBuf> = fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!left.iter().any(|path| path.extension().is_some_and(|it| it == "tmp")), "{left:?}");
    let ran = home.json(&["import", "events", &file]);
    assert_eq!((ran.code, counts(&summary(&ran))), (5, [1201, 0, 0, 1]));
    assert_eq!(count(&home, "executions"), 1200);
}

#[test]
fn what_is_refused_can_be_mended_and_what_is_parked_waits() {
    let home = Home::installed();
    set_up(&home);
    let text = "kind;eventId;account;at;executionId;symbol;side;quantity;price;Remark\n\
                execution;e-1;500125;2026-03-02T08:00:00Z;1;EURUSD;BUY;1,5;1,08;\n\
                execution;e-2;500125;2026-03-02T08:01:00Z;2;EURUSD;HOLD;1,5;1,08;\n\
                execution;e-3;500125;2026-03-02T08:02:00Z;3;UNKNOWN;SELL;1,5;1,08;\n\
                execution;e-4;500125;yesterday;4;EURUSD;SELL;1,5;1,09;\n\
                execution;e-1;500125;2026-03-02T08:00:00Z;1;EURUSD;BUY;2,5;1,08;\n\
                execution;e-5;500125;2026-03-02T08:03:00Z;5;EURUSD;SELL;1,5\n";
    let (file, rejects) = (home.file("day.csv", text), home.path("rejects.csv").display().to_string());
    let import = ["import", "events", &file, "--platform", "trading", "--rejects", &rejects];
    let ran = home.json(&import);
    let made = summary(&ran);
    assert_eq!((ran.code, counts(&made)), (5, [1, 0, 1, 4]), "{made}");
    assert_eq!(made["reasons"]["parked"], json!({"unknown_symbol": 1}));
    assert_eq!(made["reasons"]["refused"], json!({"conflicting_repeat": 1, "invalid": 3}));
    assert_eq!(made["unknown"], json!(["Remark"]));
    let lines: Vec<_> = made["refused_lines"].as_array().unwrap().iter().map(|line| line["line"].clone()).collect();
    assert_eq!(lines, [3, 5, 6, 7]);
    let written = fs::read_to_string(&rejects).unwrap();
    assert!(written.starts_with("kind;eventId;"), "{written}");
    assert!(written.contains("\n# line 3, invalid: "), "{written}");
    assert!(written.contains("\nexecution;e-2;500125;2026-03-02T08:01:00Z;2;EURUSD;HOLD;1,5;1,08;\n"), "{written}");
    let mended = written
        .replace("HOLD", "SELL")
        .replace("yesterday", "2026-03-02T08:02:30Z")
        .replace("BUY;2,5", "BUY;1,5")
        .replace("SELL;1,5\n", "BUY;1,5;1,07;\n");
    fs::write(&rejects, mended).unwrap();
    let again = home.json(&["import", "events", &rejects, "--platform", "trading"]);
    assert_eq!((again.code, counts(&summary(&again))), (0, [3, 1, 0, 0]), "{}", again.stdout);
    assert_eq!(counts(&summary(&home.json(&import))), [0, 2, 0, 4], "the file itself is as it was");
    // Once the symbol is declared, what waits for it is applied.
    let reference = fs::read_to_string(home.path("reference.toml")).unwrap();
    home.json(&["reference", "apply", &home.file("more.toml", &format!("{reference}{SYMBOL}"))]).json();
    assert_eq!(count(&home, "executions"), 5);
    assert_eq!(home.json(&["audit"]).json()["ok"], true);
}

#[test]
fn files_come_in_every_spelling_and_may_break_off() {
    let home = Home::installed();
    set_up(&home);
    let write = |name: &str, bytes: &[u8]| {
        fs::write(home.path(name), bytes).unwrap();
        home.path(name).display().to_string()
    };
    let fill = |number: u32| execution(number, "BUY", "");
    // An array that breaks off in its third element.
    let array = format!("[{},\n{},{}", fill(1).trim(), fill(2).trim(), &fill(3)[..60]);
    let ran = home.json(&["import", "events", &write("array.json", array.as_bytes())]);
    assert_eq!((ran.code, counts(&summary(&ran))), (5, [2, 0, 0, 1]));
    // UTF-16 with a byte order mark, as the terminal of MetaTrader writes, with the same fills in columns.
    let columns = "side\tquantity\tprice\tSYMBOL\tExecution ID\taccount\tat\tEvent ID\tplatform\tkind\r\n\
                   BUY\t1,00\t1,08000\tEURUSD\t1\t500125\t2026-03-02T08:01:00Z\te-1\ttrading\texecution\r\n\
                   BUY\t1,00\t1,08000\tEURUSD\t4\t500125\t2026-03-02T08:04:00Z\te-4\ttrading\texecution";
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(columns.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let made = home.json(&["import", "events", &write("wide.txt", &wide)]).json();
    assert_eq!((counts(&made), &made["format"]), ([1, 1, 0, 0], &json!("csv")));
    assert!(made["warnings"][0].as_str().unwrap().contains("no line break"), "{made}");
    // A line of 1 MiB, one beyond it, and one that is not UTF-8; what follows is taken.
    let long = execution(5, "BUY", &format!(",\"x\":\"{}\"", "a".repeat(1024 * 1024 - 400)));
    let beyond = execution(6, "BUY", &format!(",\"x\":\"{}\"", "a".repeat(1024 * 1024)));
    let odd = [execution(7, "BUY", ",\"comment\":\"").as_bytes(), &[0xe4], b"\n"].concat();
    let lines = [long.as_bytes(), beyond.as_bytes(), &odd, fill(8).as_bytes()].concat();
    let ran = home.json(&["import", "events", &write("long.jsonl", &lines)]);
    let made = summary(&ran);
    assert_eq!((ran.code, counts(&made)[0]), (5, 1), "{made}");
    assert_eq!(made["reasons"]["refused"]["too_long"], 2, "{made}");
    assert_eq!(count(&home, "executions"), 4);
    assert_eq!(home.run(&["import", "events", &write("empty.csv", b"")]).code, 0);
}

/// The commands on imports that the documents show.
fn shown_commands() -> Vec<Vec<String>> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md")).unwrap();
    let commands = text.lines().filter_map(|line| line.strip_prefix("bursar import "));
    commands.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

#[test]
fn the_commands_that_the_documents_show_work() {
    let home = Home::installed();
    set_up(&home);
    home.file("events.jsonl", &execution(1, "BUY", ""));
    home.file(
        "events.csv",
        "kind,eventId,account,at,executionId,symbol,side,quantity,price,booked.commission\n\
         execution,e-2,500125,2026-03-02T08:30:00Z,2,EURUSD,SELL,1.00,1.09000,-3.50\n",
    );
    let commands = shown_commands();
    assert!(commands.len() >= 8, "{commands:?}");
    for command in commands {
        let args: Vec<&str> = ["import"].into_iter().chain(command.iter().map(String::as_str)).collect();
        let ran = home.json(&args);
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.stdout, ran.stderr);
    }
    assert_eq!(home.json(&["audit"]).json()["ok"], true);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_fix() {
    let home = Home::installed();
    let file = |name: &str, bytes: &[u8]| {
        fs::write(home.path(name), bytes).unwrap();
        home.path(name).display().to_string()
    };
    let workbook = file("book.xlsx", b"PK\x03\x04....");
    let wide = file("wide.csv", b"r\0e\0f\0");
    let unknown = file("unknown.csv", b"a,b\n1,2\n");
    for (path, code, sentence) in [
        (workbook.as_str(), 1, "Export it as CSV"),
        (&wide, 1, "save it as UTF-8"),
        (&unknown, 1, "cannot be told from line 1, which begins: a,b"),
        ("nowhere.csv", 1, "nowhere.csv"),
    ] {
        let ran = home.run(&["import", "profiles", path]);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        assert!(ran.stderr.contains(sentence), "{}", ran.stderr);
    }
    let same = home.run(&["import", "profiles", &unknown, "--rejects", &unknown]);
    assert_eq!(same.code, 1, "the format is looked at first");
    let good = file("good.csv", b"email\na@example.com\n");
    assert_eq!(home.run(&["import", "profiles", &good, "--rejects", &good]).code, 2);
    assert_eq!(fs::read(&good).unwrap(), b"email\na@example.com\n");
    assert_eq!(home.run(&["import", "events", &good, "--time-zone", "Europe/Atlantis"]).code, 2);
}
