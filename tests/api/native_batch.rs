//! Batches: many operations in one call, atomic or independent.

use super::harness::{Caller, Server};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::thread;
use std::time::Instant;

pub(super) fn atomic(operations: &[Value]) -> Value {
    json!({"atomic": true, "operations": operations})
}

pub(super) fn each(operations: &[Value]) -> Value {
    json!({"atomic": false, "operations": operations})
}

pub(super) fn deposit(account: &str, amount: &str) -> Value {
    json!({"operation": "deposit", "accountId": account, "amount": amount})
}

pub(super) fn withdraw(account: &str, amount: &str) -> Value {
    json!({"operation": "withdraw", "accountId": account, "amount": amount})
}

pub(super) fn transfer(from: &str, to: &str, amount: &str) -> Value {
    json!({"operation": "transfer", "fromAccountId": from, "toAccountId": to, "amount": amount})
}

/// The outcome of each operation: `ok`, or the reason.
pub(super) fn outcomes(results: &Value) -> Vec<String> {
    let results = results["results"].as_array().unwrap().iter().enumerate();
    results
        .map(|(index, result)| {
            assert_eq!(result["index"], index);
            match result["status"].as_str().unwrap() {
                "ok" => {
                    assert!(result["result"].is_object() && result["error"].is_null(), "{result}");
                    "ok".to_owned()
                }
                "refused" => {
                    assert!(result["result"].is_null() && result["error"]["message"].is_string(), "{result}");
                    assert!(result["error"]["code"].is_number(), "{result}");
                    result["error"]["details"][0]["reason"].as_str().unwrap().to_owned()
                }
                other => panic!("{other}"),
            }
        })
        .collect()
}

