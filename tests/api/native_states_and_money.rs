//! Each account state and flag against each way to move money: exactly what the document allows succeeds.

use super::harness::{Caller, Server};
use serde_json::{Value, json};

/// The rows of a table in docs/ledger.md: the state or flag, and the result of a credit and of a debit.
fn documented(name: &str) -> Vec<(String, String, String)> {
    let text = include_str!("../../docs/ledger.md");
    let (_, after) = text.split_once(&format!("<!-- table: {name} -->\n")).unwrap();
    let rows = after.lines().take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', ""));
        (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap())
    })
    .collect()
}

/// An account with every kind of pending movement, and the calls that move its money.
struct Subject {
    account: String,
    /// Path, body, and whether it is a credit.
    calls: Vec<(String, Value, bool)>,
    /// Steps that only release reserved money.
    releases: Vec<String>,
}

/// `is_empty`: the account never held money and cannot.
fn subject(admin: &Caller<'_>, account: String, is_empty: bool) -> Subject {
    let other = admin.new_account("USD");
    admin.deposit(&other, "1000");
    let at = |path: &str| format!("/accounts/{account}/{path}");
    let amount = json!({"amount": "1"});
    let adjust = |amount: &str| json!({"amount": amount, "action": "DEAL_ACTION_FEE"});
    let transfer = |from: &str, to: &str| json!({"fromAccountId": from, "toAccountId": to, "amount": "1"});
    let mut calls = vec![
        (at("deposit"), amount.clone(), true),
        (at("balance"), adjust("1"), true),
        (at("deposits"), amount.clone(), true),
        ("/transfers".into(), transfer(&other, &account), true),
        (at("withdraw"), amount.clone(), false),
        (at("balance"), adjust("-1"), false),
        (at("withdrawals"), amount.clone(), false),
        (at("holds"), amount.clone(), false),
        ("/transfers".into(), transfer(&account, &other), false),
    ];
    let mut releases = Vec::new();
    if !is_empty {
        let came = admin.deposit(&account, "100");
        let body = json!({"amount": "1"});
        let left = admin.post(&at("withdraw"), &body).ok().text_at("dealId");
        let ask = |movements: &str| admin.ask(&account, movements, "1");
        calls.extend([
            (format!("/deposits/{}/settle", ask("deposits")), json!({}), true),
            (format!("/entries/{left}/reverse"), json!({}), true),
            (format!("/withdrawals/{}/pay", ask("withdrawals")), json!({}), false),
            (format!("/holds/{}/capture", ask("holds")), json!({}), false),
        ]);
        // Reversing the whole deposit needs its whole amount, so a smaller one is posted last.
        let small = admin.deposit(&account, "1");
        calls.push((format!("/entries/{small}/reverse"), json!({}), false));
        let _ = came;
        releases = vec![
            format!("/deposits/{}/return", ask("deposits")),
            format!("/withdrawals/{}/reject", ask("withdrawals")),
            format!("/withdrawals/{}/cancel", ask("withdrawals")),
            format!("/holds/{}/release", ask("holds")),
        ];
    }
    Subject { account, calls, releases }
}

#[track_caller]
fn compare(admin: &Caller<'_>, subject: &Subject, what: &str, credit: &str, debit: &str) {
    for (path, body, is_credit) in &subject.calls {
        let expected = if *is_credit { credit } else { debit };
        let before = (admin.balance(&subject.account), admin.available(&subject.account));
        let reply = admin.post(path, body);
        if expected == "passes" {
            assert_eq!(reply.status, 200, "{what}: {path}: {}", reply.text);
        } else if path.contains("/settle") && what == "closing" {
            // Closing has already returned announced deposits.
            reply.refused("WRONG_STATE");
        } else {
            assert_eq!(reply.json()["details"][0]["reason"], expected, "{what}: {path}: {}", reply.text);
            reply.refused(expected);
            let after = (admin.balance(&subject.account), admin.available(&subject.account));
            assert_eq!(after, before, "{what}: {path}");
        }
    }
    for path in &subject.releases {
        let reply = admin.step(path);
        if path.contains("/return") && what == "closing" {
            reply.refused("WRONG_STATE");
        } else {
            reply.ok();
        }
    }
}

#[test]
fn each_state_lets_through_what_the_document_says() {
    let server = Server::start("");
    let admin = server.admin();
    let rows = documented("lifecycles");
    assert_eq!(rows.len(), 6);
    for (state, credit, debit) in rows {
        let (account, is_empty) = match state.as_str() {
            "pending_approval" => {
                let group = admin.group("USD", false);
                let body = json!({"profileId": admin.new_profile(), "currency": "USD", "groupId": group,
                    "requiresApproval": true});
                (admin.post("/accounts", &body).ok().text_at("account/id"), true)
            }
            "closed" => (admin.new_account("USD"), true),
            _ => (admin.new_account("USD"), false),
        };
        let subject = subject(&admin, account, is_empty);
        let way = match state.as_str() {
            "pending_approval" => None,
            "active" => Some("activate"),
            "closing" | "closed" => Some("close"),
            _ => Some(state.as_str()),
        };
        if let Some(way) = way {
            admin.step(&format!("/accounts/{}/{way}", subject.account)).ok();
        }
        let shown = admin.get(&format!("/accounts/{}", subject.account)).ok().text_at("lifecycle");
        assert_eq!(shown, state.to_uppercase());
        compare(&admin, &subject, &state, &credit, &debit);
    }
    server.trace();
}

#[test]
fn each_flag_stops_what_the_document_says() {
    let server = Server::start("");
    let admin = server.admin();
    let rows = documented("flags");
    assert_eq!(rows.len(), 2);
    for (flag, credit, debit) in rows {
        let subject = subject(&admin, admin.new_account("USD"), false);
        let path = format!("/accounts/{}", subject.account);
        let field = if flag.starts_with("allows_credits") { "allowCredits" } else { "allowDebits" };
        let changed = admin.put(&path, &json!({field: false})).ok();
        assert_eq!((changed.digits(field), changed.text_at("version")), ("false".into(), "2".into()));
        assert_eq!(admin.put(&path, &json!({"dailyStatement": true})).ok().digits(field), "false", "left out it stays");
        compare(&admin, &subject, &flag, &credit, &debit);
        admin.put(&path, &json!({field: true})).ok();
        admin.deposit(&subject.account, "1");
        admin.post(&format!("{path}/withdraw"), &json!({"amount": 1})).ok();
    }
    server.trace();
}

#[test]
fn an_account_can_be_opened_with_its_flags_off() {
    let server = Server::shared();
    let admin = server.admin();
    let group = admin.group("USD", false);
    let body = json!({
        "profileId": admin.new_profile(), "currency": "USD", "groupId": group,
        "allowCredits": false, "allowDebits": false,
    });
    let opened = admin.post("/accounts", &body).ok();
    assert_eq!(
        (opened.digits("account/allowCredits"), opened.digits("account/allowDebits")),
        ("false".into(), "false".into())
    );
    let path = format!("/accounts/{}", opened.text_at("account/id"));
    admin.post(&format!("{path}/deposit"), &json!({"amount": 1})).refused("CREDITS_OFF");
    admin.post(&format!("{path}/withdraw"), &json!({"amount": 1})).refused("DEBITS_OFF");
    let plain = admin.get(&format!("/accounts/{}", admin.new_account("USD"))).ok();
    assert_eq!((plain.digits("allowCredits"), plain.digits("allowDebits")), ("true".into(), "true".into()));
    admin.put(&path, &json!({"allowCredits": "yes"})).refused("INVALID_FIELD");
}
