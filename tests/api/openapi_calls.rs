//! The OpenAPI document against a running server: every operation is called with its example body, and the answer must
//! have the status, headers and schema that the document promises.

use super::external_accounts;
use super::harness::{Caller, PASSWORD, Reply, Server, unique};
use super::openapi::{document, operations, resolve};
use super::platform_feed::{feed, fill, with};
use boon::{Compiler, Draft, Schemas};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The schemas of the document, compiled when first needed.
pub(super) struct Checker {
    compiler: Compiler,
    schemas: Schemas,
}

impl Checker {
    pub(super) fn new(document: &Value) -> Checker {
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        compiler.add_resource("openapi.json", document.clone()).unwrap();
        Checker { compiler, schemas: Schemas::new() }
    }

    /// Checks a value against the schema at a location in the document, such as `["paths", "/accounts", "get"]`.
    fn check(&mut self, place: &[&str], value: &Value) -> Result<(), String> {
        let part = |part: &&str| part.replace('~', "~0").replace('/', "~1").replace('{', "%7B").replace('}', "%7D");
        let pointer = place.iter().map(part).collect::<Vec<_>>().join("/");
        let index = self.compiler.compile(&format!("openapi.json#/{pointer}"), &mut self.schemas).unwrap();
        self.schemas.validate(value, index).map_err(|error| format!("{error:#}"))
    }

    #[track_caller]
    pub(super) fn expect(&mut self, place: &[&str], value: &Value, what: &str) {
        self.check(place, value).unwrap_or_else(|error| panic!("{what}: {error}\n{value:#}"));
    }
}

/// The objects created for one call, whose ids are used in path and body.
struct Scene {
    path: String,
    body: BTreeMap<&'static str, String>,
}

/// Creates the objects that an operation needs in the required state.
fn scene(server: &Server, method: &str, path: &str) -> Scene {
    let admin = server.admin();
    let profile = admin.new_profile();
    let (account, other) = (admin.new_account_of(&profile, "USD"), admin.new_account_of(&profile, "USD"));
    let second = admin.new_profile();
    let id = match path.split('/').nth(1).unwrap() {
        "profiles" => of_profile(&admin, path, &profile),
        "accounts" => of_account(&admin, method, path, &account, &second),
        "deposits" | "withdrawals" | "holds" => {
            admin.deposit(&account, "500");
            admin.ask(&account, path.split('/').nth(1).unwrap(), "100")
        }
        "transfers" => {
            admin.deposit(&account, "500");
            let body = json!({"fromAccountId": account, "toAccountId": other, "amount": "5"});
            admin.post("/transfers", &body).ok().text_at("id")
        }
        "approvals" => request_approval(server),
        "platform" => of_platform(&admin, path, &account),
        "entries" => admin.deposit(&account, "10"),
        "external-accounts" => external_accounts::add(&admin, &profile, &json!({})),
        "external-transfers" => of_external(&admin, path, &profile, &account),
        "webhooks" => {
            let body = json!({"url": "http://127.0.0.1:9/", "types": ["profile.erased"]});
            admin.post("/webhooks", &body).ok().text_at("id")
        }
        "user" => server.add_token("dev", &[]).0,
        _ => account.clone(),
    };
    let owner = if method == "POST" { &second } else { &profile };
    let is_of_owners = path.ends_with("/owners");
    let body = BTreeMap::from([
        ("profileId", if is_of_owners { owner } else { &profile }.clone()),
        ("groupId", admin.group("USD", false)),
        ("accountId", account.clone()),
        ("fromAccountId", account.clone()),
        ("toAccountId", other.clone()),
        ("sweepToAccountId", other),
        ("id", profile),
        ("token", end_user_token(&admin)),
    ]);
    let path = path
        .replace("{id}", &id)
        .replace("{profileId}", &second)
        .replace("{platform}", "mt5")
        .replace("{eventSeq}", "1");
    Scene { path, body }
}

