//! Customers of Helix, as the public clients of the vendor send and read them.

use super::harness::Server;
use super::helix::{account, admin, at, customer, native_client, number, post};
use serde_json::{Value, json};

/// A customer as the vendor's client for Ruby writes it: everything but texts is a text.
fn as_ruby_sends(tag: &str) -> Value {
    json!({
        "birthDate": "01/31/1985", "culture": "en-US", "firstName": "Joey", "middleName": "Flanagan",
        "lastName": format!("McTester{tag}"), "gender": "M", "isDocumentsAccepted": "true",
        "isSubjectToBackupWithholding": "false", "isOptedInToBankCommunication": "0", "tag": tag,
        "taxId": "012341234", "customField1": "desk 7",
        "phones": [{"phoneType": "mobile", "number": "515-555-1234"}],
        "addresses": [{"addressLine1": "123 Main Street", "city": "Anytown", "state": "IA", "postalCode": "55555",
            "addressType": "residence", "country": "US", "isActive": 1}],
    })
}

#[test]
fn a_customer_is_created_read_found_and_changed() {
    let server = Server::start("");
    let api = admin(&server);
    let tag = "jfm2026-11-28 00:12:10 +0000";
    let made = post(&api, "/customer/create", &as_ruby_sends(tag));
    let id = number(&made["customerId"]);
    let reply = api.get(&format!("/customer/get/{id}")).shows("helix_customer");
    let shown = reply.data();
    assert_eq!(
        (shown["birthDate"].clone(), shown["taxIdMasked"].clone()),
        (json!("1985-01-31T00:00:00.000+00:00"), json!("*****1234"))
    );
    assert!(!reply.text.contains("012341234") && shown.get("taxId").is_none());
    let encoded = "jfm2026-11-28%2000:12:10%20+0000";
    for path in [format!("/customer/getByTag/{encoded}"), format!("/customer/getByTag/?tag={encoded}")] {
        assert_eq!(api.get(&path).data(), shown, "{path}");
    }
    for body in [
        json!({"lastName": shown["lastName"]}),
        json!({"taxId": "012341234", "birthDate": "1985-01-31", "phones": [], "customerId": null}),
        json!({"tag": tag, "firstName": "joey"}),
    ] {
        let found = api.post("/customer/search?pageNumber=&pageSize=", &body).data();
        assert_eq!(
            (found[0]["customerId"].clone(), found[0]["customerCount"].clone()),
            (json!(id), json!(1)),
            "{body}"
        );
    }
    for body in [json!({"passportNumber": "x"}), json!({"taxId": "999", "tag": tag}), json!({"emailAddress": "no"})] {
        assert_eq!(api.post("/customer/search", &body).data(), json!([]), "{body}");
    }

    // A client that sends back what it has read changes nothing but what it set.
    let mut sent_back = shown.clone();
    sent_back["firstName"] = "Joseph".into();
    let changed = api.post("/customer/update", &sent_back).data();
    let mut expected = shown.clone();
    expected["firstName"] = "Joseph".into();
    expected["lastModifiedDate"] = changed["lastModifiedDate"].clone();
    assert_eq!(changed, expected);
    let unchanged = api.post("/customer/update", &changed).data();
    assert_eq!(unchanged, changed);
    let emptied = json!({"customerId": id, "middleName": "", "phones": [], "customField1": "", "customField2": "x"});
    let emptied = api.post("/customer/update", &emptied).data();
    assert_eq!((emptied["middleName"].clone(), emptied["customField1"].clone()), (json!(""), json!("")));
    assert_eq!((&emptied["phones"], &emptied["customField2"]), (&shown["phones"], &json!("x")));
    assert_eq!(emptied["taxIdMasked"], "*****1234", "what is not sent stays");

    let native = server.admin().get(&format!("/profiles/{}", native_client(&server, id))).ok().json();
    assert_eq!(
        (&native["city"], &native["phone"], &native["reference"]),
        (&json!("Anytown"), &json!("515-555-1234"), &json!(tag))
    );
    let events = server.admin().get("/events?limit=500").ok().text;
    assert!(!events.contains("012341234"), "a tax number is in an event");
    server.trace();
}

