//! Locks, inactive and dormant accounts, closing, overdrafts, and rehearsals of these.

use super::harness::{Caller, Server};
use serde_json::{Value, json};

const STEPS: [&str; 6] = ["/lock", "/unlock", "/activate", "/inactive", "/dormant", "/close"];

/// An account with this balance.
fn funded(caller: &Caller<'_>, amount: &str) -> String {
    let account = caller.new_account("USD");
    caller.deposit(&account, amount);
    account
}

fn field(caller: &Caller<'_>, account: &str, name: &str) -> Value {
    caller.get(&format!("/accounts/{account}")).ok().json()[name].clone()
}

#[test]
fn each_lock_lets_through_what_it_says() {
    let server = Server::start("");
    let admin = server.admin();
    for (body, lock, credits, debits) in [
        (json!({}), "FULL", false, false),
        (json!({"lock": "CREDITS_ONLY"}), "CREDITS_ONLY", true, false),
        (json!({"reason": "CO"}), "CREDITS_ONLY", true, false),
        (json!({"lock": "DEBITS_ONLY", "reason": "TMP"}), "DEBITS_ONLY", false, true),
    ] {
        let (account, other) = (funded(&admin, "100"), funded(&admin, "100"));
        let announced = admin.ask(&account, "deposits", "5");
        let requested = admin.ask(&account, "withdrawals", "5");
        let held = admin.ask(&account, "holds", "5");
        let locked = admin.post(&format!("/accounts/{account}/lock"), &body).ok().json();
        assert_eq!((&locked["lock"], &locked["lockType"]), (&json!(lock), &json!("CST")));
        let amount = json!({"amount": "1"});
        let transfer = |from: &str, to: &str| json!({"fromAccountId": from, "toAccountId": to, "amount": "1"});
        let adjust = |amount: &str| json!({"amount": amount, "action": "DEAL_ACTION_FEE"});
        let at = |path: &str| format!("/accounts/{account}/{path}");
        for (path, body, passes) in [
            (at("deposit"), amount.clone(), credits),
            (at("balance"), adjust("1"), credits),
            (at("deposits"), amount.clone(), credits),
            (format!("/deposits/{announced}/settle"), json!({}), credits),
            ("/transfers".into(), transfer(&other, &account), credits),
            (at("withdraw"), amount.clone(), debits),
            (at("balance"), adjust("-1"), debits),
            (at("withdrawals"), amount.clone(), debits),
            (at("holds"), amount.clone(), debits),
            (format!("/withdrawals/{requested}/pay"), json!({}), debits),
            (format!("/holds/{held}/capture"), json!({}), debits),
            ("/transfers".into(), transfer(&account, &other), debits),
        ] {
            let reply = admin.post(&path, &body);
            match passes {
                true => drop(reply.ok()),
                false => drop(reply.refused("ACCOUNT_LOCKED")),
            }
        }
        let unlocked = admin.step(&at("unlock")).ok().json();
        assert_eq!(
            (&unlocked["lock"], &unlocked["lockType"], &unlocked["lockReason"]),
            (&json!("NONE"), &json!("UNL"), &Value::Null)
        );
        admin.deposit(&account, "1");
    }
}

#[test]
fn locks_of_the_system_and_of_fraud_are_for_administrators() {
    let server = Server::start("");
    let (admin, operator) = (server.admin(), server.operator("operator", &[]));
    let account = funded(&admin, "1");
    let (lock, unlock) = (format!("/accounts/{account}/lock"), format!("/accounts/{account}/unlock"));
    for reason in ["UNK", "ADM", "TMP", "FRZ", "SUS", "CO", "RTN", "REC", "DED", "DOR"] {
        let locked = operator.post(&lock, &json!({"reason": reason})).ok().json();
        assert_eq!(locked["lockReason"], reason);
        operator.step(&unlock).ok();
    }
    operator.post(&lock, &json!({"reason": "FRD"})).ok();
    operator.step(&unlock).refused("LOCK_KEPT");
    operator.post(&lock, &json!({"reason": "TMP"})).refused("LOCK_KEPT");
    admin.step(&unlock).ok();
    operator.post(&lock, &json!({"type": "SYS"})).refused("RIGHT_MISSING");
    admin.post(&lock, &json!({"type": "SYS"})).ok();
    operator.step(&unlock).refused("LOCK_KEPT");
    let version = field(&admin, &account, "version");
    assert_eq!(admin.step(&unlock).ok().json()["lockType"], "UNL");
    assert_ne!(field(&admin, &account, "version"), version);
    admin.step(&unlock).ok(); // not locked: nothing changes
}

