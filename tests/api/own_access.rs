//! What operators do with their own access: change the password, list and revoke their tokens, log out.

use super::b2core_access;
use super::harness::{Caller, PASSWORD, Reply, Server, unique};
use serde_json::{Value, json};

const NEW_PASSWORD: &str = "battery staple";

/// A server with the operator `ada`.
fn server_with_ada() -> Server {
    let server = Server::start("");
    server.add_operator("ada", "viewer", &[]);
    server
}

fn log_in(server: &Server, password: &str) -> Reply {
    server.anyone().post("/user/login", &json!({"username": "ada", "password": password}))
}

/// A new login of `ada`.
fn logged_in(server: &Server) -> Caller<'_> {
    server.bearer(&log_in(server, PASSWORD).ok().text_at("token"))
}

fn change(caller: &Caller<'_>, current: &str, new: &str) -> Reply {
    caller.post("/user/password", &json!({"currentPassword": current, "newPassword": new}))
}

fn tokens(caller: &Caller<'_>) -> Vec<Value> {
    caller.get("/user/tokens").ok().json()["tokens"].as_array().unwrap().clone()
}

#[test]
fn a_new_password_ends_all_other_logins() {
    let server = server_with_ada();
    let (used, other) = (logged_in(&server), logged_in(&server));
    let sign_in = json!({"email": "ada", "password": PASSWORD});
    let pair = b2core_access::anyone(&server).post("/signin", &sign_in).ok();
    let program = server.bearer(&server.add_token("ada", &[]).1);
    for caller in [&used, &other, &program] {
        caller.get("/account-groups").ok();
    }
    assert_eq!(change(&used, PASSWORD, NEW_PASSWORD).ok().text, "{}");
    used.get("/account-groups").ok();
    program.get("/account-groups").ok();
    other.get("/account-groups").refused("TOKEN_REVOKED");
    server.bearer(&pair.text_at("accessToken/token")).get("/account-groups").refused("TOKEN_REVOKED");
    let refresh = json!({"refreshToken": pair.text_at("refreshToken/token")});
    b2core_access::anyone(&server).post("/refresh", &refresh).refused_as(401, "unauthorized");
    log_in(&server, PASSWORD).refused("BAD_LOGIN");
    log_in(&server, NEW_PASSWORD).ok();
    let file = rusqlite::Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let rows = "SELECT count(*) FROM audit_log l JOIN principals p ON p.id = l.principal_id AND p.uuid = l.object_uuid
                WHERE l.action = 'operator.change_own_password' AND p.name = 'ada' AND l.address IS NOT NULL";
    assert_eq!(file.query_row(rows, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[test]
fn refused_passwords_leave_no_trace_and_guesses_are_throttled() {
    let server = server_with_ada();
    let (caller, other) = (logged_in(&server), logged_in(&server));
    let (narrow, before) = (server.bearer(&server.add_token("ada", &["--scope", "reference:read"]).1), server.trace());
    change(&narrow, PASSWORD, NEW_PASSWORD).refused("RIGHT_MISSING");
    change(&caller, PASSWORD, "short").refused("OUT_OF_RANGE").naming("newPassword");
    change(&caller, "", NEW_PASSWORD).refused("INVALID_FIELD").naming("currentPassword");
    caller.post("/user/password", &json!({"currentPassword": PASSWORD})).refused("INVALID_FIELD").naming("newPassword");
    let dry = json!({"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD});
    assert_eq!(caller.post("/user/password?dryRun=true", &dry).status, 400);
    for _ in 0..10 {
        let wrong = change(&caller, "wrong password", NEW_PASSWORD).refused("INVALID_FIELD");
        assert_eq!(wrong.status, 400, "the session goes on");
        wrong.naming("currentPassword");
    }
    let throttled = change(&caller, PASSWORD, NEW_PASSWORD).refused("THROTTLED");
    assert!(throttled.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
    // The tries are those of logins.
    log_in(&server, PASSWORD).refused("THROTTLED");
    for caller in [&caller, &other] {
        caller.get("/account-groups").ok();
    }
    assert_eq!(server.trace(), before);
    server.advance(3600);
    log_in(&server, PASSWORD).ok();
}

#[test]
fn logging_out_ends_the_token_of_the_call() {
    let server = server_with_ada();
    let (one, other) = (logged_in(&server), logged_in(&server));
    let narrow = server.bearer(&server.add_token("ada", &["--scope", "reference:read"]).1);
    let before = server.trace();
    server.anyone().step("/user/logout").refused("TOKEN_MISSING");
    assert_eq!(one.post("/user/logout?dryRun=true", &json!({})).status, 400);
    one.get("/account-groups").ok();
    for caller in [&one, &narrow] {
        assert_eq!(caller.step("/user/logout").ok().text, "{}");
        caller.get("/account-groups").refused("TOKEN_REVOKED");
        caller.step("/user/logout").refused("TOKEN_REVOKED");
    }
    other.get("/account-groups").ok();
    assert_eq!(server.trace(), before);
}

#[test]
fn operators_see_their_own_tokens_and_no_secret() {
    let mut server = server_with_ada();
    let token = log_in(&server, PASSWORD).ok().text_at("token");
    let caller = server.bearer(&token);
    let limits = ["--network", "127.0.0.0/8", "--scope", "self:manage", "--scope", "reference:read", "--days", "2"];
    let (id, program) = server.add_token("ada", &limits);
    let (revoked, _) = server.add_token("ada", &[]);
    server.command(&["token", "revoke", &revoked]);
    let reply = caller.get("/user/tokens").ok();
    assert!(!reply.text.contains(&token) && !reply.text.contains(&program) && !reply.text.contains("bur_"));
    let list = tokens(&caller);
    let names = ["kind", "isCurrent", "label", "scopes", "networks"];
    let row = |token: &Value| json!(names.map(|name| token[name].clone()));
    let scopes = json!(["self:manage", "reference:read"]);
    let expected =
        [json!(["LOGIN", true, "login", null, null]), json!(["LONG_LIVED", false, "test", scopes, ["127.0.0.0/8"]])];
    assert_eq!(list.iter().map(row).collect::<Vec<_>>(), expected);
    assert_eq!((list[1]["id"].as_str(), &list[1]["lastUsedAt"]), (Some(id.as_str()), &Value::Null));
    assert!(list[0]["lastUsedAt"].as_str() >= list[0]["createdAt"].as_str());
    assert!(list.iter().all(|token| token["expiresAt"].is_string()));
    // The other one is used, expires, and is gone.
    let used = tokens(&server.bearer(&program));
    assert_eq!((&used[1]["isCurrent"], used[1]["lastUsedAt"].is_string()), (&json!(true), true));
    let page = caller.get("/user/tokens?perPage=1").ok();
    assert_eq!((page.text_at("total"), page.text_at("tokens/0/kind")), ("2".into(), "LOGIN".into()));
    let rest = caller.get(&format!("/user/tokens?after={}", page.text_at("next"))).ok();
    assert_eq!(rest.text_at("tokens/0/id"), id);
    // The uses survive a restart.
    server.stop();
    server.start_again();
    assert_eq!(tokens(&server.bearer(&token))[1]["lastUsedAt"], used[1]["lastUsedAt"]);
    server.advance(2 * 86_400 + 1);
    assert_eq!(tokens(&server.bearer(&token)).len(), 1);
    server
        .bearer(&server.add_token("ada", &["--scope", "reference:read"]).1)
        .get("/user/tokens")
        .refused("RIGHT_MISSING");
}

#[test]
fn operators_revoke_their_own_tokens_and_no_others() {
    let server = server_with_ada();
    let caller = logged_in(&server);
    let (foreign, foreign_token) = server.add_token("dev", &[]);
    let (own, token) = server.add_token("ada", &[]);
    server.bearer(&token).get("/account-groups").ok();
    let before = server.trace();
    for (id, reason) in [
        (foreign.as_str(), "NOT_FOUND"),
        ("0198c1f0-0000-7000-8000-000000000000", "NOT_FOUND"),
        ("nonsense", "INVALID_FIELD"),
    ] {
        caller.delete(&format!("/user/tokens/{id}")).refused(reason);
    }
    server.bearer(&foreign_token).get("/account-groups").ok();
    let narrow = server.bearer(&server.add_token("ada", &["--scope", "reference:read"]).1);
    narrow.delete(&format!("/user/tokens/{own}")).refused("RIGHT_MISSING");
    let path = format!("/user/tokens/{own}");
    let keyed = caller.key(&unique("revoke"));
    assert_eq!(keyed.delete(&path).ok().text, "{}");
    server.bearer(&token).get("/account-groups").refused("TOKEN_REVOKED");
    assert!(keyed.delete(&path).ok().is_replayed());
    caller.delete(&path).refused("NOT_FOUND");
    // One of a pair ends the whole sign-in; the token in use may be revoked, too.
    let sign_in = json!({"email": "ada", "password": PASSWORD});
    let pair = b2core_access::anyone(&server).post("/signin", &sign_in).ok();
    let refresh = json!({"refreshToken": pair.text_at("refreshToken/token")});
    let next = b2core_access::anyone(&server).post("/refresh", &refresh).ok();
    let second = server.bearer(&next.text_at("accessToken/token"));
    let last = tokens(&second).pop().unwrap();
    assert_eq!(last["isCurrent"], true);
    second.delete(&format!("/user/tokens/{}", last["id"].as_str().unwrap())).ok();
    for pair in [&pair, &next] {
        server.bearer(&pair.text_at("accessToken/token")).get("/account-groups").refused("TOKEN_REVOKED");
    }
    assert_eq!(server.trace(), before);
}
