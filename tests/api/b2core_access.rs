//! Signing in through the B2Core dialect.

use super::harness::{Caller, PASSWORD, Reply, Server, write_private};
use serde_json::{Value, json};

/// A caller of the B2Core dialect without a token.
pub(super) fn anyone(server: &Server) -> Caller<'_> {
    server.anyone().at(&base(server))
}

/// The administrator as a caller of the B2Core dialect.
pub(super) fn admin(server: &Server) -> Caller<'_> {
    server.admin().at(&base(server))
}

/// Opens an account through the native API, with the last number so far; returns its number and its public id.
pub(super) fn open(server: &Server, profile: &str, group: &str, currency: &str) -> (i64, String) {
    let native = server.admin();
    let groups = native.get("/account-groups").ok().json();
    let group = groups["groups"].as_array().unwrap().iter().find(|found| found["name"] == group).unwrap()["id"].clone();
    let body = json!({"profileId": profile, "currency": currency, "groupId": group});
    let opened = native.post("/accounts", &body).ok();
    (opened.json()["account"]["number"].as_i64().unwrap(), opened.text_at("account/id"))
}

/// The number of a client.
pub(super) fn client_id(server: &Server, profile: &str) -> i64 {
    server.admin().get(&format!("/profiles/{profile}")).ok().json()["number"].as_i64().unwrap()
}

/// The number of a currency of a product.
pub(super) fn product_currency(server: &Server, product: &str, currency: &str) -> i64 {
    let caller = admin(server);
    let products = caller.get("/products?limit=500").ok().json();
    let product = products.as_array().unwrap().iter().find(|found| found["name"] == product).unwrap();
    let path = format!("/products/{}/currencies?filter%5BalphabeticCode%5D={currency}", product["id"]);
    caller.get(&path).ok().json()[0]["id"].as_i64().unwrap()
}

/// Sends a write twice under one key and asserts that the second is the first again; returns the status.
#[track_caller]
pub(super) fn twice(server: &Server, key: &str, method: &str, path: &str, body: &Value) -> u16 {
    let caller = admin(server).key(key);
    let send = || caller.send(method, path, Some("application/json"), Some(body.to_string().as_bytes()));
    let first = send();
    let before = server.trace();
    let again = send();
    assert!(again.is_replayed() && !first.is_replayed(), "{path}: {}", first.text);
    assert_eq!((again.status, &again.text, server.trace()), (first.status, &first.text, before));
    first.status
}

pub(super) fn base(server: &Server) -> String {
    format!("{}/api/v2", server.banner["apis"]["b2core"][0].as_str().unwrap())
}

impl Reply {
    /// Asserts this refusal in the envelope of the B2Core dialect.
    #[track_caller]
    pub(super) fn refused_as(self, status: u16, code: &str) -> Reply {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/json"));
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert!(!body["message"].as_str().unwrap().is_empty());
        assert_eq!(body["errors"].is_array(), !self.fields().is_empty(), "{body}");
        self
    }

    /// Asserts the status of a success without a body.
    #[track_caller]
    pub(super) fn status_is(self, status: u16) -> Reply {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The fields that a refusal names.
    #[track_caller]
    pub(super) fn fields(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }
}

fn sign_in(server: &Server, password: &str) -> Reply {
    anyone(server).post("/signin", &json!({"email": "ada", "password": password}))
}

/// The access and refresh tokens of a pair.
fn pair(reply: &Reply) -> (String, String) {
    (reply.text_at("accessToken/token"), reply.text_at("refreshToken/token"))
}

fn refresh(server: &Server, token: &str) -> Reply {
    anyone(server).post("/refresh", &json!({"refreshToken": token}))
}

/// The status of a call with this token.
fn status(server: &Server, token: &str) -> u16 {
    server.bearer(token).at(&base(server)).get("/accounts").status
}

fn server_with_ada(config: &str) -> Server {
    let server = Server::start(config);
    server.add_operator("ada", "operator", &[]);
    server
}

#[test]
fn a_name_and_a_password_give_a_pair_of_tokens() {
    let server = server_with_ada("");
    let reply = sign_in(&server, PASSWORD).ok();
    let body = reply.json();
    let names: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["2faRequired", "accessToken", "refreshToken"]);
    assert_eq!(body["2faRequired"], false);
    let seconds = |token: &Value, name: &str| {
        let text = token[name].as_str().unwrap();
        assert!(text.len() == 25 && text.ends_with("+00:00"), "{text}");
        bursar::domain::clock::Moment::parse(text).unwrap().unix_s()
    };
    for (name, lifetime_s) in [("accessToken", 3600), ("refreshToken", 30 * 86_400)] {
        let token = &body[name];
        assert_eq!(seconds(token, "expiresAt") - seconds(token, "createdAt"), lifetime_s, "{name}");
    }
    let (access, refresh_token) = pair(&reply);
    assert_eq!(status(&server, &access), 200);
    // Each API accepts the other's access tokens; neither accepts a refresh token for access.
    server.bearer(&access).get("/account-groups").ok();
    server.bearer(&refresh_token).get("/account-groups").refused("TOKEN_UNKNOWN");
    assert_eq!(status(&server, &refresh_token), 401);
    assert_eq!(status(&server, &access_of_native(&server)), 200);
}

