//! Money of Helix: holds, transfers, the reserve, transactions, and closing an account.

use super::harness::{Caller, PATIENCE, Reply, Server, unique};
use super::helix::{account, admin, balances, customer, fund, native_id, number, post, reserve, seen};
use serde_json::{Value, json};
use std::time::Instant;

#[test]
fn one_hold_at_a_time_reserves_money() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    let checking = account(&api, id, "Checking");
    fund(&api, id, checking, "10");
    let key = json!({"customerId": id, "accountId": checking});
    let place = |more: Value| {
        let mut body = key.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        api.post("/account/placeHold", &body)
    };
    // A hold may exceed what is available.
    place(json!({"holdAmount": "25.50", "reason": "Card"})).data();
    assert_eq!(balances(&api, id, checking), ["10.00", "-15.50", "0.00"]);
    let before = server.trace();
    place(json!({"amount": 1, "reason": "x"})).fails(400, 61405);
    assert_eq!(server.trace(), before);
    post(&api, "/account/releaseHold", &key);
    assert_eq!(balances(&api, id, checking), ["10.00", "10.00", "0.00"]);
    api.post("/account/releaseHold", &key).fails(404, 60001);
    let before = server.trace();
    for (more, code) in [
        (json!({"amount": 1}), 61401),
        (json!({"reason": "x"}), 61402),
        (json!({"amount": 0, "reason": "x"}), 61402),
        (json!({"amount": -1, "reason": "x"}), 61402),
        (json!({"amount": "1.001", "reason": "x"}), 61402),
        (json!({"amount": "x", "reason": "x"}), 61402),
        (json!({"amount": 1, "reason": "x", "expirationDate": "2001-01-01"}), 195_131),
        (json!({"amount": 1, "reason": "x", "expirationDate": "soon"}), 195_149),
        (json!({"amount": 1, "reason": "x".repeat(256)}), 60002),
    ] {
        place(more).fails(400, code);
    }
    api.post("/account/placeHold", &json!({"customerId": id, "amount": 1, "reason": "x"})).fails(400, 61401);
    for kind in ["Prepaid", "ForBenefitOf"] {
        let other = account(&api, id, kind);
        let body = json!({"customerId": id, "accountId": other, "amount": 1, "reason": "x"});
        api.post("/account/placeHold", &body).fails(400, 61404);
    }
    let savings = account(&api, id, "Savings");
    post(&api, "/account/placeHold", &json!({"customerId": id, "accountId": savings, "amount": 1, "reason": "x"}));
    assert_ne!(server.trace(), before);
}

#[test]
fn a_hold_ends_at_its_midnight() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    let checking = account(&api, id, "Checking");
    let tomorrow = server.advance(0).plus_s(2 * 86_400).to_string()[..10].to_owned();
    let at_five = json!({"customerId": id, "accountId": checking, "amount": 5, "reason": "x",
        "expirationDate": format!("{tomorrow}T05:00:00")});
    api.post("/account/placeHold", &at_five).fails(400, 195_149);
    let body = json!({"customerId": id, "accountId": checking, "amount": 5, "reason": "x", "expirationDate": tomorrow});
    post(&api, "/account/placeHold", &body);
    assert_eq!(balances(&api, id, checking)[1], "-5.00");
    server.advance(2 * 86_400);
    let end = Instant::now() + PATIENCE;
    while balances(&api, id, checking)[1] != "0.00" {
        assert!(Instant::now() < end, "the hold is still there");
    }
}

fn pay(api: &Caller<'_>, customer: i64, (from, to): (i64, i64), more: &Value) -> Reply {
    let mut body = json!({"customerId": customer, "fromId": from, "toId": to});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    api.post("/transfer/create", &body)
}

