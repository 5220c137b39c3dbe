//! The approval queue: what waits for a second operator, and how it is decided.

use super::harness::{Caller, Reply, Server};
use super::tampering::{audit, findings, tampered};
use rusqlite::Connection;
use serde_json::{Value, json};

const NOBODY: &str = "0198c1f0-0000-7000-8000-000000000000";

/// The administrator and another operator.
pub(super) fn two(server: &Server) -> (Caller<'_>, Caller<'_>) {
    (server.admin(), server.operator("operator", &[]))
}

/// A transfer at an invented rate, from an account with 100 dollars.
struct Asked {
    from: String,
    to: String,
    body: Value,
}

impl Asked {
    fn by(caller: &Caller<'_>) -> Asked {
        let (from, to) = (caller.new_account("USD"), caller.new_account("EUR"));
        caller.deposit(&from, "100");
        let body = json!({"fromAccountId": from, "toAccountId": to, "amount": "60", "rate": "2", "reason": "asked"});
        Asked { from, to, body }
    }

    #[track_caller]
    fn send(&self, caller: &Caller<'_>) -> Reply {
        caller.post("/transfers", &self.body)
    }

    /// Balance and available balance of the payer, and balance of the receiver.
    fn figures(&self, caller: &Caller<'_>) -> [String; 3] {
        [caller.balance(&self.from), caller.available(&self.from), caller.balance(&self.to)]
    }
}

#[track_caller]
pub(super) fn decide(caller: &Caller<'_>, approval: &str, way: &str) -> Reply {
    caller.step(&format!("/approvals/{approval}{way}"))
}

#[test]
fn a_transfer_that_waits_holds_its_money_and_is_made_once_approved() {
    let server = Server::start("");
    let (admin, second) = two(&server);
    let asked = Asked::by(&admin);
    let waiting = asked.send(&admin).waits();
    let id = waiting.text_at("id");
    assert_eq!(
        ["kind", "cause", "accountId", "movement/state", "transfer/toAccountId"].map(|path| waiting.text_at(path)),
        ["TRANSFER", "RATE_OUTSIDE_BAND", &asked.from, "PENDING", &asked.to].map(str::to_owned)
    );
    assert_eq!(
        ["transfer/toAmount", "transfer/rate", "transfer/referenceRate/rate", "movement/amount", "decidedBy"]
            .map(|path| waiting.digits(path)),
        ["120.00", "2", "0.92", "60.00", "null"]
    );
    assert_eq!(asked.figures(&admin), ["100.00", "40.00", "0.00"]);
    let transfer = format!("/transfers/{}", waiting.text_at("movement/id"));
    assert_eq!(admin.get(&transfer).ok().json(), waiting.json()["movement"]);
    // What is held cannot be spent elsewhere, and the account cannot go away.
    admin.post(&format!("/accounts/{}/withdraw", asked.from), &json!({"amount": "41"})).refused("INSUFFICIENT_FUNDS");
    admin.delete(&format!("/accounts/{}", asked.from)).refused("BALANCE_NOT_ZERO");
    assert_eq!(admin.get(&format!("/approvals/{id}")).ok().text, waiting.text);
    let approved = decide(&second, &id, "/approve").ok();
    assert_eq!(
        ["state", "movement/state", "requestedBy/name", "decidedBy/name"].map(|path| approved.text_at(path)),
        ["APPROVED", "POSTED", "dev", "operator-"].map(str::to_owned)
    );
    assert_eq!(asked.figures(&admin), ["40.00", "40.00", "120.00"]);
    // The outcome refers to what came of it.
    let made = admin.get(&transfer).ok();
    assert_eq!(made.json(), approved.json()["movement"]);
    let deal = &admin.deals(&asked.to)[0];
    assert_eq!((&deal["id"], &deal["comment"]), (&made.json()["dealId"], &json!("asked")));
    for way in ["/approve", "/reject", "/cancel"] {
        decide(&second, &id, way).refused("WRONG_STATE");
    }
    server.trace();
}

