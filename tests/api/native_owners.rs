//! Several owners of an account: order, access, visibility, and succession of the primary owner.

use super::harness::{Caller, PASSWORD, Server};
use serde_json::{Value, json};

/// An unused id.
const NOBODY: &str = "0198c1f0-0000-7000-8000-000000000000";

fn owner_of(account: &str, profile: &str) -> String {
    format!("/accounts/{account}/owners/{profile}")
}

#[track_caller]
fn add(caller: &Caller<'_>, account: &str, profile: &str, access: &str) {
    caller.post(&format!("/accounts/{account}/owners"), &json!({"profileId": profile, "access": access})).ok();
}

/// The owners and their access, in order; asserts that the priorities are 1, 2, 3 and so on.
#[track_caller]
fn listed(caller: &Caller<'_>, account: &str) -> Vec<(String, String)> {
    let body = caller.get(&format!("/accounts/{account}/owners")).ok().json();
    let rows = body["owners"].as_array().unwrap();
    for (row, priority) in rows.iter().zip(1..) {
        assert_eq!((&row["priority"], &row["isPrimary"]), (&json!(priority), &json!(priority == 1)), "{body}");
    }
    let text = |value: &Value| value.as_str().unwrap_or("hidden").to_owned();
    rows.iter().map(|row| (text(&row["profileId"]), text(&row["access"]))).collect()
}

fn expected(owners: &[(&String, &str)]) -> Vec<(String, String)> {
    owners.iter().map(|(profile, access)| ((*profile).clone(), (*access).to_owned())).collect()
}

/// A client with a password; returns id and e-mail address.
fn client(admin: &Caller<'_>) -> (String, String) {
    let profile = admin.new_profile_with(&json!({"password": PASSWORD}));
    let email = admin.get(&format!("/profiles/{profile}")).ok().text_at("email");
    (profile, email)
}

/// Begins a session; returns the token and the accounts that it opens.
#[track_caller]
fn session(caller: &Caller<'_>, email: &str) -> (String, Vec<String>) {
    let reply = caller.post("/trade/login", &json!({"email": email, "password": PASSWORD})).ok();
    let accounts = reply.json()["accounts"].as_array().unwrap().clone();
    (reply.text_at("accessToken"), accounts.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect())
}

fn introspected(caller: &Caller<'_>, token: &str) -> Value {
    caller.post("/trade/introspect", &json!({"token": token})).ok().json()
}

#[test]
fn owners_are_inserted_moved_and_removed_without_gaps() {
    let server = Server::start("");
    let admin = server.admin();
    let [a, b, c, d] = [(); 4].map(|()| admin.new_profile());
    let account = admin.new_account_of(&a, "USD");
    assert_eq!(listed(&admin, &account), expected(&[(&a, "FULL")]));
    let added = admin.post(&format!("/accounts/{account}/owners"), &json!({"profileId": b, "access": "READ"})).ok();
    assert_eq!(added.header("etag"), Some("\"2\""));
    let body = added.json();
    assert_eq!((&body["profileId"], &body["access"], &body["priority"]), (&json!(b), &json!("READ"), &json!(2)));
    assert_eq!(body["isPrimary"], false);
    admin.post(&format!("/accounts/{account}/owners"), &json!({"profileId": c, "access": "NONE", "priority": 2})).ok();
    admin
        .post(&format!("/accounts/{account}/owners"), &json!({"profileId": d, "access": "FULL", "priority": "4"}))
        .ok();
    let order = [(&a, "FULL"), (&c, "NONE"), (&b, "READ"), (&d, "FULL")];
    assert_eq!(listed(&admin, &account), expected(&order));
    let altered = admin.put(&owner_of(&account, &d), &json!({"priority": 2, "access": "READ"})).ok();
    assert_eq!((altered.digits("priority"), altered.header("etag")), ("2".into(), Some("\"5\"")));
    admin.put(&owner_of(&account, &c), &json!({"access": "FULL"})).ok();
    let order = [(&a, "FULL"), (&d, "READ"), (&c, "FULL"), (&b, "READ")];
    assert_eq!(listed(&admin, &account), expected(&order));
    // A change without effect keeps everything, including the version.
    let same = admin.put(&owner_of(&account, &c), &json!({"access": "FULL", "priority": 3, "profileId": c})).ok();
    assert_eq!(same.header("etag"), Some("\"6\""));
    assert_eq!(admin.delete(&owner_of(&account, &d)).ok().text, "{}");
    assert_eq!(listed(&admin, &account), expected(&[(&a, "FULL"), (&c, "FULL"), (&b, "READ")]));
    assert_eq!(admin.get(&format!("/accounts/{account}/owners")).ok().header("etag"), Some("\"7\""));
    assert_eq!(admin.get(&format!("/accounts/{account}")).ok().text_at("version"), "7");
    server.trace();
}