#[test]
fn an_account_is_deactivated_and_reactivated() {
    let server = Server::start("");
    let admin = server.admin();
    let account = funded(&admin, "10");
    let step = |step: &str| admin.step(&format!("/accounts/{account}/{step}"));
    let funds = |reason: &str| {
        for way in ["deposit", "withdraw"] {
            admin.post(&format!("/accounts/{account}/{way}"), &json!({"amount": 1})).refused(reason);
        }
    };
    assert_eq!(step("dormant").ok().json()["lifecycle"], "DORMANT");
    funds("ACCOUNT_DORMANT");
    assert_eq!(step("inactive").ok().json()["lifecycle"], "INACTIVE");
    funds("ACCOUNT_INACTIVE");
    assert_eq!(step("activate").ok().json()["lifecycle"], "ACTIVE");
    admin.deposit(&account, "1");
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": 1})).ok();
    step("dormant").ok();
    assert_eq!(step("activate").ok().json()["lifecycle"], "ACTIVE");
    step("activate").ok(); // already active
    admin.deposit(&account, "1");
    step("close").ok();
    for way in ["inactive", "dormant"] {
        step(way).refused("ACCOUNT_CLOSING");
    }
    // A closing can be called off.
    assert_eq!(step("activate").ok().json()["lifecycle"], "ACTIVE");
    admin.deposit(&account, "1");
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": 1})).ok();
    step("close").ok();
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": 11})).ok();
    for way in STEPS {
        admin.step(&format!("/accounts/{account}{way}")).refused("ACCOUNT_ARCHIVED");
    }
}

#[test]
fn closing_ends_when_nothing_is_left() {
    let server = Server::start("");
    let admin = server.admin();
    let close = |account: &str, body: &Value| admin.post(&format!("/accounts/{account}/close"), body);
    let state = |account: &str| field(&admin, account, "lifecycle");
    // An empty account is archived at once.
    assert_eq!(close(&admin.new_account("USD"), &json!({})).ok().json()["lifecycle"], "CLOSED");
    // Swept.
    let (from, to) = (funded(&admin, "25"), admin.new_account("USD"));
    assert_eq!(close(&from, &json!({"sweepToAccountId": to})).ok().json()["lifecycle"], "CLOSED");
    assert_eq!((admin.balance(&from), admin.balance(&to)), ("0.00".into(), "25.00".into()));
    // Emptied step by step: debits pass, credits do not, a lock stays in force, and announced deposits are returned.
    let account = funded(&admin, "25");
    let announced = admin.ask(&account, "deposits", "5");
    let held = admin.ask(&account, "holds", "5");
    assert_eq!(close(&account, &json!({})).ok().json()["lifecycle"], "CLOSING");
    assert_eq!(admin.get(&format!("/deposits/{announced}")).ok().json()["state"], "VOIDED");
    let deposit = format!("/accounts/{account}/deposit");
    admin.post(&deposit, &json!({"amount": 1})).refused("ACCOUNT_CLOSING");
    admin.step(&format!("/accounts/{account}/lock")).ok();
    admin.step(&format!("/accounts/{account}/unlock")).ok();
    assert_eq!(state(&account), "CLOSING");
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": 20})).ok();
    assert_eq!(state(&account), "CLOSING");
    admin.step(&format!("/holds/{held}/capture")).ok();
    assert_eq!(state(&account), "CLOSED");
    assert_ne!(field(&admin, &account, "archivedAt"), Value::Null);
    // Releasing a hold can also be the last step.
    let account = funded(&admin, "5");
    let held = admin.ask(&account, "holds", "5");
    close(&account, &json!({"sweepToAccountId": to})).ok();
    admin.step(&format!("/holds/{held}/release")).ok();
    assert_eq!(state(&account), "CLOSING");
    assert_eq!(close(&account, &json!({"sweepToAccountId": to})).ok().json()["lifecycle"], "CLOSED");
    assert_eq!(admin.balance(&to), "30.00");
}

