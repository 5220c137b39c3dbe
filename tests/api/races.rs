//! Many clients compete for the same thing: exactly one gets it.

use super::harness::{Caller, Reply, Server};
use serde_json::{Value, json};
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

/// Rounds of each race: 24 in the short form.
// A setting of the tests rather than the program, so its configuration does not include it.
#[allow(clippy::disallowed_methods)]
fn rounds() -> usize {
    std::env::var("BURSAR_RACE_ROUNDS").map_or(24, |text| text.parse().expect("BURSAR_RACE_ROUNDS is a number"))
}

/// Concurrent clients, over persistent connections.
const CLIENTS: usize = 64;
/// Clients that compete for the same thing; this many rounds run at once.
const RIVALS: usize = 8;

/// The request of one client in one round: caller, path, body.
type Shot<'a> = (Caller<'a>, String, Value);

/// Runs all rounds. `shot` returns the request of the n-th rival in a round. Returns the answers of each round, by
/// rival.
fn race<'a>(what: &str, rounds: usize, shot: impl Fn(usize, usize) -> Shot<'a> + Sync) -> Vec<Vec<Reply>> {
    let (barrier, began) = (Barrier::new(CLIENTS), Instant::now());
    let lanes = CLIENTS / RIVALS;
    let mut answers: Vec<Vec<Reply>> = (0..rounds).map(|_| Vec::with_capacity(RIVALS)).collect();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (barrier, shot) = (&barrier, &shot);
                scope.spawn(move || {
                    let (lane, rival) = (client % lanes, client / lanes);
                    let mut replies = Vec::new();
                    for first in (0..rounds).step_by(lanes) {
                        let shot = (first + lane < rounds).then(|| shot(first + lane, rival));
                        barrier.wait();
                        if let Some((caller, path, body)) = shot {
                            replies.push((first + lane, caller.post(&path, &body)));
                        }
                    }
                    replies
                })
            })
            .collect();
        for client in clients {
            for (round, reply) in client.join().unwrap() {
                answers[round].push(reply);
            }
        }
    });
    println!("{what}: {rounds} rounds, {RIVALS} of {CLIENTS} clients each, {:.1?}", began.elapsed());
    answers
}

/// Asserts that exactly one rival per round succeeded and the others got this reason. Returns the winners.
#[track_caller]
fn one_each(answers: Vec<Vec<Reply>>, reason: &str) -> Vec<usize> {
    let mut winners = Vec::new();
    for (round, replies) in answers.into_iter().enumerate() {
        let won: Vec<_> = (0..replies.len()).filter(|&rival| replies[rival].status == 200).collect();
        assert_eq!(won.len(), 1, "round {round}: {replies:?}");
        for reply in replies.into_iter().filter(|reply| reply.status != 200) {
            reply.refused(reason);
        }
        winners.push(won[0]);
    }
    winners
}

/// Creates one object per round, with a few clients at once.
fn prepare(rounds: usize, make: impl Fn(usize) -> String + Sync) -> Vec<String> {
    let mut made = vec![String::new(); rounds];
    thread::scope(|scope| {
        for (part, things) in made.chunks_mut(rounds.div_ceil(8)).enumerate() {
            let make = &make;
            scope.spawn(move || {
                for (n, thing) in things.iter_mut().enumerate() {
                    *thing = make(part * rounds.div_ceil(8) + n);
                }
            });
        }
    });
    made
}

/// An account with enough money.
fn rich(admin: &Caller<'_>) -> String {
    let account = admin.new_account("USD");
    admin.deposit(&account, "100000");
    account
}

#[track_caller]
fn assert_left(admin: &Caller<'_>, account: &str, left: usize) {
    let left = format!("{left}.00");
    assert_eq!((admin.balance(account), admin.available(account)), (left.clone(), left));
}

#[test]
fn a_hold_is_captured_once() {
    let server = Server::start("");
    let admin = server.admin();
    let account = rich(&admin);
    let holds = prepare(rounds(), |_| admin.ask(&account, "holds", "1"));
    let answers =
        race("capture", rounds(), |round, _| (admin.clone(), format!("/holds/{}/capture", holds[round]), json!({})));
    one_each(answers, "WRONG_STATE");
    assert_left(&admin, &account, 100_000 - rounds());
    server.trace();
}

#[test]
fn a_deposit_is_settled_or_returned_once() {
    let server = Server::start("");
    let admin = server.admin();
    let account = rich(&admin);
    let deposits = prepare(rounds(), |_| admin.ask(&account, "deposits", "1"));
    let steps = ["settle", "settle", "return", "settle", "return", "settle", "settle", "settle"];
    let answers = race("settle or return", rounds(), |round, rival| {
        (admin.clone(), format!("/deposits/{}/{}", deposits[round], steps[rival]), json!({}))
    });
    let settled = one_each(answers, "WRONG_STATE").into_iter().filter(|rival| steps[*rival] == "settle").count();
    assert_left(&admin, &account, 100_000 + settled);
    server.trace();
}