#[test]
fn nobody_approves_a_request_of_their_own() {
    let server = Server::start("");
    let (admin, second) = two(&server);
    let asked = Asked::by(&second);
    let id = asked.send(&second).waits().text_at("id");
    let same = server.bearer(&server.add_token("operator-", &[]).1);
    let before = server.trace();
    for own in [&second, &same] {
        decide(own, &id, "/approve").refused("OWN_REQUEST");
    }
    // Nor is it a matter of rank.
    let of_admin = Asked::by(&admin).send(&admin).waits().text_at("id");
    let trace = server.trace();
    decide(&admin, &of_admin, "/approve").refused("OWN_REQUEST");
    assert_eq!(server.trace(), trace);
    assert!(trace > before);
    decide(&admin, &id, "/approve").ok();
    assert_eq!(asked.figures(&admin), ["40.00", "40.00", "120.00"]);
}

#[test]
fn a_change_of_currency_from_a_guarded_account_always_waits() {
    let server = Server::start("");
    server.set_rules("requires_approval = true");
    let (admin, second) = two(&server);
    let profile = admin.new_profile();
    let (from, to) = (admin.new_account_of(&profile, "USD"), admin.new_account("EUR"));
    admin.deposit(&from, "100");
    let body = |rate: &str| json!({"fromAccountId": from, "toAccountId": to, "amount": "10", "rate": rate});
    // The two transfers that would empty it, at an invented rate and at a good one.
    for rate in ["0.001", "0.92"] {
        let waiting = admin.post("/transfers", &body(rate)).waits();
        assert_eq!(waiting.text_at("cause"), "GUARDED_ACCOUNT");
        decide(&admin, &waiting.text_at("id"), "/approve").refused("OWN_REQUEST");
    }
    assert_eq!((admin.balance(&from), admin.balance(&to)), ("100.00".into(), "0.00".into()));
    let id = admin.get("/approvals?state=PENDING").ok().text_at("approvals/0/id");
    decide(&second, &id, "/approve").ok();
    assert_eq!(admin.balance(&to), "9.20");
    // Within one currency and client nothing has changed.
    let other = admin.new_account_of(&profile, "USD");
    admin.post("/transfers", &json!({"fromAccountId": from, "toAccountId": other, "amount": "1"})).ok();
    server.trace();
}

#[test]
fn a_rejected_cancelled_or_expired_request_frees_its_money() {
    let server = Server::start("[approvals]\nexpiry_days = 3\n");
    let (admin, second) = two(&server);
    for (by, way, state) in [
        (&second, "/reject", "REJECTED"),
        (&admin, "/cancel", "CANCELLED"),
        // Who decides it makes the difference.
        (&admin, "/reject", "CANCELLED"),
        (&second, "/cancel", "REJECTED"),
    ] {
        let asked = Asked::by(&admin);
        let id = asked.send(&admin).waits().text_at("id");
        assert_eq!(asked.figures(&admin), ["100.00", "40.00", "0.00"]);
        let decided = decide(by, &id, way).ok();
        let shown = ["state", "movement/state"].map(|path| decided.text_at(path));
        assert_eq!(shown, [state, "VOIDED"].map(str::to_owned), "{way}");
        assert_eq!(asked.figures(&admin), ["100.00", "100.00", "0.00"]);
        decide(&second, &id, "/approve").refused("WRONG_STATE");
    }
    let reason = json!({"reason": "a typing error"});
    let id = Asked::by(&admin).send(&admin).waits().text_at("id");
    second.post(&format!("/approvals/{id}/reject"), &reason).ok();
    assert_eq!(admin.get(&format!("/approvals/{id}")).ok().text_at("reason"), "a typing error");
    let asked = Asked::by(&admin);
    let waiting = asked.send(&admin).waits();
    let days = 3 * 86_400;
    assert_eq!(waiting.text_at("expiresAt"), waiting.text_at("movement/expiresAt"));
    server.advance(days);
    let expired = admin.get(&format!("/approvals/{}", waiting.text_at("id"))).ok();
    assert_eq!(
        ["state", "movement/state"].map(|path| expired.text_at(path)),
        ["EXPIRED", "EXPIRED"].map(str::to_owned)
    );
    assert_eq!(
        (expired.digits("decidedBy"), asked.figures(&admin)),
        ("null".into(), ["100.00", "100.00", "0.00"].map(str::to_owned))
    );
    decide(&second, &waiting.text_at("id"), "/approve").refused("WRONG_STATE");
    server.trace();
}

