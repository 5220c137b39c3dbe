//! The money that follows from the feed of trading platforms: charges, protection, splits, and what is reported of it.

use super::harness::{Server, unique};
use super::platform_feed::{accept, at, deals, fates, fill, proves_its_books, trading_account, with};
use serde_json::{Value, json};

#[test]
fn charges_and_balance_operations_are_posted() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "HEDGING");
    let charge = |more: Value| {
        let event = json!({"platform": "mt5", "eventId": unique("s"), "account": account, "at": at(0)});
        with(event, more)
    };
    accept(
        &admin,
        &[
            charge(json!({"kind": "balance", "operation": "deposit", "amount": "100", "comment": "wire"})),
            charge(json!({"kind": "balance", "operation": "credit_in", "amount": "50"})),
            charge(json!({"kind": "swap", "positionRef": "77", "symbol": "EURUSD", "amount": "-0.314"})),
            charge(json!({"kind": "funding", "amount": "-0.004"})),
            charge(json!({"kind": "dividend", "amount": "3.5"})),
            charge(json!({"kind": "balance", "operation": "withdrawal", "amount": "-200"})),
            charge(json!({"kind": "balance", "operation": "compensation", "amount": "47.50"})),
        ],
    );
    assert_eq!(
        deals(&admin, &account),
        ["BALANCE 100.00", "CREDIT 50.00", "SWAP -0.31", "DIVIDEND 3.50", "BALANCE -200.00", "CORRECTION 47.50"]
    );
    let wrong = charge(json!({"kind": "balance", "operation": "deposit", "amount": "-1"}));
    assert_eq!(fates(&admin, &[wrong]), ["refused: invalid"]);
    proves_its_books(&server);
}

#[test]
fn locked_accounts_take_losses_below_the_minimum() {
    let server = Server::start("");
    let admin = server.admin();
    let protected = "negative_balance_protection = true";
    let file = include_str!("../../packaging/reference.toml");
    server.apply_reference(&file.replace(protected, "negative_balance_protection = false"));
    let account = trading_account(&admin, "USD", "NETTING");
    admin.post(&format!("/accounts/{account}/lock"), &json!({"lock": "FULL", "type": "SYS", "reason": "ADM"})).ok();
    accept(&admin, &[fill(&account, "1", 0, ("BUY", "1", "1.2")), fill(&account, "2", 1, ("SELL", "1", "1.1"))]);
    assert_eq!(admin.balance(&account), "-10000.00");
}

/// A balance operation of the platform.
fn operation(account: &str, minute: u32, operation: &str, amount: &str) -> Value {
    json!({
        "kind": "balance", "platform": "mt5", "eventId": unique("op"), "account": account, "at": at(minute),
        "operation": operation, "amount": amount,
    })
}

#[test]
fn a_loss_beyond_the_balance_is_taken_over_after_credit_is_consumed() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "HEDGING");
    let position = |reference: &str, entry: &str| json!({"positionRef": reference, "entry": entry});
    accept(
        &admin,
        &[
            operation(&account, 0, "deposit", "1000"),
            operation(&account, 1, "credit_in", "500"),
            with(fill(&account, "1", 2, ("BUY", "1", "1.2")), position("77", "in")),
            with(fill(&account, "2", 3, ("BUY", "0.1", "1.2")), position("78", "in")),
        ],
    );
    // Something is still open: nothing is lifted.
    accept(&admin, &[with(fill(&account, "3", 4, ("SELL", "0.1", "1.1")), position("78", "out"))]);
    assert_eq!(admin.balance(&account), "500.00");
    // Own money is 500 - 10,000 - 500 of credit, so 10,000 are missing, which is what the last fill lost.
    accept(&admin, &[with(fill(&account, "4", 5, ("SELL", "1", "1.1")), position("77", "out"))]);
    let expected = ["CREDIT -500.00", "CORRECTION 500.00", "CORRECTION 9500.00"];
    assert_eq!(deals(&admin, &account)[4..], expected);
    assert_eq!(admin.balance(&account), "0.00");
    // A deposit that the platform made before the loss comes late: it needed less.
    accept(&admin, &[operation(&account, 3, "deposit", "300")]);
    assert_eq!(deals(&admin, &account)[7..], ["BALANCE 300.00", "CORRECTION -300.00"]);
    // One after it is the client's.
    accept(&admin, &[operation(&account, 6, "deposit", "50")]);
    assert_eq!(admin.balance(&account), "50.00");
    // The losing fill turns out to be a smaller loss: 1,000 instead of 10,000.
    let correction = json!({
        "kind": "correction", "platform": "mt5", "eventId": unique("c"), "account": account, "at": at(9),
        "executionId": "c4", "corrects": "4", "action": "replace", "price": "1.19",
    });
    accept(&admin, &[correction]);
    // Own money was 1300 - 1000 - 1000 = -700.
    assert_eq!(admin.balance(&account), "50.00");
    assert_eq!(deals(&admin, &account)[10..], ["CORRECTION 9000.00", "CORRECTION -9000.00"]);
    proves_its_books(&server);
}

