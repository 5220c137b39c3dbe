//! Withdrawals in phases, and the second operator.

use super::harness::Server;
use serde_json::json;

#[test]
fn a_withdrawal_is_held_until_it_is_paid() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "100");
    let balances = || (admin.balance(&account), admin.available(&account));
    let withdrawal = admin.ask(&account, "withdrawals", "60");
    let path = format!("/withdrawals/{withdrawal}");
    assert_eq!(balances(), ("100.00".into(), "40.00".into()));
    let beyond = admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": 41}));
    beyond.refused("INSUFFICIENT_FUNDS").naming("amount").shows("refusal");
    admin.delete(&format!("/accounts/{account}")).refused("BALANCE_NOT_ZERO");
    assert_eq!(admin.step(&format!("{path}/approve")).ok().text_at("state"), "APPROVED");
    assert_eq!(balances(), ("100.00".into(), "40.00".into()));
    let paid = admin.step(&format!("{path}/pay")).ok().shows("withdrawal_paid");
    assert_eq!(balances(), ("40.00".into(), "40.00".into()));
    assert_eq!(admin.deals(&account)[0]["id"], paid.json()["dealId"]);
    assert_eq!(admin.get(&path).ok().text, paid.text);
    // Without the group's rule no approval is needed.
    let other = admin.ask(&account, "withdrawals", "40");
    admin.step(&format!("/withdrawals/{other}/pay")).ok();
    assert_eq!(balances(), ("0.00".into(), "0.00".into()));
    let list = server.viewer().get(&format!("/accounts/{account}/withdrawals")).ok();
    assert_eq!((list.text_at("total"), list.text_at("movements/0/id")), ("2".into(), other));
    let list = server.viewer().get(&format!("/withdrawals?accountId={account}&state=PENDING")).ok();
    assert_eq!(list.text_at("total"), "0");
}

#[test]
fn a_rejected_or_cancelled_withdrawal_is_available_again() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "100");
    for step in ["reject", "cancel"] {
        for is_approved in [false, true] {
            let withdrawal = admin.ask(&account, "withdrawals", "100");
            if is_approved {
                admin.step(&format!("/withdrawals/{withdrawal}/approve")).ok();
            }
            assert_eq!(admin.available(&account), "0.00");
            assert_eq!(admin.step(&format!("/withdrawals/{withdrawal}/{step}")).ok().text_at("state"), "VOIDED");
            assert_eq!(admin.available(&account), "100.00");
        }
    }
    assert_eq!(admin.deals(&account).len(), 1);
}

#[test]
fn what_a_withdrawal_can_do_in_each_state() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "10");
    let ask = || admin.ask(&account, "withdrawals", "1");
    let step = |withdrawal: &str, step: &str| admin.step(&format!("/withdrawals/{withdrawal}/{step}"));
    let soon = server.advance(0).plus_s(60).to_string();
    let body = json!({"amount": "1", "expiresAt": soon});
    let expire = || admin.post(&format!("/accounts/{account}/withdrawals"), &body).ok().text_at("id");
    let (expired, approved_then_expired) = (expire(), expire());
    step(&approved_then_expired, "approve").ok();
    server.advance(60);
    let (approved, posted, rejected, cancelled) = (ask(), ask(), ask(), ask());
    step(&approved, "approve").ok();
    step(&posted, "pay").ok();
    step(&rejected, "reject").ok();
    step(&cancelled, "cancel").ok();
    let before = server.trace();
    step(&approved, "approve").refused("WRONG_STATE");
    for (withdrawal, state) in [
        (&posted, "POSTED"),
        (&rejected, "VOIDED"),
        (&cancelled, "VOIDED"),
        (&expired, "EXPIRED"),
        (&approved_then_expired, "EXPIRED"),
    ] {
        assert_eq!(admin.get(&format!("/withdrawals/{withdrawal}")).ok().text_at("state"), state);
        for name in ["approve", "pay", "reject", "cancel"] {
            step(withdrawal, name).refused("WRONG_STATE");
        }
    }
    assert_eq!(server.trace(), before);
    assert_eq!((admin.balance(&account), admin.available(&account)), ("9.00".into(), "8.00".into()));
}

