//! Platforms, products and their currencies through the B2Core dialect.

use super::b2core_access::{admin, base};
use super::harness::{Caller, Reply, Server, assert_shown};
use bursar::dialects::b2core::READ_ONLY;
use serde_json::{Value, json};

#[track_caller]
fn list(caller: &Caller<'_>, path: &str) -> Vec<Value> {
    caller.get(path).ok().json().as_array().unwrap().clone()
}

fn ids(list: &[Value]) -> Vec<i64> {
    list.iter().map(|item| item["id"].as_i64().unwrap()).collect()
}

#[test]
fn platforms_are_listed_and_read() {
    let server = Server::shared();
    let caller = admin(&server);
    let platforms = list(&caller, "/platforms?sort_order=asc&limit=2");
    assert_eq!(platforms[0], json!({"id": 1, "name": "Wallets", "type": "personal"}));
    assert_eq!(platforms[1], json!({"id": 2, "name": "Trading", "type": "wrapper"}));
    let all = list(&caller, "/platforms?limit=500");
    let has = |kind: &str| all.iter().any(|platform| platform["type"] == kind);
    assert!(["MetaTrader5", "MetaTrader4", "cTrader", "MatchTrader"].into_iter().all(has), "{all:?}");
    assert_eq!(caller.get("/platforms/2").ok().json(), platforms[1]);
    caller.get("/platforms/99").refused_as(404, "not_found");
    caller.get("/platforms/x").refused_as(404, "not_found");
}

#[test]
fn products_carry_every_field_and_are_found_by_each_filter() {
    let server = Server::start("");
    let caller = admin(&server);
    let all = caller.get("/products?sort_order=asc").ok();
    assert_eq!(all.header("x-total-count"), Some("11"));
    let products = all.json().as_array().unwrap().clone();
    assert_shown("b2core_product", &products[0].to_string());
    assert_eq!(caller.get("/products/1").ok().json(), products[0]);
    let found = |query: &str| ids(&list(&caller, &format!("/products?sort_order=asc&{query}")));
    assert_eq!(found("filter%5BplatformId%5D=1"), [4, 7, 8, 9, 10, 11]);
    assert_eq!(found("filter%5Btype%5D=personal,demo"), [4, 5, 6, 7, 8, 9, 10, 11]);
    assert_eq!(found("filter%5BgroupId%5D=1"), [1, 3]);
    assert_eq!(found("filter%5Bcurrency%5D=BTC"), [4, 7]);
    assert_eq!(found("filter%5Bcurrency%5D=BTC&filter%5BplatformId%5D=2"), [0i64; 0]);
    let newest = caller.get("/products?limit=2&offset=1").ok();
    assert_eq!(ids(newest.json().as_array().unwrap()), [10, 9]);
    assert_eq!(list(&caller, "/products/groups?sort_order=asc")[0], json!({"id": 1, "name": "Retail"}));
    assert_eq!(caller.get("/products/groups/1").ok().json(), json!({"id": 1, "name": "Retail"}));
    for (path, noun) in [
        ("/platforms/99", "platform"),
        ("/products/99", "product"),
        ("/products/x", "product"),
        ("/products/01", "product"),
        ("/products/99/currencies", "product"),
        ("/products/99/currencies/1", "product"),
        ("/products/4/currencies/1", "product currency"),
        ("/products/groups/3", "product group"),
    ] {
        let missing = caller.get(path).refused_as(404, "not_found");
        assert_eq!(missing.text_at("message"), format!("no such {noun}"), "{path}");
    }
    for (query, field) in [
        ("filter%5Btype%5D=wallet", "filter[type]"),
        ("filter%5BplatformId%5D=x", "filter[platformId]"),
        ("filter%5Bname%5D=x", "filter[name]"),
        ("filter%5Bcurrency%5D=eur", "filter[currency]"),
        ("filter%5Bcurrency%5D=", "filter[currency]"),
        ("sort_by=name", "sort_by"),
    ] {
        let reply = caller.get(&format!("/products?{query}")).refused_as(400, "validation_failed");
        assert_eq!(reply.fields(), [field]);
    }
}

