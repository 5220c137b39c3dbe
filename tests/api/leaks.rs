//! What operators with tags learn about clients that they cannot see, and what probing leaves behind.

use super::harness::{Caller, Server};
use rusqlite::Connection;
use serde_json::json;

/// A client with this tag, and its account with 10 USD.
fn client(admin: &Caller<'_>, tag: &str) -> (String, String) {
    let profile = admin.new_profile_with(&json!({"tags": [tag]}));
    let account = admin.new_account_of(&profile, "USD");
    admin.deposit(&account, "10");
    (profile, account)
}

/// All that a caller can read about an account and its money, in one text.
fn all_about(caller: &Caller<'_>, account: &str) -> String {
    let statement = format!("/accounts/{account}/statement");
    let paths = [
        format!("/accounts/{account}/deals"),
        statement.clone(),
        format!("{statement}?basis=effective"),
        format!("{statement}?format=csv"),
        "/events?limit=1000".to_owned(),
        "/transfers".to_owned(),
        format!("/transfers?accountId={account}"),
    ];
    paths
        .iter()
        .map(|path| {
            let reply = caller.get(path);
            assert_eq!(reply.status, 200, "{path}: {}", reply.text);
            reply.text
        })
        .collect()
}

#[test]
fn the_reason_of_a_transfer_is_for_those_who_see_the_payer() {
    let server = Server::start("");
    let admin = server.admin();
    let ((payer, from), (_, to)) = (client(&admin, "a"), client(&admin, "b"));
    admin.post(&format!("/accounts/{to}/deposit"), &json!({"amount": "1", "comment": "for all"})).ok();
    let transfer =
        json!({"fromAccountId": from, "toAccountId": to, "amount": "2", "reason": "divorce", "reference": "div-1"});
    let made = admin.post("/transfers", &transfer).ok();
    let (a, b) = (server.operator("operator", &["a"]), server.operator("operator", &["b"]));
    let both = server.operator("operator", &["a", "b"]);
    let hidden = |word: &str| {
        let seen = all_about(&b, &to);
        assert!(!seen.contains(word), "{word}: {seen}");
        assert!(all_about(&a, &from).contains(word), "{word}");
        for caller in [&admin, &both] {
            assert_eq!(caller.deals(&to)[0]["comment"], word);
            assert!(caller.get(&format!("/accounts/{to}/statement?format=csv")).text.contains(word));
        }
    };
    hidden("divorce");
    let seen = all_about(&b, &to);
    for secret in ["div-1", payer.as_str(), from.as_str(), made.text_at("id").as_str()] {
        assert!(!seen.contains(secret), "{secret}: {seen}");
    }
    assert!(seen.contains("for all") && seen.contains(&made.text_at("dealId")), "{seen}");
    admin.post(&format!("/entries/{}/reverse", made.text_at("dealId")), &json!({"reason": "annulled"})).ok();
    hidden("annulled");
    // The receiver's own payments are another matter.
    let back = json!({"fromAccountId": to, "toAccountId": from, "amount": "1", "reason": "thanks"});
    admin.post("/transfers", &back).ok();
    assert!(all_about(&b, &to).contains("thanks") && !all_about(&a, &from).contains("thanks"));
}