/// Counts per action in a table of the record.
fn counted(server: &Server, sql: &str) -> BTreeMap<String, i64> {
    let file = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let mut statement = file.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

const ACTIONS: &str = "SELECT action, count(*) FROM audit_log GROUP BY action";

#[test]
fn every_operation_does_what_its_own_route_does() {
    let server = Server::start("");
    let admin = server.admin();
    let [account, other, euro, aside, closing, empty] =
        ["USD", "USD", "EUR", "USD", "USD", "USD"].map(|currency| admin.new_account(currency));
    let waiting = json!({
        "profileId": admin.new_profile(), "currency": "USD", "groupId": admin.group("USD", false),
        "requiresApproval": true,
    });
    let waiting = admin.post("/accounts", &waiting).ok().text_at("account/id");
    admin.deposit(&account, "1000");
    admin.deposit(&closing, "7");
    let deposits = [1, 2].map(|_| admin.ask(&account, "deposits", "5"));
    let withdrawals = [1, 2, 3, 4].map(|_| admin.ask(&account, "withdrawals", "10"));
    let holds = [1, 2].map(|_| admin.ask(&account, "holds", "20"));
    let deal = admin.deposit(&account, "3");
    let on = |operation: &str, account: &str| json!({"operation": operation, "accountId": account});
    let operations = [
        deposit(&account, "100.5"),
        withdraw(&account, "50.25"),
        json!({"operation": "balance", "accountId": account, "amount": "-1", "action": "DEAL_ACTION_FEE"}),
        transfer(&account, &other, "30"),
        json!({"operation": "transfer", "fromAccountId": account, "toAccountId": euro, "amount": 10, "rate": "0.9"}),
        json!({"operation": "announceDeposit", "accountId": account, "amount": 8, "reference": "in"}),
        json!({"operation": "settleDeposit", "depositId": deposits[0]}),
        json!({"operation": "returnDeposit", "depositId": deposits[1]}),
        json!({"operation": "requestWithdrawal", "accountId": account, "amount": 9, "reason": "rent"}),
        json!({"operation": "approveWithdrawal", "withdrawalId": withdrawals[0]}),
        json!({"operation": "payWithdrawal", "withdrawalId": withdrawals[1]}),
        json!({"operation": "rejectWithdrawal", "withdrawalId": withdrawals[2]}),
        json!({"operation": "cancelWithdrawal", "withdrawalId": withdrawals[3]}),
        json!({"operation": "placeHold", "accountId": account, "amount": "11", "comment": "card"}),
        json!({"operation": "captureHold", "holdId": holds[0], "amount": "12.5"}),
        json!({"operation": "releaseHold", "holdId": holds[1]}),
        json!({"operation": "reverseEntry", "entryId": deal, "reason": "twice"}),
        json!({"operation": "lock", "accountId": aside, "lock": "CREDITS_ONLY", "reason": "TMP"}),
        on("unlock", &aside),
        on("dormant", &aside),
        on("inactive", &aside),
        on("activate", &aside),
        json!({"operation": "close", "accountId": closing, "sweepToAccountId": other}),
        on("archive", &empty),
        on("approve", &waiting),
        deposit(&waiting, "1"),
    ];
    let before = counted(&server, ACTIONS);
    let (.., events) = server.trace();
    let reply = admin.post("/batch", &atomic(&operations)).ok();
    assert_eq!(outcomes(&reply.json()), vec!["ok"; operations.len()], "{}", reply.text);
    let result = |index: usize, field: &str| reply.json()["results"][index]["result"][field].clone();
    for (index, state) in
        [(3, "POSTED"), (5, "PENDING"), (6, "POSTED"), (7, "VOIDED"), (8, "PENDING"), (9, "APPROVED"), (10, "POSTED")]
            .into_iter()
            .chain([(11, "VOIDED"), (12, "VOIDED"), (13, "PENDING"), (14, "POSTED"), (15, "VOIDED")])
    {
        assert_eq!(result(index, "state"), state, "{}", operations[index]);
    }
    assert_eq!(result(5, "reference"), "in");
    assert_eq!((result(8, "reason"), result(13, "reason")), ("rent".into(), "card".into()));
    assert_eq!(reply.digits("results/14/result/postedAmount"), "12.50");
    assert_eq!((result(17, "lock"), result(18, "lock")), ("CREDITS_ONLY".into(), "NONE".into()));
    let lifecycles: Vec<_> = (19..23).map(|index| result(index, "lifecycle")).collect();
    assert_eq!(lifecycles, ["DORMANT", "INACTIVE", "ACTIVE", "CLOSED"]);
    assert_eq!(reply.json()["results"][23]["result"], json!({}));
    assert_eq!((result(24, "lifecycle"), admin.balance(&waiting)), ("ACTIVE".into(), "1.00".into()));
    // 1003 + 100.5 - 50.25 - 1 - 30 - 10 + 5 - 10 - 12.5 - 3
    assert_eq!(admin.balance(&account), "991.75");
    // 10 and 9 for withdrawals, 11 on hold
    assert_eq!(admin.available(&account), "961.75");
    assert_eq!((admin.balance(&other), admin.balance(&euro)), ("37.00".into(), "9.00".into()));
    // The newest deal is the reversal; each deal is read by its own id.
    assert_eq!(admin.deals(&account)[0]["id"], result(16, "dealId"));
    assert_eq!(admin.get(&format!("/holds/{}", holds[0])).ok().text, reply.digits("results/14/result"));
    assert_eq!(admin.get(&format!("/accounts/{closing}")).ok().text, reply.digits("results/22/result"));
    // Each operation leaves the same audit trail as a single call.
    assert!(server.trace().3 >= events + operations.len() as u64);
    let done: BTreeMap<_, _> = counted(&server, ACTIONS)
        .into_iter()
        .map(|(action, count)| (action.clone(), count - before.get(&action).copied().unwrap_or(0)))
        .filter(|(_, count)| *count > 0)
        .collect();
    assert_eq!(done.values().sum::<i64>(), operations.len() as i64 + 1, "{done:?}");
    for (action, count) in [("batch", 1), ("funds.post", 4), ("transfer", 2), ("withdrawal.void", 2), ("hold.place", 1)]
    {
        assert_eq!(done[action], count, "{done:?}");
    }
    let objects =
        "SELECT action, count(*) FROM audit_log WHERE object_uuid IS NULL OR event_seq IS NULL GROUP BY action";
    assert_eq!(counted(&server, objects).get("funds.post"), None);
}

#[test]
fn the_operations_are_documented() {
    let server = Server::shared();
    let reply = server.admin().post("/batch", &atomic(&[json!({"operation": ""})])).refused("INVALID_FIELD");
    let message = reply.text_at("message");
    let names: Vec<&str> = message.split_once("one of ").unwrap().1.split(", ").collect();
    let page = include_str!("../../docs/api.md").split_once("<!-- table: operations -->").unwrap().1;
    let rows = page.trim_start().lines().skip(2).take_while(|line| line.starts_with('|'));
    let listed = rows.flat_map(|row| row.split('|').nth(1).unwrap().split(", "));
    let mut listed: Vec<_> = listed.map(|name| name.trim().trim_matches('`').to_owned()).collect();
    let document = server.anyone().get("/openapi.json").ok().json();
    let mapping = &document["components"]["schemas"]["OperationBody"]["discriminator"]["mapping"];
    let mut described: Vec<_> = mapping.as_object().unwrap().keys().cloned().collect();
    let mut names: Vec<_> = names.into_iter().map(str::to_owned).collect();
    for list in [&mut names, &mut listed, &mut described] {
        list.sort();
    }
    assert_eq!(listed, names);
    assert_eq!(described, names);
}

#[test]
fn an_atomic_batch_is_done_as_a_whole_or_not_at_all() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, other) = (admin.new_account("USD"), admin.new_account("USD"));
    admin.deposit(&account, "10");
    let audit = counted(&server, ACTIONS);
    let before = server.trace();
    let good = [deposit(&account, "5"), transfer(&account, &other, "15"), withdraw(&other, "1")];
    for (bad, reason, field) in [
        (withdraw(&account, "0.01"), "INSUFFICIENT_FUNDS", "operations[3].amount"),
        (transfer(&other, &other, "1"), "SAME_ACCOUNT", "operations[3].toAccountId"),
        (deposit("0198c1f0-0000-7000-8000-000000000000", "1"), "NOT_FOUND", "operations[3].accountId"),
        (json!({"operation": "captureHold", "holdId": account}), "NOT_FOUND", "operations[3].holdId"),
        (json!({"operation": "archive", "accountId": other}), "BALANCE_NOT_ZERO", "operations[3]"),
    ] {
        let operations = [&good[..], &[bad], &good[..1]].concat();
        let reply = admin.key("k").post("/batch", &atomic(&operations)).refused(reason).naming(field);
        assert!(reply.text_at("message").starts_with("operations[3]: "), "{}", reply.text);
        assert_eq!((server.trace(), counted(&server, ACTIONS)), (before, audit.clone()), "{reason}");
    }
    assert_eq!((admin.balance(&account), admin.balance(&other)), ("10.00".into(), "0.00".into()));
    // A refused batch keeps nothing, so its key is free.
    let reply = admin.key("k").post("/batch", &atomic(&good)).ok();
    assert_eq!((outcomes(&reply.json()), reply.is_replayed()), (vec!["ok".to_owned(); 3], false));
    assert_eq!((admin.balance(&account), admin.balance(&other)), ("0.00".into(), "14.00".into()));
    server.trace();
}