#[test]
fn a_closing_account_accepts_credits_up_to_what_it_owes() {
    let server = Server::start("");
    server.set_rules("minimum_balance = \"-50\"");
    let admin = server.admin();
    let owing = || {
        let account = admin.new_account("USD");
        admin.put(&format!("/accounts/{account}"), &json!({"minimumBalance": "-50"})).ok();
        let spent = admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": "40"})).ok();
        assert_eq!(admin.step(&format!("/accounts/{account}/close")).ok().text_at("lifecycle"), "CLOSING");
        (account, spent.text_at("dealId"))
    };
    let (account, _) = owing();
    let other = funded(&admin, "100");
    let at = |path: &str| format!("/accounts/{account}/{path}");
    let adjust = |amount: &str, action: &str| json!({"amount": amount, "action": format!("DEAL_ACTION_{action}")});
    let transfer = |amount: &str| json!({"fromAccountId": other, "toAccountId": account, "amount": amount});
    let before = server.trace();
    for (path, body) in [
        (at("deposit"), json!({"amount": "40.01"})),
        (at("deposits"), json!({"amount": "1"})),
        (at("balance"), adjust("40.01", "CORRECTION")),
        (at("balance"), adjust("1", "CREDIT")),
        ("/transfers".into(), transfer("40.01")),
        (format!("/accounts/{other}/close"), json!({"sweepToAccountId": account})),
    ] {
        admin.post(&path, &body).refused("ACCOUNT_CLOSING");
    }
    assert_eq!(server.trace(), before);
    admin.step(&at("lock")).ok();
    admin.post(&at("deposit"), &json!({"amount": "1"})).refused("ACCOUNT_LOCKED");
    admin.step(&at("unlock")).ok();
    // The client and a friend pay part, and the rest is written off.
    admin.post(&at("deposit"), &json!({"amount": "10"})).ok();
    admin.post("/transfers", &transfer("5")).ok();
    assert_eq!((field(&admin, &account, "lifecycle"), admin.balance(&account)), (json!("CLOSING"), "-25.00".into()));
    admin.post(&at("balance"), &adjust("25.01", "CORRECTION")).refused("ACCOUNT_CLOSING");
    admin.post(&at("balance"), &adjust("25", "CORRECTION")).ok();
    assert_eq!((field(&admin, &account, "lifecycle"), admin.balance(&account)), (json!("CLOSED"), "0.00".into()));
    // Alternatively, what it had spent comes back.
    let (account, spent) = owing();
    admin.step(&format!("/entries/{spent}/reverse")).ok();
    assert_eq!(field(&admin, &account, "lifecycle"), "CLOSED");
    server.trace();
}