/// The rows of the audit log for an action: operator, request, and whether it left an event.
fn audited(server: &Server, action: &str) -> Vec<(String, bool)> {
    let database = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let sql = "SELECT p.name, a.event_seq IS NOT NULL, a.address, a.request_uuid, a.token_uuid FROM audit_log a
               JOIN principals p ON p.id = a.principal_id WHERE a.action = ?1 ORDER BY a.id";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([action], |row| {
        let address: String = row.get(2)?;
        let (request, token): (Vec<u8>, Vec<u8>) = (row.get(3)?, row.get(4)?);
        assert_eq!((address.as_str(), request.len(), token.len()), ("127.0.0.1", 16, 16));
        Ok((row.get(0)?, row.get(1)?))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_rehearsal_leaves_a_trace_in_the_audit_log_and_nothing_else() {
    let server = Server::start("");
    let admin = server.admin();
    let (_, account) = client(&admin, "a");
    let operator = server.operator("operator", &["a"]);
    let before = server.trace();
    operator.post("/profiles?dryRun=true", &json!({"email": "probe@example.com"})).ok();
    operator.post("/profiles?dryRun=true", &json!({"email": "no address"})).refused("INVALID_FIELD");
    operator.post(&format!("/accounts/{account}/deposit?dryRun=true"), &json!({"amount": "5"})).ok();
    operator
        .post(&format!("/accounts/{account}/withdraw?dryRun=true"), &json!({"amount": "11"}))
        .refused("INSUFFICIENT_FUNDS");
    let deposit = json!({"operation": "deposit", "accountId": account, "amount": "5"});
    operator.post("/batch?dryRun=true", &json!({"atomic": true, "operations": [deposit.clone(), deposit]})).ok();
    assert_eq!(server.trace(), before);
    assert_eq!(admin.balance(&account), "10.00");
    assert_eq!(admin.get("/profiles?email=probe@example.com").ok().text_at("total"), "0");
    let one = [("operator-a".to_owned(), false)];
    assert_eq!(audited(&server, "profile.create.rehearse"), one);
    assert_eq!(audited(&server, "funds.post.rehearse"), one);
    assert_eq!(audited(&server, "batch.rehearse"), one);
    assert_eq!(audited(&server, "funds.post"), [("dev".to_owned(), true)], "the parts of a rehearsal leave none");
    assert_eq!(server.command(&["audit"])["ok"], true);
}

#[test]
fn a_value_that_a_hidden_client_has_is_refused_without_telling_whose_it_is() {
    let server = Server::start("");
    let admin = server.admin();
    let hidden = json!({"email": "hidden@example.com", "reference": "crm-1", "tags": ["b"]});
    let profile = admin.post("/profiles", &hidden).ok().text_at("id");
    let account = admin.new_account_of(&profile, "USD");
    admin.put(&format!("/accounts/{account}"), &json!({"reference": "acc-1"})).ok();
    admin.post(&format!("/accounts/{account}/deposits"), &json!({"amount": "1", "reference": "dep-1"})).ok();
    let operator = server.operator("operator", &["a"]);
    let own = operator.new_profile();
    let own_account = operator.new_account_of(&own, "USD");
    let before = server.trace();
    let fresh = |field: &str, value: &str| {
        let mut body = json!({"email": "fresh@example.com"});
        body[field] = value.into();
        body
    };
    let probes = [
        ("email", "/profiles".to_owned(), fresh("email", "HIDDEN@example.com")),
        ("reference", "/profiles".to_owned(), fresh("reference", "crm-1")),
        ("id", "/profiles".to_owned(), fresh("id", &profile)),
        ("reference", format!("/accounts/{own_account}/deposits"), json!({"amount": "1", "reference": "dep-1"})),
    ];
    for (field, path, body) in &probes {
        for query in ["", "?dryRun=true"] {
            let refused = operator.post(&format!("{path}{query}"), body).refused("INVALID_FIELD").naming(field);
            assert_eq!(refused.text_at("message"), format!("{field}: cannot be used"));
            for secret in [&profile, &account, "\"b\""] {
                assert!(!refused.text.contains(secret), "{}", refused.text);
            }
        }
    }
    let change = json!({"reference": "acc-1"});
    operator.put(&format!("/accounts/{own_account}"), &change).refused("INVALID_FIELD").naming("reference");
    let change = fresh("email", "hidden@example.com");
    operator.put(&format!("/profiles/{own}"), &change).refused("INVALID_FIELD").naming("email");
    assert_eq!(server.trace(), before);
    // Each try is in the log with the operator's name, but without the value.
    server.await_log("refused a value that a hidden object has", probes.len() * 2 + 2);
    server.await_log("operator-a", 1);
    for filter in ["/profiles?email=hidden@example.com", "/profiles?reference=crm-1", "/accounts?reference=acc-1"] {
        assert_eq!(operator.get(filter).ok().text_at("total"), "0", "{filter}");
        assert_eq!(admin.get(filter).ok().text_at("total"), "1", "{filter}");
    }
    admin.post("/profiles", &fresh("email", "hidden@example.com")).refused("DUPLICATE_EMAIL");
}
