//! Portfolios: what accounts have open and are worth, what remains free, and what operators watch.

use super::harness::{Caller, Server};
use super::native_positions::{order, quote};
use super::platform_feed::{accept, at, fill, trading_account, with};
use serde_json::{Value, json};

#[test]
fn a_portfolio_is_a_snapshot_of_one_account() {
    let server = Server::shared();
    let admin = server.admin();
    let profile = admin.new_profile();
    let account = admin.new_account_of(&profile, "USD");
    admin.deposit(&account, "12.5");
    let reply = admin.get(&format!("/portfolios/{account}")).ok().shows("portfolio");
    assert_eq!(reply.text_at("accountId"), account);
    let second = admin.new_account_of(&profile, "EUR");
    let all = admin.get(&format!("/profiles/{profile}/accounts")).ok();
    assert_eq!(all.digits("accounts/0"), reply.text);
    assert_eq!(all.text_at("accounts/1/accountId"), second);
    assert_eq!(all.json()["accounts"].as_array().unwrap().len(), 2);
}

#[test]
fn an_account_without_trades_has_no_positions_and_orders() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let (positions, orders) = (json!({"positions": [], "next": null}), json!({"orders": [], "next": null}));
    assert_eq!(admin.get(&format!("/accounts/{account}/positions")).ok().json(), positions);
    assert_eq!(admin.get(&format!("/accounts/{account}/orders")).ok().json(), orders);
    let history = format!("/accounts/{account}/history/positions");
    assert_eq!(admin.get(&history).ok().json(), positions);
    admin.get(&format!("{history}?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z")).ok();
    admin.get(&format!("{history}?from=then")).refused("INVALID_FIELD");
}

#[test]
fn an_account_that_does_not_exist_has_no_snapshot() {
    let server = Server::shared();
    let nobody = "0198c1f0-0000-7000-8000-000000000000";
    for path in [
        "/portfolios/ID",
        "/accounts/ID/positions",
        "/accounts/ID/orders",
        "/accounts/ID/history/positions",
        "/accounts/ID/executions",
        "/accounts/ID/deals",
    ] {
        server.admin().get(&path.replace("ID", nobody)).refused("NOT_FOUND");
        server.admin().get(&path.replace("ID", "0198c1f0")).refused("INVALID_FIELD");
    }
}

/// The figures of a portfolio, exactly as written.
fn figures(admin: &Caller<'_>, account: &str) -> Vec<String> {
    let portfolio = admin.get(&format!("/portfolios/{account}")).ok();
    let names = ["unrealizedPnl", "usedMargin", "pendingMargin", "equity", "freeMargin", "marginLevel"];
    names.map(|name| portfolio.digits(name)).to_vec()
}

#[test]
fn a_portfolio_adds_up_positions_and_orders() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "HEDGING");
    admin.deposit(&account, "10000");
    let hedge = |position: &str| json!({"entry": "in", "positionRef": position});
    accept(
        &admin,
        &[
            with(fill(&account, "1", 0, ("BUY", "1", "1.1000")), hedge("a")),
            with(fill(&account, "2", 1, ("SELL", "0.4", "1.1050")), hedge("b")),
            order(&account, "900", 2, ("SELL", "0.3", "1.1200")),
            quote("1.0990", "1.1010", &at(3)),
        ],
    );
    // SUM: (1 + 0.4) x 100,000 x 1.1 / 30 used; the order adds 0.3 x 100,000 x 1.1010 / 30. Unrealised -100 + 160.
    assert_eq!(figures(&admin, &account), ["60.00", "5133.33", "1101.00", "10060.00", "3825.67", "195.97"]);
    let one = admin.get(&format!("/portfolios/{account}")).ok().shows("portfolio_with_positions");
    let profile = admin.get(&format!("/accounts/{account}")).ok().text_at("profileId");
    assert_eq!(admin.get(&format!("/profiles/{profile}/accounts")).ok().digits("accounts/0"), one.text);
}

