//! External accounts in Helix: added, verified and archived; transfers from and to them, and recurring contributions.

use super::contributions::await_that;
use super::harness::{Caller, Server, unique};
use super::helix::{account, admin, balances, customer, fund, native_client, native_id, number, post, seen};
use serde_json::{Value, json};

fn new(customer: i64) -> Value {
    json!({"customerId": customer, "routingNumber": "123456789", "accountNumber": "987654321", "firstName": "Edwin",
        "lastName": "Awesome", "nickName": "Savings", "type": "Savings", "tag": unique("ext")})
}

/// Adds a verified external account; returns its number.
#[track_caller]
fn external(api: &Caller<'_>, customer: i64) -> i64 {
    number(&post(api, "/externalAccount/create", &new(customer))["externalAccountId"])
}

fn pay<'a>(api: &Caller<'a>, customer: i64, (from, to): (i64, i64), amount: &str) -> super::harness::Reply {
    let body = json!({"customerId": customer, "fromId": from, "toId": to, "amount": amount, "tag": unique("tag")});
    api.post("/transfer/create", &body)
}

/// Sets the clock of a sandbox.
fn set_clock(server: &Server, to: &str) {
    server.admin().post("/sandbox/clock", &json!({"set": to})).ok();
}

#[test]
fn an_external_account_is_added_verified_changed_listed_and_archived() {
    let server = Server::start("[program]\ntime_zone = \"America/New_York\"\n");
    let api = admin(&server);
    let id = customer(&api);
    let mut body = new(id);
    body["tag"] = json!("ext 1");
    body["customField2"] = json!("two");
    let first = number(&post(&api, "/externalAccount/create", &body)["externalAccountId"]);
    let read = |account: i64| api.get(&format!("/externalAccount/get/{id}/{account}")).data();
    let shown = read(first);
    for (name, value) in [
        ("name", json!("COREPRO SANDBOX BANK")),
        ("status", json!("Verified")),
        ("type", json!("Savings")),
        ("routingNumberMasked", json!("*****6789")),
        ("accountNumberMasked", json!("*****4321")),
        ("routingNumber", Value::Null),
        ("accountNumber", Value::Null),
        ("isLocked", json!(false)),
        ("tag", json!("ext 1")),
        ("customField2", json!("two")),
        ("customField1", json!("")),
        ("businessName", json!("")),
        ("customerId", json!(id)),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    assert!(!shown.to_string().contains("987654321"));
    assert_eq!(api.get(&format!("/externalaccount/getbytag/{id}/ext%201")).data(), shown);
    assert_eq!(api.get(&format!("/customer/get/{id}")).data()["externalAccounts"], json!([shown]));
    assert_ne!(first, account(&api, id, "Checking"), "the numbers come from one counter");

    // What was read can be sent back.
    server.advance(60);
    post(&api, "/externalAccount/update", &shown);
    assert_eq!(read(first), shown, "equal values are no change");
    let change = json!({"customerId": id, "externalAccountId": first.to_string(), "nickName": "Other", "type": "x",
        "customField2": ""});
    post(&api, "/externalAccount/update", &change);
    let changed = read(first);
    assert_eq!((&changed["nickName"], &changed["customField2"]), (&json!("Other"), &json!("")));
    assert_eq!((&changed["tag"], &changed["statusDate"]), (&shown["tag"], &shown["statusDate"]));
    assert_ne!(changed["lastModifiedDate"], shown["lastModifiedDate"]);

    // Two small deposits verify the second one.
    let second = number(&post(&api, "/externalAccount/initiate", &new(id))["externalAccountId"]);
    assert_eq!(read(second)["status"], "Unverified");
    let told = |account: i64, one: Value, two: Value| {
        let body = json!({"customerId": id, "externalAccountId": account, "amount1": one, "amount2": two});
        api.post("/externalAccount/verify", &body)
    };
    told(second, json!(0.18), json!(0.29)).fails(400, 60002);
    told(second, json!(0.285), json!(0.18)).fails(400, 60002);
    told(second, json!(""), json!(0.18)).fails(400, 60002);
    assert_eq!(told(second, json!("0.28"), json!(0.18)).data(), json!({"externalAccountId": second}));
    assert_eq!(read(second)["status"], "Verified");
    told(second, json!(0.28), json!(0.18)).fails(400, 60002);
    let third = number(&post(&api, "/externalAccount/initiate", &new(id))["externalAccountId"]);
    for _ in 0..3 {
        told(third, json!(1), json!(0.18)).fails(400, 60002);
    }
    let locked = read(third);
    assert_eq!((&locked["status"], &locked["isLocked"]), (&json!("VerifyLocked"), &json!(true)));
    assert_eq!(locked["lockedDate"], locked["statusDate"]);
    told(third, json!(0.28), json!(0.18)).fails(400, 60002);

    for (call, account) in [("archive", first), ("deactivate", second)] {
        let key = json!({"customerId": id, "externalAccountId": account});
        assert_eq!(post(&api, &format!("/externalAccount/{call}"), &key), json!({"externalAccountId": account}));
        assert_eq!(read(account)["status"], "Archived");
        api.post("/externalAccount/update", &json!({"customerId": id, "externalAccountId": account, "nickName": "x"}))
            .fails(400, 60002);
    }
    let listed = api.get(&format!("/externalAccount/list/{id}")).data();
    let numbers: Vec<_> = listed.as_array().unwrap().iter().map(|one| number(&one["externalAccountId"])).collect();
    assert_eq!(numbers, [first, second, third]);
    let page = api.get(&format!("/externalAccount/list/{id}?pageNumber=1&pageSize=2")).data();
    assert_eq!(page, json!([listed[2]]));
    assert_eq!(api.get(&format!("/account/list/{id}?pageNumber=1&pageSize=")).data(), json!([]));
    let stranger = customer(&api);
    api.get(&format!("/externalAccount/get/{stranger}/{first}")).fails(404, 60001);
    api.get(&format!("/externalAccount/getByTag/{stranger}/ext%201")).fails(404, 60001);
    assert_eq!(api.get(&format!("/externalAccount/list/{stranger}")).data(), json!([]));
    server.trace();
}

#[test]
fn refused_external_accounts_leave_no_trace() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    let taken = external(&api, id);
    let tag = api.get(&format!("/externalAccount/get/{id}/{taken}")).data()["tag"].clone();
    let before = server.trace();
    let with = |name: &str, value: Value| {
        let mut body = new(id);
        body[name] = value;
        body
    };
    for (name, value) in [
        ("routingNumber", json!("12345678")),
        ("routingNumber", Value::Null),
        ("accountNumber", json!("123456789012345678")),
        ("accountNumber", json!("")),
        ("type", json!("Client")),
        ("type", Value::Null),
        ("lastName", json!("")),
        ("businessName", json!("ACME")),
        ("nickName", json!("x".repeat(51))),
        ("tag", tag),
    ] {
        for call in ["create", "initiate"] {
            let body = with(name, value.clone());
            let reply = api.post(&format!("/externalAccount/{call}"), &body);
            reply.fails(400, 60002);
            let sentence = reply.json()["errors"][0]["message"].as_str().unwrap().to_owned();
            assert!(sentence.starts_with(name), "{name}: {sentence}");
        }
    }
    api.post("/externalAccount/create", &with("customerId", json!(999_999))).fails(404, 60001);
    let unknown = json!({"customerId": id, "externalAccountId": 999_999, "amount1": 1, "amount2": 1});
    for call in ["update", "archive", "verify"] {
        api.post(&format!("/externalAccount/{call}"), &unknown).fails(404, 60001);
    }
    api.post("/externalAccount/archive", &json!({"customerId": id})).fails(400, 60002);
    assert_eq!(server.trace(), before);
    // To vouch for an account takes a scope of its own.
    let made = server.command(&["client", "create", "--api", "helix", "--label", "x", "--scope", "profiles:write"]);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let limited = super::helix::basic(&server, &text("client_id"), &text("client_secret"));
    let limited = super::helix::at(&server, &limited);
    limited.post("/externalAccount/create", &new(id)).fails(403, 50403);
    limited.post("/externalAccount/initiate", &new(id)).data();
}