#[test]
fn money_moves_between_accounts_and_the_reserve_at_once() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    let (one, two, reserve) = (account(&api, id, "Checking"), account(&api, id, "Savings"), reserve(&api));
    let text = |more: &Value| more.to_string();
    let made =
        pay(&api, id, (reserve, one), &json!({"amount": "75.5", "tag": "pr_2_i", "description": "Bonus"})).data();
    assert_eq!(
        (&made[0]["tag"], &made[0]["fromId"], text(&made[0]["amount"])),
        (&json!("pr_2_i"), &json!(reserve), "75.5".into())
    );
    let moved = pay(&api, id, (one, two), &json!({"amount": 20.25, "tag": "i_2_i"})).data();
    assert_eq!(balances(&api, id, one), ["55.25", "55.25", "0.00"]);
    assert_eq!(balances(&api, id, two), ["20.25", "20.25", "0.00"], "no hold time within the program");
    pay(&api, id, (two, reserve), &json!({"amount": 0.25})).data();
    let program = api.get("/program/get");
    assert_eq!(program.digits("data/accounts/0/accountBalance"), "-75.25");

    let list = |path: &str| api.get(&format!("/transaction/list/{id}/{one}{path}")).data();
    let all = list("///?pageNumber=&pageSize=");
    let kinds = |list: &Value| -> Vec<(String, String, bool)> {
        let rows = list.as_array().unwrap().iter();
        rows.map(|row| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            (text("typeCode"), text("tag"), row["isCredit"] == true)
        })
        .collect()
    };
    let row = |code: &str, tag: &str, is_credit| (code.to_owned(), tag.to_owned(), is_credit);
    assert_eq!(kinds(&all), [row("CPXFR", "i_2_i", false), row("RSVDEP", "pr_2_i", true)]);
    assert_eq!((&all[1]["status"], &all[1]["transactionCount"]), (&json!("Settled"), &json!(2)));
    for name in ["settledDate", "availableDate", "createdDate"] {
        assert!(all[0][name].is_string(), "{name}");
    }
    let today = server.advance(0).to_string()[..10].to_owned();
    for path in [
        "/Settled",
        "/settled/",
        "/All",
        "/null",
        &format!("/Settled/{today}"),
        &format!("/{today}/{today}"),
        "//1900-01-01/",
    ] {
        assert_eq!(list(path), all, "{path}");
    }
    // An empty part is any; the last one is the last day.
    for path in [&format!("/Settled//{today}"), &format!("///{today}"), &format!("//{today}/"), "//Settled"] {
        assert_eq!(list(path), all, "{path}");
    }
    for path in ["/Settled/0001-01-01/9999-12-31", "//01%2F31%2F2001"] {
        assert_eq!(list(path), all, "{path}");
    }
    for path in ["/Settled//2001-01-01", "///2001-01-01"] {
        assert_eq!(list(path), json!([]), "{path}");
    }
    for (path, name) in [("/2001-01-01x", "start"), ("/2001-01-01/x", "finish"), ("/Settled/x/2001-01-01", "start")] {
        let reply = api.get(&format!("/transaction/list/{id}/{one}{path}"));
        reply.fails(400, 60002);
        reply.says(&format!("{name}: a date such as 2026-03-02"));
    }
    for path in ["/Voided", "/Pending", "/Settled/2001-01-01/2001-01-02", "//1900-01-01/2001-01-01"] {
        assert_eq!(list(path), json!([]), "{path}");
    }
    assert_eq!(list("?pageSize=1&pageNumber=1")[0]["typeCode"], "RSVDEP");
    api.get(&format!("/transaction/list/{id}/{one}/Later")).fails(400, 60002);
    let sides = api.get(&format!("/transaction/getByTag/{id}/i_2_i")).data();
    let both = [row("CPXFR", "i_2_i", false), row("CPXFR", "i_2_i", true)];
    assert_eq!(kinds(&sides), both);
    assert_eq!(api.get(&format!("/transaction/get/{id}/{}", moved[0]["transactionId"])).data(), sides);
    api.get(&format!("/transaction/get/{id}/999999")).fails(404, 60001);
    api.get(&format!("/transaction/getByTag/{id}/nope")).fails(404, 60001);
    server.trace();
}

#[test]
fn what_other_apis_book_is_a_transaction_too() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    let account = account(&api, id, "Checking");
    let path = format!("/accounts/{}", native_id(&server, account));
    let native = server.admin();
    native.post(&format!("{path}/deposit"), &json!({"amount": "50", "comment": "Wire"})).ok();
    native
        .post(&format!("{path}/balance"), &json!({"amount": "-2", "action": "DEAL_ACTION_FEE", "comment": "Fee"}))
        .ok();
    let hold = native.post(&format!("{path}/holds"), &json!({"amount": "3"})).ok().text_at("id");
    native.step(&format!("/holds/{hold}/capture")).ok();
    let deposit =
        native.post(&format!("{path}/deposits"), &json!({"amount": "7", "reference": "in-7"})).ok().text_at("id");
    let other = native.post(&format!("{path}/withdrawals"), &json!({"amount": "4"})).ok().text_at("id");
    native.step(&format!("/withdrawals/{other}/cancel")).ok();
    let list = api.get(&format!("/transaction/list/{id}/{account}")).data();
    let rows: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["typeCode"].as_str().unwrap(), row["status"].as_str().unwrap(), row["isCredit"] == true))
        .collect();
    let mut expected = vec![
        ("CPWTH", "Voided", false),
        ("CPDEP", "Pending", true),
        ("ADJWTH", "Settled", false),
        ("ADJWTH", "Settled", false),
        ("CPDEP", "Settled", true),
    ];
    expected.sort_unstable();
    let mut sorted = rows.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    for row in list.as_array().unwrap() {
        let found = api.get(&format!("/transaction/get/{id}/{}", row["transactionId"])).data();
        assert_eq!((found.as_array().unwrap().len(), &found[0]["typeCode"]), (1, &row["typeCode"]));
        assert!(row["transactionId"].as_i64().unwrap() < i64::from(i32::MAX));
    }
    native.step(&format!("/deposits/{deposit}/settle")).ok();
    assert_eq!(api.get(&format!("/transaction/getByTag/{id}/in-7")).data()[0]["status"], "Settled");
}