/// Two checkers approve withdrawals of a third operator, which are then paid or cancelled.
#[test]
fn a_withdrawal_is_approved_once_and_paid_or_cancelled_once() {
    let server = Server::start("");
    server.set_rules("requires_approval = true");
    let admin = server.admin();
    let account = rich(&admin);
    let withdrawals = prepare(rounds(), |_| admin.ask(&account, "withdrawals", "1"));
    server.add_operator("checker", "operator", &[]);
    let checkers = [server.operator("operator", &[]), server.bearer(&server.add_token("checker", &[]).1)];
    let answers = race("approve", rounds(), |round, rival| {
        (checkers[rival % 2].clone(), format!("/withdrawals/{}/approve", withdrawals[round]), json!({}))
    });
    one_each(answers, "WRONG_STATE");
    let steps = ["pay", "pay", "cancel", "pay", "reject", "pay", "cancel", "pay"];
    let answers = race("pay or cancel", rounds(), |round, rival| {
        (checkers[rival % 2].clone(), format!("/withdrawals/{}/{}", withdrawals[round], steps[rival]), json!({}))
    });
    let paid = one_each(answers, "WRONG_STATE").into_iter().filter(|rival| steps[*rival] == "pay").count();
    assert_left(&admin, &account, 100_000 - paid);
    server.trace();
}

#[test]
fn an_entry_is_reversed_once() {
    let server = Server::start("");
    let admin = server.admin();
    let account = rich(&admin);
    let deals = prepare(rounds(), |_| admin.deposit(&account, "1"));
    let answers =
        race("reverse", rounds(), |round, _| (admin.clone(), format!("/entries/{}/reverse", deals[round]), json!({})));
    one_each(answers, "ALREADY_REVERSED");
    assert_left(&admin, &account, 100_000);
    server.trace();
}

/// A hold expires while it is captured and released.
#[test]
fn a_hold_is_captured_or_released_or_expires() {
    let server = Server::start("");
    let admin = server.admin();
    let account = rich(&admin);
    let begins = server.advance(0);
    // Rounds that run at once share one expiry time.
    let time_of =
        |round: usize| begins.plus_s(600 * (1 + i64::try_from(round / (CLIENTS / RIVALS)).unwrap())).to_string();
    let holds = prepare(rounds(), |round| {
        let body = json!({"amount": "2", "expiresAt": time_of(round)});
        admin.post(&format!("/accounts/{account}/holds"), &body).ok().text_at("id")
    });
    let answers = race("capture, release or expiry", rounds(), |round, rival| match rival {
        0 | 3 | 5 => (admin.clone(), format!("/holds/{}/capture", holds[round]), json!({"amount": "1"})),
        7 => (admin.clone(), "/sandbox/clock".into(), json!({"set": time_of(round)})),
        _ => (admin.clone(), format!("/holds/{}/release", holds[round]), json!({})),
    });
    let (mut captured, mut expired) = (0, 0);
    for (hold, replies) in holds.iter().zip(answers) {
        let won: Vec<_> = (0..7).filter(|&rival| replies[rival].status == 200).collect();
        let state = admin.get(&format!("/holds/{hold}")).ok().text_at("state");
        match (&won[..], state.as_str()) {
            ([0 | 3 | 5], "POSTED") => captured += 1,
            ([_], "VOIDED") => {}
            ([], "EXPIRED") => expired += 1,
            _ => panic!("{state}: {replies:?}"),
        }
    }
    println!("{captured} were captured, {expired} expired");
    assert_left(&admin, &account, 100_000 - captured);
    server.trace();
}

/// A closing account takes no deposit, and an account with money is not archived.
#[test]
fn an_account_closes_or_takes_deposits() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    let accounts = prepare(rounds(), |_| admin.new_account_of(&profile, "USD"));
    let answers = race("close or deposit", rounds(), |round, rival| {
        let account = &accounts[round];
        match rival % 2 {
            0 => (admin.clone(), format!("/accounts/{account}/deposit"), json!({"amount": "1"})),
            _ => (admin.clone(), format!("/accounts/{account}/close"), json!({})),
        }
    });
    for (account, replies) in accounts.iter().zip(answers) {
        let deposited = replies.iter().step_by(2).filter(|reply| reply.status == 200).count();
        assert!(replies.iter().skip(1).step_by(2).any(|reply| reply.status == 200), "{replies:?}");
        let reason = if deposited == 0 { "ACCOUNT_ARCHIVED" } else { "ACCOUNT_CLOSING" };
        for reply in replies.into_iter().filter(|reply| reply.status != 200) {
            reply.refused(reason);
        }
        let is_archived = admin.get(&format!("/accounts/{account}")).ok().json()["archivedAt"].is_string();
        assert_eq!((is_archived, admin.deals(account).len()), (deposited == 0, deposited));
        assert_left(&admin, account, deposited);
    }
    server.trace();
}
