//! Accounts of Helix: every member of the object and what changes it.

use super::harness::{Server, unique};
use super::helix::{account, admin, balances, customer, fund, native_id, number, post, seen};
use serde_json::{Value, json};

#[test]
fn an_account_is_created_read_changed_and_listed() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    // As the vendor's client for Ruby writes it.
    let body = json!({
        "customerId": id.to_string(), "tag": "act ruby", "type": "Checking", "category": "CategoryA",
        "subCategory": "CategoryB", "isCloseable": "true", "name": "Rainy day", "targetAmount": "500",
        "targetDate": "01/01/2030", "legalName1": "Joey McTester", "customField3": "x", "unknown": {"x": [1]},
    });
    let made = api.post("/account/create", &body);
    let shown = made.shows("helix_account").data();
    let account = number(&shown["accountId"]);
    assert_eq!(seen(&api, id, account), shown);
    assert_eq!(api.get(&format!("/account/getByTag/{id}/act%20ruby")).data(), shown);
    assert_eq!(api.get(&format!("/account/list/{id}/")).data(), json!([shown]));
    assert_eq!(api.get(&format!("/customer/get/{id}")).data()["accounts"], json!([shown]));

    server.advance(60);
    // What was read is sent back with another name: members that nobody can set are ignored.
    let mut sent_back = shown.clone();
    for (name, value) in [
        ("name", json!("Updated")),
        ("accountBalance", json!(9)),
        ("productId", json!(1)),
        ("isCloseable", json!(false)),
        ("accountNumber", json!("1")),
        ("status", json!("Closed")),
    ] {
        sent_back[name] = value;
    }
    assert_eq!(api.post("/account/update", &sent_back).data(), json!({"accountId": account}));
    let changed = seen(&api, id, account);
    let mut expected = shown.clone();
    expected["name"] = "Updated".into();
    expected["lastModifiedDate"] = changed["lastModifiedDate"].clone();
    assert_eq!(changed, expected);
    assert_ne!(changed["lastModifiedDate"], shown["lastModifiedDate"]);
    server.advance(60);
    post(&api, "/account/update", &changed);
    assert_eq!(seen(&api, id, account), changed, "equal values are no change");
    let change = json!({"customerId": id, "accountId": account, "subCategory": "C", "customField3": "",
        "targetAmount": 0, "legalName2": "and Co", "tag": "new tag"});
    post(&api, "/account/update", &change);
    let changed = seen(&api, id, account);
    let members = ["subCategory", "customField3", "legalName2", "tag", "name"];
    assert_eq!(members.map(|name| changed[name].as_str().unwrap()), ["C", "", "and Co", "new tag", "Updated"]);
    assert_eq!(changed["targetAmount"].to_string(), "0.0");
    let native = server.admin().get(&format!("/accounts/{}", native_id(&server, account))).ok().json();
    assert_eq!(
        (&native["name"], &native["reference"], &native["category"]),
        (&json!("Updated"), &json!("new tag"), &json!("CategoryA"))
    );
}

#[test]
fn products_decide_the_type_and_whether_numbers_show() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    let program = api.get("/program/get").shows("helix_program").data();
    let products = program["products"].as_array().unwrap();
    assert_eq!(
        program["checkingProducts"]["checking"]["category"].as_str().map(str::to_lowercase).as_deref(),
        Some("checking")
    );
    for product in products {
        let body = json!({"customerId": id, "name": unique("By id"), "productId": product["productId"]});
        let made = post(&api, "/account/create", &body);
        assert_eq!((&made["type"], &made["productId"]), (&product["type"], &product["productId"]));
        let by_type = post(
            &api,
            "/account/create",
            &json!({"customerId": id, "name": unique("By type"), "type": product["type"]}),
        );
        assert_eq!(by_type["type"], product["type"]);
        let (full, masked) = (&made["accountNumber"], made["accountNumberMasked"].as_str().unwrap());
        assert!(masked.starts_with("******") && masked.len() == 10, "{masked}");
        if let Some(full) = full.as_str() {
            assert_eq!(&full[6..], &masked[6..]);
        }
    }
    // Another API's account is one too, and its numbers stay masked.
    let trading = server.admin().new_account("USD");
    let trading = server.admin().get(&format!("/accounts/{trading}")).ok();
    let client = server.admin().get(&format!("/profiles/{}", trading.text_at("profileId"))).ok().digits("number");
    let shown = api.get(&format!("/account/get/{client}/{}", trading.digits("number"))).data();
    assert_eq!(
        (&shown["type"], &shown["accountNumber"], &shown["name"]),
        (&json!("ForBenefitOf"), &Value::Null, &json!(""))
    );
}

#[test]
fn a_number_may_be_chosen_once() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    let open = |number: &Value| {
        api.post(
            "/account/create",
            &json!({"customerId": id, "name": unique("N"), "type": "Checking", "accountNumber": number}),
        )
    };
    assert_eq!(open(&json!("9900123456789")).data()["accountNumberMasked"], "*********6789");
    let before = server.trace();
    open(&json!("9900123456789")).fails(400, 61020);
    for bad in [json!("12 34"), json!("AB12"), json!("1".repeat(51)), json!(-5)] {
        open(&bad).fails(400, 61019);
    }
    assert_eq!(server.trace(), before);
}

