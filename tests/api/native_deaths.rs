//! Deceased clients: who succeeds, what is locked, and what is refused from then on.

use super::harness::{Caller, PASSWORD, Server};
use serde_json::{Value, json};

#[track_caller]
fn add(caller: &Caller<'_>, account: &str, profile: &str, access: &str) {
    caller.post(&format!("/accounts/{account}/owners"), &json!({"profileId": profile, "access": access})).ok();
}

#[track_caller]
fn account(caller: &Caller<'_>, account: &str) -> Value {
    caller.get(&format!("/accounts/{account}")).ok().json()
}

/// The owners of an account as `(profile, access)`.
fn owners(caller: &Caller<'_>, account: &str) -> Vec<(String, String)> {
    let body = caller.get(&format!("/accounts/{account}/owners")).ok().json();
    let text = |value: &Value| value.as_str().unwrap_or("hidden").to_owned();
    body["owners"].as_array().unwrap().iter().map(|row| (text(&row["profileId"]), text(&row["access"]))).collect()
}

#[test]
fn heirs_follow_and_accounts_without_any_are_locked() {
    let server = Server::start("");
    let (admin, operator) = (server.admin(), server.operator("operator", &[]));
    let dead = admin.new_profile_with(&json!({"password": PASSWORD}));
    let (heir, third) = (admin.new_profile(), admin.new_profile());
    let [alone, joint, second, fraud, closed] =
        [&dead, &dead, &heir, &dead, &dead].map(|it| admin.new_account_of(it, "USD"));
    for funded in [&alone, &joint, &second, &fraud] {
        admin.deposit(funded, "50");
    }
    let (idle, barred) = (admin.new_profile(), admin.new_account_of(&dead, "USD"));
    add(&admin, &barred, &idle, "NONE");
    let reader = admin.new_profile();
    add(&admin, &barred, &reader, "READ");
    add(&admin, &joint, &idle, "NONE");
    add(&admin, &joint, &heir, "FULL");
    add(&admin, &joint, &third, "READ");
    add(&admin, &second, &dead, "FULL");
    add(&admin, &second, &third, "READ");
    admin.post(&format!("/accounts/{fraud}/lock"), &json!({"reason": "FRD", "lock": "CREDITS_ONLY"})).ok();
    admin.delete(&format!("/accounts/{closed}")).ok();
    let withdrawal = admin.ask(&alone, "withdrawals", "10");
    let email = admin.get(&format!("/profiles/{dead}")).ok().text_at("email");
    let login = json!({"email": email, "password": PASSWORD});
    let token = admin.post("/trade/login", &login).ok().text_at("accessToken");

    let reported = operator.post(&format!("/profiles/{dead}/deceased"), &json!({"deceasedOn": "2026-03-02"})).ok();
    assert_eq!((reported.text_at("status"), reported.text_at("deceasedOn")), ("DECEASED".into(), "2026-03-02".into()));
    // The next owner succeeds with full access and the others move up, even if the deceased was not the first.
    let none = (idle.clone(), "NONE".to_owned());
    let heirs = [(heir.clone(), "FULL".into()), none.clone(), (third.clone(), "READ".into())];
    assert_eq!(owners(&admin, &joint), heirs, "who has not full access is passed over");
    assert_eq!(owners(&admin, &barred), [(dead.clone(), "FULL".into()), none, (reader, "READ".into())]);
    assert_eq!(owners(&admin, &second), [(heir.clone(), "FULL".into()), (third, "READ".into())]);
    assert_eq!(
        (&account(&admin, &joint)["profileId"], &account(&admin, &joint)["lock"]),
        (&json!(heir), &json!("NONE"))
    );
    operator.post(&format!("/accounts/{joint}/withdraw"), &json!({"amount": 50})).ok();
    // Without other owners: locked both ways by the system, including pending movements.
    let lock = |id: &str| ["lock", "lockType", "lockReason"].map(|field| account(&admin, id)[field].clone());
    assert_eq!(lock(&alone), [json!("FULL"), json!("SYS"), json!("DED")]);
    assert_eq!(lock(&barred), lock(&alone), "nobody with full access is left");
    assert_eq!(lock(&fraud), [json!("FULL"), json!("SYS"), json!("FRD")]);
    assert_eq!(lock(&closed), [json!("NONE"), json!("UNL"), Value::Null]);
    for way in ["deposit", "withdraw"] {
        admin.post(&format!("/accounts/{alone}/{way}"), &json!({"amount": 1})).refused("ACCOUNT_LOCKED");
    }
    admin.step(&format!("/withdrawals/{withdrawal}/pay")).refused("ACCOUNT_LOCKED");
    operator.step(&format!("/accounts/{alone}/unlock")).refused("LOCK_KEPT");
    // No tokens, no new accounts, no new ownership.
    assert_eq!(admin.post("/trade/introspect", &json!({"token": token})).ok().json()["active"], false);
    admin.post("/trade/login", &login).refused("PROFILE_DECEASED");
    let body = json!({"profileId": dead, "currency": "USD", "groupId": admin.group("USD", false)});
    admin.post("/accounts", &body).refused("PROFILE_DECEASED");
    let share = json!({"profileId": dead, "access": "READ"});
    admin.post(&format!("/accounts/{joint}/owners"), &share).refused("PROFILE_DECEASED");
    // An administrator settles the estate: unlock, pay out, archive.
    admin.step(&format!("/accounts/{alone}/unlock")).ok();
    admin.step(&format!("/withdrawals/{withdrawal}/pay")).ok();
    server.trace();
}

