//! Deposits, withdrawals and adjustments.

use super::harness::Server;
use serde_json::json;

/// All actions of adjustments.
pub(super) const ACTIONS: [&str; 13] = [
    "CREDIT",
    "CORRECTION",
    "COMMISSION",
    "DIVIDEND",
    "TAX",
    "BONUS",
    "OTHER",
    "SWAP",
    "INTEREST",
    "BALANCE",
    "REBATE",
    "FEE",
    "FUNDING",
];

#[test]
fn a_deposit_and_a_withdrawal_are_balance_deals() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let path = format!("/accounts/{account}");
    let reply = admin.post(&format!("{path}/deposit"), &json!({"amount": "10000", "comment": "Opening deposit"})).ok();
    assert_eq!(reply.json().as_object().unwrap().len(), 1);
    let withdrawn = admin.post_text(&format!("{path}/withdraw"), r#"{"amount":0.10}"#).ok();
    let read = admin.get(&path).ok();
    assert_eq!((read.digits("balance"), read.digits("availableBalance")), ("9999.90".into(), "9999.90".into()));
    let deals = admin.get(&format!("{path}/deals")).ok();
    assert_eq!(deals.text_at("deals/0/id"), withdrawn.text_at("dealId"));
    assert_eq!(deals.text_at("deals/1/id"), reply.text_at("dealId"));
    for (n, action, direction, amount, before, after, comment) in [
        (0, "DEAL_ACTION_BALANCE", "DEAL_DIRECTION_OUT", "-0.10", "10000.00", "9999.90", ""),
        (1, "DEAL_ACTION_BALANCE", "DEAL_DIRECTION_IN", "10000.00", "0.00", "10000.00", "Opening deposit"),
    ] {
        let at = |field: &str| format!("deals/{n}/{field}");
        assert_eq!((deals.text_at(&at("action")), deals.text_at(&at("direction"))), (action.into(), direction.into()));
        assert_eq!((deals.digits(&at("amount")), deals.digits(&at("amountRaw"))), (amount.into(), amount.into()));
        assert_eq!((deals.digits(&at("prevBalance")), deals.digits(&at("newBalance"))), (before.into(), after.into()));
        assert_eq!(deals.text_at(&at("comment")), comment);
    }
}

#[test]
fn an_adjustment_takes_every_action_but_trades() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let path = format!("/accounts/{account}/balance");
    admin.deposit(&account, "100");
    for action in ACTIONS {
        let name = format!("DEAL_ACTION_{action}");
        admin.post(&path, &json!({"amount": "1.5", "action": name})).ok();
        admin.post(&path, &json!({"amount": -1.5, "action": name})).ok();
        assert_eq!(admin.deals(&account)[0]["action"], name);
    }
    for left_open in [
        json!({"amount": 1}),
        json!({"amount": 1, "action": "DEAL_ACTION_UNSPECIFIED"}),
        json!({"amount": 1, "action": 0}),
    ] {
        admin.post(&path, &left_open).ok();
        assert_eq!(admin.deals(&account)[0]["action"], "DEAL_ACTION_CORRECTION");
    }
    for bad in ["DEAL_ACTION_BUY", "DEAL_ACTION_SELL", "FEE", "16", "-1"] {
        admin.post(&path, &json!({"amount": 1, "action": bad})).refused("INVALID_FIELD").naming("action");
    }
    assert_eq!(admin.balance(&account), "103.00");
}

#[test]
fn amounts_are_rounded_half_away_from_zero_when_they_are_written() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("EUR");
    let path = format!("/accounts/{account}/balance");
    admin.deposit(&account, "100");
    let fee = json!({"amount": "-12.505", "action": "DEAL_ACTION_FEE", "comment": "wire fee"});
    admin.post(&path, &fee).ok();
    assert_eq!(admin.balance(&account), "87.49");
    admin.post_text(&path, r#"{"amount":12.505}"#).ok();
    assert_eq!(admin.balance(&account), "100.00");
    admin.post(&path, &json!({"amount": "0.0049999"})).refused("INVALID_FIELD");
    admin.post(&path, &json!({"amount": "0.005"})).ok();
    assert_eq!(admin.balance(&account), "100.01");
    for (currency, amount, balance) in
        [("JPY", "100.5", "101"), ("KWD", "1.2345", "1.235"), ("BTC", "0.000000015", "0.00000002")]
    {
        let account = admin.new_account(currency);
        admin.deposit(&account, amount);
        assert_eq!(admin.balance(&account), balance, "{currency}");
    }
}

