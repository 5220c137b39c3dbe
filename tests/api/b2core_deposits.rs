//! Deposits through the B2Core dialect.

use super::b2core_access::{admin, base, open};
use super::harness::{Caller, Server, assert_shown};
use serde_json::{Value, json};

fn deposit(account: i64, amount: &Value) -> Value {
    json!({"accountId": account, "methodId": 1, "amount": amount})
}

#[track_caller]
fn ids(caller: &Caller<'_>, query: &str) -> Vec<i64> {
    let list = caller.get(&format!("/deposits?sort_order=asc&{query}")).ok();
    let list = list.json().as_array().unwrap().clone();
    list.iter().map(|deposit| deposit["id"].as_i64().unwrap()).collect()
}

#[test]
fn a_deposit_is_settled_at_once_and_its_commissions_are_recorded_only() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let methods = caller.get("/deposits/methods").ok();
    assert_eq!(methods.text, r#"[{"id":1,"name":"Manual","type":"manual"}]"#);
    let profile = native.new_profile();
    let (wallet, id) = open(&server, &profile, "Wallet", "USD");
    let (trading, _) = open(&server, &profile, "Standard", "EUR");
    let mut body = deposit(wallet, &json!(500));
    body["providerCommission"] = json!("1.50");
    body["vendorCommission"] = json!(0.25);
    body["unknown"] = json!({});
    let made = caller.post("/deposits", &body).status_is(201);
    assert_shown("b2core_deposit", &made.text);
    assert_eq!(made.text, caller.get("/deposits/1").ok().text);
    assert_eq!(native.balance(&id), "500.00");
    let shown = native.get("/deposits").ok();
    assert_eq!(shown.digits("movements/0/providerCommission"), "1.50");
    assert_eq!(shown.digits("movements/0/vendorCommission"), "0.25");
    assert_eq!((shown.digits("movements/0/amount"), shown.digits("movements/0/number")), ("500.00".into(), "1".into()));
    let plain = caller.post("/deposits", &deposit(trading, &json!("0.01"))).status_is(201);
    assert_eq!(
        (plain.text_at("providerCommission"), plain.text_at("vendorCommission")),
        ("0.00".into(), "0.00".into())
    );
    // A change of the balance is a deposit too.
    caller.patch(&format!("/accounts/{wallet}/balance"), &json!({"amount": 5})).status_is(204);
    caller.patch(&format!("/accounts/{wallet}/balance"), &json!({"amount": -5})).status_is(204);
    assert_eq!(caller.get("/deposits/3").ok().text_at("providerCommission"), "0.00");
    let waits = native.ask(&id, "deposits", "7");
    assert_eq!(ids(&caller, ""), [1, 2, 3, 5]);
    assert_eq!(caller.get("/deposits/5").ok().text_at("status"), "pending");
    native.step(&format!("/deposits/{waits}/return")).ok();
    assert_eq!(caller.get("/deposits/5").ok().text_at("status"), "cancelled");
    // One whose booking was reversed gave the account nothing in the end.
    let entry = native.get("/deposits").ok().json();
    let third = entry["movements"].as_array().unwrap().iter().find(|deposit| deposit["number"] == 3).unwrap();
    native.step(&format!("/entries/{}/reverse", third["dealId"].as_str().unwrap())).ok();
    let statuses = caller.get("/deposits?sort_order=asc").ok().json();
    let statuses: Vec<_> = statuses.as_array().unwrap().iter().map(|deposit| deposit["status"].clone()).collect();
    assert_eq!(statuses, ["done", "done", "cancelled", "cancelled"]);
    assert_eq!(caller.get("/deposits/3").ok().text_at("status"), "cancelled");
    assert_eq!(ids(&caller, &format!("filter%5BaccountId%5D={trading}")), [2]);
    assert_eq!(ids(&caller, "filter%5BclientId%5D=1,2"), [1, 2, 3, 5]);
    assert_eq!(ids(&caller, "filter%5BclientId%5D=2"), [0i64; 0]);
    let page = caller.get("/deposits?limit=2").ok();
    assert_eq!((page.header("x-total-count"), page.json()[0]["id"].as_i64()), (Some("4"), Some(5)));
    // A withdrawal is no deposit.
    caller.get("/deposits/4").refused_as(404, "not_found");
    for (query, field) in [("filter%5BmethodId%5D=1", "filter[methodId]"), ("sort_by=amount", "sort_by")] {
        let reply = caller.get(&format!("/deposits?{query}")).refused_as(400, "validation_failed");
        assert_eq!(reply.fields(), [field]);
    }
}

