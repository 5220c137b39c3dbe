//! Nothing is approved but what the second operator has seen, as asked for by somebody who still works here.

use super::approvals::{decide, two};
use super::harness::{Caller, Reply, Server};
use rusqlite::Connection;
use serde_json::json;

/// The refusal of what has changed since. It must not name a header that the approver did not send.
#[track_caller]
fn outdated(reply: Reply) {
    let refused = reply.refused("VERSION_MISMATCH").naming("");
    assert!(refused.text_at("message").contains("has changed since"), "{}", refused.text);
}

/// An account of a group that requires approval.
fn guarded(caller: &Caller<'_>, server: &Server) -> String {
    server.set_rules("requires_approval = true");
    caller.new_account("USD")
}

#[test]
fn a_client_cannot_be_swapped_between_the_look_and_the_approval() {
    let server = Server::start("");
    let (admin, second) = two(&server);
    let account = guarded(&admin, &server);
    let (owners, client) = (format!("/accounts/{account}/owners"), admin.new_profile_with(&json!({"lastName": "Roe"})));
    let path = format!("/profiles/{client}");
    let email = admin.get(&path).ok().text_at("email");
    let ask = || admin.post(&owners, &json!({"profileId": client, "access": "FULL"})).waits().text_at("id");
    let owner_count = || admin.get(&owners).ok().json()["owners"].as_array().unwrap().len();
    let id = ask();
    // Who the client is can change only with a second look, as long as somebody may rely on the first one.
    let swapped = json!({"email": "accomplice@example.com", "lastName": "Doe"});
    let waiting = admin.put(&path, &swapped).waits();
    assert_eq!(waiting.text_at("cause"), "GUARDED_ACCOUNT");
    // And whatever else has changed is looked at again.
    admin.put(&path, &json!({"email": email, "lastName": "Roe", "city": "Bern"})).ok();
    let trace = server.trace();
    outdated(decide(&second, &id, "/approve"));
    outdated(decide(&second, &waiting.text_at("id"), "/approve"));
    assert_eq!(server.trace(), trace);
    assert_eq!(admin.get(&format!("/approvals/{id}")).ok().text_at("state"), "PENDING");
    assert_eq!(owner_count(), 1);
    decide(&admin, &id, "/cancel").ok();
    // Nobody relies on it any more.
    admin.put(&path, &swapped).ok();
    decide(&second, &ask(), "/approve").ok();
    assert_eq!(owner_count(), 2);
    admin.put(&path, &json!({"email": email, "lastName": "Roe"})).waits();
}

#[test]
fn who_succeeds_to_a_guarded_account_is_as_it_was_seen() {
    let server = Server::start("");
    let (admin, second) = two(&server);
    let account = guarded(&admin, &server);
    let owner = admin.get(&format!("/accounts/{account}")).ok().text_at("profileId");
    let heir = admin.new_profile();
    let (owners, path) = (format!("/accounts/{account}/owners"), format!("/profiles/{heir}"));
    let email = admin.get(&path).ok().text_at("email");
    admin.post(&owners, &json!({"profileId": heir, "access": "NONE"})).ok();
    let (of_owner, of_heir) = (format!("{owners}/{owner}"), format!("{owners}/{heir}"));
    // Each makes the heir the primary owner; only the last one names it.
    for (number, asked) in [
        admin.delete(&of_owner).waits(),
        admin.put(&of_owner, &json!({"priority": 2})).waits(),
        admin.put(&of_heir, &json!({"priority": 1})).waits(),
    ]
    .into_iter()
    .enumerate()
    {
        admin.put(&path, &json!({"email": email, "city": format!("Bern {number}")})).ok();
        outdated(decide(&second, &asked.text_at("id"), "/approve"));
    }
    let asked = admin.delete(&of_owner).waits();
    decide(&second, &asked.text_at("id"), "/approve").ok();
    assert_eq!(admin.get(&format!("/accounts/{account}")).ok().text_at("profileId"), heir);
    server.trace();
}

#[test]
fn what_a_disabled_operator_has_asked_for_can_only_be_rejected() {
    let server = Server::start("");
    let (admin, second) = two(&server);
    let account = guarded(&admin, &server);
    admin.deposit(&account, "100");
    let euros = admin.new_account("EUR");
    let withdrawal = second.ask(&account, "withdrawals", "10");
    let body = json!({"fromAccountId": account, "toAccountId": euros, "amount": "10", "rate": "0.92"});
    second.post("/transfers", &body).waits();
    let owners = format!("/accounts/{account}/owners");
    second.post(&owners, &json!({"profileId": admin.new_profile(), "access": "FULL"})).waits();
    let owner = admin.get(&format!("/accounts/{account}")).ok().text_at("profileId");
    second.put(&format!("/profiles/{owner}"), &json!({"email": "changed@example.com"})).waits();
    server.command(&["operator", "disable", "operator-"]);
    let queue = admin.get("/approvals?state=PENDING").ok();
    assert_eq!(queue.text_at("total"), "4");
    let trace = server.trace();
    let ids = [0, 1, 2, 3].map(|number| queue.text_at(&format!("approvals/{number}/id")));
    for id in &ids {
        let refused = decide(&admin, id, "/approve").refused("WRONG_STATE");
        assert!(refused.text_at("message").contains("disabled"), "{}", refused.text);
    }
    admin.step(&format!("/withdrawals/{withdrawal}/approve")).refused("WRONG_STATE");
    assert_eq!((server.trace(), admin.available(&account)), (trace, "80.00".into()));
    for id in &ids {
        assert_eq!(decide(&admin, id, "/reject").ok().text_at("state"), "REJECTED");
    }
    assert_eq!(admin.available(&account), "100.00");
}

#[test]
fn the_stored_answer_forgets_a_person_with_the_request() {
    let server = Server::start("");
    let (admin, second) = two(&server);
    let account = guarded(&admin, &server);
    let owner = admin.get(&format!("/accounts/{account}")).ok().text_at("profileId");
    let ask = || {
        let body = json!({"email": "secret@example.com", "lastName": "Hidden"});
        admin.key("swap").put(&format!("/profiles/{owner}"), &body)
    };
    let first = ask().waits();
    let again = ask().waits();
    assert!(again.is_replayed());
    assert_eq!((&first.text, first.text_at("identity/0/newValue")), (&again.text, "secret@example.com".into()));
    decide(&second, &first.text_at("id"), "/reject").ok();
    let after = ask().waits();
    assert!(after.is_replayed());
    assert_eq!(
        ["field", "oldValue", "newValue"].map(|name| after.digits(&format!("identity/0/{name}"))),
        ["\"email\"", "null", "null"]
    );
    let file = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    for table in ["idempotency_0", "idempotency_1", "idempotency_2"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE outcome LIKE '%secret@%' OR outcome LIKE '%Hidden%'");
        assert_eq!(file.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap(), 0, "{table}");
    }
}
