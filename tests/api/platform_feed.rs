//! The feed of trading platforms: what is taken, once, in whatever order, and the money that follows.

use super::harness::{Caller, Server, unique};
use serde_json::{Value, json};

/// An account in the first live trading group of a currency.
pub(crate) fn trading_account(admin: &Caller<'_>, currency: &str, mode: &str) -> String {
    trading_account_in(admin, currency, mode, |group| group["isDemo"] == false)
}

fn trading_account_in(admin: &Caller<'_>, currency: &str, mode: &str, choose: impl Fn(&Value) -> bool) -> String {
    let groups = admin.get(&format!("/account-groups?currency={currency}&perPage=500")).ok().json();
    let mut groups = groups["groups"].as_array().unwrap().iter();
    let group = groups.find(|group| group["isWallet"] != true && choose(group)).expect("a trading group");
    let body = json!({
        "profileId": admin.new_profile(), "currency": currency, "groupId": group["id"],
        "positionMode": format!("POSITIONING_MODE_{mode}"),
    });
    admin.post("/accounts", &body).ok().text_at("account/id")
}

/// A moment of the test's day.
pub(crate) fn at(minute: u32) -> String {
    format!("2026-03-02T{:02}:{:02}:00Z", 8 + minute / 60, minute % 60)
}

/// An execution in EURUSD at a minute of the day, whose id is also its event's.
pub(crate) fn fill(account: &str, id: &str, minute: u32, (side, quantity, price): (&str, &str, &str)) -> Value {
    json!({
        "kind": "execution", "platform": "mt5", "eventId": format!("e-{account}-{id}"), "account": account,
        "at": at(minute), "executionId": id, "symbol": "EURUSD", "side": side, "quantity": quantity, "price": price,
        "marginRate": "1.1",
    })
}

/// The same with more members.
pub(crate) fn with(mut event: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

#[track_caller]
pub(crate) fn feed(caller: &Caller<'_>, events: &[Value]) -> Value {
    caller.post("/platform/events?results=all", &json!(events)).ok().json()
}

/// Feeds events that must all be accepted.
#[track_caller]
pub(crate) fn accept(caller: &Caller<'_>, events: &[Value]) {
    let report = feed(caller, events);
    assert_eq!(report["accepted"], events.len(), "{report:#}");
}

/// The statuses of the events, with reasons.
#[track_caller]
pub(crate) fn fates(caller: &Caller<'_>, events: &[Value]) -> Vec<String> {
    let report = feed(caller, events);
    let fate = |result: &Value| {
        let status = result["status"].as_str().unwrap().to_owned();
        match result["reason"].as_str() {
            Some(reason) if reason != status => format!("{status}: {reason}"),
            _ => status,
        }
    };
    report["results"].as_array().unwrap().iter().map(fate).collect()
}

/// Deals as `ACTION amount`, oldest first.
#[track_caller]
pub(crate) fn deals(admin: &Caller<'_>, account: &str) -> Vec<String> {
    let list = admin.get(&format!("/accounts/{account}/deals?limit=500")).ok();
    let count = list.json()["deals"].as_array().unwrap().len();
    let show = |index: usize| {
        let action = list.text_at(&format!("deals/{index}/action"));
        format!("{} {}", action.trim_start_matches("DEAL_ACTION_"), list.digits(&format!("deals/{index}/amount")))
    };
    let mut deals: Vec<_> = (0..count).map(show).collect();
    deals.reverse();
    deals
}

pub(crate) fn proves_its_books(server: &Server) {
    let proof = server.command(&["audit"]);
    assert_eq!(proof["findings"], json!([]), "{proof:#}");
}

#[test]
fn a_netting_account_flips_at_the_price_of_the_fill() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    admin.deposit(&account, "10000");
    // 0.5 and 1.5 lots are bought at 1.10375 on average. 3 sold: 2 close, 1 opens at 1.1080.
    accept(
        &admin,
        &[
            fill(&account, "1", 0, ("BUY", "0.5", "1.1000")),
            with(fill(&account, "2", 1, ("BUY", "1.5", "1.1050")), json!({"booked": {"commission": "-3.505"}})),
            fill(&account, "3", 2, ("SELL", "3", "1.1080")),
        ],
    );
    // (1.1080 - 1.10375) x 200,000 = 850.
    assert_eq!(deals(&admin, &account), ["BALANCE 10000.00", "COMMISSION -3.51", "SELL 850.00"]);
    // (1.1080 - 1.1100) x 100,000 = -200, bought back.
    accept(&admin, &[fill(&account, "4", 3, ("BUY", "1", "1.1100"))]);
    assert_eq!(admin.balance(&account), "10646.49");
    assert_eq!(deals(&admin, &account).last().unwrap(), "BUY -200.00");
    proves_its_books(&server);
}

