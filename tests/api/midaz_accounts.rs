//! Accounts in Midaz.

use super::harness::Server;
use super::midaz::{Books, admin, at, new_id, text};
use super::native_positions::{order, quote};
use super::platform_feed::{accept, at as minute, fill, trading_account};
use serde_json::json;

#[test]
fn an_account_has_every_field_and_is_the_same_in_the_other_apis() {
    let server = Server::shared();
    let books = Books::new(&server);
    let body = json!({
        "instrumentCode": "CHF", "type": "savings", "alias": "rainy-day", "name": "Reserve",
        "metadata": {"desk": "zrh"}, "balance": {"available": 0, "onHold": 0, "scale": 2},
    });
    let made = books.api.post(&books.accounts(""), &body).gives(201);
    let id = text(&made["id"]).to_owned();
    assert_eq!(
        made,
        json!({
            "id": id, "name": "Reserve", "parentAccountId": null, "entityId": books.entity, "instrumentCode": "CHF",
            "organizationId": books.organization, "ledgerId": books.ledger, "portfolioId": books.portfolio,
            "productId": null, "balance": {"available": 0, "onHold": 0, "scale": 2},
            "status": {"code": "ACTIVE", "description": null}, "allowSending": true, "allowReceiving": true,
            "alias": "rainy-day", "type": "savings", "createdAt": made["createdAt"], "updatedAt": made["updatedAt"],
            "deletedAt": null, "metadata": {"desk": "zrh"},
        })
    );
    let path = books.accounts(&format!("/{id}"));
    assert_eq!(books.api.get(&path).gives(200), made);
    assert_eq!(books.api.get(&path.replace("/portfolios/", "/portfolio/")).gives(200), made);
    let native = server.admin().get(&format!("/accounts/{id}")).ok().json();
    for (name, value) in [
        ("name", json!("Reserve")),
        ("alias", json!("rainy-day")),
        ("category", json!("savings")),
        ("metadata", json!({"desk": "zrh"})),
        ("profileId", json!(books.entity)),
        ("portfolioId", json!(books.portfolio)),
        ("ledgerId", json!(books.ledger)),
        ("statusCode", json!("ACTIVE")),
        ("parentAccountId", json!(null)),
    ] {
        assert_eq!(native[name], value, "{name}");
    }
    let long = "x".repeat(256);
    let longest = books.account_with(&json!({"type": long, "name": long, "alias": long}));
    let shown = books.api.get(&books.accounts(&format!("/{longest}"))).gives(200);
    assert_eq!([&shown["type"], &shown["name"], &shown["alias"]], [&json!(long); 3]);
    // Without a name and an alias.
    let plain = books.account();
    let shown = books.api.get(&books.accounts(&format!("/{plain}"))).gives(200);
    assert_eq!((text(&shown["name"]), &shown["alias"]), ("CHF deposit account", &json!(null)));
}

#[test]
fn money_moves_through_the_other_apis_and_is_shown_as_integers() {
    let server = Server::start("");
    let books = Books::new(&server);
    let id = books.account();
    let path = books.accounts(&format!("/{id}"));
    let native = server.admin();
    native.deposit(&id, "100.50");
    native.ask(&id, "holds", "20.25");
    native.ask(&id, "deposits", "7");
    let shown = || books.api.get(&path).gives(200);
    assert_eq!(shown()["balance"], json!({"available": 8025, "onHold": 2025, "scale": 2}));
    books.api.delete(&path).coded(400, "0012");
    // Nothing crosses the border of a ledger.
    let elsewhere = native.new_account("CHF");
    let transfer = json!({"fromAccountId": id, "toAccountId": elsewhere, "amount": "1"});
    native.post("/transfers", &transfer).refused("MODES_DIFFER");
    let sibling = books.account();
    native.post("/transfers", &json!({"fromAccountId": id, "toAccountId": sibling, "amount": "1"})).ok();
    server.trace();
}

