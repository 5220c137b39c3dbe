//! How calls of Helix arrive: paths, forms of the request, values as texts, and the envelope of every answer.

use super::harness::{Server, unique};
use super::helix::{admin, at, basic, customer, number, post};
use serde_json::{Value, json};

#[test]
fn paths_ignore_case_empty_segments_and_a_trailing_slash() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    let shown = api.get(&format!("/customer/get/{id}")).data();
    for path in ["/Customer/Get/ID", "/customer/get/ID/", "//customer//get///ID//", "/CUSTOMER/GET/ID"] {
        assert_eq!(api.get(&path.replace("ID", &id.to_string())).data(), shown, "{path}");
    }
    let body = json!({"customerId": id, "name": "x", "type": "checking"});
    assert_eq!(api.post("/Account//Create/", &body).data()["type"], "Checking");
    api.get("/customer/get/x").fails(404, 60001);
    api.get("/customer/fetch/1").fails(404, 50404);
    api.post("/customer/get/1", &json!({})).fails(405, 50405);
    api.get("/account/create").fails(405, 50405);
    for path in ["/customer/initiate", "/customer/verify", "/customer/onboard/idology/all"] {
        api.post(path, &json!({})).fails(404, 50404);
    }
}

/// The status and the body of an answer as it came over the wire.
fn answered(text: &str) -> (String, Value) {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no body: {text}"));
    let status = head.split(' ').nth(1).unwrap().to_owned();
    (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {text}")))
}

#[test]
fn requests_may_name_the_whole_address_and_come_in_chunks() {
    let server = Server::start("[apis.helix]\nlisten = [\"127.0.0.1:0\"]\nhost = [\"sandbox-api.broker.example\"]\n");
    let token = server.banner["token"].as_str().unwrap();
    let auth = format!("Authorization: Bearer {token}\r\nConnection: close\r\n");
    let body = r#"{"firstName":"Joey","lastName":"McTester"}"#;
    let (first, rest) = body.split_at(10);
    let chunked = format!("{:x}\r\n{first}\r\n{:x}\r\n{rest}\r\n0\r\n\r\n", first.len(), rest.len());
    let target = "https://sandbox-api.broker.example:443/customer/create";
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: sandbox-api.broker.example\r\n{auth}Content-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n{chunked}"
    );
    let (status, answer) = answered(&server.raw(request.as_bytes()));
    assert_eq!((status.as_str(), answer["data"]["customerId"].is_i64()), ("200", true), "{answer}");
    let urls: Vec<String> = server.banner["apis"]["helix"]
        .as_array()
        .unwrap()
        .iter()
        .map(|url| url.as_str().unwrap().trim_end_matches('/').to_owned())
        .collect();
    let own = urls.iter().find(|url| !url.ends_with("/helix") && url.contains("127.0.0.1")).unwrap();
    let api = server.admin().at(own);
    for host in ["sandbox-api.corepro.io", "anything.example", "127.0.0.1"] {
        assert_eq!(api.with("Host", host).get("/program/get").data()["name"], "bursar", "{host}");
    }
    // At the main listener, only its own host leads there.
    let named = server.admin().with("Host", "sandbox-api.broker.example");
    assert_eq!(named.get("/program/get").data()["name"], "bursar");
}

#[test]
fn a_dialect_that_is_off_does_not_answer() {
    let server = Server::start("[apis.helix]\nenabled = false\n");
    at(&server, &server.admin()).get("/program/get").refused("UNKNOWN_ROUTE");
}

#[test]
fn values_that_cannot_be_read_are_refused_and_unknown_ones_are_not() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    let before = server.trace();
    for (body, code) in [
        (json!({"lastName": "x"}), 60201),
        (json!({"firstName": "", "lastName": "x"}), 60201),
        (json!({"firstName": "x"}), 60002),
        (json!({"firstName": "x", "lastName": "y".repeat(51)}), 60002),
        (json!({"firstName": "x", "lastName": "y", "birthDate": "31/31/1985"}), 60002),
        (json!({"firstName": "x", "lastName": "y", "isDocumentsAccepted": "yes"}), 60002),
        (json!({"firstName": "x", "lastName": "y", "emailAddress": "no"}), 60002),
        (json!({"firstName": "x", "lastName": "y", "phones": [{"number": "1".repeat(51)}]}), 60002),
        (json!({"firstName": "x", "lastName": "y", "phones": vec![json!({}); 11]}), 60002),
        (json!({"firstName": ["x"], "lastName": "y"}), 60201),
        (json!({"firstName": "x", "lastName": ["y"]}), 60002),
    ] {
        api.post("/customer/create", &body).fails(400, code);
    }
    api.post("/customer/update", &json!({"firstName": "x"})).fails(400, 60002);
    api.post("/customer/update", &json!({"customerId": 999_999})).fails(404, 60001);
    api.post_text("/customer/create", "[1]").fails(400, 60002);
    api.post_text("/customer/create", "{").fails(400, 60002);
    assert_eq!(server.trace(), before);
    let body = json!({"firstName": "x", "lastName": "y", "cards": [{"a": [1]}], "accountBalance": "x", "requestId": 1});
    post(&api, "/customer/create", &body);
    // The length is that of characters, and a number is a text where one is wanted.
    let long = json!({"customerId": id.to_string(), "lastName": "é".repeat(50), "middleName": 7});
    assert_eq!(api.post("/customer/update", &long).data()["middleName"], "7");
}

