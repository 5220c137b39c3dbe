//! Webhooks as the native API manages them: made, changed, tested, set back, and what tags hide of them.

use super::harness::{Caller, PATIENCE, Server};
use super::receivers::{Answer, Got, Receiver};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use std::time::Instant;

/// Makes a webhook of this receiver; returns its id and its secret.
#[track_caller]
pub(super) fn hook(caller: &Caller<'_>, receiver: &Receiver, types: &[&str]) -> (String, String) {
    let made = caller.post("/webhooks", &json!({"url": receiver.url(), "types": types})).ok();
    (made.text_at("id"), made.text_at("secret"))
}

/// Asserts that a secret signed what a receiver got, as an independent library judges.
#[track_caller]
fn assert_signed(got: &Got, secret: &str) {
    let mut headers = standard_headers(got);
    let verifier = Webhook::new(secret).unwrap();
    verifier.verify(&got.body, &headers).unwrap_or_else(|error| panic!("{error}: {got:?}"));
    let changed = [&got.body[..], b" "].concat();
    assert!(verifier.verify(&changed, &headers).is_err());
    headers.insert("webhook-id", "another".parse().unwrap());
    assert!(verifier.verify(&got.body, &headers).is_err());
}

fn standard_headers(got: &Got) -> ureq::http::HeaderMap {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    names.into_iter().map(|name| (name.parse().unwrap(), got.headers[name].parse().unwrap())).collect()
}

/// The deliveries of a webhook in this state, once there are so many.
#[track_caller]
pub(super) fn await_deliveries(caller: &Caller<'_>, id: &str, state: &str, count: usize) -> Vec<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let listed = caller.get(&format!("/webhooks/{id}/deliveries?state={state}")).ok().json();
        let found = listed["deliveries"].as_array().unwrap().clone();
        if found.len() >= count {
            return found;
        }
        assert!(Instant::now() < end, "{state}: {listed:#}");
    }
}

/// The number of the last event.
pub(super) fn last_seq(caller: &Caller<'_>) -> i64 {
    caller.get("/events?limit=1").ok().text_at("lastSeq").parse().unwrap()
}

#[test]
fn a_webhook_is_made_listed_changed_and_deleted() {
    let server = Server::start("");
    let admin = server.admin();
    let body = json!({"url": "https://crm.example.com/events", "types": ["account.*"], "description": "CRM"});
    let before = last_seq(&admin).to_string();
    let made = admin.post("/webhooks", &body).ok();
    let (id, secret) = (made.text_at("id"), made.text_at("secret"));
    assert!(secret.starts_with("whsec_") && secret.len() == 6 + 44, "{secret}");
    let mut expected = made.json();
    expected.as_object_mut().unwrap().remove("secret");
    assert_eq!((&expected["api"], &expected["enabled"]), (&json!("native"), &json!(true)));
    expected["deliveredSeq"] = json!(before);
    assert_eq!(admin.get(&format!("/webhooks/{id}")).ok().json(), expected);
    assert_eq!(admin.get("/webhooks").ok().json(), json!({"webhooks": [expected]}));
    // What is not sent stays.
    let changed = admin.put(&format!("/webhooks/{id}"), &json!({"enabled": false, "types": []})).ok().json();
    assert_eq!((&changed["enabled"], &changed["types"]), (&json!(false), &json!([])));
    assert_eq!((&changed["url"], &changed["description"]), (&body["url"], &body["description"]));
    assert!(changed.get("secret").is_none());
    // Nobody who has the file has the secret.
    let file = std::fs::read(server.data_dir().join("bursar.db-wal")).unwrap();
    let raw = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &secret[6..]).unwrap();
    for part in [secret.as_bytes(), &secret.as_bytes()[6..], &raw] {
        assert!(!file.windows(part.len()).any(|window| window == part));
    }
    admin.delete(&format!("/webhooks/{id}")).ok();
    admin.get(&format!("/webhooks/{id}")).refused("NOT_FOUND");
    assert_eq!(admin.get("/webhooks").ok().json(), json!({"webhooks": []}));
    server.command(&["audit"]);
}

