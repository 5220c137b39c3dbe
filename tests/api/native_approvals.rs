//! Clients in review and accounts awaiting approval: who decides, and what is blocked meanwhile.

use super::harness::{Caller, PASSWORD, Server, unique};
use serde_json::{Value, json};

/// An unused id.
const NOBODY: &str = "0198c1f0-0000-7000-8000-000000000000";

/// Two operators who see all clients and are not administrators. The first may also log clients in.
fn two(server: &Server) -> (Caller<'_>, Caller<'_>) {
    server.add_operator("second", "operator", &[]);
    let first = server.operator("operator", &[]);
    server.command(&["operator", "update", "operator-", "--grant", "passwords:set", "--grant", "sessions:issue"]);
    (first, server.bearer(&server.add_token("second", &[]).1))
}

fn in_review(caller: &Caller<'_>) -> String {
    caller.new_profile_with(&json!({"requiresReview": true, "password": PASSWORD}))
}

/// Opens an account with these fields; returns its id.
#[track_caller]
fn open(caller: &Caller<'_>, profile: &str, fields: &Value) -> String {
    let mut body = json!({"profileId": profile, "currency": "USD", "groupId": caller.group("USD", false)});
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    caller.post("/accounts", &body).ok().text_at("account/id")
}

#[track_caller]
fn state(caller: &Caller<'_>, account: &str) -> String {
    caller.get(&format!("/accounts/{account}")).ok().text_at("lifecycle")
}

#[track_caller]
fn log_in(caller: &Caller<'_>, profile: &str) -> super::harness::Reply {
    let email = caller.get(&format!("/profiles/{profile}")).ok().text_at("email");
    caller.post("/trade/login", &json!({"email": email, "password": PASSWORD}))
}

#[test]
fn a_client_in_review_waits_with_its_accounts() {
    let server = Server::start("");
    let (maker, checker) = two(&server);
    let profile = in_review(&maker);
    assert_eq!(maker.get(&format!("/profiles/{profile}")).ok().text_at("status"), "PENDING");
    let (plain, careful) =
        (open(&maker, &profile, &json!({})), open(&maker, &profile, &json!({"requiresApproval": true})));
    for account in [&plain, &careful] {
        assert_eq!(state(&maker, account), "PENDING_APPROVAL");
        checker.step(&format!("/accounts/{account}/approve")).refused("PROFILE_PENDING");
    }
    log_in(&maker, &profile).refused("PROFILE_PENDING");
    let other = maker.new_account("USD");
    let joint = json!({"profileId": profile, "access": "FULL"});
    maker.post(&format!("/accounts/{other}/owners"), &joint).refused("PROFILE_PENDING");
    // The operator who created the client must not approve it.
    let approve = format!("/profiles/{profile}/approve");
    maker.step(&approve).refused("OWN_REQUEST");
    let approved = checker.step(&approve).ok();
    assert_eq!((approved.text_at("status"), approved.header("etag")), ("VERIFIED".into(), Some("\"2\"")));
    assert_eq!((state(&maker, &plain), state(&maker, &careful)), ("ACTIVE".into(), "PENDING_APPROVAL".into()));
    maker.deposit(&plain, "5");
    let opened = log_in(&maker, &profile).ok();
    assert_eq!((opened.text_at("accounts/0/id"), opened.json()["accounts"].as_array().unwrap().len()), (plain, 1));
    // A second approval changes nothing.
    assert_eq!(maker.step(&approve).ok().header("etag"), Some("\"2\""));
    checker.step(&format!("/accounts/{careful}/approve")).ok();
    maker.deposit(&careful, "5");
    // An administrator may, since there may be no other operator.
    let admin = server.admin();
    let own = in_review(&admin);
    assert_eq!(admin.step(&format!("/profiles/{own}/approve")).ok().text_at("status"), "VERIFIED");
    server.trace();
}

