//! Metadata and statuses in Midaz: the same for all six kinds of object.

use super::harness::Server;
use super::midaz::{Books, text};
use serde_json::{Value, json};

/// The paths of one object of each kind.
fn one_of_each(books: &Books<'_>) -> Vec<String> {
    let instruments = books.api.get(&books.path("instruments")).gives(200);
    let product = books.made("products", &json!({"name": "Any"}));
    vec![
        format!("/v1/organizations/{}", books.organization),
        format!("/v1/organizations/{}/ledgers/{}", books.organization, books.ledger),
        books.path(&format!("instruments/{}", text(&instruments[0]["id"]))),
        books.path(&format!("portfolios/{}", books.portfolio)),
        books.path(&format!("products/{product}")),
        books.accounts(&format!("/{}", books.account())),
    ]
}

#[test]
fn metadata_is_replaced_and_never_merged() {
    let server = Server::shared();
    let books = Books::new(&server);
    for path in one_of_each(&books) {
        let change = |body: Value| books.api.patch(&path, &body).gives(200)["metadata"].clone();
        assert_eq!(books.api.get(&path).gives(200)["metadata"], json!(null), "{path}");
        let all = json!({"text": "é", "number": -1.5, "int": 2, "yes": true, "no": false, "empty": "", "gone": null});
        let kept = json!({"text": "é", "number": -1.5, "int": 2, "yes": true, "no": false, "empty": ""});
        assert_eq!(change(json!({"metadata": all})), kept);
        assert_eq!(change(json!({"status": null})), kept, "absent changes nothing");
        assert_eq!(change(json!({"metadata": {"one": 1}})), json!({"one": 1}));
        let list = path.rsplit_once('/').unwrap().0;
        let found = |query: &str| {
            let list = books.api.get(&format!("{list}?{query}")).gives(200);
            list.as_array().unwrap().iter().any(|found| path.ends_with(text(&found["id"])))
        };
        assert!(found("metadata.one=1") && !found("metadata.one=2") && !found("metadata.two=1"), "{path}");
        assert_eq!(change(json!({"metadata": {}})), json!(null));
    }
}

#[test]
fn metadata_that_is_too_long_or_nested_is_refused_and_leaves_no_trace() {
    let server = Server::start("");
    let books = Books::new(&server);
    let paths = one_of_each(&books);
    let before = server.trace();
    for path in paths {
        let seen = books.api.get(&path).text;
        let refused = |metadata: Value, code: &str| {
            books.api.patch(&path, &json!({"status": {"code": "x"}, "metadata": metadata})).coded(400, code);
        };
        let (fits, long) = ("k".repeat(100), "k".repeat(101));
        refused(json!({&long: 1}), "0050");
        refused(json!({"a": long}), "0051");
        refused(json!({"a": {"b": 1}}), "0067");
        refused(json!({"a": [1]}), "0067");
        refused(json!({"": 1}), "0047");
        refused(json!([1]), "0047");
        refused(json!((0..101).map(|n| (format!("k{n}"), json!(n))).collect::<serde_json::Map<_, _>>()), "0047");
        assert_eq!(books.api.get(&path).text, seen);
        books.api.patch(&path, &json!({"metadata": {&fits: fits}})).gives(200);
    }
    assert_eq!((server.trace().0, server.trace().1), (before.0, before.1));
}

#[test]
fn statuses_are_any_word_and_stay_unless_a_code_is_sent() {
    let server = Server::shared();
    let books = Books::new(&server);
    for path in one_of_each(&books) {
        let change = |status: Value| books.api.patch(&path, &json!({"status": status})).gives(200)["status"].clone();
        let status = json!({"code": "c346fed3-e915-4a19-b9fb-f63114a3e76b", "description": "Random"});
        assert_eq!(change(status.clone()), status);
        for nothing in [json!(null), json!({}), json!({"code": "", "description": null})] {
            assert_eq!(change(nothing), status, "{path}");
        }
        assert_eq!(change(json!({"code": "ACTIVE"})), json!({"code": "ACTIVE", "description": null}));
        let body = books.api.patch(&path, &json!({"status": {"description": "why"}})).coded(400, "0009");
        assert_eq!(body["fields"], json!({"status.code": "required"}));
        books.api.patch(&path, &json!({"status": {"code": "x".repeat(101)}})).coded(400, "0047");
        books.api.patch(&path, &json!({"status": "ACTIVE"})).coded(400, "0047");
    }
}

#[test]
fn numbers_have_at_most_100_characters() {
    let server = Server::shared();
    let books = Books::new(&server);
    for (digits, code) in [(65, None), (100, None), (101, Some("0051"))] {
        let body = format!(r#"{{"name": "n{digits}", "metadata": {{"k": {}}}}}"#, "9".repeat(digits));
        let reply = books.api.post_text(&books.path("products"), &body);
        match code {
            None => assert!(reply.gives(201)["metadata"]["k"].is_number()),
            Some(code) => drop(reply.coded(400, code)),
        }
    }
}