#[test]
fn what_is_refused_at_approval_stays_pending() {
    let server = Server::start("");
    let (admin, second) = two(&server);
    let asked = Asked::by(&admin);
    let id = asked.send(&admin).waits().text_at("id");
    let (lock, unlock) = (format!("/accounts/{}/lock", asked.to), format!("/accounts/{}/unlock", asked.to));
    admin.step(&lock).ok();
    let before = server.trace();
    decide(&second, &id, "/approve").refused("ACCOUNT_LOCKED");
    assert_eq!(server.trace(), before);
    assert_eq!(admin.get(&format!("/approvals/{id}")).ok().text_at("state"), "PENDING");
    admin.step(&unlock).ok();
    // Losses have consumed what was held.
    let deal = admin.deals(&asked.from)[0]["id"].as_str().unwrap().to_owned();
    let forced = json!({"force": true, "reason": "bounced"});
    admin.post(&format!("/entries/{deal}/reverse"), &forced).ok();
    let before = server.trace();
    decide(&second, &id, "/approve").refused("INSUFFICIENT_FUNDS");
    assert_eq!(server.trace(), before);
    admin.deposit(&asked.from, "100");
    decide(&second, &id, "/approve").ok();
    assert_eq!(asked.figures(&admin), ["40.00", "40.00", "120.00"]);
}

#[test]
fn nothing_in_a_batch_waits() {
    let server = Server::start("");
    let admin = server.admin();
    let asked = Asked::by(&admin);
    let mut operation = asked.body.clone();
    operation["operation"] = "transfer".into();
    let before = server.trace();
    admin.post("/batch", &json!({"atomic": true, "operations": [operation]})).refused("NEEDS_APPROVAL");
    let each = admin.post("/batch", &json!({"atomic": false, "operations": [operation]})).ok();
    assert_eq!(each.text_at("results/0/error/details/0/reason"), "NEEDS_APPROVAL");
    assert_eq!((server.trace(), asked.figures(&admin)), (before, ["100.00", "100.00", "0.00"].map(str::to_owned)));
    operation["rate"] = "0.92".into();
    let each = admin.post("/batch", &json!({"atomic": false, "operations": [operation]})).ok();
    assert_eq!(each.text_at("results/0/result/state"), "POSTED");
}

