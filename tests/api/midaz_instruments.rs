//! Instruments in Midaz.

use super::harness::Server;
use super::midaz::{Books, new_id, text};
use serde_json::{Value, json};

#[test]
fn an_instrument_is_created_read_changed_and_deleted() {
    let server = Server::shared();
    let books = Books::new(&server);
    let all = books.path("instruments");
    let body = json!({"name": "Brazilian Real", "type": "FIAT", "code": "BRL", "metadata": {"chave": "x"}});
    let made = books.api.post(&all, &body).gives(201);
    assert_eq!((&made["type"], &made["code"], &made["name"]), (&json!("FIAT"), &json!("BRL"), &body["name"]));
    assert_eq!((text(&made["ledgerId"]), text(&made["organizationId"])), (&*books.ledger, &*books.organization));
    let one = format!("{all}/{}", text(&made["id"]));
    assert_eq!(books.api.get(&one).gives(200), made);
    let change = json!({"name": "Real", "status": {"code": "BLOCKED", "description": null}, "metadata": {}});
    let changed = books.api.patch(&one, &change).gives(200);
    assert_eq!((&changed["name"], &changed["metadata"]), (&json!("Real"), &json!(null)));
    books.api.patch(&one, &json!({"code": "EUR"})).coded(400, "0053");
    books.api.patch(&one, &json!({"type": "crypto"})).coded(400, "0053");
    books.api.post(&all, &body).coded(409, "0003");
    // A blocked instrument takes accounts, and is kept by them.
    let account = books.account_with(&json!({"instrumentCode": "BRL"}));
    books.api.delete(&one).coded(400, "0008");
    books.api.delete(&books.accounts(&format!("/{account}"))).deleted();
    books.api.delete(&one).deleted();
    books.api.get(&one).coded(404, "0007");
    let open = json!({"instrumentCode": "BRL", "type": "deposit"});
    books.api.post(&books.accounts(""), &open).coded(404, "0034");
    books.api.post(&all, &body).gives(201);
}

#[test]
fn a_code_is_that_of_iso_4217_or_makes_a_currency() {
    let server = Server::start("");
    let books = Books::new(&server);
    let all = books.path("instruments");
    let post = |kind: &str, code: &str| books.api.post(&all, &json!({"name": "N", "type": kind, "code": code}));
    post("currency", "brl").coded(400, "0004");
    post("crypto", "brl").coded(400, "0004");
    post("currency", "XYZ").coded(400, "0005");
    post("FIAT", "BTC").coded(400, "0005");
    post("commodity", "A-B").coded(400, "0047");
    for (kind, code, decimals) in [("crypto", "PEPE", 8), ("commodity", "GRAIN", 2), ("currency", "JPY", 0)] {
        post(kind, code).gives(201);
        let account = books.account_with(&json!({"instrumentCode": code}));
        let shown = books.api.get(&books.accounts(&format!("/{account}"))).gives(200);
        assert_eq!(shown["balance"], json!({"available": 0, "onHold": 0, "scale": decimals}));
    }
    // The new currencies are there in every API, and the reference file leaves them alone.
    let currencies = server.admin().get("/options/currencies").ok().text;
    assert!(currencies.contains("PEPE") && currencies.contains("GRAIN"));
    assert!(!server.command(&["reference", "show"]).to_string().contains("PEPE"));
    server.apply_reference(include_str!("../../packaging/reference.toml"));
    books.account_with(&json!({"instrumentCode": "PEPE"}));
}

#[test]
fn the_default_ledger_has_an_instrument_for_every_currency() {
    let server = Server::start("");
    let books = Books::new(&server);
    let all = format!("{}/instruments", books.default_ledger());
    let instruments = books.api.get(&all).gives(200);
    let currencies = server.admin().get("/options/currencies").ok().json();
    assert_eq!(instruments.as_array().unwrap().len(), currencies["currencies"].as_array().unwrap().len());
    let franc = instruments.as_array().unwrap().iter().find(|found| found["code"] == "CHF").unwrap();
    let one = format!("{all}/{}", text(&franc["id"]));
    let changed = books.api.patch(&one, &json!({"name": "Franc", "metadata": {"a": 1}})).gives(200);
    assert_eq!(
        (&changed["id"], &changed["name"], &changed["createdAt"]),
        (&franc["id"], &json!("Franc"), &franc["createdAt"])
    );
    assert_eq!(books.api.get(&one).gives(200), changed);
    assert_eq!(books.api.get(&all).gives(200).as_array().unwrap().len(), instruments.as_array().unwrap().len());
    books.api.delete(&one).coded(400, "0008");
    server.trace();
    books.api.post(&all, &json!({"name": "Franc", "type": "currency", "code": "CHF"})).coded(409, "0003");
    // One that a caller adds there can go again.
    let made = books.api.post(&all, &json!({"name": "Token", "type": "token", "code": "TOKN"})).gives(201);
    books.api.delete(&format!("{all}/{}", text(&made["id"]))).deleted();
}

