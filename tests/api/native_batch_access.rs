//! Batches allow nothing that single calls do not: tags, rights and the second operator.

use super::harness::Server;
use super::native_batch::{atomic, deposit, each, outcomes, transfer, withdraw};
use serde_json::{Value, json};

#[test]
fn a_batch_cannot_bypass_the_second_operator() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "100");
    let demo = json!({"profileId": admin.new_profile(), "currency": "USD", "groupId": admin.group("USD", true)});
    let demo = admin.post("/accounts", &demo).ok().text_at("account/id");
    server.set_rules("requires_approval = true");
    let withdrawal = admin.ask(&account, "withdrawals", "10");
    let hold = admin.ask(&account, "holds", "10");
    let before = server.trace();
    let approve = json!({"operation": "approveWithdrawal", "withdrawalId": withdrawal});
    let pay = json!({"operation": "payWithdrawal", "withdrawalId": withdrawal});
    let operations = [
        (withdraw(&account, "1"), "NEEDS_APPROVAL"),
        (json!({"operation": "balance", "accountId": account, "amount": "-1"}), "NEEDS_APPROVAL"),
        (approve.clone(), "OWN_REQUEST"),
        (pay.clone(), "NEEDS_APPROVAL"),
        (json!({"operation": "captureHold", "holdId": hold}), "OWN_REQUEST"),
        (transfer(&account, &demo, "1"), "MODES_DIFFER"),
    ];
    for (operation, reason) in &operations {
        admin.post("/batch", &atomic(&[deposit(&account, "1"), operation.clone()])).refused(reason);
    }
    let all: Vec<_> = operations.iter().map(|(operation, _)| operation.clone()).collect();
    let reasons: Vec<_> = operations.iter().map(|(_, reason)| (*reason).to_owned()).collect();
    assert_eq!(outcomes(&admin.post("/batch", &each(&all)).ok().json()), reasons);
    assert_eq!(server.trace(), before);
    // Another operator may approve, and pay in the same call.
    let second = server.operator("operator", &[]);
    assert_eq!(outcomes(&second.post("/batch", &atomic(&[approve, pay])).ok().json()), ["ok", "ok"]);
    assert_eq!(admin.balance(&account), "90.00");
}

#[test]
fn hidden_objects_are_not_found_in_a_batch() {
    let server = Server::start("");
    let admin = server.admin();
    let vip = admin.new_profile_with(&json!({"tags": ["vip"]}));
    let account = admin.new_account_of(&vip, "USD");
    let deal = admin.deposit(&account, "10");
    let [deposited, withdrawal, hold] =
        ["deposits", "withdrawals", "holds"].map(|movements| admin.ask(&account, movements, "1"));
    let retail = server.operator("operator", &["retail"]);
    let own = retail.new_account("USD");
    retail.deposit(&own, "10");
    let on = |operation: &str, field: &str, id: &str| {
        let mut body = json!({"operation": operation});
        body[field] = id.into();
        body
    };
    let with_amount = |mut body: Value| {
        body["amount"] = "1".into();
        body
    };
    let mut hidden = vec![transfer(&own, &account, "1"), transfer(&account, &own, "1")];
    for operation in ["deposit", "withdraw", "balance", "announceDeposit", "requestWithdrawal", "placeHold"] {
        hidden.push(with_amount(on(operation, "accountId", &account)));
    }
    for operation in ["lock", "unlock", "approve", "activate", "inactive", "dormant", "close", "archive"] {
        hidden.push(on(operation, "accountId", &account));
    }
    hidden.push(json!({"operation": "close", "accountId": own, "sweepToAccountId": account}));
    hidden.extend(["settleDeposit", "returnDeposit"].map(|operation| on(operation, "depositId", &deposited)));
    for operation in ["approveWithdrawal", "payWithdrawal", "rejectWithdrawal", "cancelWithdrawal"] {
        hidden.push(on(operation, "withdrawalId", &withdrawal));
    }
    hidden.extend(["captureHold", "releaseHold"].map(|operation| on(operation, "holdId", &hold)));
    hidden.push(on("reverseEntry", "entryId", &deal));
    let before = server.trace();
    for operation in &hidden {
        retail.post("/batch", &atomic(&[deposit(&own, "1"), operation.clone()])).refused("NOT_FOUND");
    }
    let reply = retail.post("/batch", &each(&hidden)).ok();
    assert_eq!(outcomes(&reply.json()), vec!["NOT_FOUND"; hidden.len()]);
    assert!(!reply.text.contains(&account), "{}", reply.text);
    assert_eq!(server.trace(), before);
}

