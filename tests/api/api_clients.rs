//! API clients: made, rotated and revoked by commands, beside a server and without one.

use super::harness::{Reply, Server, write_private};
use super::upvest::ask_token;
use serde_json::{Value, json};

#[track_caller]
fn create(server: &Server, more: &[&str]) -> Value {
    server.command(&[&["client", "create", "--api", "upvest", "--label", "App"], more].concat())
}

#[track_caller]
fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

/// Asks for a token with these credentials.
#[track_caller]
fn token(server: &Server, made: &Value) -> Reply {
    ask_token(server, &text(made, "client_id"), &text(made, "client_secret"), "users:read")
}

#[track_caller]
fn fails(server: &Server, args: &[&str], exit: i32) -> String {
    let output = server.program(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(exit), "{args:?}: {said}");
    said
}

#[test]
fn a_client_is_created_listed_rotated_and_revoked_beside_a_server() {
    let server = Server::start("");
    let made = create(&server, &["--scope", "users:read", "--tag", "north", "--days", "30"]);
    let id = text(&made, "client_id");
    token(&server, &made).ok();

    let listed = server.command(&["client", "list"]);
    let listed = listed.as_array().unwrap().iter().find(|client| client["client_id"] == made["client_id"]).unwrap();
    let shown = ["api", "label", "state", "scopes", "tags", "keys"].map(|name| listed[name].clone());
    let expected = [json!("upvest"), json!("App"), json!("good"), json!(["users:read"]), json!(["north"]), json!([])];
    assert_eq!(shown, expected);
    assert!(!listed.to_string().contains(&text(&made, "client_secret")), "a secret is shown once");
    assert!(listed["made_by"].is_string(), "{listed}");

    let second = server.command(&["client", "rotate", &id, "--overlap-hours", "2"]);
    assert_eq!((&second["client_id"], second["client_secret"] == made["client_secret"]), (&made["client_id"], false));
    token(&server, &made).ok();
    token(&server, &second).ok();
    server.advance(2 * 3600 + 1);
    token(&server, &made).problem(401, "unauthorised");
    let last = token(&server, &second).ok().text_at("access_token");

    let third = server.command(&["client", "rotate", &id, "--overlap-hours", "0"]);
    token(&server, &second).problem(401, "unauthorised");
    token(&server, &third).ok();
    assert_eq!(server.command(&["client", "revoke", &id])["revoked"], true);
    token(&server, &third).problem(401, "unauthorised");
    server.bearer(&last).get("/account-groups").refused("TOKEN_REVOKED");
    fails(&server, &["client", "revoke", &id], 1);
    fails(&server, &["client", "rotate", &id], 1);

    let rows = server.admin().get("/audit-log?limit=50").ok().json();
    let rows: Vec<_> = rows["rows"].as_array().unwrap().iter().filter(|row| row["objectId"] == id.as_str()).collect();
    let actions: Vec<_> = rows.iter().map(|row| row["action"].as_str().unwrap()).collect();
    let expected = ["api_client.revoke", "api_client.rotate", "api_client.rotate", "api_client.create"];
    assert_eq!(actions, expected);
    assert!(rows.iter().all(|row| row["objectKind"] == "API_CLIENT" && row["machineUser"].is_string()), "{rows:?}");
    server.trace();
}

#[test]
fn a_sign_in_is_recorded_under_the_name_of_the_client() {
    let server = Server::start("");
    let made = create(&server, &[]);
    token(&server, &made).ok();
    let rows = server.admin().get("/audit-log?action=api_client.sign_in&limit=10").ok().json();
    let row = &rows["rows"][0];
    assert_eq!((&row["actor"]["id"], &row["actor"]["name"]), (&made["client_id"], &json!("App")), "{rows}");
    assert!(row["tokenId"].is_string() && row["machineUser"].is_null(), "{row}");
    // The audit finds actions without the right and tokens that nobody made.
    server.trace();
}

