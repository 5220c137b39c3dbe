//! The OpenAPI document of the Helix dialect against a running server.

use super::harness::Server;
use super::helix::{account, admin, customer, fund, reserve};
use super::openapi::operations;
use super::openapi_calls::Checker;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn every_operation_answers_as_its_document_says() {
    let server = Server::start("");
    let url = server.banner["apis"]["helix"][0].as_str().unwrap().to_owned();
    let document = server.anyone().at(&url).get("/openapi.json").ok().json();
    let mut checker = Checker::new(&document);
    let ids: BTreeSet<_> = operations(&document).iter().map(|(.., it)| it["operationId"].to_string()).collect();
    assert_eq!(ids.len(), operations(&document).len(), "every operation has an id of its own");
    let api = admin(&server);
    let (id, joint) = (customer(&api), customer(&api));
    let (checking, savings) = (account(&api, id, "Checking"), account(&api, id, "Savings"));
    fund(&api, id, checking, "50");
    let mut called = BTreeSet::new();
    let mut call = |method: &str, path: &str, values: &[(&str, String)], body: Value| -> Value {
        let mut way = path.to_owned();
        for (name, value) in values {
            way = way.replace(&format!("{{{name}}}"), value);
        }
        let low = method.to_lowercase();
        if method == "POST" {
            checker.expect(&["paths", path, &low, "requestBody", "content", "application/json", "schema"], &body, path);
        }
        let text = body.to_string();
        let reply = api.send(method, &way, Some("application/json"), (method == "POST").then_some(text.as_bytes()));
        let data = reply.data();
        let place = ["paths", path, &low, "responses", "200", "content", "application/json", "schema"];
        checker.expect(&place, &reply.json(), path);
        called.insert((method.to_owned(), path.to_owned()));
        data
    };
    let person = json!({"firstName": "Jane", "lastName": "Doe", "birthDate": "04/12/1990", "tag": "jane",
        "taxId": "123456789", "emailAddress": "jane@example.com", "phones": [{"phoneType": "mobile", "number": "1"}],
        "isDocumentsAccepted": true, "addresses": [{"addressLine1": "x", "city": "y"}]});
    let made = call("POST", "/customer/create", &[], person)["customerId"].clone();
    call("POST", "/customer/update", &[], json!({"customerId": made, "suffix": "Jr"}));
    let of = |customer: i64| ("customerId", customer.to_string());
    call("GET", "/customer/get/{customerId}", &[of(id)], Value::Null);
    call("GET", "/customer/getByTag/{tag}", &[("tag", "jane".to_owned())], Value::Null);
    call("GET", "/customer/getByEmail/{emailAddress}", &[("emailAddress", "jane@example.com".to_owned())], Value::Null);
    call("GET", "/customer/list", &[], Value::Null);
    call("POST", "/customer/search", &[], json!({"lastName": "Doe"}));
    call("POST", "/customer/archive", &[], json!({"customerId": made}));
    let body = json!({"customerId": id, "name": "New", "type": "Prepaid", "tag": "new", "targetAmount": 5.5});
    let opened = call("POST", "/account/create", &[], body)["accountId"].clone();
    call("POST", "/account/update", &[], json!({"customerId": id, "accountId": opened, "legalName1": "Jane Doe"}));
    let key = [of(id), ("accountId", checking.to_string())];
    call("GET", "/account/get/{customerId}/{accountId}", &key, Value::Null);
    call("GET", "/account/getByTag/{customerId}/{tag}", &[of(id), ("tag", "new".to_owned())], Value::Null);
    call("GET", "/account/list/{customerId}", &[of(id)], Value::Null);
    let named = json!({"customerId": id, "accountId": checking});
    let with = |more: Value| {
        let mut body = named.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    call("POST", "/account/lock", &[], with(json!({"lockTypeCode": "CST", "lockReasonTypeCode": "TMP"})));
    call("POST", "/account/unlock", &[], named.clone());
    call("POST", "/account/placeHold", &[], with(json!({"amount": 1, "reason": "x"})));
    call("POST", "/account/releaseHold", &[], named.clone());
    let target = |access: &str| with(json!({"targetCustomerId": joint, "accessTypeCode": access}));
    call("POST", "/account/addAccess", &[], target("RDONLY"));
    call("POST", "/account/editAccess", &[], target("FULL"));
    call("GET", "/account/listAccess/{customerId}/{accountId}", &key, Value::Null);
    call("POST", "/account/removeAccess", &[], target("FULL"));
    let transfer = json!({"customerId": id, "fromId": checking, "toId": savings, "amount": 7.5, "tag": "t"});
    let moved = call("POST", "/transfer/create", &[], transfer)[0]["transactionId"].to_string();
    let path = "/transaction/list/{customerId}/{accountId}/{status}/{start}/{finish}";
    let span =
        [("status", "Settled".to_owned()), ("start", "1900-01-01".to_owned()), ("finish", "2999-01-01".to_owned())];
    let all: Vec<_> = key.iter().cloned().chain(span).collect();
    assert_eq!(call("GET", path, &all, Value::Null).as_array().unwrap().len(), 2);
    call("GET", "/transaction/get/{customerId}/{transactionId}", &[of(id), ("transactionId", moved)], Value::Null);
    call("GET", "/transaction/getByTag/{customerId}/{tag}", &[of(id), ("tag", "t".to_owned())], Value::Null);
    call("GET", "/program/get", &[], Value::Null);
    let new = json!({"customerId": id, "routingNumber": "123456789", "accountNumber": "1", "businessName": "ACME",
        "type": "Savings", "tag": "payer"});
    let payer = call("POST", "/externalAccount/create", &[], new.clone())["externalAccountId"].clone();
    let unverified = json!({"customerId": id, "routingNumber": "123456789", "accountNumber": "1", "type": "Checking",
        "firstName": "Jane", "lastName": "Doe"});
    let unverified = call("POST", "/externalAccount/initiate", &[], unverified)["externalAccountId"].clone();
    let of_external = |more: Value| {
        let mut body = json!({"customerId": id, "externalAccountId": unverified});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    call("POST", "/externalAccount/verify", &[], of_external(json!({"amount1": 0.18, "amount2": 0.28})));
    call("POST", "/externalAccount/update", &[], of_external(json!({"nickName": "x"})));
    call(
        "GET",
        "/externalAccount/get/{customerId}/{externalAccountId}",
        &[of(id), ("externalAccountId", payer.to_string())],
        Value::Null,
    );
    call("GET", "/externalAccount/getByTag/{customerId}/{tag}", &[of(id), ("tag", "payer".to_owned())], Value::Null);
    call("GET", "/externalAccount/list/{customerId}", &[of(id)], Value::Null);
    call("POST", "/externalAccount/archive", &[], of_external(json!({})));
    let transfer = json!({"customerId": id, "fromId": payer, "toId": savings, "amount": 1, "tag": "e"});
    call("POST", "/transfer/create", &[], transfer);
    call("POST", "/transfer/void", &[], json!({"customerId": id, "tag": "e"}));
    call("POST", "/account/close", &[], with(json!({"closeToAccountId": savings, "closeReason": "Never funded"})));
    let described: BTreeSet<_> = operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    assert_eq!(called, described);
    assert!(reserve(&api) > 0);
}

#[test]
fn its_pages_are_served() {
    let server = Server::shared();
    let url = server.banner["apis"]["helix"][0].as_str().unwrap().trim_end_matches('/').to_owned();
    assert_eq!(server.anyone().at(&url).get("/docs/").status, 200);
}