#[test]
fn a_client_who_is_denied_gets_no_accounts() {
    let server = Server::start("");
    let (maker, checker) = two(&server);
    let profile = in_review(&maker);
    let account = open(&maker, &profile, &json!({}));
    let denied = maker.step(&format!("/profiles/{profile}/deny")).ok();
    assert_eq!(denied.text_at("status"), "DENIED");
    assert_eq!(maker.step(&format!("/profiles/{profile}/deny")).ok().header("etag"), denied.header("etag"));
    let body = json!({"profileId": profile, "currency": "USD", "groupId": maker.group("USD", false)});
    maker.post("/accounts", &body).refused("PROFILE_DENIED");
    checker.step(&format!("/accounts/{account}/approve")).refused("PROFILE_DENIED");
    maker.post(&format!("/accounts/{account}/deposit"), &json!({"amount": 1})).refused("ACCOUNT_PENDING_APPROVAL");
    log_in(&maker, &profile).refused("PROFILE_DENIED");
    let other = maker.new_account("USD");
    let joint = json!({"profileId": profile, "access": "READ"});
    maker.post(&format!("/accounts/{other}/owners"), &joint).refused("PROFILE_DENIED");
    // After a denial, another operator may still approve.
    maker.step(&format!("/profiles/{profile}/approve")).refused("OWN_REQUEST");
    checker.step(&format!("/profiles/{profile}/approve")).ok();
    assert_eq!(state(&maker, &account), "ACTIVE");
    checker.step(&format!("/profiles/{profile}/deny")).refused("PROFILE_VERIFIED");
    server.trace();
}

#[test]
fn an_account_that_requires_approval_waits_for_another_operator() {
    let server = Server::start("");
    let (maker, checker) = two(&server);
    let profile = maker.new_profile();
    let account = open(&maker, &profile, &json!({"requiresApproval": true}));
    let step = |caller: &Caller<'_>, step: &str| caller.step(&format!("/accounts/{account}/{step}"));
    for way in ["activate", "inactive", "dormant", "close"] {
        step(&checker, way).refused("ACCOUNT_PENDING_APPROVAL");
    }
    step(&maker, "approve").refused("OWN_REQUEST");
    let old = checker.with("If-Match", "\"7\"");
    old.step(&format!("/accounts/{account}/approve")).refused("VERSION_MISMATCH");
    let approved = step(&checker, "approve").ok();
    assert_eq!((approved.text_at("lifecycle"), approved.header("etag")), ("ACTIVE".into(), Some("\"2\"")));
    maker.deposit(&account, "5");
    assert_eq!(step(&maker, "approve").ok().header("etag"), Some("\"2\""), "approved before: nothing changes");
    step(&maker, "dormant").ok();
    step(&checker, "approve").refused("ACCOUNT_DORMANT");
    // An unwanted account is archived.
    let unwanted = open(&maker, &profile, &json!({"requiresApproval": true}));
    maker.delete(&format!("/accounts/{unwanted}")).ok();
    checker.step(&format!("/accounts/{unwanted}/approve")).refused("ACCOUNT_ARCHIVED");
    // Administrators may approve their own requests, except where the group requires a second operator.
    let admin = server.admin();
    let own = open(&admin, &profile, &json!({"requiresApproval": true}));
    admin.step(&format!("/accounts/{own}/approve")).ok();
    let own = open(&admin, &profile, &json!({"requiresApproval": true}));
    let review = in_review(&maker);
    let waiting = open(&checker, &review, &json!({}));
    server.set_rules("requires_approval = true");
    admin.step(&format!("/accounts/{own}/approve")).refused("OWN_REQUEST");
    maker.step(&format!("/accounts/{own}/approve")).ok();
    // Approving the client does not bypass the rule either.
    checker.step(&format!("/profiles/{review}/approve")).ok();
    assert_eq!(state(&maker, &waiting), "PENDING_APPROVAL");
    maker.step(&format!("/accounts/{waiting}/approve")).ok();
    assert_eq!(state(&maker, &waiting), "ACTIVE");
    server.trace();
}

