//! Deliveries to receivers that fail, hang, redirect, answer without an end or move into a private network, through
//! crashes and restores.

use super::harness::{Caller, PATIENCE, Server};
use super::receivers::{Answer, Got, Receiver};
use super::webhooks::{await_deliveries, hook, last_seq};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The events of a type, by the list.
fn listed(server: &Server, kind: &str) -> Vec<i64> {
    listed_after(server, 0, kind)
}

fn listed_after(server: &Server, after: i64, kind: &str) -> Vec<i64> {
    let page = server.admin().get(&format!("/events?after={after}&types={kind}&limit=1000")).ok().json();
    let events = page["events"].as_array().unwrap();
    events.iter().map(|event| event["seq"].as_str().unwrap().parse().unwrap()).collect()
}

/// Numbers without those that repeat the one before.
fn without_repetitions(mut numbers: Vec<i64>) -> Vec<i64> {
    numbers.dedup();
    numbers
}

#[test]
fn a_receiver_that_fails_gets_every_event_in_order_afterwards_across_a_crash() {
    let mut server = Server::start("");
    let receiver = Receiver::start(Answer::Status(200));
    let (id, _) = hook(&server.admin(), &receiver, &["profile.created"]);
    let makes = |server: &Server, count: usize| (0..count).for_each(|_| drop(server.admin().new_profile()));
    makes(&server, 5);
    receiver.await_count(5);
    receiver.answer(Answer::Status(503));
    makes(&server, 5);
    receiver.await_count(6);
    // Five minutes of the clock: it is tried again and again, always with the same event.
    for _ in 0..3 {
        let before = receiver.got().len();
        server.advance(100);
        makes(&server, 3);
        receiver.await_count(before + 1);
    }
    let tried = receiver.seqs().split_off(5);
    assert_eq!(tried.iter().collect::<BTreeSet<_>>().len(), 1, "nothing overtakes what failed: {tried:?}");
    let before = receiver.got().len();
    server.restart();
    makes(&server, 5);
    receiver.await_count(before + 1);
    let pending = await_deliveries(&server.admin(), &id, "PENDING", 1);
    assert_eq!((pending.len(), &pending[0]["attempts"][0]["status"]), (1, &json!(503)));
    assert_eq!(pending[0]["eventSeq"], tried[0].to_string());
    receiver.answer(Answer::Status(200));
    server.advance(3600);
    let all = listed(&server, "profile.created");
    receiver.await_seq(*all.last().unwrap());
    assert_eq!(without_repetitions(receiver.seqs()), all);
    // Killed while it sends: what was not stored as delivered comes again, and nothing is missing.
    makes(&server, 20);
    let so_far = receiver.got().len();
    receiver.await_count(so_far.max(all.len() + 3));
    server.restart();
    let all = listed(&server, "profile.created");
    receiver.await_seq(*all.last().unwrap());
    let got = receiver.seqs();
    assert_eq!(got.iter().copied().collect::<BTreeSet<_>>(), all.iter().copied().collect());
    let mut seen = BTreeSet::new();
    let in_order: Vec<i64> = got.into_iter().filter(|seq| seen.insert(*seq)).collect();
    assert_eq!(in_order, all);
}

#[test]
fn a_receiver_that_hangs_delays_neither_others_nor_callers() {
    let server = Server::start("");
    let admin = server.admin();
    let hanging: Vec<Receiver> = (0..5).map(|_| Receiver::start(Answer::Silence)).collect();
    let hooks: Vec<String> = hanging.iter().map(|receiver| hook(&admin, receiver, &["profile.*"]).0).collect();
    let quick = Receiver::start(Answer::Status(200));
    hook(&admin, &quick, &["profile.*"]);
    admin.new_profile();
    hanging.iter().for_each(|receiver| drop(receiver.await_count(1)));
    let start = Instant::now();
    for _ in 0..50 {
        admin.new_profile();
    }
    quick.await_seq(last_seq(&admin));
    // All of it while the others hang.
    assert!(start.elapsed() < Duration::from_secs(9), "{:?}", start.elapsed());
    assert!(hanging.iter().all(|receiver| receiver.got().len() == 1));
    // They are given up after ten seconds, and tried again.
    let failed = await_deliveries(&admin, &hooks[0], "PENDING", 1);
    assert_eq!(
        (&failed[0]["attempts"][0]["status"], &failed[0]["attempts"][0]["error"]),
        (&Value::Null, &json!("no answer in time"))
    );
    assert!(failed[0]["attempts"][0]["durationMs"].as_u64().unwrap() >= 9_900);
}