#[test]
fn a_webhook_gets_the_events_of_its_types_signed_and_as_the_list_shows_them() {
    let server = Server::start("");
    let (admin, receiver) = (server.admin(), Receiver::start(Answer::Status(204)));
    admin.new_account("USD"); // before the webhook
    let before = last_seq(&admin);
    let (id, secret) = hook(&admin, &receiver, &["account.*", "entry.posted"]);
    let account = admin.new_account("USD");
    admin.deposit(&account, "12.34");
    let listed = admin.get(&format!("/events?after={before}&types=account.*,entry.posted")).ok().json();
    let expected = listed["events"].as_array().unwrap();
    let got = receiver.await_count(expected.len());
    assert_eq!(&got.iter().map(Got::json).collect::<Vec<_>>(), expected);
    for got in &got {
        assert_signed(got, &secret);
        let headers = ["content-type", "webhook-id"].map(|name| got.headers[name].as_str());
        assert_eq!(headers, ["application/json", &format!("{id}_{}", got.seq())]);
    }
    let delivered = await_deliveries(&admin, &id, "DELIVERED", expected.len());
    let attempt = &delivered[0]["attempts"][0];
    assert_eq!((&attempt["status"], &attempt["error"]), (&json!(204), &json!("")));
    assert_eq!((&delivered[0]["tries"], &delivered[0]["nextAttemptAt"]), (&json!(1), &json!(null)));
    assert_eq!(delivered[0]["eventSeq"], expected[0]["seq"]);
    let second = admin.get(&format!("/webhooks/{id}/deliveries?limit=1")).ok();
    assert_eq!(second.json()["hasMore"], expected.len() > 1);
    assert_eq!(admin.get(&format!("/webhooks/{id}")).ok().json()["deliveredSeq"], expected.last().unwrap()["seq"]);
}

#[test]
fn a_replaced_secret_signs_beside_the_new_one() {
    let server = Server::start("");
    let (admin, receiver) = (server.admin(), Receiver::start(Answer::Status(200)));
    let (id, old) = hook(&admin, &receiver, &["profile.*"]);
    let new = admin.step(&format!("/webhooks/{id}/rotate-secret")).ok().text_at("secret");
    assert_ne!(old, new);
    admin.new_profile();
    let got = receiver.await_count(1);
    assert_eq!(got[0].headers["webhook-signature"].split(' ').count(), 2);
    assert_signed(&got[0], &old);
    assert_signed(&got[0], &new);
    assert!(Webhook::from_bytes(vec![7; 32]).unwrap().verify(&got[0].body, &standard_headers(&got[0])).is_err());
}

#[test]
fn a_test_is_sent_even_to_a_disabled_webhook() {
    let server = Server::start("");
    let (admin, receiver) = (server.admin(), Receiver::start(Answer::Status(200)));
    let (id, secret) = hook(&admin, &receiver, &["account.archived"]);
    admin.put(&format!("/webhooks/{id}"), &json!({"enabled": false})).ok();
    admin.step(&format!("/webhooks/{id}/test")).ok();
    let got = receiver.await_count(1);
    assert_signed(&got[0], &secret);
    let event = got[0].json();
    assert_eq!((&event["type"], &event["seq"], &event["objectId"]), (&json!("webhook.test"), &json!("0"), &json!(id)));
    assert_eq!(await_deliveries(&admin, &id, "DELIVERED", 1)[0]["eventSeq"], "0");
    // One that fails is not repeated by itself.
    receiver.answer(Answer::Status(500));
    admin.step(&format!("/webhooks/{id}/test")).ok();
    let failed = await_deliveries(&admin, &id, "FAILED", 1);
    assert_eq!((&failed[0]["tries"], &failed[0]["nextAttemptAt"]), (&json!(2), &json!(null)));
    assert_eq!(failed[0]["attempts"][1]["error"], "it answered 500");
    let ids: Vec<_> = receiver.got().iter().map(|got| got.headers["webhook-id"].clone()).collect();
    assert_ne!(ids[0], ids[1], "each test is another one");
}

