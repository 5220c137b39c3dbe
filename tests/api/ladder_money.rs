//! Ladders of refusals for movements of money.

use super::harness::{Caller, Server};
use super::ladder::{Ladders, NOBODY, edit, require_approval, set_account, sql_id};
use super::native_positions::quote;
use super::platform_feed::{accept, at, fill};
use serde_json::{Value, json};

pub(super) fn movements(ladders: &Ladders, server: &Server) {
    let (admin, operator) = (server.admin(), server.operator("operator", &[]));
    let account = admin.new_account("USD");
    admin.deposit(&account, "10");
    let hold = |account: &str, body: &Value| admin.post(&format!("/accounts/{account}/holds"), body);
    hold(&account, &json!({"amount": "1", "reference": "rung"})).ok();
    admin.step(&format!("/accounts/{account}/lock")).ok();
    let mut body = json!({"amount": "100", "reference": "rung", "expiresAt": "2001-01-01T00:00:00Z"});
    let mut ladder = ladders.begin();
    ladder.rung(&hold(NOBODY, &body), "OUT_OF_RANGE");
    body["expiresAt"] = Value::Null;
    ladder.rung(&hold(NOBODY, &body), "NOT_FOUND");
    ladder.rung(&hold(&account, &body), "DUPLICATE_REFERENCE");
    body["reference"] = Value::Null;
    ladder.rung(&hold(&account, &body), "ACCOUNT_LOCKED");
    admin.step(&format!("/accounts/{account}/unlock")).ok();
    accept(&admin, &[fill(&account, "1", 0, ("BUY", "0.01", "1.1"))]);
    ladder.rung(&hold(&account, &body), "QUOTE_MISSING");
    accept(&admin, &[quote("1.1", "1.1", &at(1))]);
    ladder.rung(&hold(&account, &body), "QUOTE_STALE");
    accept(&admin, &[quote("1.1", "1.1", &server.advance(0).to_string())]);
    ladder.rung(&hold(&account, &body), "INSUFFICIENT_FUNDS");
    accept(&admin, &[fill(&account, "2", 2, ("SELL", "0.01", "1.1"))]);
    // Decided by its own requester, and too late.
    let group = admin.get(&format!("/accounts/{account}")).ok().text_at("groupId");
    require_approval(server, &group, true);
    let (first, second) = (admin.ask(&account, "withdrawals", "1"), admin.ask(&account, "withdrawals", "1"));
    operator.step(&format!("/withdrawals/{first}/approve")).ok();
    let approve = |id: &str| admin.step(&format!("/withdrawals/{id}/approve"));
    let mut ladder = ladders.begin();
    ladder.rung(&approve(NOBODY), "NOT_FOUND");
    ladder.rung(&approve(&first), "WRONG_STATE");
    ladder.rung(&approve(&second), "OWN_REQUEST");
    let pay = |id: &str| admin.step(&format!("/withdrawals/{id}/pay"));
    admin.step(&format!("/accounts/{account}/lock")).ok();
    let mut ladder = ladders.begin();
    ladder.rung(&pay(&second), "NEEDS_APPROVAL");
    operator.step(&format!("/withdrawals/{second}/approve")).ok();
    ladder.rung(&pay(&second), "ACCOUNT_LOCKED");
    require_approval(server, &group, false);
}

