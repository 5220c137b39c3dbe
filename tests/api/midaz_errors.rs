//! Every row of Midaz's table of errors, and that a refused call changes nothing.

use super::harness::Server;
use super::midaz::{Books, admin, at, new_id, new_organization, text};
use serde_json::{Value, json};

#[test]
fn every_condition_has_its_code_and_leaves_no_trace() {
    let server = Server::start("");
    let books = Books::new(&server);
    let api = &books.api;
    let account = books.account_with(&json!({"alias": "taken"}));
    let product = books.made("products", &json!({"name": "Gold"}));
    let ledgers = format!("/v1/organizations/{}/ledgers", books.organization);
    let (accounts, one) = (books.accounts(""), books.accounts(&format!("/{account}")));
    let nobody = new_id();
    let country = |code: &str| {
        let mut body = new_organization();
        body["address"]["country"] = code.into();
        body
    };
    let open = |fields: Value| {
        let mut body = json!({"instrumentCode": "CHF", "type": "deposit"});
        fields.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
        api.post(&accounts, &body)
    };
    let before = server.trace();

    let missing = api.post(&accounts, &json!({"name": "x"})).coded(400, "0009");
    assert_eq!(missing["fields"], json!({"instrumentCode": "required", "type": "required"}));
    let missing = api.post("/v1/organizations", &json!({"address": {}})).coded(400, "0009");
    assert_eq!(missing["fields"], json!({"legalName": "required", "legalDocument": "required"}));
    api.post("/v1/organizations", &country("")).coded(400, "0009");
    api.post(&ledgers, &json!({"name": ""})).coded(400, "0009");
    api.post(&books.path("portfolios"), &json!({"entityId": nobody})).coded(400, "0009");
    api.post(&books.path("products"), &json!({})).coded(400, "0009");
    api.post(&books.path("instruments"), &json!({"name": "x"})).coded(400, "0009");

    let wrong = open(json!({"name": 5})).coded(400, "0047");
    assert!(wrong["fields"]["name"].is_string(), "{wrong}");
    assert!(open(json!({"entityId": "abc"})).coded(400, "0047")["fields"]["entityId"].is_string());
    assert!(open(json!({"name": "x".repeat(257)})).coded(400, "0047")["fields"]["name"].is_string());
    open(json!({"alias": "x".repeat(257)})).coded(400, "0047");
    open(json!({"type": "x".repeat(257)})).coded(400, "0047");
    for (body, field) in
        [(json!({"type": "a\nb"}), "type"), (json!({"metadata": {"desk": "a\u{202e}"}}), "metadata.desk")]
    {
        let fields = open(body).coded(400, "0047")["fields"].clone();
        assert!(fields[field].is_string() && fields.as_object().unwrap().len() == 1, "{fields}");
    }
    open(json!({"type": "External"})).coded(400, "0066");
    open(json!({"alias": "@External/CHF"})).coded(400, "0074");
    for key in ["instrument=CHF", "account=x", "page[]=1", "limit[]=1", "dryrun=true"] {
        api.get(&format!("{accounts}?{key}")).coded(400, "0082");
    }
    for key in ["dryrun=true", "dry_run=true", "DryRun=true", "product=x"] {
        api.post(&format!("{accounts}?{key}"), &json!({"instrumentCode": "CHF", "type": "x"})).coded(400, "0082");
    }
    for body in ["{", "", "no json", "[]", "{\"instrumentCode\": \"CHF\",}"] {
        api.post_text(&accounts, body).coded(400, "0094");
    }

    let unknown = open(json!({"colour": "red", "size": {"x": 1.5}})).coded(400, "0053");
    assert_eq!(unknown["fields"], json!({"colour": "red", "size": {"x": 1.5}}));
    let unknown = open(json!({"status": {"code": "A", "since": 1}})).coded(400, "0053");
    assert_eq!(unknown["fields"], json!({"status.since": 1}));
    for fixed in [json!({"instrumentCode": "CHF"}), json!({"type": "x"}), json!({"parentAccountId": null})] {
        assert_eq!(api.patch(&one, &fixed).coded(400, "0053")["fields"], fixed);
    }

    for path in ["/v1/organizations/abc", &format!("{ledgers}/1"), &books.path("products/x"), &format!("{accounts}/x")]
    {
        api.get(path).coded(400, "0065");
        api.patch(path, &json!({})).coded(400, "0065");
        api.delete(path).coded(400, "0065");
    }
    api.get(&format!("{accounts}?limit=101")).coded(400, "0080");
    api.get(&format!("{accounts}?order=asc")).coded(400, "0082");
    api.get(&format!("{one}?metadata.a=b")).coded(400, "0082");

    let unknown = [
        format!("/v1/organizations/{nobody}"),
        format!("/v1/organizations/{nobody}/ledgers"),
        format!("{ledgers}/{nobody}"),
        format!("{ledgers}/{nobody}/instruments"),
        books.path(&format!("instruments/{nobody}")),
        books.path(&format!("portfolios/{nobody}")),
        books.path(&format!("portfolios/{nobody}/accounts")),
        books.path(&format!("products/{nobody}")),
        books.accounts(&format!("/{nobody}")),
    ];
    for path in unknown {
        api.get(&path).coded(404, "0007");
    }
    api.get("/v1/nowhere").coded(404, "0007");
    open(json!({"parentAccountId": nobody})).coded(404, "0007");
    open(json!({"instrumentCode": "EUR"})).coded(404, "0034");
    open(json!({"productId": nobody})).coded(404, "0036");
    let mut orphan = new_organization();
    orphan["parentOrganizationId"] = nobody.clone().into();
    api.post("/v1/organizations", &orphan).coded(404, "0039");
    for code in ["XX", "ch", "CHE"] {
        api.post("/v1/organizations", &country(code)).coded(400, "0032");
    }
    let instrument = |kind: &str, code: &str| json!({"name": "x", "type": kind, "code": code});
    api.post(&books.path("instruments"), &instrument("currency", "eur")).coded(400, "0004");
    api.post(&books.path("instruments"), &instrument("FIAT", "XYZ")).coded(400, "0005");
    let metal = api.post(&books.path("instruments"), &instrument("FIAT", "XAU")).coded(400, "0005");
    assert!(text(&metal["message"]).contains("another type"), "{metal}");
    let taken = api.post(&books.path("instruments"), &instrument("currency", "CHF")).coded(409, "0003");
    assert_eq!(taken["message"], "code: another instrument has it");
    api.post(&ledgers, &json!({"name": "Retail"})).coded(409, "0002");
    api.post(&books.path("products"), &json!({"name": "Gold"})).coded(409, "0015");
    let taken = open(json!({"alias": "taken"})).coded(409, "0020");
    assert_eq!(taken["message"], "alias: already in use by another account of the portfolio");
    for name in [" Gold", "Gold ", "Gold\u{3000}"] {
        open(json!({"name": name})).coded(400, "0047");
        for (path, mut body) in [
            ("/v1/organizations", new_organization()),
            (&ledgers, json!({})),
            (&books.path("instruments"), instrument("currency", "EUR")),
            (&books.path("portfolios"), json!({"entityId": nobody})),
            (&books.path("products"), json!({})),
        ] {
            let member = if path == "/v1/organizations" { "legalName" } else { "name" };
            body[member] = name.into();
            assert!(api.post(path, &body).coded(400, "0047")["fields"][member].is_string());
        }
        api.patch(&one, &json!({"name": name})).coded(400, "0047");
    }
    api.delete(&books.path(&format!("portfolios/{}", books.portfolio))).coded(400, "0008");
    open(json!({"metadata": {"x".repeat(101): 1}})).coded(400, "0050");
    open(json!({"metadata": {"x": "y".repeat(101)}})).coded(400, "0051");
    open(json!({"metadata": {"x": {}}})).coded(400, "0067");
    open(json!({"type": "external"})).coded(400, "0066");
    open(json!({"alias": "@external/CHF"})).coded(400, "0074");
    for path in ["/@external%2FCHF", "/%40external%2FCHF", "/@external/CHF", "/%40external/CHF"] {
        api.get(&format!("{accounts}{path}")).coded(400, "0074");
        api.patch(&format!("{accounts}{path}"), &json!({"name": "x"})).coded(400, "0074");
        api.delete(&format!("{accounts}{path}")).coded(400, "0074");
    }
    assert_eq!(server.trace(), before);
    assert_eq!(api.get(&books.path(&format!("products/{product}"))).gives(200)["name"], "Gold");

    // The remaining rows need an account with money, and a key.
    server.admin().deposit(&account, "15.20");
    api.delete(&one).coded(400, "0012");
    let left = api.delete(&one).coded(400, "0012");
    assert_eq!(left["message"], "the balance is 15.20 CHF, and must be zero");
    let key = api.key("once");
    key.patch(&one, &json!({"name": "x"})).gives(200);
    key.patch(&one, &json!({"name": "y"})).coded(409, "0084");
}