#[test]
fn redirects_are_not_followed_and_endless_answers_are_cut_off() {
    let server = Server::start("");
    let admin = server.admin();
    let target = Receiver::start(Answer::Status(200));
    let redirecting = Receiver::start(Answer::Redirect(target.url()));
    let (id, _) = hook(&admin, &redirecting, &["profile.created"]);
    let endless = Receiver::start(Answer::Endless);
    let (drowned, _) = hook(&admin, &endless, &["profile.created"]);
    admin.new_profile();
    let failed = await_deliveries(&admin, &id, "PENDING", 1);
    assert_eq!(failed[0]["attempts"][0]["status"], 307);
    assert_eq!(target.got().len(), 0);
    // The status says that the receiver has it; of the rest little is read.
    await_deliveries(&admin, &drowned, "DELIVERED", 1);
    admin.new_profile();
    await_deliveries(&admin, &drowned, "DELIVERED", 2);
    assert!(endless.written() < 64 << 20, "{}", endless.written());
}

/// The error of the first attempt to send a test to this address.
#[track_caller]
fn error_of(admin: &Caller<'_>, url: &str) -> String {
    let id = admin.post("/webhooks", &json!({"url": url})).ok().text_at("id");
    admin.step(&format!("/webhooks/{id}/test")).ok();
    await_deliveries(admin, &id, "FAILED", 1)[0]["attempts"][0]["error"].as_str().unwrap().to_owned()
}

const NOT_PUBLIC: &str = "the receiver is not in a public network";

#[test]
fn nothing_is_sent_into_private_networks() {
    let production = Server::production();
    let receiver = Receiver::start(Answer::Status(200));
    let port = receiver.port();
    let token = production.add_token("dev", &[]).1;
    let admin = production.bearer(&token);
    for host in [
        "127.0.0.1",
        "localhost",
        "127.1",
        "0x7f000001",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "10.0.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "[fd00::1]",
        "[fe80::1]",
    ] {
        assert_eq!(error_of(&admin, &format!("http://{host}:{port}/")), NOT_PUBLIC, "{host}");
    }
    assert_eq!(receiver.got().len(), 0);
    // For development, this machine is allowed, and nothing else.
    let dev = Server::start("");
    assert_eq!(error_of(&dev.admin(), "http://10.0.0.1:9/"), NOT_PUBLIC);
    let id = dev.admin().post("/webhooks", &json!({"url": format!("http://localhost:{port}/")})).ok().text_at("id");
    dev.admin().step(&format!("/webhooks/{id}/test")).ok();
    receiver.await_count(1);
    let open = Server::start("[webhooks]\nallow_private = true\ntimeout_ms = 100\n");
    assert_ne!(error_of(&open.admin(), "http://10.0.0.1:9/"), NOT_PUBLIC);
}

#[test]
fn a_dead_receiver_pauses_its_webhook_with_an_alert() {
    let server = Server::start("[webhooks]\ndead_after_hours = 5\n");
    let admin = server.admin();
    let receiver = Receiver::start(Answer::Status(500));
    let (id, _) = hook(&admin, &receiver, &["profile.created"]);
    admin.new_profile();
    let alerts = || admin.get("/platform/alerts").ok().json()["alerts"].as_array().unwrap().clone();
    let is_enabled = || admin.get(&format!("/webhooks/{id}")).ok().json()["enabled"] == true;
    let end = Instant::now() + PATIENCE;
    receiver.await_count(1);
    let mut hours = 0;
    while is_enabled() {
        assert!(Instant::now() < end, "it is not paused");
        let before = receiver.got().len();
        server.advance(3600);
        hours += 1;
        // That is long enough for one more attempt.
        while receiver.got().len() == before && is_enabled() && Instant::now() < end {
            std::thread::yield_now();
        }
    }
    assert!(hours >= 5, "paused too early, after {hours} hours");
    let alert = alerts().into_iter().find(|alert| alert["kind"] == "webhook_failing").expect("an alert");
    assert_eq!((&alert["subject"], &alert["resolvedAt"]), (&json!(id), &Value::Null));
    assert!(admin.get(&format!("/webhooks/{id}")).ok().json()["pausedAt"].is_string());
    // Once enabled, it goes on where it stopped, and the alert is settled.
    receiver.answer(Answer::Status(200));
    admin.new_profile();
    let before = receiver.got().len();
    let enabled = admin.put(&format!("/webhooks/{id}"), &json!({"enabled": true})).ok().json();
    assert_eq!(enabled["pausedAt"], Value::Null);
    assert_eq!(alerts(), [] as [Value; 0]);
    receiver.await_count(before + 2);
    assert_eq!(without_repetitions(receiver.seqs()), listed(&server, "profile.created"));
}

