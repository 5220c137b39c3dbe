//! Details of clients and accounts: goals, and what follows from the ledger.

use super::harness::{Caller, PATIENCE, Server};
use serde_json::{Value, json};
use std::time::Instant;

fn details(caller: &Caller<'_>, account: &str) -> Value {
    caller.get(&format!("/accounts/{account}/details")).ok().json()
}

#[track_caller]
fn aim(caller: &Caller<'_>, account: &str, amount: &str) -> Value {
    caller.put(&format!("/accounts/{account}/details"), &json!({"targetAmount": amount})).ok().json()
}

#[test]
fn a_goal_is_met_once_and_only_by_what_is_available() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "100");
    let hold = admin.ask(&account, "holds", "50");
    assert_eq!(aim(&admin, &account, "80.00")["targetMetAt"], Value::Null);
    assert_eq!(admin.get(&format!("/accounts/{account}/details")).ok().digits("targetAmount"), "80.00");
    // The held money is free for an instant within the capture.
    admin.step(&format!("/holds/{hold}/capture")).ok();
    assert_eq!(
        (details(&admin, &account)["targetMetAt"].clone(), admin.available(&account)),
        (Value::Null, "50.00".into())
    );
    let version = admin.get(&format!("/accounts/{account}")).ok().text_at("version");
    let at = server.advance(60);
    admin.deposit(&account, "30");
    let met = details(&admin, &account)["targetMetAt"].clone();
    assert!(met.as_str().unwrap() >= at.to_string().as_str(), "{met}");
    assert_eq!(admin.get(&format!("/accounts/{account}")).ok().text_at("version"), version, "money is no change");
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": "80"})).ok();
    server.advance(60);
    admin.deposit(&account, "500");
    assert_eq!(details(&admin, &account)["targetMetAt"], met);
    assert_eq!(aim(&admin, &account, "9000")["targetMetAt"], met, "it was met once");

    let released = admin.new_account("USD");
    admin.deposit(&released, "100");
    let hold = admin.ask(&released, "holds", "50");
    assert_eq!(aim(&admin, &released, "80")["targetMetAt"], Value::Null);
    admin.step(&format!("/holds/{hold}/release")).ok();
    assert!(details(&admin, &released)["targetMetAt"].is_string());
    let rich = admin.new_account("USD");
    admin.deposit(&rich, "100");
    assert!(aim(&admin, &rich, "100")["targetMetAt"].is_string(), "it has as much already");
}

#[test]
fn deposits_that_are_not_cleared_meet_no_goal() {
    let server = Server::start("");
    server.set_rules("deposit_hold_days = 2");
    let admin = server.admin();
    let account = admin.new_account("USD");
    aim(&admin, &account, "80");
    admin.deposit(&account, "100");
    assert_eq!(details(&admin, &account)["targetMetAt"], Value::Null);
    server.advance(2 * 86_400);
    let end = Instant::now() + PATIENCE;
    while details(&admin, &account)["targetMetAt"].is_null() {
        assert!(Instant::now() < end, "the goal is not met");
    }
}

#[test]
fn what_follows_from_the_ledger_is_shown() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    let first = admin.new_account_of(&profile, "USD");
    let second = admin.new_account_of(&profile, "USD");
    let shown = details(&admin, &first);
    assert_eq!((&shown["firstOfClient"], &shown["firstCreditAt"]), (&json!(true), &Value::Null));
    assert_eq!(details(&admin, &second)["firstOfClient"], false);
    let created = admin.get(&format!("/accounts/{first}")).ok().text_at("createdAt");
    assert_eq!(shown["balancesChangedAt"], created.as_str());
    server.advance(60);
    admin.put(&format!("/accounts/{first}"), &json!({"name": "Rent", "maxLeverage": "3"})).ok();
    assert_eq!(details(&admin, &first)["balancesChangedAt"], created.as_str(), "a change of settings moves no money");
    admin.post(&format!("/accounts/{first}/deposits"), &json!({"amount": "5"})).ok();
    let announced = details(&admin, &first);
    assert!(
        announced["balancesChangedAt"].as_str().unwrap() > created.as_str() && announced["firstCreditAt"].is_null()
    );
    server.advance(60);
    admin.deposit(&first, "10");
    let paid = details(&admin, &first);
    assert_eq!(paid["firstCreditAt"], paid["balancesChangedAt"]);
    server.advance(60);
    admin.put(&format!("/accounts/{first}"), &json!({"maxLeverage": "4"})).ok();
    assert_eq!(details(&admin, &first), paid);
    admin.ask(&first, "holds", "1");
    let held = details(&admin, &first);
    assert!(held["balancesChangedAt"].as_str() > paid["balancesChangedAt"].as_str());
    assert_eq!(held["firstCreditAt"], paid["firstCreditAt"]);
}

