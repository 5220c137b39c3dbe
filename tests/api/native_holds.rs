//! Holds: capture and release.

use super::harness::Server;
use serde_json::{Value, json};

#[test]
fn a_hold_is_captured_in_whole_or_in_part() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "100");
    let balances = || (admin.balance(&account), admin.available(&account));
    let (whole, part) = (admin.ask(&account, "holds", "30"), admin.ask(&account, "holds", "50"));
    assert_eq!(balances(), ("100.00".into(), "20.00".into()));
    admin.post(&format!("/holds/{part}/capture"), &json!({"amount": "10.5"})).ok().shows("hold_captured_in_part");
    assert_eq!(balances(), ("89.50".into(), "59.50".into()));
    let captured = admin.send("POST", &format!("/holds/{whole}/capture"), None, None).ok();
    assert_eq!(captured.digits("postedAmount"), "30.00");
    assert_eq!(balances(), ("59.50".into(), "59.50".into()));
    assert_eq!(admin.deals(&account)[0]["id"], captured.json()["dealId"]);
    assert_eq!(admin.get(&format!("/holds/{whole}")).ok().text, captured.text);
    let list = server.viewer().get(&format!("/accounts/{account}/holds?state=POSTED")).ok();
    assert_eq!((list.text_at("total"), list.text_at("movements/0/id")), ("2".into(), part));
}

#[test]
fn a_released_hold_is_available_again() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "100");
    let hold = admin.ask(&account, "holds", "100");
    assert_eq!(admin.available(&account), "0.00");
    let released = admin.step(&format!("/holds/{hold}/release")).ok();
    assert_eq!((released.text_at("state"), released.json()["dealId"].clone()), ("VOIDED".into(), Value::Null));
    assert_eq!((admin.available(&account), admin.deals(&account).len()), ("100.00".into(), 1));
}

#[test]
fn what_a_hold_can_do_in_each_state() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "10");
    let soon = server.advance(0).plus_s(60).to_string();
    let body = json!({"amount": "1", "expiresAt": soon});
    let expired = admin.post(&format!("/accounts/{account}/holds"), &body).ok().text_at("id");
    server.advance(60);
    let (posted, part, voided) =
        (admin.ask(&account, "holds", "1"), admin.ask(&account, "holds", "2"), admin.ask(&account, "holds", "1"));
    admin.step(&format!("/holds/{posted}/capture")).ok();
    admin.post(&format!("/holds/{part}/capture"), &json!({"amount": "0.5"})).ok();
    admin.step(&format!("/holds/{voided}/release")).ok();
    let before = server.trace();
    for (hold, state) in [(&posted, "POSTED"), (&part, "POSTED"), (&voided, "VOIDED"), (&expired, "EXPIRED")] {
        assert_eq!(admin.get(&format!("/holds/{hold}")).ok().text_at("state"), state);
        admin.step(&format!("/holds/{hold}/capture")).refused("WRONG_STATE");
        admin.post(&format!("/holds/{hold}/capture"), &json!({"amount": "0.5"})).refused("WRONG_STATE");
        admin.step(&format!("/holds/{hold}/release")).refused("WRONG_STATE");
    }
    assert_eq!(server.trace(), before);
    assert_eq!((admin.balance(&account), admin.available(&account)), ("8.50".into(), "8.50".into()));
}

#[test]
fn refused_holds_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, gone) = (admin.new_account("USD"), admin.new_account("USD"));
    admin.deposit(&account, "100");
    admin.delete(&format!("/accounts/{gone}")).ok();
    let path = format!("/accounts/{account}/holds");
    let hold = admin.post(&path, &json!({"amount": "30", "reference": "taken"})).ok().text_at("id");
    let nobody = "0198c1f0-0000-7000-8000-000000000000";
    let one = json!({"amount": "1"});
    let before = server.trace();
    for (body, reason) in [
        (json!({"amount": "0"}), "INVALID_FIELD"),
        (json!({"amount": "-1"}), "INVALID_FIELD"),
        (json!({"amount": "70.01"}), "INSUFFICIENT_FUNDS"),
    ] {
        admin.post(&path, &body).refused(reason).naming("amount");
    }
    admin.post(&path, &json!({"amount": "1", "reference": "taken"})).refused("DUPLICATE_REFERENCE");
    admin.post(&format!("/accounts/{nobody}/holds"), &one).refused("NOT_FOUND");
    admin.post(&format!("/accounts/{gone}/holds"), &one).refused("ACCOUNT_ARCHIVED");
    server.viewer().post(&path, &one).refused("RIGHT_MISSING");
    let capture = format!("/holds/{hold}/capture");
    for (amount, reason) in [
        ("30.01", "OUT_OF_RANGE"),
        ("-1", "OUT_OF_RANGE"),
        ("0", "INVALID_FIELD"),
        ("0.001", "INVALID_FIELD"),
        ("x", "INVALID_FIELD"),
    ] {
        admin.post(&capture, &json!({"amount": amount})).refused(reason).naming("amount");
    }
    for step in ["/capture", "/release"] {
        admin.step(&format!("/holds/{nobody}{step}")).refused("NOT_FOUND");
        server.viewer().step(&format!("/holds/{hold}{step}")).refused("RIGHT_MISSING");
    }
    assert_eq!(server.trace(), before);
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": "70"})).ok();
    admin.delete(&format!("/accounts/{account}")).refused("BALANCE_NOT_ZERO");
    admin.step(&capture).ok();
    admin.delete(&format!("/accounts/{account}")).ok();
}
