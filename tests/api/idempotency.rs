//! Retries: a write that is sent again with its key is answered again and not done again.

use super::harness::{Caller, PASSWORD, Reply, Server, unique};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Sends a write twice with one key: the answers are equal, and the second changes nothing.
#[track_caller]
fn replays(server: &Server, key: &str, call: impl Fn(&Caller<'_>) -> Reply) -> Reply {
    let caller = server.admin().key(key);
    let first = call(&caller).ok();
    assert!(!first.is_replayed(), "{}", first.text);
    let before = server.trace();
    let second = call(&caller).ok();
    assert!(second.is_replayed(), "{}", second.text);
    assert_eq!(second.text, first.text);
    assert_eq!(second.header("etag"), first.header("etag"));
    assert_eq!(server.trace(), before);
    first
}

#[test]
fn every_write_is_replayed() {
    let server = Server::start("");
    let admin = server.admin();
    let group = admin.group("USD", false);
    let made = replays(&server, "1", |c| c.post("/profiles", &json!({"email": "a@example.com", "password": PASSWORD})));
    let profile = made.text_at("id");
    let path = format!("/profiles/{profile}");
    replays(&server, "2", |c| c.put(&path, &json!({"email": "b@example.com", "password": PASSWORD})));
    let password = json!({"id": profile, "newPassword": PASSWORD});
    replays(&server, "3", |c| c.put("/profiles/change-password", &password));
    let open = json!({"profileId": profile, "currency": "USD", "groupId": group});
    let account = replays(&server, "4", |c| c.post("/accounts", &open)).text_at("account/id");
    let path = format!("/accounts/{account}");
    replays(&server, "5", |c| c.put(&path, &json!({"maxLeverage": 7})));
    replays(&server, "6", |c| c.post(&format!("{path}/deposit"), &json!({"amount": "5"})));
    replays(&server, "7", |c| c.post(&format!("{path}/withdraw"), &json!({"amount": "4"})));
    replays(&server, "8", |c| c.post(&format!("{path}/balance"), &json!({"amount": "-1"})));
    replays(&server, "9", |c| c.delete(&path));
    assert_eq!(admin.deals(&account).len(), 3);
}

#[test]
fn every_movement_is_replayed() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, other) = (admin.new_account("USD"), admin.new_account("USD"));
    admin.deposit(&account, "100");
    let body = json!({"amount": "10"});
    let ask = |key: &str, path: &str| {
        replays(&server, key, |c| c.post(&format!("/accounts/{account}{path}"), &body)).text_at("id")
    };
    let step = |key: &str, path: &str| replays(&server, key, |c| c.step(path));
    let (settled, returned) = (ask("1", "/deposits"), ask("2", "/deposits"));
    let deal = step("3", &format!("/deposits/{settled}/settle")).text_at("dealId");
    step("4", &format!("/deposits/{returned}/return"));
    let withdrawals: Vec<_> = (5..8).map(|key| ask(&key.to_string(), "/withdrawals")).collect();
    step("8", &format!("/withdrawals/{}/approve", withdrawals[0]));
    step("9", &format!("/withdrawals/{}/pay", withdrawals[0]));
    step("10", &format!("/withdrawals/{}/reject", withdrawals[1]));
    step("11", &format!("/withdrawals/{}/cancel", withdrawals[2]));
    let (captured, released) = (ask("12", "/holds"), ask("13", "/holds"));
    replays(&server, "14", |c| c.post(&format!("/holds/{captured}/capture"), &json!({"amount": 4})));
    step("15", &format!("/holds/{released}/release"));
    let transfer = json!({"fromAccountId": account, "toAccountId": other, "amount": "1"});
    replays(&server, "16", |c| c.post("/transfers", &transfer));
    step("17", &format!("/entries/{deal}/reverse"));
    assert_eq!((admin.balance(&account), admin.available(&account)), ("85.00".into(), "85.00".into()));
    // The same key for another step is a different call.
    let captured = admin.key("14").step(&format!("/holds/{captured}/release"));
    captured.refused("IDEMPOTENCY_CONFLICT");
}