#[test]
fn a_split_changes_lots_and_not_value() {
    let server = Server::start("");
    let admin = server.admin();
    let accounts: Vec<_> = (0..2).map(|_| trading_account(&admin, "USD", "NETTING")).collect();
    let [on_time, late] = [&accounts[0], &accounts[1]];
    for account in &accounts {
        accept(&admin, &[fill(account, "1", 0, ("BUY", "1", "1.2"))]);
    }
    accept(&admin, &[fill(late, "2", 10, ("SELL", "4", "0.31"))]);
    let split = json!({
        "kind": "split", "platform": "mt5", "eventId": unique("split"), "symbol": "EURUSD", "at": at(5), "ratio": "4",
    });
    assert_eq!(fates(&admin, &[split.clone(), split]), ["accepted", "duplicate"]);
    accept(&admin, &[fill(on_time, "2", 10, ("SELL", "4", "0.31"))]);
    // (0.31 - 0.30) x 400,000.
    for account in &accounts {
        assert_eq!(admin.balance(account), "4000.00");
    }
    proves_its_books(&server);
}

#[test]
fn protection_counts_the_money_that_was_there_when_the_loss_came() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let lose = |first: &str, second: &str, minute: u32| {
        [
            fill(&account, first, minute, ("BUY", "0.1", "1.2")),
            fill(&account, second, minute + 1, ("SELL", "0.1", "1.1")),
        ]
    };
    admin.deposit(&account, "100");
    accept(&admin, &lose("1", "2", 10));
    // Money that comes later through another door stays the client's.
    admin.deposit(&account, "500");
    accept(&admin, &lose("3", "4", 20));
    assert_eq!(admin.balance(&account), "0.00");
    admin.deposit(&account, "70");
    let before = deals(&admin, &account).len();
    // The platform had 40 more before both losses: the first needed 40 less, the second as much as before.
    accept(&admin, &[operation(&account, 5, "deposit", "40")]);
    assert_eq!(deals(&admin, &account)[before..], ["BALANCE 40.00", "CORRECTION -40.00"]);
    // And 30 more between them.
    accept(&admin, &[operation(&account, 15, "deposit", "30")]);
    assert_eq!(deals(&admin, &account)[before + 2..], ["BALANCE 30.00", "CORRECTION -30.00"]);
    assert_eq!(admin.balance(&account), "70.00");
    proves_its_books(&server);
}

