//! Positions, orders and executions of an account, with figures that were computed by hand.

use super::harness::{Caller, Server};
use super::platform_feed::{accept, at, fill, trading_account, with};
use serde_json::{Value, json};

/// A quote of EURUSD.
pub(crate) fn quote(bid: &str, ask: &str, at: &str) -> Value {
    json!({"kind": "quote", "platform": "mt5", "symbol": "EURUSD", "bid": bid, "ask": ask, "at": at})
}

/// A working order in EURUSD.
pub(crate) fn order(account: &str, id: &str, minute: u32, (side, quantity, limit): (&str, &str, &str)) -> Value {
    json!({
        "kind": "order", "platform": "mt5", "eventId": format!("o-{account}-{id}-{minute}"), "account": account,
        "at": at(minute), "orderId": id, "state": "new", "type": "limit", "timeInForce": "GTC", "symbol": "EURUSD",
        "side": side, "quantity": quantity, "limitPrice": limit, "reason": "client",
    })
}

fn rows(admin: &Caller<'_>, path: &str, list: &str) -> Vec<Value> {
    admin.get(path).ok().json()[list].as_array().unwrap().clone()
}

fn texts(rows: &[Value], member: &str) -> Vec<String> {
    rows.iter().map(|row| row[member].as_str().unwrap().to_owned()).collect()
}

/// Closes lots of a position of a hedging account.
fn out(account: &str, id: &str, minute: u32, trade: (&str, &str, &str), position: &str) -> Value {
    with(fill(account, id, minute, trade), json!({"entry": "out", "positionRef": position}))
}

#[test]
fn a_position_is_shown_open_and_then_in_the_history() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "HEDGING");
    admin.deposit(&account, "10000");
    let opening = json!({
        "entry": "in", "positionRef": "77", "orderId": "900", "booked": {"commission": "-3.5"},
    });
    let filled =
        with(order(&account, "900", 1, ("BUY", "1", "1.1")), json!({"state": "filled", "filledQuantity": "1"}));
    let swap = json!({
        "kind": "swap", "platform": "mt5", "eventId": "s-1", "account": account, "at": at(3), "positionRef": "77",
        "symbol": "EURUSD", "amount": "-0.31",
    });
    accept(
        &admin,
        &[
            order(&account, "900", 0, ("BUY", "1", "1.1")),
            with(fill(&account, "1", 1, ("BUY", "1", "1.1")), opening),
            filled,
            // (1.1050 - 1.1000) x 40,000 = 200.
            out(&account, "2", 2, ("SELL", "0.4", "1.105"), "77"),
            swap,
            quote("1.108", "1.1082", &at(4)),
        ],
    );
    // Unrealised (1.1080 - 1.1000) x 60,000 = 480; margin 60,000 x 1.1 / 30 = 2,200.
    let open = admin.get(&format!("/accounts/{account}/positions")).ok().shows("position_open");
    let id = open.text_at("positions/0/id");
    accept(&admin, &[out(&account, "3", 5, ("SELL", "0.6", "1.11"), "77")]);
    assert_eq!(rows(&admin, &format!("/accounts/{account}/positions"), "positions"), Vec::<Value>::new());
    // Realised 200 + 600; closed at 0.4 x 1.105 + 0.6 x 1.11 = 1.108 on average.
    let closed = admin.get(&format!("/accounts/{account}/history/positions")).ok().shows("position_closed");
    assert_eq!(closed.text_at("positions/0/id"), id);
    let all = admin.get(&format!("/accounts/{account}/orders?state=all")).ok().shows("order_filled");
    assert_eq!(all.text_at("orders/0/id"), closed.text_at("positions/0/orderId"));
    admin.get(&format!("/accounts/{account}/executions?from={}", at(5))).ok().shows("execution");
}