#[test]
fn an_event_counts_once_and_a_repeat_with_other_figures_is_refused() {
    let server = Server::shared();
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let (open, close) = (fill(&account, "1", 0, ("BUY", "1", "1.1")), fill(&account, "2", 1, ("SELL", "1", "1.101")));
    accept(&admin, &[open.clone(), close.clone()]);
    let from_import = with(close.clone(), json!({"eventId": unique("import"), "price": "1.10100"}));
    let other = with(close.clone(), json!({"eventId": unique("import"), "price": "1.102"}));
    let same_event = with(close.clone(), json!({"quantity": "2"}));
    assert_eq!(
        fates(&admin, &[open, close.clone(), from_import, other, same_event]),
        ["duplicate", "duplicate", "duplicate", "refused: conflicting_repeat", "refused: conflicting_repeat"]
    );
    // Two genuine fills with equal figures are two.
    let twin = with(close, json!({"eventId": unique("twin"), "executionId": "3"}));
    assert_eq!(fates(&admin, &[twin]), ["accepted"]);
    assert_eq!(deals(&admin, &account), ["SELL 100.00"]);
}

#[test]
fn a_repeat_that_tells_more_completes_the_execution() {
    let server = Server::shared();
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let close = fill(&account, "2", 1, ("SELL", "1", "1.101"));
    accept(&admin, &[fill(&account, "1", 0, ("BUY", "1", "1.1")), close.clone()]);
    let booked =
        json!({"eventId": unique("import"), "booked": {"profit": "99.99", "commission": "-2", "swap": "0.001"}});
    let import = with(close, booked);
    assert_eq!(fates(&admin, std::slice::from_ref(&import)), ["accepted"]);
    assert_eq!(deals(&admin, &account), ["SELL 100.00", "CORRECTION -0.01", "CORRECTION -2.00"]);
    let contradiction = with(import.clone(), json!({"eventId": unique("import"), "booked": {"profit": "99"}}));
    assert_eq!(fates(&admin, &[import, contradiction]), ["duplicate", "refused: conflicting_repeat"]);
    assert_eq!(admin.balance(&account), "97.99");
}

#[test]
fn a_late_fill_is_applied_where_it_belongs() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    accept(&admin, &[fill(&account, "1", 0, ("BUY", "1", "1.1")), fill(&account, "3", 10, ("SELL", "1", "1.2"))]);
    assert_eq!(admin.balance(&account), "10000.00");
    // Bought at 1.3 before: the average was 1.2, so the sale made nothing and one lot is open.
    accept(&admin, &[fill(&account, "2", 5, ("BUY", "1", "1.3"))]);
    assert_eq!(deals(&admin, &account), ["SELL 10000.00", "CORRECTION -10000.00"]);
    accept(&admin, &[fill(&account, "4", 20, ("SELL", "1", "1.25"))]);
    assert_eq!(admin.balance(&account), "5000.00");
    proves_its_books(&server);
}