#[test]
fn when_the_primary_owner_leaves_the_next_one_follows_with_full_access() {
    let server = Server::start("");
    let admin = server.admin();
    let [a, b, c] = [(); 3].map(|()| admin.new_profile());
    admin.new_account_of(&b, "EUR");
    let account = admin.new_account_of(&a, "USD");
    admin.deposit(&account, "5");
    add(&admin, &account, &b, "READ");
    add(&admin, &account, &c, "NONE");
    let primary = |account: &str| admin.get(&format!("/accounts/{account}")).ok().text_at("profileId");
    admin.delete(&owner_of(&account, &a)).ok();
    assert_eq!(listed(&admin, &account), expected(&[(&b, "FULL"), (&c, "NONE")]));
    assert_eq!((primary(&account), admin.balance(&account)), (b.clone(), "5.00".into()));
    // A client's list of accounts contains those of which it is the primary owner, now the successor.
    let of = |profile: &str| admin.get(&format!("/profiles/{profile}/accounts")).ok().json()["accounts"].clone();
    assert_eq!((of(&a), of(&b).as_array().unwrap().len()), (json!([]), 2));
    // Explicitly put first: the former first owner becomes second and keeps its access.
    let moved = admin.put(&owner_of(&account, &c), &json!({"priority": 1})).ok();
    assert_eq!((moved.text_at("access"), moved.digits("isPrimary")), ("FULL".into(), "true".into()));
    assert_eq!(listed(&admin, &account), expected(&[(&c, "FULL"), (&b, "FULL")]));
    // A primary owner that steps down may get less access.
    admin.put(&owner_of(&account, &c), &json!({"priority": 2, "access": "READ"})).ok();
    assert_eq!(listed(&admin, &account), expected(&[(&b, "FULL"), (&c, "READ")]));
    admin.post(&format!("/accounts/{account}/owners"), &json!({"profileId": a, "access": "FULL", "priority": 1})).ok();
    assert_eq!(listed(&admin, &account), expected(&[(&a, "FULL"), (&b, "FULL"), (&c, "READ")]));
    assert_eq!(primary(&account), a);
    server.trace();
}

#[test]
fn an_account_is_in_the_portfolio_of_its_primary_owner_under_a_new_number() {
    let server = Server::start("");
    let admin = server.admin();
    let (a, b) = (admin.new_profile(), admin.new_profile());
    let account = admin.new_account_of(&a, "USD");
    let first_of_b = admin.new_account_of(&b, "USD");
    add(&admin, &account, &b, "FULL");
    let place = |account: &str| {
        let id = account.parse::<uuid::Uuid>().unwrap();
        let sql = "SELECT p.uuid, a.portfolio_serial FROM accounts a JOIN portfolios f ON f.id = a.portfolio_id
                   JOIN profiles p ON p.id = f.profile_id WHERE a.uuid = ?1";
        let file = rusqlite::Connection::open(server.data_dir().join("bursar.db")).unwrap();
        let row = file.query_row(sql, [id], |row| Ok((row.get::<_, uuid::Uuid>(0)?, row.get::<_, i64>(1)?)));
        let (profile, serial) = row.unwrap();
        (profile.to_string(), serial)
    };
    assert_eq!((place(&account), place(&first_of_b)), ((a.clone(), 1), (b.clone(), 1)));
    admin.put(&owner_of(&account, &b), &json!({"priority": 1})).ok();
    assert_eq!(place(&account), (b.clone(), 2));
    // Moved back again: numbers within a portfolio are never reused.
    admin.put(&owner_of(&account, &a), &json!({"priority": 1})).ok();
    assert_eq!(place(&account), (a.clone(), 2));
    assert_eq!(place(&admin.new_account_of(&b, "USD")), (b, 3));
}