/// A deposit from an account elsewhere.
fn of_external(admin: &Caller<'_>, path: &str, profile: &str, account: &str) -> String {
    let body = json!({"amount": "5", "externalAccountId": external_accounts::add_verified(admin, profile)});
    let deposit = admin.post(&format!("/accounts/{account}/deposits"), &body).ok().text_at("id");
    if path.ends_with("/resume") {
        admin.step(&format!("/external-transfers/{deposit}/delay")).ok();
    }
    deposit
}

/// A parked event or an alert, for the routes that are about one.
fn of_platform(admin: &Caller<'_>, path: &str, account: &str) -> String {
    let event = match path {
        "/platform/parked/{id}/drop" => fill(&unique("nobody"), "1", 0, ("BUY", "1", "1")),
        // Closes what is not open.
        "/platform/alerts/{id}/resolve" => {
            with(fill(account, "1", 0, ("SELL", "1", "1")), json!({"entry": "out", "positionRef": "77"}))
        }
        _ => return account.to_owned(),
    };
    feed(admin, &[event]);
    let list = path.split('/').nth(2).unwrap();
    admin.get(&format!("/platform/{list}")).ok().text_at(&format!("{list}/0/id"))
}

/// What another operator asked for.
fn request_approval(server: &Server) -> String {
    let (admin, operator) = (server.admin(), server.operator("operator", &[]));
    let (from, to) = (admin.new_account("USD"), admin.new_account("EUR"));
    admin.deposit(&from, "10");
    let body = json!({"fromAccountId": from, "toAccountId": to, "amount": "5", "rate": "9"});
    operator.post("/transfers", &body).waits().text_at("id")
}

fn of_profile(admin: &Caller<'_>, path: &str, profile: &str) -> String {
    match path.rsplit('/').next().unwrap() {
        "approve" | "deny" => admin.new_profile_with(&json!({"requiresReview": true})),
        "archive" => admin.new_profile(),
        "erase" => {
            let archived = admin.new_profile();
            admin.step(&format!("/profiles/{archived}/archive")).ok();
            archived
        }
        _ => profile.to_owned(),
    }
}

fn of_account(admin: &Caller<'_>, method: &str, path: &str, account: &str, second: &str) -> String {
    let step = |step: &str| drop(admin.step(&format!("/accounts/{account}/{step}")).ok());
    match path.rsplit('/').next().unwrap() {
        "approve" => {
            let body = json!({"profileId": admin.new_profile(), "groupId": admin.group("USD", false), "currency": "USD",
                "requiresApproval": true});
            return admin.post("/accounts", &body).ok().text_at("account/id");
        }
        "activate" => step("inactive"),
        "unlock" => step("lock"),
        "{profileId}" => {
            let body = json!({"profileId": second, "access": "READ"});
            admin.post(&format!("/accounts/{account}/owners"), &body).ok();
        }
        _ if method == "DELETE" => {}
        _ => drop(admin.deposit(account, "1000")),
    }
    account.to_owned()
}

fn end_user_token(admin: &Caller<'_>) -> String {
    let email = format!("{}@example.com", unique("end-user"));
    admin.new_profile_with(&json!({"email": email, "password": PASSWORD}));
    admin.post("/trade/login", &json!({"email": email, "password": PASSWORD})).ok().text_at("accessToken")
}

/// Replaces the ids of the example with those of existing objects.
fn with_real_ids(example: &Value, ids: &BTreeMap<&str, String>) -> Value {
    match example {
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| match ids.get(name.as_str()) {
                Some(id) => (name.clone(), json!(id)),
                None => (name.clone(), with_real_ids(value, ids)),
            };
            Value::Object(members.iter().map(member).collect())
        }
        Value::Array(items) => items.iter().map(|item| with_real_ids(item, ids)).collect(),
        value => value.clone(),
    }
}

