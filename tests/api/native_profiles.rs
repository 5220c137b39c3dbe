//! Clients: creation, replacement and lists.

use super::harness::{PASSWORD, Server, unique};
use serde_json::{Value, json};

/// The fields of the contract, except `id` and `email`.
const TEXTS: [&str; 14] = [
    "firstName",
    "lastName",
    "ipAddress",
    "language",
    "address",
    "zipCode",
    "city",
    "state",
    "country",
    "phone",
    "company",
    "metaData",
    "birthDate",
    "timezone",
];

#[test]
fn a_profile_is_created_bare_with_every_field() {
    let server = Server::shared();
    let mut body = json!({"email": "every.field@example.com", "password": PASSWORD, "unknownField": 5});
    for field in TEXTS {
        body[field] = format!("{field} žluťoučký 鈴木 🙂").into();
    }
    let reply = server.admin().post("/profiles", &body).ok().shows("profile_with_every_field");
    let (id, made) = (reply.text_at("id"), reply.json());
    assert!(!reply.text.contains("argon2") && !reply.text.contains(PASSWORD), "{}", reply.text);
    assert_eq!(reply.header("etag"), Some("\"1\""));
    assert_eq!(server.admin().get(&format!("/profiles/{id}")).ok().json(), made);
}

#[test]
fn omitted_fields_are_empty() {
    let server = Server::shared();
    let body = json!({"email": "bare@example.com", "firstName": null});
    server.admin().post("/profiles", &body).ok().shows("profile_with_an_address_only");
}

#[test]
fn an_id_of_the_callers_choice_is_kept_and_used_once() {
    let server = Server::shared();
    let id = "0198c1f0-1111-7000-8000-00000000abcd";
    let create = |email: &str| server.admin().post("/profiles", &json!({"id": id, "email": email}));
    assert_eq!(create("chosen1@example.com").ok().text_at("id"), id);
    create("chosen2@example.com").refused("DUPLICATE_ID");
    let bad = server.admin().post("/profiles", &json!({"id": "7", "email": "chosen3@example.com"}));
    bad.refused("INVALID_FIELD").naming("id");
}

#[test]
fn addresses_are_valid_and_unique_without_regard_to_case() {
    let server = Server::shared();
    let name = unique("unique");
    let create = |email: &str| server.admin().post("/profiles", &json!({"email": email}));
    create(&format!("{name}@Example.com")).ok();
    create(&format!("{}@EXAMPLE.COM", name.to_uppercase())).refused("DUPLICATE_EMAIL").naming("email");
    for bad in ["", "jane", "jane@", "@example.com", "a b@example.com", "a@b@c"] {
        create(bad).refused("INVALID_FIELD").naming("email");
    }
    let local = |length: usize| format!("{}@example.com", "x".repeat(length - 12));
    create(&local(254)).ok();
    create(&local(255)).refused("OUT_OF_RANGE");
    server.admin().post("/profiles", &json!({"firstName": "Jane"})).refused("INVALID_FIELD");
}

#[test]
fn replacing_empties_omitted_fields() {
    let server = Server::shared();
    let admin = server.admin();
    let id = admin.new_profile_with(&json!({"firstName": "Jane", "city": "Oslo"}));
    let path = format!("/profiles/{id}");
    let email = admin.get(&path).ok().text_at("email");
    let reply = admin.put(&path, &json!({"email": email, "firstName": "Joan"})).ok();
    let body = reply.json();
    assert_eq!((body["firstName"].as_str(), body["city"].as_str()), (Some("Joan"), Some("")));
    assert_eq!(reply.header("etag"), Some("\"2\""));
    assert_eq!(admin.get(&path).ok().json(), body);
    admin.put(&path, &json!({"firstName": "Joan"})).refused("INVALID_FIELD").naming("email");
}

#[test]
fn replacing_sets_every_field() {
    let server = Server::shared();
    let id = server.admin().new_profile();
    let path = format!("/profiles/{id}");
    let mut body = json!({"email": format!("{}@example.com", unique("replaced"))});
    for field in TEXTS {
        body[field] = format!("new {field}").into();
    }
    let replaced = server.admin().put(&path, &body).ok().json();
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(replaced[field], *value, "{field}");
    }
    assert_eq!(server.admin().get(&path).ok().json(), replaced);
}

#[test]
fn replacing_refuses_another_id_an_old_version_and_an_address_that_is_taken() {
    let server = Server::start("");
    let admin = server.admin();
    let (id, other) = (admin.new_profile(), admin.new_profile());
    let path = format!("/profiles/{id}");
    let taken = admin.get(&format!("/profiles/{other}")).ok().text_at("email");
    let before = server.trace();
    admin.put(&path, &json!({"id": other, "email": "a@example.com"})).refused("IMMUTABLE_FIELD");
    admin.put(&path, &json!({"email": taken.to_uppercase()})).refused("DUPLICATE_EMAIL");
    let old = admin.with("If-Match", "\"7\"").put(&path, &json!({"email": "a@example.com"}));
    old.refused("VERSION_MISMATCH");
    admin.put(&path, &json!({"email": "a@example.com", "password": "short"})).refused("OUT_OF_RANGE");
    admin.put(&format!("/profiles/{NOBODY}"), &json!({"email": "a@example.com"})).refused("NOT_FOUND");
    assert_eq!(server.trace(), before);
    admin.with("If-Match", "\"1\"").put(&path, &json!({"email": "a@example.com"})).ok();
}