#[test]
fn the_history_has_a_row_for_each_closed_position_flips_included() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    accept(
        &admin,
        &[
            fill(&account, "1", 0, ("BUY", "1", "1.10")),
            fill(&account, "2", 1, ("SELL", "2", "1.11")), // closes, and opens the opposite
            fill(&account, "3", 2, ("BUY", "1", "1.12")),
            fill(&account, "4", 3, ("BUY", "0.5", "1.13")),
            fill(&account, "5", 4, ("SELL", "0.5", "1.13")),
        ],
    );
    let history = format!("/accounts/{account}/history/positions");
    let closed = rows(&admin, &history, "positions");
    let told = |row: &Value| {
        let text = |name: &str| row[name].to_string().replace('"', "");
        [text("side"), text("openPrice"), text("closePrice"), text("qtyClosed"), text("realizedPnl")].join(" ")
    };
    assert_eq!(
        closed.iter().map(told).collect::<Vec<_>>(),
        ["TRADE_SIDE_BUY 1.13 1.13 0.5 0.0", "TRADE_SIDE_SELL 1.11 1.12 1 -1000.0", "TRADE_SIDE_BUY 1.1 1.11 1 1000.0",]
    );
    let ids = texts(&closed, "id");
    let page = admin.get(&format!("{history}?limit=2")).ok();
    assert_eq!(texts(page.json()["positions"].as_array().unwrap(), "id"), ids[..2]);
    let rest = admin.get(&format!("{history}?limit=2&after={}", page.text_at("next"))).ok().json();
    assert_eq!(texts(rest["positions"].as_array().unwrap(), "id"), ids[2..]);
    assert_eq!(rest["next"], Value::Null);
    let within = |query: &str| texts(&rows(&admin, &format!("{history}?{query}"), "positions"), "id");
    assert_eq!(within(&format!("from={}&to={}", at(2), at(4))), ids[1..2]);
    assert_eq!(within(&format!("to={}", at(1))), [""; 0]);
    for (query, member) in [("from=then", "from"), ("limit=1001", "limit"), ("limit=0", "limit"), ("after=x", "after")]
    {
        let refused = admin.get(&format!("{history}?{query}"));
        assert_eq!(refused.status, 400, "{query}");
        assert!(refused.text.contains(member), "{query}: {}", refused.text);
    }
    // The fill that flips belongs to the position that it closed.
    let executions = rows(&admin, &format!("/accounts/{account}/executions"), "executions");
    assert_eq!(texts(&executions, "executionId"), ["5", "4", "3", "2", "1"]);
    assert_eq!(executions[3]["positionId"], ids[2]);
}

#[test]
fn orders_are_listed_while_they_work_and_all_on_request() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let child = json!({"parentOrderId": "900", "state": "new", "type": "stop", "limitPrice": null, "stopPrice": "1.2"});
    accept(
        &admin,
        &[
            order(&account, "900", 0, ("BUY", "1", "1.08")),
            with(order(&account, "901", 1, ("SELL", "1", "1.2")), child),
            order(&account, "902", 2, ("BUY", "2", "1.07")),
            with(order(&account, "902", 3, ("BUY", "2", "1.07")), json!({"state": "cancelled"})),
            quote("1.1", "1.2", &at(3)),
            with(fill(&account, "1", 4, ("BUY", "0.25", "1.08")), json!({"orderId": "900"})),
            with(fill(&account, "2", 5, ("BUY", "0.25", "1.06")), json!({"orderId": "900"})),
        ],
    );
    let path = format!("/accounts/{account}/orders");
    let working = admin.get(&path).ok().shows("orders_working");
    let orders = working.json()["orders"].as_array().unwrap().clone();
    assert_eq!(texts(&orders, "clientOrderId"), ["900", "901"]);
    assert_eq!(orders[1]["parentOrderId"], orders[0]["id"]);
    let ids = |query: &str| texts(&rows(&admin, &format!("{path}?{query}"), "orders"), "clientOrderId");
    assert_eq!(ids("state=all"), ["902", "901", "900"]);
    assert_eq!(ids("state=working&perPage=1"), ["900"]);
    let page = admin.get(&format!("{path}?state=all&perPage=2")).ok();
    assert_eq!(ids(&format!("state=all&perPage=2&after={}", page.text_at("next"))), ["900"]);
    admin.get(&format!("{path}?state=open")).refused("INVALID_FIELD").naming("state");
}

#[test]
fn what_a_caller_may_not_see_has_no_positions_orders_and_executions() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    accept(&admin, &[fill(&account, "1", 0, ("BUY", "1", "1.10")), quote("1.1", "1.1", &at(1))]);
    let retail = server.operator("viewer", &["retail"]);
    retail.get(&format!("/accounts/{account}/positions")).refused("NOT_FOUND");
    retail.get(&format!("/accounts/{account}/orders")).refused("NOT_FOUND");
    retail.get(&format!("/accounts/{account}/history/positions")).refused("NOT_FOUND");
    retail.get(&format!("/accounts/{account}/executions")).refused("NOT_FOUND");
    retail.get(&format!("/accounts/{account}/deals")).refused("NOT_FOUND");
    retail.get(&format!("/portfolios/{account}")).refused("NOT_FOUND");
    let empty = retail.get("/platform/exposure").ok().json();
    assert_eq!(empty["exposure"], json!([]));
    assert_eq!(retail.get("/platform/margin").ok().json()["accounts"], json!([]));
    assert_eq!(admin.get("/platform/exposure").ok().json()["exposure"][0]["positions"], 1);
}
