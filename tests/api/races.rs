//! Many clients who want the same thing at once: exactly one of them gets it.

use super::harness::{Caller, Server};
use serde_json::json;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Rounds of each race: 20 in the short form.
// This is a setting of the tests and not of the program, so its configuration does not know it.
#[allow(clippy::disallowed_methods)]
fn rounds() -> usize {
    std::env::var("BURSAR_RACE_ROUNDS").map_or(20, |text| text.parse().expect("BURSAR_RACE_ROUNDS is a number"))
}

const CLIENTS: usize = 64;

/// Lets all clients post to each of these paths at once; exactly one of them succeeds, the others are told the reason.
#[track_caller]
fn race(server: &Server, paths: &[String], reason: &str) {
    let barrier = Barrier::new(CLIENTS);
    let won: Vec<AtomicUsize> = paths.iter().map(|_| AtomicUsize::new(0)).collect();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let admin = server.admin();
                for (path, won) in paths.iter().zip(&won) {
                    barrier.wait();
                    let reply = admin.step(path);
                    if reply.status == 200 {
                        won.fetch_add(1, Ordering::Relaxed);
                    } else {
                        reply.refused(400, 9, reason);
                    }
                }
            });
        }
    });
    let won: Vec<usize> = won.into_iter().map(AtomicUsize::into_inner).collect();
    assert_eq!(won, vec![1; paths.len()]);
}

/// An account with this much, and one path for each round.
fn prepare(admin: &Caller<'_>, path: impl Fn(&str) -> String) -> (String, Vec<String>) {
    let account = admin.new_account("USD");
    admin.deposit(&account, "100000");
    let paths = (0..rounds()).map(|_| path(&account)).collect();
    (account, paths)
}

#[test]
fn a_hold_is_captured_once() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, paths) = prepare(&admin, |account| format!("/holds/{}/capture", admin.ask(account, "holds", "1")));
    race(&server, &paths, "WRONG_STATE");
    let left = format!("{}.00", 100_000 - rounds());
    assert_eq!((admin.balance(&account), admin.available(&account)), (left.clone(), left));
    server.trace();
}

#[test]
fn a_deposit_is_settled_once() {
    let server = Server::start("");
    let admin = server.admin();
    let ask = |account: &str| format!("/deposits/{}/settle", admin.ask(account, "deposits", "1"));
    let (account, paths) = prepare(&admin, ask);
    race(&server, &paths, "WRONG_STATE");
    assert_eq!(admin.balance(&account), format!("{}.00", 100_000 + rounds()));
    server.trace();
}

#[test]
fn a_withdrawal_is_approved_once_and_paid_once() {
    let server = Server::start("");
    let admin = server.admin();
    let ask = |account: &str| format!("/withdrawals/{}", admin.ask(account, "withdrawals", "1"));
    let (account, paths) = prepare(&admin, ask);
    for step in ["approve", "pay"] {
        let paths: Vec<_> = paths.iter().map(|path| format!("{path}/{step}")).collect();
        race(&server, &paths, "WRONG_STATE");
    }
    let left = format!("{}.00", 100_000 - rounds());
    assert_eq!((admin.balance(&account), admin.available(&account)), (left.clone(), left));
    server.trace();
}

#[test]
fn an_entry_is_reversed_once() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, paths) = prepare(&admin, |account| format!("/entries/{}/reverse", admin.deposit(account, "1")));
    race(&server, &paths, "ALREADY_REVERSED");
    assert_eq!(admin.balance(&account), "100000.00");
    server.trace();
}

#[test]
fn a_hold_is_captured_or_released_but_not_both() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "100000");
    let mut captured = 0;
    for round in 0..rounds() {
        let hold = admin.ask(&account, "holds", "2");
        let won: Vec<bool> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|n| {
                    let (admin, hold) = (admin.clone(), &hold);
                    scope.spawn(move || match n % 2 {
                        0 => admin.post(&format!("/holds/{hold}/capture"), &json!({"amount": "1"})).status == 200,
                        _ => admin.step(&format!("/holds/{hold}/release")).status == 200,
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "round {round}");
        captured += usize::from(won.iter().step_by(2).any(|won| *won));
    }
    let left = format!("{}.00", 100_000 - captured);
    assert_eq!((admin.balance(&account), admin.available(&account)), (left.clone(), left));
    server.trace();
}
