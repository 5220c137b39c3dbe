//! The OpenAPI document and the page that shows it.

use super::harness::Server;
use bursar::dialects::kit::{Access, Dialect, KeyPolicy};
use bursar::dialects::native::Native;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) fn document(server: &Server) -> Value {
    let reply = server.anyone().get("/openapi.json");
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    reply.json()
}

/// Each operation of the document with its method and path.
pub(super) fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push((method.to_uppercase(), path.clone(), operation));
        }
    }
    found
}

#[test]
fn the_document_and_the_route_table_name_the_same_operations() {
    let server = Server::shared();
    let document = document(&server);
    let described: BTreeSet<_> = operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    let routed: BTreeSet<_> =
        Native.routes().iter().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    assert_eq!(described, routed);
}

#[test]
fn the_document_is_openapi_3_1_and_its_references_lead_somewhere() {
    let server = Server::shared();
    let document = document(&server);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 30);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} points outside the document"));
        assert!(document.pointer(pointer).is_some(), "{reference} does not resolve");
    }
    let ids: Vec<_> = operations(&document).iter().map(|(.., o)| o["operationId"].to_string()).collect();
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), distinct.len(), "duplicate operation ids: {ids:?}");
}

/// Resolves a reference; anything else is returned as it is.
pub(super) fn resolve<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    match part["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).unwrap_or_else(|| panic!("{reference} does not resolve")),
        None => part,
    }
}

#[test]
fn every_operation_says_what_it_takes_and_gives() {
    let server = Server::shared();
    let document = document(&server);
    let is_text = |value: &Value| value.as_str().is_some_and(|text| text.len() > 3);
    let tags: BTreeSet<_> = document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].to_string()).collect();
    let mut used = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let what = format!("{method} {path}");
        let routes = Native.routes();
        let route = routes.iter().find(|route| route.path == path && route.method.as_str() == method).unwrap();
        let is_token = route.access != Access::Open;
        assert!(is_text(&operation["summary"]), "{what}");
        used.insert(operation["tags"][0].to_string());
        let security = if is_token { json!([{"token": []}]) } else { json!([]) };
        assert_eq!(operation["security"], security, "{what}");
        let responses = operation["responses"].as_object().unwrap();
        for (status, response) in responses {
            let response = resolve(&document, response);
            assert!(is_text(&response["description"]), "{what}: {status}");
            let schema = &response["content"]["application/json"]["schema"];
            assert_eq!(
                status.starts_with('2'),
                schema["$ref"] != "#/components/schemas/Error",
                "{what}: {status}: {schema}"
            );
            assert!(schema.is_object(), "{what}: {status}");
        }
        let is_repeatable = is_token && method != "GET" && route.key_policy != KeyPolicy::Ignored;
        for (status, is_needed) in [
            ("200", true),
            ("400", true),
            ("401", is_token || path == "/user/login"),
            ("403", true),
            ("404", path.contains('{')),
            ("408", method != "GET"),
            ("409", is_repeatable),
            ("410", path == "/events"),
            ("413", method != "GET"),
            ("415", operation["requestBody"].is_object()),
            ("429", path.ends_with("/login") || ["/user/password", "/events"].contains(&path.as_str())),
            ("500", true),
            ("503", true),
        ] {
            assert!(responses.contains_key(status) || !is_needed, "{what}: {status} is missing");
        }
        let none = Vec::new();
        let parameters = operation["parameters"].as_array().unwrap_or(&none);
        let named = |name: &str| parameters.iter().any(|parameter| resolve(&document, parameter)["name"] == name);
        assert_eq!(named("Idempotency-Key"), is_repeatable, "{what}");
        let makes_secret = ["create_webhook", "rotate_webhook_secret"].contains(&route.operation);
        assert_eq!(named("dryRun"), is_repeatable && !makes_secret, "{what}");
        for name in path.split(['{', '}']).skip(1).step_by(2) {
            assert!(named(name), "{what}: {name}");
        }
        let takes_body = (method == "POST" || method == "PUT") && !is_bare(&path);
        assert_eq!(operation["requestBody"].is_object(), takes_body, "{what}");
    }
    assert_eq!(tags, used);
}

