//! Portfolio snapshots, positions and orders; without a trading engine the latter two are empty.

use super::harness::Server;
use serde_json::json;

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
fn there_are_no_positions_and_orders() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    assert_eq!(admin.get(&format!("/accounts/{account}/positions")).ok().json(), json!({"positions": []}));
    assert_eq!(admin.get(&format!("/accounts/{account}/orders")).ok().json(), json!({"orders": []}));
    let history = format!("/accounts/{account}/history/positions");
    assert_eq!(admin.get(&history).ok().json(), json!({"positions": []}));
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
        "/accounts/ID/deals",
    ] {
        server.admin().get(&path.replace("ID", nobody)).refused("NOT_FOUND");
        server.admin().get(&path.replace("ID", "0198c1f0")).refused("INVALID_FIELD");
    }
}
