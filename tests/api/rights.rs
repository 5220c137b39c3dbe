//! Rights apart: setting a client's password, and beginning its sessions.

use super::harness::{Caller, PASSWORD, Server, unique};
use serde_json::json;

/// The reason for which each call is refused; empty if it is not.
fn refusals(caller: &Caller<'_>, profile: &str, email: &str) -> [String; 5] {
    let login = json!({"email": email, "password": PASSWORD});
    let new = json!({"email": format!("{}@example.com", unique("new")), "password": PASSWORD});
    [
        caller.post("/trade/login", &login),
        caller.post("/trade/introspect", &json!({"token": "x"})),
        caller.put("/profiles/change-password", &json!({"id": profile, "newPassword": PASSWORD})),
        caller.post("/profiles", &new),
        caller.put(&format!("/profiles/{profile}"), &login),
    ]
    .map(|reply| if reply.status == 200 { String::new() } else { reply.text_at("details/0/reason") })
}

const MAY: &str = "";
const MAY_NOT: &str = "RIGHT_MISSING";

#[test]
fn an_operator_can_neither_set_a_clients_password_nor_begin_its_sessions() {
    let server = Server::start("");
    let (admin, operator) = (server.admin(), server.operator("operator", &[]));
    let email = "jane@example.com";
    let profile = admin.new_profile_with(&json!({"email": email, "password": PASSWORD}));
    let before = server.trace();
    assert_eq!(refusals(&operator, &profile, email), [MAY_NOT; 5]);
    assert_eq!(server.trace(), before);
    // Without a password, the rest of the work goes on.
    operator.put(&format!("/profiles/{profile}"), &json!({"email": email, "firstName": "Jane"})).ok();
    operator.new_profile();
    assert_eq!(refusals(&admin, &profile, email), [MAY; 5]);
}

#[test]
fn a_right_is_granted_and_withdrawn_at_once() {
    let server = Server::start("");
    let email = "jane@example.com";
    let profile = server.admin().new_profile_with(&json!({"email": email, "password": PASSWORD}));
    let operator = server.operator("operator", &[]);
    let scoped = server.bearer(&server.add_token("operator-", &["--scope", "sessions:issue"]).1);
    let update = |way: &str, right: &str| server.command(&["operator", "update", "operator-", way, right]);
    assert_eq!(refusals(&scoped, &profile, email), [MAY_NOT; 5], "a scope gives nothing");
    assert_eq!(update("--grant", "sessions:issue")["grants"], json!(["sessions:issue"]));
    assert_eq!(refusals(&operator, &profile, email), [MAY, MAY, MAY_NOT, MAY_NOT, MAY_NOT]);
    assert_eq!(refusals(&scoped, &profile, email), [MAY, MAY, MAY_NOT, MAY_NOT, MAY_NOT]);
    update("--grant", "passwords:set");
    assert_eq!(refusals(&operator, &profile, email), [MAY; 5]);
    assert_eq!(update("--withdraw", "sessions:issue")["grants"], json!(["passwords:set"]));
    assert_eq!(refusals(&operator, &profile, email), [MAY_NOT, MAY_NOT, MAY, MAY, MAY]);
    let listed = server.command(&["operator", "list"]);
    let row = listed.as_array().unwrap().iter().find(|row| row["name"] == "operator-").unwrap();
    assert_eq!(row["grants"], json!(["passwords:set"]));
    for wrong in [["--grant", "admin"], ["--grant", "funds:move"], ["--withdraw", "all"]] {
        let update = [&["operator", "update", "operator-"], &wrong[..]].concat();
        assert_eq!(server.program(&update).output().unwrap().status.code(), Some(2), "{wrong:?}");
    }
    let unknown = server.program(&["operator", "update", "nobody", "--grant", "passwords:set"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn a_service_begins_sessions_and_reads_and_needs_no_password() {
    let server = Server::start("");
    let email = "jane@example.com";
    let profile = server.admin().new_profile_with(&json!({"email": email, "password": PASSWORD}));
    let account = server.admin().new_account_of(&profile, "USD");
    server.command(&["operator", "add", "platform", "--role", "service"]);
    let service = server.bearer(&server.add_token("platform", &[]).1);
    assert_eq!(refusals(&service, &profile, email), [MAY, MAY, MAY_NOT, MAY_NOT, MAY_NOT]);
    for path in ["/account-groups", "/profiles", "/events", &format!("/accounts/{account}")] {
        service.get(path).ok();
    }
    let before = server.trace();
    service.post(&format!("/accounts/{account}/deposit"), &json!({"amount": 5})).refused("RIGHT_MISSING");
    service.put(&format!("/accounts/{account}"), &json!({"maxLeverage": 5})).refused("RIGHT_MISSING");
    assert_eq!(server.trace(), before);
    for password in ["x", PASSWORD] {
        server
            .anyone()
            .post("/user/login", &json!({"username": "platform", "password": password}))
            .refused("BAD_LOGIN");
    }
    // A program whose API begins with a sign-in has one.
    server.add_operator("crm", "service", &[]);
    server.anyone().post("/user/login", &json!({"username": "crm", "password": PASSWORD})).ok();
    let without = server.program(&["operator", "add", "eve", "--role", "viewer"]).output().unwrap();
    assert_eq!(without.status.code(), Some(2), "only a service may lack a password");
}