#[test]
fn what_positions_take_is_not_free() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    admin.deposit(&account, "10000");
    let now = server.advance(0).to_string();
    let buy = with(fill(&account, "1", 0, ("BUY", "1", "1.1000")), json!({"marginRate": "1.2"}));
    accept(&admin, &[buy, quote("1.0990", "1.0992", &now)]);
    // 10,000 - 100,000 x 1.2 / 30 - 100 of loss.
    assert_eq!(admin.available(&account), "5900.00");
    let balances = admin.get(&format!("/accounts/{account}/balance")).ok();
    assert_eq!([balances.digits("availableBalance"), balances.digits("withdrawableBalance")], ["5900.00", "5900.00"]);
    let withdraw = |amount: &str| admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": amount}));
    withdraw("5900.01").refused("INSUFFICIENT_FUNDS");
    admin.post(&format!("/accounts/{account}/holds"), &json!({"amount": "5900.01"})).refused("INSUFFICIENT_FUNDS");
    withdraw("900").ok();
    // A profit is not money yet.
    accept(&admin, &[quote("1.2000", "1.2002", &now)]);
    assert_eq!(admin.available(&account), "5100.00");
    withdraw("5100.01").refused("INSUFFICIENT_FUNDS");
    // Figures of the past have no margin, because quotes of the past are not kept.
    let past = admin.get(&format!("/accounts/{account}/balance?at={now}")).ok();
    assert_eq!(past.digits("availableBalance"), past.digits("balance"));
    accept(&admin, &[fill(&account, "2", 1, ("SELL", "1", "1.1000"))]);
    assert_eq!(admin.available(&account), "9100.00");
}

/// Tries every kind of debit.
fn refused_debits(server: &Server, account: &str, reason: &str, named: &str) {
    let admin = server.admin();
    let other = admin.new_account("USD");
    let before = server.trace();
    let path = format!("/accounts/{account}");
    let amount = json!({"amount": "1"});
    let debits = [
        (format!("{path}/withdraw"), amount.clone()),
        (format!("{path}/withdrawals"), amount.clone()),
        (format!("{path}/holds"), amount),
        (format!("{path}/balance"), json!({"amount": "-1"})),
        (format!("{path}/balance"), json!({"amount": "-1", "action": "DEAL_ACTION_CREDIT"})),
        ("/transfers".into(), json!({"fromAccountId": account, "toAccountId": other, "amount": "1"})),
        (format!("{path}/close"), json!({"sweepToAccountId": other})),
        (
            "/batch".into(),
            json!({"atomic": true, "operations": [{
            "operation": "withdraw", "accountId": account, "amount": "1"}]}),
        ),
    ];
    for (path, body) in debits {
        let refused = admin.post(&path, &body);
        assert!(refused.text.contains(reason), "{path} {body}: {}", refused.text);
        assert!(refused.text.contains(named), "{path} {body}: {}", refused.text);
    }
    assert_eq!(server.trace(), before, "a refusal changes nothing");
}

#[test]
fn nothing_is_paid_out_while_a_position_cannot_be_valued() {
    let server = Server::start("[trading]\nquote_age_s = 60\n");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let deposit = admin.deposit(&account, "10000");
    let hold = admin.ask(&account, "holds", "10");
    accept(&admin, &[fill(&account, "1", 0, ("BUY", "0.1", "1.1000"))]);
    refused_debits(&server, &account, "QUOTE_MISSING", "EURUSD");
    admin.step(&format!("/holds/{hold}/capture")).refused("QUOTE_MISSING");
    admin.step(&format!("/entries/{deposit}/reverse")).refused("QUOTE_MISSING");
    accept(&admin, &[quote("1.0990", "1.0992", &server.advance(0).to_string())]);
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": "1"})).ok();
    server.advance(3600);
    refused_debits(&server, &account, "QUOTE_STALE", "EURUSD");
    // Credits pass, and so do debits once nothing is open.
    admin.deposit(&account, "1");
    accept(&admin, &[fill(&account, "2", 1, ("SELL", "0.1", "1.1000"))]);
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": "1"})).ok();
}

#[test]
fn a_missing_rate_is_named_as_a_pair() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "CHF", "NETTING");
    admin.deposit(&account, "10000");
    let buy = with(fill(&account, "1", 0, ("BUY", "0.1", "1.1000")), json!({"profitRate": "0.9", "marginRate": "1"}));
    let now = server.advance(0).to_string();
    accept(&admin, &[buy, quote("1.0990", "1.0992", &now)]);
    // The sample rates of a sandbox convert dollars, and do not age.
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": "1"})).ok();
    let file = include_str!("../../packaging/reference.toml");
    server.apply_reference(&format!("rates = []\n{file}"));
    let refused =
        admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": "1"})).refused("QUOTE_MISSING");
    assert!(refused.text.contains("USD/CHF"), "{}", refused.text);
}