#[test]
fn refused_transfers_have_their_codes_and_leave_no_trace() {
    let server = Server::start("");
    let api = admin(&server);
    let (id, other) = (customer(&api), customer(&api));
    let (one, two, foreign) =
        (account(&api, id, "Checking"), account(&api, id, "Checking"), account(&api, other, "Checking"));
    let reserve = reserve(&api);
    fund(&api, id, one, "20");
    pay(&api, id, (one, two), &json!({"amount": 1, "tag": "used"})).data();
    let closed = account(&api, id, "Checking");
    post(&api, "/account/close", &json!({"customerId": id, "accountId": closed}));
    let before = server.trace();
    for (sides, more, code) in [
        ((one, two), json!({"amount": 19.01}), 70204),
        ((one, reserve), json!({"amount": "19.01"}), 70204),
        ((999_999, two), json!({"amount": 1}), 63601),
        ((one, 999_999), json!({"amount": 1}), 63610),
        ((foreign, two), json!({"amount": 1}), 63601),
        ((one, foreign), json!({"amount": 1}), 63610),
        ((one, one), json!({"amount": 1}), 63610),
        ((closed, two), json!({"amount": 1}), 63602),
        ((one, closed), json!({"amount": 1}), 63602),
        ((reserve, closed), json!({"amount": 1}), 63602),
        ((one, two), json!({"amount": 1, "tag": "used"}), 63660),
        ((reserve, two), json!({"amount": 1, "tag": "used"}), 63660),
        ((one, two), json!({"amount": 0}), 60002),
        ((one, two), json!({"amount": -1}), 60002),
        ((one, two), json!({"amount": "1.001"}), 60002),
        ((one, two), json!({}), 60002),
        ((one, two), json!({"amount": 1, "tag": "x".repeat(51)}), 63660),
        ((one, two), json!({"amount": 1, "description": "x".repeat(256)}), 60002),
    ] {
        pay(&api, id, sides, &more).fails(400, code);
    }
    pay(&api, 999_999, (one, two), &json!({"amount": 1})).fails(404, 60001);
    api.post("/transfer/create", &json!({"customerId": id, "toId": two, "amount": 1})).fails(400, 63601);
    api.post("/transfer/create", &json!({"customerId": id, "fromId": one, "amount": 1})).fails(400, 63610);
    assert_eq!(server.trace(), before);
    let path = format!("/accounts/{}", native_id(&server, two));
    server.admin().put(&path, &json!({"allowCredits": false})).ok();
    pay(&api, id, (one, two), &json!({"amount": 1})).fails(400, 63664);
}

/// Tries to close an account, or to close it to another one.
fn close(api: &Caller<'_>, key: (i64, i64), more: &Value) -> Reply {
    let mut body = json!({"customerId": key.0, "accountId": key.1});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    api.post("/account/close", &body)
}

#[test]
fn an_account_is_closed_and_its_balance_goes_along() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    let (empty, full, target) =
        (account(&api, id, "Checking"), account(&api, id, "Savings"), account(&api, id, "Checking"));
    let closed = close(&api, (id, empty), &json!({})).data();
    assert_eq!((closed.get("transactionId"), &closed["isCloseToExternalAccount"]), (None, &json!(false)));
    fund(&api, id, full, "75.50");
    let body = json!({"closeToAccountId": target.to_string(), "transactionTag": "bye", "closeReason": "other",
        "closeReasonNotes": "Moved away"});
    let reply = close(&api, (id, full), &body);
    let closed = reply.data();
    assert_eq!(reply.digits("data/totalClosingAmount"), "75.50");
    assert_eq!((&closed["closeToAccountId"], &closed["transactionTag"]), (&json!(target), &json!("bye")));
    let found = api.get(&format!("/transaction/getByTag/{id}/bye")).data();
    assert_eq!(found[0]["transactionId"], closed["transactionId"]);
    let gone = seen(&api, id, full);
    assert_eq!((&gone["status"], gone["closedDate"].is_string()), (&json!("Closed"), true));
    assert_eq!(balances(&api, id, target)[0], "75.50");
    assert_eq!(api.get(&format!("/account/list/{id}")).data().as_array().unwrap().len(), 3, "closed ones are listed");
    let details = server.admin().get(&format!("/accounts/{}/details", native_id_of_closed(&server, full))).ok().json();
    assert_eq!((&details["closeReason"], &details["closeNotes"]), (&json!("OTHER"), &json!("Moved away")));
    server.trace();
}