#[test]
fn fills_are_cancelled_and_replaced() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    accept(
        &admin,
        &[
            fill(&account, "1", 0, ("BUY", "1", "1.1")),
            with(fill(&account, "2", 5, ("BUY", "1", "1.3")), json!({"booked": {"commission": "-5"}})),
            fill(&account, "3", 10, ("SELL", "2", "1.25")),
        ],
    );
    assert_eq!(deals(&admin, &account), ["COMMISSION -5.00", "SELL 10000.00"]);
    let correct = |id: &str, corrects: &str, more: Value| {
        let event = json!({
            "kind": "correction", "platform": "mt5", "eventId": unique("c"), "account": account, "at": at(30),
            "executionId": id, "corrects": corrects,
        });
        with(event, more)
    };
    // Without the second, one of the two sold closes at 1.1 and one opens.
    accept(&admin, &[correct("c1", "2", json!({"action": "cancel"}))]);
    assert_eq!(admin.balance(&account), "15000.00");
    // It comes back at 1.2: both close at 1.15 on average.
    accept(&admin, &[correct("c2", "c1", json!({"action": "replace", "price": "1.2"}))]);
    assert_eq!(admin.balance(&account), "19995.00");
    let unknown = correct("c9", "c8", json!({"action": "cancel"}));
    let superseded = correct("c3", "2", json!({"action": "cancel"}));
    let also = correct("c3", "c1", json!({"action": "cancel"}));
    assert_eq!(
        fates(&admin, &[superseded, also, unknown]),
        ["refused: superseded", "refused: superseded", "parked: unknown_execution"]
    );
    // What it waits for comes: the fill is cancelled again.
    accept(&admin, &[correct("c8", "c2", json!({"action": "replace", "price": "1.21"}))]);
    assert_eq!(admin.balance(&account), "15000.00");
    proves_its_books(&server);
}

#[test]
fn hedged_positions_close_against_each_other() {
    let server = Server::shared();
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "HEDGING");
    let position = |reference: &str, entry: &str| json!({"positionRef": reference, "entry": entry});
    accept(
        &admin,
        &[
            with(fill(&account, "1", 0, ("BUY", "1", "1.1")), position("77", "in")),
            with(fill(&account, "2", 1, ("SELL", "0.5", "1.12")), position("78", "in")),
        ],
    );
    let close_by = json!({
        "kind": "execution", "platform": "mt5", "eventId": unique("b"), "account": account, "at": at(2),
        "executionId": "3", "entry": "out-by", "positionRef": "77", "oppositeRef": "78", "symbol": "EURUSD",
        "quantity": "0.2", "marginRate": "1.1",
    });
    accept(&admin, &[close_by]);
    // (1.12 - 1.10) x 0.2 x 100,000 = 400.
    assert_eq!(deals(&admin, &account), ["SELL 400.00"]);
    accept(&admin, &[with(fill(&account, "4", 3, ("SELL", "0.8", "1.09")), position("77", "out"))]);
    assert_eq!(deals(&admin, &account), ["SELL 400.00", "SELL -800.00"]);
    let nameless = fill(&account, "5", 4, ("SELL", "1", "1.1"));
    assert_eq!(fates(&admin, &[nameless]), ["refused: invalid"]);
}

#[test]
fn what_is_not_known_yet_waits_and_is_tried_again() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let number = unique("mt");
    let by_number = with(fill(&account, "1", 0, ("BUY", "1", "1.1")), json!({"account": number}));
    let of_symbol = with(fill(&account, "2", 1, ("BUY", "1", "1.1")), json!({"symbol": "NOSUCH"}));
    let of_platform = with(fill(&account, "3", 1, ("BUY", "1", "1.1")), json!({"platform": "nobody"}));
    assert_eq!(
        fates(&admin, &[by_number.clone(), of_symbol, of_platform, by_number.clone()]),
        ["parked: unknown_account", "parked: unknown_symbol", "refused: unknown_platform", "duplicate"]
    );
    let parked = admin.get("/platform/parked").ok().json();
    assert_eq!(parked["parked"][0]["event"], by_number);
    assert_eq!(parked["parked"][0]["waitsFor"], format!("account:{number}"));
    assert_eq!(parked["parked"][1]["waitsFor"], "symbol:NOSUCH");
    accept(&admin, &[fill(&account, "4", 2, ("SELL", "1", "1.2"))]);
    assert_eq!(admin.balance(&account), "0.00");
    admin.put(&format!("/accounts/{account}/platform-accounts/mt5"), &json!({"number": number})).ok();
    assert_eq!(admin.balance(&account), "10000.00");
    let parked = admin.get("/platform/parked").ok().json();
    assert_eq!(parked["parked"].as_array().unwrap().len(), 1);
    let id = parked["parked"][0]["id"].as_str().unwrap();
    admin.post(&format!("/platform/parked/{id}/drop"), &json!({})).refused("INVALID_FIELD").naming("reason");
    admin.post(&format!("/platform/parked/{id}/drop"), &json!({"reason": "a test"})).ok();
    admin.post(&format!("/platform/parked/{id}/drop"), &json!({"reason": "a test"})).refused("NOT_FOUND");
    assert_eq!(admin.get("/platform/parked").ok().json()["parked"], json!([]));
    proves_its_books(&server);
}

