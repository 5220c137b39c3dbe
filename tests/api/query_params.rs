//! Query parameters: a route accepts those that it documents, and refuses all others by name.

use super::harness::{Caller, Reply, Server};
use bursar::dialects::kit::Dialect;
use bursar::dialects::native::Native;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const NOBODY: &str = "0198c1f0-0000-7000-8000-000000000000";

/// Calls a route with this query and ids that do not exist.
fn call(caller: &Caller<'_>, method: &str, path: &str, query: &str) -> Reply {
    let named = |part| match part {
        "{eventSeq}" => "1",
        part if str::starts_with(part, '{') => NOBODY,
        part => part,
    };
    let parts: Vec<_> = path.split('/').map(named).collect();
    let body = (method == "POST" || method == "PUT").then_some(b"{}".as_slice());
    caller.send(method, &format!("{}?{query}", parts.join("/")), body.map(|_| "application/json"), body)
}

/// The names in backticks.
fn quoted(message: &str) -> BTreeSet<String> {
    message.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The names of a query parameter in the document. A parameter whose names are the caller's own is an object that lists
/// their prefixes.
fn names(document: &Value, parameter: &Value) -> Vec<String> {
    let parameter = match parameter["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => parameter,
    };
    let begun = |name: String| name.split_once('{').map(|(prefix, _)| format!("{prefix}…"));
    match (parameter["in"].as_str(), parameter["schema"]["type"].as_str()) {
        (Some("query"), Some("object")) => {
            quoted(parameter["description"].as_str().unwrap()).into_iter().filter_map(begun).collect()
        }
        (Some("query"), _) => vec![parameter["name"].as_str().unwrap().to_owned()],
        _ => Vec::new(),
    }
}

#[test]
fn every_route_refuses_what_it_does_not_take_and_documents_what_it_takes() {
    let server = Server::start("");
    let admin = server.admin();
    admin.deposit(&admin.new_account("USD"), "5");
    let before = server.trace();
    let document = server.anyone().get("/openapi.json").json();
    for route in Native.routes().iter() {
        let (method, path) = (route.method.as_str(), route.path);
        let refused = call(&admin, method, path, "nonsense=1").refused("INVALID_FIELD").naming("nonsense");
        let message = refused.text_at("message");
        let operation = &document["paths"][path][method.to_lowercase()];
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let documented: BTreeSet<_> = parameters.iter().flat_map(|parameter| names(&document, parameter)).collect();
        let mut taken = quoted(&message);
        if method != "GET" && !documented.contains("dryRun") {
            // Those that cannot be rehearsed may know it, to say so.
            taken.remove("dryRun");
        }
        assert_eq!(taken, documented, "{method} {path}");
    }
    assert_eq!(server.trace(), before);
}

#[test]
fn the_nearest_name_is_suggested() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let deposit = format!("/accounts/{account}/deposit");
    for (reply, sent, meant) in [
        (admin.get("/accounts?profileID=x"), "profileID", "profileId"),
        (admin.get("/accounts?lifecyle=CLOSED"), "lifecyle", "lifecycle"),
        (admin.get("/profiles?metdata.vip=1"), "metdata.vip", "metadata.vip"),
        (admin.get("/withdrawals?per_page=3"), "per_page", "perPage"),
        (admin.get("/withdrawals?page[]=3"), "page[]", "page"),
        (admin.get(&format!("/accounts/{account}/deals?form=2026-01-01T00:00:00Z")), "form", "from"),
        (admin.get("/events?type=entry.posted"), "type", "types"),
        (admin.post(&format!("{deposit}?dryRunn=true"), &json!({"amount": "5"})), "dryRunn", "dryRun"),
    ] {
        let refused = reply.refused("INVALID_FIELD").naming(sent);
        assert_eq!(refused.text_at("message"), format!("{sent}: unknown parameter; did you mean `{meant}`?"));
    }
    assert_eq!(admin.balance(&account), "0.00");
}

#[test]
fn ids_may_be_repeated_with_and_without_brackets() {
    let server = Server::shared();
    let admin = server.admin();
    let [one, two, three] = [(); 3].map(|()| admin.new_account("USD"));
    let ids = |query: String| {
        let list = admin.get(&format!("/accounts?{query}")).ok().json();
        let ids = list["accounts"].as_array().unwrap().iter().map(|account| account["id"].clone());
        ids.collect::<Vec<Value>>()
    };
    assert_eq!(ids(format!("id[]={two}")), [two.as_str()]);
    assert_eq!(ids(format!("id={one}&id[]={two}&id%5B%5D={three}")), [one, two, three]);
}