#[test]
fn amounts_keep_every_digit() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let path = format!("/accounts/{account}/deposit");
    // At this size a binary float has a resolution of 1/8: neither the amount nor the balance would survive one.
    admin.post_text(&path, r#"{"amount":900719925474099.31}"#).ok();
    admin.post_text(&path, r#"{"amount":"0.02"}"#).ok();
    assert_eq!(admin.balance(&account), "900719925474099.33");
}

#[test]
fn one_operation_moves_at_most_ten_to_the_17th_minor_units() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let path = format!("/accounts/{account}/deposit");
    admin.post(&path, &json!({"amount": "1000000000000000.00"})).ok();
    admin.post(&path, &json!({"amount": "1000000000000000.01"})).refused("OUT_OF_RANGE").naming("amount");
    assert_eq!(admin.balance(&account), "1000000000000000.00");
}

#[test]
fn a_balance_does_not_overflow() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("JPY");
    for _ in 0..92 {
        admin.deposit(&account, "100000000000000000");
    }
    let before = server.trace();
    let path = format!("/accounts/{account}/deposit");
    admin.post(&path, &json!({"amount": "100000000000000000"})).refused("BALANCE_OVERFLOW");
    assert_eq!(server.trace(), before);
    assert_eq!(admin.balance(&account), "9200000000000000000");
}

#[test]
fn debits_stop_at_what_can_be_withdrawn_and_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("EUR");
    let path = format!("/accounts/{account}");
    admin.deposit(&account, "87.49");
    let before = server.trace();
    let reply = admin.post(&format!("{path}/withdraw"), &json!({"amount": 999_999})).refused("INSUFFICIENT_FUNDS");
    assert_eq!(reply.json()["message"], "only 87.49 EUR available");
    admin.post(&format!("{path}/withdraw"), &json!({"amount": "87.50"})).refused("INSUFFICIENT_FUNDS");
    for action in ["CREDIT", "CORRECTION", "FEE", "TAX", "BALANCE", "FUNDING"] {
        let body = json!({"amount": "-87.50", "action": format!("DEAL_ACTION_{action}")});
        admin.post(&format!("{path}/balance"), &body).refused("INSUFFICIENT_FUNDS");
    }
    assert_eq!(server.trace(), before);
    admin.post(&format!("{path}/withdraw"), &json!({"amount": "87.49"})).ok();
    assert_eq!(admin.balance(&account), "0.00");
}

#[test]
fn trading_credit_cannot_be_withdrawn_but_can_be_taken_back() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let path = format!("/accounts/{account}");
    let credit = |amount: &str| {
        admin.post(&format!("{path}/balance"), &json!({"amount": amount, "action": "DEAL_ACTION_CREDIT"}))
    };
    admin.deposit(&account, "50");
    credit("100").ok();
    let reply = admin.post(&format!("{path}/withdraw"), &json!({"amount": "50.01"}));
    assert_eq!(reply.refused("INSUFFICIENT_FUNDS").json()["message"], "only 50.00 USD available");
    admin.post(&format!("{path}/withdraw"), &json!({"amount": "50"})).ok();
    credit("-100").ok();
    assert_eq!(admin.balance(&account), "0.00");
}

#[test]
fn the_trade_status_does_not_govern_funds() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let path = format!("/accounts/{account}");
    for status in ["DISABLED", "CLOSE_ONLY", "LONG_ONLY"] {
        admin.put(&path, &json!({"status": format!("TRADE_STATUS_{status}")})).ok();
        admin.deposit(&account, "5");
        admin.post(&format!("{path}/withdraw"), &json!({"amount": "5"})).ok();
    }
}

#[test]
fn refused_deposits_and_adjustments_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    let before = server.trace();
    for way in ["deposit", "withdraw", "balance"] {
        let path = format!("/accounts/{account}/{way}");
        admin.post(&path, &json!({"amount": 0})).refused("INVALID_FIELD");
        admin.post(&path, &json!({"amount": "0.001"})).refused("INVALID_FIELD");
        admin.post(&path, &json!({"comment": "nothing"})).refused("INVALID_FIELD");
        admin.post(&path, &json!({"amount": 1, "comment": "x".repeat(256)})).refused("OUT_OF_RANGE");
        let nobody = format!("/accounts/0198c1f0-0000-7000-8000-000000000000/{way}");
        admin.post(&nobody, &json!({"amount": 1})).refused("NOT_FOUND");
    }
    assert_eq!(server.trace(), before);
    assert_eq!(admin.deals(&account).len(), 0);
}

