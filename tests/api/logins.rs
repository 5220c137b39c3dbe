//! Guessing passwords: throttled however many guesses run in parallel, without keeping others from logging in.

use super::b2core_access;
use super::harness::{Caller, PASSWORD, Reply, Server, unique, write_private};
use argon2::PasswordHasher;
use serde_json::{Value, json};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// The proxy on this machine forwards the addresses of callers from 10.0.0.0/8.
const BEHIND_A_PROXY: &str =
    "[access]\nallow = [\"10.0.0.0/8\", \"127.0.0.0/8\"]\ntrusted_proxies = [\"127.0.0.0/8\"]\n";

const WRONG: &str = "wrong password";

fn log_in(caller: &Caller<'_>, name: &str, password: &str) -> Reply {
    caller.post("/user/login", &json!({"username": name, "password": password}))
}

/// Runs `call` for each number at once.
fn at_once(count: usize, call: impl Fn(usize) -> Reply + Sync) -> Vec<Reply> {
    let (barrier, call) = (Barrier::new(count), &call);
    thread::scope(|scope| {
        let run = |number| {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                call(number)
            })
        };
        let calls: Vec<_> = (0..count).map(run).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    })
}

/// How many guesses were checked; the others must name the time of the next attempt.
#[track_caller]
fn checked(guesses: Vec<Reply>) -> usize {
    let mut checked = 0;
    for guess in guesses {
        if guess.status == 429 {
            let wait_s: u32 = guess.refused("THROTTLED").header("retry-after").unwrap().parse().unwrap();
            assert!((1..=120).contains(&wait_s), "{wait_s}");
        } else {
            guess.refused("BAD_LOGIN");
            checked += 1;
        }
    }
    checked
}

#[test]
fn parallel_guesses_from_one_address_are_not_all_checked_and_lock_nobody_out_elsewhere() {
    let server = Server::start(BEHIND_A_PROXY);
    server.add_operator("ada", "admin", &[]);
    let anyone = server.anyone();
    let guesses = at_once(64, |_| log_in(&anyone.from("10.0.0.1"), "Ada", WRONG));
    assert_eq!(checked(guesses), 10);
    log_in(&anyone.from("10.0.0.1"), "ada", PASSWORD).refused("THROTTLED");
    log_in(&anyone.from("10.0.0.2"), "ada", PASSWORD).ok();
    // The limits by name count all APIs together.
    let signed_in = anyone.at(&b2core_access::base(&server)).from("10.0.0.1");
    signed_in.post("/signin", &json!({"email": "ada", "password": PASSWORD})).refused_as(429, "too_many_requests");
}

#[test]
fn parallel_guesses_from_many_addresses_are_not_all_checked() {
    let server = Server::start(BEHIND_A_PROXY);
    server.add_operator("ada", "admin", &[]);
    let anyone = server.anyone();
    let guesses = at_once(64, |number| log_in(&anyone.from(&format!("10.0.1.{number}")), "ada", WRONG));
    assert_eq!(checked(guesses), 30);
    server.advance(60);
    log_in(&anyone.from("10.0.2.1"), "ada", PASSWORD).ok();
}

#[test]
fn an_address_that_tries_many_names_runs_out_of_tries() {
    let server = Server::start(BEHIND_A_PROXY);
    server.add_operator("ada", "admin", &[]);
    let anyone = server.anyone();
    let guesses = at_once(70, |number| log_in(&anyone.from("10.0.0.1"), &format!("name{number}"), WRONG));
    // Those that found the queue full were not checked and do not count.
    let (busy, others): (Vec<_>, Vec<_>) = guesses.into_iter().partition(|guess| guess.status == 503);
    let at_first = checked(others);
    let later = (busy.len()..70).map(|number| log_in(&anyone.from("10.0.0.1"), &format!("later{number}"), WRONG));
    assert_eq!(at_first + checked(later.collect()), 50);
    log_in(&anyone.from("10.0.0.1"), "ada", PASSWORD).refused("THROTTLED");
    log_in(&anyone.from("10.0.0.2"), "ada", PASSWORD).ok();
}

