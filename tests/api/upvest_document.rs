//! The requests of Upvest's public document "All accounts related paths", and the OpenAPI document of the dialect.

use super::harness::{Server, unique};
use super::openapi::operations;
use super::openapi_calls::Checker;
use super::upvest::{Investor, base, client, new_user};
use serde_json::{Value, json};

/// The members of an account in the document.
const ACCOUNT: [&str; 9] =
    ["account_group_id", "account_number", "created_at", "id", "name", "status", "type", "updated_at", "users"];
const META: [&str; 6] = ["count", "limit", "offset", "order", "sort", "total_count"];

#[track_caller]
fn assert_has(value: &Value, members: &[&str]) {
    let mut found: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found, members, "{value}");
}

#[test]
fn every_request_of_the_document_is_answered_as_it_says() {
    let server = Server::start("");
    let investor = Investor::new(&server);
    let api = &investor.api;
    let create = format!(
        r#"{{
  "user_id": "{}",
  "account_group_id": "{}",
  "type": "TRADING",
  "name": "Main account"
}}"#,
        investor.user, investor.group
    );
    let made = api.key("5b1f0000-0000-4000-8000-000000000000").post_text("/accounts", &create).ok().json();
    assert_has(&made, &ACCOUNT);
    assert_eq!(
        (&made["name"], &made["status"], &made["type"]),
        (&json!("Main account"), &json!("ACTIVE"), &json!("TRADING"))
    );
    assert_has(&made["users"][0], &["id", "type"]);
    let id = made["id"].as_str().unwrap();
    assert_eq!(api.get(&format!("/accounts/{id}")).ok().json(), made);
    for list in [format!("/users/{}/accounts", investor.user), "/accounts".to_owned()] {
        let listed = api.get(&format!("{list}?sort=created_at&order=ASC&offset=0&limit=100")).ok().json();
        assert_has(&listed, &["data", "meta"]);
        assert_has(&listed["meta"], &META);
        assert_has(&listed["data"][1], &ACCOUNT);
    }
    let changed = api.patch(&format!("/accounts/{id}"), &json!({"name": "Main account"})).ok().json();
    assert_eq!(changed, made);
    api.delete(&format!("/accounts/{id}")).accepted();
}

#[test]
fn every_operation_answers_as_its_document_says() {
    let server = Server::start("");
    let document = server.anyone().at(&base(&server)).get("/openapi.json").ok().json();
    let mut checker = Checker::new(&document);
    let investor = Investor::new(&server);
    let api = client(&server);
    let mut called = 0;
    let opening =
        json!({"user_id": investor.user, "account_group_id": investor.group, "type": "PORTFOLIO", "name": "A"});
    let values =
        [("{user_id}", &investor.user), ("{account_group_id}", &investor.group), ("{account_id}", &investor.account)];
    let mut call = |method: &str, path: &str, body: Value, status: &str| {
        let way = values.iter().fold(path.to_owned(), |way, (name, value)| way.replace(name, value));
        let low = method.to_lowercase();
        let sent = (!body.is_null()).then(|| body.to_string());
        if sent.is_some() {
            let place = ["paths", path, &low, "requestBody", "content", "application/json", "schema"];
            checker.expect(&place, &body, path);
        }
        let caller = if method == "GET" { api.clone() } else { api.key(&unique("key")) };
        let reply = caller.send(method, &way, Some("application/json"), sent.as_deref().map(str::as_bytes));
        assert_eq!(reply.status.to_string(), status, "{method} {path}: {}", reply.text);
        assert!(document["paths"][path][&low]["responses"][status].is_object(), "{method} {path}");
        if !reply.text.is_empty() {
            let place = ["paths", path, &low, "responses", status, "content", "application/json", "schema"];
            checker.expect(&place, &reply.json(), path);
        }
        called += 1;
    };
    call("POST", "/users", new_user(), "200");
    call("GET", "/users", Value::Null, "200");
    call("GET", "/users/{user_id}", Value::Null, "200");
    call("GET", "/users/{user_id}/account_groups", Value::Null, "200");
    call("GET", "/users/{user_id}/accounts", Value::Null, "200");
    call("POST", "/account_groups", json!({"user_id": investor.user, "type": "PERSONAL"}), "200");
    call("GET", "/account_groups", Value::Null, "200");
    call("GET", "/account_groups/{account_group_id}", Value::Null, "200");
    call("GET", "/account_groups/{account_group_id}/payments/cash_balance", Value::Null, "200");
    call("POST", "/accounts", opening, "200");
    call("GET", "/accounts", Value::Null, "200");
    call("GET", "/accounts/{account_id}", Value::Null, "200");
    call("PATCH", "/accounts/{account_id}", json!({"name": "B"}), "200");
    call("DELETE", "/accounts/{account_id}", Value::Null, "202");
    call("DELETE", "/users/{user_id}", Value::Null, "202");
    let group = api.made("/account_groups", &json!({"user_id": api.made("/users", &new_user()), "type": "PERSONAL"}));
    api.delete(&format!("/account_groups/{group}")).accepted();
    // Tokens are asked for with a form, and the last call has another group.
    assert_eq!(operations(&document).len(), called + 2);
}
