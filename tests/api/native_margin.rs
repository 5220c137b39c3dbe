//! Margin under each calculation, with working orders, at open and at present prices.

use super::harness::{Caller, Server, unique};
use super::native_positions::quote;
use super::platform_feed::{accept, at, fill, trading_account, with};
use serde_json::{Value, json};

/// A hedging account in dollars with a calculation of its own.
fn account(admin: &Caller<'_>, calculation: &str) -> String {
    let other = admin.get(&format!("/accounts/{}", trading_account(admin, "USD", "HEDGING"))).ok();
    let body = json!({
        "profileId": other.text_at("profileId"), "currency": "USD", "groupId": other.text_at("groupId"),
        "positionMode": "POSITIONING_MODE_HEDGING", "marginCalcTypeOverride": format!("MARGIN_CALC_TYPE_{calculation}"),
    });
    admin.post("/accounts", &body).ok().text_at("account/id")
}

/// In gold: 2 lots long at 2,000 and 1 short at 2,100; orders to sell 3 at 2,200, a fourth lot of which is filled
/// elsewhere, and to buy half a lot at a stop of 1,900.
fn gold(account: &str) -> Vec<Value> {
    let position = |id: &str, of| {
        with(
            fill(account, id, 0, of),
            json!({"symbol": "XAUUSD", "positionRef": id, "entry": "in", "marginRate": null}),
        )
    };
    let order = |id: &str, more: Value| {
        let event = json!({
            "kind": "order", "platform": "mt5", "eventId": unique("o"), "account": account, "at": at(1),
            "orderId": id, "symbol": "XAUUSD",
        });
        with(event, more)
    };
    vec![
        position("1", ("BUY", "2", "2000")),
        position("2", ("SELL", "1", "2100")),
        order(
            "90",
            json!({"state": "partially_filled", "type": "limit", "side": "SELL", "quantity": "4", "filledQuantity": "1",
                   "limitPrice": "2200"}),
        ),
        order("91", json!({"state": "new", "type": "stop", "side": "BUY", "quantity": "0.5", "stopPrice": "1900"})),
        order("92", json!({"state": "cancelled", "type": "limit", "side": "BUY", "quantity": "9", "limitPrice": "1"})),
        json!({"kind": "quote", "platform": "mt5", "symbol": "XAUUSD", "at": at(2), "bid": "2050", "ask": "2052"}),
    ]
}

/// Used and pending margin.
fn margin(admin: &Caller<'_>, account: &str) -> [String; 2] {
    let portfolio = admin.get(&format!("/portfolios/{account}")).ok();
    [portfolio.digits("usedMargin"), portfolio.digits("pendingMargin")]
}

#[test]
fn orders_count_on_their_side_under_each_calculation() {
    let server = Server::start("");
    let admin = server.admin();
    // Each lot of 100 ounces takes 5 % of its value: 5 times its price.
    for (calculation, expected) in [
        // (4,000 + 2,100) x 5; the orders add (6,600 + 950) x 5.
        ("SUM", ["30500.00", "37750.00"]),
        // The long side: 4,000 x 5. With orders the short one: (2,100 + 6,600) x 5.
        ("MAX", ["20000.00", "23500.00"]),
        // 1 lot at 2,000. With orders 4 - 2.5 lots at the average of the short side, 2,175.
        ("NET", ["10000.00", "6312.50"]),
    ] {
        let account = account(&admin, calculation);
        accept(&admin, &gold(&account));
        assert_eq!(margin(&admin, &account), expected, "{calculation}");
    }
}

#[test]
fn margin_follows_present_prices_where_the_group_says_so() {
    let server = Server::start("");
    let admin = server.admin();
    let calculation = "margin_calculation = \"sum\"";
    let file = include_str!("../../packaging/reference.toml");
    assert!(file.contains(calculation));
    server.apply_reference(&file.replace(calculation, &format!("{calculation}\nmargin_basis = \"current\"")));
    // Long lots count at the bid of 2,050, short ones at the ask of 2,052, orders at their own prices.
    for (calculation, expected) in [
        // (4,100 + 2,052) x 5.
        ("SUM", ["30760.00", "37750.00"]),
        // 4,100 x 5; (2,052 + 6,600) x 5.
        ("MAX", ["20500.00", "22760.00"]),
        // 2,050 x 5; 4 - 2.5 lots at 8,652 / 4.
        ("NET", ["10250.00", "5972.50"]),
    ] {
        let account = account(&admin, calculation);
        accept(&admin, &gold(&account));
        assert_eq!(margin(&admin, &account), expected, "{calculation}");
    }
    // Margin in another currency counts at the higher rate of now: 100,000 x 1.12 / 30; it was 1.1 at the opening.
    let account = account(&admin, "SUM");
    let open = with(fill(&account, "1", 0, ("BUY", "1", "1.1")), json!({"positionRef": "1", "entry": "in"}));
    accept(&admin, &[open, quote("1.10", "1.12", &at(2))]);
    assert_eq!(margin(&admin, &account), ["3733.33", "0.00"]);
}
