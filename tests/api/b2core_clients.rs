//! Clients through the B2Core dialect.

use super::b2core_access::{admin, base, open, product_currency, twice};
use super::harness::{Caller, PASSWORD, Server, assert_shown};
use serde_json::{Value, json};

#[track_caller]
fn create(caller: &Caller<'_>, body: &Value) -> i64 {
    caller.post("/clients", body).status_is(201).json()["clientId"].as_i64().unwrap()
}

#[track_caller]
fn found(caller: &Caller<'_>, filters: &[(&str, &str)]) -> Vec<i64> {
    const ENCODED: [(char, &str); 4] = [(' ', "%20"), (',', "%2C"), ('ü', "%C3%BC"), ('\u{308}', "%CC%88")];
    let encoded = |text: &str| ENCODED.iter().fold(text.to_owned(), |text, (c, code)| text.replace(*c, code));
    let filters: Vec<_> =
        filters.iter().map(|(name, value)| format!("filter%5B{name}%5D={}", encoded(value))).collect();
    let reply = caller.get(&format!("/clients?sort_order=asc&{}", filters.join("&"))).ok();
    let clients = reply.json().as_array().unwrap().clone();
    assert_eq!(reply.header("x-total-count"), Some(clients.len().to_string().as_str()));
    clients.iter().map(|client| client["clientId"].as_i64().unwrap()).collect()
}

/// A client with every field.
fn jane() -> Value {
    json!({
        "email": "Jane.Doe@example.com", "firstName": "Jane", "lastName": "Doe", "nickname": "JD",
        "phone": "+41 44 000 00 00", "countryCode": 756, "city": "Zürich", "address": "Bahnhofstrasse 1",
        "zipCode": "8001", "birthDate": "1990-04-12", "language": "de", "companyShortName": "Doe",
        "companyFullName": "Doe & Sons, Inc.", "typeId": 2, "statusId": 1, "tags": ["vip"], "unknown": [1],
    })
}

#[test]
fn a_client_is_created_with_every_field_and_read_by_the_native_api() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let created = caller.post("/clients", &jane()).status_is(201);
    assert_shown("b2core_client", &created.text);
    assert_eq!(created.text, caller.get("/clients/1").ok().text);
    let id = native.get("/profiles?email=jane.doe@example.com").ok().text_at("profiles/0/id");
    let profile = native.get(&format!("/profiles/{id}")).ok().json();
    for (name, value) in [
        ("number", json!(1)),
        ("country", json!("CH")),
        ("kind", json!("CORPORATE")),
        ("company", json!("Doe")),
        ("companyFullName", json!("Doe & Sons, Inc.")),
        ("nickname", json!("JD")),
        ("blocked", json!(false)),
        ("status", json!("VERIFIED")),
    ] {
        assert_eq!(profile[name], value, "{name}");
    }
    // One made there, with a country in words.
    let body = json!({"email": "ada@example.com", "country": "Germany"});
    native.post("/profiles", &body).ok();
    let ada = caller.get("/clients/2").ok().json();
    assert_eq!((&ada["countryCode"], &ada["typeId"], &ada["statusId"]), (&json!(276), &json!(1), &json!(1)));
    native.post("/profiles", &json!({"email": "bob@example.com", "country": "Atlantis"})).ok();
    assert_eq!(caller.get("/clients/3").ok().json()["countryCode"], Value::Null);
}

#[test]
fn a_change_touches_only_what_is_sent() {
    let server = Server::start("");
    let caller = admin(&server);
    create(&caller, &jane());
    let before = caller.get("/clients/1").ok().json();
    let trace = server.trace();
    for body in [json!({}), json!({"city": "Zürich", "unknown": 1}), json!({"email": "Jane.Doe@example.com"})] {
        assert_eq!(caller.patch("/clients/1", &body).ok().json(), before, "{body}");
    }
    caller.send("PUT", "/clients/1", None, None).ok();
    assert_eq!(server.trace(), trace);
    let mut expected = before.clone();
    for (field, value) in
        [("city", json!("Bern")), ("countryCode", json!(40)), ("nickname", json!("")), ("typeId", json!(1))]
    {
        let mut body = json!({});
        body[field] = value.clone();
        let method = if field == "city" { "PUT" } else { "PATCH" };
        let changed = caller.send(method, "/clients/1", None, Some(body.to_string().as_bytes())).ok().json();
        expected[field] = value;
        expected["updateTime"] = changed["updateTime"].clone();
        assert_eq!(changed, expected);
    }
}

