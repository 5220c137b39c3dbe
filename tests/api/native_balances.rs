//! Balances of any past moment, by recorded and by effective time.

use super::harness::{Caller, Reply, Server};
use super::native_funding::ACTIONS;
use super::upgrade::OLD_EVENTS;
use bursar::domain::clock::Moment;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const HOUR: i64 = 3600;
pub(super) const DAY: i64 = 86_400;

/// The rules of the group used for the month.
const RULES: &str = "deposit_hold_days = 3\nminimum_balance = \"-500\"";

/// A decimal with two places, in minor units.
pub(super) fn minor(digits: &str) -> i64 {
    let (sign, digits) = digits.strip_prefix('-').map_or((1, digits), |digits| (-1, digits));
    let (whole, cents) = digits.split_once('.').unwrap();
    assert_eq!(cents.len(), 2, "{digits}");
    sign * (whole.parse::<i64>().unwrap() * 100 + cents.parse::<i64>().unwrap())
}

pub(super) fn adjust(caller: &Caller<'_>, account: &str, body: &Value) -> Reply {
    caller.post(&format!("/accounts/{account}/balance"), body)
}

/// What the routes for the present showed at some moment.
pub(super) struct Snapshot {
    pub(super) at: String,
    balances: Vec<(String, String, Reply)>,
    trial: String,
}

fn snapshot(server: &Server, accounts: &[&String]) -> Snapshot {
    // Between the last operation and the next, which never share a moment.
    server.advance(1);
    let admin = server.admin();
    let first = admin.get(&format!("/accounts/{}/balance", accounts[0])).ok();
    let at = first.text_at("at");
    let balances = accounts.iter().map(|account| {
        let balance = admin.get(&format!("/accounts/{account}/balance")).ok();
        ((*account).clone(), balance.text, admin.get(&format!("/accounts/{account}")).ok())
    });
    let balances = balances.collect();
    let trial = admin.get("/trial-balance").ok().text;
    let at = [at, admin.get("/trial-balance").ok().text_at("at")].into_iter().max().unwrap();
    server.advance(1);
    Snapshot { at, balances, trial }
}

/// An answer without its time.
fn timeless(text: &str) -> String {
    let at = text.find("\"at\":\"").unwrap();
    format!("{}{}", &text[..at], &text[at + 6 + 24..])
}