#[test]
fn the_operations_of_an_independent_batch_stand_for_themselves() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, other) = (admin.new_account("USD"), admin.new_account("USD"));
    let hold = json!({"operation": "placeHold", "accountId": account, "amount": 5, "reference": "once"});
    let reply = admin
        .post(
            "/batch",
            &each(&[
                withdraw(&account, "1"),
                deposit(&account, "10"),
                hold.clone(),
                hold,
                transfer(&account, &other, "5.01"),
                transfer(&account, &other, "5"),
                json!({"operation": "lock", "accountId": other}),
                deposit(&other, "1"),
                json!({"operation": "unlock", "accountId": other}),
                deposit(&other, "1"),
            ]),
        )
        .ok();
    let expected = [
        "INSUFFICIENT_FUNDS",
        "ok",
        "ok",
        "DUPLICATE_REFERENCE",
        "INSUFFICIENT_FUNDS",
        "ok",
        "ok",
        "ACCOUNT_LOCKED",
        "ok",
        "ok",
    ];
    assert_eq!(outcomes(&reply.json()), expected);
    assert_eq!(reply.text_at("results/4/error/message"), "only 5.00 USD available");
    assert_eq!(reply.text_at("results/4/error/details/0/metadata/field"), "amount");
    assert_eq!((admin.balance(&account), admin.available(&account)), ("5.00".into(), "0.00".into()));
    assert_eq!(admin.balance(&other), "6.00");
    // Three deposits and transfers; nothing of the refused ones.
    assert_eq!((admin.deals(&account).len(), server.trace().0), (2, 3));
}