#[test]
fn a_disabled_operator_gets_no_more_events() {
    let server = Server::start("");
    let (admin, leaver) = (server.admin(), server.operator("admin", &["leaver"]));
    let receiver = Receiver::start(Answer::Status(200));
    let (id, _) = hook(&leaver, &receiver, &["profile.created"]);
    admin.new_profile_with(&json!({"tags": ["leaver"]}));
    receiver.await_count(1);
    server.command(&["operator", "disable", "admin-leaver"]);
    let end = Instant::now() + PATIENCE;
    while admin.get(&format!("/webhooks/{id}")).ok().json()["pausedAt"].is_null() {
        assert!(Instant::now() < end, "it is not paused");
    }
    admin.new_profile_with(&json!({"tags": ["leaver"]}));
    let alert = admin.get("/platform/alerts").ok().json()["alerts"][0].clone();
    assert_eq!(alert["detail"]["reason"], "its maker was disabled");
    // Whoever enables it, answers for it, and loses nothing.
    admin.put(&format!("/webhooks/{id}"), &json!({"enabled": true})).ok();
    receiver.await_count(2);
    assert_eq!(receiver.seqs(), listed(&server, "profile.created"));
}

#[test]
fn a_disabled_operator_gets_no_events_however_many_there_are() {
    let server = Server::start("");
    let (admin, leaver) = (server.admin(), server.operator("admin", &["leaver"]));
    let receiver = Receiver::start(Answer::Status(200));
    let (id, _) = hook(&leaver, &receiver, &["profile.created"]);
    admin.new_profile_with(&json!({"tags": ["leaver"]}));
    receiver.await_count(1);
    server.command(&["operator", "disable", "admin-leaver"]);
    // Events never stop coming, and the pause comes all the same.
    let end = Instant::now() + PATIENCE;
    while admin.get(&format!("/webhooks/{id}")).ok().json()["pausedAt"].is_null() {
        assert!(Instant::now() < end, "it is not paused");
        admin.new_profile_with(&json!({"tags": ["leaver"]}));
    }
    assert_eq!(receiver.got().len(), 1);
}

#[test]
fn a_change_counts_for_the_next_event() {
    let server = Server::start("");
    let admin = server.admin();
    let (first, second) = (Receiver::start(Answer::Status(200)), Receiver::start(Answer::Status(200)));
    let (id, _) = hook(&admin, &first, &["profile.*"]);
    for _ in 0..5 {
        admin.put(&format!("/webhooks/{id}"), &json!({"url": second.url(), "types": ["account.*"]})).ok();
        admin.new_profile();
        admin.put(&format!("/webhooks/{id}"), &json!({"types": ["profile.*"]})).ok();
        admin.new_profile();
        let widened = last_seq(&admin);
        second.await_seq(widened);
        admin.put(&format!("/webhooks/{id}"), &json!({"url": first.url()})).ok();
        admin.new_profile();
        first.await_seq(last_seq(&admin));
    }
    // Each round: one that no setting of its time wanted, one for the second receiver, one for the first. The second
    // one gets the first, too, if it was not passed over by the time of the change.
    let all = listed(&server, "profile.created");
    let of_round = |place: usize| all.iter().skip(place).step_by(3).copied().collect::<Vec<_>>();
    assert_eq!(without_repetitions(first.seqs()), of_round(2));
    let of_second = second.seqs();
    assert!(of_round(1).iter().all(|seq| of_second.contains(seq)), "{of_second:?} of {all:?}");
    assert!(of_round(2).iter().all(|seq| !of_second.contains(seq)), "{of_second:?} of {all:?}");
    admin.delete(&format!("/webhooks/{id}")).ok();
    admin.new_profile();
    hook(&admin, &second, &["profile.created"]);
    admin.new_profile();
    second.await_seq(last_seq(&admin));
    assert_eq!(without_repetitions(first.seqs()), of_round(2), "nothing is sent once it is deleted");
}

