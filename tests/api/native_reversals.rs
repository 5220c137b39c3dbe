//! Reversals of entries.

use super::harness::Server;
use serde_json::json;

#[test]
fn a_reversal_turns_every_leg_round() {
    let server = Server::start("");
    let admin = server.admin();
    let (usd, eur) = (admin.new_account("USD"), admin.new_account("EUR"));
    admin.deposit(&usd, "100");
    let withdrawn = admin.post(&format!("/accounts/{usd}/withdraw"), &json!({"amount": "40"})).ok().text_at("dealId");
    let reply = admin.post(&format!("/entries/{withdrawn}/reverse"), &json!({"reason": "bank refused"})).ok();
    assert_eq!(admin.balance(&usd), "100.00");
    let deal = &admin.deals(&usd)[0];
    assert_eq!((&deal["id"], &deal["comment"]), (&reply.json()["dealId"], &"bank refused".into()));
    let body = json!({"fromAccountId": usd, "toAccountId": eur, "amount": "10", "rate": "0.9"});
    let across = admin.post("/transfers", &body).ok().text_at("dealId");
    assert_eq!((admin.balance(&usd), admin.balance(&eur)), ("90.00".into(), "9.00".into()));
    admin.send("POST", &format!("/entries/{across}/reverse"), None, None).ok();
    assert_eq!((admin.balance(&usd), admin.balance(&eur)), ("100.00".into(), "0.00".into()));
    let hold = admin.ask(&usd, "holds", "25");
    let captured = admin.step(&format!("/holds/{hold}/capture")).ok().text_at("dealId");
    admin.step(&format!("/entries/{captured}/reverse")).ok();
    assert_eq!((admin.balance(&usd), admin.available(&usd)), ("100.00".into(), "100.00".into()));
    assert_eq!(admin.get(&format!("/holds/{hold}")).ok().text_at("state"), "POSTED");
    server.trace();
}

#[test]
fn trading_credit_that_is_reversed_is_credit_no_more() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    let path = format!("/accounts/{account}/balance");
    let grant = json!({"amount": 50, "action": "DEAL_ACTION_CREDIT"});
    let granted = admin.post(&path, &grant).ok().text_at("dealId");
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": 1})).refused("INSUFFICIENT_FUNDS");
    admin.step(&format!("/entries/{granted}/reverse")).ok();
    admin.deposit(&account, "1");
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": 1})).ok();
    assert_eq!(admin.balance(&account), "0.00");
    // Reversing a removal of trading credit restores it as credit.
    admin.post(&path, &grant).ok();
    let back = json!({"amount": -50, "action": "DEAL_ACTION_CREDIT"});
    let taken = admin.post(&path, &back).ok().text_at("dealId");
    admin.step(&format!("/entries/{taken}/reverse")).ok();
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": 1})).refused("INSUFFICIENT_FUNDS");
    server.trace();
}

#[test]
fn refused_reversals_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let operator = server.operator("operator", &[]);
    let (account, gone) = (admin.new_account("USD"), admin.new_account("USD"));
    let way = |deal: &str| format!("/entries/{deal}/reverse");
    let spent = admin.deposit(&account, "100");
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": 60})).ok();
    let undone = admin.deposit(&account, "5");
    let reversal = admin.step(&way(&undone)).ok().text_at("dealId");
    let late = admin.deposit(&gone, "5");
    admin.post(&format!("/accounts/{gone}/withdraw"), &json!({"amount": 5})).ok();
    admin.delete(&format!("/accounts/{gone}")).ok();
    let nobody = "0198c1f0-0000-7000-8000-000000000000";
    let forced = json!({"force": true, "reason": "chargeback"});
    let before = server.trace();
    admin.step(&way(nobody)).refused("NOT_FOUND");
    admin.step(&way(&undone)).refused("ALREADY_REVERSED");
    admin.post(&way(&undone), &forced).refused("ALREADY_REVERSED");
    admin.step(&way(&reversal)).refused("NOT_REVERSIBLE");
    admin.post(&way(&reversal), &forced).refused("NOT_REVERSIBLE");
    admin.step(&way(&spent)).refused("INSUFFICIENT_FUNDS");
    admin.step(&way(&late)).refused("ACCOUNT_ARCHIVED");
    admin.post(&way(&late), &forced).refused("ACCOUNT_ARCHIVED");
    admin.post(&way(&spent), &json!({"force": true})).refused("INVALID_FIELD").naming("reason");
    admin.post(&way(&spent), &json!({"force": true, "reason": " "})).refused("INVALID_FIELD");
    admin.post(&way(&spent), &json!({"reason": "r".repeat(256)})).refused("OUT_OF_RANGE");
    operator.post(&way(&spent), &forced).refused("RIGHT_MISSING");
    let narrow = server.bearer(&server.add_token("dev", &["--scope", "funds:move"]).1);
    narrow.post(&way(&spent), &forced).refused("RIGHT_MISSING");
    server.viewer().step(&way(&spent)).refused("RIGHT_MISSING");
    assert_eq!(server.trace(), before);
    admin.post(&way(&spent), &forced).ok();
    assert_eq!((admin.balance(&account), admin.available(&account)), ("-60.00".into(), "-60.00".into()));
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": 1})).refused("INSUFFICIENT_FUNDS");
    admin.deposit(&account, "61");
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": 1})).ok();
    server.trace();
}