#[test]
fn a_batch_has_one_to_a_thousand_operations() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    let many = |count: usize| vec![deposit(&account, "0.01"); count];
    let before = server.trace();
    for body in [
        json!({"atomic": true}),
        json!({"atomic": true, "operations": null}),
        json!({"atomic": true, "operations": {}}),
        atomic(&many(1001)),
        each(&many(1001)),
    ] {
        let reply = admin.post("/batch", &body).refused("INVALID_FIELD");
        assert!(reply.field() == "operations" && reply.text_at("message").contains("1 to 1000"), "{}", reply.text);
    }
    for body in [atomic(&[]), each(&[])] {
        admin.post("/batch", &body).refused("OUT_OF_RANGE").naming("operations");
    }
    let open = json!({"operations": many(1)});
    admin.post("/batch", &open).refused("INVALID_FIELD").naming("atomic");
    assert_eq!(server.trace(), before);
    for (body, balance) in [(atomic(&many(1000)), "10.00"), (each(&many(1000)), "20.00")] {
        assert_eq!(outcomes(&admin.post("/batch", &body).ok().json()), vec!["ok"; 1000]);
        assert_eq!(admin.balance(&account), balance);
    }
    assert_eq!(server.trace().0, 2000);
}

#[test]
fn a_thousand_operations_with_the_longest_texts_fit() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    let long = "\u{1d11e}".repeat(255);
    let hold = |n: usize| {
        let reference = format!("{n:04}{}", "\u{1d11e}".repeat(96));
        let at = "2999-01-01T00:00:00.000Z";
        json!({
            "operation": "announceDeposit", "accountId": account, "amount": "0.01", "reason": long, "comment": long,
            "reference": reference, "expiresAt": at,
        })
    };
    let body = each(&(0..1000).map(hold).collect::<Vec<_>>());
    let size = body.to_string().len();
    assert!(size > 2 << 20, "{size}");
    assert_eq!(outcomes(&admin.key("long").post("/batch", &body).ok().json()), vec!["ok"; 1000]);
    assert!(admin.key("long").post("/batch", &body).ok().is_replayed());
    // Other routes keep their limit, and larger batches are refused.
    let large = format!(r#"{{"atomic":true,"x":"{}"}}"#, "x".repeat(4 << 20));
    let request = |path: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            server.banner["token"].as_str().unwrap(),
            body.len()
        )
    };
    assert!(server.raw_until_refused(request("/batch", &large).as_bytes()).starts_with("HTTP/1.1 413"));
    let usual = format!(r#"{{"email":"{}"}}"#, "x".repeat(1 << 20));
    assert!(server.raw_until_refused(request("/profiles", &usual).as_bytes()).starts_with("HTTP/1.1 413"));
}