#[test]
fn withdrawals_from_guarded_accounts_are_in_the_queue() {
    let server = Server::start("");
    server.set_rules("requires_approval = true");
    let (admin, second) = two(&server);
    let account = admin.new_account("USD");
    admin.deposit(&account, "100");
    let pending = || {
        let list = admin.get("/approvals?kind=WITHDRAWAL&state=PENDING").ok().json();
        let ids = list["approvals"].as_array().unwrap().iter().map(|row| row["movement"]["id"].clone());
        ids.collect::<Vec<_>>()
    };
    let approval_of = |withdrawal: &str| {
        let list = admin.get(&format!("/approvals?accountId={account}")).ok().json();
        let rows = list["approvals"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["movement"]["id"] == withdrawal).unwrap()
    };
    let ask = || admin.ask(&account, "withdrawals", "10");
    // Decided in the queue.
    let withdrawal = ask();
    assert_eq!(pending(), [json!(withdrawal)]);
    let id = approval_of(&withdrawal)["id"].as_str().unwrap().to_owned();
    decide(&admin, &id, "/approve").refused("OWN_REQUEST");
    let approved = decide(&second, &id, "/approve").ok();
    assert_eq!(
        ["state", "movement/state"].map(|path| approved.text_at(path)),
        ["APPROVED", "APPROVED"].map(str::to_owned)
    );
    admin.step(&format!("/withdrawals/{withdrawal}/pay")).ok();
    let withdrawal = ask();
    let id = approval_of(&withdrawal)["id"].as_str().unwrap().to_owned();
    second.post(&format!("/approvals/{id}/reject"), &json!({"reason": "unknown bank"})).ok();
    assert_eq!(admin.get(&format!("/withdrawals/{withdrawal}")).ok().text_at("state"), "VOIDED");
    // Decided by calls of their own.
    for (by, way, state) in
        [(&second, "/approve", "APPROVED"), (&second, "/reject", "REJECTED"), (&admin, "/cancel", "CANCELLED")]
    {
        let withdrawal = ask();
        by.step(&format!("/withdrawals/{withdrawal}{way}")).ok();
        let row = approval_of(&withdrawal);
        assert_eq!((&row["state"], &row["reason"]), (&json!(state), &json!("")), "{row}");
    }
    let soon = server.advance(0).plus_s(60).to_string();
    let body = json!({"amount": "1", "expiresAt": soon});
    let expiring = admin.post(&format!("/accounts/{account}/withdrawals"), &body).ok().text_at("id");
    server.advance(60);
    assert_eq!(approval_of(&expiring)["state"], "EXPIRED");
    // The rule is dropped while one waits: it is paid without approval.
    let withdrawal = ask();
    server.set_rules("requires_approval = false");
    admin.step(&format!("/withdrawals/{withdrawal}/pay")).ok();
    assert_eq!(approval_of(&withdrawal)["state"], "CANCELLED");
    admin.ask(&account, "withdrawals", "10");
    assert_eq!(pending(), [json!(null); 0]);
    server.trace();
}

#[test]
fn the_queue_is_filtered_and_paged() {
    let server = Server::start("");
    let (admin, second) = two(&server);
    let by = |caller: &Caller<'_>| Asked::by(caller).send(caller).waits();
    let [first, other, third] = [by(&admin), by(&second), by(&admin)];
    decide(&second, &third.text_at("id"), "/approve").ok();
    let ids = |query: &str| {
        let list = admin.get(&format!("/approvals{query}")).ok().json();
        let rows = list["approvals"].as_array().unwrap().iter();
        let ids: Vec<_> = rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        (ids, list["next"].as_str().map(str::to_owned))
    };
    let [one, two, three] = [&first, &other, &third].map(|reply| reply.text_at("id"));
    assert_eq!(ids(""), (vec![three.clone(), two.clone(), one.clone()], None));
    assert_eq!(ids("?state=PENDING").0, [two.clone(), one.clone()]);
    assert_eq!(ids("?state=APPROVED&kind=TRANSFER").0, std::slice::from_ref(&three));
    assert_eq!(ids("?kind=WITHDRAWAL").0, [""; 0]);
    assert_eq!(ids(&format!("?requesterId={}", other.text_at("requestedBy/id"))).0, std::slice::from_ref(&two));
    assert_eq!(ids(&format!("?accountId={}", first.text_at("accountId"))).0, std::slice::from_ref(&one));
    assert_eq!(ids(&format!("?profileId={}", other.text_at("profileId"))).0, std::slice::from_ref(&two));
    let (page, next) = ids("?perPage=2");
    assert_eq!(page, [three, two]);
    assert_eq!(ids(&format!("?perPage=2&after={}", next.unwrap())), (vec![one], None));
    admin.get("/approvals?state=OPEN").refused("INVALID_FIELD").naming("state");
    admin.get("/approvals?kind=HOLD").refused("INVALID_FIELD").naming("kind");
    admin.get(&format!("/approvals?accountId={NOBODY}")).refused("NOT_FOUND");
    assert_eq!(server.viewer().get("/approvals").ok().text_at("total"), "3");
}

