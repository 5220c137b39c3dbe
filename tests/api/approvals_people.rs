//! Who controls a guarded account, and who a reviewed client is: changes wait for a second operator.

use super::approvals::{decide, two};
use super::harness::{Caller, PASSWORD, Reply, Server};
use super::upgrade::turn_back;
use rusqlite::Connection;
use serde_json::{Value, json};

/// A guarded account with money, and its owner; everything by the first operator.
fn guarded(server: &Server) -> (String, String) {
    server.set_rules("requires_approval = true");
    let admin = server.admin();
    let owner = admin.new_profile_with(&json!({"password": PASSWORD, "lastName": "Owner"}));
    let account = admin.new_account_of(&owner, "USD");
    admin.deposit(&account, "100");
    (account, owner)
}

#[track_caller]
fn primary(caller: &Caller<'_>, account: &str) -> String {
    caller.get(&format!("/accounts/{account}")).ok().text_at("profileId")
}

#[test]
fn control_of_a_guarded_account_takes_a_second_operator() {
    let server = Server::start("");
    let (admin, second) = two(&server);
    let (account, owner) = guarded(&server);
    let accomplice = admin.new_profile();
    let owners = format!("/accounts/{account}/owners");
    // What gives nobody control is done at once.
    admin.post(&owners, &json!({"profileId": accomplice, "access": "READ"})).ok();
    let one = format!("{owners}/{accomplice}");
    let before = admin.get(&owners).ok().text;
    let ways: [(&str, Reply); 4] = [
        ("ALTER", admin.put(&one, &json!({"priority": 1}))),
        ("ALTER", admin.put(&one, &json!({"access": "FULL"}))),
        ("REMOVE", admin.delete(&format!("{owners}/{owner}"))),
        ("ADD", admin.post(&owners, &json!({"profileId": admin.new_profile(), "access": "FULL", "priority": 1}))),
    ];
    let mut ids = Vec::new();
    for (change, reply) in ways {
        let waiting = reply.waits();
        let shown = ["kind", "cause", "owner/change"].map(|path| waiting.text_at(path));
        assert_eq!(shown, ["OWNERS", "GUARDED_ACCOUNT", change].map(str::to_owned));
        decide(&admin, &waiting.text_at("id"), "/approve").refused("OWN_REQUEST");
        ids.push(waiting.text_at("id"));
    }
    assert_eq!((admin.get(&owners).ok().text, primary(&admin, &account)), (before, owner.clone()));
    decide(&second, &ids[3], "/reject").ok();
    decide(&second, &ids[0], "/approve").ok();
    assert_eq!(primary(&admin, &account), accomplice);
    // The others were asked for an account that has changed since.
    let trace = server.trace();
    decide(&second, &ids[1], "/approve").refused("VERSION_MISMATCH");
    assert_eq!(server.trace(), trace);
    decide(&admin, &ids[1], "/cancel").ok();
    // In other accounts one operator is enough.
    let other = admin.new_account("GBP");
    server.set_rules("requires_approval = false");
    admin
        .post(&format!("/accounts/{other}/owners"), &json!({"profileId": accomplice, "access": "FULL", "priority": 1}))
        .ok();
}

#[test]
fn a_death_hands_no_guarded_account_over() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, owner) = guarded(&server);
    let heir = admin.new_profile();
    admin.post(&format!("/accounts/{account}/owners"), &json!({"profileId": heir, "access": "NONE"})).ok();
    admin.step(&format!("/profiles/{owner}/deceased")).ok();
    let locked = admin.get(&format!("/accounts/{account}")).ok();
    let shown = ["profileId", "lock", "lockReason"].map(|path| locked.text_at(path));
    assert_eq!(shown, [owner.as_str(), "FULL", "DED"].map(str::to_owned));
    admin.delete(&format!("/accounts/{account}/owners/{owner}")).waits();
    server.trace();
}

