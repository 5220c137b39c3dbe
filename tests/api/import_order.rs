//! A day of events leads to the same end in any order and with any repeats, whether it comes by HTTP or from files.

use fastrand::Rng;
use serde_json::{Value, json};

use super::harness::Server;
use super::import_kill::assert_same_end;
use super::imports::{ACCOUNTS, PROFILES, counts};

/// Executions of each account.
const FILLS: usize = 24;

/// A day on a hedging and a netting account: fills, corrections, swaps and money of the platform.
fn day() -> Vec<Value> {
    let mut dice = Rng::with_seed(11);
    let mut events = Vec::new();
    let mut add = |kind: &str, id: String, account: &str, minute: usize, rest: Value| {
        let mut event = json!({
            "kind": kind, "platform": "trading", "eventId": id, "account": account,
            "at": format!("2026-03-02T{:02}:{:02}:00Z", 8 + minute / 60, minute % 60),
        });
        event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        events.push(event);
    };
    for (account, is_hedging) in [("500123", true), ("500125", false)] {
        for number in 0..FILLS {
            let (execution, side) = (format!("{account}-{number}"), ["BUY", "SELL"][dice.usize(..2)]);
            let mut fill = json!({
                "executionId": execution, "symbol": "EURUSD", "side": side,
                "quantity": format!("0.{:02}", 1 + dice.u32(..99)), "price": format!("1.08{:03}", dice.u32(..1000)),
                "booked": {"commission": "-0.07"},
            });
            if is_hedging {
                // Fills of one side open or increase, those of the other reduce; none closes more than is open.
                fill["positionRef"] = format!("p{}", number % 3).into();
                (fill["side"], fill["entry"]) = ("BUY".into(), "in".into());
                if number % 6 >= 3 {
                    (fill["side"], fill["entry"], fill["quantity"]) = ("SELL".into(), "out".into(), "0.01".into());
                }
            }
            add("execution", format!("e-{execution}"), account, number * 3, fill);
        }
        let cancel = json!({"executionId": "cancel", "corrects": format!("{account}-7"), "action": "cancel"});
        add("correction", format!("c-{account}-1"), account, 100, cancel);
        let replace = json!({
            "executionId": "replace", "corrects": format!("{account}-2"), "action": "replace", "price": "1.07500",
        });
        add("correction", format!("c-{account}-2"), account, 101, replace);
        let again = json!({"executionId": "again", "corrects": "replace", "action": "replace", "price": "1.07600"});
        add("correction", format!("c-{account}-3"), account, 102, again);
        let swap = json!({"symbol": "EURUSD", "amount": "-0.31"});
        add("swap", format!("s-{account}"), account, 110, swap);
        add("balance", format!("b-{account}"), account, 0, json!({"operation": "deposit", "amount": "500.00"}));
    }
    events
}

fn import(server: &Server, name: &str, text: &str, more: &[&str]) -> Value {
    let file = server.home().join(name);
    std::fs::write(&file, text).unwrap();
    server.command(&[&["import"], more, &[&file.display().to_string()]].concat())
}

fn server() -> Server {
    let server = Server::start("");
    import(&server, "profiles.csv", PROFILES, &["profiles"]);
    import(&server, "accounts.csv", ACCOUNTS, &["accounts"]);
    server
}

/// Events as CSV, with a column for each member that one of them has.
fn csv(events: &[Value]) -> String {
    let mut columns = std::collections::BTreeSet::new();
    let cells = |event: &Value| -> Vec<(String, String)> {
        let members = event.as_object().unwrap().iter();
        members
            .map(|(name, value)| match value.as_object() {
                Some(_) => (format!("{name}.commission"), value["commission"].as_str().unwrap().to_owned()),
                None => (name.clone(), value.as_str().unwrap().to_owned()),
            })
            .collect()
    };
    columns.extend(events.iter().flat_map(cells).map(|(name, _)| name));
    let mut text = columns.iter().cloned().collect::<Vec<_>>().join(";") + "\n";
    for event in events {
        let found: std::collections::BTreeMap<_, _> = cells(event).into_iter().collect();
        let row: Vec<_> = columns.iter().map(|name| found.get(name).cloned().unwrap_or_default()).collect();
        text += &(row.join(";") + "\n");
    }
    text
}

#[test]
fn a_day_in_any_order_over_http_and_files_ends_the_same() {
    let in_order = server();
    let whole = import(&in_order, "day.csv", &csv(&day()), &["events"]);
    assert_eq!(counts(&whole), [day().len() as u64, 0, 0, 0], "{whole}");
    for seed in 1..=3 {
        let server = server();
        let mut dice = Rng::with_seed(seed);
        let mut events = day();
        let repeats: Vec<Value> = events.iter().filter(|_| dice.bool()).cloned().collect();
        events.extend(repeats);
        dice.shuffle(&mut events);
        let mut accepted = 0;
        while !events.is_empty() {
            let part: Vec<Value> = events.drain(..events.len().min(1 + dice.usize(..30))).collect();
            let answer = match dice.u8(..3) {
                0 => server.admin().post("/platform/events", &Value::Array(part)).ok().json(),
                1 => import(&server, "part.csv", &csv(&part), &["events"]),
                _ => {
                    let lines: String = part.iter().map(|event| format!("{event}\n")).collect();
                    import(&server, "part.jsonl", &lines, &["events"])
                }
            };
            assert_eq!(answer["refused"], 0, "seed {seed}: {answer}");
            accepted += answer["accepted"].as_u64().unwrap();
        }
        assert!(accepted > 0);
        assert_same_end(&server.data_dir(), &in_order.data_dir(), &format!("seed {seed}"));
        assert_eq!(server.command(&["audit"])["ok"], true, "seed {seed}");
    }
}
