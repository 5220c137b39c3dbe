//! Access: networks, tokens, roles and scopes.

use super::harness::{PASSWORD, Server};
use serde_json::json;

/// Callers from 10.0.0.0/8 are allowed, and the proxy on this machine forwards their addresses.
const BEHIND_A_PROXY: &str =
    "[access]\nallow = [\"10.0.0.0/8\", \"2001:db8::/32\"]\ntrusted_proxies = [\"127.0.0.0/8\"]\n";

#[test]
fn only_networks_on_the_allow_list_are_let_in() {
    let server = Server::start(BEHIND_A_PROXY);
    let admin = server.admin();
    for inside in ["10.0.0.1", "10.255.255.255", "2001:db8::7", "1.2.3.4, 10.0.0.1", "10.0.0.1, 127.0.0.5"] {
        admin.from(inside).get("/account-groups").ok();
    }
    for outside in ["11.0.0.1", "9.255.255.255", "2001:db9::7", "10.0.0.1, 1.2.3.4", "::ffff:11.0.0.1"] {
        admin.from(outside).get("/account-groups").refused("ADDRESS_NOT_ALLOWED");
    }
    admin.from("::ffff:10.0.0.1").get("/account-groups").ok();
    admin.get("/account-groups").refused("ADDRESS_NOT_ALLOWED");
    admin.from("nonsense").get("/account-groups").refused("ADDRESS_NOT_ALLOWED");
}

#[test]
fn the_allow_list_comes_before_routing_tokens_and_documents() {
    let server = Server::start(BEHIND_A_PROXY);
    let outsider = server.anyone().from("8.8.8.8");
    for path in ["/account-groups", "/nowhere", "/.well-known/jwks.json", "/openapi.json", "/docs/", "/docs"] {
        outsider.get(path).refused("ADDRESS_NOT_ALLOWED");
    }
    outsider.delete("/account-groups").refused("ADDRESS_NOT_ALLOWED");
    let login = json!({"username": server.banner["username"], "password": server.banner["password"]});
    outsider.post("/user/login", &login).refused("ADDRESS_NOT_ALLOWED");
    let forbidden = outsider.with("X-Nothing", "").get("/account-groups").json()["message"].clone();
    assert!(!forbidden.to_string().contains("8.8.8.8"));
}

#[test]
fn a_forwarded_address_counts_only_from_a_listed_proxy() {
    let server = Server::start("");
    server.admin().from("8.8.8.8").get("/account-groups").ok();
    let strict = Server::start("[access]\nallow = [\"10.0.0.0/8\"]\n");
    strict.admin().from("10.0.0.1").get("/account-groups").refused("ADDRESS_NOT_ALLOWED");
}

#[test]
fn health_is_told_to_the_machine_itself() {
    let server = Server::start("[access]\nallow = [\"10.0.0.0/8\"]\n");
    assert_eq!(server.anyone().get("/livez").ok().json(), json!({"status": "live"}));
    assert_eq!(server.anyone().get("/readyz").ok().json(), json!({"status": "ready"}));
}

#[test]
fn a_token_may_be_bound_to_networks() {
    let server = Server::start(BEHIND_A_PROXY);
    let (_, token) = server.add_token("dev", &["--network", "10.1.0.0/16", "--network", "10.3.0.0/16"]);
    let caller = server.bearer(&token);
    caller.from("10.1.2.3").get("/account-groups").ok();
    caller.from("10.3.2.3").get("/account-groups").ok();
    caller.from("10.2.2.3").get("/account-groups").refused("ADDRESS_NOT_ALLOWED");
}

#[test]
fn a_revoked_token_is_refused_at_once() {
    let server = Server::shared();
    let (id, token) = server.add_token("dev", &[]);
    let caller = server.bearer(&token);
    caller.get("/account-groups").ok();
    server.command(&["token", "revoke", &id]);
    caller.get("/account-groups").refused("TOKEN_REVOKED");
}

#[test]
fn malformed_tokens_are_refused() {
    let server = Server::shared();
    let token = server.banner["token"].as_str().unwrap();
    let last = if token.ends_with('A') { 'E' } else { 'A' };
    let wrong = format!("{}{last}", &token[..token.len() - 1]);
    for header in [
        "Bearer".to_owned(),
        "Bearer ".into(),
        format!("Basic {token}"),
        token.into(),
        "Bearer x".into(),
        "Bearer bur_".into(),
        format!("Bearer {wrong}"),
        format!("Bearer {token}x"),
        format!("Bearer bur_{}", "x".repeat(5000)),
        "Bearer a.b.c".into(),
    ] {
        let reply = server.anyone().with("Authorization", &header).get("/account-groups");
        assert_eq!(reply.status, 401, "{header}: {}", reply.text);
        assert_eq!((reply.json()["code"].as_u64(), reply.header("www-authenticate")), (Some(16), Some("Bearer")));
    }
    server.anyone().get("/account-groups").refused("TOKEN_MISSING");
    server.anyone().with("Authorization", &format!("bEARER {token}")).get("/account-groups").ok();
}

