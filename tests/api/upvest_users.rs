//! Users of Upvest.

use super::harness::Server;
use super::upvest::{ALL_SCOPES, another, client, new_user, with_scopes};
use serde_json::{Value, json};

#[test]
fn a_user_is_created_and_read_as_it_was_sent() {
    let server = Server::start("");
    let api = client(&server);
    let sent = new_user();
    let made = api.key("k1").post("/users", &sent).ok();
    let mut body = made.json();
    let id = made.text_at("id");
    assert_eq!(api.get(&format!("/users/{id}")).ok().json(), body);
    for name in ["id", "created_at", "updated_at", "status"] {
        assert!(body.as_object_mut().unwrap().remove(name).is_some(), "{name}");
    }
    let plain = |text: &str| text.replace(".000Z", "Z");
    assert_eq!(plain(&body.to_string()), plain(&sent.to_string()));
    assert_eq!(made.text_at("status"), "ACTIVE");
    // What is not known is left out, never null, and read natively.
    let least = json!({
        "first_name": "Ada", "last_name": "Moss", "birth_date": "1990-01-02", "nationalities": ["FR", "DE"],
        "address": {"address_line1": "1 Rue", "postcode": "75001", "city": "Paris", "country": "FR", "state": ""},
        "phone_number": "", "salutation": "", "title": null, "ignored": 1,
    });
    let shown = api.key("k2").post("/users", &least).ok();
    assert!(!shown.text.contains("null") && shown.json().as_object().unwrap().len() == 9, "{}", shown.text);
    let native = server.admin().get(&format!("/profiles/{id}")).ok().json();
    assert_eq!((&native["firstName"], &native["city"]), (&json!("Marcel"), &json!("Berlin")));
    assert_eq!(native["address"], "Unter den Linden\n12a");
}

#[test]
fn users_may_share_an_address_of_e_mail() {
    let server = Server::start("");
    let api = client(&server);
    let ids = ["k1", "k2"].map(|key| api.key(key).post("/users", &new_user()).ok().text_at("id"));
    assert_ne!(ids[0], ids[1]);
    for id in &ids {
        assert_eq!(api.get(&format!("/users/{id}")).ok().text_at("email"), "marcel@example.com");
    }
    server.trace();
}

#[test]
fn a_user_waits_for_an_operator_where_that_is_configured() {
    let server = Server::start("[apis.upvest]\nmanual_approval = true\n");
    let api = client(&server);
    let user = api.made("/users", &new_user());
    let group = api.made("/account_groups", &json!({"user_id": user, "type": "LEGAL_ENTITY"}));
    let account = json!({"user_id": user, "account_group_id": group, "type": "TRADING"});
    let account = api.made("/accounts", &account);
    let statuses = || {
        ["users", "account_groups", "accounts"].map(|kind| {
            let id = [&user, &group, &account][usize::from(kind != "users") + usize::from(kind == "accounts")];
            api.get(&format!("/{kind}/{id}")).ok().text_at("status")
        })
    };
    assert_eq!(statuses(), ["INACTIVE", "PENDING_APPROVAL", "PENDING_APPROVAL"]);
    api.patch(&format!("/accounts/{account}"), &json!({"name": "x"})).problem(409, "conflict");
    api.delete(&format!("/accounts/{account}")).problem(409, "conflict");
    server.admin().post(&format!("/profiles/{user}/approve"), &json!({})).ok();
    assert_eq!(statuses(), ["ACTIVE"; 3]);
    // One who is not approved can leave with what waits.
    let other = api.made("/users", &new_user());
    let group = api.made("/account_groups", &json!({"user_id": other, "type": "PERSONAL"}));
    api.made("/accounts", &json!({"user_id": other, "account_group_id": group, "type": "TRADING"}));
    api.delete(&format!("/users/{other}")).accepted();
    assert_eq!(api.get(&format!("/users/{other}")).ok().text_at("status"), "OFFBOARDED");
    server.trace();
}

