//! Balances through the B2Core dialect.

use super::b2core_access::{admin, base, open};
use super::harness::{Caller, Server};
use serde_json::json;

#[track_caller]
fn balance(caller: &Caller<'_>, account: i64) -> String {
    caller.get(&format!("/accounts/{account}/balance")).ok().text_at("balance")
}

/// A wallet in US dollars and one in yen.
fn wallets(server: &Server) -> (i64, i64) {
    let profile = server.admin().new_profile();
    (open(server, &profile, "Wallet", "USD").0, open(server, &profile, "Wallet", "JPY").0)
}

#[test]
fn a_change_of_the_balance_is_a_deposit_or_a_withdrawal() {
    let server = Server::start("");
    let caller = admin(&server);
    let (wallet, yen) = wallets(&server);
    let path = format!("/accounts/{wallet}/balance");
    assert_eq!(balance(&caller, wallet), "0.00");
    for (method, amount, after) in [
        ("PUT", "1000", "1000.00"),
        ("PATCH", "\"0.10\"", "1000.10"),
        ("PATCH", "-500.00", "500.10"),
        ("PUT", "-5e-1", "499.60"),
        ("PATCH", "1.500", "501.10"),
    ] {
        let body = format!("{{\"amount\": {amount}, \"unknown\": [1]}}");
        let reply = caller.send(method, &path, None, Some(body.as_bytes()));
        assert_eq!((reply.status, reply.text.as_str(), reply.header("content-type")), (204, "", None), "{amount}");
        assert_eq!(balance(&caller, wallet), after);
    }
    caller.patch(&format!("/accounts/{yen}/balance"), &json!({"amount": 7})).status_is(204);
    assert_eq!(balance(&caller, yen), "7");
    let deals = server.admin().get(&format!("/accounts?number={wallet}")).ok().text_at("accounts/0/id");
    let actions: Vec<_> = server.admin().deals(&deals).iter().map(|deal| deal["action"].clone()).collect();
    assert_eq!(actions, vec![json!("DEAL_ACTION_BALANCE"); 5]);
}