#[test]
fn sending_receiving_and_two_statuses_stop_money_in_every_api() {
    let server = Server::start("");
    let books = Books::new(&server);
    let id = books.account();
    let path = books.accounts(&format!("/{id}"));
    let native = server.admin();
    native.deposit(&id, "100");
    let refused = |credit: Option<&str>, debit: Option<&str>| {
        for (way, reason) in [("deposit", credit), ("withdraw", debit)] {
            let reply = native.post(&format!("/accounts/{id}/{way}"), &json!({"amount": "1"}));
            match reason {
                Some(reason) => drop(reply.refused(reason)),
                None => drop(reply.ok()),
            }
        }
    };
    let change = |body: serde_json::Value| books.api.patch(&path, &body).gives(200);
    assert_eq!(change(json!({"allowSending": false}))["allowSending"], json!(false));
    refused(None, Some("DEBITS_OFF"));
    change(json!({"allowSending": true, "allowReceiving": false}));
    refused(Some("CREDITS_OFF"), None);
    // Null and what is omitted change nothing.
    assert_eq!(change(json!({"allowSending": null, "name": null}))["allowReceiving"], json!(false));
    for code in ["BLOCKED", "blocked", "Inactive"] {
        change(json!({"allowReceiving": true, "status": {"code": code, "description": "AML"}}));
        refused(Some("ACCOUNT_BLOCKED"), Some("ACCOUNT_BLOCKED"));
    }
    let seen = native.get(&format!("/accounts/{id}")).ok().json();
    assert_eq!((&seen["statusCode"], &seen["statusDescription"]), (&json!("Inactive"), &json!("AML")));
    // Any other word is a label. It can be set natively, too.
    native.put(&format!("/accounts/{id}"), &json!({"statusCode": "FROZEN"})).ok();
    refused(None, None);
    assert_eq!(books.api.get(&path).gives(200)["status"], json!({"code": "FROZEN", "description": null}));
    assert_eq!(change(json!({"status": {"code": ""}}))["status"]["code"], "FROZEN");
    server.trace();
}

#[test]
fn a_trading_account_leaves_its_product_only_while_nothing_is_open() {
    let server = Server::start("");
    let (api, native) = (admin(&server), server.admin());
    let (account, idle) = (trading_account(&native, "USD", "NETTING"), trading_account(&native, "USD", "NETTING"));
    native.deposit(&account, "10000");
    accept(&native, &[quote("1.1", "1.1", &minute(0))]);
    let organizations = api.get("/v1/organizations").gives(200);
    let path = |account: &str| {
        let seen = native.get(&format!("/accounts/{account}")).ok();
        let (ledger, portfolio) = (seen.text_at("ledgerId"), seen.text_at("portfolioId"));
        let organization = text(&organizations[0]["id"]);
        format!("/v1/organizations/{organization}/ledgers/{ledger}/portfolios/{portfolio}/accounts/{account}")
    };
    let groups = native.get("/account-groups?currency=USD&perPage=500").ok().json();
    let wallet = groups["groups"].as_array().unwrap().iter().find(|group| group["name"] == "Wallet").unwrap();
    for (event, reason) in [
        (order(&account, "1", 1, ("BUY", "0.10", "1.05")), "ORDERS_WORKING"),
        (fill(&account, "1", 2, ("BUY", "0.10", "1.1")), "POSITIONS_OPEN"),
    ] {
        accept(&native, &[event]);
        let before = server.trace();
        for product in [json!(null), wallet["id"].clone()] {
            api.patch(&path(&account), &json!({"productId": product})).coded(400, "0008");
        }
        native.put(&format!("/accounts/{account}"), &json!({"groupId": wallet["id"]})).refused(reason);
        assert_eq!(server.trace(), before);
    }
    assert_eq!(api.patch(&path(&idle), &json!({"productId": null})).gives(200)["productId"], json!(null));
    // Out of a group that requires approval it is a matter of two operators, in words that are about that.
    server.set_rules("requires_approval = true");
    let guarded = trading_account(&native, "USD", "NETTING");
    let operator = at(&server, &server.operator("operator", &[]));
    let refused = operator.patch(&path(&guarded), &json!({"productId": null})).coded(400, "0008");
    assert_eq!(refused["message"], "a second operator must approve it: ask for it in the native API");
}