#[test]
fn a_wrong_report_is_corrected() {
    let server = Server::start("");
    let (admin, operator) = (server.admin(), server.operator("operator", &[]));
    let profile = admin.new_profile_with(&json!({"email": "alive@example.com", "password": PASSWORD}));
    let own = operator.new_account_of(&profile, "USD");
    let login = json!({"email": "alive@example.com", "password": PASSWORD});
    let token = admin.post("/trade/login", &login).ok().text_at("accessToken");
    let path = format!("/profiles/{profile}/deceased");
    let today = &server.advance(0).to_string()[..10];
    let reported = operator.step(&path).ok();
    assert_eq!(reported.text_at("deceasedOn"), today);
    assert_eq!(admin.post("/trade/introspect", &json!({"token": token})).ok().json()["active"], false);
    // The same report again changes nothing; another date changes only the date.
    assert_eq!(operator.step(&path).ok().header("etag"), reported.header("etag"));
    admin.step(&format!("/accounts/{own}/unlock")).ok();
    let corrected = operator.post(&path, &json!({"deceasedOn": "2026-01-31"})).ok();
    assert_eq!(corrected.text_at("deceasedOn"), "2026-01-31");
    assert_eq!(account(&admin, &own)["lock"], "NONE");
    // An administrator can undo a mistaken report.
    let approve = format!("/profiles/{profile}/approve");
    operator.step(&approve).refused("RIGHT_MISSING");
    let alive = admin.step(&approve).ok().json();
    assert_eq!((&alive["status"], &alive["deceasedOn"]), (&json!("VERIFIED"), &Value::Null));
    operator.deposit(&own, "1");
    // A client archived after its death keeps the date of death.
    let gone = operator.new_profile();
    operator.post(&format!("/profiles/{gone}/deceased"), &json!({"deceasedOn": "2026-01-31"})).ok();
    let archived = operator.step(&format!("/profiles/{gone}/archive")).ok();
    assert_eq!((archived.text_at("status"), archived.text_at("deceasedOn")), ("ARCHIVED".into(), "2026-01-31".into()));
}

