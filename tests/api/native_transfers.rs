//! Transfers between accounts.

use super::harness::{Caller, Reply, Server};
use serde_json::{Value, json};

fn transfer(from: &str, to: &str, amount: &str) -> Value {
    json!({"fromAccountId": from, "toAccountId": to, "amount": amount})
}

fn with(mut body: Value, field: &str, value: &str) -> Value {
    body[field] = value.into();
    body
}

fn demo_account(admin: &Caller<'_>) -> String {
    let body = json!({"profileId": admin.new_profile(), "currency": "USD", "groupId": admin.group("USD", true)});
    admin.post("/accounts", &body).ok().text_at("account/id")
}

#[test]
fn a_transfer_in_one_currency_is_posted_at_once() {
    let server = Server::shared();
    let admin = server.admin();
    let (from, to) = (admin.new_account("USD"), admin.new_account("USD"));
    admin.deposit(&from, "100");
    let body = with(transfer(&from, &to, "30.5"), "reason", "rent");
    let made = admin.post("/transfers", &body).ok().shows("transfer");
    assert_eq!((made.text_at("accountId"), made.text_at("toAccountId")), (from.clone(), to.clone()));
    assert_eq!((admin.balance(&from), admin.available(&from)), ("69.50".into(), "69.50".into()));
    assert_eq!((admin.balance(&to), admin.available(&to)), ("30.50".into(), "30.50".into()));
    for account in [&from, &to] {
        let deal = &admin.deals(account)[0];
        assert_eq!((&deal["id"], &deal["comment"]), (&made.json()["dealId"], &"rent".into()));
    }
    let path = format!("/transfers/{}", made.text_at("id"));
    assert_eq!(server.viewer().get(&path).ok().text, made.text);
    let list = server.viewer().get(&format!("/transfers?accountId={from}")).ok();
    assert_eq!((list.text_at("total"), list.text_at("movements/0/id")), ("1".into(), made.text_at("id")));
    // Everything withdrawable can be transferred, and the receiver can use it at once.
    admin.post("/transfers", &transfer(&from, &to, "69.50")).ok();
    assert_eq!((admin.available(&from), admin.available(&to)), ("0.00".into(), "100.00".into()));
}

#[test]
fn a_transfer_across_currencies_takes_a_rate_or_the_amount_that_arrives() {
    let server = Server::start("");
    let admin = server.admin();
    let (usd, eur, jpy) = (admin.new_account("USD"), admin.new_account("EUR"), admin.new_account("JPY"));
    admin.deposit(&usd, "100");
    admin.post("/transfers", &with(transfer(&usd, &eur, "10"), "rate", "0.92155")).ok();
    assert_eq!((admin.balance(&usd), admin.balance(&eur)), ("90.00".into(), "9.22".into()));
    admin.post("/transfers", &with(transfer(&usd, &jpy, "10"), "toAmount", "1500")).ok();
    assert_eq!((admin.balance(&usd), admin.balance(&jpy)), ("80.00".into(), "1500".into()));
    admin.post("/transfers", &with(transfer(&jpy, &usd, "1"), "rate", "0.0065")).ok();
    let other = admin.new_account("USD");
    for (field, value) in [("rate", "1"), ("toAmount", "1")] {
        let reply = admin.post("/transfers", &with(transfer(&usd, &other, "1"), field, value));
        reply.refused("INVALID_FIELD").naming(field);
    }
    assert_eq!((admin.balance(&usd), admin.balance(&jpy)), ("80.01".into(), "1499".into()));
    server.trace();
    let audit = server.command(&["audit"]);
    let fx = audit["trial_balance"].as_array().unwrap().iter().filter(|tally| tally["books"] == "fx").count();
    assert_eq!(fx, 3, "{audit}");
}