#[test]
fn accounts_are_nested_and_keep_their_parents() {
    let server = Server::shared();
    let books = Books::new(&server);
    let parent = books.account();
    let entity = new_id();
    let child = books.account_with(&json!({"parentAccountId": parent, "entityId": entity}));
    let path = |id: &str| books.accounts(&format!("/{id}"));
    let shown = books.api.get(&path(&child)).gives(200);
    assert_eq!((text(&shown["parentAccountId"]), text(&shown["entityId"])), (&*parent, &*entity));
    assert_eq!(server.admin().get(&format!("/accounts/{child}")).ok().text_at("parentAccountId"), parent);
    let open = |parent: &str, code: &str| {
        let body = json!({"instrumentCode": code, "type": "deposit", "parentAccountId": parent});
        books.api.post(&books.accounts(""), &body)
    };
    books.made("instruments", &json!({"name": "Euro", "type": "currency", "code": "EUR"}));
    open(&parent, "EUR").coded(400, "0030");
    open(&new_id(), "CHF").coded(404, "0007");
    open(&Books::new(&server).account(), "CHF").coded(404, "0007");
    books.api.patch(&path(&child), &json!({"parentAccountId": null})).coded(400, "0053");
    books.api.delete(&path(&parent)).coded(400, "0008");
    server.admin().delete(&format!("/accounts/{parent}")).refused("CHILDREN_LEFT");
    server.admin().post(&format!("/accounts/{parent}/close"), &json!({})).refused("CHILDREN_LEFT");
    books.api.delete(&path(&child)).deleted();
    books.api.delete(&path(&parent)).deleted();
    open(&parent, "CHF").coded(400, "0029");
}

#[test]
fn an_account_is_closed_here_and_elsewhere_alike() {
    let server = Server::shared();
    let books = Books::new(&server);
    let (here, there) = (books.account_with(&json!({"alias": "a"})), books.account());
    let path = |id: &str| books.accounts(&format!("/{id}"));
    books
        .api
        .post(&books.accounts(""), &json!({"instrumentCode": "CHF", "type": "x", "alias": "a"}))
        .coded(409, "0020");
    books.api.delete(&path(&here)).deleted();
    server.admin().delete(&format!("/accounts/{there}")).ok();
    for id in [&here, &there] {
        books.api.get(&path(id)).coded(404, "0007");
        books.api.patch(&path(id), &json!({"name": "x"})).coded(404, "0007");
        books.api.delete(&path(id)).coded(404, "0007");
        assert_eq!(server.admin().get(&format!("/accounts/{id}")).ok().text_at("lifecycle"), "CLOSED");
    }
    assert_eq!(books.api.get(&books.accounts("")).gives(200), json!([]));
    books.account_with(&json!({"alias": "a"}));
}

#[test]
fn the_owner_changes_only_while_the_account_is_empty() {
    let server = Server::start("");
    let books = Books::new(&server);
    let id = books.account_with(&json!({"alias": "a"}));
    let path = books.accounts(&format!("/{id}"));
    let entity = new_id();
    server.admin().deposit(&id, "1");
    let before = server.trace();
    books.api.patch(&path, &json!({"entityId": entity, "name": "x"})).coded(400, "0008");
    assert_eq!(server.trace(), before, "and no client was created");
    server.admin().post(&format!("/accounts/{id}/withdraw"), &json!({"amount": "1"})).ok();
    let changed = books.api.patch(&path, &json!({"entityId": entity, "name": "x"})).gives(200);
    assert_eq!((text(&changed["entityId"]), text(&changed["name"])), (&*entity, "x"));
    assert_eq!((text(&changed["portfolioId"]), text(&changed["alias"])), (&*books.portfolio, "a"));
    let owners = server.admin().get(&format!("/accounts/{id}/owners")).ok().json();
    assert_eq!(owners["owners"].as_array().unwrap().len(), 1, "{owners}");
    let second = json!({"profileId": server.admin().new_profile(), "access": "READ"});
    server.admin().post(&format!("/accounts/{id}/owners"), &second).ok();
    books.api.patch(&path, &json!({"entityId": books.entity})).coded(400, "0008");
    server.trace();
}

