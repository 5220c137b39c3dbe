//! Connections: strangers are turned away, one caller cannot take all, and a full server goes on working.

use super::harness::{PATIENCE, Server};
use super::tls;
use serde_json::json;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

pub(super) const PROBE: &[u8] = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

/// Sends a request and reads the head of the answer; empty if the server closes the connection.
pub(super) fn ask(stream: &mut TcpStream, request: &[u8]) -> String {
    let mut answer = Vec::new();
    if stream.write_all(request).is_err() {
        return String::new();
    }
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) => answer.push(byte[0]),
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error} after {}", answer.escape_ascii()),
        }
    }
    String::from_utf8(answer).unwrap()
}

/// Whether the server closes a connection on which nothing was sent.
#[track_caller]
fn assert_closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    assert_eq!(rest, b"", "the server sent something");
}

/// A connection from this address that has had one answer.
#[track_caller]
fn served(server: &Server, source: &str) -> TcpStream {
    let mut stream = server.connect_from(source);
    let answer = ask(&mut stream, PROBE);
    assert!(answer.starts_with("HTTP/1.1 200"), "{source}: {answer}");
    drain(&mut stream, &answer);
    stream
}

/// Reads the body that follows this head.
pub(super) fn drain(stream: &mut TcpStream, head: &str) -> String {
    let head = head.to_ascii_lowercase();
    let (_, length) = head.split_once("content-length: ").unwrap();
    let mut body = vec![0; length.split("\r\n").next().unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

/// Waits until a new connection from this address is served.
#[track_caller]
fn await_served(server: &Server, source: &str) -> TcpStream {
    let end = Instant::now() + PATIENCE;
    loop {
        let mut stream = server.connect_from(source);
        let answer = ask(&mut stream, PROBE);
        if answer.starts_with("HTTP/1.1 200") {
            drain(&mut stream, &answer);
            return stream;
        }
        assert!(Instant::now() < end, "{source} is not served: {answer}");
    }
}

#[test]
fn strangers_are_disconnected_before_they_say_anything_with_or_without_tls() {
    let (certificate, key) = tls::pair();
    let config = "[access]\nallow = [\"127.0.0.1/32\"]\n";
    for server in [Server::start(config), tls::serve_with(config, &certificate, &key)] {
        for _ in 0..5 {
            assert_closed(&mut server.connect_from("127.0.0.66"));
        }
        server.await_log("connection refused: not on the allow list", 3);
        server.admin().get("/account-groups").ok();
    }
}

#[test]
fn strangers_take_no_place_from_others() {
    let server = Server::start("[server]\nmax_connections = 16\nworkers = 2\n[access]\nallow = [\"127.0.0.1/32\"]\n");
    let _strangers: Vec<TcpStream> = (0..400)
        .map(|n| {
            let mut stream = server.connect_from(&format!("127.0.0.{}", 66 + n % 3));
            // It may be closed already.
            let _ = stream.write_all(b"GET /x HTTP/1.1\r\nHost: x\r\nX-Unfinished: ");
            stream
        })
        .collect();
    for _ in 0..5 {
        served(&server, "127.0.0.1");
    }
    server.admin().get("/account-groups").ok();
}

/// This machine is let in for its probes, and a proxy carries the requests of others.
#[test]
fn a_refused_caller_is_disconnected_unless_it_is_a_proxy() {
    let request = b"GET /account-groups HTTP/1.1\r\nHost: x\r\n\r\n";
    let server = Server::start("[access]\nallow = [\"10.0.0.0/8\"]\n");
    let mut own = served(&server, "127.0.0.1");
    let answer = ask(&mut own, request);
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("connection: close"), "{answer}");
    drain(&mut own, &answer);
    assert_closed(&mut own);

    let server = Server::start("[access]\nallow = [\"10.0.0.0/8\"]\ntrusted_proxies = [\"127.0.0.9/32\"]\n");
    let mut proxy = server.connect_from("127.0.0.9");
    for _ in 0..2 {
        let request = b"GET /account-groups HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 11.0.0.1\r\n\r\n";
        let answer = ask(&mut proxy, request);
        assert!(answer.starts_with("HTTP/1.1 403") && !answer.contains("connection: close"), "{answer}");
        drain(&mut proxy, &answer);
    }
}

#[test]
fn an_address_has_a_number_of_connections_and_a_proxy_any() {
    let server = Server::start(
        "[server]\nmax_connections_per_address = 4\n\
         [access]\nallow = [\"127.0.0.0/8\"]\ntrusted_proxies = [\"127.0.0.9/32\"]\n",
    );
    let mut held: Vec<TcpStream> = (0..4).map(|_| served(&server, "127.0.0.2")).collect();
    for _ in 0..3 {
        assert_closed(&mut server.connect_from("127.0.0.2"));
    }
    server.await_log("the address has too many", 2);
    served(&server, "127.0.0.3");
    let _of_a_proxy: Vec<TcpStream> = (0..10).map(|_| served(&server, "127.0.0.9")).collect();
    held.pop();
    await_served(&server, "127.0.0.2");
}

#[test]
fn the_limit_of_connections_holds_for_all_listeners_together() {
    let server =
        Server::start("[server]\nmax_connections = 4\nworkers = 2\n[apis.native]\nlisten = [\"127.0.0.1:0\"]\n");
    let other = server.native_urls().pop().unwrap().split_once("://").unwrap().1.to_owned();
    assert_ne!(other, server.address());
    let mut held: Vec<TcpStream> = (0..4).map(|_| served(&server, "127.0.0.1")).collect();
    let mut waiting = server.connect_to_from(&other, "127.0.0.1");
    waiting.write_all(PROBE).unwrap();
    waiting.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let silent = waiting.read(&mut [0]).unwrap_err();
    assert!(matches!(silent.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{silent}");
    held.pop();
    waiting.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(ask(&mut waiting, b"").starts_with("HTTP/1.1 200"));
}

/// Most refusals are not logged, whichever way they come.
#[test]
fn a_scanner_cannot_fill_the_log() {
    let server = Server::start("[access]\nallow = [\"10.0.0.0/8\"]\ntrusted_proxies = [\"127.0.0.1/32\"]\n");
    let lines = server.logged("");
    let stranger = server.anyone().from("11.0.0.1");
    for _ in 0..1000 {
        stranger.get("/account-groups").refused("ADDRESS_NOT_ALLOWED");
    }
    for _ in 0..1000 {
        assert_eq!(stranger.get("/livez").status, 403);
    }
    for _ in 0..1000 {
        assert_closed(&mut server.connect_from("127.0.0.66"));
    }
    let turned_away = server.admin().get("/readyz?verbose").ok().json()["turned_away"].clone();
    assert_eq!(turned_away, json!({"connections": 1000, "over_limit": 0, "requests": 2000}));
    // The last lines of each kind, at 1,024 and 512.
    server.await_log("request refused", 11);
    server.await_log("connection refused", 10);
    let more = server.logged("") - lines;
    assert!(more <= 30, "3,000 refusals wrote {more} lines");
    assert_eq!(server.logged("\"unlogged\":511"), 1, "the line at 1,024 tells how many were left out");
}

/// Each page is 1.4 MB: 60 copies would take 84 MB.
#[test]
fn documentation_pages_that_nobody_reads_take_no_memory() {
    let server = Server::start("");
    let memory_kib = || -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", server.process_id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    assert!(server.anyone().get("/docs/swagger-ui-bundle.js").text.len() > 1_000_000);
    let before = memory_kib();
    let _deaf: Vec<TcpStream> = (0..60)
        .map(|_| {
            let mut stream = server.connect_from("127.0.0.1");
            let answer = ask(&mut stream, b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n");
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            stream
        })
        .collect();
    let more = memory_kib().saturating_sub(before);
    assert!(more < 40 << 10, "60 unread pages take {more} KiB");
}

#[test]
fn idle_connections_do_not_delay_a_stop() {
    let server = Server::start("");
    let mut idle = served(&server, "127.0.0.1");
    server.signal("TERM");
    let began = Instant::now();
    assert_closed(&mut idle);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