#[test]
fn bad_events_do_not_affect_the_others() {
    let server = Server::shared();
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let good = fill(&account, "1", 0, ("BUY", "1", "1.1"));
    let bad = |id: &str, more: Value| with(fill(&account, id, 0, ("BUY", "1", "1.1")), more);
    let events = [
        bad("2", json!({"quantity": "-1"})),
        bad("3", json!({"price": "1e3"})),
        bad("4", json!({"price": "1.0000000000001"})),
        bad("5", json!({"at": "2026-03-02T08:15:00"})),
        bad("6", json!({"at": "2126-03-02T08:15:00Z"})),
        bad("7", json!({"kind": "rumour"})),
        bad("8", json!({"side": "LONG"})),
        json!(5),
        json!({"kind": "quote", "platform": "mt5", "symbol": "EURUSD", "at": at(0), "bid": "1.2", "ask": "1.1"}),
        json!({"kind": "quote", "platform": "mt5", "symbol": "EURUSD", "at": at(0), "bid": "0", "ask": "1.1"}),
        good.clone(),
    ];
    let mut expected = vec!["refused: invalid"; 8];
    expected[4] = "refused: in_the_future";
    expected.extend(["refused: crossed_quote", "refused: crossed_quote", "accepted"]);
    assert_eq!(fates(&admin, &events), expected);
    // NDJSON that breaks off: what is complete counts.
    let sale = fill(&account, "9", 1, ("SELL", "1", "1.2"));
    let body = format!("\u{feff}{sale}\n\nnonsense\n{{\"kind\":\"exec");
    let report = admin.send("POST", "/platform/events", Some("application/x-ndjson"), Some(body.as_bytes())).ok();
    assert_eq!(report.json()["accepted"], 1, "{}", report.text);
    assert_eq!(report.json()["refused"], 2, "{}", report.text);
    assert_eq!(admin.balance(&account), "10000.00");
    let line = format!("{{\"kind\":\"{}\"}}", "x".repeat(1 << 20));
    let report = admin.post_text("/platform/events", &format!("[{line}]")).ok().json();
    assert_eq!(report["results"][0]["reason"], "too_long");
    let many = format!("[{}5]", "5,".repeat(10_000));
    admin.post_text("/platform/events", &many).refused("MALFORMED_BODY");
    let unknown = with(good, json!({"flavour": "sweet", "booked": {"tip": "1"}}));
    let report = feed(&admin, &[unknown]);
    assert_eq!(report["unknownMembers"], json!(["booked.tip", "flavour"]));
}

#[test]
fn events_of_closed_accounts_wait_with_an_alert() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    admin.delete(&format!("/accounts/{account}")).ok();
    assert_eq!(fates(&admin, &[fill(&account, "1", 0, ("BUY", "1", "1.1"))]), ["parked: closed_account"]);
    let alerts = admin.get("/platform/alerts").ok().json();
    assert_eq!(
        (&alerts["alerts"][0]["kind"], &alerts["alerts"][0]["accountId"]),
        (&json!("closed_account"), &json!(account))
    );
    let id = alerts["alerts"][0]["id"].as_str().unwrap();
    admin.post(&format!("/platform/alerts/{id}/resolve"), &json!({"reason": "reopened elsewhere"})).ok();
    assert_eq!(admin.get("/platform/alerts").ok().json()["alerts"], json!([]));
    assert_eq!(admin.get("/platform/alerts?state=all").ok().json()["alerts"][0]["resolution"], "reopened elsewhere");
    proves_its_books(&server);
}