#[test]
fn unknown_fields_are_refused_where_money_moves() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("EUR");
    let other = admin.new_account("EUR");
    admin.deposit(&account, "100");
    let of_account = |route: &str| format!("/accounts/{account}/{route}");
    let hold = admin.ask(&account, "holds", "1");
    let withdrawal = admin.ask(&account, "withdrawals", "1");
    let deposit = admin.ask(&account, "deposits", "1");
    let transfer = json!({"fromAccountId": account, "toAccountId": other, "amount": "1", "rat": "1"});
    let batch = |item: serde_json::Value| json!({"atomic": true, "operations": [item]});
    let before = server.trace();
    for (path, body, name, meant) in [
        (of_account("withdraw"), json!({"amount": "1", "dryRun": true}), "dryRun", "takes `amount`"),
        (of_account("deposit"), json!({"amuont": "1"}), "amuont", "did you mean `amount`?"),
        (of_account("balance"), json!({"amount": "1", "effective_at": ""}), "effective_at", "`effectiveAt`?"),
        (of_account("holds"), json!({"amount": "1", "expiresat": ""}), "expiresat", "`expiresAt`?"),
        (of_account("holds"), json!({"amount": "1", "expiry": ""}), "expiry", "`expiresAt`"),
        (of_account("withdrawals"), json!({"amount": "1", "refrence": ""}), "refrence", "`reference`?"),
        (of_account("deposits"), json!({"amount": "1", "x": 1, "y": 2}), "x", "`y` is also unknown"),
        (of_account("close"), json!({"sweepTo": other}), "sweepTo", "`sweepToAccountId`"),
        ("/transfers".into(), transfer, "rat", "`rate`?"),
        (format!("/holds/{hold}/capture"), json!({"amont": "1"}), "amont", "`amount`?"),
        (format!("/holds/{hold}/release"), json!({"amount": "1"}), "amount", "takes none"),
        (format!("/withdrawals/{withdrawal}/pay"), json!({"dryRun": true}), "dryRun", "takes none"),
        (format!("/deposits/{deposit}/settle"), json!({"amount": "1"}), "amount", "takes none"),
        ("/batch".into(), json!({"atomic": true, "operations": [], "dryRun": true}), "dryRun", "takes `atomic`"),
    ] {
        let reply = admin.post(&path, &body).refused("INVALID_FIELD").naming(name);
        assert!(reply.text_at("message").contains(meant), "{path}: {}", reply.text);
    }
    for (item, name) in [
        (json!({"operation": "withdraw", "accountId": account, "amount": "1", "dryRun": true}), "dryRun"),
        (json!({"operation": "withdraw", "accountId": account, "amuont": "1"}), "amuont"),
        (json!({"operation": "payWithdrawal", "withdrawalId": withdrawal, "accountId": account}), "accountId"),
    ] {
        admin.post("/batch", &batch(item)).refused("INVALID_FIELD").naming(format!("operations[0].{name}"));
    }
    assert_eq!(server.trace(), before);
    // Other routes ignore them, as the contract says.
    admin.put(&format!("/accounts/{account}"), &json!({"dailyStatement": true, "unknown": 1})).ok();
}

#[test]
fn the_currency_of_an_amount_may_be_sent_and_must_be_the_accounts() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, other) = (admin.new_account("EUR"), admin.new_account("USD"));
    let body = |currency: &str| json!({"amount": "10", "currency": currency});
    admin.post(&format!("/accounts/{account}/deposit"), &body("EUR")).ok();
    let hold = admin.ask(&account, "holds", "1");
    let before = server.trace();
    for route in ["deposit", "withdraw", "balance", "deposits", "withdrawals", "holds"] {
        let reply = admin.post(&format!("/accounts/{account}/{route}"), &body("USD")).refused("INVALID_FIELD");
        assert_eq!((reply.field().as_str(), reply.text_at("message").contains("EUR")), ("currency", true), "{route}");
    }
    admin.post(&format!("/holds/{hold}/capture"), &json!({"currency": "USD"})).refused("INVALID_FIELD");
    let transfer = |currency: &str| {
        json!({"fromAccountId": account, "toAccountId": other, "amount": "1", "rate": "1.08",
            "currency": currency})
    };
    admin.post("/transfers", &transfer("USD")).refused("INVALID_FIELD").naming("currency");
    assert_eq!(
        admin.post(&format!("/accounts/{account}/deposit"), &body("eur")).refused("INVALID_FIELD").field(),
        "currency"
    );
    assert_eq!(server.trace(), before);
    admin.post("/transfers", &transfer("EUR")).ok();
    admin.post(&format!("/holds/{hold}/capture"), &json!({"currency": "EUR", "amount": "1"})).ok();
}
