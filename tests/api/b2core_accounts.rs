//! Accounts through the B2Core dialect.

use super::b2core_access::{admin, base};
use super::harness::{Caller, Reply, Server, assert_shown};
use serde_json::{Value, json};

/// A query string; the brackets of filters are encoded.
fn query(parameters: &[(&str, &str)]) -> String {
    let encoded = |text: &str| text.replace('[', "%5B").replace(']', "%5D").replace(' ', "%20");
    let pairs: Vec<_> =
        parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    format!("/accounts?{}", pairs.join("&"))
}

#[track_caller]
fn list(caller: &Caller<'_>, parameters: &[(&str, &str)]) -> Vec<Value> {
    caller.get(&query(parameters)).ok().json().as_array().unwrap().clone()
}

fn ids(accounts: &[Value]) -> Vec<i64> {
    accounts.iter().map(|account| account["accountId"].as_i64().unwrap()).collect()
}

fn total(reply: &Reply) -> &str {
    reply.header("x-total-count").unwrap()
}

/// Opens an account in the group with this name; returns its public id.
fn open(server: &Server, profile: &str, group: &str) -> String {
    let native = server.admin();
    let groups = native.get("/account-groups").ok().json();
    let group = groups["groups"].as_array().unwrap().iter().find(|found| found["name"] == group).unwrap()["id"].clone();
    let body = json!({"profileId": profile, "currency": "EUR", "groupId": group});
    native.post("/accounts", &body).ok().text_at("account/id")
}

#[test]
fn an_account_carries_every_field_of_the_contract() {
    let server = Server::start("");
    let native = server.admin();
    let profile = native.new_profile();
    let (trading, wallet) = (open(&server, &profile, "Standard"), open(&server, &profile, "Wallet"));
    open(&server, &profile, "Demo Wallet");
    let demo = open(&server, &profile, "Demo Standard");
    for account in [&trading, &wallet] {
        native.deposit(account, "100.5");
        native.ask(account, "holds", "40");
    }
    native.put(&format!("/accounts/{demo}"), &json!({"name": "Practice", "allowDebits": false})).ok();
    let accounts = list(&admin(&server), &[("sort_order", "asc")]);
    let [trading, wallet, demo_wallet, demo] = &accounts[..] else { panic!("{accounts:?}") };
    let at = trading["createTime"].as_str().unwrap();
    assert!(at.len() == 25 && at.ends_with("+00:00"), "{at}");
    let changed = trading["statement"]["updateTime"].as_str().unwrap();
    assert!(changed >= at && changed.len() == 25, "{changed}");
    assert_eq!(trading["accountNumber"], "2100000001");
    assert_shown("b2core_trading_account", &trading.to_string());
    assert_shown("b2core_wallet", &wallet.to_string());
    assert_eq!(
        (&demo_wallet["type"], &demo["type"], &demo["caption"]),
        (&json!("personal"), &json!("demo"), &json!("Practice"))
    );
    assert!(!demo["permissions"].as_array().unwrap().contains(&json!("withdrawal")));
    assert_eq!(demo["permissions"].as_array().unwrap().len(), 7);
}

#[test]
fn a_list_is_an_array_with_the_total_in_a_header_newest_first() {
    let server = Server::start("");
    let profile = server.admin().new_profile();
    for _ in 0..12 {
        server.admin().new_account_of(&profile, "EUR");
    }
    let caller = admin(&server);
    let reply = caller.get("/accounts").ok();
    assert_eq!((total(&reply), ids(reply.json().as_array().unwrap())), ("12", (3..=12).rev().collect()));
    let part = [("limit", "4"), ("offset", "10"), ("sort_by", "createTime"), ("sort_order", "asc")];
    let reply = caller.get(&query(&part)).ok();
    assert_eq!((total(&reply), ids(reply.json().as_array().unwrap())), ("12", vec![11, 12]));
    assert_eq!(ids(&list(&caller, &[("limit", "500"), ("sort_order", "desc")])), (1..=12).rev().collect::<Vec<_>>());
    assert!(list(&caller, &[("offset", "12")]).is_empty());
}

#[test]
fn filters_hold_together_and_take_several_ids() {
    let server = Server::start("");
    let native = server.admin();
    let (one, other) = (native.new_profile(), native.new_profile());
    open(&server, &one, "Standard");
    open(&server, &one, "Wallet");
    open(&server, &other, "Professional");
    let archived = open(&server, &other, "Standard");
    native.delete(&format!("/accounts/{archived}")).ok();
    let caller = admin(&server);
    let found = |parameters: &[(&str, &str)]| {
        let mut found = ids(&list(&caller, parameters));
        found.sort_unstable();
        found
    };
    assert_eq!(found(&[]), [1, 2, 3]);
    assert_eq!(found(&[("filter[archived]", "all")]), [1, 2, 3, 4]);
    assert_eq!(found(&[("filter[archived]", "true")]), [4]);
    assert_eq!(found(&[("filter[archived]", "false"), ("filter[clientId]", "2")]), [3]);
    assert_eq!(found(&[("filter[clientId]", "1, 2,99")]), [1, 2, 3]);
    assert_eq!(found(&[("filter[platformId]", "2")]), [1, 3]);
    assert_eq!(found(&[("filter[productId]", "1,2")]), [1, 3]);
    assert_eq!(found(&[("filter[productId]", "2"), ("filter[clientId]", "1")]), [0i64; 0]);
    assert_eq!(found(&[("filter[platformId]", "")]), [1, 2, 3]);
    let archived = list(&caller, &[("filter[archived]", "true")]);
    assert_eq!(archived[0]["archiveTime"].as_str().unwrap().len(), 25);
}

#[test]
fn accounts_of_hidden_clients_are_not_listed() {
    let server = Server::start("");
    let native = server.admin();
    let seen = native.new_profile_with(&json!({"tags": ["vip"]}));
    let hidden = native.new_profile_with(&json!({"tags": ["retail"]}));
    open(&server, &hidden, "Standard");
    open(&server, &seen, "Wallet");
    let caller = server.operator("viewer", &["vip"]).at(&base(&server));
    let reply = caller.get("/accounts").ok();
    assert_eq!((total(&reply), ids(reply.json().as_array().unwrap())), ("1", vec![2]));
    let reply = caller.get(&query(&[("filter[clientId]", "2")])).ok();
    assert_eq!((total(&reply), reply.text.as_str()), ("0", "[]"));
}

#[test]
fn bad_parameters_are_named() {
    let server = Server::shared();
    let caller = admin(&server);
    for (name, value) in [
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "ten"),
        ("offset", "-1"),
        ("offset", "4294967296"),
        ("sort_by", "balance"),
        ("sort_order", "up"),
        ("filter[clientId]", "one"),
        ("filter[clientId]", "1,"),
        ("filter[productId]", "9223372036854775808"),
        ("filter[archived]", "yes"),
        ("filter[clientID]", "1"),
        ("filter[currency]", "EUR"),
        ("sort", "createTime"),
    ] {
        let reply = caller.get(&query(&[(name, value)])).refused_as(400, "validation_failed");
        assert_eq!(reply.fields(), [name], "{}", reply.text);
    }
}
