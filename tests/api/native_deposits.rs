//! Deposits in two phases, and their hold times.

use super::harness::Server;
use serde_json::{Value, json};

#[test]
fn a_deposit_is_pending_until_it_settles() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let body = json!({"amount": "100.005", "reason": "wire", "reference": "wire 17"});
    let announced = admin.post(&format!("/accounts/{account}/deposits"), &body).ok().shows("deposit_announced");
    let path = format!("/deposits/{}", announced.text_at("id"));
    assert_eq!((admin.balance(&account), admin.available(&account)), ("0.00".into(), "0.00".into()));
    assert_eq!(admin.get(&path).ok().text, announced.text);
    let settled = admin.step(&format!("{path}/settle")).ok().shows("deposit_settled");
    assert_eq!((admin.balance(&account), admin.available(&account)), ("100.01".into(), "100.01".into()));
    let deals = admin.deals(&account);
    assert_eq!((&deals[0]["id"], &deals[0]["comment"]), (&settled.json()["dealId"], &"wire".into()));
    assert_eq!((&deals[0]["action"], deals.len()), (&"DEAL_ACTION_BALANCE".into(), 1));
    assert_eq!(admin.get(&path).ok().text, settled.text);
}

#[test]
fn a_deposit_that_did_not_come_is_returned() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let deposit = admin.ask(&account, "deposits", "100");
    admin.delete(&format!("/accounts/{account}")).refused("PENDING_LEFT");
    let returned = admin.step(&format!("/deposits/{deposit}/return")).ok();
    assert_eq!((returned.text_at("state"), returned.json()["dealId"].clone()), ("VOIDED".into(), Value::Null));
    assert_eq!((admin.balance(&account), admin.deals(&account).len()), ("0.00".into(), 0));
    admin.delete(&format!("/accounts/{account}")).ok();
}

#[test]
fn what_a_deposit_can_do_in_each_state() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    let in_an_hour = server.advance(0).plus_s(3600).to_string();
    let expiring = json!({"amount": "1", "expiresAt": in_an_hour});
    let expired = admin.post(&format!("/accounts/{account}/deposits"), &expiring).ok();
    assert_eq!(expired.text_at("expiresAt"), in_an_hour);
    let expired = expired.text_at("id");
    server.advance(3600);
    let (posted, voided) = (admin.ask(&account, "deposits", "1"), admin.ask(&account, "deposits", "1"));
    admin.step(&format!("/deposits/{posted}/settle")).ok();
    admin.step(&format!("/deposits/{voided}/return")).ok();
    let before = server.trace();
    for (deposit, state) in [(&posted, "POSTED"), (&voided, "VOIDED"), (&expired, "EXPIRED")] {
        assert_eq!(admin.get(&format!("/deposits/{deposit}")).ok().text_at("state"), state);
        admin.step(&format!("/deposits/{deposit}/settle")).refused("WRONG_STATE");
        admin.step(&format!("/deposits/{deposit}/return")).refused("WRONG_STATE");
        // A deposit is not a hold.
        admin.step(&format!("/holds/{deposit}/release")).refused("NOT_FOUND");
    }
    assert_eq!(server.trace(), before);
    assert_eq!((admin.balance(&account), admin.available(&account)), ("1.00".into(), "1.00".into()));
}

#[test]
fn refused_deposits_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, gone) = (admin.new_account("USD"), admin.new_account("USD"));
    let path = format!("/accounts/{account}/deposits");
    admin.post(&path, &json!({"amount": "1", "reference": "taken"})).ok();
    let late = admin.ask(&gone, "deposits", "1");
    admin.step(&format!("/deposits/{late}/return")).ok();
    admin.delete(&format!("/accounts/{gone}")).ok();
    let nobody = "0198c1f0-0000-7000-8000-000000000000";
    let before = server.trace();
    for (body, reason, field) in [
        (json!({}), "INVALID_FIELD", "amount"),
        (json!({"amount": "0"}), "INVALID_FIELD", "amount"),
        (json!({"amount": "0.004"}), "INVALID_FIELD", "amount"),
        (json!({"amount": "-1"}), "INVALID_FIELD", "amount"),
        (json!({"amount": "1e3"}), "INVALID_FIELD", "amount"),
        (json!({"amount": "1000000000000000.01"}), "OUT_OF_RANGE", "amount"),
        (json!({"amount": "1", "reason": "r".repeat(256)}), "OUT_OF_RANGE", "reason"),
        (json!({"amount": "1", "reason": "a", "comment": "b"}), "INVALID_FIELD", "comment"),
        (json!({"amount": "1", "reference": "r".repeat(101)}), "OUT_OF_RANGE", "reference"),
        (json!({"amount": "1", "expiresAt": "tomorrow"}), "INVALID_FIELD", "expiresAt"),
        (json!({"amount": "1", "expiresAt": "2020-01-01T00:00:00Z"}), "OUT_OF_RANGE", "expiresAt"),
    ] {
        admin.post(&path, &body).refused(reason).naming(field);
    }
    admin.post(&path, &json!({"amount": "2", "reference": "taken"})).refused("DUPLICATE_REFERENCE").naming("reference");
    let one = json!({"amount": "1"});
    admin.post(&format!("/accounts/{nobody}/deposits"), &one).refused("NOT_FOUND");
    admin.post(&format!("/accounts/{gone}/deposits"), &one).refused("ACCOUNT_ARCHIVED");
    for step in ["settle", "return"] {
        admin.step(&format!("/deposits/{nobody}/{step}")).refused("NOT_FOUND");
        server.viewer().step(&format!("/deposits/{late}/{step}")).refused("RIGHT_MISSING");
    }
    admin.step(&format!("/deposits/{late}/settle")).refused("WRONG_STATE");
    admin.step(&format!("/deposits/{late}/return")).refused("WRONG_STATE");
    server.viewer().post(&path, &one).refused("RIGHT_MISSING");
    assert_eq!(server.trace(), before);
    // A reference is unique among deposits only.
    admin.deposit(&account, "5");
    admin.post(&format!("/accounts/{account}/holds"), &json!({"amount": "1", "reference": "taken"})).ok();
}