#[test]
fn what_the_server_cannot_read_is_an_internal_error() {
    let mut server = Server::start("");
    let token = server.add_token("dev", &[]).1;
    let instruments = {
        let books = Books::of(at(&server, &server.bearer(&token)));
        books.path("instruments")
    };
    server.restart_after(|file| {
        let sql = "UPDATE instruments SET metadata = 'damaged'";
        assert_eq!(rusqlite::Connection::open(file).unwrap().execute(sql, []).unwrap(), 1);
    });
    let api = at(&server, &server.bearer(&token));
    let failed = api.get(&instruments).coded(500, "0046");
    assert_eq!((text(&failed["title"]), failed.get("fields")), ("Internal Error", None));
    assert!(!text(&failed["message"]).contains("damaged"), "{failed}");
    let body = json!({"name": "Euro", "type": "currency", "code": "EUR"});
    api.post(&instruments, &body).coded(500, "0046");
}

#[test]
fn every_route_refuses_callers_without_a_token_or_the_right() {
    let server = Server::start("");
    let books = Books::new(&server);
    let account = books.account();
    let product = books.made("products", &json!({"name": "Gold"}));
    let instrument = text(&books.api.get(&books.path("instruments")).gives(200)[0]["id"]).to_owned();
    let organization = format!("/v1/organizations/{}", books.organization);
    let collections = [
        ("/v1/organizations".to_owned(), books.organization.clone()),
        (format!("{organization}/ledgers"), books.ledger.clone()),
        (books.path("instruments"), instrument),
        (books.path("portfolios"), books.portfolio.clone()),
        (books.path("products"), product),
        (books.accounts(""), account),
    ];
    let before = server.trace();
    let (nobody, stranger) = (at(&server, &server.anyone()), at(&server, &server.bearer("bursar_x")));
    let viewer = at(&server, &server.viewer());
    for (all, id) in &collections {
        let one = format!("{all}/{id}");
        for (caller, status, code) in [(&nobody, 401, "0041"), (&stranger, 401, "0042"), (&viewer, 403, "0043")] {
            caller.post(all, &json!({})).coded(status, code);
            caller.patch(&one, &json!({})).coded(status, code);
            caller.delete(&one).coded(status, code);
            if status == 401 {
                caller.get(all).coded(status, code);
                caller.get(&one).coded(status, code);
            }
        }
        viewer.get(all).gives(200);
        viewer.get(&one).gives(200);
        let wrong = viewer.send("PUT", &one, None, None);
        assert_eq!(
            (wrong.coded(405, "0008")["code"].clone(), wrong.header("allow")),
            (json!("0008"), Some("GET, HEAD, PATCH, DELETE"))
        );
    }
    assert_eq!(server.trace(), before);
}