#[test]
fn closing_ends_when_the_last_hold_expires() {
    let server = Server::start("");
    let admin = server.admin();
    let account = funded(&admin, "25");
    let expires = server.advance(0).plus_s(3600).to_string();
    admin.post(&format!("/accounts/{account}/holds"), &json!({"amount": 25, "expiresAt": expires})).ok();
    let small = funded(&admin, "3");
    admin.post(&format!("/accounts/{small}/holds"), &json!({"amount": 3, "expiresAt": expires})).ok();
    let to = admin.new_account("USD");
    for account in [&account, &small] {
        let closing = admin.post(&format!("/accounts/{account}/close"), &json!({"sweepToAccountId": to})).ok();
        assert_eq!(closing.text_at("lifecycle"), "CLOSING");
    }
    // A forced reversal takes money of one account while it is held, so that only the hold is left.
    let deal = admin.deals(&account)[0]["id"].as_str().unwrap().to_owned();
    let force = json!({"force": true, "reason": "came from a stolen card"});
    admin.post(&format!("/entries/{deal}/reverse"), &force).ok();
    assert_eq!((field(&admin, &account, "lifecycle"), admin.balance(&account)), (json!("CLOSING"), "0.00".into()));
    server.advance(3590);
    assert_eq!(field(&admin, &account, "lifecycle"), "CLOSING");
    server.advance(20);
    assert_eq!(field(&admin, &account, "lifecycle"), "CLOSED");
    // What the expiry releases in the other account still has to be withdrawn or swept.
    assert_eq!((field(&admin, &small, "lifecycle"), admin.available(&small)), (json!("CLOSING"), "3.00".into()));
    let closed = admin.post(&format!("/accounts/{small}/close"), &json!({"sweepToAccountId": to})).ok();
    assert_eq!((closed.text_at("lifecycle"), admin.balance(&to)), ("CLOSED".into(), "3.00".into()));
    server.trace();
}

#[test]
fn a_sweep_goes_neither_to_demo_nor_out_of_a_locked_account() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, to) = (funded(&admin, "10"), admin.new_account("USD"));
    let demo = json!({"profileId": admin.new_profile(), "currency": "USD", "groupId": admin.group("USD", true)});
    let demo = admin.post("/accounts", &demo).ok().text_at("account/id");
    let close = |target: &str| admin.post(&format!("/accounts/{account}/close"), &json!({"sweepToAccountId": target}));
    let before = server.trace();
    close(&demo).refused("MODES_DIFFER");
    assert_eq!(server.trace(), before);
    for (lock, target) in [("FULL", &account), ("CREDITS_ONLY", &account), ("FULL", &to), ("DEBITS_ONLY", &to)] {
        admin.post(&format!("/accounts/{target}/lock"), &json!({"lock": lock})).ok();
        let before = server.trace();
        close(&to).refused("ACCOUNT_LOCKED");
        assert_eq!(server.trace(), before);
        admin.step(&format!("/accounts/{target}/unlock")).ok();
    }
    assert_eq!((field(&admin, &account, "lifecycle"), admin.balance(&account)), (json!("ACTIVE"), "10.00".into()));
    assert_eq!(close(&to).ok().text_at("lifecycle"), "CLOSED");
}

#[test]
fn an_overdraft_goes_as_far_as_the_group_and_the_account_allow() {
    let server = Server::start("");
    let admin = server.admin();
    let account = funded(&admin, "10");
    let path = format!("/accounts/{account}");
    admin.put(&path, &json!({"minimumBalance": "-1"})).refused("OUT_OF_RANGE");
    server.set_rules("minimum_balance = \"-50\"");
    admin.put(&path, &json!({"minimumBalance": "-50.01"})).refused("OUT_OF_RANGE");
    admin.put(&path, &json!({"minimumBalance": "1"})).refused("OUT_OF_RANGE");
    for (wrong, reason, sentence) in [
        ("-1000000000000000.01", "OUT_OF_RANGE", "10^17"),
        ("-79228162514264337593543950335", "OUT_OF_RANGE", "10^17"),
        ("-99999999999999999999999999999999999", "OUT_OF_RANGE", "digits"),
        ("-0.001", "INVALID_FIELD", "rounds to zero"),
        ("none", "INVALID_FIELD", "not a decimal number"),
    ] {
        let reply = admin.put(&path, &json!({"minimumBalance": wrong})).refused(reason).naming("minimumBalance");
        assert!(reply.text_at("message").contains(sentence), "{wrong}: {}", reply.text);
    }
    let changed = admin.put(&path, &json!({"minimumBalance": "-40"})).ok();
    assert_eq!(changed.digits("minimumBalance"), "-40.00");
    let withdraw = format!("{path}/withdraw");
    admin.post(&withdraw, &json!({"amount": "50.01"})).refused("INSUFFICIENT_FUNDS");
    admin.post(&withdraw, &json!({"amount": 50})).ok();
    assert_eq!(admin.balance(&account), "-40.00");
    admin.post(&withdraw, &json!({"amount": "0.01"})).refused("INSUFFICIENT_FUNDS");
}

