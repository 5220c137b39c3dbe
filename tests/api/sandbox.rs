//! What only a sandbox can do: advance its clock, and start over.

use super::harness::{PASSWORD, Server};
use serde_json::json;

const DAY: i64 = 86_400;

#[test]
fn a_month_passes_in_one_call_and_each_thing_happens_at_its_time() {
    let server = Server::start("");
    server.set_rules("deposit_hold_days = 3");
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "100");
    let bonus = json!({"amount": 50, "action": "DEAL_ACTION_BONUS"});
    admin.post(&format!("/accounts/{account}/balance"), &bonus).ok();
    let start = server.advance(0);
    let (first, second) = (start.plus_s(DAY), start.plus_s(10 * DAY));
    let hold = |at: &bursar::domain::clock::Moment| {
        let body = json!({"amount": 20, "expiresAt": at.to_string()});
        admin.post(&format!("/accounts/{account}/holds"), &body).ok().text_at("id")
    };
    let (early, late) = (hold(&first), hold(&second));
    assert_eq!((admin.balance(&account), admin.available(&account)), ("150.00".into(), "10.00".into()));
    let set = |at: &str| admin.post("/sandbox/clock", &json!({"set": at}));
    // Nothing happens just before the due time, and everything at that time.
    set(&first.plus_s(-30).to_string()).ok();
    assert_eq!(admin.available(&account), "10.00");
    set(&first.to_string()).ok();
    assert_eq!(admin.available(&account), "30.00");
    let now = server.advance(30 * DAY);
    assert!(now >= first.plus_s(30 * DAY));
    assert_eq!(admin.available(&account), "150.00");
    for (hold, at) in [(early, first), (late, second)] {
        let hold = admin.get(&format!("/holds/{hold}")).ok();
        assert_eq!(hold.text_at("state"), "EXPIRED");
        let at_most = at.plus_s(10).to_string();
        assert!((at.to_string()..at_most).contains(&hold.text_at("updatedAt")), "{at}: {}", hold.text);
    }
    let deposit = admin.get(&format!("/accounts/{account}/deposits")).ok();
    let (available, updated) = (deposit.text_at("movements/0/availableAt"), deposit.text_at("movements/0/updatedAt"));
    assert!(available <= updated && updated < start.plus_s(3 * DAY + 10).to_string(), "{}", deposit.text);
    server.trace();
}

#[test]
fn the_clock_stays_ahead_after_a_crash_and_what_fell_due_meanwhile_is_done() {
    let mut server = Server::start("");
    let (account, token) = {
        let admin = server.admin();
        let account = admin.new_account("USD");
        admin.deposit(&account, "10");
        let expires = server.advance(5 * DAY).plus_s(2).to_string();
        admin.post(&format!("/accounts/{account}/holds"), &json!({"amount": 4, "expiresAt": expires})).ok();
        (account, server.add_token("dev", &[]).1)
    };
    let before = server.advance(0);
    server.restart();
    let caller = server.bearer(&token);
    let reply = caller.post("/sandbox/clock", &json!({"advance": 0})).ok();
    assert!(reply.text_at("now") >= before.to_string());
    caller.post("/sandbox/clock", &json!({"advance": "3"})).ok();
    assert_eq!(caller.available(&account), "10.00");
}

#[test]
fn a_hold_expires_without_any_call() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "10");
    let expires = server.advance(0).plus_ms(1500).to_string();
    let body = json!({"amount": 4, "expiresAt": expires});
    let hold = admin.post(&format!("/accounts/{account}/holds"), &body).ok().text_at("id");
    let end = std::time::Instant::now() + super::harness::PATIENCE;
    while admin.get(&format!("/holds/{hold}")).ok().text_at("state") != "EXPIRED" {
        assert!(std::time::Instant::now() < end, "the hold did not expire");
    }
    assert_eq!(admin.available(&account), "10.00");
}

