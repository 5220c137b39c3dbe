//! Live event streams over real connections.

use super::harness::{Caller, PATIENCE, Server};
use super::native_events::{DAY, read_all};
use super::tls;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A connection that follows events.
pub(super) struct Follower {
    lines: BufReader<Box<dyn Read>>,
    pub(super) head: String,
}

/// A received block: an event with its fields, or the text of a comment.
#[derive(Debug, PartialEq)]
enum Received {
    Event { id: String, kind: String, data: Value },
    Comment(String),
    Id(String),
}

impl Follower {
    pub(super) fn over(mut stream: impl Read + Write + 'static, token: &str, path: &str, headers: &str) -> Follower {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\
             Authorization: Bearer {token}\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut lines = BufReader::new(Box::new(stream) as Box<dyn Read>);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(lines.read_line(&mut head).unwrap() > 0, "no answer: {head}");
        }
        Follower { lines, head }
    }

    pub(super) fn open(server: &Server, token: &str, path: &str, headers: &str) -> Follower {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut follower = Follower::over(stream, token, path, headers);
        assert!(follower.head.starts_with("HTTP/1.1 200"), "{}", follower.head);
        assert!(follower.head.contains("content-type: text/event-stream\r\n"), "{}", follower.head);
        assert_eq!(follower.next(), Some(Received::Comment("events follow".into())));
        follower
    }

    /// The next line of the stream without chunk sizes; `None` at the end.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.strip_suffix("\r\n") {
                Some("0") => return None,
                Some(_) => {}
                None => return Some(line.trim_end_matches('\n').to_owned()),
            }
        }
    }

    fn next(&mut self) -> Option<Received> {
        let (mut id, mut kind, mut data, mut comment) = (None, None, None, None);
        loop {
            let line = self.line()?;
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.trim_start().to_owned();
            match name {
                "id" => id = Some(value),
                "event" => kind = Some(value),
                "data" => data = Some(value),
                "" if !line.is_empty() => comment = Some(value),
                "retry" => {}
                _ => {
                    assert_eq!(line, "");
                    break;
                }
            }
        }
        Some(match (comment, data, id) {
            (Some(comment), ..) => Received::Comment(comment),
            (None, Some(data), Some(id)) => {
                Received::Event { id, kind: kind.unwrap(), data: serde_json::from_str(&data).unwrap() }
            }
            (None, None, Some(id)) => Received::Id(id),
            _ => panic!("an empty block"),
        })
    }

    /// Everything still to come, until the connection closes in any way.
    pub(super) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let _ = self.lines.read_to_end(&mut rest);
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// The next event; skips heartbeats and cursors.
    pub(super) fn event(&mut self) -> (String, String, Value) {
        loop {
            if let Received::Event { id, kind, data } = self.next().expect("the stream has ended") {
                return (id, kind, data);
            }
        }
    }

    /// The reason given at the end of the stream.
    pub(super) fn end(&mut self) -> String {
        let (mut last, end) = (String::new(), Instant::now() + PATIENCE);
        while let Some(received) = self.next() {
            assert!(Instant::now() < end, "the stream did not end: {last}");
            if let Received::Comment(comment) = received {
                last = comment;
            }
        }
        last.strip_prefix("the end: ").unwrap_or_else(|| panic!("no reason given at the end: {last}")).to_owned()
    }
}

pub(super) fn token(server: &Server) -> String {
    server.banner["token"].as_str().unwrap().to_owned()
}

pub(super) const QUICK: &str = "[events]\nheartbeat_ms = 400\n";

#[test]
fn a_stream_sends_past_events_first_and_new_ones_at_once() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    let before = read_all(&admin, "0", "", 100);
    let mut all = Follower::open(&server, &token(&server), "/events", "");
    for event in &before {
        let (id, kind, data) = all.event();
        assert_eq!((&json(&id), &json(&kind), &data), (&event["seq"], &event["type"], event));
    }
    let last = before.last().unwrap()["seq"].as_str().unwrap();
    let mut entries = Follower::open(
        &server,
        &token(&server),
        "/events?after=999999&types=entry.*",
        &format!("Last-Event-ID: {last}\r\n"),
    );
    for number in 0..20 {
        let began = Instant::now();
        admin.deposit(&account, "1");
        let (of_all, of_entries) = (all.event(), entries.event());
        assert_eq!((of_all.0.parse::<usize>().unwrap(), &of_all), (before.len() + 1 + number, &of_entries));
        assert!(began.elapsed() < Duration::from_secs(2), "a heartbeat is 15 seconds away");
    }
    // A stream can be resumed where another ended.
    let third = (before.len() + 3).to_string();
    let mut again = Follower::open(&server, &token(&server), "/events?after=0", &format!("Last-Event-ID: {third}\r\n"));
    assert_eq!(again.event().0, (before.len() + 4).to_string());
}

fn json(text: &str) -> Value {
    Value::from(text)
}