#[test]
fn each_operation_takes_its_own_right() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "10");
    let other = admin.new_account("USD");
    let scoped = |scopes: &[&str]| {
        let limits: Vec<&str> = scopes.iter().flat_map(|scope| ["--scope", scope]).collect();
        server.bearer(&server.add_token("dev", &limits).1)
    };
    let lock = json!({"operation": "lock", "accountId": account, "lock": "DEBITS_ONLY"});
    let system = json!({"operation": "lock", "accountId": account, "type": "SYS"});
    let force = json!({"operation": "reverseEntry", "entryId": account, "force": true, "reason": "x"});
    let sweep = json!({"operation": "close", "accountId": account, "sweepToAccountId": other});
    let (funds, writes) = (scoped(&["funds:move"]), scoped(&["accounts:write"]));
    let before = server.trace();
    for caller in [server.viewer(), scoped(&["accounts:read", "profiles:write"])] {
        for body in
            [each(&[deposit(&account, "1"), lock.clone()]), atomic(std::slice::from_ref(&lock)), each(&[json!({})])]
        {
            caller.post("/batch", &body).refused("RIGHT_MISSING");
        }
    }
    for (caller, operation) in [(&funds, &lock), (&funds, &force), (&writes, &deposit(&account, "1"))] {
        let good = if std::ptr::eq(caller, &funds) { deposit(&account, "1") } else { lock.clone() };
        caller.post("/batch", &atomic(&[good, operation.clone()])).refused("RIGHT_MISSING").naming("operations[1]");
    }
    for operation in [&system, &sweep] {
        writes.post("/batch", &atomic(&[(*operation).clone()])).refused("RIGHT_MISSING").naming("operations[0]");
    }
    assert_eq!(server.trace(), before);
    let operations = [deposit(&account, "1"), lock, deposit(&account, "1")];
    assert_eq!(outcomes(&funds.post("/batch", &each(&operations)).ok().json()), ["ok", "RIGHT_MISSING", "ok"]);
    let results = writes.post("/batch", &each(&operations)).ok().json();
    assert_eq!(outcomes(&results), ["RIGHT_MISSING", "ok", "RIGHT_MISSING"]);
    assert_eq!(results["results"][0]["error"]["code"], 7);
}

#[test]
fn a_replayed_batch_reveals_nothing_that_its_token_does_not_see() {
    let server = Server::start("");
    let admin = server.admin();
    let account = |tags: &Value| {
        let account = admin.new_account_of(&admin.new_profile_with(&json!({"tags": tags})), "USD");
        admin.deposit(&account, "10");
        account
    };
    let (vip, retail, both) =
        (account(&json!(["vip"])), account(&json!(["retail"])), account(&json!(["retail", "vip"])));
    let token = |limits: &[&str]| server.bearer(&server.add_token("dev", limits).1);
    let narrowed = token(&["--tag", "retail"]);
    let no_event = json!({"operation": "unlock", "accountId": vip});
    for (key, operations, is_told) in [
        ("seen", vec![deposit(&retail, "1"), transfer(&retail, &both, "1")], true),
        ("last", vec![deposit(&retail, "1"), deposit(&both, "1"), deposit(&vip, "1")], false),
        ("receiver", vec![transfer(&retail, &vip, "1")], false),
        ("refused", vec![deposit(&retail, "1"), withdraw(&vip, "1000")], false),
        ("unchanged", vec![deposit(&retail, "1"), no_event], false),
    ] {
        let body = each(&operations);
        let first = admin.key(key).post("/batch", &body).ok();
        let reply = narrowed.key(key).post("/batch", &body);
        if is_told {
            assert_eq!(reply.ok().text, first.text, "{key}");
        } else {
            reply.refused("IDEMPOTENCY_CONFLICT");
        }
        let wide = token(&["--tag", "retail", "--tag", "vip"]);
        assert_eq!(wide.key(key).post("/batch", &body).ok().text, first.text, "{key}");
    }
    // Nor does it show results that the token has no right to.
    let body = each(&[deposit(&retail, "1"), json!({"operation": "unlock", "accountId": retail})]);
    let first = admin.key("rights").post("/batch", &body).ok();
    for scope in ["funds:move", "accounts:write"] {
        token(&["--scope", scope]).key("rights").post("/batch", &body).refused("IDEMPOTENCY_CONFLICT");
    }
    let able = token(&["--scope", "funds:move", "--scope", "accounts:write"]);
    assert_eq!(able.key("rights").post("/batch", &body).ok().text, first.text);
}