#[test]
fn the_identity_of_a_reviewed_client_takes_a_second_operator() {
    let server = Server::start("");
    let (admin, second) = two(&server);
    let reviewed =
        second.new_profile_with(&json!({"requiresReview": true, "firstName": "Ann", "email": "ann@example.com"}));
    admin.step(&format!("/profiles/{reviewed}/approve")).ok();
    let path = format!("/profiles/{reviewed}");
    let body = |fields: &Value| {
        let mut body = json!({"email": "ann@example.com", "firstName": "Ann"});
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    second.put(&path, &body(&json!({"city": "Bern", "phone": "1"}))).ok();
    for (field, value) in [
        ("email", "other@example.com"),
        ("firstName", "Eve"),
        ("lastName", "Roe"),
        ("birthDate", "1999-01-01"),
        ("country", "KP"),
        ("company", "Shell"),
    ] {
        let waiting = second.put(&path, &body(&json!({field: value}))).waits();
        let shown = ["kind", "cause", "identity/0/field", "identity/0/newValue"].map(|path| waiting.text_at(path));
        assert_eq!(shown, ["IDENTITY", "REVIEWED_CLIENT", field, value].map(str::to_owned));
        decide(&second, &waiting.text_at("id"), "/approve").refused("OWN_REQUEST");
        decide(&second, &waiting.text_at("id"), "/cancel").ok();
    }
    let change = body(&json!({"email": "new@example.com", "reference": "crm-1", "tags": ["vip"]}));
    let waiting = second.put(&path, &change).waits();
    let id = waiting.text_at("id");
    let mut with_password = change;
    with_password["password"] = PASSWORD.into();
    admin.put(&path, &with_password).refused("INVALID_FIELD").naming("password");
    assert_eq!(admin.get(&path).ok().text_at("email"), "ann@example.com");
    // Only who may read clients sees it.
    server.add_operator("clerk", "operator", &[]);
    let clerk = server.bearer(&server.add_token("clerk", &["--scope", "accounts:read"]).1);
    clerk.get(&format!("/approvals/{id}")).refused("NOT_FOUND");
    assert_eq!(clerk.get("/approvals").ok().text_at("total"), "0");
    // The address has been taken in the meantime.
    let taker = admin.new_profile_with(&json!({"email": "new@example.com"}));
    decide(&admin, &id, "/approve").refused("DUPLICATE_EMAIL");
    admin.put(&format!("/profiles/{taker}"), &json!({"email": "taker@example.com"})).ok();
    let approved = decide(&admin, &id, "/approve").ok();
    let changed = admin.get(&path).ok();
    let shown = ["email", "reference", "tags/0"].map(|path| changed.text_at(path));
    assert_eq!(shown, ["new@example.com", "crm-1", "vip"].map(str::to_owned));
    // Personal data is erased from what was decided.
    assert_eq!(["identity/0/field", "identity/0/newValue"].map(|path| approved.digits(path)), ["\"email\"", "null"]);
    let file = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let sql = "SELECT count(*) FROM approvals WHERE request LIKE '%example.com%' OR request LIKE '%Ann%'";
    assert_eq!(file.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    server.trace();
}

#[test]
fn the_identity_of_who_owns_a_guarded_account_takes_a_second_operator_and_that_of_others_does_not() {
    let server = Server::start("");
    let (admin, second) = two(&server);
    let (_, owner) = guarded(&server);
    let (path, email) = (format!("/profiles/{owner}"), "moved@example.com");
    let waiting = admin.put(&path, &json!({"email": email, "lastName": "Owner"})).waits();
    assert_eq!(waiting.text_at("cause"), "GUARDED_ACCOUNT");
    decide(&second, &waiting.text_at("id"), "/approve").ok();
    assert_eq!(admin.get(&path).ok().text_at("email"), email);
    // Nobody has reviewed this one, and in review it is still to be.
    let plain = admin.new_profile();
    admin.put(&format!("/profiles/{plain}"), &json!({"email": "plain@example.com"})).ok();
    let pending = admin.new_profile_with(&json!({"requiresReview": true}));
    admin.put(&format!("/profiles/{pending}"), &json!({"email": "pending@example.com"})).ok();
    // What nobody decides expires.
    let waiting = admin.put(&path, &json!({"email": "again@example.com"})).waits();
    server.advance(8 * 86_400);
    assert_eq!(admin.get(&format!("/approvals/{}", waiting.text_at("id"))).ok().text_at("state"), "EXPIRED");
    decide(&second, &waiting.text_at("id"), "/approve").refused("WRONG_STATE");
    assert_eq!(admin.get(&path).ok().text_at("email"), email);
}

#[test]
fn what_waited_and_was_reviewed_before_there_was_a_queue_is_known() {
    let mut server = Server::start("");
    server.set_rules("requires_approval = true");
    let (withdrawal, reviewed) = {
        let (admin, second) = two(&server);
        let account = second.new_account("USD");
        second.deposit(&account, "10");
        let reviewed = second.new_profile_with(&json!({"requiresReview": true}));
        admin.step(&format!("/profiles/{reviewed}/approve")).ok();
        (second.ask(&account, "withdrawals", "1"), reviewed)
    };
    server.restart_after(|file| turn_back(file, 17));
    let admin = server.admin();
    let queue = admin.get("/approvals?state=PENDING").ok();
    assert_eq!((queue.text_at("total"), queue.text_at("approvals/0/movement/id")), ("1".into(), withdrawal));
    let shown = ["kind", "cause", "requestedBy/name"].map(|path| queue.text_at(&format!("approvals/0/{path}")));
    assert_eq!(shown, ["WITHDRAWAL", "GUARDED_ACCOUNT", "operator-"].map(str::to_owned));
    decide(&admin, &queue.text_at("approvals/0/id"), "/approve").ok();
    let waiting = admin.put(&format!("/profiles/{reviewed}"), &json!({"email": "changed@example.com"})).waits();
    assert_eq!(waiting.text_at("cause"), "REVIEWED_CLIENT");
    server.trace();
}