#[test]
fn without_a_server_the_commands_do_the_work_themselves() {
    let mut server = Server::start("");
    server.stop();
    let made = create(&server, &[]);
    let rotated = server.command(&["client", "rotate", &text(&made, "client_id")]);
    let revoked = create(&server, &[]);
    server.command(&["client", "revoke", &text(&revoked, "client_id")]);
    server.start_again();
    token(&server, &made).ok();
    token(&server, &rotated).ok();
    token(&server, &revoked).problem(401, "unauthorised");
    server.trace();
}

#[test]
fn what_a_client_has_is_good_for_its_api_alone() {
    let server = Server::start("");
    let made = create(&server, &[]);
    let access = token(&server, &made).ok().text_at("access_token");
    for bearer in [access, text(&made, "client_secret")] {
        server.bearer(&bearer).get("/account-groups").refused("TOKEN_UNKNOWN");
        let b2core = server.bearer(&bearer).at(&format!("{}/b2core", server.url())).get("/api/v2/products");
        assert_eq!(b2core.status, 401, "{}", b2core.text);
    }
}

#[test]
fn a_client_is_limited_to_its_networks_and_its_days() {
    let server = Server::start("");
    let elsewhere = create(&server, &["--network", "10.0.0.0/8"]);
    token(&server, &elsewhere).problem(403, "forbidden");
    let short = create(&server, &["--network", "127.0.0.0/8", "--days", "1"]);
    assert_eq!(token(&server, &short).ok().digits("expires_in"), "1799");
    server.advance(86_400 - 600);
    // A token never outlives the secret that it was issued for.
    assert!(token(&server, &short).ok().digits("expires_in").parse::<u32>().unwrap() <= 600);
    server.advance(600);
    token(&server, &short).problem(401, "unauthorised");
    // A new secret keeps the networks of the old one.
    let rotated = server.command(&["client", "rotate", &text(&elsewhere, "client_id")]);
    token(&server, &rotated).problem(403, "forbidden");
}

#[test]
fn wrong_secrets_are_throttled_and_the_right_one_still_works() {
    let server = Server::start("");
    let made = create(&server, &[]);
    let (id, before) = (text(&made, "client_id"), server.trace());
    let wrong = |_| ask_token(&server, &id, "bur_wrong", "users:read");
    for reply in (0..10).map(wrong) {
        reply.problem(401, "unauthorised");
    }
    let throttled = wrong(10);
    throttled.problem(429, "too_many_requests");
    assert!(throttled.header("retry-after").is_some());
    assert_eq!(server.trace(), before);
    token(&server, &made).ok();
    // Another client of the same address is not affected.
    token(&server, &create(&server, &[])).ok();
}

#[test]
fn a_key_and_the_scopes_are_checked_when_the_client_is_made() {
    let server = Server::start("");
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    write_private(&server.home().join("key.pem"), &key.public_key_pem());
    write_private(&server.home().join("private.pem"), &key.serialize_pem());
    let made = create(&server, &["--public-key", &server.home().join("key.pem").display().to_string()]);
    let listed = server.command(&["client", "list"]);
    let listed = listed.as_array().unwrap().iter().find(|client| client["client_id"] == made["client_id"]).unwrap();
    assert_eq!((&listed["keys"][0]["key_id"], &listed["keys"][0]["algorithm"]), (&made["key_id"], &json!("ed25519")));
    let create = ["client", "create", "--api", "upvest", "--label", "App"];
    for (file, exit) in [("private.pem", 1), ("config.toml", 1), ("absent.pem", 1)] {
        fails(&server, &[&create[..], &["--public-key", file]].concat(), exit);
    }
    assert!(fails(&server, &[&create[..], &["--scope", "orders:admin"]].concat(), 2).contains("accounts:admin"));
    fails(&server, &["client", "create", "--api", "native", "--label", "App"], 2);
    fails(&server, &["client", "create", "--api", "upvest", "--label", ""], 1);
}

#[test]
fn a_development_server_has_a_client_of_each_api_and_keeps_it() {
    let mut server = Server::start("");
    let clients = server.banner["clients"].clone();
    let (id, secret) = server.api_client("upvest");
    for scope in ["users:admin", "accounts:admin users:read"] {
        ask_token(&server, &id, &secret, scope).ok();
    }
    server.restart();
    assert_eq!(server.banner["clients"], clients);
    ask_token(&server, &id, &secret, "users:read").ok();
}