#[test]
fn tokens_open_the_accounts_to_which_a_client_has_full_access() {
    let server = Server::start("");
    let admin = server.admin();
    let ((a, _), (b, b_email)) = (client(&admin), client(&admin));
    let own = admin.new_account_of(&b, "USD");
    let [joint, read, none] = [(); 3].map(|()| admin.new_account_of(&a, "USD"));
    for (account, access) in [(&joint, "FULL"), (&read, "READ"), (&none, "NONE")] {
        add(&admin, account, &b, access);
    }
    let (token, opened) = session(&admin, &b_email);
    assert_eq!(opened, [own.clone(), joint.clone()]);
    assert_eq!(introspected(&admin, &token)["accounts"], json!([own, joint]));
    // More access takes effect with the next token; less access ends running sessions.
    admin.put(&owner_of(&read, &b), &json!({"access": "FULL"})).ok();
    assert_eq!(introspected(&admin, &token)["active"], true);
    let (token, opened) = session(&admin, &b_email);
    assert_eq!(opened, [own.clone(), joint.clone(), read.clone()]);
    admin.put(&owner_of(&read, &b), &json!({"access": "READ"})).ok();
    assert_eq!(introspected(&admin, &token)["active"], false);
    let (token, _) = session(&admin, &b_email);
    admin.delete(&owner_of(&joint, &b)).ok();
    assert_eq!(introspected(&admin, &token)["active"], false);
    assert_eq!(session(&admin, &b_email).1, [own]);
    // The successor gets full access, and so a token.
    admin.delete(&owner_of(&none, &a)).ok();
    assert!(session(&admin, &b_email).1.contains(&none));
}

#[test]
fn accounts_are_found_by_any_of_their_owners() {
    let server = Server::start("");
    let admin = server.admin();
    let (a, b) = (admin.new_profile(), admin.new_profile_with(&json!({"tags": ["vip"]})));
    let (alone, joint) = (admin.new_account_of(&b, "USD"), admin.new_account_of(&a, "USD"));
    add(&admin, &joint, &b, "NONE");
    let ids = |caller: &Caller<'_>, query: &str| -> Vec<String> {
        let body = caller.get(&format!("/accounts?{query}")).ok().json();
        assert_eq!(body["total"], json!(body["accounts"].as_array().unwrap().len().to_string()));
        body["accounts"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&admin, &format!("ownerId={b}")), [alone.clone(), joint.clone()]);
    assert_eq!(ids(&admin, &format!("profileId={b}")), [alone.as_str()]);
    assert_eq!(ids(&admin, &format!("ownerId={b}&profileId={a}")), [joint.as_str()]);
    assert_eq!(ids(&admin, &format!("ownerId={NOBODY}")), Vec::<String>::new());
    admin.get("/accounts?ownerId=1").refused("INVALID_FIELD");
    // The primary owner decides who sees the account; filtering by a hidden owner finds nothing.
    let vip = server.operator("operator", &["vip"]);
    assert_eq!(ids(&vip, &format!("ownerId={b}")), [alone]);
    let retail = server.operator("operator", &["retail"]);
    let own = retail.new_account("USD");
    add(&admin, &own, &b, "READ");
    assert_eq!(ids(&retail, &format!("ownerId={b}")), Vec::<String>::new());
}

