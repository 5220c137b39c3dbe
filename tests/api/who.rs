//! `bursar audit` on files in which somebody changed who did something, or when.

use super::approvals::decide;
use super::harness::{Caller, PASSWORD, Server};
use super::tampering::{audit, findings, tampered};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Makes a copy of the database, which the audit finds in order.
#[track_caller]
fn clean(server: &Server) -> PathBuf {
    let clean = server.home().join("clean.db");
    let live = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    live.execute("VACUUM INTO ?1", [clean.display().to_string()]).unwrap();
    let sound = audit(&clean);
    assert!(sound.status.success(), "{}", String::from_utf8_lossy(&sound.stdout));
    clean
}

/// Money, clients and accounts that took two people.
fn history(server: &Server) {
    server.set_rules("requires_approval = true");
    server.add_operator("ada", "operator", &[]);
    server.add_operator("bob", "operator", &[]);
    let (_, token) = server.add_token("ada", &["--scope", "funds:move", "--network", "127.0.0.0/8"]);
    let cashier = server.bearer(&token);
    let (ada, bob) = (server.bearer(&server.add_token("ada", &[]).1), server.bearer(&server.add_token("bob", &[]).1));
    let profile = ada.new_profile();
    let account = ada.new_account_of(&profile, "USD");
    cashier.deposit(&account, "100");
    let withdrawal = cashier.ask(&account, "withdrawals", "40");
    bob.step(&format!("/withdrawals/{withdrawal}/approve")).ok();
    ada.step(&format!("/withdrawals/{withdrawal}/pay")).ok();
    let other = bob.new_account("USD");
    let transfer = json!({"fromAccountId": account, "toAccountId": other, "amount": "5"});
    let waiting = bob.post("/transfers", &transfer).waits().text_at("id");
    decide(&ada, &waiting, "/approve").ok();
    let rejected = bob.post("/transfers", &transfer).waits().text_at("id");
    decide(&ada, &rejected, "/reject").ok();
    let reviewed = json!({"email": "new@example.com", "requiresReview": true});
    let reviewed = ada.post("/profiles", &reviewed).ok().text_at("id");
    bob.step(&format!("/profiles/{reviewed}/approve")).ok();
    let opening = json!({"profileId": profile, "groupId": ada.group("USD", false), "currency": "USD",
                         "requiresApproval": true});
    let opened = ada.post("/accounts", &opening).ok().text_at("account/id");
    bob.step(&format!("/accounts/{opened}/approve")).ok();
    ada.ask(&account, "deposits", "7");
    log_in(&server.anyone(), "bob");
    server.add_operator("gone", "viewer", &[]);
    log_in(&server.anyone(), "gone");
    server.command(&["operator", "disable", "gone"]);
}

fn log_in(anyone: &Caller<'_>, name: &str) {
    anyone.post("/user/login", &json!({"username": name, "password": PASSWORD})).ok();
}

