//! Sessions of end users.

use super::harness::{Caller, PASSWORD, Server};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

/// A client with a password; returns id and e-mail address.
fn client(caller: &Caller<'_>) -> (String, String) {
    let id = caller.new_profile_with(&json!({"password": PASSWORD}));
    let email = caller.get(&format!("/profiles/{id}")).ok().text_at("email");
    (id, email)
}

/// The claims of a token, verified with only the published keys, as a trading platform would.
pub(super) fn verify(caller: &Caller<'_>, token: &str) -> Value {
    let keys = caller.get("/.well-known/jwks.json").ok().json();
    let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid.as_str()).unwrap();
    assert_eq!(
        (key["kty"].as_str(), key["crv"].as_str(), key["alg"].as_str(), key["use"].as_str()),
        (Some("OKP"), Some("Ed25519"), Some("EdDSA"), Some("sig"))
    );
    let key = DecodingKey::from_ed_components(key["x"].as_str().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["bursar"]);
    validation.set_audience(&["trading-platform"]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims
}

#[test]
fn a_session_is_a_signed_token_that_names_the_open_accounts() {
    let server = Server::shared();
    let admin = server.admin();
    let (profile, email) = client(&admin);
    let open = admin.new_account_of(&profile, "USD");
    let (disabled, archived) = (admin.new_account_of(&profile, "EUR"), admin.new_account_of(&profile, "EUR"));
    admin.put(&format!("/accounts/{disabled}"), &json!({"status": "TRADE_STATUS_DISABLED"})).ok();
    admin.delete(&format!("/accounts/{archived}")).ok();
    let reply = admin.post("/trade/login", &json!({"email": email.to_uppercase(), "password": PASSWORD})).ok();
    let group = admin.group("USD", false);
    assert_eq!(reply.json()["accounts"], json!([{"id": open, "gId": group}]));
    let claims = verify(&server.anyone(), &reply.text_at("accessToken"));
    assert_eq!((claims["sub"].as_str(), &claims["accounts"]), (Some(profile.as_str()), &json!([open])));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    assert_eq!(reply.text_at("expiresAt"), claims["exp"].to_string());
    let introspected = admin.post("/trade/introspect", &json!({"token": reply.text_at("accessToken")})).ok().json();
    assert_eq!(introspected["active"], true);
    for name in ["sub", "accounts", "iss", "aud", "iat", "exp", "jti"] {
        assert_eq!(introspected[name], claims[name], "{name}");
    }
}

#[test]
fn a_wrong_address_a_wrong_password_and_none_look_the_same() {
    let server = Server::shared();
    let admin = server.admin();
    let (_, email) = client(&admin);
    let unset = admin.get(&format!("/profiles/{}", admin.new_profile())).ok().text_at("email");
    let mut messages = Vec::new();
    for (email, password) in [(email.as_str(), "wrong password"), ("nobody@example.com", PASSWORD), (&unset, PASSWORD)]
    {
        let reply = admin.post("/trade/login", &json!({"email": email, "password": password}));
        messages.push(reply.refused("BAD_LOGIN").json()["message"].clone());
    }
    assert!(messages.iter().all(|message| *message == messages[0]), "{messages:?}");
    admin.post("/trade/login", &json!({"email": email})).refused("INVALID_FIELD");
    admin.post("/trade/login", &json!({"password": PASSWORD})).refused("INVALID_FIELD");
}

#[test]
fn a_new_password_ends_the_sessions() {
    let server = Server::shared();
    let admin = server.admin();
    let (profile, email) = client(&admin);
    let begin = |password: &str| {
        admin.post("/trade/login", &json!({"email": email, "password": password})).ok().text_at("accessToken")
    };
    let is_active =
        |token: &str| admin.post("/trade/introspect", &json!({"token": token})).ok().json()["active"] == true;
    let (first, second) = (begin(PASSWORD), begin(PASSWORD));
    assert!(is_active(&first) && is_active(&second));
    admin.put("/profiles/change-password", &json!({"id": profile, "newPassword": "battery staple"})).ok();
    assert!(!is_active(&first) && !is_active(&second));
    let third = begin("battery staple");
    assert!(is_active(&third));
    admin.put(&format!("/profiles/{profile}"), &json!({"email": email, "password": PASSWORD})).ok();
    assert!(!is_active(&third), "a password set by replacing the profile ends them, too");
}

#[test]
fn introspection_says_nothing_about_what_is_not_ours() {
    let server = Server::shared();
    let admin = server.admin();
    let (_, email) = client(&admin);
    let token = admin.post("/trade/login", &json!({"email": email, "password": PASSWORD})).ok().text_at("accessToken");
    let (head, signature) = token.rsplit_once('.').unwrap();
    let flipped = format!("{head}.{}{}", if signature.starts_with('A') { "B" } else { "A" }, &signature[1..]);
    let other = Server::start("");
    let (_, foreign_email) = client(&other.admin());
    let foreign = other.admin().post("/trade/login", &json!({"email": foreign_email, "password": PASSWORD}));
    for token in [flipped, "x".into(), "a.b.c".into(), foreign.ok().text_at("accessToken")] {
        let reply = admin.post("/trade/introspect", &json!({"token": token})).ok();
        assert_eq!(reply.text, r#"{"active":false}"#);
    }
    admin.post("/trade/introspect", &json!({})).refused("INVALID_FIELD");
}

#[test]
fn sessions_are_throttled_by_client_and_not_for_everybody() {
    let server = Server::start("");
    let admin = server.admin();
    let ((_, email), (_, other)) = (client(&admin), client(&admin));
    let log_in =
        |email: &str, password: &str| admin.post("/trade/login", &json!({"email": email, "password": password}));
    for _ in 0..10 {
        log_in(&email, "wrong password").refused("BAD_LOGIN");
    }
    let reply = log_in(&email, PASSWORD).refused("THROTTLED");
    assert!(reply.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    log_in(&other, PASSWORD).ok();
}

#[test]
fn a_session_leaves_one_row_in_the_audit_record() {
    let server = Server::start("");
    let admin = server.admin();
    let (profile, email) = client(&admin);
    admin.post("/trade/login", &json!({"email": email, "password": PASSWORD})).ok();
    let file = rusqlite::Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let row = "SELECT lower(hex(object_uuid)), event_seq IS NULL AND token_uuid IS NOT NULL AND address IS NOT NULL
               FROM audit_log WHERE action = 'session.begin'";
    let object = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?));
    assert_eq!(file.query_row(row, [], object).unwrap(), (profile.replace('-', ""), true));
}

#[test]
fn a_refused_session_leaves_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let (_, email) = client(&admin);
    let before = server.trace();
    admin.post("/trade/login", &json!({"email": email, "password": "wrong password"})).refused("BAD_LOGIN");
    let viewer = server.viewer();
    viewer.post("/trade/login", &json!({"email": email, "password": PASSWORD})).refused("RIGHT_MISSING");
    viewer.post("/trade/introspect", &json!({"token": "x"})).refused("RIGHT_MISSING");
    assert_eq!(server.trace(), before);
}