#[test]
fn differences_to_the_platform_are_reported_until_they_are_gone() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "HEDGING");
    let open = || {
        let alerts = admin.get("/platform/alerts").ok().json();
        let mut kinds: Vec<_> = alerts["alerts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|alert| format!("{} {}", alert["kind"].as_str().unwrap(), alert["subject"].as_str().unwrap()))
            .collect();
        kinds.sort();
        kinds
    };
    let of = |entry: &str, booked: Value| json!({"positionRef": "7", "entry": entry, "booked": booked});
    admin.deposit(&account, "1000");
    accept(
        &admin,
        &[
            json!({"kind": "order", "platform": "mt5", "eventId": unique("o"), "account": account, "at": at(1),
               "orderId": "90", "state": "cancelled", "symbol": "EURUSD"}),
            with(
                with(fill(&account, "2", 5, ("SELL", "0.1", "1.2")), of("out", json!({"profit": "100"}))),
                json!({"orderId": "90"}),
            ),
        ],
    );
    assert_eq!(open(), ["close_without_position 2", "fill_after_cancellation 2"]);
    // What it closed comes late. It made 99, and the platform booked 100.
    accept(&admin, &[with(fill(&account, "1", 2, ("BUY", "0.1", "1.1901")), of("in", json!({"balanceAfter": "5"})))]);
    assert_eq!(open(), ["fill_after_cancellation 2", "profit_differs 2"]);
    assert_eq!(admin.balance(&account), "1100.00");
    accept(&admin, &[with(fill(&account, "3", 6, ("BUY", "0.1", "1.2")), of("in", json!({"balanceAfter": "1099"})))]);
    let snapshot = |minute: u32, balance: &str, quantity: &str| {
        json!({
            "kind": "snapshot", "platform": "mt5", "eventId": unique("x"), "account": account, "at": at(minute),
            "balance": balance,
            "positions": [{
                "positionRef": "7", "symbol": "EURUSD", "side": "BUY", "quantity": quantity, "openPrice": "1.20000",
            }],
        })
    };
    accept(&admin, &[snapshot(7, "1100", "0.2")]);
    let seen =
        ["balance_differs balance", "fill_after_cancellation 2", "profit_differs 2", "snapshot_differs position 7"];
    assert_eq!(open(), seen);
    // One from before the last execution says nothing.
    accept(&admin, &[snapshot(5, "1", "9")]);
    assert_eq!(open(), seen);
    accept(
        &admin,
        &[
            snapshot(8, "1100.00", "0.10"),
            with(fill(&account, "4", 9, ("BUY", "0.1", "1.2")), of("in", json!({"balanceAfter": "1100"}))),
        ],
    );
    assert_eq!(open(), ["fill_after_cancellation 2", "profit_differs 2", "snapshot_differs position 7"]);
    accept(&admin, &[snapshot(10, "1100.00", "0.20")]);
    assert_eq!(open(), ["fill_after_cancellation 2", "profit_differs 2"]);
    // An opening snapshot is for accounts that have not traded.
    let opening = |account: &str| with(snapshot(11, "0", "0.5"), json!({"purpose": "opening", "account": account}));
    let fresh = trading_account(&admin, "USD", "HEDGING");
    accept(
        &admin,
        &[json!({"kind": "quote", "platform": "mt5", "symbol": "EURUSD", "at": at(0), "bid": "1.1", "ask": "1.1"})],
    );
    assert_eq!(fates(&admin, &[opening(&account), opening(&fresh)]), ["refused: already_traded", "accepted"]);
    let close = with(fill(&fresh, "1", 12, ("SELL", "0.5", "1.21")), of("out", json!({})));
    accept(&admin, &[close]);
    assert_eq!(deals(&admin, &fresh), ["SELL 500.00"]);
    proves_its_books(&server);
}

#[test]
fn equity_and_margin_are_compared_with_the_platform() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "HEDGING");
    admin.deposit(&account, "10000");
    let quote = json!({
        "kind": "quote", "platform": "mt5", "symbol": "EURUSD", "at": at(1), "bid": "1.19", "ask": "1.2",
    });
    let open =
        |id: &str| with(fill(&account, id, 0, ("BUY", "0.05", "1.2")), json!({"positionRef": id, "entry": "in"}));
    accept(&admin, &[quote, open("1"), open("2")]);
    // 10,000 x 1.1 / 30.
    let portfolio = admin.get(&format!("/portfolios/{account}")).ok();
    assert_eq!((portfolio.digits("equity"), portfolio.digits("usedMargin")), ("9900.00".into(), "366.67".into()));
    let snapshot = |minute: u32, balance: &str, equity: &str, margin: &str| {
        json!({
            "kind": "snapshot", "platform": "mt5", "eventId": unique("x"), "account": account, "at": at(minute),
            "balance": balance, "equity": equity, "margin": margin,
        })
    };
    // What is reported, as `subject theirs ours`.
    let reported = || {
        let alerts = admin.get("/platform/alerts").ok().json()["alerts"].clone();
        let show = |alert: &Value| {
            assert_eq!(alert["kind"], "snapshot_differs");
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let detail = &alert["detail"];
            [text(&alert["subject"]), text(&detail["theirs"]), text(&detail["ours"])].join(" ")
        };
        let mut shown: Vec<_> = alerts.as_array().unwrap().iter().map(show).collect();
        shown.sort();
        shown
    };
    // Two positions, each rounded by the platform: two minor units are noise.
    for (minute, equity, margin) in [(2, "9900.004", "366.67"), (3, "9899.98", "366.65"), (4, "9900.02", "366.69")] {
        accept(&admin, &[snapshot(minute, "10000", equity, margin)]);
        assert_eq!(reported(), [""; 0], "{equity} {margin}");
    }
    accept(&admin, &[snapshot(5, "10000.01", "9899.97", "366.70")]);
    let noted = ["balance 10000.01 10000.00", "equity 9899.97 9900.00", "margin 366.70 366.67"];
    assert_eq!(reported(), noted);
    accept(&admin, &[snapshot(6, "10000", "9900.03", "366.64")]);
    assert_eq!(reported(), ["equity 9900.03 9900.00", "margin 366.64 366.67"]);
    accept(&admin, &[snapshot(7, "10000", "9900", "366.67")]);
    assert_eq!(reported(), [""; 0]);
    // Without positions there is nothing to round.
    let flat = trading_account(&admin, "USD", "NETTING");
    accept(&admin, &[with(snapshot(8, "0", "0.01", "0.01"), json!({"account": flat}))]);
    assert_eq!(reported(), ["equity 0.01 0.00", "margin 0.01 0.00"]);
}