#[test]
fn every_change_of_who_did_something_is_found() {
    let server = Server::start("");
    history(&server);
    let clean = clean(&server);
    let is = |name: &str| format!("(SELECT id FROM principals WHERE name = '{name}')");
    let (ada, bob, dev) = (is("ada"), is("bob"), is("dev"));
    let tokens_of =
        |name: &str| format!("(SELECT uuid FROM tokens WHERE principal_id = {} ORDER BY id LIMIT 1)", is(name));
    let paid = "kind = 'withdrawal' AND state = 'posted'";
    let last = "(SELECT max(id) FROM audit_log WHERE action = 'funds.post')";
    for (sql, check) in [
        // Who did it.
        (format!("UPDATE audit_log SET principal_id = {dev} WHERE event_seq IS NOT NULL"), "actors"),
        (format!("UPDATE events SET principal_id = {dev}"), "actors"),
        (format!("UPDATE entries SET principal_id = {bob} WHERE principal_id = {ada}"), "actors"),
        (format!("UPDATE movements SET requested_by = {dev} WHERE {paid}"), "actors"),
        (format!("UPDATE movements SET requested_by = {bob} WHERE kind = 'deposit'"), "actors"),
        (format!("UPDATE approvals SET requested_by = {dev} WHERE state = 'rejected'"), "actors"),
        (format!("UPDATE approvals SET decided_by = {dev} WHERE state = 'rejected'"), "actors"),
        ("UPDATE approvals SET state = 'cancelled' WHERE state = 'rejected'".into(), "actors"),
        (format!("UPDATE profiles SET created_by = {bob} WHERE created_by = {ada}"), "actors"),
        (format!("UPDATE profiles SET reviewed_by = {dev} WHERE reviewed_by IS NOT NULL"), "actors"),
        (format!("UPDATE account_requests SET requested_by = {dev}"), "actors"),
        (format!("UPDATE account_requests SET approved_by = {dev}"), "actors"),
        ("UPDATE account_requests SET approved_by = requested_by".into(), "actors"),
        ("UPDATE audit_log SET machine_user = 'root' WHERE machine_user IS NULL".into(), "actors"),
        // When.
        ("UPDATE audit_log SET recorded_at = recorded_at - 1000 WHERE event_seq IS NOT NULL".into(), "actors"),
        ("UPDATE events SET recorded_at = recorded_at - 5000".into(), "actors"),
        (format!("UPDATE movements SET created_at = created_at - 1 WHERE {paid}"), "actors"),
        ("UPDATE movements SET updated_at = updated_at + 1 WHERE kind = 'transfer'".into(), "actors"),
        ("UPDATE approvals SET requested_at = requested_at - 1".into(), "actors"),
        ("UPDATE approvals SET decided_at = decided_at + 1".into(), "actors"),
        ("UPDATE profiles SET created_at = created_at - 1".into(), "actors"),
        ("UPDATE accounts SET created_at = created_at - 1".into(), "actors"),
        ("UPDATE account_requests SET approved_at = approved_at - 1".into(), "actors"),
        (format!("UPDATE audit_log SET recorded_at = recorded_at - 60000 WHERE id = {last}"), "record"),
        // Two people.
        (format!("UPDATE movements SET approved_by = requested_by WHERE {paid}"), "four_eyes"),
        (format!("UPDATE movements SET approved_by = NULL WHERE {paid}"), "four_eyes"),
        (format!("UPDATE movements SET approved_by = {dev} WHERE {paid}"), "four_eyes"),
        (format!("UPDATE movements SET approved_by = {dev} WHERE kind = 'transfer' AND state = 'posted'"), "four_eyes"),
        (format!("UPDATE movements SET approved_by = {bob} WHERE kind = 'transfer' AND state = 'voided'"), "four_eyes"),
        (format!("UPDATE principals SET role = 'viewer' WHERE id = {bob}"), "four_eyes"),
        // Whether they could.
        (
            "INSERT INTO principals
          SELECT 99, randomblob(16), kind, 'ghost', 'ghost', 'admin', rights, password_hash, 1, NULL
          FROM principals WHERE name = 'ada'"
                .into(),
            "actors",
        ),
        ("DELETE FROM audit_log WHERE action = 'operator.add'".into(), "actors"),
        (format!("UPDATE audit_log SET principal_id = 99 WHERE id = {last}"), "actors"),
        ("UPDATE principals SET created_at = created_at + 600000 WHERE name = 'ada'".into(), "actors"),
        ("UPDATE principals SET disabled_at = disabled_at - 600000 WHERE name = 'gone'".into(), "actors"),
        ("UPDATE principals SET disabled_at = created_at WHERE name = 'ada'".into(), "actors"),
        ("DELETE FROM audit_log WHERE action = 'operator.disable'".into(), "actors"),
        (format!("UPDATE principals SET role = 'viewer' WHERE id = {ada}"), "rights"),
        (format!("UPDATE audit_log SET action = 'operator.add' WHERE id = {last}"), "rights"),
        // With which token.
        ("DELETE FROM audit_log WHERE action = 'token.create'".into(), "tokens"),
        ("DELETE FROM audit_log WHERE action = 'login'".into(), "tokens"),
        (format!("UPDATE audit_log SET token_uuid = {} WHERE principal_id = {ada}", tokens_of("bob")), "tokens"),
        (format!("UPDATE audit_log SET token_uuid = NULL WHERE id = {last}"), "tokens"),
        (format!("UPDATE tokens SET principal_id = {bob} WHERE principal_id = {ada}"), "tokens"),
        (format!("UPDATE tokens SET created_at = created_at + 600000 WHERE principal_id = {ada}"), "tokens"),
        (format!("UPDATE tokens SET expires_at = created_at - 600000 WHERE principal_id = {ada}"), "tokens"),
        (format!("UPDATE tokens SET revoked_at = created_at - 600000 WHERE principal_id = {ada}"), "tokens"),
        ("UPDATE tokens SET scopes = '[\"accounts:read\"]' WHERE scopes IS NOT NULL".into(), "tokens"),
        ("UPDATE tokens SET networks = '[\"10.0.0.0/8\"]' WHERE networks IS NOT NULL".into(), "tokens"),
    ] {
        let output = audit(&tampered(&clean, &sql));
        assert_eq!(output.status.code(), Some(5), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        let found = findings(&output);
        assert!(found.iter().any(|found| found == check), "{sql}: {found:?}");
    }
}

/// What the audit says of a copy changed by this SQL.
fn said(clean: &Path, sql: &str) -> String {
    let report: Value = serde_json::from_slice(&audit(&tampered(clean, sql)).stdout).unwrap();
    report["findings"].to_string()
}

#[test]
fn each_row_of_the_log_is_compared_with_its_events() {
    let server = Server::start("");
    server.admin().deposit(&server.admin().new_account("USD"), "1");
    let clean = clean(&server);
    let row = "(SELECT id FROM audit_log WHERE action = 'funds.post' ORDER BY id DESC LIMIT 1)";
    for change in ["principal_id = 1", "recorded_at = recorded_at + 1"] {
        let said = said(&clean, &format!("UPDATE audit_log SET {change} WHERE id = {row}"));
        assert!(said.contains("names another actor or time than its event"), "{change}: {said}");
    }
}

#[test]
fn a_reset_that_never_was_hides_nothing() {
    let server = Server::production();
    let clean = clean(&server);
    for forged in
        ["DELETE FROM audit_log WHERE action = 'operator.add'", "UPDATE audit_log SET action = 'sandbox.reset'"]
    {
        let said = said(&clean, forged);
        assert!(said.contains("says who added"), "{forged}: {said}");
    }
}

#[test]
fn a_payment_without_approval_from_a_guarded_account_is_found() {
    let server = Server::start("");
    server.add_operator("ada", "operator", &[]);
    let ada = server.bearer(&server.add_token("ada", &[]).1);
    let account = ada.new_account("USD");
    ada.deposit(&account, "100");
    // At first the group has no such rule.
    let pay = |caller: &Caller<'_>| caller.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": "1"}));
    pay(&ada).ok();
    server.set_rules("requires_approval = true");
    pay(&ada).refused("NEEDS_APPROVAL");
    let clean = clean(&server);
    let before = "UPDATE audit_log SET recorded_at = 0 WHERE id IN (SELECT audit_id FROM audit_changes
                  WHERE field = 'requires_approval')";
    let found = findings(&audit(&tampered(&clean, before)));
    assert!(found.contains(&"four_eyes".to_owned()), "the payment came after the rule: {found:?}");
}