#[test]
fn only_the_platform_and_administrators_feed() {
    let server = Server::shared();
    let account = trading_account(&server.admin(), "USD", "NETTING");
    let event = json!([fill(&account, "1", 0, ("BUY", "1", "1.1"))]);
    server.anyone().post("/platform/events", &event).refused("TOKEN_MISSING");
    for role in ["viewer", "operator", "auditor"] {
        server.operator(role, &[]).post("/platform/events", &event).refused("RIGHT_MISSING");
    }
    server.operator("service", &["zurich"]).post("/platform/events", &event).refused("LIMITED_BY_TAGS");
    assert_eq!(server.operator("service", &[]).post("/platform/events", &event).ok().json()["accepted"], 1);
}

/// An account, an event that waits, and an open alert.
fn scene(admin: &Caller<'_>) -> (String, String, String) {
    let account = trading_account(admin, "USD", "NETTING");
    let closed = trading_account(admin, "USD", "NETTING");
    admin.delete(&format!("/accounts/{closed}")).ok();
    assert_eq!(fates(admin, &[fill(&closed, "1", 0, ("BUY", "1", "1.1"))]), ["parked: closed_account"]);
    let parked = admin.get("/platform/parked").ok().text_at("parked/0/id");
    let alert = admin.get("/platform/alerts").ok().text_at("alerts/0/id");
    (account, parked, alert)
}

#[test]
fn operators_with_tags_neither_feed_nor_see_what_waits() {
    let server = Server::start("");
    let (account, parked, alert) = scene(&server.admin());
    let event = json!([fill(&account, "1", 0, ("BUY", "1", "1.1"))]);
    let (service, operator) = (server.operator("service", &["zurich"]), server.operator("operator", &["zurich"]));
    let before = server.trace();
    service.post("/platform/events", &event).refused("LIMITED_BY_TAGS");
    operator.get("/platform/parked").refused("LIMITED_BY_TAGS");
    operator.get("/platform/alerts").refused("LIMITED_BY_TAGS");
    let reason = json!({"reason": "x"});
    operator.post(&format!("/platform/parked/{parked}/drop"), &reason).refused("LIMITED_BY_TAGS");
    operator.post(&format!("/platform/alerts/{alert}/resolve"), &reason).refused("LIMITED_BY_TAGS");
    let number = json!({"number": "5"});
    operator.put(&format!("/accounts/{account}/platform-accounts/mt5"), &number).refused("NOT_FOUND");
    assert_eq!(server.trace(), before);
}

#[test]
fn calls_about_the_feed_are_replayed() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, parked, alert) = scene(&admin);
    let events = json!([fill(&account, "1", 0, ("BUY", "1", "1.1")), fill(&account, "2", 1, ("SELL", "1", "1.2"))]);
    let reason = json!({"reason": "x"});
    let number = json!({"number": "5"});
    let calls: [(&str, &str, String, &Value); 4] = [
        ("1", "POST", "/platform/events".into(), &events),
        ("2", "POST", format!("/platform/parked/{parked}/drop"), &reason),
        ("3", "POST", format!("/platform/alerts/{alert}/resolve"), &reason),
        ("4", "PUT", format!("/accounts/{account}/platform-accounts/mt5"), &number),
    ];
    for (key, method, path, body) in calls {
        let body = body.to_string();
        let send =
            |caller: Caller<'_>| caller.send(method, &path, Some("application/json"), Some(body.as_bytes())).ok();
        let first = send(admin.key(key));
        let before = server.trace();
        let again = send(admin.key_again(key));
        assert!(!first.is_replayed() && again.is_replayed(), "{path}");
        assert_eq!((again.text, server.trace()), (first.text, before));
    }
    assert_eq!(admin.balance(&account), "10000.00");
}