#[test]
fn owners_of_hidden_accounts_and_hidden_clients_are_not_found() {
    let server = Server::start("");
    let admin = server.admin();
    let vip = admin.new_profile_with(&json!({"tags": ["vip"]}));
    let hidden = admin.new_account_of(&vip, "USD");
    let retail = server.operator("operator", &["retail"]);
    let (mine, other) = (retail.new_profile(), retail.new_profile());
    let own = retail.new_account_of(&mine, "USD");
    add(&admin, &hidden, &mine, "FULL");
    add(&admin, &own, &vip, "FULL");
    let before = server.trace();
    let full = json!({"profileId": mine, "access": "FULL"});
    for reply in [
        retail.get(&format!("/accounts/{hidden}/owners")),
        retail.post(&format!("/accounts/{hidden}/owners"), &full),
        retail.put(&owner_of(&hidden, &mine), &json!({"priority": 1})),
        retail.delete(&owner_of(&hidden, &mine)),
        retail.delete(&owner_of(&hidden, &vip)),
        // The caller's own account, with a hidden owner.
        retail.post(&format!("/accounts/{own}/owners"), &json!({"profileId": vip, "access": "READ"})),
        retail.put(&owner_of(&own, &vip), &json!({"access": "READ"})),
        retail.delete(&owner_of(&own, &vip)),
    ] {
        reply.refused("NOT_FOUND");
    }
    // The account must not pass to an owner whom its operator cannot see.
    retail.delete(&owner_of(&own, &mine)).refused("HEIR_HIDDEN");
    retail.put(&owner_of(&own, &mine), &json!({"priority": 2})).refused("HEIR_HIDDEN");
    assert_eq!(server.trace(), before);
    assert_eq!(listed(&retail, &own), [(mine.clone(), "FULL".into()), ("hidden".into(), "FULL".into())]);
    // With a visible owner in between, it may.
    retail.post(&format!("/accounts/{own}/owners"), &json!({"profileId": other, "access": "READ", "priority": 2})).ok();
    retail.delete(&owner_of(&own, &mine)).ok();
    assert_eq!(listed(&retail, &own), [(other, "FULL".into()), ("hidden".into(), "FULL".into())]);
    // The tags of the primary owner count: with it, the account moves from one operator to the other.
    server.operator("operator", &["vip"]).get(&format!("/accounts/{own}")).refused("NOT_FOUND");
    admin.put(&owner_of(&own, &vip), &json!({"priority": 1})).ok();
    server.operator("operator", &["vip"]).get(&format!("/accounts/{own}")).ok();
    retail.get(&format!("/accounts/{own}")).refused("NOT_FOUND");
}

#[test]
fn tokens_name_no_accounts_hidden_from_the_caller() {
    let server = Server::start("");
    let admin = server.admin();
    let vip = admin.new_profile_with(&json!({"tags": ["vip"]}));
    let hidden = admin.new_account_of(&vip, "USD");
    let mine = admin.new_profile_with(&json!({"tags": ["retail"], "password": PASSWORD}));
    let email = admin.get(&format!("/profiles/{mine}")).ok().text_at("email");
    let own = admin.new_account_of(&mine, "USD");
    add(&admin, &hidden, &mine, "FULL");
    let retail = server.operator("service", &["retail"]);
    assert_eq!(session(&retail, &email).1, [own.as_str()]);
    let (token, opened) = session(&admin, &email);
    assert_eq!(opened, [hidden, own.clone()]);
    assert_eq!(introspected(&retail, &token)["accounts"], json!([own]));
    assert_eq!(introspected(&admin, &token)["accounts"], json!(opened));
}