fn access_of_native(server: &Server) -> String {
    server.anyone().post("/user/login", &json!({"username": "ada", "password": PASSWORD})).ok().text_at("token")
}

#[test]
fn a_refused_sign_in_names_the_field_or_says_nothing_and_leaves_no_trace() {
    let server = server_with_ada("");
    let before = server.trace();
    let send = |body: &str| anyone(&server).post_text("/signin", body);
    assert_eq!(send("{}").refused_as(400, "validation_failed").fields(), ["email"]);
    assert_eq!(send(r#"{"email":"ada"}"#).refused_as(400, "validation_failed").fields(), ["password"]);
    assert_eq!(send(r#"{"email":5,"password":"x"}"#).refused_as(400, "validation_failed").fields(), ["email"]);
    assert!(send("{").refused_as(400, "validation_failed").fields().is_empty());
    for _ in 0..10 {
        sign_in(&server, "wrong password").refused_as(401, "unauthorized");
    }
    let throttled = sign_in(&server, PASSWORD).refused_as(429, "too_many_requests");
    assert!(throttled.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
    // Attempts are counted per operator across all APIs.
    server.anyone().post("/user/login", &json!({"username": "ada", "password": PASSWORD})).refused("THROTTLED");
    anyone(&server).post("/refresh", &json!({"refreshToken": "nonsense"})).refused_as(401, "unauthorized");
    assert_eq!(refresh(&server, "").refused_as(400, "validation_failed").fields(), ["refreshToken"]);
    assert_eq!(server.trace(), before);
}

#[test]
fn the_body_is_read_as_json_whatever_it_is_declared_to_be() {
    let server = server_with_ada("");
    let body = json!({"email": "ada", "password": PASSWORD, "unknown": [1]}).to_string();
    for declared in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        anyone(&server).send("POST", "/signin", declared, Some(body.as_bytes())).ok();
    }
}

#[test]
fn a_refresh_token_is_exchanged_once_and_a_second_time_ends_the_sign_in() {
    let mut server = server_with_ada("");
    let (first_access, first) = pair(&sign_in(&server, PASSWORD).ok());
    let (other_access, _) = pair(&sign_in(&server, PASSWORD).ok());
    let (second_access, second) = pair(&refresh(&server, &first).ok());
    server.restart();
    let (third_access, third) = pair(&refresh(&server, &second).ok());
    for token in [&first_access, &second_access, &third_access] {
        assert_eq!(status(&server, token), 200);
    }
    refresh(&server, &first).refused_as(401, "unauthorized");
    server.await_log("a refresh token was used twice", 1);
    for token in [&first_access, &second_access, &third_access] {
        assert_eq!(status(&server, token), 401, "a token of the ended sign-in still works");
    }
    refresh(&server, &third).refused_as(401, "unauthorized");
    assert_eq!(status(&server, &other_access), 200, "another sign-in was ended as well");
}

#[test]
fn tokens_are_neither_issued_nor_spent_on_trial() {
    let server = server_with_ada("");
    let (access, refresh_token) = pair(&sign_in(&server, PASSWORD).ok());
    let before = server.trace();
    let (signed_in, next) = (json!({"email": "ada", "password": PASSWORD}), json!({"refreshToken": refresh_token}));
    for reply in [
        anyone(&server).post("/signin?dryRun=true", &signed_in),
        anyone(&server).post("/refresh?dryRun=true", &next),
        server.bearer(&access).at(&base(&server)).post("/signout?dryRun=true", &json!({})),
    ] {
        assert_eq!(reply.refused_as(400, "validation_failed").fields(), ["dryRun"]);
    }
    let unknown = anyone(&server).post("/signin?x=1", &signed_in).refused_as(400, "validation_failed");
    assert_eq!(unknown.text_at("message"), "x: unknown parameter; this call takes none");
    assert_eq!((server.trace(), status(&server, &access)), (before, 200));
    refresh(&server, &refresh_token).ok();
}

#[test]
fn signing_out_ends_both_tokens() {
    let server = server_with_ada("");
    let (first_access, first) = pair(&sign_in(&server, PASSWORD).ok());
    let (access, second) = pair(&refresh(&server, &first).ok());
    let reply = server.bearer(&access).at(&base(&server)).post("/signout", &json!({}));
    assert_eq!((reply.status, reply.text.as_str(), reply.header("content-type")), (204, "", None));
    assert_eq!((status(&server, &access), status(&server, &first_access)), (401, 401));
    refresh(&server, &second).refused_as(401, "unauthorized");
    anyone(&server).post("/signout", &json!({})).refused_as(401, "unauthorized");
}

#[test]
fn tokens_end_by_themselves_as_configured() {
    let server = server_with_ada("[apis.b2core]\naccess_token_s = 60\nrefresh_token_days = 2\n");
    let (access, first) = pair(&sign_in(&server, PASSWORD).ok());
    server.advance(61);
    assert_eq!(status(&server, &access), 401);
    let (access, second) = pair(&refresh(&server, &first).ok());
    assert_eq!(status(&server, &access), 200);
    server.advance(2 * 86_400);
    refresh(&server, &second).refused_as(401, "unauthorized");
}

#[test]
fn a_new_password_ends_all_pairs() {
    let server = server_with_ada("");
    let (access, refresh_token) = pair(&sign_in(&server, PASSWORD).ok());
    write_private(&server.home().join("new-password"), "battery staple");
    server.command(&["operator", "reset-password", "ada", "--password-file", "new-password"]);
    assert_eq!(status(&server, &access), 401);
    refresh(&server, &refresh_token).refused_as(401, "unauthorized");
    sign_in(&server, "battery staple").ok();
}

#[test]
fn unknown_paths_answer_in_the_envelope_of_the_dialect() {
    let server = Server::shared();
    let caller = admin(&server);
    caller.get("/nowhere").refused_as(404, "not_found");
    caller.get("/accounts/1/nowhere").refused_as(404, "not_found");
    let wrong = caller.delete("/accounts").refused_as(405, "method_not_allowed");
    assert_eq!(wrong.header("allow"), Some("GET, HEAD, POST"));
    let stranger = anyone(&server).get("/accounts").refused_as(401, "unauthorized");
    assert_eq!(stranger.header("www-authenticate"), Some("Bearer"));
    let (_, token) = server.add_token("dev", &["--scope", "reference:read"]);
    server.bearer(&token).at(&base(&server)).get("/accounts").refused_as(403, "forbidden");
    let (_, token) = server.add_token("dev", &["--network", "10.0.0.0/8"]);
    server.bearer(&token).at(&base(&server)).get("/accounts").refused_as(403, "ip_not_allowed");
    let large = format!("{{\"email\":\"{}\"}}", "a".repeat(2 << 20));
    let sent = anyone(&server).send("POST", "/signin", None, Some(large.as_bytes()));
    sent.refused_as(413, "validation_failed");
}

#[test]
fn the_dialect_is_described_and_can_be_switched_off_and_moved() {
    let server = Server::start("[apis.b2core]\npath = \"\"\nlisten = [\"127.0.0.1:0\"]\n");
    let url = server.banner["apis"]["b2core"][0].as_str().unwrap().to_owned();
    let document = server.anyone().at(&url).get("/openapi.json").ok().json();
    let mut described: Vec<String> = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        described.extend(item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let dialect = bursar::dialects::b2core::B2Core::new(&bursar::config::Config::default());
    let routes = dialect.routes();
    let documented = routes.iter().filter(|route| route.operation != bursar::dialects::b2core::READ_ONLY);
    let mut routed: Vec<_> = documented.map(|route| format!("{} {}", route.method, route.path)).collect();
    routed.sort();
    described.sort();
    assert_eq!(described, routed);
    assert_eq!(server.anyone().at(&url).get("/docs/").status, 200);
    server.anyone().get("/b2core/api/v2/accounts").refused("UNKNOWN_ROUTE");
    let off = Server::start("[apis.b2core]\nenabled = false\n");
    assert!(off.banner["apis"]["b2core"].is_null());
    off.admin().get("/b2core/api/v2/accounts").refused("UNKNOWN_ROUTE");
}