#[test]
fn events_are_replayed_from_a_number_or_a_time() {
    let server = Server::start("");
    let (admin, receiver) = (server.admin(), Receiver::start(Answer::Status(200)));
    let (id, _) = hook(&admin, &receiver, &["profile.created"]);
    for _ in 0..3 {
        admin.new_profile();
    }
    let at = server.advance(3600);
    for _ in 0..2 {
        admin.new_profile();
    }
    let all: Vec<i64> = receiver.await_count(5).iter().map(Got::seq).collect();
    await_deliveries(&admin, &id, "DELIVERED", 5);
    let replay = |body: Value| admin.post(&format!("/webhooks/{id}/replay"), &body).ok().text_at("after");
    assert_eq!(replay(json!({"after": all[1].to_string()})), all[1].to_string());
    let got: Vec<i64> = receiver.await_count(8).iter().map(Got::seq).collect();
    assert_eq!(got[5..], all[2..]);
    await_deliveries(&admin, &id, "DELIVERED", 5);
    replay(json!({"from": at.to_string()}));
    let got: Vec<i64> = receiver.await_count(10).iter().map(Got::seq).collect();
    assert_eq!(got[8..], all[3..]);
    // The receiver knows it by the id of the message.
    let ids: Vec<_> = receiver.got().iter().map(|got| got.headers["webhook-id"].clone()).collect();
    assert_eq!((&ids[3], &ids[4]), (&ids[8], &ids[9]));
    // Ahead of what waits: a receiver that cannot take an event gets past it.
    receiver.answer(Answer::Status(500));
    admin.new_profile();
    await_deliveries(&admin, &id, "PENDING", 1);
    receiver.answer(Answer::Status(200));
    let last = last_seq(&admin);
    replay(json!({"after": last}));
    admin.new_profile();
    receiver.await_seq(last + 1);
}

#[test]
fn an_event_is_sent_again_on_request() {
    let server = Server::start("");
    let (admin, receiver) = (server.admin(), Receiver::start(Answer::Status(200)));
    let (id, secret) = hook(&admin, &receiver, &["profile.created"]);
    admin.new_profile();
    let first = receiver.await_count(1).remove(0);
    await_deliveries(&admin, &id, "DELIVERED", 1);
    admin.step(&format!("/webhooks/{id}/deliveries/{}/redeliver", first.seq())).ok();
    let second = receiver.await_count(2).remove(1);
    assert_eq!((&first.body, &first.headers["webhook-id"]), (&second.body, &second.headers["webhook-id"]));
    assert_signed(&second, &secret);
    let end = Instant::now() + PATIENCE;
    while await_deliveries(&admin, &id, "DELIVERED", 1)[0]["tries"] != 2 {
        assert!(Instant::now() < end, "the second attempt is not in the log");
    }
    admin.step(&format!("/webhooks/{id}/deliveries/{}/redeliver", last_seq(&admin) + 1)).refused("NOT_FOUND");
}

