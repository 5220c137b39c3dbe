//! Deals of trades and charges in the history of an account.

use super::harness::Server;
use super::platform_feed::{accept, at, deals, fill, trading_account, with};
use serde_json::{Value, json};

#[test]
fn trades_and_movements_of_funds_are_one_history() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "EUR", "HEDGING");
    admin.deposit(&account, "1000");
    let (opened, closed) = (
        json!({"entry": "in", "positionRef": "77", "orderId": "900", "profitRate": "0.9", "marginRate": "1"}),
        json!({
            "entry": "out", "positionRef": "77", "orderId": "901", "profitRate": "0.92",
            "booked": {"commission": "-1.75", "swap": "-0.31", "fee": "-0.1"},
        }),
    );
    accept(
        &admin,
        &[
            with(fill(&account, "1", 0, ("BUY", "0.5", "1.1")), opened),
            with(fill(&account, "2", 1, ("SELL", "0.2", "1.105")), closed),
            json!({
                "kind": "swap", "platform": "mt5", "eventId": "s-1", "account": account, "at": at(2),
                "positionRef": "77", "symbol": "EURUSD", "amount": "-0.5",
            }),
            json!({
                "kind": "dividend", "platform": "mt5", "eventId": "v-1", "account": account, "at": at(3),
                "symbol": "ACME", "amount": "2",
            }),
        ],
    );
    admin.post(&format!("/accounts/{account}/balance"), &json!({"amount": "1", "comment": "goodwill"})).ok();
    // (1.105 - 1.1) x 20,000 x 0.92 = 92.
    assert_eq!(
        deals(&admin, &account),
        [
            "BALANCE 1000.00",
            "SWAP -0.50",
            "DIVIDEND 2.00",
            "SELL 92.00",
            "COMMISSION -1.75",
            "SWAP -0.31",
            "FEE -0.10",
            "CORRECTION 1.00",
        ]
    );
    let newest = admin.deals(&account);
    let of = |action: &str| newest.iter().rev().find(|deal| deal["action"] == format!("DEAL_ACTION_{action}")).unwrap();
    super::harness::assert_shown("deal_of_trade", &of("SELL").to_string());
    let position = admin.get(&format!("/accounts/{account}/positions")).ok().json()["positions"][0].clone();
    for action in ["SELL", "COMMISSION", "FEE"] {
        assert_eq!(
            (&of(action)["clientDealId"], &of(action)["positionId"]),
            (&"2".into(), &position["id"]),
            "{action}"
        );
    }
    let charge = &newest[6];
    assert_eq!((&charge["clientDealId"], &charge["positionId"]), (&"s-1".into(), &position["id"]));
    assert_eq!(
        (&newest[5]["symbolName"], &newest[5]["effectiveAt"]),
        (&"ACME".into(), &at(3).replace("00Z", "00.000Z").into())
    );
    // Each balance leads to the next.
    for pair in newest.windows(2) {
        assert_eq!(pair[0]["prevBalance"], pair[1]["newBalance"]);
    }
}

#[test]
fn an_execution_that_closes_nothing_has_no_prices_of_a_closing() {
    let server = Server::shared();
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let gold = |id: &str, minute, of| with(fill(&account, id, minute, of), json!({"symbol": "XAUUSD"}));
    let booked = json!({"booked": {"commission": "-1"}, "marginRate": null});
    accept(
        &admin,
        &[with(gold("1", 0, ("BUY", "1", "1900")), booked.clone()), with(gold("2", 1, ("SELL", "1", "1910")), booked)],
    );
    let deals = admin.deals(&account);
    let prices: Vec<_> =
        deals.iter().rev().map(|deal| json!([deal["action"], deal["closePrice"], deal["openPrice"]])).collect();
    let commission = "DEAL_ACTION_COMMISSION";
    assert_eq!(
        prices,
        [json!([commission, 0, 0]), json!(["DEAL_ACTION_SELL", 1910, 1900]), json!([commission, 1910, 1900])]
    );
    let list = admin.get(&format!("/accounts/{account}/executions")).ok().json();
    let shown = |index: usize| {
        let execution = &list["executions"][index];
        json!([execution["price"], execution["openPrice"], execution["marginRate"]])
    };
    assert_eq!([shown(1), shown(0)], [json!([1900, null, null]), json!([1910, 1900, null])]);
}

#[test]
fn corrections_name_the_execution_that_they_follow_from() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    accept(&admin, &[fill(&account, "1", 0, ("BUY", "1", "1.10")), fill(&account, "3", 2, ("SELL", "1", "1.11"))]);
    // Arrives late: 1.5 lots were open at (1.10 + 0.5 x 1.08) / 1.5, so that 1 closed gains 1,666.67 instead of 1,000.
    accept(&admin, &[fill(&account, "2", 1, ("BUY", "0.5", "1.08"))]);
    let newest = admin.deals(&account);
    let told = |deal: &Value| (deal["action"].clone(), deal["amount"].to_string(), deal["clientDealId"].clone());
    assert_eq!(told(&newest[0]), ("DEAL_ACTION_CORRECTION".into(), "666.67".into(), "3".into()));
    assert_eq!(told(&newest[1]), ("DEAL_ACTION_SELL".into(), "1000.0".into(), "3".into()));
}