#[test]
fn a_replay_shows_the_object_as_it_was_then() {
    let server = Server::shared();
    let admin = server.admin();
    let open = json!({"profileId": admin.new_profile(), "currency": "USD", "groupId": admin.group("USD", false)});
    let caller = admin.key(&unique("then"));
    let first = caller.post("/accounts", &open).ok();
    let account = first.text_at("account/id");
    admin.deposit(&account, "5");
    admin.put(&format!("/accounts/{account}"), &json!({"maxLeverage": 5})).ok();
    let again = caller.post("/accounts", &open).ok();
    assert_eq!((again.text, again.headers.get("etag").is_some()), (first.text, true));
}

#[test]
fn a_key_stands_for_one_call() {
    let server = Server::start("");
    let admin = server.admin();
    let (one, two) = (admin.new_account("USD"), admin.new_account("USD"));
    let caller = admin.key("once");
    let deposit = |account: &str, body: Value| caller.post(&format!("/accounts/{account}/deposit"), &body);
    deposit(&one, json!({"amount": "5"})).ok();
    let before = server.trace();
    deposit(&one, json!({"amount": "6"})).refused("IDEMPOTENCY_CONFLICT");
    deposit(&one, json!({"amount": "5", "comment": "x"})).refused("IDEMPOTENCY_CONFLICT");
    deposit(&two, json!({"amount": "5"})).refused("IDEMPOTENCY_CONFLICT");
    let other_path = caller.post(&format!("/accounts/{one}/withdraw"), &json!({"amount": "5"}));
    other_path.refused("IDEMPOTENCY_CONFLICT");
    let other_method = caller.delete(&format!("/accounts/{two}"));
    other_method.refused("IDEMPOTENCY_CONFLICT");
    assert_eq!(server.trace(), before);
    assert!(deposit(&one, json!({"amount": "5"})).ok().is_replayed());
}

#[test]
fn a_key_belongs_to_the_operator_whichever_token_is_used() {
    let server = Server::shared();
    let account = server.admin().new_account("USD");
    let deposit = |caller: &Caller<'_>| {
        caller.key("mine").post(&format!("/accounts/{account}/deposit"), &json!({"amount": "5"})).ok()
    };
    let first = deposit(&server.admin());
    let other_token = server.bearer(&server.add_token("dev", &[]).1);
    let again = deposit(&other_token);
    assert!(again.is_replayed() && again.text == first.text);
    let other_operator = deposit(&server.operator("operator", &[]));
    assert!(!other_operator.is_replayed() && other_operator.text != first.text);
    assert_eq!(server.admin().balance(&account), "10.00");
}

#[test]
fn a_failed_attempt_frees_the_key() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let caller = admin.key(&unique("again"));
    let withdraw = format!("/accounts/{account}/withdraw");
    caller.post(&withdraw, &json!({"amount": "5"})).refused("INSUFFICIENT_FUNDS");
    caller.post(&withdraw, &json!({"amount": "zero"})).refused("INVALID_FIELD");
    admin.deposit(&account, "10");
    assert!(!caller.post(&withdraw, &json!({"amount": "5"})).ok().is_replayed());
    assert!(caller.post(&withdraw, &json!({"amount": "5"})).ok().is_replayed());
    assert_eq!(admin.balance(&account), "5.00");
}

#[test]
fn a_replay_needs_the_right_that_the_call_needs() {
    let server = Server::shared();
    let account = server.admin().new_account("USD");
    let path = format!("/accounts/{account}/deposit");
    let key = unique("right");
    server.admin().key(&key).post(&path, &json!({"amount": "5"})).ok();
    let narrow = server.bearer(&server.add_token("dev", &["--scope", "accounts:read"]).1);
    narrow.key(&key).post(&path, &json!({"amount": "5"})).refused("RIGHT_MISSING");
}

