//! Permissions of accounts: what is withheld from them, and what that stops.

use super::harness::{PASSWORD, Server};
use super::native_events::read_all;
use serde_json::json;

const ALL: [&str; 6] = ["ENABLED", "EXCHANGE", "TRADE", "TRANSFER_DEPOSIT", "TRANSFER_WITHDRAWAL", "VISIBLE"];

#[test]
fn an_account_has_all_permissions_but_those_withheld() {
    let server = Server::start("");
    let admin = server.admin();
    let (profile, group) = (admin.new_profile(), admin.group("USD", false));
    let mut body = json!({"profileId": profile, "currency": "USD", "groupId": group});
    let plain = admin.post("/accounts", &body).ok();
    assert_eq!(plain.json()["account"]["permissions"], json!(ALL));
    body["permissions"] = json!(["TRADE", "ENABLED", "TRADE"]);
    let path = format!("/accounts/{}", admin.post("/accounts", &body).ok().text_at("account/id"));
    let shown = |reply: super::harness::Reply| (reply.json()["permissions"].clone(), reply.text_at("version"));
    assert_eq!(shown(admin.get(&path).ok()), (json!(["ENABLED", "TRADE"]), "1".into()));
    // Omitted, they stay; the same again is no change.
    assert_eq!(shown(admin.put(&path, &json!({"name": "x"})).ok()), (json!(["ENABLED", "TRADE"]), "2".into()));
    let same = json!({"permissions": ["ENABLED", "TRADE"]});
    assert_eq!(shown(admin.put(&path, &same).ok()), (json!(["ENABLED", "TRADE"]), "2".into()));
    assert_eq!(shown(admin.put(&path, &json!({"permissions": []})).ok()), (json!([]), "3".into()));
    assert_eq!(shown(admin.put(&path, &json!({"permissions": ALL})).ok()), (json!(ALL), "4".into()));
    let before = server.trace();
    for wrong in [json!(["enabled"]), json!(["DEPOSIT"]), json!([""])] {
        admin.put(&path, &json!({"permissions": wrong})).refused("INVALID_FIELD").naming("permissions");
    }
    assert_eq!(server.trace(), before);
    // Each event has the permissions of its own time.
    let events = read_all(&admin, "1", "", 1000);
    let told: Vec<_> = events.iter().filter_map(|event| event["data"].get("permissions").cloned()).collect();
    assert_eq!(told, [json!(ALL), json!(["ENABLED", "TRADE"]), json!(["ENABLED", "TRADE"]), json!([]), json!(ALL)]);
    // The audit log has the change in words.
    let log = admin.get("/audit-log?action=account.change").ok().text;
    assert!(log.contains("withheld"), "{log}");
}

#[test]
fn a_transfer_needs_permissions_of_both_accounts() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    let (from, to) = (admin.new_account_of(&profile, "USD"), admin.new_account_of(&profile, "USD"));
    admin.deposit(&from, "10");
    let transfer = || admin.post("/transfers", &json!({"fromAccountId": from, "toAccountId": to, "amount": "1"}));
    let withhold = |account: &str, withheld: &[&str]| {
        let rest: Vec<_> = ALL.iter().filter(|permission| !withheld.contains(permission)).collect();
        admin.put(&format!("/accounts/{account}"), &json!({"permissions": rest})).ok();
    };
    for (account, permission) in
        [(&from, "ENABLED"), (&from, "TRANSFER_WITHDRAWAL"), (&to, "ENABLED"), (&to, "TRANSFER_DEPOSIT")]
    {
        withhold(account, &[permission]);
        let before = server.trace();
        let message = transfer().refused("PERMISSION_WITHHELD").text_at("message");
        assert!(message.ends_with(&permission.to_lowercase()), "{message}");
        assert_eq!(server.trace(), before);
        withhold(account, &[]);
    }
    // The other side's permission does not matter, nor do labels.
    withhold(&from, &["TRANSFER_DEPOSIT", "EXCHANGE", "TRADE", "VISIBLE"]);
    withhold(&to, &["TRANSFER_WITHDRAWAL", "EXCHANGE", "TRADE", "VISIBLE"]);
    transfer().ok();
    // An operator's deposits and withdrawals need none.
    withhold(&from, &ALL);
    admin.deposit(&from, "1");
    admin.post(&format!("/accounts/{from}/withdraw"), &json!({"amount": "1"})).ok();
    assert_eq!(admin.balance(&from), "9.00");
}

#[test]
fn sessions_name_enabled_accounts_only() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile_with(&json!({"password": PASSWORD}));
    let (one, other) = (admin.new_account_of(&profile, "USD"), admin.new_account_of(&profile, "EUR"));
    let email = admin.get(&format!("/profiles/{profile}")).ok().text_at("email");
    let begin = || admin.post("/trade/login", &json!({"email": email, "password": PASSWORD})).ok();
    let named = |session: &super::harness::Reply| session.text.contains(&one);
    let first = begin();
    assert!(named(&first) && first.text.contains(&other), "{}", first.text);
    let rest: Vec<_> = ALL.iter().filter(|permission| **permission != "ENABLED").collect();
    admin.put(&format!("/accounts/{one}"), &json!({"permissions": rest})).ok();
    let second = begin();
    assert!(!named(&second) && second.text.contains(&other), "{}", second.text);
    // A session that began before no longer counts for it.
    let token = json!({"token": first.text_at("accessToken")});
    let introspected = admin.post("/trade/introspect", &token).ok();
    assert!(!named(&introspected) && introspected.text.contains(&other), "{}", introspected.text);
}