#[test]
fn a_blocked_client_gets_no_sessions_and_no_accounts() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let mut body = jane();
    body["password"] = json!(PASSWORD);
    let client = create(&caller, &body);
    let offer = product_currency(&server, "Standard", "USD");
    let account = json!({"clientId": client, "productCurrencyId": offer});
    caller.post("/accounts", &account).status_is(201);
    let login = json!({"email": "jane.doe@example.com", "password": PASSWORD});
    let token = native.post("/trade/login", &login).ok().text_at("accessToken");
    let blocked = caller.patch("/clients/1", &json!({"statusId": 2})).ok();
    assert_eq!(blocked.json()["statusId"], 2);
    let before = server.trace();
    native.post("/trade/login", &login).refused("PROFILE_BLOCKED");
    assert_eq!(native.post("/trade/introspect", &json!({"token": token})).ok().json()["active"], false);
    let refused = caller.post("/accounts", &account).refused_as(400, "validation_failed");
    assert_eq!(refused.text_at("message"), "clientId: the client is blocked");
    assert_eq!(server.trace(), before);
    let events = super::native_events::read_all(&native, "1", "", 1000);
    assert_eq!(events.last().unwrap()["data"]["blocked"], true);
    let id = native.get("/profiles?email=jane.doe@example.com").ok().text_at("profiles/0/id");
    assert_eq!(native.get(&format!("/profiles/{id}")).ok().json()["blocked"], true);
    // Lifted by the native API.
    let body = json!({"email": "jane.doe@example.com", "blocked": false, "tags": ["vip"]});
    native.put(&format!("/profiles/{id}"), &body).ok();
    assert_eq!(caller.get("/clients/1").ok().json()["statusId"], 1);
    native.post("/trade/login", &login).ok();
}

#[test]
fn a_client_that_was_read_can_be_sent_back_and_stays_as_it_is() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    // None of these can be written here: a review, a country that has no number, a date in words.
    let body = json!({"email": "ann@example.com", "requiresReview": true, "country": "Atlantis", "birthDate": "1 May"});
    let profile = native.new_profile_with(&body);
    let shown = caller.get("/clients/1").ok().json();
    let facts = [&shown["statusId"], &shown["countryCode"], &shown["birthDate"]];
    assert_eq!(facts, [&json!(2), &Value::Null, &json!("1 May")]);
    let before = server.trace();
    assert_eq!(caller.put("/clients/1", &shown).ok().json(), shown);
    let refused = caller.put("/clients/1", &json!({"statusId": 1, "city": "Bern"})).refused_as(409, "conflict");
    assert_eq!(refused.text_at("message"), "the client is in review");
    assert_eq!(server.trace(), before);
    let read = native.get(&format!("/profiles/{profile}")).ok();
    assert_eq!((read.text_at("status"), read.json()["blocked"].clone()), ("PENDING".into(), json!(false)));
    assert_eq!(read.text_at("country"), "Atlantis");
    caller.patch("/clients/1", &json!({"birthDate": "2 May"})).refused_as(400, "validation_failed");
    // Of a client that is active, null clears the country, and the status is written.
    create(&caller, &jane());
    assert_eq!(caller.patch("/clients/2", &json!({"countryCode": null})).ok().json()["countryCode"], Value::Null);
    let jane = native.get("/profiles?email=jane.doe@example.com").ok();
    assert_eq!(jane.text_at("profiles/0/country"), "");
    for (status, blocked) in [(2, true), (2, true), (1, false), (1, false)] {
        assert_eq!(caller.patch("/clients/2", &json!({"statusId": status})).ok().json()["statusId"], status);
        assert_eq!(native.get("/profiles?email=jane.doe@example.com").ok().json()["profiles"][0]["blocked"], blocked);
    }
}