#[test]
fn what_a_caller_notes_on_an_instrument_does_not_keep_its_currency_open() {
    let server = Server::start("");
    let books = Books::new(&server);
    let ledger = books.default_ledger();
    let all = format!("{ledger}/instruments");
    let found = |code: &str| {
        let all = books.api.get(&all).gives(200);
        all.as_array().unwrap().iter().find(|found| found["code"] == code).cloned()
    };
    let one = |instrument: &Value| format!("{all}/{}", text(&instrument["id"]));
    let franc = found("CHF").unwrap();
    books.api.patch(&one(&franc), &json!({"name": "Franc"})).gives(200);
    let portfolio = json!({"name": "Savings", "entityId": new_id()});
    let portfolio = books.api.post(&format!("{ledger}/portfolios"), &portfolio).gives(201);
    let accounts = format!("{ledger}/portfolios/{}/accounts", text(&portfolio["id"]));
    let open = json!({"instrumentCode": "CHF", "type": "deposit"});
    books.api.post(&accounts, &open).gives(201);
    let file = include_str!("../../packaging/reference.toml");
    let off = file.replacen("code = \"CHF\"", "code = \"CHF\"\nenabled = false", 1);
    assert_ne!(off, file);
    server.apply_reference(&off);
    assert_eq!(found("CHF"), None);
    books.api.get(&one(&franc)).coded(404, "0007");
    books.api.post(&accounts, &open).coded(404, "0034");
    // Another ledger keeps the instrument that a caller added to it, and so does this one from now on.
    books.account();
    books.api.post(&all, &json!({"name": "Franc", "type": "currency", "code": "CHF"})).gives(201);
    books.api.post(&accounts, &open).gives(201);
    server.apply_reference(&off);
    books.api.post(&accounts, &open).gives(201);
    server.apply_reference(file);
    assert!(found("CHF").is_some());
    books.api.post(&accounts, &open).gives(201);
    server.trace();
}

#[test]
fn a_currency_that_the_reference_file_does_not_offer_works_in_a_ledger() {
    let server = Server::start("");
    let books = Books::new(&server);
    let default = books.default_ledger();
    for (all, code) in [(books.path("instruments"), "INR"), (format!("{default}/instruments"), "ARS")] {
        let body = json!({"name": "A currency", "type": "FIAT", "code": code});
        let made = books.api.post(&all, &body).gives(201);
        let one = format!("{all}/{}", text(&made["id"]));
        assert_eq!(books.api.get(&one).gives(200), made);
        assert!(books.api.get(&all).gives(200).as_array().unwrap().contains(&made));
        books.api.post(&all, &body).coded(409, "0003");
    }
    let account = books.account_with(&json!({"instrumentCode": "INR"}));
    server.admin().deposit(&account, "1.25");
    let path = books.accounts(&format!("/{account}"));
    let shown = books.api.get(&path).gives(200);
    assert_eq!(shown["balance"], json!({"available": 125, "onHold": 0, "scale": 2}));
    // Elsewhere it is as little on offer as before.
    assert!(!server.admin().get("/options/currencies").ok().text.contains("INR"));
    let open = json!({"instrumentCode": "INR", "type": "deposit"});
    books.api.post(&Books::new(&server).accounts(""), &open).coded(404, "0034");
    server.trace();
    // It can go again, and its ledger with it.
    for (all, code) in [(books.path("instruments"), "INR"), (format!("{default}/instruments"), "ARS")] {
        let found = books.api.get(&all).gives(200);
        let found = found.as_array().unwrap().iter().find(|found| found["code"] == code).unwrap();
        let one = format!("{all}/{}", text(&found["id"]));
        if code == "INR" {
            books.api.delete(&one).coded(400, "0008");
            server.admin().post(&format!("/accounts/{account}/withdraw"), &json!({"amount": "1.25"})).ok();
            books.api.delete(&path).deleted();
        }
        books.api.delete(&one).deleted();
        books.api.get(&one).coded(404, "0007");
    }
}