#[test]
fn refused_accounts_have_their_codes_and_leave_no_trace() {
    let server = Server::start("");
    let api = admin(&server);
    let (id, other) = (customer(&api), customer(&api));
    let open = |more: Value| {
        let mut body = json!({"customerId": id, "name": unique("A"), "type": "Checking"});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let first = number(&post(&api, "/account/create", &open(json!({"name": "Taken", "tag": "taken"})))["accountId"]);
    let second = number(&post(&api, "/account/create", &open(json!({})))["accountId"]);
    post(&api, "/account/close", &json!({"customerId": id, "accountId": first}));
    let review = server.admin().post("/profiles", &json!({"email": "r@example.com", "requiresReview": true})).ok();
    server.admin().step(&format!("/profiles/{}/deny", review.text_at("id"))).ok();
    let denied = review.digits("number");
    let before = server.trace();
    for (more, code) in [
        (json!({"name": "Taken"}), 61002),
        (json!({"name": ""}), 61003),
        (json!({"name": null}), 61003),
        (json!({"name": "x".repeat(51)}), 61003),
        (json!({"type": "Client"}), 61004),
        (json!({"type": null}), 61004),
        (json!({"productId": 999}), 61004),
        (json!({"productId": 1}), 61004),
        (json!({"productId": "x"}), 61004),
        (json!({"tag": "taken"}), 61005),
        (json!({"tag": "x".repeat(51)}), 61005),
        (json!({"customerId": denied.parse::<i64>().unwrap()}), 61014),
        (json!({"legalName1": "x".repeat(101)}), 60002),
        (json!({"category": "x".repeat(51)}), 60002),
        (json!({"targetAmount": -1}), 60002),
        (json!({"targetAmount": "1.001"}), 60002),
        (json!({"targetDate": "2001-01-01"}), 60002),
    ] {
        api.post("/account/create", &open(more)).fails(400, code);
    }
    api.post("/account/create", &open(json!({"customerId": 999_999}))).fails(404, 60001);
    let change = |account: i64, more: Value| {
        let mut body = json!({"customerId": id, "accountId": account});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        api.post("/account/update", &body)
    };
    change(second, json!({"name": "Taken"})).fails(400, 61102);
    change(second, json!({"name": ""})).fails(400, 61102);
    change(second, json!({"tag": "taken"})).fails(400, 61107);
    change(first, json!({"category": "x"})).fails(400, 61111);
    api.post("/account/update", &json!({"customerId": id})).fails(400, 61101);
    api.post("/account/unlock", &json!({"customerId": id})).fails(400, 61301);
    change(999_999, json!({})).fails(404, 60001);
    assert_eq!(server.trace(), before);
    // Names are unique within a customer only.
    post(&api, "/account/create", &json!({"customerId": other, "name": "Taken", "type": "Checking"}));
}

#[test]
fn a_product_limits_the_accounts_of_a_customer() {
    let server = Server::start("");
    let file = include_str!("../../packaging/reference.toml").replace("max_accounts = 20", "max_accounts = 1");
    server.apply_reference(&file);
    let api = admin(&server);
    let id = customer(&api);
    let open = || api.post("/account/create", &json!({"customerId": id, "name": unique("A"), "type": "Savings"}));
    open().data();
    open().fails(400, 61013);
}

#[test]
fn every_write_is_replayed_under_its_key() {
    let server = Server::start("");
    let api = admin(&server);
    let replays = |path: &str, body: &Value| -> Value {
        let key = unique("key");
        let first = api.key(&key).post(path, body);
        let data = first.data();
        let again = api.key(&key).post(path, body);
        assert_eq!((again.data(), first.is_replayed(), again.is_replayed()), (data.clone(), false, true), "{path}");
        let mut other = body.clone();
        other["another"] = json!(1);
        api.key(&key).post(path, &other).fails(409, 60009);
        data
    };
    let new = json!({"firstName": "Joey", "lastName": "McTester", "tag": "once"});
    let id = number(&replays("/customer/create", &new)["customerId"]);
    replays("/customer/update", &json!({"customerId": id, "firstName": "Jo"}));
    let open = |name: &str| json!({"customerId": id, "name": name, "type": "Checking"});
    let account = number(&replays("/account/create", &open("One"))["accountId"]);
    let target = number(&replays("/account/create", &open("Two"))["accountId"]);
    let key = json!({"customerId": id, "accountId": account});
    let with = |more: Value| {
        let mut body = key.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    replays("/account/update", &with(json!({"category": "x"})));
    replays("/account/lock", &with(json!({"lockTypeCode": "CST", "lockReasonTypeCode": "TMP"})));
    replays("/account/unlock", &key);
    replays("/account/placeHold", &with(json!({"amount": 1, "reason": "x"})));
    replays("/account/releaseHold", &key);
    let joint = customer(&api);
    let target_of = |more: Value| with(json!({"targetCustomerId": joint, "accessTypeCode": more}));
    replays("/account/addAccess", &target_of(json!("RDONLY")));
    replays("/account/editAccess", &target_of(json!("FULL")));
    replays("/account/removeAccess", &target_of(json!("FULL")));
    let reserve = super::helix::reserve(&api);
    replays("/transfer/create", &json!({"customerId": id, "fromId": reserve, "toId": account, "amount": "7.5"}));
    replays("/transfer/create", &json!({"customerId": id, "fromId": account, "toId": target, "amount": 1}));
    let new = json!({"customerId": id, "routingNumber": "123456789", "accountNumber": "1", "businessName": "ACME",
        "type": "Savings"});
    let payer = replays("/externalAccount/create", &new)["externalAccountId"].clone();
    let unverified = replays("/externalAccount/initiate", &new)["externalAccountId"].clone();
    let of_external = |external: &Value, more: Value| {
        let mut body = json!({"customerId": id, "externalAccountId": external});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    replays("/externalAccount/verify", &of_external(&unverified, json!({"amount1": 0.28, "amount2": 0.18})));
    replays("/externalAccount/update", &of_external(&unverified, json!({"nickName": "x"})));
    let out = json!({"customerId": id, "fromId": payer, "toId": account, "amount": 2, "tag": "out"});
    replays("/transfer/create", &out);
    replays("/transfer/void", &json!({"customerId": id, "tag": "out"}));
    replays("/externalAccount/archive", &of_external(&unverified, json!({})));
    let closed = replays("/account/close", &with(json!({"closeToAccountId": target})));
    assert_eq!(closed["totalClosingAmount"].to_string(), "6.5");
    replays("/customer/archive", &json!({"customerId": joint}));
    assert_eq!(super::helix::balances(&api, id, target)[0], "7.50", "nothing was done twice");
}

#[test]
fn every_route_refuses_callers_without_credentials_or_the_right() {
    use bursar::dialects::kit::Access;
    let server = Server::start("");
    let (nobody, viewer) = (at(&server, &server.anyone()), at(&server, &server.viewer()));
    let wrong = nobody.with("Authorization", "Bearer nonsense");
    let (key, _) = server.api_client("helix");
    let stranger = at(&server, &basic(&server, &key, "nonsense"));
    let before = server.trace();
    let mut refused = 0;
    for route in bursar::dialects::helix::Helix::new(&bursar::config::Config::default()).routes().iter() {
        let path = route.path.replace(['{', '}'], "");
        let send = |caller: &super::harness::Caller<'_>| {
            let body = (route.method == "POST").then_some(&b"{}"[..]);
            caller.send(route.method.as_str(), &path, body.map(|_| "application/json"), body)
        };
        for caller in [&nobody, &wrong] {
            send(caller).fails(401, 50401);
        }
        assert_eq!(send(&nobody).header("www-authenticate"), Some("Basic realm=\"helix\", charset=\"UTF-8\""));
        if let Access::Needs(right) = route.access
            && right.name().ends_with(":write") | right.name().ends_with(":move")
        {
            send(&viewer).fails(403, 50403);
            refused += 1;
        }
    }
    assert!(refused > 10);
    stranger.get("/program/get").fails(401, 50401);
    assert_eq!(server.trace(), before);
}

#[test]
fn api_clients_call_with_their_key_and_secret() {
    let server = Server::start("");
    let make = |api: &str, more: &[&str]| {
        let made = server.command(&[&["client", "create", "--api", api, "--label", "Core"], more].concat());
        (made["client_id"].as_str().unwrap().to_owned(), made["client_secret"].as_str().unwrap().to_owned())
    };
    let call = |(key, secret): &(String, String)| at(&server, &basic(&server, key, secret));
    let all = make("helix", &[]);
    let id = customer(&call(&all));
    let reader = make("helix", &["--scope", "profiles:read", "--tag", "vip"]);
    call(&reader).get(&format!("/customer/get/{id}")).fails(404, 60001);
    call(&reader).get("/program/get").fails(403, 50403);
    call(&(all.0.clone(), reader.1.clone())).get("/program/get").fails(401, 50401);
    call(&(all.0.clone(), format!("{}x", all.1))).get("/program/get").fails(401, 50401);
    call(&make("upvest", &[])).get("/program/get").fails(401, 50401);
    let nobody = at(&server, &server.anyone());
    for wrong in ["Basic", "Basic !", "Basic YWJj", "Digest abc"] {
        nobody.with("Authorization", wrong).get("/program/get").fails(401, 50401);
    }
    server.bearer(&all.1).get("/profiles").refused("TOKEN_UNKNOWN");
    server.command(&["client", "revoke", &all.0]);
    call(&all).get("/program/get").fails(401, 50401);
}