#[test]
fn deliveries_rest_after_a_restore_until_it_is_resumed() {
    let mut server = Server::start("");
    let receiver = Receiver::start(Answer::Status(200));
    let (id, _) = hook(&server.admin(), &receiver, &["profile.created", "restore.*"]);
    server.admin().new_profile();
    receiver.await_count(1);
    await_deliveries(&server.admin(), &id, "DELIVERED", 1);
    server.command(&["backup", "create"]);
    server.stop();
    server.command(&["restore", "apply"]);
    server.start_again();
    let admin = server.admin();
    admin.step(&format!("/webhooks/{id}/test")).ok();
    admin.new_profile();
    assert_eq!(admin.get("/readyz?verbose").json()["jobs"]["state"], "resting");
    // Nothing yet, although another server delivers in the meantime.
    let (other, beside) = (Server::start(""), Receiver::start(Answer::Status(200)));
    hook(&other.admin(), &beside, &["profile.created"]);
    other.admin().new_profile();
    beside.await_count(1);
    assert_eq!(receiver.got().len(), 1);
    server.command(&["restore", "resume"]);
    let got = receiver.await_got("four more", |got| got.len() >= 5);
    let kinds: BTreeSet<String> = got[1..].iter().map(|got| got.json()["type"].as_str().unwrap().to_owned()).collect();
    let expected = ["profile.created", "restore.applied", "restore.resumed", "webhook.test"];
    assert_eq!(kinds, expected.map(str::to_owned).into());
    let in_order: Vec<i64> = got.iter().map(Got::seq).filter(|seq| *seq > 0).collect();
    assert!(in_order.is_sorted() && in_order.len() == 4, "{in_order:?}");
}

#[test]
fn undelivered_events_are_not_pruned() {
    let server = Server::start("[events]\nretention_days = 1\n");
    let admin = server.admin();
    let receiver = Receiver::start(Answer::Status(500));
    let (id, _) = hook(&admin, &receiver, &["profile.created"]);
    for _ in 0..3 {
        admin.new_profile();
    }
    receiver.await_count(1);
    let kept = listed(&server, "profile.created");
    server.advance(30 * 86_400);
    assert_eq!(listed_after(&server, kept[0] - 1, "profile.created"), kept);
    receiver.answer(Answer::Status(200));
    admin.put(&format!("/webhooks/{id}"), &json!({"enabled": true})).ok();
    receiver.await_seq(*kept.last().unwrap());
    await_deliveries(&admin, &id, "DELIVERED", 3);
    admin.new_profile();
    server.advance(30 * 86_400);
    admin.get(&format!("/events?after={}", kept[0] - 1)).refused("EVENTS_PRUNED");
    // What is gone can be replayed neither by its number nor by its time.
    admin.post(&format!("/webhooks/{id}/replay"), &json!({"after": "0"})).refused("EVENTS_PRUNED");
    admin.step(&format!("/webhooks/{id}/deliveries/{}/redeliver", kept[0])).refused("NOT_FOUND");
}

#[test]
fn an_answer_that_comes_late_is_waited_for() {
    let server = Server::start("");
    let admin = server.admin();
    let receiver = Receiver::start(Answer::Gate);
    let (id, _) = hook(&admin, &receiver, &["profile.created"]);
    for _ in 0..3 {
        admin.new_profile();
    }
    receiver.await_count(1);
    admin.deposit(&admin.new_account("USD"), "1");
    assert_eq!(receiver.got().len(), 1, "one at a time");
    receiver.open_gate();
    receiver.await_count(3);
    await_deliveries(&admin, &id, "DELIVERED", 3);
    assert!(receiver.seqs().is_sorted());
}

#[test]
fn a_reset_sandbox_keeps_its_webhooks() {
    let server = Server::start("");
    let admin = server.admin();
    let receiver = Receiver::start(Answer::Status(200));
    let (id, _) = hook(&admin, &receiver, &["profile.created"]);
    admin.new_profile();
    receiver.await_count(1);
    await_deliveries(&admin, &id, "DELIVERED", 1);
    admin.post("/sandbox/reset", &json!({})).ok();
    assert_eq!(admin.get(&format!("/webhooks/{id}/deliveries")).ok().json()["deliveries"], json!([]));
    admin.new_profile();
    receiver.await_count(2);
    assert_eq!(await_deliveries(&admin, &id, "DELIVERED", 1).len(), 1);
}
