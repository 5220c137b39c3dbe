//! Events that an older version wrote as JSON of the API: they read the same, prove the same balances, and are followed
//! by new events in the same stream.

use super::harness::{Caller, Server};
use super::native_events::{DAY, read_all, rebuilt, stored};
use super::tampering::{audit, findings, tampered};
use super::upgrade::{empty, replace};
use bursar::domain::clock::Moment;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// An event as read, with the exact text of its data.
#[derive(Deserialize, PartialEq, Debug)]
#[serde(rename_all = "camelCase")]
struct Read {
    seq: String,
    #[serde(rename = "type")]
    kind: String,
    object_id: String,
    profile_id: Option<String>,
    actor: Value,
    recorded_at: String,
    data: Characters,
}

#[derive(Deserialize, Debug)]
#[serde(transparent)]
struct Characters(Box<RawValue>);

impl PartialEq for Characters {
    fn eq(&self, other: &Characters) -> bool {
        self.0.get() == other.0.get()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    events: Vec<Read>,
    next_after: String,
    has_more: bool,
}

fn read(caller: &Caller<'_>) -> Vec<Read> {
    let (mut all, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let text = caller.get(&format!("/events?limit=50&after={after}")).ok().text;
        let page: Page = serde_json::from_str(&text).unwrap();
        all.extend(page.events);
        if !page.has_more {
            return all;
        }
        after = page.next_after;
    }
}

/// The data of an event as version 12 stored it, respelled with the current names and enums. Digits are unchanged.
fn respelled(stored: &str) -> Box<RawValue> {
    let members: BTreeMap<&str, &RawValue> = serde_json::from_str(stored).unwrap();
    let upper = |value: &RawValue| value.get().to_uppercase().replace("NULL", "null");
    let prefixed = |prefix: &str, value: &RawValue| match value.get() {
        "null" => format!("\"{prefix}UNSPECIFIED\""),
        name => format!("\"{prefix}{}\"", name.trim_matches('"').to_uppercase()),
    };
    let spelled = members.into_iter().map(|(name, value)| match name {
        "tradeStatus" => ("status", prefixed("TRADE_STATUS_", value)),
        "positionMode" => (name, prefixed("POSITIONING_MODE_", value)),
        "marginCalculationOverride" => ("marginCalcTypeOverride", prefixed("MARGIN_CALC_TYPE_", value)),
        "lockHolder" => {
            let code = match value.get() {
                "null" => "UNL",
                "\"customer\"" => "CST",
                _ => "SYS",
            };
            ("lockType", format!("\"{code}\""))
        }
        "allowsCredits" => ("allowCredits", value.get().to_owned()),
        "allowsDebits" => ("allowDebits", value.get().to_owned()),
        "entryId" => ("dealId", value.get().to_owned()),
        "asked_for" => ("askedFor", value.get().to_owned()),
        "reached_at" => ("reachedAt", value.get().to_owned()),
        "last_entry" => ("lastEntry", value.get().to_owned()),
        "last_event" => ("lastEvent", value.get().to_owned()),
        "next_entry" => ("nextEntry", value.get().to_owned()),
        "next_event" => ("nextEvent", value.get().to_owned()),
        "lifecycle" | "lock" | "state" | "status" | "kind" | "access" => (name, upper(value)),
        _ => (name, value.get().to_owned()),
    });
    let spelled: BTreeMap<_, _> = spelled.map(|(name, value)| (name, RawValue::from_string(value).unwrap())).collect();
    to_raw_value(&spelled).unwrap()
}

/// The events in a database of schema version 12, as they are shown today to an operator who sees everything.
fn shown_by_version_12(connection: &Connection) -> Vec<Read> {
    let sql = "SELECT e.seq, e.type, e.object_uuid, p.uuid, o.uuid, o.name, e.recorded_at, e.payload
               FROM events e JOIN principals o ON o.id = e.principal_id LEFT JOIN profiles p ON p.id = e.profile_id
               ORDER BY e.seq";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        Ok(Read {
            seq: row.get::<_, i64>(0)?.to_string(),
            kind: row.get(1)?,
            object_id: row.get::<_, Uuid>(2)?.to_string(),
            profile_id: row.get::<_, Option<Uuid>>(3)?.map(|id| id.to_string()),
            actor: json!({"id": row.get::<_, Uuid>(4)?.to_string(), "name": row.get::<_, String>(5)?}),
            recorded_at: Moment::from_unix_ms(row.get(6)?).to_string(),
            data: Characters(respelled(&row.get::<_, String>(7)?)),
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// A server on the database in `schema-12.sql`, and the events in it.
fn old(config: &str) -> (Server, Vec<Read>) {
    let mut server = Server::start(config);
    let mut shown = Vec::new();
    server.restart_after(|file| {
        let old = file.with_extension("old");
        let connection = empty(&old, 12);
        let sql = "SELECT group_concat('DELETE FROM ' || name, ';') FROM sqlite_schema
                   WHERE type = 'table' AND name NOT LIKE 'refinery%' AND name NOT LIKE 'sqlite%'";
        let clear: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        connection.execute_batch(&format!("BEGIN;{clear};{};COMMIT", include_str!("schema-12.sql"))).unwrap();
        shown = shown_by_version_12(&connection);
        replace(file, &old, connection, 0x4255_5253);
    });
    (server, shown)
}

/// Asserts that the balances since the checkpoint lead to the present ones, and that the audit finds nothing.
#[track_caller]
fn proven(server: &Server, caller: &Caller<'_>) {
    assert_eq!(rebuilt(caller), stored(&server.data_dir().join("bursar.db")));
    let audit = server.command(&["audit"]);
    assert_eq!(audit["ok"], true, "{audit}");
}

/// Moves money in every way that leaves another form of event.
fn go_on(server: &Server, caller: &Caller<'_>) {
    server.set_rules("");
    let (one, two) = (caller.new_account("USD"), caller.new_account("USD"));
    caller.deposit(&one, "20");
    caller.ask(&one, "holds", "2");
    caller.ask(&one, "deposits", "3");
    caller.put(&format!("/accounts/{one}"), &json!({"maxLeverage": 7})).ok();
    caller.step(&format!("/profiles/{}/archive", caller.new_profile())).ok();
    let transfer = json!({"fromAccountId": one, "toAccountId": two, "amount": "4"});
    caller.post("/transfers", &transfer).ok();
    // The last word on what it holds and awaits is the event of an entry.
    caller.deposit(&one, "1");
}

#[test]
fn old_events_say_what_they_said_and_go_on_in_one_stream_with_new_ones() {
    let (server, before) = old("");
    let kinds: BTreeSet<_> = before.iter().map(|event| event.kind.clone()).collect();
    assert_eq!(kinds.len(), 24, "one event of each earlier type: {kinds:?}");
    let caller = server.bearer(&server.add_token("dev", &[]).1);
    let now = read(&caller);
    assert_eq!(now[..before.len()], before[..]);
    proven(&server, &caller);
    go_on(&server, &caller);
    let now = read(&caller);
    assert_eq!(now[..before.len()], before[..]);
    assert!(now.len() > before.len() + 8);
    let numbers: Vec<i64> = now.iter().map(|event| event.seq.parse().unwrap()).collect();
    let gaps = numbers.windows(2).filter(|pair| pair[1] != pair[0] + 1).count();
    assert_eq!(gaps, 1, "only the restore leaves a gap: {numbers:?}");
    proven(&server, &caller);
    // An old account in a new event, with its new state beside the old one.
    let account = before.iter().find(|event| event.kind == "account.opened").unwrap().object_id.clone();
    caller.put(&format!("/accounts/{account}"), &json!({"maxLeverage": 3})).ok();
    let of_account = read_all(&caller, "0", "&types=account.opened,account.updated", 7);
    let leverages: Vec<_> = of_account
        .iter()
        .filter(|event| event["objectId"] == *account)
        .map(|event| &event["data"]["maxLeverage"])
        .collect();
    assert_eq!(leverages, [&json!("30"), &json!("3")]);
}

#[test]
fn tags_hide_in_old_events_what_they_hide_in_new_ones() {
    let (server, before) = old("");
    let [vip, retail] = ["vip", "retail"].map(|tag| server.operator("viewer", &[tag]));
    let of = |caller: &Caller<'_>| read_all(caller, "0", "&types=entry.posted,movement.*", 1000);
    let transfers: Vec<&Read> = before.iter().filter(|event| event.data.0.get().contains("toAccountId")).collect();
    assert_eq!(transfers.len(), 2, "one to another client, and one to an account of the same one");
    let (of_vip, of_retail) = (of(&vip), of(&retail));
    assert!(of_vip.len() > 15 && of_retail.len() > 3, "{} {}", of_vip.len(), of_retail.len());
    for event in of_vip.iter().chain(&of_retail) {
        let lines = event["data"]["balances"].as_array().unwrap();
        assert!(!lines.is_empty() && lines.iter().all(|line| line["accountId"].is_string()), "{event}");
    }
    let receivers: Vec<_> = of_vip.iter().filter(|event| event["data"]["kind"] == "TRANSFER").collect();
    let shown = |event: &Value| event["data"].get("toAccountId").is_some();
    let posted = |event: &&&Value| event["type"] == "movement.requested";
    assert_eq!(receivers.iter().filter(posted).map(|event| shown(event)).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn old_and_new_events_are_pruned_behind_one_checkpoint() {
    let (server, before) = old("[events]\nretention_days = 10\n");
    let caller = server.bearer(&server.add_token("dev", &[]).1);
    let oldest = || read_all(&caller, &caller.get("/events/checkpoint").ok().text_at("seq"), "", 1000)[0].clone();
    let mut seen = BTreeSet::new();
    for days in [3, 4, 4, 9] {
        go_on(&server, &caller);
        caller.post("/sandbox/clock", &json!({"advance": days * DAY})).ok();
        go_on(&server, &caller);
        proven(&server, &caller);
        seen.insert(oldest()["seq"].as_str().unwrap().parse::<i64>().unwrap());
    }
    let last: i64 = before.last().unwrap().seq.parse().unwrap();
    let first: i64 = before[0].seq.parse().unwrap();
    assert!(seen.iter().any(|seq| *seq > first && *seq <= last), "cut among old ones: {seen:?}");
    assert!(seen.iter().any(|seq| *seq > last + 1), "cut among new ones: {seen:?}");
}

#[test]
fn tampering_with_old_events_is_found() {
    let (server, _) = old("");
    let clean = server.home().join("clean.db");
    let live = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    live.execute("VACUUM INTO ?1", [clean.display().to_string()]).unwrap();
    assert_eq!(findings(&audit(&clean)), [""; 0]);
    let of_account = "seq = (SELECT max(seq) FROM events WHERE type = 'account.updated')";
    for (sql, check) in [
        (r#"UPDATE events SET payload = replace(payload, '"held":3.00', '"held":4.00')"#.to_owned(), "event_balances"),
        (r#"UPDATE events SET payload = replace(payload, '"balance":', '"balanse":')"#.to_owned(), "events"),
        (
            format!(
                r#"UPDATE events SET payload = replace(payload, '"minimumBalance":-70', '"minimumBalance":-71')
                   WHERE {of_account}"#
            ),
            "figures",
        ),
        ("UPDATE events SET payload_version = 1 WHERE type = 'movement.requested'".to_owned(), "events"),
        ("UPDATE events SET subject_id = subject_id + 1 WHERE type = 'entry.posted'".to_owned(), "events"),
        ("DELETE FROM events WHERE seq = 20".to_owned(), "events"),
    ] {
        let found = findings(&audit(&tampered(&clean, &sql)));
        assert!(found.iter().any(|found| found == check), "{sql}: {found:?}");
    }
}