#[test]
fn owner_events_name_only_clients_visible_to_all_who_see_the_account() {
    let server = Server::start("");
    let admin = server.admin();
    let vip = admin.new_profile_with(&json!({"tags": ["vip"]}));
    let both = admin.new_profile_with(&json!({"tags": ["vip", "retail"]}));
    let retail = admin.new_profile_with(&json!({"tags": ["retail"]}));
    let account = admin.new_account_of(&retail, "USD");
    add(&admin, &account, &vip, "READ");
    add(&admin, &account, &both, "READ");
    admin.put(&owner_of(&account, &vip), &json!({"access": "FULL"})).ok();
    admin.delete(&owner_of(&account, &retail)).ok();
    admin.delete(&owner_of(&account, &both)).ok();
    let wanted = "account.owner_added,account.owner_changed,account.owner_removed,account.primary_changed";
    let events = admin.get(&format!("/events?types={wanted}")).ok().shows("owner_events").json();
    let events = events["events"].as_array().unwrap();
    let moved: Vec<_> = events.iter().filter(|event| event["type"] == "account.primary_changed").collect();
    assert_eq!(moved.len(), 1);
    let (owner, data) = (&moved[0]["profileId"], &moved[0]["data"]);
    assert_eq!((owner, &data["profileId"], &data["id"]), (&json!(vip), &json!(vip), &json!(account)));
}

#[test]
fn refused_changes_of_owners_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let [a, b, c] = [(); 3].map(|()| admin.new_profile());
    let (account, alone) = (admin.new_account_of(&a, "USD"), admin.new_account_of(&a, "USD"));
    add(&admin, &account, &b, "READ");
    let full = admin.new_account_of(&a, "USD");
    let many: Vec<String> = (1..10).map(|_| admin.new_profile()).collect();
    many.iter().for_each(|profile| add(&admin, &full, profile, "NONE"));
    let closed = admin.new_account_of(&a, "USD");
    add(&admin, &closed, &b, "READ");
    admin.delete(&format!("/accounts/{closed}")).ok();
    let before = server.trace();
    for (body, reason, field) in [
        (json!({"access": "FULL"}), "INVALID_FIELD", "profileId"),
        (json!({"profileId": "x", "access": "FULL"}), "INVALID_FIELD", "profileId"),
        (json!({"profileId": NOBODY, "access": "FULL"}), "NOT_FOUND", "profileId"),
        (json!({"profileId": c}), "INVALID_FIELD", "access"),
        (json!({"profileId": c, "access": "full"}), "INVALID_FIELD", "access"),
        (json!({"profileId": c, "access": "READ", "priority": 1}), "INVALID_FIELD", "access"),
        (json!({"profileId": c, "access": "FULL", "priority": 0}), "OUT_OF_RANGE", "priority"),
        (json!({"profileId": c, "access": "FULL", "priority": 4}), "OUT_OF_RANGE", "priority"),
        (json!({"profileId": c, "access": "FULL", "priority": -1}), "OUT_OF_RANGE", "priority"),
        (json!({"profileId": c, "access": "FULL", "priority": "first"}), "INVALID_FIELD", "priority"),
        (json!({"profileId": c, "access": "FULL", "priority": u64::MAX}), "OUT_OF_RANGE", "priority"),
        (json!({"profileId": b, "access": "FULL"}), "DUPLICATE_OWNER", "profileId"),
    ] {
        admin.post(&format!("/accounts/{account}/owners"), &body).refused(reason).naming(field);
    }
    admin.post(&format!("/accounts/{full}/owners"), &json!({"profileId": b, "access": "READ"})).refused("OUT_OF_RANGE");
    for (profile, body, reason) in [
        (&a, json!({"access": "READ"}), "INVALID_FIELD"),
        (&b, json!({"access": "READ", "priority": 1}), "INVALID_FIELD"),
        (&b, json!({"priority": 3}), "OUT_OF_RANGE"),
        (&b, json!({"profileId": a}), "IMMUTABLE_FIELD"),
        (&c, json!({"access": "READ"}), "NOT_FOUND"),
    ] {
        admin.put(&owner_of(&account, profile), &body).refused(reason);
    }
    admin.put(&owner_of(&account, "x"), &json!({"access": "READ"})).refused("INVALID_FIELD");
    admin.delete(&owner_of(&account, &c)).refused("NOT_FOUND");
    admin.delete(&owner_of(&alone, &a)).refused("LAST_OWNER");
    // The caller decided on an outdated version.
    let old = admin.with("If-Match", "\"1\"");
    old.post(&format!("/accounts/{account}/owners"), &json!({"profileId": c, "access": "READ"}))
        .refused("VERSION_MISMATCH");
    old.put(&owner_of(&account, &b), &json!({"access": "NONE"})).refused("VERSION_MISMATCH");
    old.delete(&owner_of(&account, &b)).refused("VERSION_MISMATCH");
    // An archived account stays archived.
    admin
        .post(&format!("/accounts/{closed}/owners"), &json!({"profileId": c, "access": "READ"}))
        .refused("ACCOUNT_ARCHIVED");
    admin.put(&owner_of(&closed, &b), &json!({"access": "NONE"})).refused("ACCOUNT_ARCHIVED");
    admin.delete(&owner_of(&closed, &b)).refused("ACCOUNT_ARCHIVED");
    assert_eq!(listed(&admin, &closed).len(), 2);
    let viewer = server.viewer();
    viewer.get(&format!("/accounts/{account}/owners")).ok();
    viewer
        .post(&format!("/accounts/{account}/owners"), &json!({"profileId": c, "access": "READ"}))
        .refused("RIGHT_MISSING");
    viewer.delete(&owner_of(&account, &b)).refused("RIGHT_MISSING");
    assert_eq!(server.trace(), before);
    assert_eq!(listed(&admin, &account), expected(&[(&a, "FULL"), (&b, "READ")]));
    admin.with("If-Match", "\"2\"").delete(&owner_of(&account, &b)).ok();
}