#[test]
fn a_transfer_across_currencies_tells_its_rate_and_what_arrives() {
    let server = Server::start("");
    let admin = server.admin();
    let (usd, eur, jpy) = (admin.new_account("USD"), admin.new_account("EUR"), admin.new_account("JPY"));
    admin.deposit(&usd, "100");
    let amounts_and_rate = |reply: &Reply| {
        ["amount", "currency", "toAmount", "toCurrency", "rate"].map(|name| reply.digits(name).replace('"', ""))
    };
    let received = |account: &str| {
        let deal = admin.get(&format!("/accounts/{account}/deals?limit=1")).ok();
        ["deals/0/amount", "deals/0/fxRate", "deals/0/fxRateMarked"].map(|name| deal.digits(name))
    };
    // By a rate that cannot be recovered from the rounded result: shown when rehearsed, made, read and listed.
    let by_rate = with(transfer(&usd, &eur, "10"), "rate", "0.92155");
    let rehearsed = admin.post("/transfers?dryRun=true", &by_rate).ok();
    assert_eq!(admin.balance(&eur), "0.00");
    let made = admin.post("/transfers", &by_rate).ok();
    assert_eq!(amounts_and_rate(&made), ["10.00", "USD", "9.22", "EUR", "0.92155"]);
    assert_eq!(amounts_and_rate(&rehearsed), amounts_and_rate(&made));
    let path = format!("/transfers/{}", made.text_at("id"));
    assert_eq!(admin.get(&path).ok().text, made.text);
    assert_eq!(admin.get("/transfers").ok().json()["movements"][0], made.json());
    assert_eq!(received(&eur), ["9.22", "0.92155", "0.92155"]);
    assert_eq!(received(&usd), ["-10.00", "0", "0"]);
    // By the amount that arrives.
    let by_amount = with(transfer(&usd, &jpy, "7"), "toAmount", "1000");
    let made = admin.post("/transfers", &by_amount).ok();
    assert_eq!(amounts_and_rate(&made), ["7.00", "USD", "1000", "JPY", "142.857142857"]);
    assert_eq!(received(&jpy), ["1000", "142.857142857", "142.857142857"]);
    // In one currency there is no rate, and other movements have no amount that arrives.
    let other = admin.new_account("USD");
    let made = admin.post("/transfers", &transfer(&usd, &other, "5")).ok();
    assert_eq!(amounts_and_rate(&made), ["5.00", "USD", "5.00", "USD", "null"]);
    assert_eq!(received(&other), ["5.00", "0", "0"]);
    let hold = admin.post(&format!("/accounts/{usd}/holds"), &json!({"amount": "1"})).ok();
    assert_eq!(amounts_and_rate(&hold), ["1.00", "USD", "null", "null", "null"]);
}