#[test]
fn money_comes_from_and_goes_to_external_accounts_in_steps() {
    let server = Server::start("");
    let (api, native) = (admin(&server), server.admin());
    let to_the_hour = 3600 - server.advance(0).unix_s() % 3600;
    server.advance(to_the_hour + 1);
    let id = customer(&api);
    let (checking, external) = (account(&api, id, "Checking"), external(&api, id));
    let made = pay(&api, id, (external, checking), "2.75").data();
    let of = |made: &Value| number(&made[0]["transactionId"]);
    assert_eq!((&made[0]["fromId"], &made[0]["toId"]), (&json!(external), &json!(checking)));
    let status = |made: &Value| {
        let found = api.get(&format!("/transaction/get/{id}/{}", of(made))).data();
        assert_eq!(found.as_array().unwrap().len(), 1);
        (found[0]["typeCode"].as_str().unwrap().to_owned(), found[0]["status"].as_str().unwrap().to_owned())
    };
    let is = |code: &str, state: &str| (code.to_owned(), state.to_owned());
    assert_eq!(
        (status(&made), balances(&api, id, checking)),
        (is("CPDEP", "Initiated"), ["0.00", "0.00", "2.75"].map(String::from))
    );
    assert_eq!(seen(&api, id, checking).get("firstDepositDate"), None, "nothing is settled");

    // A bank delays it, lets it go on, and sends it.
    let payments = native.get("/deposits").ok().json();
    let payment = payments["movements"][0]["id"].as_str().unwrap().to_owned();
    let step = |way: &str| native.step(&format!("/external-transfers/{payment}/{way}")).ok();
    step("delay");
    assert_eq!(status(&made).1, "Delayed");
    step("resume");
    assert_eq!(status(&made).1, "Initiated");
    step("send");
    assert_eq!(status(&made).1, "Pending");
    let rows = api.get(&format!("/transaction/list/{id}/{checking}/Pending")).data();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    let void = |body: Value| api.post("/transfer/void", &body);
    void(json!({"customerId": id, "transactionId": of(&made)})).fails(400, 60002);
    server.advance(3600);
    await_that("it settles", || status(&made).1 == "Settled");
    assert_eq!(balances(&api, id, checking), ["2.75", "2.75", "0.00"]);
    assert!(seen(&api, id, checking)["firstDepositDate"].is_string());
    void(json!({"customerId": id, "transactionId": of(&made)})).fails(400, 60002);

    // What has not been sent is taken back, by number or by tag.
    let out = pay(&api, id, (checking, external), "1.20").data();
    assert_eq!(
        (status(&out), balances(&api, id, checking)),
        (is("CPWTH", "Initiated"), ["2.75", "1.55", "0.00"].map(String::from))
    );
    let taken = void(json!({"customerId": id, "transactionId": of(&out).to_string()})).data();
    assert_eq!(taken, out, "the same object");
    assert_eq!(
        (status(&out).1.as_str(), balances(&api, id, checking)),
        ("Voided", ["2.75", "2.75", "0.00"].map(String::from))
    );
    let in_again = pay(&api, id, (external, checking), "5").data();
    void(json!({"customerId": id, "tag": in_again[0]["tag"]})).data();
    assert_eq!(status(&in_again).1, "Voided");
    let row = api.get(&format!("/transaction/list/{id}/{checking}/Voided")).data()[0].clone();
    assert!(row["voidedDate"].is_string() && row.get("settledDate").is_none(), "{row}");
    for body in [json!({"customerId": id, "transactionId": 999_999}), json!({"customerId": id, "tag": "nope"})] {
        void(body).fails(404, 60001);
    }
    void(json!({"customerId": id})).fails(400, 60002);
    let internal = number(&pay(&api, id, (super::helix::reserve(&api), checking), "1").data()[0]["transactionId"]);
    void(json!({"customerId": id, "transactionId": internal})).fails(400, 60002);
    void(json!({"customerId": customer(&api), "tag": in_again[0]["tag"]})).fails(404, 60001);
    server.trace();
}