#[test]
fn a_malformed_operation_names_its_field() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    let good = deposit(&account, "1");
    let deep: Value = serde_json::from_str(&format!("{}{}", "[".repeat(33), "]".repeat(33))).unwrap();
    let before = server.trace();
    let bad = [
        (json!({"accountId": account}), "INVALID_FIELD", ".operation"),
        (json!({"operation": 5}), "INVALID_FIELD", ".operation"),
        (json!({"operation": "Deposit", "accountId": account}), "INVALID_FIELD", ".operation"),
        (json!({"operation": "deposit", "amount": "1"}), "INVALID_FIELD", ".accountId"),
        (deposit("x", "1"), "INVALID_FIELD", ".accountId"),
        (deposit(&account, "-1"), "INVALID_FIELD", ".amount"),
        (deposit(&account, "0.001"), "INVALID_FIELD", ".amount"),
        (json!({"operation": "deposit", "accountId": account, "amount": {}}), "INVALID_FIELD", ".amount"),
        (json!({"operation": "captureHold"}), "INVALID_FIELD", ".holdId"),
        (json!({"operation": "settleDeposit"}), "INVALID_FIELD", ".depositId"),
        (json!({"operation": "payWithdrawal"}), "INVALID_FIELD", ".withdrawalId"),
        (json!({"operation": "reverseEntry"}), "INVALID_FIELD", ".entryId"),
        (json!({"operation": "lock", "accountId": account, "lock": "HALF"}), "INVALID_FIELD", ".lock"),
        (
            json!({"operation": "close", "accountId": account, "sweepToAccountId": 1}),
            "INVALID_FIELD",
            ".sweepToAccountId",
        ),
        (atomic(std::slice::from_ref(&good)), "INVALID_FIELD", ".operation"),
        (json!({"operation": "batch", "atomic": true, "operations": [good]}), "INVALID_FIELD", ".operation"),
        (json!(null), "MALFORMED_BODY", ""),
        (json!("deposit"), "MALFORMED_BODY", ""),
        (json!([good]), "MALFORMED_BODY", ""),
    ];
    for (bad, reason, field) in &bad {
        admin
            .post("/batch", &atomic(&[good.clone(), bad.clone()]))
            .refused(reason)
            .naming(format!("operations[1]{field}"));
    }
    let twice = format!(
        r#"{{"atomic":true,"operations":[{{"operation":"deposit","operation":"withdraw","accountId":"{account}"}}]}}"#
    );
    admin.post_text("/batch", &twice).refused("INVALID_FIELD").naming("operations[0].operation");
    admin.post("/batch", &atomic(&[json!({"operation": deep})])).refused("MALFORMED_BODY");
    for body in
        ["", "[]", r#"{"atomic":true,"operations":[{"operation":"deposit""#, r#"{"atomic":"yes","operations":[]}"#]
    {
        admin.post_text("/batch", body);
    }
    assert_eq!(server.trace(), before);
    // In an independent batch the readable operations are done.
    let operations: Vec<_> = bad.iter().flat_map(|(bad, ..)| [bad.clone(), good.clone()]).collect();
    let results = admin.post("/batch", &each(&operations)).ok().json();
    for (index, (bad, reason, field)) in bad.iter().enumerate() {
        let error = &results["results"][2 * index]["error"]["details"][0];
        let named = error["metadata"]["field"].as_str().unwrap_or_default();
        assert_eq!((error["reason"].as_str().unwrap(), named), (*reason, field.trim_start_matches('.')), "{bad}");
    }
    assert_eq!(outcomes(&results).iter().filter(|outcome| *outcome == "ok").count(), bad.len());
    assert_eq!(admin.balance(&account), format!("{}.00", bad.len()));
}

#[test]
fn a_batch_is_replayed_as_a_whole() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, other) = (admin.new_account("USD"), admin.new_account("USD"));
    let hold = json!({"operation": "placeHold", "accountId": account, "amount": 5});
    let archive = json!({"operation": "archive", "accountId": other});
    let lock = json!({"operation": "lock", "accountId": account});
    let operations =
        [deposit(&account, "5"), json!(1), hold, withdraw(&account, "1"), archive, lock, withdraw(&account, "1")];
    let reasons = ["ok", "MALFORMED_BODY", "ok", "INSUFFICIENT_FUNDS", "ok", "ok", "ACCOUNT_LOCKED"];
    let first = admin.key("k").post("/batch", &each(&operations)).ok();
    assert_eq!(outcomes(&first.json()), reasons);
    admin.step(&format!("/accounts/{account}/unlock")).ok();
    let before = server.trace();
    let again = admin.key("k").post("/batch", &each(&operations)).ok();
    assert!(again.is_replayed() && !first.is_replayed());
    assert_eq!(again.text, first.text);
    // Unreadable operations precede a conflicting key in the order of reasons.
    admin.key("k").post("/batch", &atomic(&operations)).refused("MALFORMED_BODY").naming("operations[1]");
    admin.key("k").post("/batch", &atomic(&operations[2..])).refused("IDEMPOTENCY_CONFLICT");
    admin.key("k").post("/batch", &each(&operations[1..])).refused("IDEMPOTENCY_CONFLICT");
    assert_eq!(server.trace(), before);
    assert_eq!(admin.balance(&account), "5.00");
}