#[test]
fn details_are_changed_and_kept() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    let account = admin.new_account_of(&profile, "USD");
    let path = format!("/accounts/{account}/details");
    let version = admin.get(&path).ok().header("etag").unwrap().to_owned();
    let all = json!({"legalName1": "Jane Doe", "legalName2": "and Joe Doe", "subCategory": "Holiday",
        "targetAmount": "5.5", "targetAt": "2099-01-01T00:00:00Z", "usesAllExternalAccounts": true});
    let changed = admin.with("If-Match", &version).put(&path, &all).ok().shows("account_details");
    assert_ne!(changed.header("etag").unwrap(), version);
    let again = admin.put(&path, &all).ok();
    assert_eq!((again.header("etag"), &again.text), (changed.header("etag"), &changed.text), "nothing differs");
    let emptied = json!({"legalName1": "", "targetAmount": 0, "targetAt": "", "usesAllExternalAccounts": false});
    let shown = admin.put(&path, &emptied).ok().json();
    let members = ["legalName1", "targetAmount", "targetAt", "usesAllExternalAccounts", "legalName2"];
    assert_eq!(
        members.map(|name| shown[name].clone()),
        [json!(""), json!(null), json!(null), json!(false), json!("and Joe Doe")]
    );

    let kept = admin.key("k").put(&path, &json!({"subCategory": "Rent"})).ok();
    let replayed = admin.key("k").put(&path, &json!({"subCategory": "Rent"})).ok();
    assert!(!kept.is_replayed() && replayed.is_replayed() && kept.text == replayed.text);
    admin.get(&format!("/profiles/{profile}/details")).ok().shows("client_details");

    admin.post(&format!("/profiles/{profile}/deceased"), &json!({})).ok();
    server.trace();
}

#[test]
fn refused_changes_of_details_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let (profile, account) = (admin.new_profile(), admin.new_account("USD"));
    let path = format!("/accounts/{account}/details");
    let before = server.trace();
    for (body, reason, field) in [
        (json!({"legalName1": "x".repeat(101)}), "OUT_OF_RANGE", "legalName1"),
        (json!({"subCategory": "x".repeat(51)}), "OUT_OF_RANGE", "subCategory"),
        (json!({"targetAmount": "-1"}), "OUT_OF_RANGE", "targetAmount"),
        (json!({"targetAmount": "0.001"}), "INVALID_FIELD", "targetAmount"),
        (json!({"targetAmount": "x"}), "INVALID_FIELD", "targetAmount"),
        (json!({"targetAt": "2001-01-01T00:00:00Z"}), "OUT_OF_RANGE", "targetAt"),
        (json!({"targetAt": "tomorrow"}), "INVALID_FIELD", "targetAt"),
    ] {
        admin.put(&path, &body).refused(reason).naming(field);
    }
    admin.with("If-Match", "\"77\"").put(&path, &json!({"subCategory": "x"})).refused("VERSION_MISMATCH");
    let retail = server.operator("operator", &["retail"]);
    for reply in [
        retail.get(&path),
        retail.put(&path, &json!({"subCategory": "x"})),
        retail.get(&format!("/profiles/{profile}/details")),
    ] {
        reply.refused("NOT_FOUND");
    }
    server.viewer().put(&path, &json!({})).refused("RIGHT_MISSING");
    assert_eq!(server.trace(), before);
    admin.delete(&format!("/accounts/{account}")).ok();
    admin.put(&path, &json!({"subCategory": "x"})).refused("ACCOUNT_ARCHIVED");
}
