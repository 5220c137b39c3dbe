//! Deposits and withdrawals from and to accounts at other banks, in the steps that these take.

use super::external_accounts::{add, add_verified};
use super::harness::{Caller, Server, unique};
use super::native_bank_products::account_of;
use serde_json::{Value, json};

struct Scene {
    profile: String,
    account: String,
    external: String,
}

fn scene(admin: &Caller<'_>, product: &str) -> Scene {
    let profile = admin.new_profile();
    Scene { account: account_of(admin, &profile, product), external: add_verified(admin, &profile), profile }
}

impl Scene {
    #[track_caller]
    fn begin(&self, admin: &Caller<'_>, route: &str, amount: &str) -> String {
        let body = json!({"amount": amount, "externalAccountId": self.external});
        admin.post(&format!("/accounts/{}/{route}", self.account), &body).ok().text_at("id")
    }
}

#[test]
fn money_comes_and_goes_in_steps() {
    let server = Server::shared();
    let admin = server.admin();
    let scene = scene(&admin, "Checking");
    let deposit = scene.begin(&admin, "deposits", "100");
    let shown = admin.get(&format!("/deposits/{deposit}")).ok().json();
    assert_eq!((&shown["externalAccountId"], &shown["step"]), (&json!(scene.external), &json!("INITIATED")));
    let step = |id: &str, way: &str| admin.step(&format!("/external-transfers/{id}/{way}"));
    assert_eq!(step(&deposit, "delay").ok().text_at("step"), "DELAYED");
    admin.step(&format!("/deposits/{deposit}/settle")).refused("WRONG_STATE");
    step(&deposit, "send").refused("WRONG_STATE");
    assert_eq!(step(&deposit, "resume").ok().text_at("step"), "INITIATED");
    assert_eq!(step(&deposit, "send").ok().text_at("step"), "SENT");
    assert_eq!(step(&deposit, "send").ok().text_at("step"), "SENT", "once more is no change");
    step(&deposit, "delay").refused("WRONG_STATE");
    assert_eq!(admin.balance(&scene.account), "0.00");
    admin.step(&format!("/deposits/{deposit}/settle")).ok();
    step(&deposit, "resume").refused("WRONG_STATE");
    assert_eq!((admin.balance(&scene.account), admin.available(&scene.account)), ("100.00".into(), "100.00".into()));
    let withdrawal = scene.begin(&admin, "withdrawals", "30");
    assert_eq!((admin.balance(&scene.account), admin.available(&scene.account)), ("100.00".into(), "70.00".into()));
    step(&withdrawal, "delay").ok();
    admin.step(&format!("/withdrawals/{withdrawal}/pay")).refused("WRONG_STATE");
    step(&withdrawal, "resume").ok();
    admin.step(&format!("/withdrawals/{withdrawal}/pay")).ok();
    assert_eq!((admin.balance(&scene.account), admin.available(&scene.account)), ("70.00".into(), "70.00".into()));
    // A bank returns what it has sent.
    let returned = scene.begin(&admin, "withdrawals", "20");
    step(&returned, "send").ok();
    admin.step(&format!("/withdrawals/{returned}/reject")).ok();
    assert_eq!(admin.available(&scene.account), "70.00");
    // What has no account elsewhere has no steps.
    let plain = admin.ask(&scene.account, "deposits", "1");
    step(&plain, "send").refused("NOT_FOUND");
    admin.step(&format!("/deposits/{plain}/return")).ok();
    for way in ["delay", "resume", "send"] {
        let other = server.operator("operator", &["other"]);
        other.step(&format!("/external-transfers/{returned}/{way}")).refused("NOT_FOUND");
    }
    // A retry gets the first answer.
    let (keyed, again) = (admin.key(&unique("key")), scene.begin(&admin, "deposits", "1"));
    let first = keyed.step(&format!("/external-transfers/{again}/delay")).ok();
    step(&again, "resume").ok();
    let replayed = keyed.step(&format!("/external-transfers/{again}/delay")).ok();
    assert_eq!((replayed.text.clone(), replayed.is_replayed()), (first.text, true));
}

#[test]
fn what_a_bank_cannot_do_leaves_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let scene = scene(&admin, "Checking");
    let (sent, done) = (scene.begin(&admin, "deposits", "1"), scene.begin(&admin, "deposits", "1"));
    let step = |id: &str, way: &str| admin.step(&format!("/external-transfers/{id}/{way}"));
    step(&sent, "send").ok();
    admin.step(&format!("/deposits/{done}/return")).ok();
    let before = server.trace();
    for way in ["delay", "resume"] {
        step(&sent, way).refused("WRONG_STATE");
    }
    for way in ["delay", "resume", "send"] {
        step(&done, way).refused("WRONG_STATE");
        server.viewer().step(&format!("/external-transfers/{done}/{way}")).refused("RIGHT_MISSING");
    }
    assert_eq!(server.trace(), before);
}