#[test]
fn a_product_without_currencies_to_open_accounts_in_is_not_enabled() {
    let server = Server::start("");
    let (caller, midaz) = (admin(&server), server.admin().at(server.banner["apis"]["midaz"][0].as_str().unwrap()));
    let of_first = |path: &str| format!("{path}/{}", midaz.get(path).ok().text_at("0/id"));
    let ledger = of_first(&format!("{}/ledgers", of_first("/v1/organizations")));
    midaz.post(&format!("{ledger}/products"), &json!({"name": "Vault"})).status_is(201);
    let product = list(&caller, "/products?limit=1").remove(0);
    assert_eq!((&product["name"], &product["enabled"]), (&json!("Vault"), &json!(false)));
    let path = format!("/products/{}/currencies", product["id"]);
    assert_eq!(caller.get(&path).ok().text, "[]");
    let found = list(&caller, "/products?filter%5Bcurrency%5D=EUR&limit=500");
    assert!(found.iter().all(|it| it["enabled"] == true) && !ids(&found).contains(&product["id"].as_i64().unwrap()));
}

#[test]
fn the_currencies_of_a_product_have_the_ids_that_accounts_are_created_with() {
    let server = Server::start("");
    let caller = admin(&server);
    let euro = list(&caller, "/products/2/currencies?filter%5BalphabeticCode%5D=EUR").remove(0);
    assert_shown("b2core_product_currency", &euro.to_string());
    for code in ["eur", ""] {
        let reply = caller.get(&format!("/products/2/currencies?filter%5BalphabeticCode%5D={code}"));
        assert_eq!(reply.refused_as(400, "validation_failed").fields(), ["filter[alphabeticCode]"], "{code}");
    }
    let id = euro["id"].as_i64().unwrap();
    assert_eq!(caller.get(&format!("/products/2/currencies/{id}")).ok().json(), euro);
    caller.get(&format!("/products/1/currencies/{id}")).refused_as(404, "not_found");
    server.admin().new_profile();
    let made = caller.post("/accounts", &json!({"productCurrencyId": id, "clientId": 1})).status_is(201).json();
    assert_eq!((&made["product"]["id"], &made["currency"]["alphabeticCode"]), (&json!(2), &json!("EUR")));
    // Sample products: a wallet and a trading product with a currency of two decimals.
    let has_cents = |product: &str| {
        let currencies = list(&caller, &format!("/products/{product}/currencies?limit=500"));
        currencies.iter().any(|it| it["currency"]["minorUnit"] == 2 && it["enabled"] == true)
    };
    assert!(has_cents("1") && has_cents("4"));
    // One that is withdrawn stays, and takes no new accounts.
    let without_euro = include_str!("../../packaging/reference.toml").replace(
        "currencies = [\"USD\", \"EUR\", \"GBP\", \"CHF\", \"JPY\", \"AUD\", \"CAD\", \"SGD\", \"USDT\"",
        "currencies = [\"USD\", \"USDT\"",
    );
    server.apply_reference(&without_euro);
    assert_eq!(caller.get(&format!("/products/2/currencies/{id}")).ok().json()["enabled"], false);
    let reply = caller.post("/accounts", &json!({"productCurrencyId": id, "clientId": 1}));
    assert_eq!(reply.refused_as(400, "validation_failed").fields(), ["productCurrencyId"]);
}

#[test]
fn writes_of_what_is_configured_elsewhere_are_refused_and_leave_no_trace() {
    let server = Server::start("");
    let caller = admin(&server);
    let before = server.trace();
    let dialect = bursar::dialects::b2core::B2Core::new(&bursar::config::Config::default());
    let mut writes = 0;
    for route in dialect.routes().iter().filter(|route| route.operation == READ_ONLY) {
        let path = route.path.strip_prefix("/api/v2").unwrap();
        let path =
            path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect::<Vec<_>>().join("/");
        let send = |caller: &Caller<'_>| -> Reply {
            caller.send(route.method.as_str(), &path, Some("application/json"), Some(b"{}"))
        };
        send(&caller).refused_as(403, "read_only");
        send(&server.anyone().at(&base(&server))).refused_as(401, "unauthorized");
        writes += 1;
    }
    assert_eq!(writes, 16);
    assert_eq!(server.trace(), before);
}