#[test]
fn refused_transfers_from_and_to_external_accounts_have_their_codes() {
    let server = Server::start("");
    let (api, native) = (admin(&server), server.admin());
    let (id, other) = (customer(&api), customer(&api));
    let (checking, own, foreign) = (account(&api, id, "Checking"), external(&api, id), external(&api, other));
    fund(&api, id, checking, "10");
    let unverified = number(&post(&api, "/externalAccount/initiate", &new(id))["externalAccountId"]);
    let reader = customer(&api);
    let add = json!({"accountId": checking, "customerId": id, "targetCustomerId": reader, "accessTypeCode": "RDONLY"});
    post(&api, "/account/addAccess", &add);
    let of_reader = external(&api, reader);
    let open = pay(&api, id, (own, checking), "1").data();
    let before = server.trace();
    pay(&api, id, (unverified, checking), "1").fails(400, 63603);
    pay(&api, id, (checking, unverified), "1").fails(400, 63603);
    pay(&api, id, (foreign, checking), "1").fails(400, 63601);
    pay(&api, id, (checking, foreign), "1").fails(400, 63610);
    pay(&api, id, (own, own), "1").fails(400, 63610);
    pay(&api, id, (own, unverified), "1").fails(400, 63610);
    pay(&api, id, (checking, own), "10.01").fails(400, 70204);
    pay(&api, id, (own, checking), "0").fails(400, 60002);
    pay(&api, reader, (checking, of_reader), "1").fails(400, 63664);
    let void = json!({"customerId": reader, "transactionId": open[0]["transactionId"]});
    api.post("/transfer/void", &void).fails(400, 63664);
    assert_eq!(server.trace(), before);

    // An account that may use those of all customers.
    let details = format!("/accounts/{}/details", native_id(&server, checking));
    native.put(&details, &json!({"usesAllExternalAccounts": true})).ok();
    assert_eq!(seen(&api, id, checking)["globalAccountAccessEnabled"], true);
    pay(&api, id, (foreign, checking), "1").data();
    pay(&api, id, (unverified, checking), "1").fails(400, 63603);
    assert_eq!(native_client(&server, id).len(), 36);
    server.trace();
}