#[test]
fn only_the_clients_own_verified_accounts_pay_unless_the_account_may_use_all() {
    let server = Server::start("");
    let admin = server.admin();
    let (mine, other) = (scene(&admin, "Checking"), scene(&admin, "Checking"));
    let unverified = add(&admin, &mine.profile, &json!({}));
    let call = |external: &str| {
        let body = json!({"amount": "10", "externalAccountId": external});
        admin.post(&format!("/accounts/{}/deposits", mine.account), &body)
    };
    let before = server.trace();
    call(&unverified).refused("EXTERNAL_ACCOUNT_STATE");
    call(&other.external).refused("NOT_FOUND").naming("externalAccountId");
    call("0198c1f0-0000-7000-8000-000000000000").refused("NOT_FOUND");
    let hold = json!({"amount": "10", "externalAccountId": mine.external});
    admin
        .post(&format!("/accounts/{}/holds", mine.account), &hold)
        .refused("INVALID_FIELD")
        .naming("externalAccountId");
    assert_eq!(server.trace(), before);
    let allow = |allowed: bool| {
        let path = format!("/accounts/{}/details", mine.account);
        admin.put(&path, &json!({"usesAllExternalAccounts": allowed})).ok();
    };
    allow(true);
    call(&other.external).ok();
    call(&unverified).refused("EXTERNAL_ACCOUNT_STATE");
    allow(false);
    call(&other.external).refused("NOT_FOUND");
    admin.step(&format!("/external-accounts/{}/archive", mine.external)).ok();
    call(&mine.external).refused("EXTERNAL_ACCOUNT_STATE");
    server.trace();
}

#[test]
fn a_payment_of_a_guarded_group_is_sent_only_after_another_operator_approved_it() {
    let server = Server::start("");
    let admin = server.admin();
    let group = "code = \"bank-checking\"\n";
    let file = include_str!("../../packaging/reference.toml");
    server.apply_reference(&file.replace(group, &format!("{group}requires_approval = true\n")));
    let scene = scene(&admin, "Checking");
    admin.deposit(&scene.account, "100");
    let withdrawal = scene.begin(&admin, "withdrawals", "40");
    let send = format!("/external-transfers/{withdrawal}/send");
    admin.step(&send).refused("NEEDS_APPROVAL");
    admin.step(&format!("/withdrawals/{withdrawal}/approve")).refused("OWN_REQUEST");
    // The hour passes, but it waits.
    server.advance(7200);
    assert_eq!(admin.get(&format!("/withdrawals/{withdrawal}")).ok().text_at("state"), "PENDING");
    server.operator("operator", &[]).step(&format!("/withdrawals/{withdrawal}/approve")).ok();
    admin.step(&send).ok();
    server.advance(3600);
    let settled = || admin.get(&format!("/withdrawals/{withdrawal}")).ok().text_at("state") == "POSTED";
    super::contributions::await_that("it settles", settled);
    assert_eq!(admin.balance(&scene.account), "60.00");
    server.trace();
}

#[test]
fn payments_of_a_sandbox_settle_at_the_next_full_hour() {
    let server = Server::start("");
    let admin = server.admin();
    let now = server.advance(0);
    let to_the_hour = 3600 - now.unix_s() % 3600;
    server.advance(to_the_hour + 60);
    let scene = scene(&admin, "Savings");
    let (first, delayed) = (scene.begin(&admin, "deposits", "50"), scene.begin(&admin, "deposits", "7"));
    admin.step(&format!("/external-transfers/{delayed}/delay")).ok();
    server.advance(3000);
    let state = |id: &str| admin.get(&format!("/deposits/{id}")).ok().text_at("state");
    assert_eq!((state(&first), state(&delayed)), ("PENDING".into(), "PENDING".into()));
    server.advance(600);
    super::contributions::await_that("it settles", || state(&first) == "POSTED");
    assert_eq!((admin.balance(&scene.account), state(&delayed)), ("50.00".into(), "PENDING".into()));
    admin.step(&format!("/external-transfers/{delayed}/resume")).ok();
    // An account that takes nothing leaves the payment waiting.
    let lock = json!({"lock": "FULL", "type": "CST", "reason": "TMP"});
    admin.post(&format!("/accounts/{}/lock", scene.account), &lock).ok();
    server.advance(3600);
    admin.step(&format!("/accounts/{}/unlock", scene.account)).ok();
    server.advance(3600);
    super::contributions::await_that("it settles", || state(&delayed) == "POSTED");
    assert_eq!(admin.balance(&scene.account), "57.00");
    let events = admin.get("/events?types=movement.*&limit=1000").ok().json();
    let steps: Vec<Value> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["data"]["id"] == json!(delayed))
        .map(|event| event["data"]["step"].clone())
        .collect();
    assert_eq!(steps[..3], [json!("INITIATED"), json!("DELAYED"), json!("INITIATED")]);
    server.trace();
}