#[test]
fn a_quiet_stream_has_a_heartbeat_and_a_blind_one_a_cursor() {
    let server = Server::start(&format!("{QUICK}[server]\nrequest_timeout_ms = 1000\n"));
    let admin = server.admin();
    server.operator("viewer", &["vip"]);
    let blind = server.add_token("viewer-vip", &[]).1;
    let last = read_all(&admin, "0", "", 100).len().to_string();
    let mut quiet = Follower::open(&server, &token(&server), &format!("/events?after={last}"), "");
    for _ in 0..4 {
        assert_eq!(
            quiet.next(),
            Some(Received::Comment("all is well".into())),
            "the stream must outlive the request timeout"
        );
    }
    let mut blind = Follower::open(&server, &blind, "/events", "");
    assert_eq!(blind.next(), Some(Received::Comment("all is well".into())));
    admin.new_account("USD");
    let seen = admin.new_profile_with(&serde_json::json!({"tags": ["vip"]}));
    let (id, kind, data) = blind.event();
    assert_eq!((kind.as_str(), &data["objectId"]), ("profile.created", &json(&seen)));
    let all = read_all(&admin, "0", "", 100);
    assert_eq!(
        (id, all.len()),
        (all.last().unwrap()["seq"].as_str().unwrap().to_owned(), last.parse::<usize>().unwrap() + 3)
    );
}

#[test]
fn a_stream_ends_with_its_token() {
    let server = Server::start("");
    server.add_operator("ada", "viewer", &[]);
    let ((id, revoked), (_, disabled)) = (server.add_token("ada", &[]), server.add_token("ada", &[]));
    let expiring = server.add_token("dev", &["--days", "2"]).1;
    let open = |token: &str| Follower::open(&server, token, "/events?types=entry.*", "");
    let (mut revoked, mut disabled, mut expiring, mut stays) =
        (open(&revoked), open(&disabled), open(&expiring), open(&token(&server)));
    let began = Instant::now();
    server.command(&["token", "revoke", &id]);
    assert_eq!(revoked.end(), "TOKEN_REVOKED");
    server.command(&["operator", "disable", "ada"]);
    assert_eq!(disabled.end(), "TOKEN_REVOKED");
    server.advance(2 * DAY);
    assert_eq!(expiring.end(), "TOKEN_EXPIRED");
    assert!(began.elapsed() < Duration::from_secs(14), "it ended only at a heartbeat");
    let admin = server.admin();
    admin.deposit(&admin.new_account("USD"), "1");
    assert_eq!(stays.event().1, "entry.posted");
    // A sandbox that is reset reuses the numbers for other events.
    admin.step("/sandbox/reset").ok();
    assert_eq!(stays.end(), "OUT_OF_RANGE");
}

#[test]
fn a_server_that_stops_ends_its_streams() {
    let server = Server::start("");
    let mut streams: Vec<_> = (0..3).map(|_| Follower::open(&server, &token(&server), "/events", "")).collect();
    let began = Instant::now();
    server.signal("TERM");
    for stream in &mut streams {
        assert_eq!(stream.end(), "SHUTTING_DOWN");
    }
    server.await_log("the writer has stopped", 1);
    assert!(began.elapsed() < Duration::from_secs(15), "running requests have 30 seconds");
}

#[test]
fn streams_are_limited_for_each_operator_and_in_all() {
    let server = Server::start(&format!("{QUICK}max_streams = 3\nmax_streams_per_operator = 2\n"));
    let refused = |caller: &Caller<'_>, limit: &str| {
        let reply = caller.with("Accept", "text/event-stream").get("/events").refused("THROTTLED");
        assert_eq!(reply.header("retry-after"), Some("5"));
        let message = reply.text_at("message");
        assert!(message.contains(limit) && message.contains("close one"), "{message}");
    };
    server.add_operator("ada", "viewer", &[]);
    let others = server.add_token("ada", &[]).1;
    let (admin, ada) = (server.admin(), server.bearer(&others));
    let mut mine: Vec<_> = (0..2).map(|_| Follower::open(&server, &token(&server), "/events", "")).collect();
    refused(&admin, "you have 2 event streams open, and events.max_streams_per_operator allows no more");
    let _third = Follower::open(&server, &others, "/events", "");
    refused(&ada, "the server has 3 event streams open, and events.max_streams allows no more");
    // Requests that do not stream are not limited, and HEAD does not stream.
    admin.get("/events").ok();
    assert_eq!(admin.with("Accept", "text/event-stream").send("HEAD", "/events", None, None).status, 200);
    // A disconnected reader frees its place at the next heartbeat at the latest.
    mine.pop();
    let end = Instant::now() + PATIENCE;
    let has_room = || {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Follower::over(stream, &others, "/events", "").head.starts_with("HTTP/1.1 200")
    };
    while !has_room() {
        assert!(Instant::now() < end, "the stream still counts towards the limit");
    }
}

#[test]
fn an_invalid_stream_request_is_refused_before_the_stream_begins() {
    let server = Server::start("");
    let admin = server.admin().with("Accept", "application/json, text/event-stream;q=0.9");
    admin.get("/events?after=999").refused("OUT_OF_RANGE").naming("after");
    admin.get("/events?types=x").refused("INVALID_FIELD").naming("types");
    server.anyone().with("Accept", "text/event-stream").get("/events").refused("TOKEN_MISSING");
    let narrow = server.bearer(&server.add_token("dev", &["--scope", "accounts:read"]).1);
    narrow.with("Accept", "text/event-stream").get("/events").refused("RIGHT_MISSING");
}

#[test]
fn events_are_followed_over_tls() {
    let (certificate, key) = tls::pair();
    let server = tls::serve(&certificate, &key);
    let stream = tls::stream(&server, &certificate, &[b"http/1.1"]);
    let mut follower = Follower::over(stream, &token(&server), "/events?types=profile.*", "");
    assert!(follower.head.starts_with("HTTP/1.1 200"), "{}", follower.head);
    let profile = server.admin().new_profile();
    assert_eq!(follower.event().2["objectId"], *profile);
}
