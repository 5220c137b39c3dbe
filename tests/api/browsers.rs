//! What browsers are told: which pages may call, and how careful to be with answers.

use super::harness::{PASSWORD, Reply, Server};
use super::tls;
use serde_json::json;
use std::collections::BTreeSet;

const CABINET: &str = "https://cabinet.broker.example";

fn preflight(server: &Server, path: &str, origin: &str) -> Reply {
    let page = server.anyone().with("Origin", origin);
    let asking = page.with("Access-Control-Request-Method", "POST");
    asking.with("Access-Control-Request-Headers", "authorization,content-type").send("OPTIONS", path, None, None)
}

/// The names in the list of a header.
fn names(reply: &Reply, header: &str) -> BTreeSet<String> {
    reply.header(header).unwrap_or_default().split(", ").map(str::to_lowercase).collect()
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

#[test]
fn pages_of_other_origins_may_not_call_unless_they_are_listed() {
    let server = Server::shared();
    let reply = server.admin().with("Origin", CABINET).get("/options/currencies").ok();
    assert_eq!((reply.header("access-control-allow-origin"), reply.header("vary")), (None, None));
    let reply = preflight(&server, "/accounts", CABINET).refused("WRONG_METHOD");
    assert_eq!(reply.header("access-control-allow-origin"), None);
}

#[test]
fn listed_origins_may_call_every_api() {
    let server = Server::start(&format!("[browser]\nallowed_origins = [\"{CABINET}\", \"http://localhost:5173\"]\n"));
    for path in ["/accounts", "/user/login", "/b2core/api/v2/accounts"] {
        for origin in [CABINET, "http://localhost:5173"] {
            let reply = preflight(&server, path, origin);
            assert_eq!((reply.status, reply.text.as_str()), (204, ""), "{path}");
            assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
            assert!(names(&reply, "access-control-allow-methods").is_superset(&set(["get", "put", "delete"])));
            let sent = set(["authorization", "content-type", "idempotency-key"]);
            assert!(names(&reply, "access-control-allow-headers").is_superset(&sent), "{:?}", reply.headers);
            assert!(reply.header("access-control-max-age").is_some());
            assert_eq!(reply.header("access-control-allow-credentials"), None);
            assert_eq!(reply.header("x-request-id").unwrap().len(), 36);
        }
    }
    let admin = server.admin().with("Origin", CABINET);
    let listed = admin.get("/accounts").ok();
    let created = admin.post("/profiles", &json!({"email": "page@example.com"})).ok();
    let refused = server.anyone().with("Origin", CABINET).get("/accounts").refused("TOKEN_MISSING");
    for reply in [listed, created, refused] {
        assert_eq!(reply.header("access-control-allow-origin"), Some(CABINET));
        assert_eq!(reply.header("vary"), Some("Origin"));
        let read = set(["x-request-id", "idempotency-replayed", "retry-after", "ratelimit", "etag"]);
        assert!(names(&reply, "access-control-expose-headers").is_superset(&read), "{:?}", reply.headers);
    }
    // The body of a foreign page's call is no secret from its sender, but the answer is.
    for origin in
        ["https://evil.example", "https://cabinet.broker.example.evil.example", "http://cabinet.broker.example", "null"]
    {
        let reply = server.admin().with("Origin", origin).get("/accounts").ok();
        assert_eq!(reply.header("access-control-allow-origin"), None, "{origin}");
        assert_eq!(reply.header("vary"), Some("Origin"));
        assert_eq!(preflight(&server, "/accounts", origin).status, 405);
    }
    // Without a method to ask for, it is no preflight.
    server.anyone().with("Origin", CABINET).send("OPTIONS", "/accounts", None, None).refused("WRONG_METHOD");
}

#[test]
fn a_preflight_passes_the_allow_list() {
    let config = format!(
        "[access]\nallow = [\"10.0.0.0/8\"]\ntrusted_proxies = [\"127.0.0.0/8\"]\n\
         [browser]\nallowed_origins = [\"{CABINET}\"]\n"
    );
    let server = Server::start(&config);
    let asking = server.anyone().with("Origin", CABINET).with("Access-Control-Request-Method", "GET");
    let send = |address: &str| asking.from(address).send("OPTIONS", "/accounts", None, None);
    assert_eq!(send("10.0.0.1").status, 204);
    send("192.0.2.1").refused("ADDRESS_NOT_ALLOWED");
}

#[test]
fn every_page_may_read_the_keys_of_sessions() {
    let origins = format!("[browser]\nallowed_origins = [\"{CABINET}\"]\n");
    for server in [Server::start(""), Server::start(&origins)] {
        for origin in [CABINET, "https://platform.example"] {
            let reply = server.anyone().with("Origin", origin).get("/.well-known/jwks.json").ok();
            assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        }
    }
}

#[test]
fn no_answer_is_taken_for_something_else() {
    let server = Server::shared();
    for path in
        ["/livez", "/readyz", "/docs", "/docs/", "/docs/swagger-ui.css", "/openapi.json", "/accounts", "/nowhere"]
    {
        let reply = server.anyone().get(path);
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(reply.header("strict-transport-security"), None, "{path}: plain HTTP");
    }
}

#[test]
fn browsers_keep_to_tls_where_it_is_on() {
    let (certificate, key) = tls::pair();
    let server = tls::serve(&certificate, &key);
    for path in ["/livez", "/accounts", "/docs/"] {
        assert_eq!(server.anyone().get(path).header("strict-transport-security"), Some("max-age=15552000"), "{path}");
    }
    let server = tls::serve_with("hsts_max_age_s = 0\n", &certificate, &key);
    assert_eq!(server.anyone().get("/livez").header("strict-transport-security"), None);
}

#[test]
fn pages_load_only_their_own_files_and_appear_in_no_frame() {
    let server = Server::shared();
    let page = server.anyone().get("/docs/");
    let policy = page.header("content-security-policy").unwrap();
    for part in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.split("; ").any(|one| one == part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    // The policy forbids what is written into the page itself, so all must come from files of this server.
    assert!(page.text.contains("<script "), "{}", page.text);
    let tags = page.text.split('<').filter(|tag| tag.starts_with("script") || tag.starts_with("link"));
    for tag in tags {
        let file = tag.split(['"', '\'']).skip_while(|part| !part.ends_with("src=") && !part.ends_with("href=")).nth(1);
        let file = file.unwrap_or_else(|| panic!("inline: <{tag}"));
        assert_eq!(
            server.anyone().send("HEAD", &format!("/docs/{}", file.trim_start_matches("./")), None, None).status,
            200,
            "{file}"
        );
    }
    assert!(
        !page.text.contains("<style") && !page.text.contains(" style=") && !page.text.contains(" on"),
        "{}",
        page.text
    );
}

#[test]
fn the_documentation_keeps_no_token_and_asks_no_other_server() {
    let server = Server::shared();
    let start = server.anyone().get("/docs/swagger-initializer.js").text;
    assert!(!start.contains("persistAuthorization"), "{start}");
    assert!(start.contains(r#""validatorUrl": "none""#), "{start}");
}

#[test]
fn answers_with_personal_data_or_tokens_are_not_stored() {
    let server = Server::start("");
    server.add_operator("ada", "operator", &[]);
    let login = server.anyone().post("/user/login", &json!({"username": "ada", "password": PASSWORD})).ok();
    let profile = server.admin().new_profile();
    let one = server.admin().get(&format!("/profiles/{profile}")).ok();
    let events = server.admin().get("/events").ok();
    for reply in [login, one, events] {
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{}", reply.text);
    }
}