#[test]
fn requests_about_hidden_clients_are_not_found() {
    let server = Server::start("");
    let admin = server.admin();
    let vip = admin.new_profile_with(&json!({"tags": ["vip"]}));
    let plain = admin.new_profile_with(&json!({"tags": ["retail"]}));
    let account = |profile: &str, currency: &str| {
        let account = admin.new_account_of(profile, currency);
        admin.deposit(&account, "100");
        account
    };
    let (hidden, seen) = (account(&vip, "EUR"), account(&plain, "USD"));
    let ask = |from: &str, to: &str| {
        let body = json!({"fromAccountId": from, "toAccountId": to, "amount": "10", "rate": "3"});
        admin.post("/transfers", &body).waits().text_at("id")
    };
    let (of_hidden, to_hidden) = (ask(&hidden, &seen), ask(&seen, &hidden));
    let retail = server.operator("operator", &["retail"]);
    let before = server.trace();
    retail.get(&format!("/approvals/{of_hidden}")).refused("NOT_FOUND");
    for way in ["/approve", "/reject", "/cancel"] {
        decide(&retail, &of_hidden, way).refused("NOT_FOUND");
    }
    let list = retail.get("/approvals").ok();
    assert_eq!((list.text_at("total"), list.text_at("approvals/0/id")), ("1".into(), to_hidden.clone()));
    // The receiver is hidden, so its side is too, and only who sees both may approve.
    let shown = retail.get(&format!("/approvals/{to_hidden}")).ok();
    assert_eq!(
        ["transfer", "movement/toAccountId"].map(|path| shown.digits(path)),
        ["null", "null"].map(str::to_owned)
    );
    assert!(!shown.text.contains(&hidden) && !list.text.contains(&hidden), "{} {}", shown.text, list.text);
    decide(&retail, &to_hidden, "/approve").refused("NOT_FOUND");
    assert_eq!(server.trace(), before);
    decide(&server.operator("operator", &[]), &to_hidden, "/approve").ok();
}

#[test]
fn a_decision_takes_the_right_for_what_is_asked_for() {
    let server = Server::start("");
    let admin = server.admin();
    let id = Asked::by(&admin).send(&admin).waits().text_at("id");
    server.add_operator("clerk", "operator", &[]);
    let clerk = |scope: &str| server.bearer(&server.add_token("clerk", &["--scope", scope]).1);
    let before = server.trace();
    for (way, caller) in
        [("/approve", clerk("accounts:write")), ("/reject", server.viewer()), ("/cancel", clerk("accounts:read"))]
    {
        decide(&caller, &id, way).refused("RIGHT_MISSING");
    }
    server.anyone().get("/approvals").refused("TOKEN_MISSING");
    clerk("profiles:read").get("/approvals").refused("RIGHT_MISSING");
    assert_eq!(server.trace(), before);
    let key = clerk("funds:move").key("once");
    let approved = decide(&key, &id, "/approve").ok();
    let again = decide(&key, &id, "/approve").ok();
    assert!(again.is_replayed() && again.text == approved.text);
    // A token that may no longer do it is not told what came of it.
    decide(&clerk("accounts:write").key("once"), &id, "/approve").refused("IDEMPOTENCY_CONFLICT");
}

#[test]
fn requests_and_decisions_are_replayed() {
    let server = Server::start("");
    let (admin, second) = two(&server);
    for way in ["/approve", "/reject", "/cancel"] {
        let asked = Asked::by(&admin);
        let key = admin.key(way);
        let (first, again) = (asked.send(&key).waits(), asked.send(&key).waits());
        assert!(!first.is_replayed() && again.is_replayed() && first.text == again.text);
        let (id, key) = (first.text_at("id"), second.key(way));
        let (first, repeated) = (decide(&key, &id, way).ok(), decide(&key, &id, way).ok());
        assert!(!first.is_replayed() && repeated.is_replayed() && first.text == repeated.text);
        // The answer is as it was then, although the request has been decided.
        assert_eq!(asked.send(&admin.key(way)).waits().text, again.text);
        assert_eq!(admin.get(&format!("/approvals?accountId={}", asked.from)).ok().text_at("total"), "1");
    }
}