#[test]
fn changes_of_owners_are_replayed() {
    let server = Server::start("");
    let admin = server.admin();
    let (a, b) = (admin.new_profile(), admin.new_profile());
    let account = admin.new_account_of(&a, "USD");
    let twice = |key: &str, call: &dyn Fn(&Caller<'_>) -> super::harness::Reply| {
        let caller = admin.key(key);
        let (first, again) = (call(&caller).ok(), call(&caller).ok());
        assert!(!first.is_replayed() && again.is_replayed() && first.text == again.text, "{}", again.text);
        assert_eq!(first.header("etag"), again.header("etag"));
    };
    twice("1", &|c| c.post(&format!("/accounts/{account}/owners"), &json!({"profileId": b, "access": "READ"})));
    twice("2", &|c| c.put(&owner_of(&account, &b), &json!({"priority": 1})));
    twice("3", &|c| c.delete(&owner_of(&account, &a)));
    assert_eq!(listed(&admin, &account), expected(&[(&b, "FULL")]));
}

#[test]
fn the_proof_finds_owners_that_do_not_agree_with_the_account() {
    for wrong in [
        "DELETE FROM account_owners WHERE account_id = ?1",
        "DELETE FROM account_owners WHERE account_id = ?1 AND priority = 1",
        "UPDATE account_owners SET priority = 4 WHERE account_id = ?1 AND priority = 2",
        "UPDATE account_owners SET access = 'read' WHERE account_id = ?1 AND priority = 1",
        "UPDATE accounts SET profile_id = (SELECT profile_id FROM account_owners WHERE account_id = ?1 AND priority = 2)
         WHERE id = ?1",
    ] {
        let mut server = Server::start("");
        {
            let admin = server.admin();
            let account = admin.new_account("USD");
            add(&admin, &account, &admin.new_profile(), "READ");
            assert_eq!(server.command(&["audit"])["ok"], true);
        }
        server.restart_after(|file| {
            let file = rusqlite::Connection::open(file).unwrap();
            let book: i64 = file.query_row("SELECT id FROM accounts", [], |row| row.get(0)).unwrap();
            file.execute(wrong, [book]).unwrap();
        });
        let proof = bursar::store::read_file(&server.data_dir().join("bursar.db"), |tx| tx.prove()).unwrap();
        let checks: Vec<_> = proof.findings.iter().map(|it| it.check).filter(|check| *check != "history").collect();
        assert_eq!(checks, ["owners"], "{wrong}: {:?}", proof.findings);
    }
}