#[test]
fn a_sweep_takes_neither_credit_nor_held_money_nor_an_overdraft() {
    let server = Server::start("");
    server.set_rules("minimum_balance = \"-50\"");
    let admin = server.admin();
    let to = admin.new_account("USD");
    let overdrawable = || {
        let account = funded(&admin, "10");
        admin.put(&format!("/accounts/{account}"), &json!({"minimumBalance": "-50"})).ok();
        account
    };
    let close = |account: &str| {
        admin.post(&format!("/accounts/{account}/close"), &json!({"sweepToAccountId": to})).ok().json()["lifecycle"]
            .clone()
    };
    let credited = overdrawable();
    let credit = json!({"amount": "40", "action": "DEAL_ACTION_CREDIT"});
    admin.post(&format!("/accounts/{credited}/balance"), &credit).ok();
    assert_eq!(close(&credited), "CLOSING");
    assert_eq!((admin.balance(&credited), admin.balance(&to)), ("40.00".into(), "10.00".into()));
    let back = json!({"amount": "-40", "action": "DEAL_ACTION_CREDIT"});
    admin.post(&format!("/accounts/{credited}/balance"), &back).ok();
    assert_eq!(field(&admin, &credited, "lifecycle"), "CLOSED");
    let holding = overdrawable();
    let held = admin.ask(&holding, "holds", "5");
    assert_eq!(close(&holding), "CLOSING");
    assert_eq!((admin.balance(&holding), admin.balance(&to)), ("5.00".into(), "15.00".into()));
    admin.step(&format!("/holds/{held}/capture")).ok();
    assert_eq!(field(&admin, &holding, "lifecycle"), "CLOSED");
}

#[test]
fn a_stricter_group_does_not_stand_in_the_way_of_other_changes() {
    let server = Server::start("");
    server.set_rules("minimum_balance = \"-50\"");
    let admin = server.admin();
    let path = format!("/accounts/{}", admin.new_account("USD"));
    admin.put(&path, &json!({"minimumBalance": "-50"})).ok();
    server.set_rules("minimum_balance = \"-20\"");
    admin.put(&path, &json!({"maxLeverage": 5, "minimumBalance": "-50"})).ok();
    admin.put(&path, &json!({"minimumBalance": "-49"})).refused("OUT_OF_RANGE");
    admin.put(&path, &json!({"minimumBalance": "-20"})).ok();
}