#[test]
fn refused_decisions_leave_no_trace() {
    let server = Server::start("");
    let (admin, second) = two(&server);
    let id = Asked::by(&admin).send(&admin).waits().text_at("id");
    let before = server.trace();
    for way in ["/approve", "/reject", "/cancel"] {
        decide(&second, NOBODY, way).refused("NOT_FOUND").naming("");
        decide(&second, "x", way).refused("INVALID_FIELD");
        second.post(&format!("/approvals/{id}{way}"), &json!({"because": "x"})).refused("INVALID_FIELD");
    }
    let long = json!({"reason": "x".repeat(256)});
    second.post(&format!("/approvals/{id}/reject"), &long).refused("OUT_OF_RANGE").naming("reason");
    decide(&admin, &id, "/approve").refused("OWN_REQUEST");
    assert_eq!(server.trace(), before);
}

#[test]
fn each_step_of_a_request_is_an_event_and_an_audit_row() {
    let server = Server::start("");
    let (admin, second) = two(&server);
    let asked = Asked::by(&admin);
    let (approved, rejected, cancelled) = (asked.send(&admin).waits(), Asked::by(&admin), Asked::by(&admin));
    decide(&second, &approved.text_at("id"), "/approve").ok();
    decide(&second, &rejected.send(&admin).waits().text_at("id"), "/reject").ok();
    decide(&admin, &cancelled.send(&admin).waits().text_at("id"), "/cancel").ok();
    Asked::by(&admin).send(&admin).waits();
    server.advance(8 * 86_400);
    let events = admin.get("/events?types=approval.*&limit=1000").ok().json();
    let steps: Vec<_> = events["events"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert_eq!(
        steps,
        [
            "approval.requested",
            "approval.approved",
            "approval.requested",
            "approval.rejected",
            "approval.requested",
            "approval.cancelled",
            "approval.requested",
            "approval.expired"
        ]
    );
    let (first, then) = (&events["events"][0], &events["events"][1]);
    assert_eq!((&first["data"]["state"], &then["data"]["state"]), (&json!("PENDING"), &json!("APPROVED")));
    assert_eq!(first["objectId"], json!(approved.text_at("id")));
    assert_eq!(first["data"]["movementId"], json!(approved.text_at("movement/id")));
    assert_eq!((&first["actor"]["name"], &then["actor"]["name"]), (&json!("dev"), &json!("operator-")));
    let file = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let count = |action: &str| -> i64 {
        let sql = "SELECT count(*) FROM audit_log WHERE action = ?1 AND object_uuid IS NOT NULL";
        file.query_row(sql, [action], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("approval.approve"), count("approval.reject"), count("transfer")), (1, 2, 4));
    server.trace();
}

#[test]
fn the_proof_finds_approvals_by_the_requester_and_transfers_that_nobody_was_asked_for() {
    let server = Server::start("");
    let (admin, second) = two(&server);
    let approved = Asked::by(&admin).send(&admin).waits().text_at("id");
    decide(&second, &approved, "/approve").ok();
    Asked::by(&admin).send(&admin).waits();
    let clean = server.home().join("clean.db");
    let live = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    live.execute("VACUUM INTO ?1", [clean.display().to_string()]).unwrap();
    assert!(audit(&clean).status.success());
    for sql in [
        "UPDATE approvals SET decided_by = requested_by WHERE state = 'approved'",
        "UPDATE approvals SET requested_by = decided_by WHERE state = 'approved'",
        "UPDATE approvals SET decided_by = 1 WHERE state = 'approved'",
        "UPDATE movements SET approved_by = NULL WHERE state = 'posted' AND kind = 'transfer'",
        "UPDATE movements SET approved_by = requested_by WHERE state = 'posted' AND kind = 'transfer'",
        "DELETE FROM approvals WHERE state = 'pending'",
        "UPDATE approvals SET state = 'expired', decided_at = 1 WHERE state = 'pending'",
    ] {
        let found = findings(&audit(&tampered(&clean, sql)));
        assert!(found.contains(&"queue".to_owned()), "{sql}: {found:?}");
    }
}