#[test]
fn refused_withdrawals_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, gone) = (admin.new_account("USD"), admin.new_account("USD"));
    admin.deposit(&account, "100");
    admin.delete(&format!("/accounts/{gone}")).ok();
    let path = format!("/accounts/{account}/withdrawals");
    let open = admin.post(&path, &json!({"amount": "30", "reference": "taken"})).ok().text_at("id");
    let credit = json!({"amount": 50, "action": "DEAL_ACTION_CREDIT"});
    admin.post(&format!("/accounts/{account}/balance"), &credit).ok();
    let nobody = "0198c1f0-0000-7000-8000-000000000000";
    let before = server.trace();
    for (body, reason, field) in [
        (json!({"amount": "0"}), "INVALID_FIELD", "amount"),
        (json!({"amount": "-1"}), "INVALID_FIELD", "amount"),
        (json!({"amount": "1", "expiresAt": "2020-01-01T00:00:00Z"}), "OUT_OF_RANGE", "expiresAt"),
        // Credit is available but does not belong to the client.
        (json!({"amount": "70.01"}), "INSUFFICIENT_FUNDS", "amount"),
    ] {
        admin.post(&path, &body).refused(reason).naming(field);
    }
    admin.post(&path, &json!({"amount": "1", "reference": "taken"})).refused("DUPLICATE_REFERENCE");
    let one = json!({"amount": "1"});
    admin.post(&format!("/accounts/{nobody}/withdrawals"), &one).refused("NOT_FOUND");
    admin.post(&format!("/accounts/{gone}/withdrawals"), &one).refused("ACCOUNT_ARCHIVED");
    server.viewer().post(&path, &one).refused("RIGHT_MISSING");
    for step in ["/approve", "/pay", "/reject", "/cancel"] {
        admin.step(&format!("/withdrawals/{nobody}{step}")).refused("NOT_FOUND");
        server.viewer().step(&format!("/withdrawals/{open}{step}")).refused("RIGHT_MISSING");
    }
    assert_eq!(server.trace(), before);
    admin.post(&path, &json!({"amount": "70"})).ok();
}

#[test]
fn a_second_operator_must_approve_where_the_group_requires_it() {
    let server = Server::start("");
    server.set_rules("requires_approval = true");
    let admin = server.admin();
    let second = server.operator("operator", &[]);
    let account = admin.new_account("USD");
    admin.deposit(&account, "100");
    let one = json!({"amount": 1});
    let withdrawal = second.ask(&account, "withdrawals", "60");
    let path = format!("/withdrawals/{withdrawal}");
    // Another token does not make another operator.
    let same = server.bearer(&server.add_token("operator-", &[]).1);
    let hold = second.ask(&account, "holds", "10");
    let before = server.trace();
    admin.post(&format!("/accounts/{account}/withdraw"), &one).refused("NEEDS_APPROVAL");
    for action in ["CORRECTION", "FEE", "BALANCE", "CREDIT"] {
        let debit = json!({"amount": "-1000", "action": format!("DEAL_ACTION_{action}")});
        admin.post(&format!("/accounts/{account}/balance"), &debit).refused("NEEDS_APPROVAL");
    }
    admin.step(&format!("{path}/pay")).refused("NEEDS_APPROVAL");
    second.step(&format!("{path}/pay")).refused("NEEDS_APPROVAL");
    second.step(&format!("{path}/approve")).refused("OWN_REQUEST");
    same.step(&format!("{path}/approve")).refused("OWN_REQUEST");
    second.step(&format!("/holds/{hold}/capture")).refused("OWN_REQUEST");
    same.step(&format!("/holds/{hold}/capture")).refused("OWN_REQUEST");
    assert_eq!(server.trace(), before);
    admin.step(&format!("{path}/approve")).ok();
    second.step(&format!("{path}/pay")).ok();
    admin.step(&format!("/holds/{hold}/capture")).ok();
    assert_eq!((admin.balance(&account), admin.available(&account)), ("30.00".into(), "30.00".into()));
    // The requester may cancel its own request.
    let other = second.ask(&account, "withdrawals", "30");
    second.step(&format!("/withdrawals/{other}/cancel")).ok();
    assert_eq!(admin.available(&account), "30.00");
}

