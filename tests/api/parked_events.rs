//! Parked events are tried again until all that can be applied are, however many wait for one thing.

use super::harness::{Caller, PATIENCE, Server, unique};
use super::platform_feed::{accept, at, feed, fill, proves_its_books, trading_account, with};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::time::Instant;

/// Each command tries 7 events again.
const FEW: &str = "[trading]\nretried_at_once = 7\n";

fn park(admin: &Caller<'_>, events: &[Value]) {
    let report = feed(admin, events);
    assert_eq!(report["parked"], events.len(), "{report:#}");
}

fn parked(admin: &Caller<'_>) -> usize {
    admin.get("/platform/parked?perPage=100").ok().json()["parked"].as_array().unwrap().len()
}

fn link(admin: &Caller<'_>, account: &str, number: &str) {
    admin.put(&format!("/accounts/{account}/platform-accounts/mt5"), &json!({"number": number})).ok();
}

/// Waits until no event has yet to be tried.
fn rest(server: &Server) {
    let file = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM parked_events WHERE is_next IS NOT NULL)";
    let end = Instant::now() + PATIENCE;
    while !file.query_row(sql, [], |row| row.get::<_, bool>(0)).unwrap() {
        assert!(Instant::now() < end, "some events have yet to be tried");
        parked(&server.admin());
    }
}

#[test]
fn what_waits_for_one_thing_is_tried_until_all_is_applied() {
    let server = Server::start(FEW);
    let admin = server.admin();
    let number = unique("9");
    let fills: Vec<_> = (0..40).map(|id| fill(&number, &id.to_string(), 0, ("BUY", "0.5", "1.1"))).collect();
    // Each corrects the one before, and came before it.
    let correct = |id: usize| {
        let corrects = if id == 0 { "0".to_owned() } else { format!("c{}", id - 1) };
        let more = json!({"executionId": format!("c{id}"), "corrects": corrects});
        let price = format!("1.{:02}", 20 + id);
        let whole = json!({"kind": "correction", "platform": "mt5", "eventId": unique("c"), "account": number,
                           "at": at(1), "action": "replace", "price": price});
        with(whole, more)
    };
    let corrections: Vec<_> = (0..20).rev().map(correct).collect();
    park(&admin, &corrections);
    park(&admin, &fills);
    let account = trading_account(&admin, "USD", "NETTING");
    link(&admin, &account, &number);
    rest(&server);
    assert_eq!(parked(&admin), 0);
    let positions = admin.get(&format!("/accounts/{account}/positions")).ok();
    // (39 x 1.1 + 1.39) / 40
    assert_eq!(positions.digits("positions/0/qty"), "20");
    assert_eq!(positions.digits("positions/0/openPrice"), "1.10725");
    proves_its_books(&server);
}

#[test]
fn what_waits_for_something_else_keeps_nothing_waiting() {
    let server = Server::start(FEW);
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let of = |symbol: &str, count: usize| -> Vec<Value> {
        let fill = |_| with(fill(&account, &unique("x"), 0, ("BUY", "0.01", "100")), json!({"symbol": symbol}));
        (0..count).map(fill).collect()
    };
    server.apply_reference(&format!(
        "{}{}",
        include_str!("../../packaging/reference.toml"),
        ["ISK", "KES"].map(traded_in).concat()
    ));
    park(&admin, &of("IN-ISK", 20));
    park(&admin, &of("IN-KES", 20));
    let quote = json!({"kind": "quote", "platform": "mt5", "symbol": "USDKES", "at": at(0), "bid": "10", "ask": "10"});
    accept(&admin, &[quote]);
    rest(&server);
    let waiting = admin.get("/platform/parked?perPage=100").ok().json();
    let waiting: Vec<_> = waiting["parked"].as_array().unwrap().iter().map(|it| &it["waitsFor"]).collect();
    assert_eq!(waiting, vec![&json!("rate:ISK/USD"); 20]);
    proves_its_books(&server);
}

#[test]
fn what_goes_on_waiting_in_front_keeps_nothing_behind_it_waiting() {
    let server = Server::start(FEW);
    let admin = server.admin();
    let groups = admin.get("/account-groups?currency=USD&perPage=500").ok().json();
    let group =
        |name: &str| groups["groups"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap()["id"].clone();
    let account = |group: Value| {
        let body = json!({"profileId": admin.new_profile(), "currency": "USD", "groupId": group});
        admin.post("/accounts", &body).ok().text_at("account/id")
    };
    let (stays, leaves) = (account(group("Swap-free")), account(group("Swap-free")));
    let swaps = |account: &str| -> Vec<Value> {
        let swap = json!({"kind": "swap", "platform": "mt5", "account": account, "at": at(0), "amount": "-0.5"});
        (0..20).map(|_| with(swap.clone(), json!({"eventId": unique("swap")}))).collect()
    };
    park(&admin, &swaps(&stays));
    park(&admin, &swaps(&leaves));
    admin.put(&format!("/accounts/{leaves}"), &json!({"groupId": group("Standard")})).ok();
    rest(&server);
    assert_eq!([admin.balance(&leaves), admin.balance(&stays)], ["-10.00", "0.00"]);
    assert_eq!(parked(&admin), 20);
    proves_its_books(&server);
}

/// A share that is traded in a currency, and the dollar in that currency, of which there is no rate yet.
fn traded_in(currency: &str) -> String {
    let symbol = |code: &str, class: &str, margin: &str| {
        format!(
            "\n[[symbols]]\ncode = \"{code}\"\nname = \"{code}\"\nclass = \"{class}\"\ncontract_size = \"1\"\n\
             price_decimals = 2\nquantity_decimals = 2\nprofit_currency = \"{currency}\"\n\
             margin_currency = \"{margin}\"\n"
        )
    };
    symbol(&format!("IN-{currency}"), "share", currency) + &symbol(&format!("USD{currency}"), "forex", "USD")
}