#[test]
fn refused_transfers_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let (from, to, eur) = (admin.new_account("USD"), admin.new_account("USD"), admin.new_account("EUR"));
    let (gone, demo) = (admin.new_account("USD"), demo_account(&admin));
    admin.deposit(&from, "100");
    admin.deposit(&demo, "100");
    admin.delete(&format!("/accounts/{gone}")).ok();
    admin.post("/transfers", &with(transfer(&from, &to, "1"), "reference", "taken")).ok();
    let nobody = "0198c1f0-0000-7000-8000-000000000000";
    let before = server.trace();
    for (body, reason) in [
        (json!({"toAccountId": to, "amount": "1"}), "INVALID_FIELD"),
        (json!({"fromAccountId": from, "amount": "1"}), "INVALID_FIELD"),
        (json!({"fromAccountId": from, "toAccountId": to}), "INVALID_FIELD"),
        (transfer(&from, &to, "0"), "INVALID_FIELD"),
        (transfer(&from, &to, "-5"), "INVALID_FIELD"),
        (transfer(&from, &to, "1000000000000000.01"), "OUT_OF_RANGE"),
        (with(transfer(&from, &to, "1"), "rate", "1"), "INVALID_FIELD"),
        (with(transfer(&from, &to, "1"), "toAmount", "1"), "INVALID_FIELD"),
        (transfer(&from, &eur, "1"), "INVALID_FIELD"),
        (with(transfer(&from, &eur, "1"), "rate", "0"), "INVALID_FIELD"),
        (with(transfer(&from, &eur, "1"), "rate", "-1"), "INVALID_FIELD"),
        (with(transfer(&from, &eur, "1"), "rate", "0.001"), "INVALID_FIELD"),
        (with(transfer(&from, &eur, "1"), "toAmount", "0"), "INVALID_FIELD"),
        (with(with(transfer(&from, &eur, "1"), "toAmount", "1"), "rate", "1"), "INVALID_FIELD"),
        (transfer(&from, &from, "1"), "SAME_ACCOUNT"),
        (transfer(&from, &demo, "1"), "MODES_DIFFER"),
        (transfer(&demo, &from, "1"), "MODES_DIFFER"),
        (transfer(&from, &gone, "1"), "ACCOUNT_ARCHIVED"),
        (transfer(&gone, &to, "1"), "ACCOUNT_ARCHIVED"),
        (transfer(&from, &to, "99.01"), "INSUFFICIENT_FUNDS"),
        (with(transfer(&from, &eur, "99.01"), "rate", "1"), "INSUFFICIENT_FUNDS"),
    ] {
        admin.post("/transfers", &body).refused(reason);
    }
    admin.post("/transfers", &transfer(&from, &from, "1")).naming("toAccountId");
    let taken = with(transfer(&from, &to, "1"), "reference", "taken");
    admin.post("/transfers", &taken).refused("DUPLICATE_REFERENCE");
    admin.post("/transfers", &transfer(nobody, &to, "1")).refused("NOT_FOUND");
    admin.post("/transfers", &transfer(&from, nobody, "1")).refused("NOT_FOUND");
    admin.get(&format!("/transfers/{nobody}")).refused("NOT_FOUND");
    server.viewer().post("/transfers", &transfer(&from, &to, "1")).refused("RIGHT_MISSING");
    assert_eq!(server.trace(), before);
}

#[test]
fn both_accounts_of_a_transfer_must_be_seen() {
    let server = Server::start("");
    let admin = server.admin();
    let retail = server.operator("operator", &["retail"]);
    let own = retail.new_account("USD");
    let hidden = admin.new_account_of(&admin.new_profile_with(&json!({"tags": ["vip"]})), "USD");
    admin.deposit(&own, "10");
    admin.deposit(&hidden, "10");
    let before = server.trace();
    let sent = |from: &str, to: &str| retail.post("/transfers", &transfer(from, to, "1")).refused("NOT_FOUND");
    assert_eq!(
        (sent(&own, &hidden).field(), sent(&hidden, &own).field()),
        ("toAccountId".into(), "fromAccountId".into())
    );
    let sweep = json!({"sweepToAccountId": hidden});
    retail.post(&format!("/accounts/{own}/close"), &sweep).refused("NOT_FOUND").naming("sweepToAccountId");
    assert_eq!(server.trace(), before);
    let made = admin.post("/transfers", &transfer(&hidden, &own, "1")).ok();
    retail.get(&format!("/transfers/{}", made.text_at("id"))).refused("NOT_FOUND");
    assert_eq!(retail.get("/transfers").ok().text_at("total"), "0");
    // A caller who sees only the payer does not see the receiver.
    let paid = admin.post("/transfers", &transfer(&own, &hidden, "1")).ok();
    let seen = retail.get(&format!("/transfers/{}", paid.text_at("id"))).ok();
    assert_eq!((seen.digits("toAmount"), seen.digits("toCurrency")), ("null".into(), "null".into()));
    let listed = retail.get("/transfers").ok();
    assert!(!seen.text.contains(&hidden) && !listed.text.contains(&hidden), "{} {}", seen.text, listed.text);
    assert_eq!((listed.text_at("total"), admin.get("/transfers").ok().text_at("total")), ("1".into(), "2".into()));
    admin.step(&format!("/entries/{}/reverse", paid.text_at("dealId"))).ok();
    // The list of an account does not reveal it either, on either side.
    assert_eq!(retail.get(&format!("/transfers?accountId={own}")).ok().text, listed.text);
    retail.get(&format!("/transfers?accountId={hidden}")).refused("NOT_FOUND");
    // A transfer with a hidden side cannot be reversed.
    let reverse = format!("/entries/{}/reverse", made.text_at("dealId"));
    retail.step(&reverse).refused("NOT_FOUND");
    admin.step(&reverse).ok();
    assert_eq!((admin.balance(&hidden), admin.balance(&own)), ("10.00".into(), "10.00".into()));
}