#[test]
fn a_deposit_that_waits_can_be_reversed_and_never_clears() {
    let server = Server::start("");
    server.set_rules("deposit_hold_days = 2");
    let admin = server.admin();
    let account = admin.new_account("USD");
    let (deal, kept) = (admin.deposit(&account, "100"), admin.deposit(&account, "10"));
    assert_eq!((admin.balance(&account), admin.available(&account)), ("110.00".into(), "0.00".into()));
    admin.step(&format!("/entries/{deal}/reverse")).ok();
    assert_eq!((admin.balance(&account), admin.available(&account)), ("10.00".into(), "0.00".into()));
    server.advance(3 * 86_400);
    assert_eq!((admin.balance(&account), admin.available(&account)), ("10.00".into(), "10.00".into()));
    admin.step(&format!("/entries/{kept}/reverse")).ok();
    assert_eq!(admin.balance(&account), "0.00");
    server.trace();
}

#[test]
fn where_the_group_says_so_an_administrator_takes_a_credit_of_another_operator_back() {
    let server = Server::start("");
    server.set_rules("requires_approval = true");
    let admin = server.admin();
    let second = server.operator("operator", &[]);
    let profile = admin.new_profile();
    let account = admin.new_account_of(&profile, "USD");
    let deal = admin.deposit(&account, "10");
    let before = server.trace();
    admin.step(&format!("/entries/{deal}/reverse")).refused("OWN_REQUEST");
    let forced = json!({"force": true, "reason": "mine"});
    admin.post(&format!("/entries/{deal}/reverse"), &forced).refused("OWN_REQUEST");
    assert_eq!(server.trace(), before);
    let before = server.trace();
    for action in ["deposit", "balance"] {
        // Deals posted by the administrator and by the other operator.
        let deals = [&admin, &second].map(|caller| {
            caller.post(&format!("/accounts/{account}/{action}"), &json!({"amount": "10"})).ok().text_at("dealId")
        });
        for deal in &deals {
            second.step(&format!("/entries/{deal}/reverse")).refused("NEEDS_APPROVAL");
        }
        let batch = json!({"atomic": false, "operations": [{"operation": "reverseEntry", "entryId": deals[0]}]});
        let reply = second.post("/batch", &batch).ok();
        assert_eq!(reply.text_at("results/0/error/details/0/reason"), "NEEDS_APPROVAL");
        admin.step(&format!("/entries/{}/reverse", deals[1])).ok();
    }
    assert_ne!(server.trace(), before);
    assert_eq!(admin.balance(&account), "30.00");
    // Between accounts of a client under the rule, anybody except its maker may reverse the transfer; a debit, anybody
    // at all.
    let other = admin.new_account_of(&profile, "USD");
    let moved = json!({"fromAccountId": account, "toAccountId": other, "amount": "10"});
    let moved = admin.post("/transfers", &moved).ok().text_at("dealId");
    admin.step(&format!("/entries/{moved}/reverse")).refused("OWN_REQUEST");
    second.step(&format!("/entries/{moved}/reverse")).ok();
    let paid = second.ask(&account, "withdrawals", "10");
    admin.step(&format!("/withdrawals/{paid}/approve")).ok();
    let paid = second.step(&format!("/withdrawals/{paid}/pay")).ok().text_at("dealId");
    second.step(&format!("/entries/{paid}/reverse")).ok();
    assert_eq!(admin.balance(&account), "30.00");
}