#[test]
fn only_an_active_client_gets_accounts() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let offer = product_currency(&server, "Wallet", "USD");
    let account = |client: i64| json!({"clientId": client, "productCurrencyId": offer});
    native.new_profile_with(&json!({"requiresReview": true, "email": "ann@example.com"}));
    let dead = native.new_profile();
    native.step(&format!("/profiles/{dead}/deceased")).ok();
    create(&caller, &json!({"email": "bob@example.com"}));
    caller.delete("/clients/3").status_is(204);
    let before = server.trace();
    for (client, message) in [
        (1, "clientId: the client is in review"),
        (2, "clientId: the client is deceased"),
        (3, "clientId: no such client"),
        (4, "clientId: no such client"),
    ] {
        let refused = caller.post("/accounts", &account(client)).refused_as(400, "validation_failed");
        assert_eq!((refused.text_at("message"), refused.fields()), (message.into(), vec!["clientId".into()]));
    }
    assert_eq!(server.trace(), before);
    caller.patch("/clients/2", &json!({"statusId": 1})).refused_as(409, "conflict");
    let missing = caller.get("/clients/3").refused_as(404, "not_found");
    assert_eq!(missing.text_at("message"), "no such client");
    // An account that was opened stays the answer to its key, whatever becomes of the client.
    create(&caller, &json!({"email": "eve@example.com"}));
    let first = caller.key("k").post("/accounts", &account(4)).status_is(201);
    caller.patch("/clients/4", &json!({"statusId": 2})).ok();
    let again = caller.key("k").post("/accounts", &account(4)).status_is(201);
    assert!(again.is_replayed() && again.text == first.text, "{}", again.text);
}

#[test]
fn a_client_is_deleted_once_its_accounts_are_archived() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let profile = native.new_profile();
    let (account, id) = open(&server, &profile, "Standard", "USD");
    let before = server.trace();
    let kept = caller.delete("/clients/1").refused_as(409, "conflict");
    assert_eq!(kept.text_at("message"), "the client still has accounts: archive them, wallets in the native API");
    caller.delete("/clients/9").refused_as(404, "not_found");
    assert_eq!(server.trace(), before);
    caller.post(&format!("/accounts/{account}/archive"), &json!({})).status_is(204);
    assert_eq!(caller.delete("/clients/1").status_is(204).text, "");
    caller.get("/clients/1").refused_as(404, "not_found");
    caller.patch("/clients/1", &json!({"city": "Bern"})).refused_as(404, "not_found");
    assert!(found(&caller, &[]).is_empty());
    // The archived account stays, with its client.
    assert_eq!(caller.get(&format!("/accounts/{account}")).ok().json()["clientId"], 1);
    assert_eq!(native.get(&format!("/profiles/{profile}")).ok().text_at("status"), "ARCHIVED");
    assert_eq!(native.get(&format!("/accounts/{id}")).ok().text_at("lifecycle"), "CLOSED");
}