#[test]
fn balances_and_their_dates_follow_the_money() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    let account = account(&api, id, "Savings");
    let fresh = seen(&api, id, account);
    assert_eq!((fresh.get("firstDepositDate"), fresh["balanceLastModifiedDate"] == fresh["createdDate"]), (None, true));
    server.advance(60);
    fund(&api, id, account, "75.50");
    let funded = seen(&api, id, account);
    assert_eq!(balances(&api, id, account), ["75.50", "75.50", "0.00"]);
    assert_eq!(funded["firstDepositDate"], funded["balanceLastModifiedDate"]);
    assert_eq!(
        (&funded["lastModifiedDate"], &fresh["createdDate"]),
        (&fresh["lastModifiedDate"], &funded["createdDate"])
    );
    server.advance(60);
    post(&api, "/account/placeHold", &json!({"customerId": id, "accountId": account, "amount": "20", "reason": "x"}));
    assert_eq!(balances(&api, id, account), ["75.50", "55.50", "0.00"], "held money is part of the balance");
    let held = seen(&api, id, account);
    assert!(held["balanceLastModifiedDate"].as_str() > funded["balanceLastModifiedDate"].as_str());
    assert_eq!(held["firstDepositDate"], funded["firstDepositDate"]);
    let native = native_id(&server, account);
    server.admin().ask(&native, "deposits", "7");
    assert_eq!(balances(&api, id, account), ["75.50", "55.50", "7.00"], "announced money is pending");
}

#[test]
fn a_target_is_met_once_and_its_share_is_rounded_half_up() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    let body = json!({"customerId": id, "name": "Goal", "type": "Savings", "targetAmount": 200});
    let account = number(&post(&api, "/account/create", &body)["accountId"]);
    let share = || api.get(&format!("/account/get/{id}/{account}")).digits("data/targetMetPercent");
    fund(&api, id, account, "1");
    assert_eq!((share(), seen(&api, id, account).get("targetMetDate")), ("0.01".into(), None), "0.005 is rounded up");
    server.advance(60);
    fund(&api, id, account, "199");
    let met = seen(&api, id, account)["targetMetDate"].clone();
    assert!(met.is_string() && share() == "1.00");
    let out = json!({"customerId": id, "fromId": account, "toId": super::helix::reserve(&api), "amount": 150});
    post(&api, "/transfer/create", &out);
    server.advance(60);
    fund(&api, id, account, "400");
    assert_eq!((seen(&api, id, account)["targetMetDate"].clone(), share()), (met, "2.25".into()));
    for bad in [json!("2001-01-01"), json!("soon")] {
        let change = json!({"customerId": id, "accountId": account, "targetDate": bad});
        api.post("/account/update", &change).fails(400, 61110);
    }
}

#[test]
fn the_first_account_of_a_customer_is_its_primary_one() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    let (first, second) = (account(&api, id, "Checking"), account(&api, id, "Checking"));
    assert_eq!(
        [first, second].map(|account| seen(&api, id, account)["isPrimary"].clone()),
        [json!(true), json!(false)]
    );
}

#[test]
fn every_status_shows() {
    let server = Server::start("");
    let api = admin(&server);
    let native = server.admin();
    let body = json!({"email": "review@example.com", "requiresReview": true, "firstName": "R", "lastName": "V"});
    let profile = native.post("/profiles", &body).ok();
    let id = profile.digits("number").parse::<i64>().unwrap();
    let account = account(&api, id, "Checking");
    let status = || seen(&api, id, account)["status"].as_str().unwrap().to_owned();
    assert_eq!(status(), "PendingOpen");
    native.step(&format!("/profiles/{}/approve", profile.text_at("id"))).ok();
    assert_eq!(status(), "Open");
    let path = format!("/accounts/{}", native_id(&server, account));
    for (step, expected) in [("dormant", "Dormant"), ("inactive", "Inactive")] {
        native.step(&format!("{path}/{step}")).ok();
        assert_eq!(status(), expected);
        let pay = json!({"customerId": id, "fromId": super::helix::reserve(&api), "toId": account, "amount": 1});
        api.post("/transfer/create", &pay).fails(400, 63611);
    }
    native.step(&format!("{path}/activate")).ok();
    fund(&api, id, account, "5");
    native.step(&format!("{path}/close")).ok();
    assert_eq!(status(), "PendingClosed");
    native.post(&format!("{path}/withdraw"), &json!({"amount": "5"})).ok();
    assert_eq!(status(), "Closed");
    assert!(seen(&api, id, account)["closedDate"].is_string());
    api.post("/account/update", &json!({"customerId": id, "accountId": account, "name": "x"})).fails(400, 61111);
}

#[test]
fn operators_let_an_account_use_all_external_accounts() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    let account = account(&api, id, "Checking");
    assert_eq!(seen(&api, id, account)["globalAccountAccessEnabled"], false);
    let path = format!("/accounts/{}/details", native_id(&server, account));
    server.admin().put(&path, &json!({"usesAllExternalAccounts": true})).ok();
    assert_eq!(seen(&api, id, account)["globalAccountAccessEnabled"], true);
}
