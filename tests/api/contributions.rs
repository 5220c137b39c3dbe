//! Recurring contributions: set, made on their days, failed, ended; each day once, whatever happens to the server.

use super::external_accounts::{add, add_verified};
use super::harness::{Caller, PATIENCE, Server};
use super::native_bank_products::account_of;
use bursar::domain::clock::Moment;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::time::Instant;

/// Waits until something holds, which the scheduler brings about.
#[track_caller]
pub(crate) fn await_that(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::yield_now();
    }
}

/// Sets the clock of a sandbox.
fn set_clock(server: &Server, to: &str) {
    server.admin().post("/sandbox/clock", &json!({"set": to})).ok();
}

#[track_caller]
fn plan(caller: &Caller<'_>, account: &str, body: &Value) -> Value {
    caller.put(&format!("/accounts/{account}/contribution"), body).ok().json()
}

fn contribution(caller: &Caller<'_>, account: &str) -> Value {
    caller.get(&format!("/accounts/{account}/banking")).ok().json()["contribution"].clone()
}

fn kinds_of_events(caller: &Caller<'_>) -> Vec<(String, Value)> {
    let events = caller.get("/events?types=contribution.*&limit=1000").ok().json();
    let events = events["events"].as_array().unwrap().iter();
    events.map(|event| (event["type"].as_str().unwrap().to_owned(), event["data"].clone())).collect()
}

#[test]
fn a_plan_is_set_part_by_part_and_its_days_follow_from_start_and_today() {
    let server = Server::start("[program]\ntime_zone = \"America/New_York\"\n");
    set_clock(&server, "2027-03-08T16:00:00Z");
    let admin = server.admin();
    let profile = admin.new_profile();
    let (account, external) = (account_of(&admin, &profile, "Savings"), add_verified(&admin, &profile));
    assert_eq!(contribution(&admin, &account), Value::Null);
    let keyed = admin.key("plan");
    let body = json!({
        "frequency": "MONTHLY", "amount": "25.50", "externalAccountId": external, "startOn": "2027-03-09"
    });
    let set = plan(&keyed, &account, &body);
    let expected = json!({
        "frequency": "MONTHLY", "amount": 25.50, "externalAccountId": external, "startOn": "2027-03-09",
        "endOn": null, "nextOn": "2027-04-09", "runs": 0, "failures": 0, "lastFailure": null
    });
    assert_eq!((&set, &contribution(&admin, &account)), (&expected, &expected));
    let again = keyed.put(&format!("/accounts/{account}/contribution"), &body).ok();
    assert_eq!((again.json(), again.is_replayed()), (expected, true));
    let next = |body: Value| plan(&admin, &account, &body)["nextOn"].clone();
    // A day that is sent again, and an amount, change no day.
    assert_eq!(next(json!({"startOn": "2027-03-09", "amount": "30"})), "2027-04-09");
    assert_eq!(next(json!({"startOn": "2027-03-10"})), "2027-03-10");
    assert_eq!(next(json!({"frequency": "BI_WEEKLY"})), "2027-03-10");
    assert_eq!(next(json!({"startOn": "2027-03-01"})), "2027-03-15");
    assert_eq!(next(json!({"endOn": "2027-03-14"})), Value::Null, "it ends before the next day");
    assert_eq!(next(json!({"endOn": ""})), "2027-03-15");
    assert_eq!(next(json!({"frequency": "NONE"})), Value::Null);
    assert_eq!(next(json!({"frequency": "MONTHLY"})), "2027-04-01", "on again, by today");
    let kinds: Vec<String> = kinds_of_events(&admin).into_iter().map(|(kind, _)| kind).collect();
    let short: Vec<&str> = kinds.iter().map(|kind| kind.trim_start_matches("contribution.")).collect();
    let expected = ["started", "changed", "changed", "changed", "changed", "ended", "started", "ended", "started"];
    assert_eq!(short, expected);
    server.trace();
}