#[test]
fn archiving_a_client_without_accounts_is_final() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile_with(&json!({"password": PASSWORD, "email": "gone@example.com"}));
    let (own, joint) = (admin.new_account_of(&profile, "USD"), admin.new_account("USD"));
    admin.post(&format!("/accounts/{joint}/owners"), &json!({"profileId": profile, "access": "NONE"})).ok();
    let archive = format!("/profiles/{profile}/archive");
    admin.step(&archive).refused("ACCOUNTS_LEFT");
    admin.delete(&format!("/accounts/{own}")).ok();
    admin.step(&archive).refused("ACCOUNTS_LEFT");
    admin.delete(&format!("/accounts/{joint}/owners/{profile}")).ok();
    let token = log_in(&admin, &profile).ok().text_at("accessToken");
    let archived = admin.step(&archive).ok();
    assert_eq!(archived.text_at("status"), "ARCHIVED");
    assert_eq!(admin.post("/trade/introspect", &json!({"token": token})).ok().json()["active"], false);
    assert_eq!(admin.step(&archive).ok().header("etag"), archived.header("etag"));
    log_in(&admin, &profile).refused("PROFILE_ARCHIVED");
    let body = json!({"profileId": profile, "currency": "USD", "groupId": admin.group("USD", false)});
    admin.post("/accounts", &body).refused("PROFILE_ARCHIVED");
    let before = server.trace();
    for step in ["approve", "deny", "deceased"] {
        admin.step(&format!("/profiles/{profile}/{step}")).refused("PROFILE_ARCHIVED");
    }
    let details = json!({"email": "other@example.com", "tags": ["x"]});
    admin.put(&format!("/profiles/{profile}"), &details).refused("PROFILE_ARCHIVED");
    let password = json!({"id": profile, "newPassword": PASSWORD});
    admin.put("/profiles/change-password", &password).refused("PROFILE_ARCHIVED");
    admin.post("/profiles", &json!({"email": "gone@example.com"})).refused("DUPLICATE_EMAIL");
    assert_eq!(server.trace(), before);
}

#[test]
fn pending_clients_and_accounts_are_found_by_state() {
    let server = Server::start("");
    let admin = server.admin();
    let (waiting, checked) = (in_review(&admin), admin.new_profile());
    let (later, now) = (open(&admin, &waiting, &json!({})), open(&admin, &checked, &json!({})));
    let closed = open(&admin, &checked, &json!({}));
    admin.delete(&format!("/accounts/{closed}")).ok();
    let found = |path: &str, list: &str| -> Vec<String> {
        let body = admin.get(path).ok().json();
        assert_eq!(body["total"], json!(body[list].as_array().unwrap().len().to_string()), "{path}");
        body[list].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found("/profiles?status=PENDING", "profiles"), [waiting]);
    assert_eq!(found("/profiles?status=VERIFIED", "profiles"), [checked]);
    assert_eq!(found("/profiles?status=DECEASED", "profiles"), Vec::<String>::new());
    assert_eq!(found("/accounts?lifecycle=PENDING_APPROVAL", "accounts"), [later]);
    assert_eq!(found("/accounts?lifecycle=ACTIVE&archived=true", "accounts"), [now]);
    assert_eq!(found("/accounts?lifecycle=CLOSED", "accounts"), [closed]);
    admin.get("/profiles?status=verified").refused("INVALID_FIELD");
    admin.get("/accounts?lifecycle=5").refused("INVALID_FIELD");
}

