//! Ledgers in Midaz: their names, their borders, and what the caller's key and mount have to do with them.

use super::harness::{Server, unique};
use super::midaz::{Books, admin, new_id, new_organization, text};
use serde_json::json;

#[test]
fn a_ledger_is_created_read_changed_and_deleted() {
    let server = Server::shared();
    let books = Books::new(&server);
    let ledgers = format!("/v1/organizations/{}/ledgers", books.organization);
    let made = books.api.post(&ledgers, &json!({"name": "Corporate", "status": {"code": "NEW"}})).gives(201);
    assert_eq!(made["organizationId"], books.organization.as_str());
    assert_eq!(made["status"], json!({"code": "NEW", "description": null}));
    let one = format!("{ledgers}/{}", text(&made["id"]));
    assert_eq!(books.api.get(&one).gives(200), made);
    books.api.post(&ledgers, &json!({"name": "Corporate"})).coded(409, "0002");
    books.api.patch(&one, &json!({"name": "Retail"})).coded(409, "0002");
    let changed = books.api.patch(&one, &json!({"name": "Firms", "status": {"code": "BLOCKED"}})).gives(200);
    assert_eq!((&changed["name"], &changed["status"]["code"]), (&json!("Firms"), &json!("BLOCKED")));
    books.api.post(&format!("{one}/products"), &json!({"name": "Any"})).gives(201);
    books.api.delete(&one).coded(400, "0008");
    let product = books.api.get(&format!("{one}/products")).gives(200)[0]["id"].clone();
    books.api.delete(&format!("{one}/products/{}", text(&product))).deleted();
    books.api.delete(&one).deleted();
    books.api.get(&one).coded(404, "0007");
    books.api.post(&ledgers, &json!({"name": "Firms"})).gives(201);
}

#[test]
fn nothing_is_found_through_another_organization_ledger_or_portfolio() {
    let server = Server::shared();
    let (one, other) = (Books::new(&server), Books::new(&server));
    let account = one.account();
    let product = one.made("products", &json!({"name": "Any"}));
    let foreign = |organization: &str, ledger: &str, rest: String| {
        one.api.get(&format!("/v1/organizations/{organization}/ledgers/{ledger}{rest}")).coded(404, "0007");
    };
    let inside = |portfolio: &str| format!("/portfolios/{portfolio}/accounts/{account}");
    for (organization, ledger) in [(&one.organization, &other.ledger), (&other.organization, &one.ledger)] {
        foreign(organization, ledger, String::new());
        foreign(organization, ledger, inside(&one.portfolio));
        foreign(organization, ledger, format!("/products/{product}"));
    }
    foreign(&other.organization, &other.ledger, format!("/portfolios/{}", one.portfolio));
    foreign(&other.organization, &other.ledger, inside(&other.portfolio));
    foreign(&other.organization, &other.ledger, format!("/products/{product}"));
    one.api.get(&one.accounts(&format!("/{account}"))).gives(200);
}

#[test]
fn every_write_is_replayed_under_either_name_of_the_key() {
    let server = Server::start("");
    let books = Books::new(&server);
    for (number, header) in ["Idempotency-Key", "X-Idempotency"].into_iter().enumerate() {
        let key = |what: &str| books.api.with(header, &format!("{what}-{number}"));
        let replayed = |first: super::harness::Reply, again: super::harness::Reply| {
            assert_eq!((first.status, &first.text), (again.status, &again.text));
            assert_eq!(first.header("x-idempotency-replayed"), None);
            assert_eq!(again.header("x-idempotency-replayed"), Some("true"));
            first
        };
        let post = |what: &str, path: &str, body: serde_json::Value| {
            let made = replayed(key(what).post(path, &body), key(what).post(path, &body));
            let mut other = body.clone();
            other["status"] = json!({"code": "OTHER"});
            key(what).post(path, &other).coded(409, "0084");
            format!("{path}/{}", text(&made.gives(201)["id"]))
        };
        let name = unique("n");
        let organization = post("o", "/v1/organizations", new_organization());
        let ledger = post("l", &format!("{organization}/ledgers"), json!({"name": name}));
        let instrument = json!({"name": "Euro", "type": "currency", "code": "EUR"});
        let instrument = post("i", &format!("{ledger}/instruments"), instrument);
        let product = post("r", &format!("{ledger}/products"), json!({"name": name}));
        let entity = new_id();
        let portfolio = post("p", &format!("{ledger}/portfolios"), json!({"name": name, "entityId": entity}));
        let account = json!({"instrumentCode": "EUR", "type": "deposit", "alias": "a"});
        let account = post("a", &format!("{portfolio}/accounts"), account);
        assert!(organization.starts_with("/v1/organizations/"));
        let parts = [&account, &portfolio, &product, &instrument, &ledger, &organization];
        for (part, path) in parts.into_iter().enumerate() {
            let change = json!({"status": {"code": "BLOCKED"}});
            let (patch, delete) = (key(&format!("patch-{part}")), key(&format!("delete-{part}")));
            replayed(patch.patch(path, &change), patch.patch(path, &change)).gives(200);
            replayed(delete.delete(path), delete.delete(path)).deleted();
        }
    }
    server.trace();
}