#[test]
fn nobody_sees_or_changes_a_webhook_that_sees_more() {
    let server = Server::start("");
    let admin = server.admin();
    let (all, own) = (Receiver::start(Answer::Status(200)), Receiver::start(Answer::Status(200)));
    let (of_all, _) = hook(&admin, &all, &[]);
    let limited = server.operator("admin", &["zurich"]);
    let (of_zurich, _) = hook(&limited, &own, &[]);
    let listed = limited.get("/webhooks").ok().json();
    assert_eq!(listed["webhooks"].as_array().unwrap().len(), 1, "{listed}");
    let path = format!("/webhooks/{of_all}");
    for refused in [
        limited.get(&path),
        limited.put(&path, &json!({"url": own.url()})),
        limited.delete(&path),
        limited.step(&format!("{path}/rotate-secret")),
        limited.step(&format!("{path}/test")),
        limited.post(&format!("{path}/replay"), &json!({"after": "0"})),
        limited.get(&format!("{path}/deliveries")),
        limited.step(&format!("{path}/deliveries/1/redeliver")),
    ] {
        refused.refused("NOT_FOUND");
    }
    // Its events are those that its maker sees.
    let hidden = admin.new_profile();
    let seen = admin.new_profile_with(&json!({"tags": ["zurich"]}));
    all.await_got("both clients", |got| got.iter().any(|got| got.json()["objectId"] == json!(seen)));
    own.await_got("one client", |got| got.iter().any(|got| got.json()["objectId"] == json!(seen)));
    assert!(own.got().iter().all(|got| got.json()["profileId"] == json!(seen)), "{:#?}", own.got());
    let of_hidden = all.got().into_iter().find(|got| got.json()["objectId"] == json!(hidden)).unwrap().seq();
    limited.step(&format!("/webhooks/{of_zurich}/deliveries/{of_hidden}/redeliver")).refused("NOT_FOUND");
    limited.post(&format!("/webhooks/{of_zurich}/replay"), &json!({"after": "0"})).ok();
    let again =
        own.await_got("the replay", |got| got.iter().filter(|got| got.json()["objectId"] == json!(seen)).count() > 1);
    assert!(again.iter().all(|got| got.json()["profileId"] == json!(seen)), "{again:#?}");
    // Whoever sees everything and changes it makes it show everything.
    admin.put(&format!("/webhooks/{of_zurich}"), &json!({"description": "ours"})).ok();
    limited.get(&format!("/webhooks/{of_zurich}")).refused("NOT_FOUND");
    let late = admin.new_profile();
    own.await_got("all clients", |got| got.iter().any(|got| got.json()["objectId"] == json!(late)));
}

#[test]
fn changes_of_webhooks_are_replayed() {
    let server = Server::start("");
    let (admin, receiver) = (server.admin(), Receiver::start(Answer::Status(200)));
    let body = json!({"url": receiver.url(), "types": ["profile.created"]});
    let twice = |key: &str, call: &dyn Fn(&Caller<'_>) -> super::harness::Reply| {
        let caller = admin.key(key);
        let (first, second) = (call(&caller).ok(), call(&caller).ok());
        assert!(second.is_replayed() && !first.is_replayed(), "{key}");
        assert_eq!(first.json(), second.json(), "{key}");
        first
    };
    let made = twice("create", &|caller| caller.post("/webhooks", &body));
    let path = format!("/webhooks/{}", made.text_at("id"));
    assert_eq!(admin.get("/webhooks").ok().json()["webhooks"].as_array().unwrap().len(), 1);
    let rotated = twice("rotate", &|caller| caller.step(&format!("{path}/rotate-secret")));
    assert!(rotated.text_at("secret") != made.text_at("secret"));
    twice("change", &|caller| caller.put(&path, &json!({"description": "x"})));
    admin.new_profile();
    let seq = receiver.await_count(1)[0].seq();
    twice("redeliver", &|caller| caller.step(&format!("{path}/deliveries/{seq}/redeliver")));
    receiver.await_count(2);
    twice("test", &|caller| caller.step(&format!("{path}/test")));
    receiver.await_count(3);
    twice("replay", &|caller| caller.post(&format!("{path}/replay"), &json!({"after": (seq - 1).to_string()})));
    receiver.await_count(4);
    // Whatever was done twice would be here by the time this is.
    admin.new_profile();
    let seqs: Vec<i64> = receiver.await_count(5).iter().map(Got::seq).collect();
    assert_eq!(seqs, [seq, seq, 0, seq, last_seq(&admin)]);
    twice("delete", &|caller| caller.delete(&path));
}