/// Visits each schema inside a part of the document, with its location.
fn each_schema(part: &Value, place: &str, visit: &mut impl FnMut(&str, &Value)) {
    match part {
        Value::Object(members) => {
            visit(place, part);
            for (name, member) in members.iter().filter(|(name, _)| !["example", "examples"].contains(&name.as_str())) {
                each_schema(member, &format!("{place}/{name}"), visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_schema(item, place, visit)),
        _ => {}
    }
}

#[test]
fn no_generator_makes_a_binary_float_of_a_number() {
    let server = Server::shared();
    let mut exact = Vec::new();
    each_schema(&document(&server), "", &mut |place, schema| {
        assert!(schema["format"] != "double" && schema["format"] != "float", "{place}");
        if schema["type"] == "number" {
            assert_eq!(schema["format"], "decimal", "{place}");
            exact.push(place.rsplit('/').next().unwrap().to_owned());
        }
    });
    assert_eq!(exact, ["Decimal", "Money"]);
}

#[test]
fn every_string_of_a_request_has_a_format_or_limit() {
    let server = Server::shared();
    let document = document(&server);
    for (_, path, operation) in operations(&document) {
        let schema = resolve(&document, &operation["requestBody"]["content"]["application/json"]["schema"]);
        each_schema(schema, &path, &mut |place, schema| {
            let is_text = schema["type"] == "string" || schema["type"] == json!(["string", "null"]);
            let has_form = ["format", "pattern", "enum", "maxLength"].iter().any(|form| !schema[form].is_null());
            assert!(!is_text || has_form, "{place} has neither format nor limit: {schema}");
        });
    }
}

#[test]
fn every_operation_of_a_batch_is_in_the_document() {
    let server = Server::shared();
    let body = json!({"atomic": true, "operations": [{"operation": "nonsense"}]});
    let message = server.admin().post("/batch", &body).refused("INVALID_FIELD").text_at("message");
    let known: BTreeSet<&str> = message.split_once("one of ").unwrap().1.split(", ").collect();
    let document = document(&server);
    let operation = &document["components"]["schemas"]["OperationBody"];
    let mapping = operation["discriminator"]["mapping"].as_object().unwrap();
    assert_eq!(mapping.keys().map(String::as_str).collect::<BTreeSet<_>>(), known);
    for (name, target) in mapping {
        let shape = document.pointer(&target.as_str().unwrap()[1..]).unwrap();
        assert!(shape["properties"]["operation"]["enum"].as_array().unwrap().contains(&json!(name)), "{name}");
        assert!(operation["oneOf"].as_array().unwrap().contains(&json!({"$ref": target})), "{name}");
    }
}

#[test]
fn the_stream_of_events_is_in_the_document() {
    let server = Server::shared();
    let document = document(&server);
    let content = &document["paths"]["/events"]["get"]["responses"]["200"]["content"];
    assert!(content["application/json"].is_object());
    let stream = &content["text/event-stream"];
    assert_eq!(stream["schema"]["type"], "string");
    let example = stream["example"].as_str().unwrap();
    assert!(example.contains("\nid: 1207\nevent: entry.posted\ndata: {"), "{example}");
}

/// Whether the path names a step that needs no body.
fn is_bare(path: &str) -> bool {
    let step = path.rsplit('/').next().unwrap();
    if path == "/approvals/{id}/reject" {
        return false;
    }
    [
        "settle",
        "return",
        "approve",
        "pay",
        "reject",
        "cancel",
        "release",
        "reset",
        "unlock",
        "activate",
        "inactive",
        "dormant",
        "deny",
        "archive",
        "erase",
        "logout",
        "rotate-secret",
        "test",
        "redeliver",
        "delay",
        "resume",
        "send",
    ]
    .contains(&step)
}

#[test]
fn replies_have_the_fields_of_their_schemas() {
    let server = Server::shared();
    let document = document(&server);
    let admin = server.admin();
    let profile = admin.new_profile();
    let account = admin.new_account_of(&profile, "USD");
    admin.deposit(&account, "5");
    let check = |reply: Value, schema: &str| {
        let mut properties = BTreeSet::new();
        let schema = &document["components"]["schemas"][schema];
        let parts = schema["allOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
        for part in parts {
            let part = match part["$ref"].as_str() {
                Some(reference) => document.pointer(&reference[1..]).unwrap().clone(),
                None => part,
            };
            properties.extend(part["properties"].as_object().unwrap().keys().cloned());
        }
        // Only of clients who leave, and of accounts that another API opened.
        properties.retain(|name| !["offboardingSince", "orderBasis"].contains(&name.as_str()));
        let fields: BTreeSet<String> = reply.as_object().unwrap().keys().cloned().collect();
        assert_eq!(fields, properties);
    };
    check(admin.get(&format!("/profiles/{profile}")).ok().json(), "Profile");
    check(admin.get(&format!("/accounts/{account}")).ok().json(), "Account");
    check(admin.get(&format!("/portfolios/{account}")).ok().json(), "Portfolio");
    check(admin.get(&format!("/accounts/{account}/owners")).ok().json()["owners"][0].clone(), "Owner");
    check(admin.get("/account-groups").ok().json()["groups"][0].clone(), "AccountGroup");
    check(admin.get("/options/currencies").ok().json()["currencies"][0].clone(), "Currency");
    check(admin.deals(&account)[0].clone(), "Deal");
    let hold = admin.post(&format!("/accounts/{account}/holds"), &serde_json::json!({"amount": 1})).ok();
    check(hold.json(), "Movement");
}

#[test]
fn the_page_loads_nothing_from_other_hosts() {
    let server = Server::shared();
    let redirect = server.anyone().get("/docs");
    assert_eq!((redirect.status, redirect.header("location")), (308, Some("/docs/")));
    let page = server.anyone().get("/docs/");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    let mut assets = 0;
    for part in page.text.split(['"', '\'']).filter(|part| part.ends_with(".js") || part.ends_with(".css")) {
        assert!(!part.contains("//"), "{part} is on another host");
        let asset = server.anyone().get(&format!("/docs/{}", part.trim_start_matches("./")));
        assert_eq!(asset.status, 200, "{part}");
        assert!(!asset.text.is_empty());
        assets += 1;
    }
    assert!(assets >= 3, "{}", page.text);
    for attribute in ["src=\"http", "href=\"http", "src=\"//", "href=\"//", "@import"] {
        assert!(!page.text.contains(attribute), "{attribute}");
    }
    let start = server.anyone().get("/docs/swagger-initializer.js");
    assert!(start.text.contains("../openapi.json"), "{}", start.text);
    assert!(!start.text.contains("petstore"), "{}", start.text);
    assert_eq!(server.anyone().get("/docs/nothing.js").status, 404);
    assert_eq!(server.anyone().get("/docs/..%2f..%2fetc%2fpasswd").status, 404);
}