pub(super) fn transfers(ladders: &Ladders, server: &Server) {
    let admin = server.admin();
    let (from, to) = (admin.new_account("USD"), admin.new_account("USD"));
    let strict = admin.get(&format!("/accounts/{from}")).ok().text_at("groupId");
    let groups = admin.get("/account-groups?currency=USD").ok().json()["groups"].as_array().unwrap().clone();
    let lax = groups.iter().find(|group| group["isDemo"] == false && group["id"] != strict).expect("a group");
    admin.put(&format!("/accounts/{to}"), &json!({"groupId": lax["id"]})).ok();
    let profile = admin.new_profile();
    let body = json!({"profileId": profile, "currency": "USD", "groupId": admin.group("USD", true)});
    let demo = admin.post("/accounts", &body).ok().text_at("account/id");
    admin.deposit(&from, "10");
    let send = |body: &Value| admin.post("/transfers", body);
    send(&json!({"fromAccountId": from, "toAccountId": to, "amount": "1", "reference": "rung"})).ok();
    require_approval(server, &strict, true);
    admin.step(&format!("/accounts/{from}/lock")).ok();
    set_account(server, &to, "allow_credits = 0");
    let mut body =
        json!({"fromAccountId": from, "toAccountId": NOBODY, "amount": "100", "rate": "2", "reference": "rung"});
    let mut ladder = ladders.begin();
    ladder.rung(&send(&body), "NOT_FOUND");
    body["toAccountId"] = json!(from);
    ladder.aside(&send(&body), "INVALID_FIELD");
    body["rate"] = Value::Null;
    ladder.rung(&send(&body), "DUPLICATE_REFERENCE");
    body["reference"] = Value::Null;
    ladder.rung(&send(&body), "SAME_ACCOUNT");
    body["toAccountId"] = json!(demo);
    ladder.rung(&send(&body), "MODES_DIFFER");
    body["toAccountId"] = json!(to);
    ladder.rung(&send(&body), "NEEDS_APPROVAL");
    require_approval(server, &strict, false);
    ladder.rung(&send(&body), "ACCOUNT_LOCKED");
    admin.step(&format!("/accounts/{from}/unlock")).ok();
    ladder.rung(&send(&body), "CREDITS_OFF");
    set_account(server, &to, "allow_credits = 1, withheld = '[\"transfer_deposit\"]'");
    ladder.rung(&send(&body), "PERMISSION_WITHHELD");
    set_account(server, &to, "withheld = NULL");
    ladder.rung(&send(&body), "INSUFFICIENT_FUNDS");
    // A sweep checks the same conditions before it checks whether there is anything to close.
    set_account(server, &from, "lifecycle = 'pending_approval'");
    let close = |caller: &Caller<'_>, account: &str, target: &str| {
        caller.post(&format!("/accounts/{account}/close"), &json!({"sweepToAccountId": target}))
    };
    let (_, token) = server.add_token("dev", &["--scope", "accounts:write"]);
    let mut ladder = ladders.begin();
    ladder.rung(&close(&server.bearer(&token), NOBODY, NOBODY), "RIGHT_MISSING");
    ladder.rung(&close(&admin, &from, NOBODY), "NOT_FOUND");
    ladder.rung(&close(&admin, &from, &from), "SAME_ACCOUNT");
    ladder.rung(&close(&admin, &from, &demo), "MODES_DIFFER");
    ladder.rung(&close(&admin, &from, &to), "ACCOUNT_PENDING_APPROVAL");
}

pub(super) fn reversals(ladders: &Ladders, server: &Server) {
    let (admin, operator) = (server.admin(), server.operator("operator", &[]));
    let account = admin.new_account("USD");
    let (first, second) = (admin.deposit(&account, "10"), admin.deposit(&account, "10"));
    let reverse = |caller: &Caller<'_>, id: &str, body: &Value| caller.post(&format!("/entries/{id}/reverse"), body);
    let reversal = reverse(&admin, &first, &json!({})).ok().text_at("dealId");
    let third = operator.deposit(&account, "10");
    let group = admin.get(&format!("/accounts/{account}")).ok().text_at("groupId");
    require_approval(server, &group, true);
    admin.step(&format!("/accounts/{account}/lock")).ok();
    let (forced, plain) = (json!({"force": true}), json!({}));
    let mut ladder = ladders.begin();
    ladder.rung(&reverse(&operator, NOBODY, &forced), "RIGHT_MISSING");
    ladder.rung(&reverse(&admin, NOBODY, &forced), "INVALID_FIELD");
    ladder.rung(&reverse(&admin, NOBODY, &plain), "NOT_FOUND");
    ladder.rung(&reverse(&admin, &first, &plain), "ALREADY_REVERSED");
    ladder.rung(&reverse(&admin, &reversal, &plain), "NOT_REVERSIBLE");
    ladder.rung(&reverse(&operator, &second, &plain), "NEEDS_APPROVAL");
    ladder.rung(&reverse(&admin, &second, &plain), "OWN_REQUEST");
    ladder.rung(&reverse(&admin, &third, &plain), "ACCOUNT_LOCKED");
    require_approval(server, &group, false);
}

pub(super) fn credits(ladders: &Ladders, server: &Server) {
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "1");
    let deposit = || admin.post(&format!("/accounts/{account}/deposit"), &json!({"amount": "1000"}));
    set_account(server, &account, "lifecycle = 'closing', allow_credits = 0");
    let full = "UPDATE books SET balance_minor = 9223372036854775000 WHERE id = (SELECT id FROM accounts WHERE uuid =";
    edit(server, &format!("{full} {})", sql_id(&account)));
    let mut ladder = ladders.begin();
    ladder.rung(&deposit(), "ACCOUNT_CLOSING");
    set_account(server, &account, "lifecycle = 'active'");
    ladder.rung(&deposit(), "CREDITS_OFF");
    set_account(server, &account, "allow_credits = 1");
    ladder.rung(&deposit(), "BALANCE_OVERFLOW");
}