#[test]
fn an_end_user_token_is_refused() {
    let server = Server::shared();
    let admin = server.admin();
    let profile = admin.new_profile_with(&json!({"password": PASSWORD}));
    let email = admin.get(&format!("/profiles/{profile}")).ok().text_at("email");
    let login = json!({"email": email, "password": PASSWORD});
    let token = admin.post("/trade/login", &login).ok().text_at("accessToken");
    let client = server.bearer(&token);
    client.get("/account-groups").refused("END_USER_TOKEN");
    client.get(&format!("/profiles/{profile}")).refused("END_USER_TOKEN");
    client.post("/trade/login", &login).refused("END_USER_TOKEN");
}

#[test]
fn viewers_and_auditors_read_but_change_nothing() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    let account = admin.new_account_of(&profile, "USD");
    let callers = [server.viewer(), server.operator("auditor", &[])];
    let before = server.trace();
    for caller in &callers {
        for path in ["/options/currencies", "/account-groups", "/profiles", "/accounts"] {
            caller.get(path).ok();
        }
        caller.get(&format!("/profiles/{profile}")).ok();
        caller.get(&format!("/accounts/{account}/deals")).ok();
        let email = json!({"email": "new@example.com"});
        for reply in [
            caller.post("/profiles", &email),
            caller.put(&format!("/profiles/{profile}"), &email),
            caller.put("/profiles/change-password", &json!({"id": profile, "newPassword": PASSWORD})),
            caller.post(
                "/accounts",
                &json!({"profileId": profile, "currency": "USD", "groupId": admin.group("USD", false)}),
            ),
            caller.put(&format!("/accounts/{account}"), &json!({"maxLeverage": 5})),
            caller.delete(&format!("/accounts/{account}")),
            caller.post(&format!("/accounts/{account}/deposit"), &json!({"amount": 5})),
            caller.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": 5})),
            caller.post(&format!("/accounts/{account}/balance"), &json!({"amount": 5})),
        ] {
            reply.refused("RIGHT_MISSING");
        }
    }
    assert_eq!(server.trace(), before);
}

#[test]
fn a_scope_carries_one_right_and_no_more() {
    let server = Server::shared();
    let admin = server.admin();
    let profile = admin.new_profile();
    let account = admin.new_account_of(&profile, "USD");
    let group = admin.group("USD", false);
    let try_all = |scope: &str| -> Vec<bool> {
        let caller = server.bearer(&server.add_token("dev", &["--scope", scope]).1);
        let email = format!("{}@example.com", super::harness::unique("scope"));
        let open = json!({"profileId": profile, "currency": "USD", "groupId": group});
        let replies = [
            caller.get("/account-groups"),
            caller.get("/profiles"),
            caller.post("/profiles", &json!({"email": email})),
            caller.get(&format!("/accounts/{account}")),
            caller.post("/accounts", &open),
            caller.post(&format!("/accounts/{account}/deposit"), &json!({"amount": 1})),
            caller.post("/trade/introspect", &json!({"token": "x"})),
            caller.put("/profiles/change-password", &json!({"id": profile, "newPassword": PASSWORD})),
            caller.get("/user/tokens"),
        ];
        let passed = |reply: super::harness::Reply| match reply.status {
            200 => true,
            _ => {
                reply.refused("RIGHT_MISSING");
                false
            }
        };
        replies.into_iter().map(passed).collect()
    };
    let scopes = [
        "reference:read",
        "profiles:read",
        "profiles:write",
        "accounts:read",
        "accounts:write",
        "funds:move",
        "sessions:issue",
        "passwords:set",
        "self:manage",
    ];
    for (n, scope) in scopes.iter().enumerate() {
        let expected: Vec<bool> = (0..scopes.len()).map(|m| m == n).collect();
        assert_eq!(try_all(scope), expected, "{scope}");
    }
}

#[test]
fn a_scope_does_not_give_what_the_role_withholds() {
    let server = Server::start("");
    server.add_operator("looker", "viewer", &[]);
    let caller = server.bearer(&server.add_token("looker", &["--scope", "profiles:write"]).1);
    caller.post("/profiles", &json!({"email": "x@example.com"})).refused("RIGHT_MISSING");
}

#[test]
fn an_expired_token_is_refused() {
    let server = Server::start("");
    let day = server.bearer(&server.add_token("dev", &["--days", "1"]).1);
    day.get("/options/currencies").ok();
    server.advance(86_400 - 60);
    day.get("/options/currencies").ok();
    server.advance(61);
    day.get("/options/currencies").refused("TOKEN_EXPIRED");
    server.admin().get("/options/currencies").ok();
}