#[test]
fn what_is_wrong_with_a_user_is_said_and_leaves_no_trace() {
    let server = Server::start("");
    let api = client(&server);
    let before = server.trace();
    let wrong: &[(&str, Value)] = &[
        ("/first_name", json!("A")),
        ("/first_name", Value::Null),
        ("/last_name", json!("x".repeat(101))),
        ("/birth_date", json!("16.06.1992")),
        ("/birth_date", json!("2999-01-01")),
        ("/nationalities", json!([])),
        ("/nationalities", json!(["de"])),
        ("/nationalities", json!("DE")),
        ("/address", Value::Null),
        ("/address/postcode", json!("10117_")),
        ("/address/postcode", json!("12345678901")),
        ("/address/country", json!("DEU")),
        ("/address/city", json!("")),
        ("/address/address_line1", json!("x".repeat(101))),
        ("/email", json!("nobody")),
        ("/birth_country", json!("Germany")),
        ("/fatca/status", Value::Null),
        ("/fatca/confirmed_at", json!("yesterday")),
        ("/terms_and_conditions/consent_document_id", json!("5")),
    ];
    for (pointer, value) in wrong {
        let mut body = new_user();
        *body.pointer_mut(pointer).unwrap() = value.clone();
        let reply = api.key("k").post("/users", &body);
        reply.problem(400, "bad_request");
    }
    for (name, value) in [("phone_number", "+49123456"), ("salutation", "MR"), ("title", "KING")] {
        let mut body = new_user();
        body[name] = value.into();
        api.key("k").post("/users", &body).problem(400, "bad_request");
    }
    api.key("k").post_text("/users", "{\"first_name\":").problem(400, "bad_request");
    api.post("/users", &new_user()).problem(400, "missing_idempotency_key");
    api.get("/users/5").problem(400, "bad_request");
    api.get("/users/0198c1f0-0000-7000-8000-000000000000").problem(404, "not_found");
    with_scopes(&server, "users:read").key("k").post("/users", &new_user()).problem(403, "forbidden");
    assert_eq!(server.trace(), before);
    // A refused call has not used the key up; another body has, once the call was done.
    let made = api.key("k").post("/users", &new_user()).ok();
    let again = api.key("k").post("/users", &new_user()).ok();
    assert!(again.is_replayed() && again.text_at("id") == made.text_at("id"));
    let mut other = new_user();
    other["first_name"] = "Other".into();
    api.key("k").post("/users", &other).problem(409, "conflict");
}

#[test]
fn lists_are_cut_sorted_and_counted() {
    let server = Server::start("");
    let api = client(&server);
    let ids: Vec<String> = (0..3).map(|_| api.made("/users", &new_user())).collect();
    let list = |query: &str| api.get(&format!("/users{query}")).ok().json();
    let found = |list: &Value| {
        list["data"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = list("");
    let meta = json!({"offset": 0, "limit": 100, "count": 3, "total_count": 3, "sort": "created_at", "order": "ASC"});
    assert_eq!((&all["meta"], found(&all)), (&meta, ids.clone()));
    let last = list("?order=DESC&offset=1&limit=1&sort=");
    let meta = json!({"offset": 1, "limit": 1, "count": 1, "total_count": 3, "sort": "created_at", "order": "DESC"});
    assert_eq!((&last["meta"], found(&last)), (&meta, vec![ids[1].clone()]));
    assert_eq!(list("?offset=&limit=0")["meta"]["count"], 0);
    assert_eq!(list("?offset=9")["meta"]["total_count"], 3);
    for query in ["limit=1001", "limit=-1", "offset=-1", "limit=x", "order=asc", "sort=id", "sort=updated_at"] {
        api.get(&format!("/users?{query}")).problem(400, "bad_request");
    }
}

#[test]
fn users_of_hidden_clients_are_not_found() {
    let server = Server::start("");
    let all = client(&server);
    let hidden = all.made("/users", &new_user());
    let group = all.made("/account_groups", &json!({"user_id": hidden, "type": "PERSONAL"}));
    let account = all.made("/accounts", &json!({"user_id": hidden, "account_group_id": group, "type": "TRADING"}));
    let before = server.trace();
    let tagged = another(&server, &["--tag", "north"], ALL_SCOPES);
    for path in [
        format!("/users/{hidden}"),
        format!("/users/{hidden}/accounts"),
        format!("/users/{hidden}/account_groups"),
        format!("/account_groups/{group}"),
        format!("/account_groups/{group}/payments/cash_balance"),
        format!("/accounts/{account}"),
    ] {
        tagged.get(&path).problem(404, "not_found");
    }
    for path in [format!("/users/{hidden}"), format!("/account_groups/{group}"), format!("/accounts/{account}")] {
        tagged.delete(&path).problem(404, "not_found");
    }
    tagged.patch(&format!("/accounts/{account}"), &json!({"name": "x"})).problem(404, "not_found");
    let opening = json!({"user_id": hidden, "account_group_id": group, "type": "TRADING"});
    tagged.key("k").post("/accounts", &opening).problem(404, "not_found");
    let opening = json!({"user_id": hidden, "type": "PERSONAL"});
    tagged.key("k").post("/account_groups", &opening).problem(404, "not_found");
    for list in ["/users", "/account_groups", "/accounts"] {
        assert_eq!(tagged.get(list).ok().json()["meta"]["total_count"], 0, "{list}");
    }
    assert_eq!(server.trace(), before);
    // What it creates has its tag.
    let own = tagged.made("/users", &new_user());
    assert_eq!(tagged.get("/users").ok().json()["data"][0]["id"], own.as_str());
}
