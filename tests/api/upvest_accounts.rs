//! Accounts of Upvest: opened, renamed, listed.

use super::harness::Server;
use super::upvest::{Investor, client, new_user, with_scopes};
use serde_json::json;

#[test]
fn accounts_of_a_group_are_numbered_and_keep_their_type() {
    let server = Server::start("");
    let investor = Investor::new(&server);
    let api = &investor.api;
    let first = api.get(&investor.account_path()).ok().json();
    assert_eq!((&first["account_number"], &first["name"]), (&json!(1), &json!("Account 1")));
    let body = json!({
        "user_id": investor.user, "account_group_id": investor.group, "type": "PORTFOLIO", "name": "Long term",
    });
    let made = api.key("k").post("/accounts", &body).ok();
    let account = made.json();
    assert_eq!(account.as_object().unwrap().len(), 9, "{account}");
    let expected = json!({
        "id": made.text_at("id"), "created_at": account["created_at"], "updated_at": account["updated_at"],
        "account_group_id": investor.group, "type": "PORTFOLIO", "users": [{"id": investor.user, "type": "OWNER"}],
        "account_number": 2, "name": "Long term", "status": "ACTIVE",
    });
    assert_eq!(account, expected);
    assert!(api.key("k").post("/accounts", &body).ok().is_replayed());
    assert_eq!(api.get(&format!("/accounts/{}", made.text_at("id"))).ok().json(), account);
    // A number is never used again.
    api.delete(&format!("/accounts/{}", made.text_at("id"))).accepted();
    assert_eq!(api.key("l").post("/accounts", &body).ok().digits("account_number"), "3");
    // Accounts that other APIs open are listed, too, in the group that clients have by default.
    let native = server.admin().new_account_of(&investor.user, "USD");
    let shown = api.get(&format!("/accounts/{native}")).ok().json();
    assert_eq!((&shown["type"], &shown["account_number"]), (&json!("TRADING"), &json!(1)));
    let default = api.get(&format!("/account_groups/{}", shown["account_group_id"].as_str().unwrap())).ok().json();
    assert_eq!(default["type"], "PERSONAL");
    let listed = api.get(&format!("/users/{}/accounts", investor.user)).ok().json();
    assert_eq!(listed["meta"]["total_count"], 4, "closed ones included");
    let orders = server.admin().get(&format!("/accounts/{}", made.text_at("id"))).ok().json();
    assert_eq!(orders["orderBasis"], "PORTFOLIO", "{orders}");
}

#[test]
fn an_account_is_renamed() {
    let server = Server::start("");
    let investor = Investor::new(&server);
    let (api, path) = (&investor.api, investor.account_path());
    let renamed = api.patch(&path, &json!({"name": "Main account"})).ok();
    assert_eq!(renamed.text_at("name"), "Main account");
    let before = server.trace();
    for body in [json!({"name": "Main account"}), json!({}), json!({"name": null, "status": "CLOSED"})] {
        assert_eq!(api.patch(&path, &body).ok().json(), renamed.json(), "{body}");
    }
    assert_eq!(api.send("PATCH", &path, None, None).ok().json(), renamed.json());
    for body in [json!({"name": ""}), json!({"name": "x".repeat(101)}), json!({"name": 5})] {
        api.patch(&path, &body).problem(400, "bad_request");
    }
    assert_eq!(server.trace(), before, "an equal name changes nothing");
    let lock = json!({"lock": "FULL", "reason": "CO"});
    let locked = server.admin().post(&format!("/accounts/{}/lock", investor.account), &lock);
    assert_eq!(locked.status, 200, "{}", locked.text);
    assert_eq!(investor.status(&path), "LOCKED");
    let before = server.trace();
    api.patch(&path, &json!({"name": "Other"})).problem(409, "conflict");
    api.delete(&path).problem(409, "conflict");
    assert_eq!(server.trace(), before);
}

#[test]
fn what_is_wrong_with_an_account_leaves_no_trace() {
    let server = Server::start("");
    let investor = Investor::new(&server);
    let api = &investor.api;
    let stranger = api.made("/users", &new_user());
    let right = json!({"user_id": investor.user, "account_group_id": investor.group, "type": "TRADING"});
    let nobody = "0198c1f0-0000-7000-8000-000000000000";
    let before = server.trace();
    for (name, value, status, slug) in [
        ("user_id", json!(stranger), 404, "not_found"),
        ("user_id", json!(nobody), 404, "not_found"),
        ("account_group_id", json!(nobody), 404, "not_found"),
        ("account_group_id", json!("5"), 400, "bad_request"),
        ("user_id", json!(null), 400, "bad_request"),
        ("type", json!("trading"), 400, "bad_request"),
        ("type", json!(""), 400, "bad_request"),
        ("name", json!(" "), 400, "bad_request"),
    ] {
        let mut body = right.clone();
        body[name] = value;
        api.key("k").post("/accounts", &body).problem(status, slug);
    }
    api.post("/accounts", &right).problem(400, "missing_idempotency_key");
    with_scopes(&server, "accounts:read").key("k").post("/accounts", &right).problem(403, "forbidden");
    api.get(&format!("/accounts/{nobody}")).problem(404, "not_found");
    api.get(&format!("/users/{nobody}/accounts")).problem(404, "not_found");
    api.get("/accounts?sort=id").problem(400, "bad_request");
    api.put("/accounts", &right).problem(405, "method_not_allowed");
    api.with("Accept", "text/html").get("/accounts").problem(406, "not_acceptable");
    api.with("Accept", "application/problem+json").delete(&format!("/accounts/{nobody}")).problem(404, "not_found");
    assert_eq!(server.trace(), before);
}

#[test]
fn accounts_are_sorted_by_creation_or_by_the_last_change() {
    let server = Server::start("");
    let investor = Investor::new(&server);
    let api = client(&server);
    let body = json!({"user_id": investor.user, "account_group_id": investor.group, "type": "TRADING"});
    let second = api.made("/accounts", &body);
    server.advance(1);
    api.patch(&investor.account_path(), &json!({"name": "Changed"})).ok();
    let ids = |query: &str| {
        let listed = api.get(&format!("/accounts?{query}")).ok().json();
        listed["data"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = investor.account.clone();
    assert_eq!(ids("sort=created_at"), [first.clone(), second.clone()]);
    assert_eq!(ids("sort=updated_at&order=ASC"), [second.clone(), first.clone()]);
    assert_eq!(ids("sort=updated_at&order=DESC&limit=1"), [first]);
    assert_eq!(ids("sort=created_at&order=DESC&offset=0&limit=1"), [second]);
}