#[test]
fn no_call_bypasses_the_second_operator() {
    let server = Server::start("");
    server.set_rules("requires_approval = true");
    let admin = server.admin();
    let second = server.operator("operator", &[]);
    let guarded = admin.new_account("USD");
    admin.deposit(&guarded, "100");
    let groups = admin.get("/account-groups?name=Professional").ok().json();
    let elsewhere = groups["groups"][0]["id"].clone();
    let profile = admin.get(&format!("/accounts/{guarded}")).ok().text_at("profileId");
    let open = admin
        .post("/accounts", &json!({"profileId": profile, "currency": "USD", "groupId": elsewhere}))
        .ok()
        .text_at("account/id");
    let before = server.trace();
    let transfer = json!({"fromAccountId": guarded, "toAccountId": open, "amount": "1"});
    admin.post("/transfers", &transfer).refused("NEEDS_APPROVAL");
    let sweep = json!({"sweepToAccountId": open});
    admin.post(&format!("/accounts/{guarded}/close"), &sweep).refused("NEEDS_APPROVAL");
    let moved = json!({"groupId": elsewhere});
    second.put(&format!("/accounts/{guarded}"), &moved).refused("NEEDS_APPROVAL");
    assert_eq!(server.trace(), before);
    // Nor by reversing what somebody else paid in.
    admin.deposit(&open, "5");
    let into = json!({"fromAccountId": open, "toAccountId": guarded, "amount": "5"});
    let deal = admin.post("/transfers", &into).ok().text_at("dealId");
    let before = server.trace();
    second.step(&format!("/entries/{deal}/reverse")).refused("NEEDS_APPROVAL");
    admin.step(&format!("/entries/{deal}/reverse")).refused("OWN_REQUEST");
    assert_eq!(server.trace(), before);
    admin.deposit(&open, "5");
    let deal = second.post("/transfers", &into).ok().text_at("dealId");
    admin.step(&format!("/entries/{deal}/reverse")).ok();
    admin.put(&format!("/accounts/{guarded}"), &moved).ok();
    admin.post("/transfers", &transfer).ok();
}

#[test]
fn an_approval_of_ones_own_does_not_outlive_the_rule() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "100");
    let withdrawal = admin.ask(&account, "withdrawals", "60");
    admin.step(&format!("/withdrawals/{withdrawal}/approve")).ok();
    server.set_rules("requires_approval = true");
    let second = server.operator("operator", &[]);
    second.step(&format!("/withdrawals/{withdrawal}/pay")).refused("NEEDS_APPROVAL");
    admin.step(&format!("/withdrawals/{withdrawal}/cancel")).ok();
}

#[test]
fn held_money_may_be_lost_before_it_is_paid() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    let deal = admin.deposit(&account, "100");
    let withdrawal = admin.ask(&account, "withdrawals", "60");
    admin.post(&format!("/entries/{deal}/reverse"), &json!({"force": true, "reason": "bounced"})).ok();
    assert_eq!((admin.balance(&account), admin.available(&account)), ("0.00".into(), "-60.00".into()));
    let before = server.trace();
    admin.step(&format!("/withdrawals/{withdrawal}/pay")).refused("INSUFFICIENT_FUNDS");
    assert_eq!(server.trace(), before);
    admin.step(&format!("/withdrawals/{withdrawal}/reject")).ok();
    assert_eq!(admin.available(&account), "0.00");
}