#[test]
fn customers_are_listed_in_pages_from_zero() {
    let server = Server::start("");
    let api = admin(&server);
    let all: Vec<i64> = (0..3).map(|_| customer(&api)).collect();
    let page = |query: &str| api.get(&format!("/customer/list{query}")).data();
    let ids = |page: &Value| page.as_array().unwrap().iter().map(|one| number(&one["customerId"])).collect::<Vec<_>>();
    assert_eq!((ids(&page("")), ids(&page("?pageNumber=1&pageSize=2"))), (all.clone(), all[2..].to_vec()));
    assert_eq!(page("?pageNumber=0&pageSize=1")[0]["customerCount"], 3);
    assert_eq!(page("?pageNumber=9"), json!([]));
    api.get("/customer/list?pageSize=201").fails(400, 60002);
}

#[test]
fn a_client_of_another_api_is_a_customer_and_blocks_show() {
    let server = Server::start("");
    let (api, native) = (admin(&server), server.admin());
    let profile =
        native.new_profile_with(&json!({"firstName": "Jane", "phone": "1", "city": "Bern", "birthDate": "x"}));
    let id = number(&serde_json::from_str(&native.get(&format!("/profiles/{profile}")).ok().digits("number")).unwrap());
    let shown = api.get(&format!("/customer/get/{id}")).data();
    assert_eq!((&shown["phones"][0]["number"], &shown["addresses"][0]["city"]), (&json!("1"), &json!("Bern")));
    assert_eq!((shown.get("birthDate"), &shown["status"]), (None, &json!("Verified")), "no date is shown as none");
    let email = shown["emailAddress"].as_str().unwrap().replace('@', "%40");
    assert_eq!(api.get(&format!("/customer/getByEmail/{email}")).data()["customerId"], id);
    let body = json!({"email": "x@example.com", "requiresReview": true});
    let review = native.post("/profiles", &body).ok().digits("number");
    assert_eq!(api.get(&format!("/customer/get/{review}")).data()["status"], "ManualReview");
    native.post(&format!("/profiles/{profile}/deceased"), &json!({"deceasedOn": "2024-05-17"})).ok();
    post(&api, "/customer/update", &json!({"customerId": review, "firstName": "Al", "lastName": "Bo"}));
    let kept = post(&api, "/customer/update", &json!({"customerId": review, "firstName": "", "lastName": ""}));
    assert_eq!((&kept["firstName"], &kept["lastName"]), (&json!("Al"), &json!("Bo")), "names cannot be removed");
    let body = json!({"customerId": review, "birthDate": "1990-04-12T00:00:00.000+02:00"});
    let shown = post(&api, "/customer/update", &body);
    assert_eq!(shown["birthDate"], "1990-04-12T00:00:00.000+00:00", "the day that was written");
    let dead = api.get(&format!("/customer/get/{id}")).data();
    assert_eq!((&dead["isActive"], &dead["deceasedDate"]), (&json!(false), &json!("2024-05-17T00:00:00.000+00:00")));
}

#[test]
fn a_customer_without_open_accounts_is_archived() {
    let server = Server::start("");
    let api = admin(&server);
    let (id, busy) = (customer(&api), customer(&api));
    account(&api, busy, "Checking");
    let before = server.trace();
    api.post("/customer/archive", &json!({"customerId": busy})).fails(400, 60002);
    assert_eq!(server.trace(), before);
    post(&api, "/customer/archive", &json!({"customerId": id.to_string()}));
    let shown = api.get(&format!("/customer/get/{id}")).data();
    assert_eq!((&shown["status"], &shown["isActive"]), (&json!("Archived"), &json!(false)));
    api.post("/account/create", &json!({"customerId": id, "name": "x", "type": "Checking"})).fails(400, 61014);
}