fn send(caller: &Caller<'_>, method: &str, path: &str, body: Option<&Value>) -> Reply {
    let body = body.map(Value::to_string);
    caller.send(method, path, body.as_ref().map(|_| "application/json"), body.as_deref().map(str::as_bytes))
}

/// Checks a reply against the documented response for its status.
#[track_caller]
fn is_as_promised(document: &Value, checker: &mut Checker, (method, path): (&str, &str), reply: &Reply) {
    let (what, method, status) = (format!("{method} {path}"), method.to_lowercase(), reply.status.to_string());
    let response = &document["paths"][path][&method]["responses"][&status];
    assert!(response.is_object(), "{what}: {status} is not in the document: {}", reply.text);
    let name = response["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
    let place = match name {
        Some(name) => vec!["components", "responses", name],
        None => vec!["paths", path, &method, "responses", &status],
    };
    let content_type = reply.header("content-type").unwrap().split(';').next().unwrap();
    checker.expect(&[place.as_slice(), &["content", content_type, "schema"]].concat(), &reply.json(), &what);
    let headers = resolve(document, response)["headers"].as_object().unwrap();
    for (name, header) in headers {
        let Some(value) = reply.header(name) else {
            assert_eq!(name, "Idempotency-Replayed", "{what}");
            continue;
        };
        let part = header["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
        let value = value.parse::<u32>().map_or_else(|_| json!(value), |number| json!(number));
        checker.expect(&["components", "headers", part, "schema"], &value, &what);
    }
    for name in ["ETag", "Idempotency-Replayed", "Retry-After", "WWW-Authenticate", "X-Request-Id"] {
        let is_promised = headers.keys().any(|promised| promised.eq_ignore_ascii_case(name));
        assert!(reply.header(name).is_none() || is_promised, "{what}: {name}");
    }
}

#[test]
fn every_operation_accepts_its_example_and_answers_as_the_document_says() {
    let server = Server::start("");
    let document = document(&server);
    let mut checker = Checker::new(&document);
    let admin = server.admin();
    for (method, path, operation) in operations(&document) {
        let what = format!("{method} {path}");
        let example = operation["requestBody"]["content"]["application/json"]["example"].clone();
        match path.as_str() {
            "/user/login" => server.add_operator(example["username"].as_str().unwrap(), "viewer", &[]),
            "/user/password" => server.add_operator("own", "viewer", &[]),
            "/trade/login" => drop(admin.new_profile_with(&example)),
            _ => {}
        }
        let scene = scene(&server, &method, &path);
        let body = (!example.is_null()).then(|| with_real_ids(&example, &scene.body));
        let caller = match path.as_str() {
            "/user/password" => server.bearer(&server.add_token("own", &[]).1),
            "/user/logout" => server.bearer(&server.add_token("dev", &[]).1),
            _ => server.admin(),
        };
        let caller = caller.key(&unique("key"));
        let reply = send(&caller, &method, &scene.path, body.as_ref());
        assert_eq!(reply.status, 200, "{what}: {}", reply.text);
        is_as_promised(&document, &mut checker, (&method, &path), &reply);
        if method != "GET" && path != "/sandbox/reset" {
            let again = send(&caller, &method, &scene.path, body.as_ref());
            let promised = &operation["responses"]["200"]["headers"]["Idempotency-Replayed"];
            assert_eq!(again.is_replayed(), promised.is_object(), "{what}");
        }
    }
}

#[test]
fn every_operation_refuses_as_the_document_says() {
    let server = Server::start("");
    let document = document(&server);
    let mut checker = Checker::new(&document);
    let (_, token) = server.add_token("dev", &["--scope", "reference:read"]);
    let narrow = server.bearer(&token);
    let nobody = "0198c1f0-0000-7000-8000-000000000000";
    for (method, path, operation) in operations(&document) {
        let here = path.replace("{id}", nobody).replace("{profileId}", nobody).replace("{eventSeq}", "1");
        let admin = server.admin();
        let takes_body = operation["requestBody"].is_object();
        let example = takes_body.then(|| &operation["requestBody"]["content"]["application/json"]["example"]);
        let mut is_as_promised = |reply: Reply, status: u16| {
            assert_eq!(reply.status, status, "{method} {path}: {}", reply.text);
            is_as_promised(&document, &mut checker, (&method, &path), &reply);
        };
        if operation["security"] != json!([]) {
            is_as_promised(send(&server.anyone(), &method, &here, example), 401);
            if !["/options/currencies", "/account-groups", "/organizations", "/program", "/user/logout"]
                .contains(&path.as_str())
            {
                is_as_promised(send(&narrow, &method, &here, example), 403);
            }
        }
        if path.contains('{') {
            is_as_promised(send(&admin, &method, &here, example), 404);
            let nonsense = path.replace("{id}", "nonsense").replace("{profileId}", nobody);
            is_as_promised(send(&admin, &method, &nonsense, example), 400);
        }
        if takes_body {
            is_as_promised(send(&admin, &method, &here, Some(&json!([]))), 400);
            is_as_promised(admin.send(&method, &here, Some("text/plain"), Some(b"{}")), 415);
        }
        if operation["responses"]["409"].is_object() {
            let caller = admin.key("used");
            let _ = caller.post("/profiles", &json!({"email": "someone@example.com"}));
            let scene = scene(&server, &method, &path);
            let body = example.map(|example| with_real_ids(example, &scene.body));
            is_as_promised(send(&caller, &method, &scene.path, body.as_ref()), 409);
        }
    }
}

/// The location of the schema of an operation's body.
fn body_of<'a>(method: &'a str, path: &'a str) -> [&'a str; 7] {
    ["paths", path, method, "requestBody", "content", "application/json", "schema"]
}

#[test]
fn every_example_of_a_request_fits_its_schema() {
    let document = document(&Server::shared());
    let mut checker = Checker::new(&document);
    for (method, path, operation) in operations(&document) {
        if operation["requestBody"].is_object() {
            let what = format!("{method} {path}");
            let example = &operation["requestBody"]["content"]["application/json"]["example"];
            assert!(example.is_object(), "{what} has no example");
            checker.expect(&body_of(&method.to_lowercase(), &path), example, &what);
        }
    }
}

#[test]
fn the_schemas_refuse_what_the_server_refuses() {
    let server = Server::shared();
    let mut checker = Checker::new(&document(&server));
    let admin = server.admin();
    let account = admin.new_account("USD");
    let long = |length: usize| "9".repeat(length);
    for (path, bodies) in [
        (
            "/accounts/{id}/deposit",
            vec![
                json!({}),
                json!({"amount": null}),
                json!({"amount": "1e3"}),
                json!({"amount": "1", "comment": long(256)}),
                json!({"amount": long(41)}),
            ],
        ),
        (
            "/profiles",
            vec![
                json!({"email": "nobody"}),
                json!({"firstName": "Jane"}),
                json!({"email": "a@example.com", "password": "short"}),
                json!({"email": "a@example.com", "customFields": {"": "x"}}),
                json!({"email": "a@example.com", "metadata": {"a": [1]}}),
                json!({"email": "a@example.com", "tags": [long(51)]}),
                json!({"email": "a@example.com", "id": "7"}),
            ],
        ),
        ("/accounts/{id}/lock", vec![json!({"lock": "NONE"}), json!({"type": "UNL"}), json!({"reason": "unk"})]),
        (
            "/sandbox/clock",
            vec![json!({}), json!({"advance": 1, "set": "2999-01-01T00:00:00Z"}), json!({"advance": -1})],
        ),
    ] {
        for body in bodies {
            assert!(checker.check(&body_of("post", path), &body).is_err(), "{path}: {body}");
            assert_eq!(admin.post(&path.replace("{id}", &account), &body).status, 400, "{path}: {body}");
        }
    }
}
