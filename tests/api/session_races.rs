//! A login that races with the loss of access leaves no access: checking a password takes long enough for a race.

use super::harness::{Caller, PASSWORD, Reply, Server, unique, write_private};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;

/// Rounds of each race. A password check takes tens of milliseconds; each round removes access at another moment.
const ROUNDS: usize = 12;
/// Concurrent logins.
const LOGINS: usize = 3;

/// Runs logins while `lose` removes access; returns the answers to the logins.
fn log_in_while(admin: &Caller<'_>, email: &str, round: usize, lose: impl Fn() -> Reply + Sync) -> Vec<Reply> {
    let barrier = Barrier::new(LOGINS + 1);
    let body = json!({"email": email, "password": PASSWORD});
    thread::scope(|scope| {
        let logins: Vec<_> = (0..LOGINS)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    admin.post("/trade/login", &body)
                })
            })
            .collect();
        barrier.wait();
        // Calls take some milliseconds, so the moment differs in each round.
        for _ in 0..round {
            admin.get("/account-groups").ok();
        }
        lose().ok();
        logins.into_iter().map(|login| login.join().unwrap()).collect()
    })
}

/// The introspection of the issued tokens.
fn introspected(admin: &Caller<'_>, logins: &[Reply]) -> Vec<Value> {
    let tokens = logins.iter().filter(|login| login.status == 200).map(|login| login.text_at("accessToken"));
    tokens.map(|token| admin.post("/trade/introspect", &json!({"token": token})).ok().json()).collect()
}

#[test]
fn no_session_outlives_what_ends_sessions() {
    let server = Server::start("");
    let admin = server.admin();
    let (mut issued, mut refused) = (0, 0);
    for round in 0..ROUNDS * 3 {
        let email = format!("{}@example.com", unique("racer"));
        let fields = json!({"email": email, "password": PASSWORD});
        let profile = admin.post("/profiles", &fields).ok().text_at("id");
        let logins = log_in_while(&admin, &email, round / 3, || match round % 3 {
            0 => admin.put("/profiles/change-password", &json!({"id": profile, "newPassword": "battery staple"})),
            1 => admin.step(&format!("/profiles/{profile}/deceased")),
            _ => admin.step(&format!("/profiles/{profile}/archive")),
        });
        let tokens = introspected(&admin, &logins);
        issued += tokens.len();
        refused += LOGINS - tokens.len();
        assert!(tokens.iter().all(|token| token["active"] == false), "round {round}: {tokens:?}");
        assert!(logins.iter().all(|login| matches!(login.status, 200 | 400 | 401)), "round {round}: {logins:?}");
    }
    println!("{issued} sessions were begun and ended, {refused} refused");
    assert!(refused > 0, "every login came first, so no race was tried");
}

#[test]
fn no_session_names_an_account_that_was_lost_meanwhile() {
    let server = Server::start("");
    let admin = server.admin();
    let other = admin.new_profile();
    for round in 0..ROUNDS * 3 {
        let email = format!("{}@example.com", unique("racer"));
        let fields = json!({"email": email, "password": PASSWORD});
        let profile = admin.post("/profiles", &fields).ok().text_at("id");
        let kept = admin.new_account_of(&profile, "EUR");
        let lost = admin.new_account_of(if round % 3 == 2 { &other } else { &profile }, "USD");
        if round % 3 == 2 {
            let owner = json!({"profileId": profile, "access": "FULL"});
            admin.post(&format!("/accounts/{lost}/owners"), &owner).ok();
        }
        let logins = log_in_while(&admin, &email, round / 3, || match round % 3 {
            0 => admin.put(&format!("/accounts/{lost}"), &json!({"status": "TRADE_STATUS_DISABLED"})),
            1 => admin.delete(&format!("/accounts/{lost}")),
            _ => admin.put(&format!("/accounts/{lost}/owners/{profile}"), &json!({"access": "READ"})),
        });
        for token in introspected(&admin, &logins) {
            assert!(token["active"] == false || token["accounts"] == json!([kept]), "round {round}: {token}");
        }
        assert!(logins.iter().all(|login| login.status == 200), "round {round}: {logins:?}");
    }
}

#[test]
fn no_login_outlives_its_operator_or_its_password() {
    let server = Server::start("");
    let (mut issued, mut refused) = (0, 0);
    for round in 0..6 {
        let name = unique("racer");
        server.add_operator(&name, "operator", &[]);
        // The wrong passwords of the previous round are forgotten.
        server.advance(3600);
        let is_done = AtomicBool::new(false);
        let body = json!({"username": name, "password": PASSWORD});
        let (login, logged_in) = mpsc::channel();
        let tokens: Vec<String> = thread::scope(|scope| {
            let logins: Vec<_> = (0..LOGINS)
                .map(|_| {
                    let (server, body, is_done, login_done) = (&server, &body, &is_done, login.clone());
                    scope.spawn(move || {
                        let mut tokens = Vec::new();
                        while !is_done.load(Ordering::Acquire) {
                            let login = server.anyone().post("/user/login", body);
                            if login.status != 200 {
                                assert!(matches!(login.status, 401 | 429), "{login:?}");
                                break;
                            }
                            tokens.push(login.text_at("token"));
                            login_done.send(()).unwrap();
                            // So that the server caches the caller.
                            server.bearer(tokens.last().unwrap()).get("/account-groups");
                        }
                        tokens
                    })
                })
                .collect();
            drop(login);
            logged_in.recv().unwrap();
            if round % 2 == 0 {
                server.command(&["operator", "disable", &name]);
            } else {
                write_private(&server.home().join("new-password"), "battery staple");
                server.command(&["operator", "reset-password", &name, "--password-file", "new-password"]);
            }
            is_done.store(true, Ordering::Release);
            logins.into_iter().flat_map(|login| login.join().unwrap()).collect()
        });
        issued += tokens.len();
        for token in &tokens {
            server.bearer(token).get("/account-groups").refused("TOKEN_REVOKED");
        }
        refused += usize::from(server.anyone().post("/user/login", &body).status != 200);
    }
    println!("{issued} tokens were issued and taken back");
    assert!(issued >= 6 && refused == 6, "{issued} tokens, {refused} refusals");
}
