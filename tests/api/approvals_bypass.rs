//! Ways around the second operator of a guarded account: another client's account under the same rule, and reversals.

use super::approvals::{decide, two};
use super::harness::{Caller, Reply, Server};
use serde_json::{Value, json};

/// A server with guarded accounts: two operators, a client, and an account of the client with 100 dollars.
fn guarded(server: &Server) -> (Caller<'_>, Caller<'_>, String, String) {
    server.set_rules("requires_approval = true");
    let (admin, second) = two(server);
    let client = admin.new_profile();
    let account = admin.new_account_of(&client, "USD");
    admin.deposit(&account, "100");
    (admin, second, client, account)
}

fn transfer(from: &str, to: &str) -> Value {
    json!({"fromAccountId": from, "toAccountId": to, "amount": "60"})
}

#[track_caller]
fn reverse(caller: &Caller<'_>, deal: &str) -> Reply {
    caller.step(&format!("/entries/{deal}/reverse"))
}

#[test]
fn money_of_a_guarded_account_goes_to_another_client_with_a_second_operator_only() {
    let server = Server::start("");
    let (admin, second, client, account) = guarded(&server);
    let (own, others) = (admin.new_account_of(&client, "USD"), admin.new_account("USD"));
    let figures = || [admin.balance(&account), admin.available(&account), admin.balance(&others)];
    let waiting = second.post("/transfers", &transfer(&account, &others)).waits();
    let shown = ["kind", "cause", "accountId", "transfer/toAccountId", "transfer/toCurrency"];
    assert_eq!(
        shown.map(|path| waiting.text_at(path)),
        ["TRANSFER", "GUARDED_ACCOUNT", &account, &others, "USD"].map(str::to_owned)
    );
    let shown = ["transfer/toAmount", "transfer/rate", "transfer/referenceRate", "movement/amount"];
    assert_eq!(shown.map(|path| waiting.digits(path)), ["60.00", "null", "null", "60.00"].map(str::to_owned));
    assert_eq!(figures(), ["100.00", "40.00", "0.00"]);
    let id = waiting.text_at("id");
    decide(&second, &id, "/approve").refused("OWN_REQUEST");
    decide(&second, &id, "/cancel").ok();
    assert_eq!(figures(), ["100.00", "100.00", "0.00"]);
    // Administrators are no exception, and nothing waits in a batch.
    let mut operation = transfer(&account, &others);
    operation["operation"] = "transfer".into();
    let before = server.trace();
    admin.post("/batch", &json!({"atomic": true, "operations": [operation]})).refused("NEEDS_APPROVAL");
    assert_eq!(server.trace(), before);
    let id = admin.post("/transfers", &transfer(&account, &others)).waits().text_at("id");
    decide(&admin, &id, "/approve").refused("OWN_REQUEST");
    assert_eq!(decide(&second, &id, "/approve").ok().text_at("movement/state"), "POSTED");
    assert_eq!(figures(), ["40.00", "40.00", "60.00"]);
    // Between accounts of one client the money stays where it is.
    let moved = json!({"fromAccountId": account, "toAccountId": own, "amount": "40"});
    second.post("/transfers", &moved).ok();
    assert_eq!(admin.balance(&own), "40.00");
    server.trace();
}

#[test]
fn an_account_that_another_client_controls_too_is_another_clients() {
    let server = Server::start("");
    let (client, accomplice) = (server.admin().new_profile(), server.admin().new_profile());
    let joint = server.admin().new_account_of(&client, "USD");
    let seen = server.admin().new_account_of(&client, "USD");
    for (account, access) in [(&joint, "FULL"), (&seen, "READ")] {
        let owner = json!({"profileId": accomplice, "access": access});
        server.admin().post(&format!("/accounts/{account}/owners"), &owner).ok();
    }
    server.set_rules("requires_approval = true");
    let (admin, second) = two(&server);
    let account = admin.new_account_of(&client, "USD");
    admin.deposit(&account, "200");
    assert_eq!(second.post("/transfers", &transfer(&account, &joint)).waits().text_at("cause"), "GUARDED_ACCOUNT");
    second.post("/transfers", &transfer(&account, &seen)).ok();
    admin.deposit(&joint, "60");
    second.post("/transfers", &transfer(&joint, &account)).ok();
}

#[test]
fn a_guarded_account_is_not_swept_to_another_client() {
    let server = Server::start("");
    let (admin, second, client, account) = guarded(&server);
    let (own, others) = (admin.new_account_of(&client, "USD"), admin.new_account("USD"));
    let close = format!("/accounts/{account}/close");
    let before = server.trace();
    for caller in [&admin, &second] {
        caller.post(&close, &json!({"sweepToAccountId": others})).refused("NEEDS_APPROVAL");
    }
    assert_eq!(server.trace(), before);
    second.post(&close, &json!({"sweepToAccountId": own})).ok();
    assert_eq!((admin.balance(&account), admin.balance(&own)), ("0.00".into(), "100.00".into()));
}

#[test]
fn an_approved_transfer_is_reversed_neither_by_its_requester_nor_in_one_call() {
    let server = Server::start("");
    let (admin, second, client, account) = guarded(&server);
    server.add_operator("third", "operator", &[]);
    let third = server.bearer(&server.add_token("third", &[]).1);
    server.add_operator("chief", "admin", &[]);
    let chief = server.bearer(&server.add_token("chief", &[]).1);
    let (euros, others) = (admin.new_account_of(&client, "EUR"), admin.new_account("USD"));
    let across = json!({"fromAccountId": account, "toAccountId": euros, "amount": "10", "rate": "0.92"});
    let given = json!({"fromAccountId": account, "toAccountId": others, "amount": "10"});
    for body in [across, given] {
        for (asks, approves) in [(&admin, &second), (&second, &admin)] {
            let id = asks.post("/transfers", &body).waits().text_at("id");
            let deal = decide(approves, &id, "/approve").ok().text_at("movement/dealId");
            let before = server.trace();
            reverse(&admin, &deal).refused("OWN_REQUEST");
            for operator in [&second, &third] {
                reverse(operator, &deal).refused("NEEDS_APPROVAL");
            }
            let operation = json!({"operation": "reverseEntry", "entryId": deal});
            third.post("/batch", &json!({"atomic": true, "operations": [operation]})).refused("NEEDS_APPROVAL");
            assert_eq!(server.trace(), before);
            reverse(&chief, &deal).ok();
        }
    }
    assert_eq!(admin.balance(&account), "100.00");
    // Nor does who announced a deposit take it back.
    let announced = admin.ask(&account, "deposits", "5");
    let deal = second.step(&format!("/deposits/{announced}/settle")).ok().text_at("dealId");
    reverse(&admin, &deal).refused("OWN_REQUEST");
    reverse(&chief, &deal).ok();
    server.trace();
}