#[test]
fn an_account_closes_to_an_external_one_when_that_is_paid() {
    let server = Server::start("");
    let api = admin(&server);
    let to_the_hour = 3600 - server.advance(0).unix_s() % 3600;
    server.advance(to_the_hour + 1);
    let id = customer(&api);
    let (checking, external) = (account(&api, id, "Checking"), external(&api, id));
    let unverified = number(&post(&api, "/externalAccount/initiate", &new(id))["externalAccountId"]);
    fund(&api, id, checking, "12.34");
    let close = |to: i64, notes: &str| {
        let body = json!({"customerId": id, "accountId": checking, "closeToAccountId": to, "transactionTag": "bye",
            "closeReason": "Other", "closeReasonNotes": notes});
        api.post("/account/close", &body)
    };
    let before = server.trace();
    close(unverified, "moving").fails(400, 65902);
    close(external + 100, "moving").fails(400, 65902);
    close(external, "").fails(400, 65925);
    assert_eq!(server.trace(), before);
    let closing = close(external, "moving").data();
    for (name, value) in [
        ("closeToAccountId", json!(external)),
        ("transactionTag", json!("bye")),
        ("isCloseToExternalAccount", json!(true)),
        ("isClosedToExternalAccount", json!(true)),
    ] {
        assert_eq!(closing[name], value, "{name}");
    }
    assert_eq!(closing["totalClosingAmount"].to_string(), "12.34");
    let status = || seen(&api, id, checking)["status"].as_str().unwrap().to_owned();
    assert_eq!(status(), "PendingClosed");
    close(external, "moving").fails(400, 65914);
    server.advance(3600);
    await_that("it closes", || status() == "Closed");
    assert_eq!(balances(&api, id, checking), ["0.00", "0.00", "0.00"]);
    assert!(seen(&api, id, checking)["closedDate"].is_string());
    // Without a balance there is nothing to pay.
    let empty = account(&api, id, "Checking");
    let body = json!({"customerId": id, "accountId": empty, "closeToAccountId": external});
    assert_eq!(post(&api, "/account/close", &body)["isCloseToExternalAccount"], false);
    assert_eq!(seen(&api, id, empty)["status"], "Closed");
    server.trace();
}