#[track_caller]
fn native_id_of_closed(server: &Server, account: i64) -> String {
    let all = server.admin().get("/accounts?archived=true&perPage=500").ok().json();
    let mut all = all["accounts"].as_array().unwrap().iter();
    all.find(|found| found["number"] == account).unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn the_preconditions_of_closing_hold_one_by_one() {
    let server = Server::start("");
    let api = admin(&server);
    let native = server.admin();
    let (id, other) = (customer(&api), customer(&api));
    let target = account(&api, id, "Checking");
    let foreign = account(&api, other, "Checking");
    let open = || account(&api, id, "Checking");
    let path = |account: i64| format!("/accounts/{}", native_id(&server, account));
    let to = json!({"closeToAccountId": target});

    let held = open();
    native.post(&format!("{}/deposit", path(held)), &json!({"amount": "5"})).ok();
    post(&api, "/account/placeHold", &json!({"customerId": id, "accountId": held, "amount": 1, "reason": "x"}));
    let pending = open();
    native.ask(native_id(&server, pending).as_str(), "deposits", "1");
    let negative = open();
    native.put(&path(negative), &json!({"minimumBalance": "-10"})).ok();
    pay(&api, id, (negative, reserve(&api)), &json!({"amount": 3})).data();
    let body = json!({"customerId": id, "name": unique("Kept"), "type": "Checking", "isCloseable": 0});
    let kept = number(&post(&api, "/account/create", &body)["accountId"]);
    assert_eq!(seen(&api, id, kept)["isCloseable"], false);
    let (closed, full) = (open(), open());
    close(&api, (id, closed), &json!({})).data();
    fund(&api, id, full, "5");
    pay(&api, id, (full, target), &json!({"amount": 1, "tag": "used"})).data();
    let locked = open();
    fund(&api, id, locked, "5");
    post(
        &api,
        "/account/lock",
        &json!({"customerId": id, "accountId": locked, "lockTypeCode": "CST", "lockReasonTypeCode": "TMP"}),
    );

    let before = server.trace();
    for (account, more, code) in [
        (held, to.clone(), 65908),
        (pending, to.clone(), 65908),
        (negative, to.clone(), 65909),
        (kept, json!({}), 65910),
        (closed, json!({}), 65914),
        (full, json!({}), 65902),
        (full, json!({"closeToAccountId": 999_999}), 65902),
        (full, json!({"closeToAccountId": foreign}), 65902),
        (full, json!({"closeToAccountId": "x"}), 65902),
        (full, json!({"closeToAccountId": full}), 65907),
        (full, json!({"closeToAccountId": target, "transactionTag": "used"}), 65903),
        (full, json!({"closeToAccountId": target, "transactionTag": "x".repeat(51)}), 65903),
        (full, json!({"closeToAccountId": target, "closeReason": "Bored"}), 65925),
        (full, json!({"closeToAccountId": target, "closeReason": "Other"}), 65925),
        (full, json!({"closeToAccountId": closed}), 65902),
        (locked, to.clone(), 63613),
    ] {
        close(&api, (id, account), &more).fails(400, code);
    }
    api.post("/account/close", &json!({"customerId": id})).fails(400, 65901);
    close(&api, (id, 999_999), &to).fails(404, 60001);
    close(&api, (id, foreign), &to).fails(404, 60001);
    assert_eq!(server.trace(), before);
    for reason in ["Fraud", "Never funded", "BSA Reasons", "Relationship Ended", "Deceased"] {
        close(&api, (id, open()), &json!({"closeReason": reason})).data();
    }
}

#[test]
fn deposits_that_are_not_cleared_keep_an_account_open() {
    let server = Server::start("");
    let group = "code = \"bank-savings\"\n";
    let file =
        include_str!("../../packaging/reference.toml").replace(group, &format!("{group}deposit_hold_days = 2\n"));
    server.apply_reference(&file);
    let api = admin(&server);
    let id = customer(&api);
    let (savings, target) = (account(&api, id, "Savings"), account(&api, id, "Checking"));
    server.admin().post(&format!("/accounts/{}/deposit", native_id(&server, savings)), &json!({"amount": "5"})).ok();
    assert_eq!(balances(&api, id, savings), ["5.00", "0.00", "0.00"], "it is settled, and available later");
    close(&api, (id, savings), &json!({"closeToAccountId": target})).fails(400, 65908);
}