#[test]
fn every_answer_has_a_correlation_id_and_repeats_that_of_the_caller() {
    let server = Server::shared();
    let api = admin(&server);
    let made = api.get("/v1/organizations");
    assert_eq!(uuid::Uuid::parse_str(made.header("x-correlation-id").unwrap()).unwrap().get_version_num(), 7);
    let named = api.with("X-Correlation-ID", "5b0c6a3e-0000-4000-8000-000000000000");
    for reply in [named.get("/v1/organizations"), named.get("/v1/nowhere"), named.get("/health")] {
        assert_eq!(reply.header("x-correlation-id"), Some("5b0c6a3e-0000-4000-8000-000000000000"));
        assert!(uuid::Uuid::parse_str(reply.header("x-request-id").unwrap()).is_ok(), "that of the log");
    }
    let long = api.with("X-Correlation-ID", &"x".repeat(200)).get("/health");
    assert!(uuid::Uuid::parse_str(long.header("x-correlation-id").unwrap()).is_ok());
}

#[test]
fn it_can_be_switched_off_and_moved_and_has_a_document_and_a_page() {
    let server = Server::shared();
    let base = format!("{}/midaz", server.url());
    assert_eq!(server.banner["apis"]["midaz"], json!([base]));
    let document = server.anyone().at(&base).get("/openapi.json").gives(200);
    let calls = document["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len());
    assert_eq!(calls.sum::<usize>(), 31);
    assert_eq!(server.anyone().at(&base).get("/docs/").status, 200);
    let off = Server::start("[apis.midaz]\nenabled = false\n");
    assert!(off.banner["apis"].get("midaz").is_none());
    off.admin().get("/midaz/health").refused("UNKNOWN_ROUTE");
    let moved = Server::start("[apis.midaz]\npath = \"/ledger\"\n");
    assert_eq!(moved.anyone().get("/ledger/health").text, "healthy");
}

#[test]
fn a_reset_of_the_sandbox_leaves_the_default_books() {
    let server = Server::start("");
    let books = Books::new(&server);
    let product = books.made("products", &json!({"name": "Gold"}));
    let parent = books.account_with(&json!({"productId": product}));
    books.account_with(&json!({"parentAccountId": parent}));
    let gold = |decimals: &str| json!({"name": "Gold", "type": decimals, "code": "XGLD"});
    books.made("instruments", &gold("metal"));
    server.admin().post("/sandbox/reset", &json!({})).ok();
    assert_eq!(books.api.get("/v1/organizations").gives(200).as_array().unwrap().len(), 1);
    server.trace();
    let books = Books::new(&server);
    books.account();
    // A currency that a caller made is gone with its instrument: its code is free, with other decimals, too.
    let known = server.admin().get("/options/currencies").ok();
    assert!(!known.text.contains("XGLD"));
    books.made("instruments", &gold("crypto"));
    let account = books.account_with(&json!({"instrumentCode": "XGLD"}));
    let shown = books.api.get(&books.accounts(&format!("/{account}"))).gives(200);
    assert_eq!(shown["balance"]["scale"], 8);
    server.trace();
}