#[test]
fn clients_are_found_by_each_filter() {
    let server = Server::start("");
    let caller = admin(&server);
    create(&caller, &jane());
    create(&caller, &json!({"email": "bob@example.com", "firstName": "Bob", "lastName": "Dole", "countryCode": 276}));
    create(&caller, &json!({"email": "eve@example.com", "city": "Bern", "statusId": 2}));
    create(&caller, &json!({"email": "una@example.com", "firstName": "Una", "lastName": "Müller", "statusId": 2}));
    for (filters, expected) in [
        (&[][..], &[1, 2, 3, 4][..]),
        (&[("clientId", "1, 3,99")], &[1, 3]),
        (&[("email", "JANE.DOE@example.com")], &[1]),
        (&[("emails", "eve@example.com, bob@example.com")], &[2, 3]),
        (&[("name", "ane do")], &[1]),
        (&[("name", "DO")], &[1, 2]),
        (&[("nickname", "jd")], &[1]),
        (&[("countryCodes", "276,756")], &[1, 2]),
        (&[("countryCodes", "40")], &[]),
        (&[("countryCodes", "5")], &[]),
        (&[("city", "Bern,Zürich")], &[1, 3]),
        (&[("statusIds", "1")], &[1, 2]),
        (&[("statusIds", "2")], &[3, 4]),
        (&[("statusIds", "1,2")], &[1, 2, 3, 4]),
        (&[("typeIds", "2")], &[1]),
        (&[("typeIds", "1")], &[2, 3, 4]),
        (&[("companyShortName", "doe")], &[1]),
        (&[("companyFullName", "Doe & Sons, Inc.")], &[1]),
        (&[("name", "DO"), ("countryCodes", "276")], &[2]),
        (&[("managerIds", "1")], &[]),
        (&[("internalTypeIds", "1")], &[]),
        (&[("riskLevelIds", "1")], &[]),
        (&[("verificationLevelIds", "1")], &[]),
        (&[("city", "Zu\u{308}rich")], &[1]),
        (&[("name", "Mu\u{308}")], &[4]),
    ] {
        let filters: Vec<_> = filters.iter().map(|(name, value)| (*name, value.replace('&', "%26"))).collect();
        let filters: Vec<_> = filters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(found(&caller, &filters), expected, "{filters:?}");
    }
    let page = caller.get("/clients?limit=1&offset=1").ok();
    assert_eq!((page.header("x-total-count"), page.json()[0]["clientId"].as_i64()), (Some("4"), Some(3)));
    for (name, value) in [
        ("clientId", "x"),
        ("typeIds", "3"),
        ("statusIds", "active"),
        ("countryCodes", "CH"),
        ("phone", "1"),
        ("email", "a%20b@example.com"),
        ("emails", "a@example.com,a%20b@example.com"),
        ("emails", "a@example.com,"),
        ("emails", ",a@example.com"),
        ("clientId", ""),
        ("name", ""),
        ("managerIds", ""),
        ("managerIds", ","),
        ("city", "%20"),
        ("city", "+%09"),
        ("city", "%C2%A0"),
        ("city", "Bern,"),
        ("city", ","),
        ("name", "+"),
        ("nickname", "%20"),
        ("companyShortName", ",Doe"),
        ("companyFullName", "%20"),
        ("verificationLevelIds", "%20"),
    ] {
        let reply = caller.get(&format!("/clients?filter%5B{name}%5D={value}")).refused_as(400, "validation_failed");
        assert_eq!(reply.fields(), [format!("filter[{name}]")]);
    }
}

#[test]
fn refused_clients_leave_no_trace() {
    let server = Server::start("");
    let caller = admin(&server);
    create(&caller, &jane());
    create(&caller, &json!({"email": "bob@example.com", "tags": ["retail"]}));
    let retail = server.operator("operator", &["retail"]).at(&base(&server));
    let before = server.trace();
    let taken = caller.post("/clients", &jane()).refused_as(409, "conflict");
    assert_eq!(taken.text_at("message"), "email: another client has this address");
    caller.patch("/clients/2", &json!({"email": "jane.doe@EXAMPLE.com"})).refused_as(409, "conflict");
    assert_eq!(caller.post("/clients", &json!({})).refused_as(400, "validation_failed").fields(), ["email"]);
    for (field, value) in [
        ("email", json!("nonsense")),
        ("email", json!(5)),
        ("countryCode", json!(5)),
        ("countryCode", json!("CH")),
        ("typeId", json!(3)),
        ("birthDate", json!("1990-02-30")),
        ("birthDate", json!("12.04.1990")),
        ("statusId", json!("1")),
        ("firstName", json!("a\u{202e}b")),
        ("city", json!("x".repeat(256))),
        ("companyFullName", json!("x".repeat(256))),
        ("tags", json!([""])),
        ("password", json!("short")),
        ("password", json!("")),
    ] {
        let mut body = json!({"email": "new@example.com"});
        body[field] = value.clone();
        let made = caller.post("/clients", &body).refused_as(400, "validation_failed");
        assert_eq!(made.fields(), [field], "{value}");
        if field != "email" {
            body["email"] = Value::Null;
        }
        let changed = caller.put("/clients/1", &body).refused_as(400, "validation_failed");
        assert_eq!(changed.fields(), [field], "{value}");
    }
    // The address of a hidden client cannot be used, and nobody learns whose it is.
    let reply = retail.post("/clients", &json!({"email": "jane.doe@example.com"})).refused_as(400, "validation_failed");
    assert_eq!(reply.text_at("message"), "email: cannot be used");
    let reply = retail.patch("/clients/2", &json!({"email": "jane.doe@example.com"}));
    assert_eq!(reply.refused_as(400, "validation_failed").fields(), ["email"]);
    let reply = retail.post("/clients", &json!({"email": "n@example.com", "tags": ["vip"]}));
    assert_eq!(reply.refused_as(400, "validation_failed").fields(), ["tags"]);
    retail.post("/clients", &json!({"email": "n@example.com", "password": PASSWORD})).refused_as(403, "forbidden");
    server.viewer().at(&base(&server)).post("/clients", &json!({"email": "n@e.com"})).refused_as(403, "forbidden");
    assert_eq!(server.trace(), before);
}

