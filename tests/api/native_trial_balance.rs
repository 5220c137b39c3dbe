//! The trial balance of the house.

use super::harness::Server;
use super::native_balances::adjust;
use serde_json::json;

#[test]
fn the_trial_balance_shows_live_and_demo_money_apart() {
    let server = Server::start("");
    let admin = server.admin();
    let live = admin.new_account("USD");
    admin.deposit(&live, "100");
    adjust(&admin, &live, &json!({"amount": "-2.50", "action": "DEAL_ACTION_FEE"})).ok();
    let profile = admin.new_profile();
    let body = json!({"profileId": profile, "currency": "USD", "groupId": admin.group("USD", true)});
    let demo = admin.post("/accounts", &body).ok().text_at("account/id");
    admin.deposit(&demo, "7");
    server.viewer().get("/trial-balance").ok().shows("trial_balance");
}

#[test]
fn the_trial_balance_is_refused_to_operators_with_tags() {
    let server = Server::start("");
    for role in ["operator", "viewer", "admin"] {
        server.operator(role, &["retail"]).get("/trial-balance").refused("LIMITED_BY_TAGS");
        server.operator(role, &[]).get("/trial-balance").ok();
    }
}