#[test]
fn the_stricter_limit_of_account_and_group_counts() {
    let server = Server::start("");
    server.set_rules("minimum_balance = \"-50\"");
    let admin = server.admin();
    let (account, other) = (funded(&admin, "10"), admin.new_account("USD"));
    let path = format!("/accounts/{account}");
    admin.put(&path, &json!({"minimumBalance": "-40"})).ok();
    let withdraw = |amount: &str| admin.post(&format!("{path}/withdraw"), &json!({"amount": amount}));
    let shown = || field(&admin, &account, "minimumBalance").to_string();
    withdraw("20").ok();
    let hold = admin.ask(&account, "holds", "5");
    let version = field(&admin, &account, "version");
    for (cap, minimum) in [("-100", "-40.0"), ("-12", "-12.0"), ("-10.999", "-10.99"), ("0", "0.0")] {
        server.set_rules(&format!("minimum_balance = \"{cap}\""));
        assert_eq!((shown().as_str(), field(&admin, &account, "version")), (minimum, version.clone()), "{cap}");
    }
    // The account owes more than is now allowed: the debt remains, but every kind of debit is refused.
    assert_eq!(admin.balance(&account), "-10.00");
    let before = server.trace();
    let refused = withdraw("0.01").refused("INSUFFICIENT_FUNDS");
    assert_eq!(refused.text_at("message"), "only 0.00 USD available");
    let one = json!({"amount": "0.01"});
    for way in ["withdrawals", "holds"] {
        admin.post(&format!("{path}/{way}"), &one).refused("INSUFFICIENT_FUNDS");
    }
    let transfer = json!({"fromAccountId": account, "toAccountId": other, "amount": "0.01"});
    admin.post("/transfers", &transfer).refused("INSUFFICIENT_FUNDS");
    admin.post(&format!("{path}/balance"), &json!({"amount": "-0.01"})).refused("INSUFFICIENT_FUNDS");
    admin.step(&format!("/holds/{hold}/capture")).refused("INSUFFICIENT_FUNDS");
    assert_eq!(server.trace(), before);
    // The account keeps its own limit, which applies again once the group allows it.
    server.set_rules("minimum_balance = \"-50\"");
    assert_eq!(shown(), "-40.0");
    admin.step(&format!("/holds/{hold}/capture")).ok();
    withdraw("25.01").refused("INSUFFICIENT_FUNDS");
    withdraw("25").ok();
}

#[test]
fn the_limit_of_a_group_is_cut_to_the_decimals_of_the_currency() {
    let server = Server::start("");
    server.set_rules("minimum_balance = \"-10.999\"");
    let admin = server.admin();
    for (currency, beyond, allowed) in [("USD", "-11", "-10.99"), ("JPY", "-11", "-10")] {
        let path = format!("/accounts/{}", admin.new_account(currency));
        let reply = admin.put(&path, &json!({"minimumBalance": beyond})).refused("OUT_OF_RANGE");
        assert!(reply.text_at("message").contains(&format!("{allowed} to 0")), "{}", reply.text);
        assert_eq!(admin.put(&path, &json!({"minimumBalance": allowed})).ok().digits("minimumBalance"), allowed);
        let withdraw = format!("{path}/withdraw");
        admin.post(&withdraw, &json!({"amount": "11"})).refused("INSUFFICIENT_FUNDS");
        admin.post(&withdraw, &json!({"amount": allowed.trim_start_matches('-')})).ok();
    }
}

#[test]
fn a_rehearsal_answers_and_does_nothing() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, other) = (funded(&admin, "10"), admin.new_account("USD"));
    let before = server.trace();
    let keyed = admin.key("rehearsed");
    keyed.post(&format!("/accounts/{account}/deposit?dryRun=true"), &json!({"amount": 5})).ok();
    let transfer = json!({"fromAccountId": account, "toAccountId": other, "amount": "4"});
    assert_eq!(admin.post("/transfers?dryRun=true", &transfer).ok().json()["state"], "POSTED");
    let sweep = json!({"sweepToAccountId": other});
    let closed = admin.post(&format!("/accounts/{account}/close?dryRun=true"), &sweep).ok().json();
    assert_eq!(closed["lifecycle"], "CLOSED");
    admin.post("/profiles?dryRun=true", &json!({"email": "rehearsed@example.com"})).ok();
    let withdraw = format!("/accounts/{account}/withdraw");
    admin.post(&format!("{withdraw}?dryRun=true"), &json!({"amount": 11})).refused("INSUFFICIENT_FUNDS");
    // A misspelled rehearsal is not executed.
    for meant in ["dryRun=maybe", "dryRun", "dryRun=", "dryRun=1", "dryRun=True", "dryrun=true", "dry_run=true"] {
        admin.post(&format!("{withdraw}?{meant}"), &json!({"amount": 1})).refused("INVALID_FIELD");
    }
    for (path, body) in [
        ("/user/login", json!({"username": "dev", "password": "x"})),
        ("/trade/login", json!({"email": "a@example.com", "password": "x"})),
        ("/sandbox/clock", json!({"advance": 5})),
        ("/sandbox/reset", json!({})),
    ] {
        admin.post(&format!("{path}?dryRun=true"), &body).refused("INVALID_FIELD");
    }
    assert_eq!(server.trace(), before);
    assert_eq!(admin.get("/profiles?email=rehearsed@example.com").ok().json()["total"], "0");
    // The key is still free.
    keyed.post(&format!("/accounts/{account}/deposit"), &json!({"amount": 5})).ok();
    assert_eq!(admin.balance(&account), "15.00");
}