#[test]
fn what_tags_hide_is_not_found() {
    let server = Server::start("");
    let api = admin(&server);
    let native = server.admin();
    let vip = native.new_profile_with(&json!({"tags": ["vip"], "reference": "vip-1", "email": "vip@example.com"}));
    let id = native.get(&format!("/profiles/{vip}")).ok().digits("number").parse::<i64>().unwrap();
    let account = account(&api, id, "Checking");
    post(&api, "/account/update", &json!({"customerId": id, "accountId": account, "tag": "rent"}));
    let new = json!({"customerId": id, "routingNumber": "123456789", "accountNumber": "1", "businessName": "ACME",
        "type": "Savings", "tag": "payer"});
    let external = number(&post(&api, "/externalAccount/initiate", &new)["externalAccountId"]);
    let retail = at(&server, &server.operator("operator", &["retail"]));
    let before = server.trace();
    for path in [
        format!("/account/getByTag/{id}/rent"),
        format!("/customer/get/{id}"),
        format!("/externalAccount/get/{id}/{external}"),
        format!("/externalAccount/getByTag/{id}/payer"),
        format!("/externalAccount/list/{id}"),
        "/customer/getByTag/vip-1".to_owned(),
        "/customer/getByEmail/vip@example.com".to_owned(),
        format!("/account/get/{id}/{account}"),
        format!("/account/list/{id}"),
        format!("/account/listAccess/{id}/{account}"),
        format!("/transaction/list/{id}/{account}"),
        format!("/transaction/get/{id}/1"),
        format!("/transaction/getByTag/{id}/x"),
    ] {
        retail.get(&path).fails(404, 60001);
    }
    let key = json!({"customerId": id, "accountId": account});
    let with = |more: Value| {
        let mut body = key.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let of_external = |more: Value| {
        let mut body = json!({"customerId": id, "externalAccountId": external});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (path, body) in [
        ("/customer/update", json!({"customerId": id, "firstName": "x"})),
        ("/customer/archive", json!({"customerId": id})),
        ("/account/create", json!({"customerId": id, "name": "x", "type": "Checking"})),
        ("/account/update", with(json!({"name": "x"}))),
        ("/account/close", key.clone()),
        ("/account/lock", with(json!({"lockTypeCode": "CST", "lockReasonTypeCode": "TMP"}))),
        ("/account/unlock", key.clone()),
        ("/account/placeHold", with(json!({"amount": 1, "reason": "x"}))),
        ("/account/releaseHold", key.clone()),
        ("/account/addAccess", with(json!({"targetCustomerId": id, "accessTypeCode": "FULL"}))),
        ("/account/editAccess", with(json!({"targetCustomerId": id, "accessTypeCode": "FULL"}))),
        ("/account/removeAccess", with(json!({"targetCustomerId": id}))),
        ("/transfer/void", json!({"customerId": id, "tag": "x"})),
        ("/externalAccount/initiate", new.clone()),
        ("/externalAccount/verify", of_external(json!({"amount1": 0.18, "amount2": 0.28}))),
        ("/externalAccount/update", of_external(json!({"nickName": "x"}))),
        ("/externalAccount/archive", of_external(json!({}))),
    ] {
        retail.post(path, &body).fails(404, 60001);
    }
    retail
        .post("/transfer/create", &json!({"customerId": id, "fromId": account, "toId": 1, "amount": 1}))
        .fails(404, 60001);
    assert_eq!(server.trace(), before);
    let made = server.command(&["client", "create", "--api", "helix", "--label", "retail", "--tag", "retail"]);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let client = at(&server, &super::helix::basic(&server, &text("client_id"), &text("client_secret")));
    let before = server.trace();
    client.post("/externalAccount/create", &new).fails(404, 60001);
    assert_eq!(retail.get("/customer/list").data(), json!([]));
    assert_eq!(retail.post("/customer/search", &json!({"tag": "vip-1"})).data(), json!([]));
    assert_eq!(server.trace(), before);
}
