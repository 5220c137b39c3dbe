//! Which lock refuses which operation, compared with the table in `docs/ledger.md`.

use super::harness::{Caller, Server};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// An operation on an account that is about to be locked: the call to make after that.
struct Operation {
    method: &'static str,
    path: String,
    body: Value,
}

fn post(path: String, body: Value) -> Operation {
    Operation { method: "POST", path, body }
}

/// The operations, by their names in the table.
const OPERATIONS: [&str; 25] = [
    "deposit in one call",
    "adjust upwards",
    "announce a deposit",
    "settle a deposit",
    "return a deposit",
    "withdraw in one call",
    "adjust downwards",
    "request a withdrawal",
    "approve a withdrawal",
    "pay a withdrawal",
    "reject a withdrawal",
    "cancel a withdrawal",
    "place a hold",
    "capture a hold",
    "release a hold",
    "transfer, for the payer",
    "transfer, for the receiver",
    "reverse a credit",
    "reverse a credit by force",
    "reverse a debit",
    "close",
    "close with a sweep, for the account",
    "close with a sweep, for the target",
    "change the group",
    "change the minimum balance",
];

/// Prepares an operation while `account` is unlocked; `other` is the counterparty, if there is one.
fn prepared(admin: &Caller<'_>, operation: &str, account: &str, other: &str) -> Operation {
    let amount = || json!({"amount": "1"});
    let at = |way: &str| format!("/accounts/{account}/{way}");
    let adjust = |amount: &str| post(at("balance"), json!({"amount": amount, "action": "DEAL_ACTION_FEE"}));
    let step = |kind: &str, way: &str| post(format!("/{kind}/{}/{way}", admin.ask(account, kind, "1")), json!({}));
    let transfer = |from: &str, to: &str| {
        post("/transfers".into(), json!({"fromAccountId": from, "toAccountId": to, "amount": "1"}))
    };
    let reverse = |way: &str, body: Value| {
        let deal = admin.post(&at(way), &amount()).ok().text_at("dealId");
        post(format!("/entries/{deal}/reverse"), body)
    };
    let change = |body: Value| Operation { method: "PUT", path: format!("/accounts/{account}"), body };
    match operation {
        "deposit in one call" => post(at("deposit"), amount()),
        "adjust upwards" => adjust("1"),
        "announce a deposit" => post(at("deposits"), amount()),
        "settle a deposit" => step("deposits", "settle"),
        "return a deposit" => step("deposits", "return"),
        "withdraw in one call" => post(at("withdraw"), amount()),
        "adjust downwards" => adjust("-1"),
        "request a withdrawal" => post(at("withdrawals"), amount()),
        "approve a withdrawal" => step("withdrawals", "approve"),
        "pay a withdrawal" => step("withdrawals", "pay"),
        "reject a withdrawal" => step("withdrawals", "reject"),
        "cancel a withdrawal" => step("withdrawals", "cancel"),
        "place a hold" => post(at("holds"), amount()),
        "capture a hold" => step("holds", "capture"),
        "release a hold" => step("holds", "release"),
        "transfer, for the payer" => transfer(account, other),
        "transfer, for the receiver" => transfer(other, account),
        "reverse a credit" => reverse("deposit", json!({})),
        "reverse a credit by force" => reverse("deposit", json!({"force": true, "reason": "charged back"})),
        "reverse a debit" => reverse("withdraw", json!({})),
        "close" => post(at("close"), json!({})),
        "close with a sweep, for the account" => post(at("close"), json!({"sweepToAccountId": other})),
        "close with a sweep, for the target" => {
            post(format!("/accounts/{other}/close"), json!({"sweepToAccountId": account}))
        }
        "change the group" => {
            let now = admin.get(&format!("/accounts/{account}")).ok().json()["groupId"].clone();
            let groups = admin.get("/account-groups?currency=USD").ok().json()["groups"].as_array().unwrap().clone();
            let another = groups.iter().find(|group| group["isDemo"] == false && group["id"] != now).expect("a group");
            change(json!({"groupId": another["id"]}))
        }
        "change the minimum balance" => change(json!({"minimumBalance": "-1"})),
        unknown => panic!("this test does not know the operation {unknown} of the table"),
    }
}

#[test]
fn each_lock_stops_what_the_table_says_and_nothing_else() {
    let document = include_str!("../../docs/ledger.md");
    let (_, table) = document.split_once("<!-- table: operations -->").unwrap();
    let mut rows = table
        .lines()
        .skip_while(|line| line.trim().is_empty())
        .take_while(|line| line.starts_with('|'))
        .map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect::<Vec<_>>());
    let locks = rows.next().unwrap()[1..].to_vec();
    assert_eq!(locks, ["none", "credits_only", "debits_only", "full"]);
    let rows: Vec<_> = rows.skip(1).collect();
    let names: BTreeSet<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!((names, rows.len()), (BTreeSet::from(OPERATIONS), OPERATIONS.len()));
    let server = Server::start("");
    server.set_rules("minimum_balance = \"-500\"");
    let admin = server.admin();
    for row in rows {
        for (lock, cell) in locks.iter().zip(&row[1..]) {
            let (account, other) = (admin.new_account("USD"), admin.new_account("USD"));
            admin.deposit(&account, "100");
            admin.deposit(&other, "100");
            let Operation { method, path, body } = prepared(&admin, &row[0], &account, &other);
            if lock != "none" {
                let lock = json!({"lock": lock.to_uppercase()});
                admin.post(&format!("/accounts/{account}/lock"), &lock).ok();
            }
            let before = admin.get(&format!("/accounts/{account}")).ok().text;
            let reply = admin.send(method, &path, Some("application/json"), Some(body.to_string().as_bytes()));
            let what = format!("{} under {lock}: {}", row[0], reply.text);
            match cell.as_str() {
                "passes" => assert_eq!(reply.status, 200, "{what}"),
                reason => {
                    reply.refused(reason);
                    assert_eq!(admin.get(&format!("/accounts/{account}")).ok().text, before, "{what}");
                }
            }
        }
    }
    server.trace();
}
