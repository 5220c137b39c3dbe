//! Negative balance protection beside what the platform compensates itself, and after its terms have changed.

use super::harness::{Caller, Server, unique};
use super::platform_feed::{accept, at, deals, fates, feed, fill, proves_its_books, trading_account, with};
use serde_json::{Value, json};

const REFERENCE: &str = include_str!("../../packaging/reference.toml");

fn operation(account: &str, minute: u32, operation: &str, amount: &str) -> Value {
    json!({
        "kind": "balance", "platform": "mt5", "eventId": unique("op"), "account": account, "at": at(minute),
        "operation": operation, "amount": amount,
    })
}

fn compensation(account: &str, minute: u32, amount: &str) -> Value {
    operation(account, minute, "compensation", amount)
}

/// A loss of 200: opened at minute 0, closed at minute 10.
fn loss(account: &str) -> Vec<Value> {
    vec![fill(account, "1", 0, ("BUY", "1", "1.1")), fill(account, "2", 10, ("SELL", "1", "1.098"))]
}

fn funded(admin: &Caller<'_>, amount: &str) -> String {
    let account = trading_account(admin, "USD", "NETTING");
    admin.deposit(&account, amount);
    account
}

/// All orders of so many events.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let insert = |order: Vec<usize>| {
        (0..count).map(move |place| {
            let mut order = order.clone();
            order.insert(place, last);
            order
        })
    };
    orders(last).into_iter().flat_map(insert).collect()
}

#[test]
fn a_client_is_made_whole_once_in_whatever_order_the_events_come() {
    let server = Server::start("");
    let admin = server.admin();
    // 100 are there and 200 are lost. What the platform gives is posted; ours is what it lacks.
    for (compensations, end) in [
        (vec![(20, "100")], "0.00"),
        (vec![(20, "60")], "0.00"),
        (vec![(20, "150")], "50.00"),
        (vec![(5, "100")], "0.00"),
        (vec![(5, "40")], "0.00"),
        (vec![(20, "60"), (21, "70")], "30.00"),
        (vec![(5, "30"), (20, "30")], "0.00"),
    ] {
        for order in orders(2 + compensations.len()) {
            let account = funded(&admin, "100");
            let mut events = loss(&account);
            events.extend(compensations.iter().map(|(minute, amount)| compensation(&account, *minute, amount)));
            for index in &order {
                accept(&admin, &events[*index..=*index]);
            }
            assert_eq!(admin.balance(&account), end, "{compensations:?} {order:?}");
            assert_eq!(feed(&admin, &events)["duplicates"], events.len());
            assert_eq!(admin.balance(&account), end);
        }
        let account = funded(&admin, "100");
        let mut events = loss(&account);
        events.extend(compensations.iter().map(|(minute, amount)| compensation(&account, *minute, amount)));
        accept(&admin, &events);
        assert_eq!(admin.balance(&account), end, "{compensations:?} in one call");
    }
    proves_its_books(&server);
}

#[test]
fn protection_that_was_posted_is_taken_back_by_a_linked_entry() {
    let server = Server::start("");
    let admin = server.admin();
    let account = funded(&admin, "100");
    accept(&admin, &loss(&account));
    let event = compensation(&account, 20, "100");
    assert_eq!(fates(&admin, &[event.clone(), event.clone()]), ["accepted", "duplicate"]);
    let expected = ["BALANCE 100.00", "SELL -200.00", "CORRECTION 100.00", "CORRECTION 100.00", "CORRECTION -100.00"];
    assert_eq!(deals(&admin, &account), expected);
    let list = admin.get(&format!("/accounts/{account}/deals")).ok();
    assert_eq!(list.json()["deals"][0]["clientDealId"], event["eventId"]);
    // The loss was 50 smaller: less was replaced, and the client keeps the rest.
    let correction = json!({
        "kind": "correction", "platform": "mt5", "eventId": unique("c"), "account": account, "at": at(30),
        "executionId": "2c", "corrects": "2", "action": "replace", "price": "1.0985",
    });
    accept(&admin, &[correction]);
    assert_eq!(deals(&admin, &account)[5..], ["CORRECTION 50.00", "CORRECTION -50.00", "CORRECTION 50.00"]);
    assert_eq!(admin.balance(&account), "50.00");
    // A compensation without protection is money like any other.
    let other = funded(&admin, "500");
    accept(&admin, &loss(&other));
    accept(&admin, &[compensation(&other, 20, "10")]);
    assert_eq!(admin.balance(&other), "310.00");
    proves_its_books(&server);
}

