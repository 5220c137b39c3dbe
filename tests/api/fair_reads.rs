//! One operator's many reads do not keep the others waiting.

use super::harness::{Caller, Reply, Server};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

const SLOW: &str = "/profiles?perPage=500&page=20";

/// A server with enough clients to make a list of them slow.
fn crowded(config: &str) -> Server {
    let mut server = Server::start(config);
    server.restart_after(|file| {
        let database = rusqlite::Connection::open(file).unwrap();
        let names = "first_name, last_name, ip_address, language, address, zip_code, city, state, country, phone, \
                     company, meta_data, birth_date, timezone";
        let texts = ["'some name or other'"; 14].join(", ");
        database
            .execute_batch(&format!(
                "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
                 INSERT INTO profiles (uuid, email, email_folded, {names}, version, created_at, updated_at)
                 SELECT randomblob(16), n || '@example.com', n || '@example.com', {texts}, 1, 0, 0 FROM numbers"
            ))
            .unwrap();
    });
    server
}

/// Sends slow lists from many connections of one caller while `meanwhile` runs; returns its result and the answers.
fn flooded<T>(flood: &Caller<'_>, connections: usize, meanwhile: impl FnOnce(&AtomicUsize) -> T) -> (T, Vec<Reply>) {
    let (answered, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let one = || {
            let mut answers = Vec::new();
            while !is_over.load(Ordering::Relaxed) || answers.is_empty() {
                answers.push(flood.get(SLOW));
                answered.fetch_add(1, Ordering::Relaxed);
            }
            answers
        };
        let senders: Vec<_> = (0..connections).map(|_| scope.spawn(one)).collect();
        while answered.load(Ordering::Relaxed) < connections {
            thread::yield_now();
        }
        let result = meanwhile(&answered);
        is_over.store(true, Ordering::Relaxed);
        (result, senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect())
    })
}

#[test]
fn another_operator_does_not_wait_for_the_queue_of_one() {
    let server = crowded("[store]\nreaders = 4\noperation_timeout_ms = 60000\n[limits]\nreads_per_operator = 1\n");
    let viewer = server.viewer();
    let (meanwhile, answers) = flooded(&viewer, 24, |answered| {
        (0..5)
            .map(|_| {
                let before = answered.load(Ordering::Relaxed);
                server.admin().get(SLOW).ok();
                answered.load(Ordering::Relaxed) - before
            })
            .collect::<Vec<_>>()
    });
    answers.into_iter().for_each(|answer| drop(answer.ok()));
    // In one queue, each of these lists would come after those of the 24.
    let typical = {
        let mut sorted = meanwhile.clone();
        sorted.sort_unstable();
        sorted[2]
    };
    assert!(typical <= 8, "the others' lists took as long as {meanwhile:?} of the one's");
}

#[test]
fn reads_beyond_the_queue_are_refused_at_once_and_told_when_to_come_back() {
    let server = crowded("[limits]\nreads_per_operator = 1\nwaiting_reads_per_operator = 2\n");
    let viewer = server.viewer();
    let (others, answers) = flooded(&viewer, 12, |_| [server.admin().get(SLOW), viewer.get("/options/currencies")]);
    // Neither others nor the same operator's short reads.
    others.into_iter().for_each(|reply| drop(reply.ok()));
    let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert!(!done.is_empty() && !refused.is_empty(), "{} and {}", done.len(), refused.len());
    for reply in refused {
        let reply = reply.refused("THROTTLED");
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert!(reply.text_at("message").contains("waiting_reads_per_operator"), "{}", reply.text);
    }
}

/// Sends until it is refused; returns the refusal and the answer before it.
fn until_refused(caller: &Caller<'_>, path: &str) -> (Reply, Reply) {
    let mut last = caller.get(path);
    for _ in 0..200 {
        let next = caller.get(path);
        if next.status == 429 {
            return (last, next);
        }
        last = next;
    }
    panic!("never refused: {}", last.text);
}

#[test]
fn a_token_may_send_so_many_requests() {
    let server = Server::start("[limits]\nrequests_per_second = 1\nburst = 4\n");
    server.add_operator("ada", "operator", &[]);
    let [one, other] = [(); 2].map(|()| server.add_token("ada", &[]).1);
    let first = server.bearer(&one).get("/options/currencies").ok();
    assert_eq!(first.header("ratelimit-policy"), Some("\"token\";q=4;w=4"));
    assert_eq!(first.header("ratelimit"), Some("\"token\";r=3;t=1"));
    // An unauthorized call counts, too.
    server.bearer(&one).get("/nowhere").refused("UNKNOWN_ROUTE");
    let (last, refused) = until_refused(&server.bearer(&one), "/options/currencies");
    assert_eq!(last.ok().header("ratelimit"), Some("\"token\";r=0;t=4"));
    let refused = refused.refused("THROTTLED");
    assert_eq!(refused.header("ratelimit"), Some("\"token\";r=0;t=4"));
    assert_eq!(refused.header("ratelimit-policy"), Some("\"token\";q=4;w=4"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    // The other token of the same operator has a quota of its own, and other APIs spell the refusal in their way.
    server.bearer(&other).get("/options/currencies").ok();
    let (_, refused) = until_refused(&server.bearer(&other), "/b2core/api/v2/accounts");
    assert_eq!(refused.json()["code"], "too_many_requests");
    // Calls without a token have none.
    for _ in 0..9 {
        assert_eq!(server.anyone().get("/.well-known/jwks.json").ok().header("ratelimit"), None);
    }
}

#[test]
fn without_a_limit_nothing_is_counted() {
    let reply = Server::shared().admin().get("/options/currencies").ok();
    assert_eq!((reply.header("ratelimit"), reply.header("ratelimit-policy")), (None, None));
}
