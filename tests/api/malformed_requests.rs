//! Requests that the HTTP library cannot read: they are answered in an envelope, too, once, and the connection ends.

use super::harness::{PATIENCE, Server};
use super::tls;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

/// One answer as it came.
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Value,
}

impl Answer {
    fn reason(&self) -> &str {
        self.body["details"][0]["reason"].as_str().unwrap_or_default()
    }
}

/// Sends bytes to this address and reads answers until the server closes the connection.
fn exchange(address: &str, request: &[u8]) -> Vec<Answer> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut came = Vec::new();
    thread::scope(|scope| {
        // At the same time: a server that refuses a head does not read the rest of it.
        let mut writer = stream.try_clone().unwrap();
        scope.spawn(move || writer.write_all(request));
        let mut part = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut part) {
            came.extend_from_slice(&part[..length]);
        }
    });
    answers(&String::from_utf8(came).unwrap())
}

fn answers(mut text: &str) -> Vec<Answer> {
    let mut found = Vec::new();
    while !text.is_empty() {
        let (head, rest) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        let headers: BTreeMap<_, _> = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        let (body, rest) = rest.split_at(headers["content-length"].parse().unwrap());
        found.push(Answer { status, headers, body: serde_json::from_str(body).unwrap() });
        text = rest;
    }
    found
}

/// Asserts one refusal in the native envelope, with everything that other refusals have.
#[track_caller]
fn refused(answers: &[Answer], status: u16, reason: &str) {
    let [answer] = answers else { panic!("{} answers", answers.len()) };
    assert_eq!((answer.status, answer.reason()), (status, reason), "{}", answer.body);
    assert_eq!(answer.body["details"][1]["requestId"], answer.headers["x-request-id"].as_str());
    for (name, value) in [
        ("connection", "close"),
        ("content-type", "application/json"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.headers.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(answer.headers["date"].ends_with("GMT"));
}

#[test]
fn what_is_not_http_is_refused_in_the_envelope() {
    let server = Server::shared();
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(70_000));
    for request in [
        "GET\r\n\r\n",
        "GET /livez\r\n\r\n",
        "GET /livez HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /livez HTTP/1.1\r\n\r\n",
        "HEAD /livez HTTP/1.1\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: x\r\nbad header: y\r\n\r\n",
        "POST /user/login HTTP/1.0\r\n\r\n",
        "POST /user/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /user/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "POST /user/login HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /user/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}",
        &long,
    ] {
        refused(&exchange(server.address(), request.as_bytes()), 400, "MALFORMED_REQUEST");
    }
    let many: String = (0..200).map(|number| format!("a{number}: b\r\n")).collect();
    for headers in [many, format!("a: {}\r\n", "b".repeat(150_000))] {
        let request = format!("GET /livez HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        refused(&exchange(server.address(), request.as_bytes()), 431, "HEADERS_TOO_LARGE");
    }
}

#[test]
fn a_head_that_does_not_arrive_is_refused_in_the_envelope() {
    let server = Server::start("[server]\nrequest_timeout_ms = 200\n");
    refused(&exchange(server.address(), b"POST /profiles HT"), 408, "HEAD_TIMEOUT");
}

#[test]
fn the_requests_before_keep_their_answers() {
    let server = Server::shared();
    let both = exchange(server.address(), b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET\r\n\r\n");
    assert_eq!(both[0].body, serde_json::json!({"status": "live"}));
    refused(&both[1..], 400, "MALFORMED_REQUEST");
}

#[test]
fn a_broken_chunk_gets_one_answer() {
    let server = Server::shared();
    let token = server.banner["token"].as_str().unwrap();
    let head = |lines: &str| format!("POST /profiles HTTP/1.1\r\nHost: x\r\n{lines}Transfer-Encoding: chunked\r\n\r\n");
    for (lines, chunks, status, reason) in [
        (format!("Authorization: Bearer {token}\r\n"), "zz\r\n{}\r\n0\r\n\r\n", 400, "MALFORMED_BODY"),
        (format!("Authorization: Bearer {token}\r\n"), "2\r\n{}\r\nzz\r\n0\r\n\r\n", 400, "MALFORMED_BODY"),
        (String::new(), "zz\r\n{}\r\n0\r\n\r\n", 401, "TOKEN_MISSING"),
    ] {
        let answers = exchange(server.address(), (head(&lines) + chunks).as_bytes());
        let [answer] = answers.as_slice() else { panic!("{} answers to one request", answers.len()) };
        assert_eq!((answer.status, answer.reason()), (status, reason), "{}", answer.body);
    }
}

#[test]
fn an_unreadable_request_is_refused_in_the_envelope_of_its_path() {
    let server = Server::shared();
    let long = "a".repeat(70_000);
    for (line, code, id) in [
        (format!("GET /midaz/v1/organizations?metadata.a={long} HTTP/1.1"), "0094", "x-correlation-id"),
        (format!("POST /b2core/api/v2/{long} HTTP/1.1"), "validation_failed", "x-request-id"),
        ("GET /midaz?a b HTTP/1.1".to_owned(), "0094", "x-correlation-id"),
    ] {
        let answers = exchange(server.address(), format!("{line}\r\nHost: x\r\n\r\n").as_bytes());
        let [answer] = answers.as_slice() else { panic!("{} answers", answers.len()) };
        assert_eq!((answer.status, answer.body["code"].as_str()), (400, Some(code)), "{}", answer.body);
        assert_eq!(answer.headers[id].len(), 36);
    }
    // Each request of a connection counts for itself.
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /b2core/api/v2/accounts HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let (mut came, mut part) = (String::new(), [0; 4096]);
    while !came.ends_with('}') {
        let length = stream.read(&mut part).unwrap();
        came.push_str(std::str::from_utf8(&part[..length]).unwrap());
    }
    assert_eq!(answers(&came)[0].body["code"], "unauthorized");
    stream.write_all(b"GET /midaz/a b HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    came.clear();
    stream.read_to_string(&mut came).unwrap();
    assert_eq!(answers(&came)[0].body["code"], "0094");
    // A path that only begins like a mount is none of it.
    let request = format!("GET /midazz/{long} HTTP/1.1\r\nHost: x\r\n\r\n");
    refused(&exchange(server.address(), request.as_bytes()), 400, "MALFORMED_REQUEST");
}

#[test]
fn a_listener_of_one_api_answers_in_its_envelope() {
    let server = Server::start("[apis.b2core]\nlisten = [\"127.0.0.1:0\"]\n");
    let urls = server.banner["apis"]["b2core"].as_array().unwrap();
    let own = urls.iter().filter_map(Value::as_str).find(|url| !url.contains("b2core")).unwrap();
    let answers = exchange(own.trim_start_matches("http://").trim_end_matches('/'), b"GET\r\n\r\n");
    let [answer] = answers.as_slice() else { panic!("{} answers", answers.len()) };
    assert_eq!((answer.status, answer.body["code"].as_str()), (400, Some("validation_failed")));
    assert_eq!(answer.headers["x-request-id"].len(), 36);
}

#[test]
fn over_tls_the_answer_is_the_same() {
    let (certificate, key) = tls::pair();
    let server = tls::serve(&certificate, &key);
    let mut stream = tls::stream(&server, &certificate, &[]);
    stream.write_all(b"GET\r\n\r\n").unwrap();
    let mut came = Vec::new();
    let _ = stream.read_to_end(&mut came);
    let answers = answers(&String::from_utf8(came).unwrap());
    refused(&answers, 400, "MALFORMED_REQUEST");
    assert_eq!(answers[0].headers["strict-transport-security"], "max-age=15552000");
}