/// Spends a month on everything that moves or holds money, on the first account and others, with a snapshot after each
/// step. Also returns the effective times of back-dated deals.
pub(super) fn live_through_a_month(
    server: &Server,
    accounts: &[String; 3],
) -> (Vec<Snapshot>, BTreeMap<String, String>) {
    let admin = server.admin();
    let [main, other, euro] = accounts;
    let all: Vec<&String> = accounts.iter().collect();
    let mut snapshots = vec![snapshot(server, &all)];
    let mut backdated = BTreeMap::new();
    let mut done = |server: &Server| {
        snapshots.push(snapshot(server, &all));
        server.advance(17 * HOUR);
    };
    let deposited = admin.deposit(main, "1000");
    done(server);
    admin.deposit(other, "500");
    let announced = admin.ask(main, "deposits", "70");
    let returned = admin.ask(main, "deposits", "30");
    done(server);
    admin.step(&format!("/deposits/{announced}/settle")).ok();
    done(server);
    admin.step(&format!("/deposits/{returned}/return")).ok();
    done(server);
    server.advance(3 * DAY); // the deposits clear
    done(server);
    for kind in ACTIONS {
        adjust(&admin, main, &json!({"amount": "11.11", "action": format!("DEAL_ACTION_{kind}")})).ok();
        let body = json!({"amount": "-3.07", "action": format!("DEAL_ACTION_{kind}"), "comment": kind});
        adjust(&admin, main, &body).ok();
        done(server);
    }
    let withdrawal = |amount: &str| admin.ask(main, "withdrawals", amount);
    let (paid, rejected, cancelled) = (withdrawal("40"), withdrawal("41"), withdrawal("42"));
    done(server);
    for step in
        [format!("{paid}/approve"), format!("{rejected}/reject"), format!("{cancelled}/cancel"), format!("{paid}/pay")]
    {
        admin.step(&format!("/withdrawals/{step}")).ok();
        done(server);
    }
    let (captured, released) = (admin.ask(main, "holds", "50"), admin.ask(main, "holds", "51"));
    let expires = server.advance(0).plus_s(DAY).to_string();
    admin.post(&format!("/accounts/{main}/holds"), &json!({"amount": 52, "expiresAt": expires})).ok();
    done(server);
    admin.post(&format!("/holds/{captured}/capture"), &json!({"amount": "20.02"})).ok();
    done(server);
    admin.step(&format!("/holds/{released}/release")).ok();
    done(server);
    server.advance(DAY); // the third hold expires
    done(server);
    admin.post(&format!("/accounts/{main}/withdraw"), &json!({"amount": 5})).ok();
    let transfer = |from: &str, to: &str, more: Value| {
        let mut body = json!({"fromAccountId": from, "toAccountId": to, "amount": "25"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        admin.post("/transfers", &body).ok().text_at("dealId")
    };
    let moved = transfer(main, other, json!({}));
    transfer(other, main, json!({}));
    done(server);
    transfer(main, euro, json!({"rate": "0.9"}));
    done(server);
    admin.put(&format!("/accounts/{main}"), &json!({"minimumBalance": -100})).ok();
    done(server);
    // The group becomes stricter than the account (only the account's own limit shows that later), then more generous
    // again.
    server.set_rules("deposit_hold_days = 3\nminimum_balance = \"-40.009\"");
    done(server);
    server.set_rules(RULES);
    done(server);
    admin.step(&format!("/entries/{moved}/reverse")).ok();
    done(server);
    let granted = adjust(&admin, main, &json!({"amount": 33, "action": "DEAL_ACTION_CREDIT"})).ok().text_at("dealId");
    done(server);
    admin.step(&format!("/entries/{granted}/reverse")).ok();
    done(server);
    // Back-dated: a forgotten fee at the beginning, and credit from the middle on.
    for (action, amount, back) in
        [("FEE", "-12.34", 20 * DAY), ("CREDIT", "7", 9 * DAY), ("CORRECTION", "1.05", 20 * DAY)]
    {
        let at = server.advance(0).plus_s(-back).to_string();
        let body = json!({"amount": amount, "action": format!("DEAL_ACTION_{action}"), "effectiveAt": at});
        let deal = adjust(&admin, main, &body).ok().text_at("dealId");
        backdated.insert(deal, at);
        done(server);
    }
    // A deposit is reversed before it clears.
    let early = admin.deposit(main, "60");
    done(server);
    admin.step(&format!("/entries/{early}/reverse")).ok();
    done(server);
    let forced = json!({"force": true, "reason": "charged back"});
    admin.post(&format!("/entries/{deposited}/reverse"), &forced).ok();
    done(server);
    admin.deposit(main, "2000");
    server.advance(4 * DAY);
    done(server);
    admin.step(&format!("/accounts/{other}/lock")).ok();
    admin.step(&format!("/accounts/{other}/unlock")).ok();
    admin.post(&format!("/accounts/{other}/close"), &json!({"sweepToAccountId": main})).ok();
    done(server);
    (snapshots, backdated)
}

pub(super) fn month() -> (Server, [String; 3]) {
    let server = Server::start("");
    server.set_rules(RULES);
    let accounts = ["USD", "USD", "EUR"].map(|currency| server.admin().new_account(currency));
    server.advance(DAY);
    (server, accounts)
}

#[test]
fn every_moment_of_a_month_is_answered_as_it_was_shown_then() {
    let (server, accounts) = month();
    let (snapshots, backdated) = live_through_a_month(&server, &accounts);
    let admin = server.admin();
    assert!(snapshots.len() > 35, "{}", snapshots.len());
    let mut kinds_seen = [false; 5];
    for past in &snapshots {
        let at = &past.at;
        for (account, balance, shown) in &past.balances {
            let answer = admin.get(&format!("/accounts/{account}/balance?at={at}&basis=recorded")).ok();
            assert_eq!(timeless(&answer.text), timeless(balance), "{at}");
            assert_eq!(answer.text_at("at"), *at);
            for field in ["balance", "availableBalance", "minimumBalance"] {
                assert_eq!(answer.digits(field), shown.digits(field), "{at} {field}");
            }
            let names = ["heldBalance", "unclearedBalance", "pendingBalance", "creditBalance", "minimumBalance"];
            for (seen, name) in kinds_seen.iter_mut().zip(names) {
                *seen |= minor(&answer.digits(name)) != 0;
            }
        }
        let trial = admin.get(&format!("/trial-balance?at={at}")).ok();
        let (now, then): (Value, Value) = (trial.json(), serde_json::from_str(&past.trial).unwrap());
        assert_eq!(now["isBalanced"], true);
        // House accounts created later are at zero.
        for books in then["books"].as_array().unwrap() {
            let same = |other: &&Value| other["currency"] == books["currency"] && other["isDemo"] == books["isDemo"];
            let found = now["books"].as_array().unwrap().iter().find(same).unwrap();
            assert_eq!(found["clients"], books["clients"], "{at}");
            for house in books["house"].as_array().unwrap() {
                assert!(found["house"].as_array().unwrap().contains(house), "{at}: {house}");
            }
        }
    }
    assert_eq!(kinds_seen, [true; 5], "nothing was ever held, uncleared, pending, credit or overdraft");
    // By effective time: every deal counts from its effective time on.
    for account in &accounts {
        let deals = admin.get(&format!("/accounts/{account}/deals?limit=1000")).ok();
        let count = deals.json()["deals"].as_array().unwrap().len();
        let mut seen_apart = false;
        for past in &snapshots {
            let mut balance = 0;
            for index in 0..count {
                let id = deals.text_at(&format!("deals/{index}/id"));
                let written = deals.text_at(&format!("deals/{index}/createdAt"));
                let counts_from = backdated.get(&id).unwrap_or(&written);
                if *counts_from <= past.at {
                    balance += minor(&deals.digits(&format!("deals/{index}/amount")));
                }
            }
            let path = format!("/accounts/{account}/balance?at={}&basis=", past.at);
            let effective = admin.get(&format!("{path}effective")).ok();
            assert_eq!(minor(&effective.digits("balance")), balance, "{}", past.at);
            let recorded = admin.get(&format!("{path}recorded")).ok();
            seen_apart |= recorded.digits("balance") != effective.digits("balance");
            assert_eq!(recorded.digits("heldBalance"), effective.digits("heldBalance"));
        }
        assert_eq!(seen_apart, *account == accounts[0], "recorded and effective time never differed");
        let trial = admin.get(&format!("/trial-balance?basis=effective&at={}", snapshots[9].at)).ok();
        assert_eq!(trial.json()["isBalanced"], true);
    }
    server.trace();
}

#[test]
fn a_migrated_database_gets_the_history_that_it_would_have_had() {
    let (server, accounts) = month();
    live_through_a_month(&server, &accounts);
    let file = server.data_dir().join("bursar.db");
    let copy = server.home().join("copy.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    let connection = rusqlite::Connection::open(&copy).unwrap();
    let history = |connection: &rusqlite::Connection| {
        let sql = "SELECT book_id, recorded_at, held_minor || ' ' || uncleared_minor || ' ' || pending_minor || ' ' ||
                          credit_net_minor || ' ' || minimum_minor
                   FROM book_figures
                   ORDER BY book_id, recorded_at";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        let mut changes: Vec<(i64, i64, String)> = Vec::new();
        for row in rows.map(Result::unwrap) {
            let before = changes.last().filter(|last| last.0 == row.0).map_or("0 0 0 0 0", |last| &last.2);
            if before != row.2 {
                changes.push(row);
            }
        }
        changes
    };
    let written = history(&connection);
    assert!(written.len() > 30, "{}", written.len());
    // Back to the previous schema version and forward again.
    connection
        .execute_batch(
            "DROP TABLE book_figures;
             DROP TABLE group_minimums;
             DROP INDEX postings_backdated;
             ALTER TABLE postings DROP COLUMN effective_at;",
        )
        .unwrap();
    let old_events = OLD_EVENTS.replace("new.", "");
    let turn_back = format!(
        "CREATE TABLE old_events AS {old_events};
         DROP TABLE events;
         ALTER TABLE old_events RENAME TO events;"
    );
    connection.execute_batch(&turn_back).unwrap();
    connection.execute_batch(include_str!("../../sql/migrations/V12__point_in_time.sql")).unwrap();
    assert_eq!(history(&connection), written);
}

#[test]
fn an_adjustment_counts_from_where_its_caller_says_within_bounds() {
    let server = Server::start("");
    let (admin, operator) = (server.admin(), server.operator("operator", &[]));
    let account = admin.new_account("USD");
    let opened = Moment::parse(&admin.get(&format!("/accounts/{account}")).ok().text_at("createdAt")).unwrap();
    let now = server.advance(10 * DAY);
    let before = server.trace();
    let at = |moment: Moment| json!({"amount": 5, "effectiveAt": moment.to_string()});
    for (body, reason) in [
        (at(now.plus_s(HOUR)), "OUT_OF_RANGE"),
        (at(opened.plus_ms(-1)), "OUT_OF_RANGE"),
        (json!({"amount": 5, "effectiveAt": "soon"}), "INVALID_FIELD"),
        (json!({"amount": 5, "effectiveAt": now.to_string(), "action": "DEAL_ACTION_BALANCE"}), "INVALID_FIELD"),
    ] {
        adjust(&admin, &account, &body).refused(reason).naming("effectiveAt");
    }
    adjust(&server.viewer(), &account, &at(opened)).refused("RIGHT_MISSING");
    assert_eq!(server.trace(), before);
    let deal = adjust(&operator, &account, &at(opened)).ok().text_at("dealId");
    let statement = admin.get(&format!("/accounts/{account}/statement?basis=effective")).ok();
    assert_eq!(statement.text_at("lines/0/dealId"), deal);
    assert_eq!(statement.text_at("lines/0/effectiveAt"), opened.to_string());
    assert!(statement.text_at("lines/0/recordedAt") > now.to_string());
    let balance = |basis: &str| {
        admin.get(&format!("/accounts/{account}/balance?at={opened}&basis={basis}")).ok().digits("balance")
    };
    assert_eq!((balance("recorded"), balance("effective")), ("0.00".into(), "5.00".into()));
    server.trace();
    // Both the chain and the ledger contain the effective time, so a change is detected.
    let change = "UPDATE postings SET effective_at = effective_at + 1 WHERE effective_at IS NOT NULL";
    rusqlite::Connection::open(server.data_dir().join("bursar.db")).unwrap().execute(change, []).unwrap();
    assert_eq!(findings(&server), ["journal"]);
}

/// The names of the checks with findings.
fn findings(server: &Server) -> Vec<&'static str> {
    let file = server.data_dir().join("bursar.db");
    let proof = bursar::store::read_file::<_, bursar::store::StoreError>(&file, |tx| tx.prove()).unwrap();
    proof.findings.iter().map(|finding| finding.check).collect()
}

#[test]
fn a_history_that_does_not_end_with_the_present_is_found() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "10");
    admin.ask(&account, "holds", "4");
    assert!(findings(&server).is_empty());
    let file = server.data_dir().join("bursar.db");
    rusqlite::Connection::open(file)
        .unwrap()
        .execute("UPDATE book_figures SET held_minor = held_minor + 1", [])
        .unwrap();
    assert_eq!(findings(&server), ["figures"]);
}