#[test]
fn keys_have_1_to_255_characters() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let path = format!("/accounts/{account}/deposit");
    let deposit = |key: &str| admin.key(key).post(&path, &json!({"amount": "1"}));
    let longest = "k".repeat(255);
    assert!(!deposit(&longest).ok().is_replayed());
    assert!(deposit(&longest).ok().is_replayed());
    deposit(&"k".repeat(256)).refused("INVALID_FIELD");
    deposit("").refused("INVALID_FIELD");
    assert!(!deposit(&"k".repeat(254)).ok().is_replayed());
    assert_eq!(admin.balance(&account), "2.00");
}

#[test]
fn calls_that_issue_tokens_and_reads_ignore_the_key() {
    let server = Server::shared();
    let caller = server.admin().key(&unique("token"));
    let profile = server.admin().new_profile_with(&json!({"password": PASSWORD}));
    let email = server.admin().get(&format!("/profiles/{profile}")).ok().text_at("email");
    let begin = || caller.post("/trade/login", &json!({"email": email, "password": PASSWORD})).ok();
    let (first, second) = (begin(), begin());
    assert_ne!(first.text_at("accessToken"), second.text_at("accessToken"));
    assert!(!second.is_replayed());
    for token in [first, second] {
        let introspected = caller.post("/trade/introspect", &json!({"token": token.text_at("accessToken")})).ok();
        assert!(!introspected.is_replayed() && introspected.json()["active"] == true);
    }
    assert!(!caller.get("/account-groups").ok().is_replayed());
}

#[test]
fn keys_outlive_a_crash() {
    let mut server = Server::start("");
    let account = server.admin().new_account("USD");
    let deposit = |server: &Server| {
        server.admin().key("crash").post(&format!("/accounts/{account}/deposit"), &json!({"amount": "5"})).ok()
    };
    let first = deposit(&server);
    server.restart();
    let again = deposit(&server);
    assert!(again.is_replayed() && again.text == first.text);
    assert_eq!(server.admin().balance(&account), "5.00");
}

#[test]
fn two_calls_at_once_under_one_key_are_one() {
    let server = Server::shared();
    let account = server.admin().new_account("USD");
    let path = format!("/accounts/{account}/deposit");
    for round in 0..20 {
        let key = unique("race");
        let replies: Vec<Reply> = thread::scope(|scope| {
            let send = || server.admin().key(&key).post(&path, &json!({"amount": "1"})).ok();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(send)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(replies.iter().filter(|reply| !reply.is_replayed()).count(), 1, "round {round}");
        assert!(replies.iter().all(|reply| reply.text == replies[0].text));
    }
    assert_eq!(server.admin().balance(&account), "20.00");
}

#[test]
fn sixty_four_clients_that_retry_everything_deposit_exactly_once() {
    const CLIENTS: usize = 64;
    const DEPOSITS: usize = 2000;
    /// The first attempt and two retries.
    const TRIES: usize = 3;
    let server = Arc::new(Server::start(""));
    let account = server.admin().new_account("USD");
    let path = format!("/accounts/{account}/deposit");
    let next = AtomicUsize::new(0);
    let applied = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let admin = server.admin();
                loop {
                    // Consecutive attempts run at the same time, mostly in different threads.
                    let attempt = next.fetch_add(1, Ordering::Relaxed);
                    if attempt >= TRIES * DEPOSITS {
                        return;
                    }
                    let number = attempt / TRIES;
                    let amount = format!("{}.{:02}", number % 7, number % 100 + 1).replace(".100", ".99");
                    let reply = admin.key(&format!("deposit-{number}")).post(&path, &json!({"amount": amount})).ok();
                    applied.fetch_add(usize::from(!reply.is_replayed()), Ordering::Relaxed);
                }
            });
        }
    });
    let cents: usize = (0..DEPOSITS).map(|n| n % 7 * 100 + (n % 100 + 1).min(99)).sum();
    assert_eq!(server.admin().balance(&account), format!("{}.{:02}", cents / 100, cents % 100));
    assert_eq!(applied.into_inner(), DEPOSITS);
    assert_eq!(server.trace().0, DEPOSITS as u64);
    let page = server.admin().get(&format!("/accounts/{account}/deals?limit=1000")).ok().json();
    assert_eq!((page["deals"].as_array().unwrap().len(), &page["hasMore"]), (1000, &true.into()));
}
