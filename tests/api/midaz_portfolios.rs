//! Portfolios in Midaz: their clients, and who sees them.

use super::harness::Server;
use super::midaz::{Books, at, new_id, text};
use serde_json::json;

#[test]
fn a_portfolio_is_created_read_changed_and_deleted() {
    let server = Server::shared();
    let books = Books::new(&server);
    let one = books.path(&format!("portfolios/{}", books.portfolio));
    let made = books.api.get(&one).gives(200);
    assert_eq!((text(&made["entityId"]), text(&made["name"])), (&*books.entity, "Savings"));
    assert_eq!((text(&made["ledgerId"]), text(&made["organizationId"])), (&*books.ledger, &*books.organization));
    // The seed writes the path in two ways.
    assert_eq!(books.api.get(&one.replace("/portfolios/", "/portfolio/")).gives(200), made);
    let change = json!({"name": "Later", "status": {"code": "BLOCKED"}, "metadata": {"chave": "x"}});
    let changed = books.api.patch(&one, &change).gives(200);
    assert_eq!((text(&changed["name"]), &changed["metadata"]), ("Later", &change["metadata"]));
    books.api.patch(&one, &json!({"entityId": books.entity})).coded(400, "0053");
    let list = books.api.get(&books.path("portfolios?metadata.chave=x")).gives(200);
    assert_eq!(list.as_array().unwrap(), &[changed]);
    assert_eq!(books.api.get(&books.path("portfolio?metadata.chave=y")).gives(200), json!([]));
    let account = books.account();
    books.api.delete(&one).coded(400, "0008");
    books.api.delete(&books.accounts(&format!("/{account}"))).deleted();
    books.api.delete(&one).deleted();
    books.api.delete(&one).coded(404, "0007");
    books.api.get(&books.accounts("")).coded(404, "0007");
}

#[test]
fn an_unknown_entity_becomes_a_client_of_which_only_the_id_is_known() {
    let server = Server::start("");
    let books = Books::new(&server);
    let client = server.admin().get(&format!("/profiles/{}", books.entity)).ok().json();
    assert_eq!((&client["email"], &client["firstName"]), (&json!(""), &json!("")));
    // A second one without an address is no conflict, and the address can be given later.
    let other = Books::new(&server);
    let details = json!({"email": "ada@example.com"});
    server.admin().put(&format!("/profiles/{}", other.entity), &details).ok();
    assert_eq!(server.admin().get("/profiles?email=ada@example.com").ok().text_at("profiles/0/id"), other.entity);
    // A known one is not created again.
    let before = server.admin().get("/profiles").ok().json()["total"].clone();
    books.made("portfolios", &json!({"name": "Second", "entityId": other.entity}));
    assert_eq!(server.admin().get("/profiles").ok().json()["total"], before);
    server.trace();
}

#[test]
fn a_dry_run_of_what_creates_a_client_answers_and_leaves_only_its_audit_row() {
    let server = Server::start("");
    let books = Books::new(&server);
    let open = json!({"instrumentCode": "CHF", "type": "deposit", "entityId": new_id()});
    let portfolio = json!({"name": "x", "entityId": new_id()});
    let opened = books.api.post(&books.accounts("?dryRun=true"), &open).gives(201);
    assert_eq!(opened["entityId"], open["entityId"]);
    let made = books.api.post(&books.path("portfolios?dryRun=true"), &portfolio).gives(201);
    assert_eq!(made["entityId"], portfolio["entityId"]);
    for entity in [&open["entityId"], &portfolio["entityId"]] {
        server.admin().get(&format!("/profiles/{}", text(entity))).refused("NOT_FOUND");
    }
    assert_eq!(books.api.get(&books.accounts("")).gives(200), json!([]));
    // Of a client who is there, too.
    books.api.post(&books.path("portfolios?dryRun=true"), &json!({"name": "x", "entityId": books.entity})).gives(201);
    books.api.delete(&books.path(&format!("portfolios/{}?dryRun=true", books.portfolio))).deleted();
    books.api.get(&books.path(&format!("portfolios/{}", books.portfolio))).gives(200);
    server.trace();
}

#[test]
fn portfolios_and_accounts_of_hidden_clients_are_not_found() {
    let server = Server::start("");
    let books = Books::new(&server);
    let account = books.account();
    let north = at(&server, &server.operator("operator", &["north"]));
    let one = books.path(&format!("portfolios/{}", books.portfolio));
    let hidden = books.accounts(&format!("/{account}"));
    let before = server.trace();
    for path in [&one, &hidden, &books.accounts("")] {
        north.get(path).coded(404, "0007");
    }
    for path in [&one, &hidden] {
        north.patch(path, &json!({"name": "x"})).coded(404, "0007");
        north.delete(path).coded(404, "0007");
    }
    let open = json!({"instrumentCode": "CHF", "type": "deposit"});
    north.post(&books.accounts(""), &open).coded(404, "0007");
    let taken = north.post(&books.path("portfolios"), &json!({"name": "x", "entityId": books.entity}));
    assert!(taken.coded(400, "0047")["fields"]["entityId"].is_string());
    assert_eq!(north.get(&books.path("portfolios")).gives(200), json!([]));
    assert_eq!(server.trace(), before);
    // What has no tags is read by right.
    north.get(&books.path("instruments")).gives(200);
    north.get(&books.path("products")).gives(200);
    // Its own clients get its tags. Another operator does not see them.
    let entity = new_id();
    let own = north.post(&books.path("portfolios"), &json!({"name": "Own", "entityId": entity})).gives(201);
    let path = books.path(&format!("portfolios/{}", text(&own["id"])));
    let opened = north.post(&format!("{path}/accounts"), &open).gives(201);
    north.get(&format!("{path}/accounts/{}", text(&opened["id"]))).gives(200);
    let south = at(&server, &server.operator("operator", &["south"]));
    south.get(&format!("{path}/accounts/{}", text(&opened["id"]))).coded(404, "0007");
    assert_eq!(north.get(&books.path("portfolios")).gives(200).as_array().unwrap().len(), 1);
}