#[test]
fn a_reset_leaves_operators_tokens_and_reference_data() {
    let server = Server::start("");
    let admin = server.admin();
    let operator = server.operator("operator", &[]);
    let profile = admin.new_profile_with(&json!({"email": "a@example.com", "password": PASSWORD, "tags": ["vip"]}));
    admin.post("/trade/login", &json!({"email": "a@example.com", "password": PASSWORD})).ok();
    let (account, other) = (admin.new_account_of(&profile, "USD"), admin.new_account("USD"));
    let deal = admin.key("k").post(&format!("/accounts/{account}/deposit"), &json!({"amount": 10})).ok();
    admin.ask(&account, "deposits", "5");
    admin.ask(&account, "withdrawals", "1");
    let expires = server.advance(DAY).plus_s(DAY).to_string();
    admin.post(&format!("/accounts/{account}/holds"), &json!({"amount": 1, "expiresAt": expires})).ok();
    let body = json!({"fromAccountId": account, "toAccountId": other, "amount": "1"});
    let made = admin.post("/transfers", &body).ok().text_at("dealId");
    admin.step(&format!("/entries/{made}/reverse")).ok();
    let groups = admin.get("/account-groups").ok().text;
    let ahead = server.advance(0).to_string();
    assert_eq!(admin.step("/sandbox/reset").ok().text, "{}");
    for path in ["/profiles", "/accounts", "/deposits", "/withdrawals", "/transfers"] {
        assert_eq!(operator.get(path).ok().text_at("total"), "0", "{path}");
    }
    assert_eq!(admin.get("/account-groups").ok().text, groups);
    assert_eq!((server.trace().0, server.trace().1), (0, 0));
    assert!(server.advance(0).to_string() < ahead, "the clock did not return to the real time");
    // The same addresses and keys can be used again.
    let profile = operator.new_profile_with(&json!({"email": "a@example.com"}));
    let account = operator.new_account_of(&profile, "USD");
    let again = admin.key("k").post(&format!("/accounts/{account}/deposit"), &json!({"amount": 10})).ok();
    assert!(!again.is_replayed() && again.text != deal.text);
    operator.ask(&account, "withdrawals", "4");
    assert_eq!((admin.balance(&account), admin.available(&account)), ("10.00".into(), "6.00".into()));
    let audit = server.command(&["audit"]);
    assert_eq!((&audit["ok"], &audit["entries"]), (&true.into(), &1.into()), "{audit}");
}

#[test]
fn refused_journeys_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "1");
    let before = server.trace();
    for (body, reason) in [
        (json!({}), "INVALID_FIELD"),
        (json!({"advance": 1, "set": "2100-01-01T00:00:00Z"}), "INVALID_FIELD"),
        (json!({"advance": -1}), "OUT_OF_RANGE"),
        (json!({"advance": 1.5}), "INVALID_FIELD"),
        (json!({"advance": 100 * 366 * DAY + 1}), "OUT_OF_RANGE"),
        (json!({"set": "soon"}), "INVALID_FIELD"),
        (json!({"set": "2020-01-01T00:00:00Z"}), "OUT_OF_RANGE"),
        (json!({"set": "9999-01-01T00:00:00Z"}), "OUT_OF_RANGE"),
    ] {
        admin.post("/sandbox/clock", &body).refused(reason);
    }
    for caller in [server.viewer(), server.operator("operator", &[])] {
        caller.post("/sandbox/clock", &json!({"advance": 1})).refused("RIGHT_MISSING");
        caller.step("/sandbox/reset").refused("RIGHT_MISSING");
    }
    assert_eq!(server.trace(), before);
    assert_eq!(admin.balance(&account), "1.00");
}

#[test]
fn journeys_and_resets_ignore_the_key() {
    let server = Server::start("");
    let admin = server.admin().key("again");
    let advance = || admin.post("/sandbox/clock", &json!({"advance": 3600})).ok();
    let (first, second) = (advance(), advance());
    assert!(!second.is_replayed());
    let moment = |reply: &super::harness::Reply| bursar::domain::clock::Moment::parse(&reply.text_at("now")).unwrap();
    assert!(moment(&second) >= moment(&first).plus_s(3600));
    assert!(!admin.step("/sandbox/reset").ok().is_replayed());
    assert!(!admin.step("/sandbox/reset").ok().is_replayed());
}

#[test]
fn two_journeys_at_once_take_as_long_as_both() {
    let server = Server::start("");
    let start = server.advance(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| server.advance(DAY));
        }
    });
    let now = server.advance(0);
    assert!(now >= start.plus_s(8 * DAY) && now < start.plus_s(8 * DAY + 60), "{start} {now}");
}

#[test]
fn a_production_database_refuses_both() {
    let server = Server::production();
    let admin = server.bearer(&server.add_token("dev", &[]).1);
    let account = admin.new_account("USD");
    admin.deposit(&account, "5");
    let before = server.trace();
    admin.post("/sandbox/clock", &json!({"advance": 60})).refused("NOT_A_SANDBOX");
    admin.step("/sandbox/reset").refused("NOT_A_SANDBOX");
    assert_eq!(server.trace(), before);
    assert_eq!(admin.balance(&account), "5.00");
}