#[test]
fn refused_deposits_leave_no_trace() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let profile = native.new_profile();
    let (wallet, id) = open(&server, &profile, "Wallet", "USD");
    let before = server.trace();
    for (field, value) in [
        ("accountId", Value::Null),
        ("accountId", json!("1")),
        ("methodId", Value::Null),
        ("methodId", json!(2)),
        ("amount", Value::Null),
        ("amount", json!(0)),
        ("amount", json!(-1)),
        ("amount", json!("0.001")),
        ("providerCommission", json!("-1")),
        ("providerCommission", json!("0.001")),
        ("vendorCommission", json!("x")),
        ("vendorCommission", json!("1e30")),
    ] {
        let mut body = deposit(wallet, &json!(1));
        body[field] = value.clone();
        let reply = caller.post("/deposits", &body).refused_as(400, "validation_failed");
        assert_eq!(reply.fields(), [field], "{value}");
    }
    caller.post("/deposits", &deposit(99, &json!(1))).refused_as(404, "not_found");
    server.viewer().at(&base(&server)).post("/deposits", &deposit(wallet, &json!(1))).refused_as(403, "forbidden");
    assert_eq!(server.trace(), before);
    caller.patch(&format!("/accounts/{wallet}"), &json!({"permissions": ["withdrawal"]})).ok();
    let before = server.trace();
    caller.post("/deposits", &deposit(wallet, &json!(1))).refused_as(403, "operation_not_permitted");
    assert_eq!(server.trace(), before);
    caller.patch(&format!("/accounts/{wallet}"), &json!({"permissions": ["deposit"]})).ok();
    native.post(&format!("/accounts/{id}/lock"), &json!({"lock": "FULL", "reason": "ADM"})).ok();
    let before = server.trace();
    caller.post("/deposits", &deposit(wallet, &json!(1))).refused_as(409, "account_locked");
    assert_eq!(server.trace(), before);
    native.step(&format!("/accounts/{id}/unlock")).ok();
    native.delete(&format!("/accounts/{id}")).ok();
    caller.post("/deposits", &deposit(wallet, &json!(1))).refused_as(409, "account_archived");
}

#[test]
fn deposits_of_hidden_clients_are_not_found() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let profile = native.new_profile_with(&json!({"tags": ["vip"]}));
    let (wallet, _) = open(&server, &profile, "Wallet", "USD");
    caller.post("/deposits", &deposit(wallet, &json!(1))).status_is(201);
    let retail = server.operator("operator", &["retail"]).at(&base(&server));
    let before = server.trace();
    retail.get("/deposits/1").refused_as(404, "not_found");
    retail.post("/deposits", &deposit(wallet, &json!(1))).refused_as(404, "not_found");
    let list = retail.get("/deposits").ok();
    assert_eq!((list.text.as_str(), list.header("x-total-count")), ("[]", Some("0")));
    assert_eq!(ids(&retail, "filter%5BclientId%5D=1"), [0i64; 0]);
    assert_eq!(server.trace(), before);
    assert_eq!(ids(&server.operator("operator", &["vip"]).at(&base(&server)), ""), [1]);
}

#[test]
fn a_deposit_is_replayed() {
    let server = Server::start("");
    let caller = admin(&server).key("once");
    let profile = server.admin().new_profile();
    let (wallet, id) = open(&server, &profile, "Wallet", "USD");
    let first = caller.post("/deposits", &deposit(wallet, &json!(1))).status_is(201);
    let before = server.trace();
    let again = caller.post("/deposits", &deposit(wallet, &json!(1))).status_is(201);
    assert_eq!((again.is_replayed(), &again.text, server.trace()), (true, &first.text, before));
    caller.post("/deposits", &deposit(wallet, &json!(2))).refused_as(409, "idempotency_conflict");
    assert_eq!(server.admin().balance(&id), "1.00");
}