#[test]
fn refused_plans_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let (profile, stranger) = (admin.new_profile(), admin.new_profile());
    let (account, external) = (account_of(&admin, &profile, "Savings"), add_verified(&admin, &profile));
    let (foreign, unverified) = (add_verified(&admin, &stranger), add(&admin, &profile, &json!({})));
    let checking = account_of(&admin, &profile, "Checking");
    let whole = json!({
        "frequency": "MONTHLY", "amount": "10", "externalAccountId": external, "startOn": "2027-03-10",
        "endOn": "2028-03-10"
    });
    let with = |member: &str, value: Value| {
        let mut body = whole.clone();
        body[member] = value;
        body
    };
    let path = format!("/accounts/{account}/contribution");
    let before = server.trace();
    for (body, reason, field) in [
        (with("frequency", json!("DAILY")), "INVALID_FIELD", "frequency"),
        (with("amount", json!("0.99")), "OUT_OF_RANGE", "amount"),
        (with("amount", json!("10.001")), "INVALID_FIELD", "amount"),
        (with("amount", Value::Null), "INVALID_FIELD", "amount"),
        (with("externalAccountId", Value::Null), "INVALID_FIELD", "externalAccountId"),
        (with("externalAccountId", json!(foreign)), "NOT_FOUND", "externalAccountId"),
        (with("startOn", Value::Null), "INVALID_FIELD", "startOn"),
        (with("startOn", json!("2027-03-29")), "OUT_OF_RANGE", "startOn"),
        (with("startOn", json!("2027-03-30")), "OUT_OF_RANGE", "startOn"),
        (with("startOn", json!("2027-03-31")), "OUT_OF_RANGE", "startOn"),
        (with("startOn", json!("2027-02-29")), "INVALID_FIELD", "startOn"),
        (with("startOn", json!("10.03.2027")), "INVALID_FIELD", "startOn"),
        (with("endOn", json!("2027-03-10")), "OUT_OF_RANGE", "endOn"),
    ] {
        admin.put(&path, &body).refused(reason).naming(field);
    }
    admin.put(&path, &with("externalAccountId", json!(unverified))).refused("EXTERNAL_ACCOUNT_STATE");
    admin.put(&format!("/accounts/{checking}/contribution"), &whole).refused("CONTRIBUTIONS_OFF");
    server.viewer().put(&path, &whole).refused("RIGHT_MISSING");
    let other = server.operator("operator", &["other"]);
    other.put(&path, &whole).refused("NOT_FOUND");
    other.get(&format!("/accounts/{account}/banking")).refused("NOT_FOUND");
    assert_eq!(server.trace(), before);
}

#[test]
fn a_day_that_fails_is_told_and_the_plan_goes_on_to_its_end() {
    let server = Server::start("[program]\ntime_zone = \"America/New_York\"\n");
    set_clock(&server, "2027-03-08T16:00:00Z");
    let admin = server.admin();
    let profile = admin.new_profile();
    let (account, external) = (account_of(&admin, &profile, "Savings"), add_verified(&admin, &profile));
    let body = json!({
        "frequency": "BI_WEEKLY", "amount": "100", "externalAccountId": external, "startOn": "2027-03-10",
        "endOn": "2027-04-07"
    });
    assert_eq!(plan(&admin, &account, &body)["nextOn"], "2027-03-10");
    // Midnight of New York before the change of clocks, and not a moment earlier.
    set_clock(&server, "2027-03-10T04:59:50Z");
    assert_eq!(contribution(&admin, &account)["runs"], 0);
    set_clock(&server, "2027-03-10T05:00:00Z");
    await_that("the first day", || contribution(&admin, &account)["runs"] == 1);
    let pending = admin.get(&format!("/accounts/{account}/deposits")).ok().json();
    let deposit = &pending["movements"][0];
    assert_eq!((&deposit["externalAccountId"], &deposit["state"]), (&json!(external), &json!("PENDING")));
    set_clock(&server, "2027-03-10T06:00:00Z");
    await_that("it settles", || admin.balance(&account) == "100.00");
    // The second day is after the change of clocks: midnight is an hour earlier in UTC.
    let lock = json!({"lock": "DEBITS_ONLY", "type": "CST", "reason": "TMP"});
    admin.post(&format!("/accounts/{account}/lock"), &lock).ok();
    set_clock(&server, "2027-03-24T03:59:50Z");
    assert_eq!(contribution(&admin, &account)["failures"], 0);
    set_clock(&server, "2027-03-24T04:00:00Z");
    await_that("the second day", || contribution(&admin, &account)["failures"] == 1);
    let failed = contribution(&admin, &account);
    assert_eq!((&failed["nextOn"], &failed["lastFailure"]), (&json!("2027-04-07"), &json!("ACCOUNT_LOCKED")));
    admin.step(&format!("/accounts/{account}/unlock")).ok();
    set_clock(&server, "2027-05-07T04:00:00Z");
    await_that("the last day", || contribution(&admin, &account)["runs"] == 2);
    await_that("it settles", || admin.balance(&account) == "200.00");
    let last = contribution(&admin, &account);
    assert_eq!((&last["nextOn"], &last["lastFailure"], &last["failures"]), (&Value::Null, &Value::Null, &json!(1)));
    let events = kinds_of_events(&admin);
    let kinds: Vec<&str> = events.iter().map(|(kind, _)| kind.trim_start_matches("contribution.")).collect();
    assert_eq!(kinds, ["started", "made", "failed", "made", "ended"]);
    assert_eq!(events[1].1["depositId"], deposit["id"]);
    assert_eq!((&events[2].1["reason"], &events[2].1["nextOn"]), (&json!("ACCOUNT_LOCKED"), &json!("2027-04-07")));
    server.trace();
}

