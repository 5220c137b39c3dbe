//! Login of operators.

use super::harness::{PASSWORD, Server};
use serde_json::json;

#[test]
fn a_name_and_a_password_give_a_token() {
    let server = Server::shared();
    let (name, password) = (&server.banner["username"], &server.banner["password"]);
    let reply = server.anyone().post("/user/login", &json!({"username": name, "password": password})).ok();
    assert_eq!(reply.json().as_object().unwrap().len(), 1, "more than the token: {}", reply.text);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let token = reply.text_at("token");
    server.bearer(&token).get("/account-groups").ok();
    let again = server.anyone().post("/user/login", &json!({"username": name, "password": password})).ok();
    assert_ne!(again.text_at("token"), token, "two logins gave the same token");
}

#[test]
fn a_login_leaves_one_row_in_the_audit_log_with_its_token() {
    let server = Server::start("");
    server.add_operator("Ada", "viewer", &[]);
    server.anyone().post("/user/login", &json!({"username": "Ada", "password": PASSWORD})).ok();
    server.anyone().post("/user/login", &json!({"username": "Ada", "password": "wrong password"})).refused("BAD_LOGIN");
    let file = rusqlite::Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let rows = "SELECT count(*), count(address), count(request_uuid), count(object_uuid), count(event_seq),
                       count(CASE WHEN p.name = 'Ada' AND t.principal_id = p.id AND t.kind = 'login' THEN 1 END)
                FROM audit_log l JOIN principals p ON p.id = l.principal_id JOIN tokens t ON t.uuid = l.token_uuid
                WHERE l.action = 'login' AND l.recorded_at = t.created_at";
    let counts = |row: &rusqlite::Row<'_>| Ok([0, 1, 2, 3, 4, 5].map(|column| row.get_unwrap::<_, i64>(column)));
    assert_eq!(file.query_row(rows, [], counts).unwrap(), [1, 1, 1, 1, 0, 1]);
}

#[test]
fn names_are_matched_without_regard_to_case_and_passwords_are_not() {
    let server = Server::start("");
    server.add_operator("Ada", "operator", &[]);
    server.anyone().post("/user/login", &json!({"username": "aDA", "password": PASSWORD})).ok();
    let wrong = json!({"username": "Ada", "password": PASSWORD.to_uppercase()});
    server.anyone().post("/user/login", &wrong).refused("BAD_LOGIN");
}

#[test]
fn a_wrong_name_and_a_wrong_password_look_the_same() {
    let server = Server::start("");
    let name = &server.banner["username"];
    let wrong = server.anyone().post("/user/login", &json!({"username": name, "password": "wrong password"}));
    let unknown = server.anyone().post("/user/login", &json!({"username": "nobody", "password": "wrong password"}));
    let wrong = wrong.refused("BAD_LOGIN").json();
    let unknown = unknown.refused("BAD_LOGIN").json();
    assert_eq!((&wrong["message"], &wrong["details"][0]), (&unknown["message"], &unknown["details"][0]));
}

#[test]
fn missing_fields_are_named() {
    let server = Server::shared();
    for (body, field) in [
        (json!({}), "username"),
        (json!({"username": "", "password": "x"}), "username"),
        (json!({"username": "x"}), "password"),
        (json!({"username": null, "password": "x"}), "username"),
    ] {
        server.anyone().post("/user/login", &body).refused("INVALID_FIELD").naming(field);
    }
    let long = json!({"username": "x", "password": "x".repeat(201)});
    server.anyone().post("/user/login", &long).refused("OUT_OF_RANGE").naming("password");
}

#[test]
fn a_disabled_operator_can_neither_log_in_nor_use_its_tokens() {
    let server = Server::start("");
    server.add_operator("gone", "operator", &[]);
    let login = json!({"username": "gone", "password": PASSWORD});
    let token = server.anyone().post("/user/login", &login).ok().text_at("token");
    server.bearer(&token).get("/profiles").ok();
    server.command(&["operator", "disable", "gone"]);
    server.bearer(&token).get("/profiles").refused("TOKEN_REVOKED");
    server.anyone().post("/user/login", &login).refused("BAD_LOGIN");
}

#[test]
fn a_refused_login_leaves_no_trace() {
    let server = Server::start("");
    let (before, tokens) = (server.trace(), server.command(&["token", "list"]));
    let wrong = json!({"username": server.banner["username"], "password": "wrong password"});
    server.anyone().post("/user/login", &wrong).refused("BAD_LOGIN");
    server.anyone().post("/user/login", &json!({})).refused("INVALID_FIELD");
    assert_eq!((server.trace(), server.command(&["token", "list"])), (before, tokens));
}
