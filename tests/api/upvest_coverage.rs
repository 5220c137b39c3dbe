//! Every operation of Upvest has its tests: it works, hides what tags exclude, replays retries, and leaves no trace of
//! a refusal. That it refuses callers without a token or the scope is tested for all of them at once.

use super::harness::Server;
use super::upvest::{base, client, with_scopes};
use bursar::config::Config;
use bursar::dialects::kit::Access;
use bursar::dialects::upvest::Upvest;
use serde_json::json;
use std::collections::BTreeMap;

const DOCUMENT: &str = "upvest_document::every_operation_answers_as_its_document_says";
const HIDDEN: &str = "upvest_users::users_of_hidden_clients_are_not_found";
const USERS: &str = "upvest_users::what_is_wrong_with_a_user_is_said_and_leaves_no_trace";
const GROUPS: &str = "upvest_groups::an_account_group_is_created_listed_and_closed";
const ACCOUNTS: &str = "upvest_accounts::what_is_wrong_with_an_account_leaves_no_trace";
const RENAMED: &str = "upvest_accounts::an_account_is_renamed";
const NUMBERED: &str = "upvest_accounts::accounts_of_a_group_are_numbered_and_keep_their_type";
const CLOSED: &str = "upvest_leaving::an_account_closes_once_it_is_empty";
const LEFT: &str = "upvest_leaving::a_user_leaves_with_the_last_of_its_accounts";

/// The writes, each with the tests in which it is replayed and refused.
const WRITES: [(&str, &str, &str); 7] = [
    ("create_user", USERS, USERS),
    ("offboard_user", LEFT, LEFT),
    ("create_account_group", GROUPS, GROUPS),
    ("close_account_group", GROUPS, GROUPS),
    ("create_account", NUMBERED, ACCOUNTS),
    ("change_account", RENAMED, RENAMED),
    ("close_account", CLOSED, CLOSED),
];

fn source(test: &str) -> String {
    let (module, name) = test.split_once("::").unwrap();
    let file = format!("{}/tests/api/{module}.rs", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).unwrap();
    let (_, body) = text.split_once(&format!("#[test]\nfn {name}()")).unwrap_or_else(|| panic!("no test {test}"));
    body.split("\n}\n").next().unwrap().to_owned()
}

#[test]
fn every_operation_has_its_tests() {
    let dialect = Upvest::new(&Config::default());
    let operations: BTreeMap<_, _> = dialect.routes().iter().map(|route| (route.operation, route.clone())).collect();
    let writes: Vec<_> =
        operations.values().filter(|route| route.method != "GET").map(|route| route.operation).collect();
    let mut listed: Vec<_> = WRITES.iter().map(|(operation, ..)| *operation).chain(["issue_token"]).collect();
    listed.sort_unstable();
    assert_eq!(writes, listed);
    for (operation, replayed, traceless) in WRITES {
        source(replayed);
        assert!(source(traceless).contains("server.trace()"), "{operation}");
    }
    let (document, hidden) = (source(DOCUMENT), source(HIDDEN));
    for (operation, route) in operations.iter().filter(|(_, route)| route.access != Access::Open) {
        assert!(
            document.contains(&format!("\"{}\"", route.path)) || *operation == "close_account_group",
            "{operation}"
        );
        let is_list = operation.starts_with("list_");
        let last = route.path.rsplit('/').find(|part| !part.starts_with('{')).unwrap();
        assert!(hidden.contains(last) || is_list, "{operation} does not hide {last}");
    }
}

#[test]
fn every_route_refuses_callers_without_a_token_or_the_scope() {
    let server = Server::start("");
    let dialect = Upvest::new(&Config::default());
    let (anyone, other) = (server.anyone().at(&base(&server)), server.admin().at(&base(&server)));
    let id = "0198c1f0-0000-7000-8000-000000000000";
    let before = server.trace();
    for route in dialect.routes().iter().filter(|route| route.access != Access::Open) {
        let path = ["{user_id}", "{account_group_id}", "{account_id}"]
            .iter()
            .fold(route.path.to_owned(), |path, name| path.replace(name, id));
        let body = (route.method != "GET").then_some(&b"{}"[..]);
        let send = |caller: &super::harness::Caller<'_>| {
            caller.key("k").send(route.method.as_str(), &path, Some("application/json"), body)
        };
        send(&anyone).problem(401, "unauthorised");
        // An operator is no client, and a client is only itself.
        send(&other.with("upvest-client-id", id)).problem(401, "unauthorised");
        let wrong =
            if route.path.starts_with("/users") && !route.path.contains("account") { "accounts" } else { "users" };
        send(&with_scopes(&server, &format!("{wrong}:admin"))).problem(403, "forbidden");
    }
    let (client_id, _) = server.api_client("upvest");
    let token = super::upvest::ask_token(&server, &client_id, &server.api_client("upvest").1, "users:read").ok();
    let bearer = server.bearer(&token.text_at("access_token")).at(&base(&server));
    bearer.get("/users").problem(401, "unauthorised");
    bearer.with("upvest-client-id", id).get("/users").problem(401, "unauthorised");
    bearer.with("upvest-client-id", &client_id.to_uppercase()).get("/users").ok();
    with_scopes(&server, "users:read").key("k").post("/users", &json!({})).problem(403, "forbidden");
    let calls = client(&server);
    calls.with("upvest-api-version", "1").get("/users").ok();
    calls.with("upvest-api-version", "2").get("/users").problem(400, "bad_request");
    server.advance(1800);
    calls.get("/users").problem(401, "unauthorised");
    assert_eq!(server.trace(), before);
}