/// How many plans the month below has: few in every run of the tests, more where somebody asks for them.
#[allow(clippy::disallowed_methods, reason = "how long a test takes is no setting of the program")]
fn plans() -> usize {
    std::env::var("BURSAR_TEST_PLANS").ok().and_then(|count| count.parse().ok()).unwrap_or(40)
}

/// The days of a plan up to one, by going through the calendar.
fn days(is_monthly: bool, start: Date, today: Date, last: Date) -> usize {
    let tomorrow = today + 1.day();
    let mut day = start;
    let mut count = 0;
    while day <= last {
        let is_due = match is_monthly {
            true => day.day() == start.day(),
            false => (day - start).get_days() % 14 == 0,
        };
        count += usize::from(is_due && day > tomorrow);
        day += 1.day();
    }
    count
}

/// A month of clock time with many plans, while the server is killed again and again.
#[test]
fn a_month_of_plans_is_booked_to_the_cent_whenever_the_server_dies() {
    let mut server = Server::start("[program]\ntime_zone = \"America/New_York\"\n");
    set_clock(&server, "2027-03-01T17:00:00Z");
    let today: Date = "2027-03-01".parse().unwrap();
    let last: Date = "2027-04-01".parse().unwrap();
    let mut made: Vec<(String, usize, u64)> = Vec::new();
    let admin = server.admin();
    let (mut profile, mut external) = (String::new(), String::new());
    for number in 0..plans() {
        // A client may have twenty of them.
        if number % 20 == 0 {
            profile = admin.new_profile();
            external = add_verified(&admin, &profile);
        }
        let account = account_of(&admin, &profile, "Savings");
        let (is_monthly, day) = (number % 3 != 0, 1 + number % 28);
        let start: Date =
            if number % 2 == 0 { Date::new(2027, 3, day as i8) } else { Date::new(2026, 11, day as i8) }.unwrap();
        let cents = 100 + (number as u64 * 7_919) % 9_900;
        let body = json!({
            "frequency": if is_monthly { "MONTHLY" } else { "BI_WEEKLY" },
            "amount": format!("{}.{:02}", cents / 100, cents % 100),
            "externalAccountId": external,
            "startOn": start.to_string(),
        });
        plan(&admin, &account, &body);
        made.push((account, days(is_monthly, start, today, last), cents));
    }
    drop(admin);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for day in 1..=31 {
        server.advance(86_400);
        if day % 4 == 0 {
            // A moment of its own for each death: after some calls, while the jobs run.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            for _ in 0..random % 12 {
                server.admin().get("/currencies").status.to_string();
            }
            server.kill();
            server.start_again();
        }
    }
    server.advance(7_200);
    let admin = server.admin();
    for (account, runs, cents) in &made {
        let expected = *runs as u64 * cents;
        let expected = format!("{}.{:02}", expected / 100, expected % 100);
        await_that("all is booked", || admin.balance(account) == expected);
        let standing = contribution(&admin, account);
        assert_eq!((&standing["runs"], &standing["failures"]), (&json!(runs), &json!(0)), "{standing}");
        let deposits = admin.get(&format!("/accounts/{account}/deposits")).ok().json();
        assert_eq!(deposits["total"], runs.to_string());
        let next: Date = standing["nextOn"].as_str().unwrap().parse().unwrap();
        assert!(next > last, "{standing}");
    }
    let _: Moment = server.advance(0);
    server.trace();
}