#[test]
fn an_unknown_name_counts_like_a_known_one() {
    let server = Server::start(BEHIND_A_PROXY);
    server.add_operator("ada", "admin", &[]);
    server.add_operator("gone", "admin", &[]);
    server.command(&["operator", "disable", "gone"]);
    let admin = server.admin().from("10.0.9.9");
    let email = format!("{}@example.com", unique("known"));
    admin.post("/profiles", &json!({"email": email, "password": PASSWORD})).ok();
    let answers = |guess: &dyn Fn() -> Reply| -> Vec<(u16, Value)> {
        let status_and_details = |reply: Reply| (reply.status, reply.json()["details"].clone());
        (0..12)
            .map(|_| status_and_details(guess()))
            .map(|(status, details)| (status, details[0]["reason"].clone()))
            .collect()
    };
    let of_name = |name: &str, from: &str| answers(&|| log_in(&server.anyone().from(from), name, WRONG));
    let known = of_name("ada", "10.0.0.1");
    assert_eq!((known[9].0, known[10].0), (401, 429));
    assert_eq!(of_name("nobody", "10.0.0.2"), known);
    assert_eq!(of_name("gone", "10.0.0.3"), known);
    let of_client = |email: &str| answers(&|| admin.post("/trade/login", &json!({"email": email, "password": WRONG})));
    assert_eq!(of_client(&email), known);
    assert_eq!(of_client("nobody@example.com"), known);
}

#[test]
fn a_right_password_costs_no_try() {
    let server = Server::start(BEHIND_A_PROXY);
    server.add_operator("ada", "viewer", &[]);
    let caller = server.anyone().from("10.0.0.1");
    for _ in 0..2 {
        (0..9).for_each(|_| drop(log_in(&caller, "ada", WRONG).refused("BAD_LOGIN")));
        log_in(&caller, "ada", PASSWORD).ok();
    }
    (0..12).for_each(|_| drop(log_in(&caller, "ada", PASSWORD).ok()));
    // Parallel logins with the right password.
    at_once(10, |_| log_in(&caller, "ada", PASSWORD)).into_iter().for_each(|reply| drop(reply.ok()));
}

#[test]
fn a_page_of_another_site_cannot_send_a_login() {
    let server = Server::shared();
    let login = json!({"username": "nobody", "password": WRONG}).to_string();
    let session = json!({"email": "nobody@example.com", "password": WRONG}).to_string();
    for declared in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("multipart/form-data")] {
        let send =
            |caller: Caller<'_>, path: &str, body: &str| caller.send("POST", path, declared, Some(body.as_bytes()));
        let refused = send(server.anyone(), "/user/login", &login).refused("WRONG_CONTENT_TYPE");
        assert_eq!(refused.status, 415);
        send(server.admin(), "/trade/login", &session).refused("WRONG_CONTENT_TYPE");
        // Programs of B2Core need not declare a body; browsers, which name their page, must.
        let page = b2core_access::anyone(&server).with("Origin", "https://evil.example");
        let sign_in = session.clone();
        send(page.clone(), "/signin", &sign_in).refused_as(415, "validation_failed");
        send(page, "/refresh", r#"{"refreshToken":"x"}"#).refused_as(415, "validation_failed");
    }
    let declared = Some("application/json; charset=utf-8");
    server.anyone().send("POST", "/user/login", declared, Some(login.as_bytes())).refused("BAD_LOGIN");
}