#[test]
fn steps_of_hidden_accounts_are_not_found() {
    let server = Server::start("");
    let admin = server.admin();
    let vip = admin.new_profile_with(&json!({"tags": ["vip"]}));
    let account = admin.new_account_of(&vip, "USD");
    let retail = server.operator("operator", &["retail"]);
    let own = retail.new_account("USD");
    for step in ["/lock", "/unlock", "/activate", "/inactive", "/dormant", "/close"] {
        retail.step(&format!("/accounts/{account}{step}")).refused("NOT_FOUND");
    }
    let sweep = json!({"sweepToAccountId": account});
    retail.post(&format!("/accounts/{own}/close"), &sweep).refused("NOT_FOUND");
}

#[test]
fn steps_are_replayed() {
    let server = Server::start("");
    let admin = server.admin();
    for (before, step) in [
        ("", "/lock"),
        ("/lock", "/unlock"),
        ("/dormant", "/activate"),
        ("", "/inactive"),
        ("", "/dormant"),
        ("", "/close"),
    ] {
        let account = admin.new_account("USD");
        if !before.is_empty() {
            admin.step(&format!("/accounts/{account}{before}")).ok();
        }
        let keyed = admin.key(step);
        let first = keyed.step(&format!("/accounts/{account}{step}")).ok();
        let again = keyed.step(&format!("/accounts/{account}{step}")).ok();
        assert!(!first.is_replayed() && again.is_replayed() && first.text == again.text, "{step}");
    }
}

#[test]
fn refused_steps_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, euro) = (funded(&admin, "10"), admin.new_account("EUR"));
    let closed = admin.new_account("USD");
    admin.step(&format!("/accounts/{closed}/close")).ok();
    let before = server.trace();
    let nobody = "0198c1f0-0000-7000-8000-000000000000";
    for step in ["/lock", "/unlock", "/activate", "/inactive", "/dormant", "/close"] {
        admin.step(&format!("/accounts/{nobody}{step}")).refused("NOT_FOUND");
        admin.step(&format!("/accounts/{closed}{step}")).refused("ACCOUNT_ARCHIVED");
        server.viewer().step(&format!("/accounts/{account}{step}")).refused("RIGHT_MISSING");
    }
    for wrong in [json!({"lock": "HALF"}), json!({"type": "ABC"}), json!({"reason": "XXX"})] {
        admin.post(&format!("/accounts/{account}/lock"), &wrong).refused("INVALID_FIELD");
    }
    let close = format!("/accounts/{account}/close");
    let itself = admin.post(&close, &json!({"sweepToAccountId": account})).refused("SAME_ACCOUNT");
    assert_eq!(
        (itself.field(), itself.text_at("message").starts_with("sweepToAccountId: ")),
        ("sweepToAccountId".into(), true)
    );
    admin.post(&close, &json!({"sweepToAccountId": euro})).refused("INVALID_FIELD");
    assert_eq!(server.trace(), before);
    assert_eq!(field(&admin, &account, "lifecycle"), "ACTIVE");
}