#[test]
fn refused_calls_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, parked, alert) = scene(&admin);
    let other = trading_account(&admin, "USD", "NETTING");
    admin.put(&format!("/accounts/{other}/platform-accounts/mt5"), &json!({"number": "7"})).ok();
    let before = server.trace();
    admin.post_text("/platform/events", "nonsense").refused("MALFORMED_BODY");
    admin.send("POST", "/platform/events", Some("text/csv"), Some(b"[]")).refused("WRONG_CONTENT_TYPE");
    admin.post_text("/platform/events", " [ ] ").refused("MALFORMED_BODY");
    admin.post("/platform/events?results=some", &json!([])).refused("INVALID_FIELD").naming("results");
    for path in [format!("/platform/parked/{parked}/drop"), format!("/platform/alerts/{alert}/resolve")] {
        admin.post(&path, &json!({"reason": " "})).refused("INVALID_FIELD").naming("reason");
        admin
            .post(&path.replace(&parked, &account).replace(&alert, &account), &json!({"reason": "x"}))
            .refused("NOT_FOUND");
    }
    let path = format!("/accounts/{account}/platform-accounts");
    admin.put(&format!("{path}/nobody"), &json!({"number": "5"})).refused("INVALID_FIELD");
    admin.put(&format!("{path}/mt5"), &json!({"number": "7"})).refused("DUPLICATE_REFERENCE");
    admin.put(&format!("{path}/mt5"), &json!({})).refused("INVALID_FIELD").naming("number");
    assert_eq!(server.trace(), before);
}

#[test]
fn what_waits_for_another_event_of_the_same_call_is_accepted() {
    let server = Server::shared();
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let correction = |id: &str, corrects: &str| {
        json!({
            "kind": "correction", "platform": "mt5", "eventId": format!("{id}-{account}"), "account": account,
            "at": at(9), "executionId": id, "corrects": corrects, "action": "replace", "quantity": "2",
        })
    };
    accept(
        &admin,
        &[
            correction("c2", "c1"),
            correction("c1", "1"),
            fill(&account, "2", 3, ("SELL", "2", "1.2")),
            fill(&account, "1", 2, ("BUY", "1", "1.1")),
        ],
    );
    assert_eq!(admin.balance(&account), "20000.00");
}

#[test]
fn an_event_id_books_one_fill() {
    let server = Server::start("");
    let admin = server.admin();
    let [account, other] = [(); 2].map(|()| trading_account(&admin, "USD", "NETTING"));
    let open = fill(&account, "1", 0, ("BUY", "1", "1.1"));
    let waiting = with(fill(&account, "2", 0, ("BUY", "1", "1.1")), json!({"symbol": "NOSUCH"}));
    let swap = json!({
        "kind": "swap", "platform": "mt5", "eventId": unique("s"), "account": account, "at": at(1), "amount": "-1",
    });
    assert_eq!(
        fates(&admin, &[open.clone(), swap.clone(), waiting.clone()]),
        ["accepted", "accepted", "parked: unknown_symbol"]
    );
    let conflicts = [
        with(open.clone(), json!({"executionId": "3"})),
        with(open.clone(), json!({"account": other})),
        with(open.clone(), json!({"executionId": "3", "eventId": swap["eventId"]})),
        with(waiting, json!({"symbol": "EURUSD"})),
    ];
    assert_eq!(fates(&admin, &conflicts), ["refused: conflicting_repeat"; 4]);
    let more = with(open, json!({"booked": {"commission": "-2"}}));
    assert_eq!(fates(&admin, &[more]), ["accepted"]);
    accept(&admin, &[fill(&account, "4", 5, ("SELL", "1", "1.2"))]);
    assert_eq!(deals(&admin, &account), ["SWAP -1.00", "CORRECTION -2.00", "SELL 10000.00"]);
    assert_eq!(deals(&admin, &other), [""; 0]);
    proves_its_books(&server);
}

#[test]
fn an_execution_does_not_have_the_id_of_a_correction() {
    let server = Server::shared();
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let correction = json!({
        "kind": "correction", "platform": "mt5", "eventId": unique("c"), "account": account, "at": at(9),
        "executionId": "c1", "corrects": "1", "action": "replace", "quantity": "2",
    });
    accept(&admin, &[fill(&account, "1", 0, ("BUY", "1", "1.1")), correction]);
    let named_alike = fill(&account, "c1", 1, ("BUY", "1", "1.1"));
    assert_eq!(fates(&admin, &[named_alike]), ["refused: conflicting_repeat"]);
}