#[test]
fn refused_changes_of_the_balance_leave_no_trace() {
    let server = Server::start("");
    let caller = admin(&server);
    let (wallet, yen) = wallets(&server);
    let profile = server.admin().new_profile();
    let (trading, _) = open(&server, &profile, "Standard", "USD");
    caller.patch(&format!("/accounts/{wallet}/balance"), &json!({"amount": 12})).status_is(204);
    let retail = server.operator("operator", &["retail"]).at(&base(&server));
    let viewer = server.viewer().at(&base(&server));
    let before = server.trace();
    let send = |caller: &Caller<'_>, account: i64, body: &str| {
        caller.send("PATCH", &format!("/accounts/{account}/balance"), None, Some(body.as_bytes()))
    };
    for body in ["{}", r#"{"amount":0}"#, r#"{"amount":"0.00"}"#, r#"{"amount":0.001}"#, r#"{"amount":"ten"}"#] {
        assert_eq!(send(&caller, wallet, body).refused_as(400, "validation_failed").fields(), ["amount"], "{body}");
    }
    for body in [r#"{"amount":true}"#, r#"{"amount":[1]}"#, r#"{"amount":1e30}"#] {
        assert_eq!(send(&caller, wallet, body).refused_as(400, "validation_failed").fields(), ["amount"], "{body}");
    }
    assert_eq!(send(&caller, yen, r#"{"amount":1.5}"#).refused_as(400, "validation_failed").fields(), ["amount"]);
    for body in ["", "{", "[1]", "amount=5"] {
        assert!(send(&caller, wallet, body).refused_as(400, "validation_failed").fields().is_empty(), "{body}");
    }
    let refused = send(&caller, wallet, r#"{"amount":-12.01}"#).refused_as(400, "insufficient_funds");
    assert!(refused.text_at("message").contains("12.00 USD"), "{}", refused.text);
    send(&caller, trading, r#"{"amount":5}"#).refused_as(400, "not_a_wallet");
    send(&caller, 4711, r#"{"amount":5}"#).refused_as(404, "not_found");
    send(&retail, wallet, r#"{"amount":5}"#).refused_as(404, "not_found");
    send(&viewer, wallet, r#"{"amount":5}"#).refused_as(403, "forbidden");
    caller.patch("/accounts/x/balance", &json!({"amount": 5})).refused_as(404, "not_found");
    retail.get(&format!("/accounts/{wallet}/balance")).refused_as(404, "not_found");
    assert_eq!(server.trace(), before);
    assert_eq!(balance(&caller, wallet), "12.00");
}

#[test]
fn permissions_locks_and_states_stop_changes_of_the_balance() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let profile = native.new_profile();
    let (wallet, id) = open(&server, &profile, "Wallet", "USD");
    let path = format!("/accounts/{wallet}");
    let change = |amount: i64| caller.patch(&format!("{path}/balance"), &json!({"amount": amount}));
    change(100).status_is(204);
    for (permissions, credit, debit) in [
        (json!(["deposit", "trade", "withdrawal"]), 204, 204),
        (json!(["withdrawal"]), 403, 204),
        (json!(["deposit"]), 204, 403),
        (json!([]), 403, 403),
    ] {
        let changed = caller.put(&path, &json!({"permissions": permissions})).ok();
        assert_eq!(changed.json()["permissions"], permissions);
        let before = server.trace();
        for (amount, status) in [(1, credit), (-1, debit)] {
            match status {
                204 => drop(change(amount).status_is(204)),
                _ => {
                    let lacking = if amount > 0 { "deposit" } else { "withdrawal" };
                    let refused = change(amount).refused_as(403, "operation_not_permitted");
                    assert_eq!(refused.text_at("message"), format!("the account lacks the permission {lacking}"));
                }
            }
        }
        assert_eq!(server.trace() == before, credit == 403 && debit == 403, "{permissions}");
    }
    caller.put(&path, &json!({"permissions": ["deposit", "withdrawal"]})).ok();
    native.post(&format!("/accounts/{id}/lock"), &json!({"lock": "CREDITS_ONLY", "reason": "ADM"})).ok();
    change(1).status_is(204);
    change(-1).refused_as(409, "account_locked");
    native.post(&format!("/accounts/{id}/lock"), &json!({"lock": "FULL", "reason": "ADM"})).ok();
    change(1).refused_as(409, "account_locked");
    native.step(&format!("/accounts/{id}/unlock")).ok();
    native.step(&format!("/accounts/{id}/inactive")).ok();
    change(1).refused_as(409, "conflict");
    native.step(&format!("/accounts/{id}/activate")).ok();
    native.step(&format!("/accounts/{id}/close")).ok();
    change(1).refused_as(409, "account_closing");
    let left = balance(&caller, wallet);
    caller.patch(&format!("{path}/balance"), &json!({"amount": format!("-{left}")})).status_is(204);
    change(1).refused_as(409, "account_archived");
    assert_eq!(balance(&caller, wallet), "0.00");
    // The state counts before the kind.
    let (trading, _) = open(&server, &profile, "Standard", "USD");
    caller.post(&format!("/accounts/{trading}/archive"), &json!({})).status_is(204);
    let path = format!("/accounts/{trading}/balance");
    caller.patch(&path, &json!({"amount": 1})).refused_as(409, "account_archived");
}

#[test]
fn a_change_of_the_balance_is_replayed() {
    let server = Server::start("");
    let caller = admin(&server).key("once");
    let (wallet, _) = wallets(&server);
    let path = format!("/accounts/{wallet}/balance");
    let change = |amount: i64| caller.patch(&path, &json!({"amount": amount}));
    assert!(!change(5).status_is(204).is_replayed());
    let before = server.trace();
    assert!(change(5).status_is(204).is_replayed());
    change(6).refused_as(409, "idempotency_conflict");
    assert_eq!(server.trace(), before);
    assert_eq!(balance(&caller, wallet), "5.00");
}

#[test]
fn holds_and_deposits_that_wait_are_not_available() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let profile = native.new_profile();
    let (wallet, id) = open(&server, &profile, "Wallet", "USD");
    native.deposit(&id, "100");
    native.ask(&id, "holds", "40");
    native.ask(&id, "withdrawals", "10");
    native.ask(&id, "deposits", "7");
    assert_eq!(balance(&caller, wallet), "100.00");
    let account = caller.get(&format!("/accounts/{wallet}")).ok();
    assert_eq!(account.text_at("statement/availableBalance"), "50.000000000000000000");
    assert_eq!(account.text_at("statement/hold"), "50.000000000000000000");
    let path = format!("/accounts/{wallet}/balance");
    caller.patch(&path, &json!({"amount": -51})).refused_as(400, "insufficient_funds");
    caller.patch(&path, &json!({"amount": -50})).status_is(204);
}
