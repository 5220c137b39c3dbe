//! `bursar audit` on files in which one thing was changed by hand.

use super::harness::Server;
use super::native_events::everything;
use crate::common::program::program;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;

pub(super) fn audit(file: &Path) -> Output {
    program().args(["audit", "--quick", "--json"]).arg(file).output().unwrap()
}

/// A copy changed by this SQL.
pub(super) fn tampered(clean: &Path, sql: &str) -> std::path::PathBuf {
    let copy = clean.with_file_name("tampered.db");
    let _ = std::fs::remove_file(&copy);
    std::fs::copy(clean, &copy).unwrap();
    let connection = Connection::open(&copy).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
    assert!(connection.execute(sql, []).unwrap_or_else(|error| panic!("{sql}: {error}")) > 0, "{sql}");
    copy
}

pub(super) fn findings(output: &Output) -> Vec<String> {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["findings"].as_array().unwrap().iter().map(|found| found["check"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_kind_of_tampering_is_found() {
    let server = Server::start("[events]\nretention_days = 10\n");
    everything(&server);
    server.set_rules("minimum_balance = \"-90\"");
    let admin = server.admin();
    let account = admin.new_account("USD");
    for minimum in ["-70", "-90", "-60"] {
        admin.put(&format!("/accounts/{account}"), &json!({"minimumBalance": minimum})).ok();
    }
    admin.deposit(&account, "5");
    let key = admin.key("kept");
    key.post(&format!("/accounts/{account}/deposit"), &json!({"amount": "1"})).ok();
    admin.deposit(&admin.new_account("USD"), "2");
    admin.key("other").ask(&account, "deposits", "1");
    let clean = server.home().join("clean.db");
    let live = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    live.execute("VACUUM INTO ?1", [clean.display().to_string()]).unwrap();
    let pruned: i64 = live.query_row("SELECT seq FROM event_checkpoint", [], |row| row.get(0)).unwrap();
    assert!(pruned > 0, "there is a checkpoint to tamper with");
    let sound = audit(&clean);
    assert!(sound.status.success(), "{}", String::from_utf8_lossy(&sound.stdout));

    let past = "recorded_at < (SELECT max(l.recorded_at) FROM book_figures l WHERE l.book_id = book_figures.book_id)";
    let last = "(SELECT max(seq) FROM events)";
    let posted = "(SELECT max(seq) FROM events WHERE type = 'entry.posted')";
    let kept = "(SELECT key_hash FROM idempotency_0 LIMIT 1)";
    for (sql, check) in [
        (format!("DELETE FROM events WHERE seq = {last}"), "record"),
        (format!("DELETE FROM events WHERE seq = {last} - 3"), "events"),
        ("DELETE FROM events WHERE seq = (SELECT min(seq) FROM events)".into(), "events"),
        ("DELETE FROM events".into(), "events"),
        ("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events WHERE type = 'entry.posted')".into(), "events"),
        ("UPDATE events SET subject_id = 999999 WHERE type = 'movement.requested'".into(), "orphans"),
        ("UPDATE events SET subject_id = 999999 WHERE type = 'account.updated'".into(), "orphans"),
        ("UPDATE events SET subject_id = 999999 WHERE type = 'profile.updated'".into(), "orphans"),
        ("UPDATE events SET subject_id = 999999 WHERE type = 'entry.posted'".into(), "orphans"),
        ("UPDATE events SET subject_id = 999999 WHERE type = 'reference.changed'".into(), "orphans"),
        (
            format!(
                "UPDATE events SET subject_id = subject_id - 1
                 WHERE seq = {last} AND type LIKE 'movement.%'"
            ),
            "record",
        ),
        (format!("UPDATE events SET subject_id = subject_id - 1 WHERE seq = {posted}"), "events"),
        (format!("UPDATE events SET subject_id = subject_id - 1 WHERE seq = {posted}"), "record"),
        ("UPDATE events SET type = 'movement.settled' WHERE type = 'movement.changed'".into(), "orphans"),
        (format!("UPDATE events SET type = 'account.updated' WHERE seq = {last}"), "events"),
        (format!("UPDATE events SET payload_version = 0 WHERE seq = {last}"), "events"),
        (format!("UPDATE events SET payload_version = 2 WHERE seq = {last}"), "events"),
        (format!("UPDATE events SET payload_version = 0 WHERE seq = {posted}"), "events"),
        ("UPDATE events SET payload_version = 0 WHERE type = 'profile.updated'".into(), "events"),
        (format!("UPDATE events SET payload = NULL WHERE seq = {last}"), "events"),
        (format!("UPDATE events SET payload = '{{\"legs\":[0]}}' WHERE seq = {posted}"), "events"),
        (format!("UPDATE events SET payload = '{{\"legs\":[0,2]}}' WHERE seq = {posted}"), "events"),
        (
            format!(
                "UPDATE events SET payload = '{{\"reserves\":{{\"0\":{{\"held\":1}}}}}}'
                 WHERE seq = {posted}"
            ),
            "event_balances",
        ),
        (
            "UPDATE events SET payload = json_set(payload, '$.minimum', -1)
             WHERE type = 'account.updated'"
            .into(),
            "figures",
        ),
        (
            "UPDATE events SET payload = json_set(payload, '$.group', 2)
             WHERE type = 'account.updated'"
            .into(),
            "figures",
        ),
        (
            "UPDATE events SET payload = json_set(payload, '$.legs', json('[0,1,2]'))
             WHERE payload ->> 'legs' IS NOT NULL"
            .into(),
            "events",
        ),
        (format!("UPDATE events SET payload = 'nonsense' WHERE seq = {last}"), "events"),
        (
            format!(
                "UPDATE events SET payload = json_set(payload, '$.pending', 200)
                 WHERE seq = {last}"
            ),
            "event_balances",
        ),
        (format!("UPDATE events SET payload = json_set(payload, '$.balance', 1) WHERE seq = {last}"), "event_balances"),
        ("UPDATE event_checkpoint_books SET balance_minor = balance_minor + 1".into(), "event_checkpoint"),
        ("UPDATE event_checkpoint SET seq = seq - 1".into(), "events"),
        (
            "DELETE FROM audit_log
             WHERE id = (SELECT max(id) FROM audit_log WHERE event_seq IS NOT NULL)"
            .into(),
            "record",
        ),
        (
            "UPDATE audit_log SET object_uuid = randomblob(16)
             WHERE id = (SELECT max(id) FROM audit_log WHERE event_seq IS NOT NULL)"
            .into(),
            "record",
        ),
        (format!("UPDATE idempotency_0 SET outcome = '{{' WHERE key_hash = {kept}"), "outcomes"),
        (format!("UPDATE idempotency_0 SET outcome = '{{}}' WHERE key_hash = {kept}"), "outcomes"),
        (format!("UPDATE idempotency_0 SET command_hash = x'00' WHERE key_hash = {kept}"), "outcomes"),
        (
            "UPDATE idempotency_0 SET outcome = json_set(outcome, '$.o.e', '0198c1f0-0000-7000-8000-000000000000')
             WHERE json_type(outcome, '$.o.e') = 'text'".into(),
            "outcomes",
        ),
        ("UPDATE books SET held_minor = held_minor + 1 WHERE id = 1".into(), "reserved"),
        ("UPDATE books SET pending_minor = pending_minor + 1 WHERE id = 1".into(), "reserved"),
        ("UPDATE movements SET state = 'voided' WHERE entry_seq IS NOT NULL".into(), "movements"),
        ("UPDATE movements SET posted_minor = posted_minor - 1 WHERE posted_minor > 1".into(), "movements"),
        ("DELETE FROM movements WHERE state = 'pending' AND kind = 'hold'".into(), "reserved"),
        ("UPDATE movements SET approved_by = 1 WHERE state = 'pending'".into(), "movements"),
        ("UPDATE movements SET state = 'approved' WHERE state = 'pending'".into(), "movements"),
        ("UPDATE movements SET clears_at = NULL WHERE uncleared_minor > 0".into(), "movements"),
        ("UPDATE accounts SET lock = 'full'".into(), "locks"),
        ("UPDATE accounts SET lock_holder = 'system', lock_reason = 'FRD'".into(), "locks"),
        ("UPDATE book_figures SET held_minor = held_minor + 1".into(), "figures"),
        ("DELETE FROM book_figures".into(), "figures"),
        (format!("UPDATE book_figures SET held_minor = held_minor + 1 WHERE {past} AND held_minor > 0"), "figures"),
        (
            format!(
                "UPDATE book_figures SET uncleared_minor = uncleared_minor + 1
                 WHERE {past} AND uncleared_minor > 0"
            ),
            "figures",
        ),
        (format!("UPDATE book_figures SET pending_minor = 0 WHERE {past} AND pending_minor > 0"), "figures"),
        (
            format!(
                "UPDATE book_figures SET credit_net_minor = credit_net_minor - 1
                 WHERE {past} AND credit_net_minor <> 0"
            ),
            "figures",
        ),
        (
            format!(
                "UPDATE OR REPLACE book_figures SET recorded_at = recorded_at - 1
                 WHERE {past} AND held_minor > 0"
            ),
            "figures",
        ),
        (
            format!(
                "UPDATE OR REPLACE book_figures SET recorded_at = recorded_at + 1
                 WHERE {past} AND pending_minor > 0"
            ),
            "figures",
        ),
        (format!("DELETE FROM book_figures WHERE {past} AND held_minor > 0"), "figures"),
        (format!("DELETE FROM book_figures WHERE {past} AND credit_net_minor <> 0"), "figures"),
        (
            format!(
                "UPDATE book_figures SET minimum_minor = minimum_minor - 1
                 WHERE {past} AND held_minor > 0"
            ),
            "figures",
        ),
        (
            format!(
                "UPDATE book_figures SET minimum_minor = minimum_minor - 1
                 WHERE {past} AND minimum_minor < 0"
            ),
            "figures",
        ),
        (format!("UPDATE book_figures SET group_id = (SELECT max(id) FROM account_groups) WHERE {past}"), "figures"),
        (format!("DELETE FROM book_figures WHERE {past} AND minimum_minor < 0"), "figures"),
        (
            "INSERT INTO book_figures
             SELECT book_id, min(recorded_at) - 1, 5, 0, 0, 0, 0, group_id FROM book_figures"
            .into(),
            "figures",
        ),
        ("UPDATE postings SET effective_at = recorded_at - 1 WHERE entry_seq = 2".into(), "journal"),
        ("INSERT INTO postings SELECT book_id, 99999, 1, balance_minor + 1, recorded_at, kind, entry_uuid, NULL, NULL
          FROM postings ORDER BY entry_seq DESC LIMIT 1".into(), "journal"),
        ("UPDATE entries SET kind = 'fee' WHERE seq = 2".into(), "chain"),
        ("UPDATE postings SET comment = 'another' WHERE comment IS NOT NULL".into(), "comment"),
        ("UPDATE books SET balance_minor = balance_minor + 1 WHERE id = 1".into(), "balance"),
    ] {
        let output = audit(&tampered(&clean, &sql));
        assert_eq!(output.status.code(), Some(5), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        let found = findings(&output);
        assert!(found.iter().any(|found| found == check), "{sql}: {found:?}");
    }
}

#[test]
fn a_file_of_another_version_is_not_proven_but_named() {
    let server = Server::start("");
    let clean = server.home().join("clean.db");
    let live = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    live.execute("VACUUM INTO ?1", [clean.display().to_string()]).unwrap();
    let newest = "(SELECT max(version) FROM refinery_schema_history)";
    for (sql, next) in [
        (format!("DELETE FROM refinery_schema_history WHERE version = {newest}"), "bursar serve"),
        (format!("UPDATE refinery_schema_history SET version = 999 WHERE version = {newest}"), "or a newer one"),
    ] {
        let output = audit(&tampered(&clean, &sql));
        let error: Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{error}");
        assert!(error["error"]["message"].as_str().unwrap().contains("schema version"), "{error}");
        assert!(error["error"]["next"].as_str().unwrap().contains(next), "{error}");
    }
}