#[test]
fn a_fill_at_the_beginning_of_time_counts() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let first = with(fill(&account, "1", 0, ("BUY", "1", "1.0")), json!({"at": "0001-01-01T00:00:00Z"}));
    accept(&admin, &[first, fill(&account, "3", 10, ("SELL", "1", "1.2"))]);
    assert_eq!(admin.balance(&account), "20000.00");
    accept(&admin, &[fill(&account, "2", 5, ("BUY", "1", "1.1"))]);
    assert_eq!(admin.balance(&account), "15000.00");
    proves_its_books(&server);
}

#[test]
fn the_number_of_another_account_is_taken() {
    let server = Server::shared();
    let admin = server.admin();
    let [account, other] = [(); 2].map(|()| trading_account(&admin, "USD", "NETTING"));
    let number =
        |account: &str| json!({"number": admin.get(&format!("/accounts/{account}")).ok().json()["accountNumber"]});
    let way = format!("/accounts/{account}/platform-accounts/mt5");
    admin.put(&way, &number(&other)).refused("DUPLICATE_REFERENCE");
    admin.put(&way, &number(&account)).ok();
}

#[test]
fn an_event_names_all_members_that_it_misses() {
    let server = Server::shared();
    let admin = server.admin();
    let event =
        json!({"kind": "execution", "platform": "mt5", "eventId": unique("bare"), "at": at(0), "symbol": "EURUSD"});
    let report = feed(&admin, &[event]);
    assert_eq!(report["results"][0]["message"], "account, executionId, quantity, side, price: required", "{report:#}");
}

#[test]
fn a_late_fill_and_one_on_time_in_one_call_are_both_where_they_belong() {
    let server = Server::start("");
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    accept(&admin, &[fill(&account, "3", 10, ("SELL", "1", "1.11"))]);
    // Bought at minute 5, before the sale; the last one opens again.
    let late = fill(&account, "2", 5, ("BUY", "1", "1.1"));
    accept(&admin, &[late, fill(&account, "4", 20, ("BUY", "0.5", "1.12"))]);
    assert_eq!(deals(&admin, &account), ["CORRECTION 1000.00"]);
    let open = admin.get(&format!("/accounts/{account}/positions")).ok();
    assert_eq!([open.digits("positions/0/qty"), open.digits("positions/0/openPrice")], ["0.5", "1.12"]);
    proves_its_books(&server);
}

#[test]
fn the_counter_skips_numbers_that_a_platform_has_used() {
    let server = Server::start("");
    let admin = server.admin();
    let number = |account: &str| -> u64 {
        admin.get(&format!("/accounts/{account}")).ok().text_at("accountNumber").parse().unwrap()
    };
    let accounts = [(); 2].map(|()| trading_account(&admin, "USD", "NETTING"));
    let last = number(&accounts[1]);
    for (account, ahead) in accounts.iter().zip(1..) {
        let way = format!("/accounts/{account}/platform-accounts/mt5");
        admin.put(&way, &json!({"number": (last + ahead).to_string()})).ok();
    }
    assert_eq!(number(&trading_account(&admin, "USD", "NETTING")), last + 3);
}

#[test]
fn the_counter_skips_numbers_that_events_wait_for() {
    let server = Server::start("");
    let admin = server.admin();
    let number = |account: &str| -> u64 {
        admin.get(&format!("/accounts/{account}")).ok().text_at("accountNumber").parse().unwrap()
    };
    let last = number(&trading_account(&admin, "USD", "NETTING"));
    let awaited = (last + 1).to_string();
    let sold = fill(&awaited, "f", 0, ("SELL", "1", "1.1"));
    assert_eq!(fates(&admin, std::slice::from_ref(&sold)), ["parked: unknown_account"]);
    // The platform means an account of its own, not the next one here.
    let next = trading_account(&admin, "USD", "NETTING");
    assert_eq!(number(&next), last + 2);
    let open = |account: &str| admin.get(&format!("/accounts/{account}/positions")).ok().json()["positions"].clone();
    assert_eq!(open(&next), json!([]));
    // An operator may say which account has that number.
    admin.put(&format!("/accounts/{next}/platform-accounts/mt5"), &json!({"number": awaited})).ok();
    assert_eq!(open(&next).as_array().unwrap().len(), 1);
    proves_its_books(&server);
}