#[test]
fn an_alias_that_the_heir_uses_does_not_stand_in_the_way() {
    let server = Server::start("");
    let admin = server.admin();
    let (dead, heir) = (admin.new_profile(), admin.new_profile());
    let [taken, free, of_heir] = [&dead, &dead, &heir].map(|it| admin.new_account_of(it, "USD"));
    let label = |id: &str, body: &Value| drop(admin.put(&format!("/accounts/{id}"), body).ok());
    label(&taken, &json!({"alias": "main", "reference": "r-1", "name": "Savings", "metadata": {"branch": "Oslo"}}));
    label(&free, &json!({"alias": "second"}));
    label(&of_heir, &json!({"alias": "main"}));
    for id in [&taken, &free] {
        add(&admin, id, &heir, "FULL");
    }
    // When changing owners by hand, the operator can change the alias first.
    let before = server.trace();
    admin.delete(&format!("/accounts/{taken}/owners/{dead}")).refused("DUPLICATE_ALIAS");
    assert_eq!(server.trace(), before);
    let last = admin.get("/events?limit=1000").ok().text_at("lastSeq");
    admin.step(&format!("/profiles/{dead}/deceased")).ok();
    let labels = |id: &str| ["profileId", "alias", "reference", "name"].map(|name| account(&admin, id)[name].clone());
    assert_eq!(labels(&taken), [json!(heir), json!(""), json!("r-1"), json!("Savings")]);
    assert_eq!(account(&admin, &taken)["metadata"], json!({"branch": "Oslo"}));
    assert_eq!((labels(&free)[1].clone(), labels(&of_heir)[1].clone()), (json!("second"), json!("main")));
    let events = admin.get(&format!("/events?after={last}&types=account.owner_removed")).ok().json();
    let removals: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["objectId"].clone(), event["data"]["aliasDropped"].clone()))
        .collect();
    assert_eq!(removals, [(json!(taken), json!(true)), (json!(free), Value::Null)]);
    let replaced = json!({"alias": "joint"});
    admin.put(&format!("/accounts/{taken}"), &replaced).ok();
    server.trace();
}

#[test]
fn an_account_does_not_go_to_an_heir_out_of_sight() {
    let server = Server::start("");
    let admin = server.admin();
    let retail = server.operator("operator", &["retail"]);
    let (mine, other) = (retail.new_profile(), retail.new_profile());
    let vip = admin.new_profile_with(&json!({"tags": ["vip"]}));
    let own = retail.new_account_of(&mine, "USD");
    let hidden = admin.new_account_of(&vip, "USD");
    add(&admin, &own, &vip, "FULL");
    add(&admin, &hidden, &other, "FULL");
    let before = server.trace();
    retail.step(&format!("/profiles/{mine}/deceased")).refused("HEIR_HIDDEN");
    assert_eq!(server.trace(), before);
    admin.step(&format!("/profiles/{mine}/deceased")).ok();
    assert_eq!(owners(&admin, &own), [(vip.clone(), "FULL".into())]);
    // A deceased client's hidden accounts are handled too; none becomes visible or hidden by it.
    retail.step(&format!("/profiles/{other}/deceased")).ok();
    assert_eq!(owners(&admin, &hidden), [(vip, "FULL".into())]);
}

#[test]
fn refused_reports_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    admin.new_account_of(&profile, "USD");
    let path = format!("/profiles/{profile}/deceased");
    let tomorrow_and_one = &server.advance(0).plus_s(2 * 86_400).to_string()[..10];
    let before = server.trace();
    for day in ["2026-02-30", "2.3.2026", "yesterday", "2026-03-02T10:00:00Z"] {
        admin.post(&path, &json!({"deceasedOn": day})).refused("INVALID_FIELD").naming("deceasedOn");
    }
    admin.post(&path, &json!({"deceasedOn": tomorrow_and_one})).refused("OUT_OF_RANGE");
    admin.post(&path, &json!({"deceasedOn": 5})).refused("INVALID_FIELD");
    server.viewer().step(&path).refused("RIGHT_MISSING");
    // A token without the right to change accounts cannot change them through their owner either.
    let clerk = server.bearer(&server.add_token("dev", &["--scope", "profiles:write"]).1);
    clerk.step(&path).refused("RIGHT_MISSING");
    admin.with("If-Match", "\"4\"").step(&path).refused("VERSION_MISMATCH");
    assert_eq!(server.trace(), before);
    let other = admin.new_profile();
    clerk.step(&format!("/profiles/{other}/deceased")).ok();
}
