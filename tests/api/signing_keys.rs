//! Keys that sign end-user tokens: announced, signing, retired, withdrawn.

use super::harness::{Caller, PASSWORD, PATIENCE, Server};
use super::native_sessions::verify;
use bursar::domain::clock::{Clock, Moment};
use bursar::system::SystemClock;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;

/// A server with a client who can log in.
fn server(config: &str) -> Server {
    let server = Server::start(config);
    server.admin().new_profile_with(&json!({"email": "jane@example.com", "password": PASSWORD}));
    server
}

fn begin(server: &Server) -> String {
    let login = json!({"email": "jane@example.com", "password": PASSWORD});
    server.admin().post("/trade/login", &login).ok().text_at("accessToken")
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

fn is_active(caller: &Caller<'_>, token: &str) -> bool {
    caller.post("/trade/introspect", &json!({"token": token})).ok().json()["active"] == true
}

/// The ids of the published keys, newest first.
fn published(server: &Server) -> Vec<String> {
    let keys = server.anyone().get("/.well-known/jwks.json").ok().json();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// The state of each key by its id, as the command line shows it.
fn states(server: &Server) -> BTreeMap<String, Value> {
    let keys = server.command(&["keys", "list"]);
    let state = |key: &Value| (key["kid"].as_str().unwrap().to_owned(), key["state"].clone());
    keys.as_array().unwrap().iter().map(state).collect()
}

fn unix_s() -> i64 {
    SystemClock.now().unix_s()
}

#[test]
fn a_new_key_is_published_before_it_signs() {
    let server = server("");
    let old = begin(&server);
    assert_eq!(published(&server), [kid(&old)], "the first key signs at once");
    let before_s = unix_s();
    let rotated = server.command(&["keys", "rotate"]);
    let new = rotated["kid"].as_str().unwrap().to_owned();
    let from_s = Moment::parse(rotated["signs_from"].as_str().unwrap()).unwrap().unix_s();
    assert!((before_s + 600..=unix_s() + 600).contains(&from_s), "{rotated}");
    assert_eq!(published(&server), [new.clone(), kid(&old)]);
    assert_eq!(kid(&begin(&server)), kid(&old));
    assert_eq!(states(&server), [(new.clone(), "announced".into()), (kid(&old), "signing".into())].into());
    // Another rotation before that changes neither.
    let third = server.command(&["keys", "rotate"])["kid"].as_str().unwrap().to_owned();
    assert_eq!((published(&server), kid(&begin(&server))), (vec![third, new, kid(&old)], kid(&old)));
    let keys = server.anyone().get("/.well-known/jwks.json").ok();
    assert_eq!(keys.header("cache-control"), Some("public, max-age=300"));
    let cached: Vec<_> = keys.headers.get_all("cache-control").iter().collect();
    assert_eq!(cached.len(), 1);
}

#[test]
fn tokens_of_the_old_key_stay_good_after_the_new_one_signs() {
    let server = server("[sessions]\nkey_cache_s = 0\nkey_notice_s = 1\n");
    let old = begin(&server);
    let new = server.command(&["keys", "rotate"])["kid"].as_str().unwrap().to_owned();
    let end = Instant::now() + PATIENCE;
    let token = loop {
        let token = begin(&server);
        if kid(&token) == new {
            break token;
        }
        assert!(Instant::now() < end, "the new key does not sign");
    };
    for token in [&old, &token] {
        verify(&server.anyone(), token);
        assert!(is_active(&server.admin(), token));
    }
    assert_eq!(states(&server), [(new, "signing".into()), (kid(&old), "published".into())].into());
    assert_eq!(server.anyone().get("/.well-known/jwks.json").ok().header("cache-control"), Some("public, max-age=0"));
}

#[test]
fn compromised_keys_are_withdrawn_at_once() {
    let server = server("");
    let old = begin(&server);
    let announced = server.command(&["keys", "rotate"])["kid"].as_str().unwrap().to_owned();
    let new = server.command(&["keys", "rotate", "--now"])["kid"].as_str().unwrap().to_owned();
    assert_eq!(published(&server), std::slice::from_ref(&new));
    assert!(!is_active(&server.admin(), &old));
    server.bearer(&old).get("/account-groups").refused("TOKEN_UNKNOWN");
    let token = begin(&server);
    assert_eq!(kid(&token), new);
    verify(&server.anyone(), &token);
    let expected = [(new, "signing".into()), (announced, "withdrawn".into()), (kid(&old), "withdrawn".into())];
    assert_eq!(states(&server), expected.into());
}

#[test]
fn tokens_carry_real_time_whatever_the_clock_of_the_sandbox_shows() {
    let server = server("");
    server.advance(30 * 86_400);
    let (before_s, token) = (unix_s(), begin(&server));
    let claims = verify(&server.anyone(), &token);
    let issued_s = claims["iat"].as_i64().unwrap();
    assert!((before_s..=unix_s()).contains(&issued_s), "{claims}");
    assert_eq!(claims["exp"].as_i64().unwrap(), issued_s + 900);
    assert!(is_active(&server.admin(), &token));
    // The session itself ends by the clock of the sandbox.
    server.advance(901);
    assert!(!is_active(&server.admin(), &token));
    // So do keys follow real time: moving the clock does not make a new key sign before platforms know it.
    server.command(&["keys", "rotate"]);
    server.advance(86_400);
    assert_eq!(kid(&begin(&server)), kid(&token));
}