#[test]
fn hidden_clients_and_accounts_are_not_found() {
    let server = Server::start("");
    let admin = server.admin();
    let vip = admin.new_profile_with(&json!({"tags": ["vip"], "requiresReview": true}));
    let account = open(&admin, &vip, &json!({"requiresApproval": true}));
    let retail = server.operator("operator", &["retail"]);
    let before = server.trace();
    for step in ["/approve", "/deny", "/deceased", "/archive"] {
        retail.step(&format!("/profiles/{vip}{step}")).refused("NOT_FOUND");
    }
    retail.step(&format!("/accounts/{account}/approve")).refused("NOT_FOUND");
    assert_eq!(retail.get("/profiles?status=PENDING").ok().text_at("total"), "0");
    assert_eq!(retail.get("/accounts?lifecycle=PENDING_APPROVAL").ok().text_at("total"), "0");
    assert_eq!(server.trace(), before);
}

#[test]
fn decisions_are_replayed() {
    let server = Server::start("");
    let admin = server.admin();
    for step in ["/approve", "/deny", "/deceased", "/archive"] {
        let profile = in_review(&admin);
        let keyed = admin.key(step);
        let path = format!("/profiles/{profile}{step}");
        let (first, again) = (keyed.step(&path).ok(), keyed.step(&path).ok());
        assert!(!first.is_replayed() && again.is_replayed() && first.text == again.text, "{step}");
    }
    let account = open(&admin, &admin.new_profile(), &json!({"requiresApproval": true}));
    let keyed = admin.key("account");
    let path = format!("/accounts/{account}/approve");
    let (first, again) = (keyed.step(&path).ok(), keyed.step(&path).ok());
    assert!(!first.is_replayed() && again.is_replayed() && first.text == again.text);
}

#[test]
fn refused_decisions_leave_no_trace() {
    let server = Server::start("");
    let (maker, checker) = two(&server);
    let profile = in_review(&maker);
    let account = open(&maker, &profile, &json!({}));
    let before = server.trace();
    for step in ["/approve", "/deny", "/archive"] {
        maker.step(&format!("/profiles/{NOBODY}{step}")).refused("NOT_FOUND");
        maker.step(&format!("/profiles/x{step}")).refused("INVALID_FIELD");
        server.viewer().step(&format!("/profiles/{profile}{step}")).refused("RIGHT_MISSING");
        let old = checker.with("If-Match", "\"9\"");
        old.step(&format!("/profiles/{profile}{step}")).refused("VERSION_MISMATCH");
    }
    maker.step(&format!("/profiles/{profile}/approve")).refused("OWN_REQUEST");
    maker.step(&format!("/profiles/{profile}/archive")).refused("ACCOUNTS_LEFT");
    maker.step(&format!("/accounts/{NOBODY}/approve")).refused("NOT_FOUND");
    server.viewer().step(&format!("/accounts/{account}/approve")).refused("RIGHT_MISSING");
    checker.step(&format!("/accounts/{account}/approve")).refused("PROFILE_PENDING");
    let body = json!({"email": format!("{}@example.com", unique("x")), "requiresReview": "yes"});
    maker.post("/profiles", &body).refused("INVALID_FIELD");
    assert_eq!(server.trace(), before);
    assert_eq!(state(&maker, &account), "PENDING_APPROVAL");
}

#[test]
fn the_proof_finds_accounts_that_are_used_without_approval() {
    for (wrong, check) in [
        ("UPDATE accounts SET lifecycle = 'active'", "approvals"),
        ("DELETE FROM account_requests", "approvals"),
        ("UPDATE account_requests SET approved_by = 1, approved_at = 1", "approvals"),
    ] {
        let mut server = Server::start("");
        {
            let admin = server.admin();
            open(&admin, &in_review(&admin), &json!({}));
        }
        server.trace();
        server.restart_after(|file| {
            rusqlite::Connection::open(file).unwrap().execute(wrong, []).unwrap();
        });
        let proof = bursar::store::read_file(&server.data_dir().join("bursar.db"), |tx| tx.prove()).unwrap();
        let checks: Vec<_> = proof.findings.iter().map(|it| it.check).filter(|check| *check != "history").collect();
        assert_eq!(checks, [check], "{wrong}: {:?}", proof.findings);
    }
}