#[test]
fn accounts_are_listed_by_type_instrument_and_metadata() {
    let server = Server::shared();
    let books = Books::new(&server);
    books.made("instruments", &json!({"name": "Euro", "type": "currency", "code": "EUR"}));
    for (code, kind, chave) in [("CHF", "deposit", "x"), ("EUR", "deposit", "y"), ("CHF", "savings", "x")] {
        let fields = json!({"instrumentCode": code, "type": kind, "name": format!("{code} {kind}"),
            "metadata": {"chave": chave}});
        books.account_with(&fields);
    }
    let names = |query: &str| -> Vec<String> {
        let list = books.api.get(&books.accounts(query)).gives(200);
        list.as_array().unwrap().iter().map(|found| text(&found["name"]).to_owned()).collect()
    };
    assert_eq!(names(""), ["CHF savings", "EUR deposit", "CHF deposit"]);
    assert_eq!(names("?type=deposit"), ["EUR deposit", "CHF deposit"]);
    assert_eq!(names("?instrumentCode=CHF&type=deposit"), ["CHF deposit"]);
    assert_eq!(names("?metadata.chave=x&type=savings"), ["CHF savings"]);
    assert_eq!(names("?limit=1&page=2"), ["EUR deposit"]);
    assert_eq!(names("?instrumentCode=nonsense"), [""; 0]);
    books.api.get(&books.accounts("?alias=x")).coded(400, "0082");
}

#[test]
fn an_account_opens_with_a_balance_in_sandboxes_or_where_it_is_configured() {
    let opening = json!({"instrumentCode": "CHF", "type": "deposit", "alias": "McGregor",
        "balance": {"available": 1000, "onHold": 10000, "scale": 2}});
    let sandbox = Server::start("");
    let books = Books::new(&sandbox);
    let made = books.api.post(&books.accounts(""), &opening).gives(201);
    assert_eq!(made["balance"], json!({"available": 1000, "onHold": 10000, "scale": 2}));
    let deals = sandbox.admin().deals(text(&made["id"]));
    assert_eq!((deals.len(), &deals[0]["action"]), (1, &json!("DEAL_ACTION_CORRECTION")), "{deals:?}");
    let odd = json!({"instrumentCode": "CHF", "type": "deposit", "balance": {"available": 1, "scale": 3}});
    let before = sandbox.trace();
    assert!(books.api.post(&books.accounts(""), &odd).coded(400, "0047")["fields"]["balance"].is_string());
    assert_eq!(sandbox.trace(), before);

    let mut server = Server::production();
    let token = server.add_token("dev", &[]).1;
    let books = Books::of(at(&server, &server.bearer(&token)));
    let before = server.trace();
    let refused = books.api.post(&books.accounts(""), &opening).coded(400, "0053");
    assert_eq!(refused["fields"], json!({"balance": opening["balance"]}));
    assert_eq!(server.trace(), before);
    let path = books.accounts("");
    server.restart_in(vec![("BURSAR_APIS__MIDAZ__OPENING_BALANCES".into(), "true".into())]);
    let made = at(&server, &server.bearer(&token)).post(&path, &opening).gives(201);
    assert_eq!(made["balance"], opening["balance"]);
}

#[test]
fn the_audit_finds_accounts_that_are_filed_in_another_ledger() {
    for (wrong, other) in [("portfolio_id", "portfolio_id"), ("group_id", "group_id"), ("parent_id", "id")] {
        let mut server = Server::start("");
        Books::new(&server).account();
        server.admin().new_account("EUR");
        server.restart_after(|file| {
            // The first account is in the books of a caller, the second in the default ledger.
            let sql = format!(
                "UPDATE accounts SET portfolio_serial = 9, {wrong} = (SELECT max({other}) FROM accounts WHERE id IN
                     (SELECT id FROM books WHERE ledger_id = 1))
                 WHERE id = (SELECT min(id) FROM accounts)"
            );
            rusqlite::Connection::open(file).unwrap().execute(&sql, []).unwrap();
        });
        let proof = bursar::store::read_file(&server.data_dir().join("bursar.db"), |tx| tx.prove()).unwrap();
        assert!(proof.findings.iter().any(|it| it.check == "accounts"), "{wrong}: {:?}", proof.findings);
    }
}