#[test]
fn an_account_handed_to_a_visible_client_is_found_in_the_portfolio_of_a_hidden_one() {
    let server = Server::start("");
    let books = Books::new(&server);
    let (kept, handed) = (books.account(), books.account());
    let entity = server.admin().new_profile_with(&json!({"tags": ["north"]}));
    let path = books.accounts(&format!("/{handed}"));
    let changed = books.api.patch(&path, &json!({"entityId": entity})).gives(200);
    assert_eq!((text(&changed["entityId"]), text(&changed["portfolioId"])), (&*entity, &*books.portfolio));
    let north = at(&server, &server.operator("operator", &["north"]));
    let list = north.get(&books.accounts("")).gives(200);
    assert_eq!(list.as_array().unwrap(), &[changed]);
    north.get(&books.accounts(&format!("/{kept}"))).coded(404, "0007");
    server.trace();
}

#[test]
fn a_default_portfolio_in_a_ledger_of_a_caller_is_deleted_and_made_again() {
    let server = Server::start("");
    let books = Books::new(&server);
    let native = server.admin();
    let heir = native.new_profile();
    let hand_over = |account: &str| {
        let owner = json!({"profileId": heir, "access": "FULL", "priority": 1});
        native.post(&format!("/accounts/{account}/owners"), &owner).ok();
        native.get(&format!("/accounts/{account}")).ok().text_at("portfolioId")
    };
    let (first, second) = (books.account(), books.account());
    let portfolio = hand_over(&first);
    let path = books.path(&format!("portfolios/{portfolio}"));
    assert_ne!(portfolio, books.portfolio);
    books.api.delete(&path).coded(400, "0008");
    books.api.delete(&format!("{path}/accounts/{first}")).deleted();
    books.api.delete(&path).deleted();
    let next = hand_over(&second);
    assert!(next != portfolio && next != books.portfolio, "{next}");
    let next = books.path(&format!("portfolios/{next}"));
    books.api.delete(&format!("{next}/accounts/{second}")).deleted();
    for left in [next, books.path(&format!("portfolios/{}", books.portfolio))] {
        books.api.delete(&left).deleted();
    }
    server.trace();
}

#[test]
fn what_a_portfolio_says_of_a_client_is_erased_with_the_client() {
    let server = Server::start("");
    let books = Books::new(&server);
    let secret = "Zanzibar-9931";
    let body = json!({
        "name": format!("{secret} trust"), "entityId": books.entity,
        "status": {"code": "NEW", "description": secret}, "metadata": {"who": secret},
    });
    let portfolio = books.made("portfolios", &body);
    let client = format!("/profiles/{}", books.entity);
    server.admin().post(&format!("{client}/archive"), &json!({})).ok();
    server.admin().post(&format!("{client}/erase"), &json!({})).ok();
    let shown = books.api.get(&books.path(&format!("portfolios/{portfolio}"))).gives(200);
    assert_eq!((&shown["name"], &shown["metadata"]), (&json!(""), &json!(null)));
    assert_eq!(shown["status"], json!({"code": "ACTIVE", "description": null}));
    server.trace();
    let file = server.data_dir().join("bursar.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let bytes = std::fs::read(&file).unwrap();
    assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
}

#[test]
fn filters_do_not_decide_whether_a_portfolio_is_found() {
    let server = Server::start("");
    let books = Books::new(&server);
    let handed = books.account();
    let entity = server.admin().new_profile_with(&json!({"tags": ["north"]}));
    books.api.patch(&books.accounts(&format!("/{handed}")), &json!({"entityId": entity})).gives(200);
    let north = at(&server, &server.operator("operator", &["north"]));
    for query in ["?type=zzz", "?page=2", "?metadata.k=v"] {
        assert_eq!(north.get(&books.accounts(query)).gives(200), json!([]), "{query}");
    }
    let south = at(&server, &server.operator("operator", &["south"]));
    south.get(&books.accounts("?type=zzz")).coded(404, "0007");
}

#[test]
fn an_archived_client_gets_no_portfolio() {
    let server = Server::start("");
    let books = Books::new(&server);
    server.admin().post(&format!("/profiles/{}/archive", books.entity), &json!({})).ok();
    let before = server.trace();
    let body = json!({"name": "x", "entityId": books.entity});
    books.api.post(&books.path("portfolios"), &body).coded(400, "0008");
    assert_eq!(server.trace(), before);
}