#[test]
fn transfers_are_listed_by_either_account() {
    let server = Server::shared();
    let admin = server.admin();
    let [one, two, three] = [1, 2, 3].map(|_| admin.new_account("USD"));
    admin.deposit(&one, "10");
    let there = admin.post("/transfers", &transfer(&one, &two, "2")).ok().text_at("id");
    let back = admin.post("/transfers", &transfer(&two, &one, "1")).ok().text_at("id");
    let on = admin.post("/transfers", &transfer(&one, &three, "1")).ok().text_at("id");
    let listed = |account: &str, more: &str| {
        let list = admin.get(&format!("/transfers?accountId={account}{more}")).ok().json();
        let ids: Vec<_> = list["movements"].as_array().unwrap().iter().map(|movement| movement["id"].clone()).collect();
        (list["total"].as_str().unwrap().to_owned(), ids)
    };
    assert_eq!(listed(&two, ""), ("2".into(), vec![back.clone().into(), there.clone().into()]));
    assert_eq!(listed(&one, ""), ("3".into(), vec![on.clone().into(), back.into(), there.into()]));
    assert_eq!(listed(&three, "&state=POSTED"), ("1".into(), vec![on.into()]));
    assert_eq!(listed(&three, "&state=VOIDED"), ("0".into(), vec![]));
}

#[test]
fn a_transfer_is_replayed_only_to_callers_who_see_both_sides() {
    let server = Server::start("");
    let admin = server.admin();
    let of = |tags: &Value| admin.new_account_of(&admin.new_profile_with(&json!({"tags": tags})), "USD");
    let (own, vip, both) = (of(&json!(["retail"])), of(&json!(["vip"])), of(&json!(["retail", "vip"])));
    for account in [&own, &vip] {
        admin.deposit(account, "10");
    }
    let narrowed = server.bearer(&server.add_token("dev", &["--tag", "retail"]).1);
    for (key, from, to, is_told) in [("1", &own, &vip, false), ("2", &vip, &own, false), ("3", &own, &both, true)] {
        let body = transfer(from, to, "1");
        let first = admin.key(key).post("/transfers", &body).ok();
        let again = narrowed.key(key).post("/transfers", &body);
        if is_told {
            assert_eq!(again.ok().text, first.text);
        } else {
            let again = again.refused("IDEMPOTENCY_CONFLICT");
            assert!(!again.text.contains(&vip), "{}", again.text);
        }
        assert!(admin.key(key).post("/transfers", &body).ok().is_replayed());
    }
    // A sweep has two sides as well, and so does the reversal of a transfer.
    let sweep = json!({"sweepToAccountId": vip});
    let close = format!("/accounts/{own}/close");
    admin.key("4").post(&close, &sweep).ok();
    narrowed.key("4").post(&close, &sweep).refused("IDEMPOTENCY_CONFLICT");
    let made = admin.post("/transfers", &transfer(&vip, &both, "1")).ok().text_at("dealId");
    let reverse = format!("/entries/{made}/reverse");
    admin.key("5").step(&reverse).ok();
    narrowed.key("5").step(&reverse).refused("IDEMPOTENCY_CONFLICT");
}