#[test]
fn what_one_person_at_the_shell_may_have_asked_and_approved_is_noted() {
    let server = Server::start("");
    let notes = |server: &Server| server.command(&["audit"])["notes"].clone();
    server.set_rules("requires_approval = true");
    server.add_operator("ada", "operator", &[]);
    server.add_operator("bob", "operator", &[]);
    let in_person = |name: &str| {
        let login = json!({"username": name, "password": PASSWORD});
        server.bearer(&server.anyone().post("/user/login", &login).ok().text_at("token"))
    };
    let account = in_person("ada").new_account("USD");
    in_person("ada").deposit(&account, "100");
    let withdrawal = in_person("ada").ask(&account, "withdrawals", "1");
    in_person("bob").step(&format!("/withdrawals/{withdrawal}/approve")).ok();
    assert_eq!(notes(&server), json!([]), "each logged in");
    let (ada, bob) = (server.bearer(&server.add_token("ada", &[]).1), server.bearer(&server.add_token("bob", &[]).1));
    for _ in 0..2 {
        let withdrawal = ada.ask(&account, "withdrawals", "1");
        bob.step(&format!("/withdrawals/{withdrawal}/approve")).ok();
    }
    let noted = notes(&server);
    let Value::Array(noted) = noted else { panic!("{noted}") };
    assert_eq!(noted.len(), 1, "{noted:?}");
    assert!(noted[0].as_str().unwrap().starts_with("bob approved 2 requests of ada, and "), "{noted:?}");
    assert_eq!(server.command(&["audit"])["ok"], true);
}