#[test]
fn bodies_are_read_whatever_they_are_declared_as_and_not_at_all_in_a_get() {
    let server = Server::shared();
    let books = Books::new(&server);
    let commented = "{\n \"name\": \"a//b\", // optional\n //\"status\": {},\n \"metadata\": {\"u\": \"http://x\"}\n}";
    for declared in [None, Some("application/json"), Some("text/plain"), Some("text/json; charset=utf-8")] {
        let made = books.api.send("POST", &books.path("products"), declared, Some(commented.as_bytes())).gives(201);
        assert_eq!((text(&made["name"]), text(&made["metadata"]["u"])), ("a//b", "http://x"));
        books.api.delete(&books.path(&format!("products/{}", text(&made["id"])))).deleted();
    }
    for body in ["{\"instrumentCode\": \"BRL\"}", "nonsense", ""] {
        let list = books.api.send("GET", &books.accounts(""), Some("application/json"), Some(body.as_bytes()));
        assert_eq!(list.gives(200), json!([]));
    }
    admin(&server).get("/v1/organizations").gives(200);
}

#[test]
fn a_token_that_sends_too_much_is_told_when_to_come_back() {
    let server = Server::start("[limits]\nrequests_per_second = 1\nburst = 2\n");
    let api = admin(&server);
    let refused = (0..100).map(|_| api.get("/v1/organizations")).find(|reply| reply.status != 200).unwrap();
    assert_eq!(refused.coded(429, "0047")["title"], "Too Many Requests");
    assert_eq!(refused.header("retry-after"), Some("1"));
}