#[test]
fn absurd_figures_of_one_account_do_not_hide_the_others() {
    let server = Server::start("");
    let admin = server.admin();
    let (absurd, other) = (trading_account(&admin, "USD", "NETTING"), trading_account(&admin, "USD", "NETTING"));
    let most = "9999999999999999";
    let quote = json!({
        "kind": "quote", "platform": "mt5", "symbol": "EURUSD", "at": at(1), "bid": "1.19", "ask": "1.2",
    });
    accept(
        &admin,
        &[
            quote,
            with(fill(&absurd, "1", 0, ("BUY", most, most)), json!({"marginRate": most})),
            fill(&other, "1", 0, ("BUY", "1", "1.2")),
        ],
    );
    let calls = admin.get("/platform/margin").ok().text;
    assert!(calls.contains(&absurd) && calls.contains(&other), "{calls}");
    let portfolio = admin.get(&format!("/portfolios/{absurd}")).ok();
    assert_eq!(portfolio.digits("usedMargin"), "92233720368547758.07");
    assert_eq!(portfolio.digits("equity"), "-92233720368547758.08");
    let client = admin.get(&format!("/accounts/{absurd}")).ok().text_at("profileId");
    for path in [
        format!("/profiles/{client}/accounts"),
        format!("/accounts/{absurd}/positions"),
        "/accounts".into(),
        "/platform/exposure".into(),
    ] {
        admin.get(&path).ok();
    }
}

#[test]
fn one_event_that_overflows_affects_no_other() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let huge = fill(&account, "2", 1, ("SELL", "1", "999999999999"));
    let events = [
        fill(&account, "1", 0, ("BUY", "1", "1.1")),
        huge.clone(),
        fill(&account, "3", 2, ("SELL", "1", "1.2")),
        operation(&account, 3, "deposit", "1000000000000000.01"),
    ];
    assert_eq!(fates(&admin, &events), ["accepted", "refused: overflow", "accepted", "refused: overflow"]);
    assert_eq!(admin.balance(&account), "10000.00");
    let before = server.trace();
    assert_eq!(fates(&admin, &[huge]), ["refused: overflow"]);
    assert_eq!(server.trace(), before);
}

#[test]
fn what_the_platform_booked_is_not_reversed_by_an_operator() {
    let server = Server::shared();
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    admin.deposit(&account, "1000");
    accept(&admin, &[fill(&account, "1", 0, ("BUY", "1", "1.1")), fill(&account, "2", 1, ("SELL", "1", "1.102"))]);
    let deals = admin.get(&format!("/accounts/{account}/deals")).ok();
    assert_eq!(deals.text_at("deals/0/action"), "DEAL_ACTION_SELL");
    let way = format!("/entries/{}/reverse", deals.text_at("deals/0/id"));
    admin.post(&way, &json!({"reason": "not ours"})).refused("NOT_REVERSIBLE");
    admin.post(&way, &json!({"force": true, "reason": "not ours"})).refused("NOT_REVERSIBLE");
}