#[test]
fn a_batch_can_be_rehearsed() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    let before = server.trace();
    let operations = [deposit(&account, "5"), withdraw(&account, "2"), withdraw(&account, "4")];
    let keyed = admin.key("k");
    let shown = keyed.post("/batch?dryRun=true", &each(&operations)).ok();
    assert_eq!(outcomes(&shown.json()), ["ok", "ok", "INSUFFICIENT_FUNDS"]);
    assert_eq!(shown.text_at("results/2/error/message"), "only 3.00 USD available");
    admin.post("/batch?dryRun=true", &atomic(&operations)).refused("INSUFFICIENT_FUNDS").naming("operations[2].amount");
    admin.post("/batch?dryRun=true", &atomic(&operations[..2])).ok();
    assert_eq!(server.trace(), before);
    assert!(!keyed.post("/batch", &each(&operations)).ok().is_replayed());
    assert_eq!(admin.balance(&account), "3.00");
}

#[test]
fn an_account_that_closes_is_archived_by_the_operation_that_empties_it() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, other) = (admin.new_account("USD"), admin.new_account("USD"));
    admin.deposit(&account, "10");
    let hold = admin.ask(&account, "holds", "4");
    let close = json!({"operation": "close", "accountId": account});
    let operations = [
        close.clone(),
        transfer(&account, &other, "6"),
        json!({"operation": "captureHold", "holdId": hold}),
        deposit(&account, "1"),
        close,
    ];
    let reply = admin.post("/batch", &each(&operations)).ok();
    assert_eq!(outcomes(&reply.json()), ["ok", "ok", "ok", "ACCOUNT_ARCHIVED", "ACCOUNT_ARCHIVED"]);
    assert_eq!(reply.text_at("results/0/result/lifecycle"), "CLOSING");
    assert_eq!(admin.get(&format!("/accounts/{account}")).ok().text_at("lifecycle"), "CLOSED");
    let events = "SELECT type, count(*) FROM events WHERE type LIKE 'account.archived%' GROUP BY type";
    assert_eq!(counted(&server, events).values().sum::<i64>(), 1);
    server.trace();
}

#[test]
fn batches_take_turns_with_others() {
    let server = Server::start("");
    let admin = server.admin();
    let accounts: Vec<String> = (0..4).map(|_| admin.new_account("USD")).collect();
    let body = |account: &str| each(&vec![deposit(account, "0.01"); 1000]);
    let single =
        |caller: &Caller<'_>| caller.post(&format!("/accounts/{}/deposit", accounts[0]), &json!({"amount": 1}));
    thread::scope(|scope| {
        let batches: Vec<_> =
            accounts.iter().map(|account| scope.spawn(|| admin.post("/batch", &body(account)))).collect();
        // A single deposit waits only for the running batch, not for all queued ones.
        let (mut singles, start) = (0, Instant::now());
        while batches.iter().any(|batch| !batch.is_finished()) {
            single(&admin).ok();
            singles += 1;
        }
        assert!(singles >= 3, "{singles} in {:?}", start.elapsed());
        for batch in batches {
            let reply = batch.join().unwrap();
            // A batch that would have to wait too long is refused as busy and does nothing.
            if reply.status != 200 {
                reply.refused("BUSY");
            }
        }
    });
    server.trace();
}