#[test]
fn an_account_gets_recurring_contributions() {
    let server = Server::start("[program]\ntime_zone = \"America/New_York\"\n");
    set_clock(&server, "2027-03-08T16:00:00Z");
    let api = admin(&server);
    let id = customer(&api);
    let payer = external(&api, id);
    let plan = json!({"recurringContributionType": "Monthly", "recurringContributionAmount": "25.5",
        "recurringContributionFromExternalAccountId": payer, "recurringContributionStartDate": "03/09/2027"});
    let with = |more: &Value| {
        let mut body = plan.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let opened = post(&api, "/account/create", &with(&json!({"customerId": id, "name": "x", "type": "Savings"})));
    let savings = number(&opened["accountId"]);
    let shown = |name: &str| seen(&api, id, savings)[format!("recurringContribution{name}")].clone();
    assert_eq!((shown("Type"), shown("FromExternalAccountId")), (json!("Monthly"), json!(payer)));
    assert_eq!(shown("Amount").to_string(), "25.5");
    assert_eq!(shown("StartDate"), "2027-03-09T00:00:00.000-05:00");
    assert_eq!(shown("NextDate"), "2027-04-09T00:00:00.000-04:00");
    assert_eq!((opened["recurringContributionNextDate"].clone(), shown("EndDate")), (shown("NextDate"), Value::Null));
    let before = seen(&api, id, savings);
    server.advance(60);
    post(&api, "/account/update", &before);
    assert_eq!(seen(&api, id, savings), before, "what was read is sent back");
    let change = |more: Value| {
        let mut body = json!({"customerId": id, "accountId": savings});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        api.post("/account/update", &body)
    };
    change(json!({"recurringContributionStartDate": "2027-03-10"})).data();
    assert_eq!(shown("NextDate"), "2027-03-10T00:00:00.000-05:00");
    set_clock(&server, "2027-03-10T05:00:00Z");
    await_that("the contribution", || balances(&api, id, savings)[2] == "25.50");
    assert_eq!(shown("NextDate"), "2027-04-10T00:00:00.000-04:00");
    change(json!({"recurringContributionType": "BiWeekly", "recurringContributionEndDate": "2027-03-20"})).data();
    assert_eq!((shown("Type"), shown("NextDate")), (json!("BiWeekly"), Value::Null), "it ends before the next day");
    change(json!({"recurringContributionType": "None"})).data();
    assert_eq!(shown("Type"), "None");
    server.trace();
}

#[test]
fn refused_contributions_have_their_codes_and_leave_no_trace() {
    let server = Server::start("");
    let api = admin(&server);
    let (id, other) = (customer(&api), customer(&api));
    let (payer, foreign) = (external(&api, id), external(&api, other));
    let unverified = number(&post(&api, "/externalAccount/initiate", &new(id))["externalAccountId"]);
    let (savings, checking) = (account(&api, id, "Savings"), account(&api, id, "Checking"));
    let plan = json!({"recurringContributionType": "Monthly", "recurringContributionAmount": 25,
        "recurringContributionFromExternalAccountId": payer, "recurringContributionStartDate": "2090-01-28"});
    let call = |create: bool, kind: &str, name: &str, value: &Value| {
        let mut body = plan.clone();
        let key = match create {
            true => json!({"customerId": id, "name": "new", "type": kind}),
            false => json!({"customerId": id, "accountId": if kind == "Savings" { savings } else { checking }}),
        };
        body.as_object_mut().unwrap().extend(key.as_object().unwrap().clone());
        body[format!("recurringContribution{name}")] = value.clone();
        api.post(if create { "/account/create" } else { "/account/update" }, &body)
    };
    let before = server.trace();
    for (name, value, created, changed) in [
        ("Type", json!("Daily"), 61006, 61006),
        ("Amount", json!(0.99), 61008, 61008),
        ("Amount", json!(25.001), 61008, 61008),
        ("Amount", Value::Null, 61008, 61008),
        ("FromExternalAccountId", json!(foreign), 61009, 61009),
        ("FromExternalAccountId", json!(unverified), 61009, 61009),
        ("FromExternalAccountId", json!(999_999), 61009, 61009),
        ("FromExternalAccountId", Value::Null, 61009, 61009),
        ("StartDate", json!("2090-01-29"), 61010, 61108),
        ("StartDate", json!("soon"), 61010, 61108),
        ("EndDate", json!("2090-01-28"), 61011, 61011),
        ("StartDate", Value::Null, 61012, 61012),
    ] {
        call(true, "Savings", name, &value).fails(400, created);
        call(false, "Savings", name, &value).fails(400, changed);
    }
    call(true, "Checking", "Type", &json!("Monthly")).fails(400, 61006);
    call(false, "Checking", "Type", &json!("Monthly")).fails(400, 61006);
    assert_eq!(server.trace(), before);
}

#[test]
fn withdrawals_from_savings_are_counted_by_the_month() {
    let server = Server::start("[program]\ntime_zone = \"America/New_York\"\n");
    set_clock(&server, "2027-03-30T12:00:00Z");
    let api = admin(&server);
    let id = customer(&api);
    let (savings, checking) = (account(&api, id, "Savings"), account(&api, id, "Checking"));
    fund(&api, id, savings, "100");
    let count = |account: i64| seen(&api, id, account)["regDWithdrawalCount"].clone();
    assert_eq!((count(savings), count(checking)), (json!(0), json!(0)));
    pay(&api, id, (savings, checking), "1").data();
    pay(&api, id, (savings, super::helix::reserve(&api)), "1").data();
    pay(&api, id, (checking, savings), "1").data();
    assert_eq!((count(savings), count(checking)), (json!(2), json!(0)));
    set_clock(&server, "2027-04-01T04:00:00Z");
    assert_eq!(count(savings), 0);
    server.trace();
}