#[test]
fn unexpected_fields_are_named_and_shown_as_they_were_sent() {
    let server = Server::shared();
    let books = Books::new(&server);
    let sent = r#"{"name": "x", "a.b": 1, "a/b": 2, "a~1b": 3, "x.?y": 4, "big": 123456789012345678901234567890,
        "far": 1e999, "deep": {"n": [1, 12345678901234567890123]}, "status": {"code": "A", "foo": "bar"}}"#;
    let refused = books.api.post_text(&books.path("products"), sent).coded(400, "0053");
    assert_eq!(
        refused["fields"],
        json!({
            "a.b": 1, "a/b": 2, "a~1b": 3, "x.?y": 4, "big": "123456789012345678901234567890", "far": "1e999",
            "deep": {"n": [1, "12345678901234567890123"]}, "status.foo": "bar",
        })
    );
    let many: serde_json::Map<_, _> = (0..50).map(|number| (format!("f{number}"), json!(number))).collect();
    let refused = books.api.post(&books.path("products"), &json!(many)).coded(400, "0053");
    assert_eq!(refused["fields"].as_object().unwrap().len(), 20);
}

#[test]
fn a_status_is_named_by_its_part_and_an_empty_one_changes_nothing() {
    let server = Server::shared();
    let books = Books::new(&server);
    let product = books.made("products", &json!({"name": "Gold", "status": {"code": "NEW"}}));
    let one = books.path(&format!("products/{product}"));
    let long = books.api.patch(&one, &json!({"status": {"code": "x".repeat(101)}})).coded(400, "0047");
    assert!(long["fields"]["status.code"].is_string(), "{long}");
    let status = json!({"code": "A", "description": "x".repeat(257)});
    let long = books.api.patch(&one, &json!({"status": status})).coded(400, "0047");
    assert!(long["fields"]["status.description"].is_string(), "{long}");
    assert_eq!(books.api.patch(&one, &json!({"status": ""})).gives(200)["status"]["code"], "NEW");
    books.api.patch(&one, &json!({"status": "x"})).coded(400, "0047");
    books.api.patch(&one, &json!({"status": {"foo": 1}})).coded(400, "0053");
}