#[test]
fn replacing_keeps_the_password_unless_a_new_one_is_sent() {
    let server = Server::shared();
    let admin = server.admin();
    let id = admin.new_profile_with(&json!({"password": PASSWORD}));
    let path = format!("/profiles/{id}");
    let email = admin.get(&path).ok().text_at("email");
    let log_in = |password: &str| admin.post("/trade/login", &json!({"email": email, "password": password}));
    for body in [json!({"email": email}), json!({"email": email, "password": ""})] {
        admin.put(&path, &body).ok();
        log_in(PASSWORD).ok();
    }
    admin.put(&path, &json!({"email": email, "password": "battery staple"})).ok();
    log_in("battery staple").ok();
    log_in(PASSWORD).refused("BAD_LOGIN");
}

#[test]
fn passwords_have_8_to_200_characters() {
    let server = Server::shared();
    let admin = server.admin();
    let id = admin.new_profile();
    let change = |password: &str| admin.put("/profiles/change-password", &json!({"id": id, "newPassword": password}));
    assert_eq!(change(&"ж".repeat(8)).ok().text, "{}");
    change(&"ж".repeat(200)).ok();
    change(&"x".repeat(7)).refused("OUT_OF_RANGE");
    change(&"x".repeat(201)).refused("OUT_OF_RANGE");
    change("").refused("INVALID_FIELD");
    admin.put("/profiles/change-password", &json!({"newPassword": PASSWORD})).refused("INVALID_FIELD");
    let nobody = json!({"id": NOBODY, "newPassword": PASSWORD});
    admin.put("/profiles/change-password", &nobody).refused("NOT_FOUND");
    let reply = admin.post("/profiles", &json!({"email": "pw@example.com", "password": "short"}));
    reply.refused("OUT_OF_RANGE").naming("password");
}

#[test]
fn lists_are_paged_in_order_of_creation_and_found_by_address() {
    let server = Server::start("");
    let admin = server.admin();
    let empty = admin.get("/profiles").ok().json();
    assert_eq!(empty, json!({"profiles": [], "page": "1", "perPage": "50", "total": "0", "next": null}));
    let ids: Vec<String> = (0..5).map(|_| admin.new_profile()).collect();
    let page = |query: &str| -> (Vec<String>, Value) {
        let body = admin.get(&format!("/profiles?{query}")).ok().json();
        let rows = body["profiles"].as_array().unwrap();
        (rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect(), body["total"].clone())
    };
    assert_eq!(page("perPage=2&page=1"), (ids[..2].to_vec(), "5".into()));
    assert_eq!(page("perPage=2&page=3"), (ids[4..].to_vec(), "5".into()));
    assert_eq!(page("perPage=2&page=4"), (vec![], "5".into()));
    let email = admin.get(&format!("/profiles/{}", ids[3])).ok().text_at("email").to_uppercase();
    assert_eq!(page(&format!("email={}", email.replace('@', "%40"))), (vec![ids[3].clone()], "1".into()));
    assert_eq!(page("email=client"), (vec![], "0".into()));
}

#[test]
fn a_client_who_does_not_exist_is_not_found() {
    let server = Server::shared();
    let admin = server.admin();
    admin.get(&format!("/profiles/{NOBODY}")).refused("NOT_FOUND");
    admin.get(&format!("/profiles/{NOBODY}/accounts")).refused("NOT_FOUND");
    admin.get("/profiles/12").refused("INVALID_FIELD");
}

#[test]
fn a_refused_profile_leaves_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let id = admin.new_profile_with(&json!({"email": "first@example.com"}));
    let before = server.trace();
    admin.post("/profiles", &json!({"email": "FIRST@example.com"})).refused("DUPLICATE_EMAIL");
    admin.post("/profiles", &json!({"email": "x@example.com", "id": id})).refused("DUPLICATE_ID");
    admin.post("/profiles", &json!({"email": "x@example.com", "city": "a\u{0}"})).refused("INVALID_FIELD");
    let short = json!({"id": id, "newPassword": "short"});
    admin.put("/profiles/change-password", &short).refused("OUT_OF_RANGE");
    assert_eq!(server.trace(), before);
    assert_eq!(admin.get("/profiles").ok().text_at("total"), "1");
}

/// An unused id.
const NOBODY: &str = "0198c1f0-0000-7000-8000-000000000000";