#[test]
fn a_flood_of_end_users_does_not_keep_operators_waiting() {
    let server = Server::start("");
    server.add_operator("ada", "viewer", &[]);
    let admin = server.admin();
    let (is_over, busy, checked) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for number in 0..80 {
            let (admin, is_over, busy, checked) = (&admin, &is_over, &busy, &checked);
            scope.spawn(move || {
                for round in (0..).take_while(|_| !is_over.load(Ordering::Relaxed)) {
                    let body = json!({"email": format!("{number}-{round}@example.com"), "password": WRONG});
                    let reply = admin.post("/trade/login", &body);
                    match reply.status {
                        503 => {
                            assert_eq!(reply.header("retry-after"), Some("1"));
                            busy.fetch_add(1, Ordering::Relaxed)
                        }
                        _ => {
                            reply.refused("BAD_LOGIN");
                            checked.fetch_add(1, Ordering::Relaxed)
                        }
                    };
                }
            });
        }
        let outcome = thread::scope(|inner| {
            inner
                .spawn(|| {
                    while busy.load(Ordering::Relaxed) < 100 || checked.load(Ordering::Relaxed) < 20 {
                        thread::yield_now();
                    }
                    (0..10).for_each(|_| drop(log_in(&server.anyone(), "ada", PASSWORD).ok()));
                    // A password can be set, too: logins leave room in the queue.
                    let email = format!("{}@example.com", unique("new"));
                    admin.post("/profiles", &json!({"email": email, "password": PASSWORD})).ok();
                })
                .join()
        });
        is_over.store(true, Ordering::Relaxed);
        outcome.unwrap();
    });
}

#[test]
fn hashing_takes_bounded_memory_and_keeps_little() {
    let server = Server::start("");
    let anyone = server.anyone();
    let rss_kib = || -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    log_in(&anyone, "nobody", WRONG).refused("BAD_LOGIN");
    let before = rss_kib();
    for round in 0..3 {
        at_once(64, |number| log_in(&anyone, &format!("nobody{round}-{number}"), WRONG));
        server.advance(3600);
    }
    // One more buffer of 19 MiB for operators, and what a burst leaves in the allocator.
    let grown = rss_kib().saturating_sub(before) / 1024;
    assert!(grown < 80, "{grown} MiB");
}

#[test]
fn a_password_matches_however_the_keyboard_composes_it() {
    // U+00E9, or e with U+0301; an ideographic space, or an ASCII one.
    let (composed, decomposed) = ("caf\u{e9}\u{3000}cr\u{e8}me", "cafe\u{301} cre\u{300}me");
    let mut server = Server::start("");
    for (name, password) in [("composed", composed), ("decomposed", decomposed)] {
        let file = format!("{name}-password");
        write_private(&server.home().join(&file), password);
        server.command(&["operator", "add", name, "--role", "viewer", "--password-file", &file]);
        let email = format!("{name}@example.com");
        server.admin().post("/profiles", &json!({"email": email, "password": password})).ok();
        for typed in [composed, decomposed] {
            log_in(&server.anyone(), name, typed).ok();
            server.admin().post("/trade/login", &json!({"email": email, "password": typed})).ok();
        }
        log_in(&server.anyone(), name, "cafe creme").refused("BAD_LOGIN");
    }
    // A hash that an earlier version made of the password as it was typed.
    let old = argon2::Argon2::default().hash_password_with_salt(decomposed.as_bytes(), &[7; 16]).unwrap();
    server.restart_after(|file| {
        let connection = rusqlite::Connection::open(file).unwrap();
        let changed =
            connection.execute("UPDATE principals SET password_hash = ? WHERE name = 'composed'", [old.to_string()]);
        assert_eq!(changed.unwrap(), 1);
    });
    log_in(&server.anyone(), "composed", decomposed).ok();
    log_in(&server.anyone(), "composed", composed).refused("BAD_LOGIN");
    for wrong in ["caf\u{e9}\u{7}creme", "e\u{301}e\u{301}e\u{301}e\u{301}", &"e\u{301}".repeat(201)] {
        let body = json!({"email": "other@example.com", "password": wrong});
        let reply = server.admin().post("/profiles", &body);
        assert_eq!(reply.status, 400, "{}", reply.text);
        assert_eq!(reply.field(), "password");
    }
}
