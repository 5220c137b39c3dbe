//! Upvest's tokens, and the headers of every call.

use super::harness::Server;
use super::upvest::{ask_token, base, post_form};

#[test]
fn a_token_is_issued_for_scopes_of_the_client() {
    let server = Server::shared();
    let (id, secret) = server.api_client("upvest");
    let issued = ask_token(&server, &id, &secret, "users:read accounts:admin").ok();
    let body = issued.json();
    assert_eq!((&body["expires_in"], &body["token_type"]), (&1799.into(), &"bearer".into()));
    assert_eq!((&body["scope"], body.as_object().unwrap().len()), (&"users:read accounts:admin".into(), 4));
    assert!(issued.header("upvest-request-id").is_some());
    let again = ask_token(&server, &id, &secret, "users:read").ok();
    assert_ne!(again.text_at("access_token"), issued.text_at("access_token"));
}

#[test]
fn what_is_wrong_with_a_request_for_a_token() {
    let server = Server::start("");
    let (id, secret) = server.api_client("upvest");
    let narrow = server.command(&["client", "create", "--api", "upvest", "--label", "App", "--scope", "users:read"]);
    let narrow = ["client_id", "client_secret"].map(|name| narrow[name].as_str().unwrap().to_owned());
    let before = server.trace();
    for scope in ["users:admin", "users:read accounts:read", "orders:read"] {
        ask_token(&server, &narrow[0], &narrow[1], scope).problem(401, "unauthorised");
    }
    ask_token(&server, &id, &secret, "orders:read").problem(401, "unauthorised");
    ask_token(&server, &id, &narrow[1], "users:read").problem(401, "unauthorised");
    ask_token(&server, "someone", &secret, "users:read").problem(401, "unauthorised");
    ask_token(&server, &id, &"x".repeat(4000), "users:read").problem(401, "unauthorised");
    let right = format!("client_id={id}&client_secret={secret}&grant_type=client_credentials&scope=users%3Aread");
    for (from, to) in [
        ("grant_type=client_credentials", "grant_type=password"),
        ("&grant_type=client_credentials", ""),
        ("&scope=users%3Aread", ""),
        ("&scope=users%3Aread", "&scope=+"),
        ("&scope", "&client_id=x&scope"),
        ("client_secret=", "client_secret=&x="),
    ] {
        post_form(&server, &right.replacen(from, to, 1)).problem(400, "bad_request");
    }
    let api = server.anyone().at(&base(&server));
    for kind in [None, Some("application/json"), Some("nonsense")] {
        api.send("POST", "/auth/token", kind, Some(right.as_bytes())).problem(400, "bad_request");
    }
    api.with("upvest-api-version", "2").post("/auth/token", &"".into()).problem(400, "bad_request");
    api.get("/auth/token").problem(405, "method_not_allowed");
    api.get("/nothing").problem(404, "not_found");
    assert_eq!(server.trace(), before);
    post_form(&server, &right).ok();
}

#[test]
fn the_answer_is_json_or_the_call_is_not_acceptable() {
    let server = Server::shared();
    let (id, secret) = server.api_client("upvest");
    let form = format!("client_id={id}&client_secret={secret}&grant_type=client_credentials&scope=users%3Aread");
    for (accept, is_fine) in [
        ("application/json", true),
        ("*/*", true),
        ("application/*;q=0.1", true),
        ("text/html, application/json;q=1, application/problem+json;q=0", true),
        ("text/html, */*;q=0.8", true),
        ("application/json;q=0, */*", false),
        ("application/problem+json", false),
        ("text/*", false),
        ("nonsense", false),
    ] {
        let kind = Some("application/x-www-form-urlencoded");
        let api = server.anyone().at(&base(&server)).with("Accept", accept);
        let reply = api.send("POST", "/auth/token", kind, Some(form.as_bytes()));
        if is_fine {
            assert_eq!(reply.status, 200, "{accept}: {}", reply.text);
        } else {
            reply.problem(406, "not_acceptable");
        }
    }
}
