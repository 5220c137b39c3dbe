//! Closing of accounts, account groups and users of Upvest.

use super::harness::Server;
use super::upvest::{Investor, client, new_user};
use serde_json::json;

#[test]
fn an_account_closes_once_it_is_empty() {
    let server = Server::start("");
    let investor = Investor::new(&server);
    let (api, native, path) = (&investor.api, server.admin(), investor.account_path());
    native.deposit(&investor.account, "10");
    api.key("k").delete(&path).accepted();
    api.key("k").delete(&path).accepted();
    assert_eq!(investor.status(&path), "CLOSING");
    api.delete(&path).problem(409, "conflict");
    // It takes no money in, and gives out what it has.
    native.post(&format!("/accounts/{}/deposit", investor.account), &json!({"amount": "1"})).refused("ACCOUNT_CLOSING");
    api.patch(&path, &json!({"name": "Last"})).ok();
    let take = |amount: &str| {
        native.post(&format!("/accounts/{}/withdraw", investor.account), &json!({"amount": amount})).ok();
    };
    take("9.99");
    assert_eq!(investor.status(&path), "CLOSING");
    take("0.01");
    assert_eq!(investor.status(&path), "CLOSED");
    let before = server.trace();
    api.delete(&path).problem(409, "conflict");
    api.patch(&path, &json!({"name": "Late"})).problem(409, "conflict");
    assert_eq!(server.trace(), before);
}

#[test]
fn withdrawals_under_way_keep_an_account_from_closing() {
    let server = Server::start("");
    let investor = Investor::new(&server);
    let (api, native) = (&investor.api, server.admin());
    native.deposit(&investor.account, "10");
    let withdrawal = native.ask(&investor.account, "withdrawals", "4");
    let before = server.trace();
    api.delete(&investor.account_path()).problem(409, "conflict");
    api.delete(&investor.user_path()).problem(409, "conflict");
    assert_eq!(server.trace(), before);
    native.post(&format!("/withdrawals/{withdrawal}/cancel"), &json!({})).ok();
    api.delete(&investor.account_path()).accepted();
}

#[test]
fn a_group_closes_with_the_last_of_its_accounts() {
    let server = Server::start("");
    let investor = Investor::new(&server);
    let (api, native) = (&investor.api, server.admin());
    native.deposit(&investor.account, "10");
    api.delete(&investor.group_path()).problem(409, "conflict");
    api.delete(&investor.account_path()).accepted();
    api.delete(&investor.group_path()).accepted();
    assert_eq!(investor.status(&investor.group_path()), "CLOSING");
    let opening = json!({"user_id": investor.user, "account_group_id": investor.group, "type": "TRADING"});
    api.key("k").post("/accounts", &opening).problem(409, "conflict");
    native.post(&format!("/accounts/{}/withdraw", investor.account), &json!({"amount": "10"})).ok();
    assert_eq!(investor.status(&investor.group_path()), "CLOSED");
    assert_eq!(investor.status(&investor.user_path()), "ACTIVE");
    server.trace();
}

#[test]
fn a_user_leaves_with_the_last_of_its_accounts() {
    let server = Server::start("");
    let investor = Investor::new(&server);
    let (api, native) = (&investor.api, server.admin());
    native.deposit(&investor.account, "10");
    let other = native.new_account_of(&investor.user, "USD");
    api.key("k").delete(&investor.user_path()).accepted();
    assert_eq!(investor.status(&investor.user_path()), "OFFBOARDING");
    assert_eq!(investor.status(&investor.account_path()), "CLOSING");
    assert_eq!(investor.status(&investor.group_path()), "CLOSING");
    assert_eq!(investor.status(&format!("/accounts/{other}")), "CLOSED", "it was empty");
    let before = server.trace();
    api.delete(&investor.user_path()).problem(409, "conflict");
    for (path, body) in [
        ("/account_groups", json!({"user_id": investor.user, "type": "PERSONAL"})),
        ("/accounts", json!({"user_id": investor.user, "account_group_id": investor.group, "type": "TRADING"})),
    ] {
        api.key("l").post(path, &body).problem(409, "conflict");
    }
    let group = native.group("EUR", false);
    let opening = json!({"profileId": investor.user, "currency": "EUR", "groupId": group});
    native.post("/accounts", &opening).refused("PROFILE_OFFBOARDING");
    assert_eq!(server.trace(), before);
    native.post(&format!("/accounts/{}/withdraw", investor.account), &json!({"amount": "10"})).ok();
    assert_eq!(investor.status(&investor.user_path()), "OFFBOARDED");
    assert_eq!(investor.status(&investor.group_path()), "CLOSED");
    assert_eq!(native.get(&format!("/profiles/{}", investor.user)).ok().text_at("status"), "ARCHIVED");
    api.delete(&investor.user_path()).problem(409, "conflict");
    assert!(api.key("k").delete(&investor.user_path()).status == 202, "the first answer again");
    server.trace();
}

#[test]
fn a_user_without_accounts_leaves_at_once() {
    let server = Server::start("");
    let api = client(&server);
    let user = api.made("/users", &new_user());
    let group = api.made("/account_groups", &json!({"user_id": user, "type": "PERSONAL"}));
    api.delete(&format!("/users/{user}")).accepted();
    assert_eq!(api.get(&format!("/users/{user}")).ok().text_at("status"), "OFFBOARDED");
    assert_eq!(api.get(&format!("/account_groups/{group}")).ok().text_at("status"), "CLOSED");
    server.trace();
}
