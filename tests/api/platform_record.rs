//! What the audit log says of the feed, and of events that are tried again by other calls.

use super::harness::{Caller, Server, unique};
use super::platform_feed::{accept, at, fates, fill, proves_its_books, trading_account, with};
use serde_json::{Value, json};

/// A charge that the platform booked.
fn charge(account: &str, amount: &str) -> Value {
    json!({
        "kind": "swap", "platform": "mt5", "eventId": unique("s"), "account": account, "at": at(0), "amount": amount,
    })
}

fn number(admin: &Caller<'_>, account: &str) -> u64 {
    admin.get(&format!("/accounts/{account}")).ok().text_at("accountNumber").parse().unwrap()
}

#[test]
fn events_tried_again_follow_those_of_the_call_that_brought_what_they_wait_for() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    admin.deposit(&account, "10");
    let next = (number(&admin, &account) + 1).to_string();
    let of_symbol = with(charge(&account, "-2"), json!({"symbol": "NOSUCH"}));
    assert_eq!(fates(&admin, &[charge(&next, "3"), of_symbol]), ["parked: unknown_account", "parked: unknown_symbol"]);
    let opened = trading_account(&admin, "USD", "NETTING");
    admin.put(&format!("/accounts/{opened}/platform-accounts/mt5"), &json!({"number": next})).ok();
    assert_eq!(admin.balance(&opened), "3.00");
    proves_its_books(&server);
    let symbol = "\n[[symbols]]\ncode = \"NOSUCH\"\nname = \"No such\"\nclass = \"share\"\ncontract_size = \"1\"\n\
        price_decimals = 2\nquantity_decimals = 0\nprofit_currency = \"USD\"\nmargin_currency = \"USD\"\n";
    server.apply_reference(&format!("{}{symbol}", include_str!("../../packaging/reference.toml")));
    assert_eq!(admin.balance(&account), "8.00");
    proves_its_books(&server);
}

#[test]
fn events_of_a_part_that_overflowed_are_not_in_the_audit_log() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let most = || charge(&account, "1000000000000000");
    // 92 such charges fit. The call is tried as a whole first.
    let events: Vec<_> = (0..94).map(|_| most()).collect();
    let fates = fates(&admin, &events);
    assert_eq!(fates.iter().filter(|fate| *fate == "accepted").count(), 92, "{fates:?}");
    assert_eq!(fates[92..], ["refused: overflow", "refused: overflow"]);
    proves_its_books(&server);
    // None of it counts.
    let other = trading_account(&admin, "USD", "NETTING");
    accept(&admin, &[fill(&other, "1", 0, ("BUY", "1", "1.1"))]);
    assert_eq!(super::platform_feed::fates(&admin, &[most()]), ["refused: overflow"]);
    admin.deposit(&other, "1");
    proves_its_books(&server);
}

/// Number and action of the newest row of the audit log.
fn newest(admin: &Caller<'_>) -> [String; 2] {
    let log = admin.get("/audit-log?limit=1").ok();
    [log.text_at("rows/0/id"), log.text_at("rows/0/action")]
}

#[test]
fn quotes_leave_no_row_in_the_audit_log_and_other_events_do() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let quote = |minute| {
        let event = json!({"kind": "quote", "platform": "mt5", "symbol": "EURUSD", "bid": "1.1", "ask": "1.2"});
        with(event, json!({"at": at(minute)}))
    };
    let before = newest(&admin);
    accept(&admin, &[quote(0), quote(1)]);
    assert_eq!(newest(&admin), before);
    accept(&admin, &[quote(2), fill(&account, "1", 0, ("BUY", "1", "1.1"))]);
    let [id, action] = newest(&admin);
    assert_ne!(id, before[0]);
    assert_eq!(action, "platform.feed");
}