#[test]
fn an_account_with_open_positions_or_working_orders_is_not_archived() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    accept(&admin, &[fill(&account, "1", 0, ("BUY", "0.1", "1.1")), order(&account, "900", 1, ("BUY", "1", "1.0"))]);
    admin.delete(&format!("/accounts/{account}")).refused("POSITIONS_OPEN");
    admin.post(&format!("/accounts/{account}/close"), &json!({})).ok();
    let lifecycle = || admin.get(&format!("/accounts/{account}")).ok().text_at("lifecycle");
    assert_eq!(lifecycle(), "CLOSING");
    accept(&admin, &[fill(&account, "2", 2, ("SELL", "0.1", "1.1"))]);
    admin.delete(&format!("/accounts/{account}")).refused("ORDERS_WORKING");
    accept(&admin, &[with(order(&account, "900", 3, ("BUY", "1", "1.0")), json!({"state": "cancelled"}))]);
    admin.delete(&format!("/accounts/{account}")).ok();
    assert_eq!(lifecycle(), "CLOSED");
}

#[test]
fn exposure_is_added_up_by_symbol_and_group() {
    let server = Server::start("");
    let admin = server.admin();
    let accounts = ["NETTING", "HEDGING"].map(|mode| trading_account(&admin, "USD", mode));
    let bought = json!({"symbol": "XAUUSD", "positionRef": "b"});
    accept(
        &admin,
        &[
            fill(&accounts[0], "1", 0, ("BUY", "1", "1.1000")),
            with(fill(&accounts[1], "1", 0, ("SELL", "0.4", "1.1050")), json!({"positionRef": "a"})),
            with(fill(&accounts[1], "2", 1, ("BUY", "2", "2000")), bought),
            quote("1.0990", "1.1010", &at(3)),
        ],
    );
    // Long -100, short 160.
    admin.get("/platform/exposure").ok().shows("exposure");
    let symbols = |query: &str| -> Vec<String> {
        let list = admin.get(&format!("/platform/exposure?{query}")).ok().json();
        list["exposure"].as_array().unwrap().iter().map(|row| row["symbolName"].as_str().unwrap().into()).collect()
    };
    let page = admin.get("/platform/exposure?perPage=1").ok();
    assert_eq!(symbols(&format!("perPage=1&after={}", page.text_at("next"))), ["XAUUSD"]);
    assert_eq!(symbols("isDemo=true"), [""; 0]);
}

#[test]
fn accounts_in_margin_call_are_listed_in_pages_that_do_not_shift() {
    let server = Server::start("");
    let admin = server.admin();
    let accounts: Vec<_> = ["4000", "2000", "1000"]
        .map(|balance| {
            let account = trading_account(&admin, "USD", "NETTING");
            admin.deposit(&account, balance);
            accept(&admin, &[fill(&account, "1", 0, ("BUY", "0.6", "1.1000"))]);
            account
        })
        .into();
    accept(&admin, &[quote("1.1000", "1.1002", &at(3))]);
    // 60,000 x 1.1 / 30 = 2,200 used: levels 181.82, 90.91 and 45.45; the group's are 100 and 50.
    let shown = admin.get("/platform/margin").ok().shows("margin_calls");
    let listed = |query: &str| -> Vec<String> {
        let list = admin.get(&format!("/platform/margin?{query}")).ok().json();
        list["accounts"].as_array().unwrap().iter().map(|row| row["accountId"].as_str().unwrap().into()).collect()
    };
    assert_eq!(shown.text_at("accounts/0/accountId"), accounts[1]);
    assert_eq!(listed("perPage=1&page=2"), accounts[2..]);
    assert_eq!(listed("stopOut=true"), accounts[2..]);
    // The levels of both change places between two pages.
    let page = admin.get("/platform/margin?perPage=1").ok();
    admin.deposit(&accounts[2], "1100");
    assert_eq!(page.text_at("accounts/0/accountId"), accounts[1]);
    assert_eq!(listed(&format!("perPage=1&after={}", page.text_at("next"))), accounts[2..]);
    assert_eq!(listed("isDemo=true"), [""; 0]);
    // Exactly at the level is in margin call: 2,200 of equity.
    accept(&admin, &[quote("1.0700", "1.0702", &at(4))]);
    assert_eq!(listed("").len(), 3);
    let levels = admin.get(&format!("/portfolios/{}", accounts[0])).ok().json();
    assert_eq!((&levels["marginLevel"], &levels["inMarginCall"]), (&json!(100), &Value::Bool(true)));
    accept(&admin, &[quote("1.07000000001", "1.0702", &at(5))]);
    let levels = admin.get(&format!("/portfolios/{}", accounts[0])).ok().json();
    assert_eq!((&levels["marginLevel"], &levels["inMarginCall"]), (&json!(100), &Value::Bool(false)));
}