#[test]
fn a_late_split_leaves_archived_accounts_as_they_are() {
    let server = Server::start("");
    let admin = server.admin();
    let [held, later] = [(); 2].map(|()| trading_account(&admin, "USD", "NETTING"));
    for (account, minute) in [(&held, 0), (&later, 6)] {
        let trades =
            [fill(account, "1", minute, ("BUY", "1", "1.2")), fill(account, "2", minute + 10, ("SELL", "1", "1.2"))];
        accept(&admin, &trades);
        admin.delete(&format!("/accounts/{account}")).ok();
    }
    let split = json!({
        "kind": "split", "platform": "mt5", "eventId": unique("split"), "symbol": "EURUSD", "at": at(5), "ratio": "4",
    });
    accept(&admin, std::slice::from_ref(&split));
    for account in [&held, &later] {
        assert_eq!(deals(&admin, account), [""; 0]);
    }
    let alerts = admin.get("/platform/alerts").ok().json();
    let alerts: Vec<_> = alerts["alerts"].as_array().unwrap().iter().collect();
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    assert_eq!(
        (&alerts[0]["kind"], &alerts[0]["accountId"], &alerts[0]["subject"]),
        (&json!("closed_account"), &json!(held), &split["eventId"])
    );
    proves_its_books(&server);
}

#[test]
fn a_close_by_is_corrected_to_a_deal() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "HEDGING");
    let position = |reference: &str, entry: &str| json!({"positionRef": reference, "entry": entry});
    let close_by = json!({
        "kind": "execution", "platform": "mt5", "eventId": unique("b"), "account": account, "at": at(2),
        "executionId": "3", "entry": "out-by", "positionRef": "77", "oppositeRef": "78", "symbol": "EURUSD",
        "quantity": "1", "marginRate": "1.1",
    });
    accept(
        &admin,
        &[
            with(fill(&account, "1", 0, ("BUY", "1", "1.1")), position("77", "in")),
            with(fill(&account, "2", 1, ("SELL", "1", "1.1")), position("78", "in")),
            close_by.clone(),
        ],
    );
    let correction = |more: Value| {
        let event = json!({
            "kind": "correction", "platform": "mt5", "eventId": unique("c"), "account": account, "at": at(9),
            "executionId": "c3", "corrects": "3", "action": "replace", "entry": "out", "positionRef": "77",
        });
        with(event, more)
    };
    let without_price = correction(json!({"side": "SELL"}));
    assert_eq!(fates(&admin, &[without_price]), ["refused: invalid"]);
    accept(&admin, &[correction(json!({"side": "SELL", "price": "1.102"}))]);
    assert_eq!(admin.balance(&account), "200.00");
    // The close-by is told again with more: the correction still counts.
    accept(&admin, &[with(close_by, json!({"eventId": unique("b"), "booked": {"commission": "-1"}}))]);
    assert_eq!(admin.balance(&account), "199.00");
    proves_its_books(&server);
}

#[test]
fn orders_without_a_price_reserve_nothing() {
    let server = Server::shared();
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let order = |id: &str, more: Value| {
        let event = json!({
            "kind": "order", "platform": "mt5", "eventId": unique("o"), "account": account, "at": at(0), "orderId": id,
            "state": "new", "symbol": "EURUSD", "side": "BUY", "quantity": "1",
        });
        with(event, more)
    };
    let quote =
        json!({"kind": "quote", "platform": "mt5", "symbol": "EURUSD", "at": at(0), "bid": "1.1", "ask": "1.1"});
    accept(
        &admin,
        &[
            quote,
            order("1", json!({"type": "market", "limitPrice": "0"})),
            order("2", json!({"type": "market", "limitPrice": "1.1"})),
            order("3", json!({"type": "limit", "limitPrice": "0"})),
        ],
    );
    let pending = || admin.get(&format!("/portfolios/{account}")).ok().digits("pendingMargin");
    assert_eq!(pending(), "0.00");
    accept(&admin, &[order("4", json!({"type": "stop", "limitPrice": "0", "stopPrice": "1.2"}))]);
    assert_ne!(pending(), "0.00");
}