#[test]
fn refused_calls_leave_no_trace() {
    let server = Server::start("");
    let (admin, viewer) = (server.admin(), server.viewer());
    let (operator, receiver) = (server.operator("operator", &[]), Receiver::start(Answer::Status(200)));
    let (id, _) = hook(&admin, &receiver, &["profile.created"]);
    let path = format!("/webhooks/{id}");
    let before = (server.trace(), admin.get("/webhooks").ok().json());
    let url = |url: &str| admin.post("/webhooks", &json!({"url": url}));
    for wrong in ["ftp://example.com", "example.com", "https://user@example.com", "https://a:b@example.com", "https://"]
    {
        url(wrong).refused("INVALID_FIELD").naming("url");
        admin.put(&path, &json!({"url": wrong})).refused("INVALID_FIELD").naming("url");
    }
    admin.post("/webhooks", &json!({})).refused("INVALID_FIELD").naming("url");
    url(&format!("https://example.com/{}", "x".repeat(1000))).refused("OUT_OF_RANGE").naming("url");
    for types in [json!(["account"]), json!(["account.*", "nothing.*"]), json!([""])] {
        let body = json!({"url": receiver.url(), "types": types});
        admin.post("/webhooks", &body).refused("INVALID_FIELD").naming("types");
        admin.put(&path, &body).refused("INVALID_FIELD").naming("types");
    }
    admin.put(&path, &json!({"types": vec!["account.*"; 101]})).refused("OUT_OF_RANGE").naming("types");
    admin.put(&path, &json!({"description": "x".repeat(256)})).refused("OUT_OF_RANGE").naming("description");
    let replay = |body: Value| admin.post(&format!("{path}/replay"), &body);
    replay(json!({})).refused("INVALID_FIELD").naming("after");
    replay(json!({"after": "0", "from": "2026-03-02T08:15:00Z"})).refused("INVALID_FIELD").naming("from");
    replay(json!({"after": last_seq(&admin) + 1})).refused("OUT_OF_RANGE").naming("after");
    replay(json!({"after": "x"})).refused("INVALID_FIELD").naming("after");
    admin.get(&format!("{path}/deliveries?state=LOST")).refused("INVALID_FIELD").naming("state");
    admin.step(&format!("{path}/deliveries/x/redeliver")).refused("INVALID_FIELD");
    admin.step(&format!("{path}/rotate-secret?dryRun=true")).refused("INVALID_FIELD");
    for caller in [&viewer, &operator] {
        caller.get(&path).ok();
        caller.post("/webhooks", &json!({"url": receiver.url()})).refused("RIGHT_MISSING");
        caller.put(&path, &json!({"enabled": false})).refused("RIGHT_MISSING");
        caller.delete(&path).refused("RIGHT_MISSING");
        caller.step(&format!("{path}/rotate-secret")).refused("RIGHT_MISSING");
        caller.step(&format!("{path}/test")).refused("RIGHT_MISSING");
        caller.post(&format!("{path}/replay"), &json!({"after": "0"})).refused("RIGHT_MISSING");
        caller.step(&format!("{path}/deliveries/1/redeliver")).refused("RIGHT_MISSING");
    }
    // Who may not read events may have none sent.
    let blind = server.bearer(&server.add_token("dev", &["--scope", "webhooks:write", "--scope", "webhooks:read"]).1);
    blind.post("/webhooks", &json!({"url": receiver.url()})).refused("RIGHT_MISSING");
    blind.put(&path, &json!({"enabled": false})).refused("RIGHT_MISSING");
    assert_eq!((server.trace(), admin.get("/webhooks").ok().json()), before);
    assert_eq!(receiver.seqs(), [0i64; 0]);
}