#[test]
fn deposits_are_listed_newest_first_by_account_and_state() {
    let server = Server::start("");
    let admin = server.admin();
    let (one, two) = (admin.new_account("USD"), admin.new_account("USD"));
    let ids: Vec<_> = (1..=3).map(|amount| admin.ask(&one, "deposits", &amount.to_string())).collect();
    admin.step(&format!("/deposits/{}/settle", ids[1])).ok();
    admin.ask(&two, "deposits", "9");
    admin.deposit(&two, "7");
    let viewer = server.viewer();
    let amounts = |path: &str| -> Vec<f64> {
        let list = viewer.get(path).ok().json();
        list["movements"].as_array().unwrap().iter().map(|movement| movement["amount"].as_f64().unwrap()).collect()
    };
    assert_eq!(amounts(&format!("/accounts/{one}/deposits")), [3.0, 2.0, 1.0]);
    assert_eq!(amounts(&format!("/accounts/{one}/deposits?state=posted")), [2.0]);
    assert_eq!(amounts("/deposits"), [7.0, 9.0, 3.0, 2.0, 1.0]);
    assert_eq!(amounts(&format!("/deposits?accountId={two}&state=PENDING")), [9.0]);
    assert_eq!(amounts("/deposits?perPage=2&page=2"), [3.0, 2.0]);
    assert_eq!(viewer.get("/deposits?perPage=2").ok().text_at("total"), "5");
    viewer.get("/deposits?state=DONE").refused("INVALID_FIELD").naming("state");
    let nobody = "0198c1f0-0000-7000-8000-000000000000";
    viewer.get(&format!("/accounts/{nobody}/deposits")).refused("NOT_FOUND");
    viewer.get(&format!("/deposits/{nobody}")).refused("NOT_FOUND");
}

#[test]
fn a_group_holds_deposits_back_and_nothing_else() {
    const DAY: i64 = 86_400;
    let server = Server::start("");
    server.set_rules("deposit_hold_days = 2\nnew_client_hold_days = 5");
    let admin = server.admin();
    let account = admin.new_account("USD");
    let balances = || (admin.balance(&account), admin.available(&account));
    let shown = |balance: &str, available: &str| (balance.to_owned(), available.to_owned());
    // A new client's money is held until its fifth day, announced or not.
    admin.deposit(&account, "100");
    let deposit = admin.ask(&account, "deposits", "50");
    assert_eq!(balances(), shown("100.00", "0.00"));
    let settled = admin.step(&format!("/deposits/{deposit}/settle")).ok();
    assert!(settled.json()["availableAt"].is_string());
    assert_eq!(balances(), shown("150.00", "0.00"));
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": 1})).refused("INSUFFICIENT_FUNDS");
    let adjust = json!({"amount": 3, "action": "DEAL_ACTION_BONUS"});
    admin.post(&format!("/accounts/{account}/balance"), &adjust).ok();
    assert_eq!(balances(), shown("153.00", "3.00"));
    admin.delete(&format!("/accounts/{account}")).refused("BALANCE_NOT_ZERO");
    server.advance(4 * DAY);
    assert_eq!(balances(), shown("153.00", "3.00"));
    // From here on the two days of the group end after the five of a new client.
    admin.deposit(&account, "10");
    server.advance(DAY);
    assert_eq!(balances(), shown("163.00", "153.00"));
    server.advance(DAY - 60);
    assert_eq!(balances(), shown("163.00", "153.00"));
    server.advance(60);
    assert_eq!(balances(), shown("163.00", "163.00"));
    assert_eq!(admin.get(&format!("/deposits/{deposit}")).ok().text_at("state"), "POSTED");
    server.trace();
}