#[test]
fn credit_that_protection_consumed_is_restored_if_the_platform_compensates() {
    let server = Server::start("");
    let admin = server.admin();
    // 50 of own money and 100 of credit; own money is -150 after the loss.
    let lost = || {
        let account = funded(&admin, "50");
        let mut events = loss(&account);
        events.push(operation(&account, 1, "credit_in", "100"));
        accept(&admin, &events);
        account
    };
    let account = lost();
    assert_eq!(admin.balance(&account), "0.00");
    // The platform lifts the balance and leaves the credit to us.
    accept(&admin, &[compensation(&account, 20, "50")]);
    assert_eq!(admin.balance(&account), "0.00");
    // It lifts the balance by all that is missing.
    let account = lost();
    accept(&admin, &[compensation(&account, 20, "150")]);
    assert_eq!(admin.balance(&account), "100.00");
    let of_credit: Vec<_> = deals(&admin, &account).into_iter().filter(|deal| deal.starts_with("CREDIT")).collect();
    assert_eq!(of_credit, ["CREDIT 100.00", "CREDIT -100.00", "CREDIT 100.00"]);
    // And it takes the credit back.
    accept(&admin, &[operation(&account, 20, "credit_out", "-100")]);
    assert_eq!(admin.balance(&account), "0.00");
    proves_its_books(&server);
}

#[test]
fn a_loss_is_protected_under_the_terms_of_its_arrival() {
    let server = Server::start("");
    let admin = server.admin();
    let protected = "negative_balance_protection = true";
    let switch = |to: &str| server.apply_reference(&REFERENCE.replace(protected, to));
    let account = funded(&admin, "100");
    accept(&admin, &loss(&account));
    assert_eq!(admin.balance(&account), "0.00");
    switch("negative_balance_protection = false");
    // Money that the platform had before the loss comes late: it was protected, and needed less.
    accept(&admin, &[operation(&account, 5, "deposit", "30")]);
    assert_eq!(deals(&admin, &account)[3..], ["BALANCE 30.00", "CORRECTION -30.00"]);
    assert_eq!(admin.balance(&account), "0.00");
    // A loss of today is not protected, not even after the group has protection again.
    let other = funded(&admin, "100");
    accept(&admin, &loss(&other));
    assert_eq!(admin.balance(&other), "-100.00");
    switch(protected);
    accept(&admin, &[operation(&other, 5, "deposit", "30")]);
    assert_eq!(admin.balance(&other), "-70.00");
    // Only stop-outs count from now on; the order says so later, and was placed later than its fill.
    switch("negative_balance_protection = true\nprotect_after = \"stop_out\"");
    let third = funded(&admin, "100");
    let mut events = loss(&third);
    events[1] = with(events[1].clone(), json!({"orderId": "90"}));
    accept(&admin, &events);
    assert_eq!(admin.balance(&third), "-100.00");
    let order = json!({
        "kind": "order", "platform": "mt5", "eventId": unique("o"), "account": third, "at": at(11), "orderId": "90",
        "state": "filled", "symbol": "EURUSD", "reason": "stop_out",
    });
    accept(&admin, &[order]);
    assert_eq!(admin.balance(&third), "0.00");
    proves_its_books(&server);
}

#[test]
fn reversed_credit_is_not_there_for_later_losses() {
    let server = Server::start("");
    let admin = server.admin();
    let account = funded(&admin, "100");
    let credit = json!({"amount": "50", "action": "DEAL_ACTION_CREDIT"});
    let granted = admin.post(&format!("/accounts/{account}/balance"), &credit).ok().text_at("dealId");
    // Own money is -100 before the loss of 30, which consumes as much credit.
    let open = with(fill(&account, "1", 0, ("BUY", "0.1", "1.1")), json!({"booked": {"commission": "-200"}}));
    accept(&admin, &[open, fill(&account, "2", 10, ("SELL", "0.1", "1.097"))]);
    assert_eq!(deals(&admin, &account)[4..], ["CREDIT -30.00", "CORRECTION 30.00"]);
    let reversal = json!({"reason": "granted by mistake", "force": true});
    admin.post(&format!("/entries/{granted}/reverse"), &reversal).ok();
    // The credit was there when the loss came, so nothing changes.
    accept(&admin, &[operation(&account, 5, "deposit", "10")]);
    assert_eq!(deals(&admin, &account)[6..], ["CORRECTION -50.00", "BALANCE 10.00"]);
    proves_its_books(&server);
}