#[test]
fn hidden_clients_are_not_found() {
    let server = Server::start("");
    let caller = admin(&server);
    create(&caller, &jane());
    let retail = server.operator("operator", &["retail"]).at(&base(&server));
    let before = server.trace();
    for reply in [
        retail.get("/clients/1"),
        retail.put("/clients/1", &json!({"city": "x"})),
        retail.patch("/clients/1", &json!({"city": "x"})),
        retail.delete("/clients/1"),
        retail.get("/clients/x"),
    ] {
        reply.refused_as(404, "not_found");
    }
    assert!(found(&retail, &[]).is_empty() && found(&retail, &[("clientId", "1")]).is_empty());
    assert_eq!(server.trace(), before);
    let own = create(&retail, &json!({"email": "own@example.com"}));
    assert_eq!(found(&retail, &[]), [own]);
    assert_eq!(found(&caller, &[]), [1, own]);
}

#[test]
fn a_retry_of_a_change_gets_the_first_answer_whatever_has_changed_since() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    native.new_profile_with(&json!({"email": "ann@example.com", "birthDate": "31.12.1990", "country": "Atlantis"}));
    let as_shown = json!({"birthDate": "31.12.1990", "city": "Bern"});
    let cleared = json!({"city": "Basel", "countryCode": null});
    let (put, patch) =
        (|| caller.key("a").put("/clients/1", &as_shown).ok(), || caller.key("b").patch("/clients/1", &cleared).ok());
    let (first, second) = (put(), patch());
    caller.patch("/clients/1", &json!({"birthDate": "1990-12-31"})).ok();
    caller.put("/clients/1", &as_shown).refused_as(400, "validation_failed");
    caller.delete("/clients/1").status_is(204);
    caller.patch("/clients/1", &cleared).refused_as(404, "not_found");
    for (again, first) in [(put(), first), (patch(), second)] {
        assert!(again.is_replayed() && again.text == first.text, "{}", again.text);
    }
}

#[test]
fn a_change_takes_one_right_whatever_is_in_it() {
    let server = Server::start("");
    create(&admin(&server), &jane());
    let (_, token) = server.add_token("dev", &["--scope", "profiles:write"]);
    let caller = server.bearer(&token).at(&base(&server));
    assert_eq!(caller.patch("/clients/1", &json!({"countryCode": null})).ok().json()["countryCode"], Value::Null);
    caller.get("/clients/1").refused_as(403, "forbidden");
}

#[test]
fn writes_of_clients_are_replayed() {
    let server = Server::start("");
    let twice = |key: &str, method: &str, path: &str, body: &Value| twice(&server, key, method, path, body);
    assert_eq!(twice("a", "POST", "/clients", &jane()), 201);
    assert_eq!(twice("b", "PUT", "/clients/1", &json!({"city": "Bern"})), 200);
    assert_eq!(twice("c", "PATCH", "/clients/1", &json!({"city": "Basel"})), 200);
    assert_eq!(twice("d", "DELETE", "/clients/1", &json!({})), 204);
}

#[test]
fn a_change_of_identity_that_takes_a_second_operator_is_refused_here() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let profile = native.new_profile();
    let (_, id) = open(&server, &profile, "Standard", "USD");
    let group = native.get(&format!("/accounts/{id}")).ok().text_at("groupId");
    server.set_rules("requires_approval = true");
    assert!(!group.is_empty());
    let before = server.trace();
    let waits = caller.patch("/clients/1", &json!({"lastName": "Roe"})).refused_as(409, "conflict");
    assert_eq!(waits.text_at("message"), "a second operator must approve it: request it in the native API");
    assert_eq!(server.trace(), before);
    caller.patch("/clients/1", &json!({"city": "Bern"})).ok();
}
