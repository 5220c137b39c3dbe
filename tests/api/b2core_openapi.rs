//! The OpenAPI document of the B2Core dialect against a running server.

use super::b2core_access::{admin, open, product_currency};
use super::harness::{PASSWORD, Reply, Server};
use super::openapi::operations;
use super::openapi_calls::Checker;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn every_operation_answers_as_its_document_says() {
    let server = Server::start("");
    server.add_operator("ada", "operator", &[]);
    let url = server.banner["apis"]["b2core"][0].as_str().unwrap().to_owned();
    let document = server.anyone().at(&url).get("/openapi.json").ok().json();
    let mut checker = Checker::new(&document);
    let mut called = BTreeSet::new();
    let ids: BTreeSet<_> = operations(&document).iter().map(|(.., it)| it["operationId"].to_string()).collect();
    assert_eq!(ids.len(), operations(&document).len(), "every operation has an id of its own");
    for (_, path, operation) in operations(&document) {
        let answers = &operation["responses"];
        let is_sign_in = ["/api/v2/signin", "/api/v2/refresh"].contains(&path.as_str());
        assert!(!is_sign_in || answers["401"].is_object() && answers["429"].is_object(), "{path}: {answers}");
        let listed = &answers["200"];
        let is_list = listed["content"]["application/json"]["schema"]["type"] == "array";
        assert_eq!(listed["headers"]["X-Total-Count"].is_object(), is_list, "{path}: {listed}");
    }
    let caller = admin(&server);
    let profile = server.admin().new_profile();
    let (wallet, _) = open(&server, &profile, "Wallet", "USD");
    let (trading, _) = open(&server, &profile, "Standard", "USD");
    let offer = product_currency(&server, "Standard", "EUR");
    let sign_in = json!({"email": "ada", "password": PASSWORD});
    let mut call = |method: &str, path: &str, values: &[(&str, i64)], body: Value| -> Reply {
        let mut way = path.trim_start_matches("/api/v2").to_owned();
        for (name, value) in values {
            way = way.replace(&format!("{{{name}}}"), &value.to_string());
        }
        let operation = &document["paths"][path][method.to_lowercase()];
        let request = &operation["requestBody"]["content"]["application/json"]["schema"];
        if request.is_object() {
            let place = ["paths", path, &method.to_lowercase(), "requestBody", "content", "application/json", "schema"];
            checker.expect(&place, &body, path);
        }
        let text = body.to_string();
        let sent = (method != "GET").then_some(text.as_bytes());
        let reply = caller.send(method, &way, Some("application/json"), sent);
        let status = reply.status.to_string();
        assert!(operation["responses"][&status].is_object(), "{method} {path}: {}", reply.text);
        assert!(reply.status < 300, "{method} {path}: {}", reply.text);
        let (low, is_empty) = (method.to_lowercase(), reply.text.is_empty());
        assert_eq!(is_empty, operation["responses"][&status]["content"].is_null(), "{method} {path}");
        if !is_empty {
            let place = ["paths", path, &low, "responses", &status, "content", "application/json", "schema"];
            checker.expect(&place, &reply.json(), path);
        }
        called.insert((method.to_owned(), path.to_owned()));
        reply
    };
    let pair = call("POST", "/api/v2/signin", &[], sign_in);
    call("POST", "/api/v2/refresh", &[], json!({"refreshToken": pair.text_at("refreshToken/token")}));
    call("GET", "/api/v2/accounts", &[], Value::Null);
    call("POST", "/api/v2/accounts", &[], json!({"productCurrencyId": offer, "clientId": 1}));
    for (account, amount) in [(wallet, 5), (wallet, -1)] {
        let values = [("accountId", account)];
        call("GET", "/api/v2/accounts/{accountId}", &values, Value::Null);
        for method in ["PUT", "PATCH"] {
            call(
                method,
                "/api/v2/accounts/{accountId}",
                &values,
                json!({"caption": "x", "permissions": ["deposit", "withdrawal"]}),
            );
            call(method, "/api/v2/accounts/{accountId}/balance", &values, json!({"amount": amount}));
        }
        call("GET", "/api/v2/accounts/{accountId}/preferences", &values, Value::Null);
        call("GET", "/api/v2/accounts/{accountId}/balance", &values, Value::Null);
    }
    call("GET", "/api/v2/accounts/{accountId}", &[("accountId", trading)], Value::Null);
    call("POST", "/api/v2/accounts/{accountId}/archive", &[("accountId", trading)], Value::Null);
    let client = json!({"email": "jane@example.com", "countryCode": 756, "typeId": 2, "statusId": 1, "tags": ["vip"]});
    let client = call("POST", "/api/v2/clients", &[], client).json()["clientId"].as_i64().unwrap();
    let values = [("clientId", client)];
    call("GET", "/api/v2/clients", &[], Value::Null);
    call("GET", "/api/v2/clients/{clientId}", &values, Value::Null);
    call("PUT", "/api/v2/clients/{clientId}", &values, json!({"city": "Bern"}));
    call("PATCH", "/api/v2/clients/{clientId}", &values, json!({"city": "Basel"}));
    call("DELETE", "/api/v2/clients/{clientId}", &values, Value::Null);
    call("GET", "/api/v2/platforms", &[], Value::Null);
    call("GET", "/api/v2/platforms/{platformId}", &[("platformId", 1)], Value::Null);
    call("GET", "/api/v2/products", &[], Value::Null);
    call("GET", "/api/v2/products/{productId}", &[("productId", 4)], Value::Null);
    call("GET", "/api/v2/products/groups", &[], Value::Null);
    call("GET", "/api/v2/products/groups/{groupId}", &[("groupId", 1)], Value::Null);
    call("GET", "/api/v2/products/{productId}/currencies", &[("productId", 4)], Value::Null);
    let values = [("productId", 1), ("productCurrencyId", offer)];
    call("GET", "/api/v2/products/{productId}/currencies/{productCurrencyId}", &values, Value::Null);
    call("GET", "/api/v2/deposits/methods", &[], Value::Null);
    let body = json!({"accountId": wallet, "methodId": 1, "amount": 1.5, "providerCommission": "0.10"});
    let made = call("POST", "/api/v2/deposits", &[], body).json()["id"].as_i64().unwrap();
    call("GET", "/api/v2/deposits", &[], Value::Null);
    call("GET", "/api/v2/deposits/{depositId}", &[("depositId", made)], Value::Null);
    // Signing out ends the administrator's token, so it comes last.
    call("POST", "/api/v2/signout", &[], json!({}));
    let described: BTreeSet<_> = operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    assert_eq!(called, described);
}
