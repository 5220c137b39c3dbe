//! The fee of savings for withdrawals beyond the free ones of a month, posted once after the month.

use super::contributions::await_that;
use super::harness::{Caller, Server};
use super::native_bank_products::account_of;
use serde_json::{Value, json};

fn set_clock(server: &Server, to: &str) {
    server.admin().post("/sandbox/clock", &json!({"set": to})).ok();
}

fn withdrawals(caller: &Caller<'_>, account: &str) -> Value {
    caller.get(&format!("/accounts/{account}/banking")).ok().json()["withdrawalsThisMonth"].clone()
}

fn fees(caller: &Caller<'_>, account: &str) -> Vec<String> {
    let reply = caller.get(&format!("/accounts/{account}/deals?limit=1000")).ok();
    let deals = reply.json()["deals"].as_array().unwrap().clone();
    deals.iter().filter(|deal| deal["action"] == "DEAL_ACTION_FEE").map(|deal| deal["amount"].to_string()).collect()
}

#[test]
fn withdrawals_beyond_the_free_ones_cost_one_fee_a_month() {
    let mut server = Server::start("[program]\ntime_zone = \"America/New_York\"\n");
    set_clock(&server, "2027-03-30T12:00:00Z");
    let admin = server.admin();
    let profile = admin.new_profile();
    let (savings, poor) = (account_of(&admin, &profile, "Savings"), account_of(&admin, &profile, "Savings"));
    let checking = account_of(&admin, &profile, "Checking");
    admin.deposit(&savings, "1000");
    admin.deposit(&poor, "18");
    let withdraw = |account: &str, amount: &str| {
        admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": amount})).ok();
    };
    for _ in 0..6 {
        withdraw(&savings, "10");
    }
    let transfer = json!({"fromAccountId": savings, "toAccountId": checking, "amount": "10"});
    admin.post("/transfers", &transfer).ok();
    let requested = admin.ask(&savings, "withdrawals", "10");
    assert_eq!(withdrawals(&admin, &savings), 7, "what is not paid does not count yet");
    admin.step(&format!("/withdrawals/{requested}/pay")).ok();
    // Neither deposits nor adjustments nor refused calls count.
    admin.deposit(&savings, "5");
    admin.post(&format!("/accounts/{savings}/balance"), &json!({"amount": "-5"})).ok();
    admin.post(&format!("/accounts/{savings}/withdraw"), &json!({"amount": "5000"})).refused("INSUFFICIENT_FUNDS");
    assert_eq!(withdrawals(&admin, &savings), 8);
    for _ in 0..9 {
        withdraw(&poor, "1");
    }
    withdraw(&checking, "10");
    assert_eq!(withdrawals(&admin, &checking), Value::Null, "checking takes no fee");
    // The month ends at midnight of New York.
    set_clock(&server, "2027-04-01T03:59:50Z");
    assert_eq!((fees(&admin, &savings), withdrawals(&admin, &savings)), (vec![], json!(8)));
    set_clock(&server, "2027-04-01T04:00:00Z");
    await_that("the fees", || fees(&admin, &savings).len() == 1 && fees(&admin, &poor).len() == 1);
    assert_eq!(fees(&admin, &savings), ["-10.0"], "two beyond the six free ones");
    assert_eq!(fees(&admin, &poor), ["-9.0"], "at most what is there");
    assert_eq!((admin.balance(&savings), admin.balance(&poor)), ("910.00".into(), "0.00".into()));
    assert_eq!(withdrawals(&admin, &savings), 0);
    drop(admin);
    server.kill();
    server.start_again();
    set_clock(&server, "2027-06-02T00:00:00Z");
    let admin = server.admin();
    admin.deposit(&savings, "1");
    assert_eq!(fees(&admin, &savings).len(), 1);
    server.trace();
}