#[test]
fn a_closing_account_takes_no_children() {
    let server = Server::shared();
    let books = Books::new(&server);
    let parent = books.account();
    server.admin().deposit(&parent, "5");
    let closing = server.admin().post(&format!("/accounts/{parent}/close"), &json!({})).ok().json();
    assert_eq!(closing["lifecycle"], "CLOSING");
    let body = json!({"instrumentCode": "CHF", "type": "deposit", "parentAccountId": parent});
    books.api.post(&books.accounts(""), &body).coded(400, "0029");
    server.admin().post(&format!("/accounts/{parent}/withdraw"), &json!({"amount": "5"})).ok();
    assert_eq!(server.admin().get(&format!("/accounts/{parent}")).ok().text_at("lifecycle"), "CLOSED");
}

#[test]
fn accounts_of_a_callers_ledger_open_in_its_portfolios_alone() {
    let server = Server::start("");
    let books = Books::new(&server);
    let product = books.made("products", &json!({"name": "Gold"}));
    let body = json!({"profileId": server.admin().new_profile(), "groupId": product, "currency": "CHF"});
    let before = server.trace();
    server.admin().post("/accounts", &body).refused("INVALID_FIELD");
    assert_eq!(server.trace(), before);
    assert_eq!(books.api.get(&books.path("portfolios")).gives(200).as_array().unwrap().len(), 1);
}

#[test]
fn an_empty_filter_is_compared_and_an_empty_limit_is_refused() {
    let server = Server::shared();
    let books = Books::new(&server);
    books.account_with(&json!({"name": "full", "metadata": {"k": "v"}}));
    books.account_with(&json!({"name": "empty", "metadata": {"k": ""}}));
    let names = |query: &str| -> Vec<String> {
        let list = books.api.get(&books.accounts(query)).gives(200);
        list.as_array().unwrap().iter().map(|found| text(&found["name"]).to_owned()).collect()
    };
    assert_eq!(names("?metadata.k="), ["empty"]);
    assert_eq!(names("?type="), [""; 0]);
    assert_eq!(names("?instrumentCode="), [""; 0]);
    books.api.get(&books.accounts("?limit=")).coded(400, "0080");
    books.api.get(&books.accounts("?page=")).coded(400, "0080");
    assert_eq!(books.api.get(&books.path("portfolios?metadata.k=")).gives(200), json!([]));
    // A call without a list has no pages.
    books.api.get(&books.path("?limit=1").replace("/?", "?")).coded(400, "0082");
    books.api.post(&books.path("products?page=1"), &json!({"name": "x"})).coded(400, "0082");
}

#[test]
fn an_opening_balance_is_of_numbers_and_ignored_if_it_is_zero() {
    let server = Server::shared();
    let books = Books::new(&server);
    books.account_with(&json!({"balance": {"available": 0, "onHold": 0, "scale": 99}}));
    let open = |balance: serde_json::Value| {
        let body = json!({"instrumentCode": "CHF", "type": "deposit", "balance": balance});
        books.api.post(&books.accounts(""), &body)
    };
    for balance in [json!({"available": "100"}), json!({"available": 1.5}), json!({"available": 1, "scale": 99})] {
        open(balance).coded(400, "0047");
    }
    let production = Server::production();
    let token = production.add_token("dev", &[]).1;
    let books = Books::of(at(&production, &production.bearer(&token)));
    let body = json!({"instrumentCode": "CHF", "type": "deposit", "balance": {"available": "x"}});
    let refused = books.api.post(&books.accounts(""), &body).coded(400, "0053");
    assert_eq!(refused["fields"], json!({"balance": {"available": "x"}}));
}

#[test]
fn the_name_that_an_account_gets_is_not_too_long() {
    let server = Server::shared();
    let books = Books::new(&server);
    let account = books.account_with(&json!({"type": "x".repeat(256)}));
    let shown = books.api.get(&books.accounts(&format!("/{account}"))).gives(200);
    assert_eq!(text(&shown["name"]), format!("CHF {}", "x".repeat(252)));
}
