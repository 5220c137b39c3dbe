//! Whom the server takes for the caller behind a trusted proxy, over a real connection.

use super::b2core_access;
use super::harness::Server;
use std::io::{Read, Write};
use std::net::TcpStream;

/// Callers from this machine and from 203.0.113.0/24 are allowed; the proxy on this machine is trusted.
const BEHIND_A_PROXY: &str =
    "[access]\nallow = [\"127.0.0.0/8\", \"203.0.113.0/24\"]\ntrusted_proxies = [\"127.0.0.1/32\"]\n";

/// Sends a GET with these header lines, which need not be UTF-8. Returns status and body.
fn get(server: &Server, path: &str, token: &str, lines: &[&[u8]]) -> (u16, String) {
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n");
    let request = [head.as_bytes(), &lines.concat(), b"\r\n"].concat();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(&request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

fn x_forwarded_for(value: &[u8]) -> Vec<u8> {
    [b"X-Forwarded-For: ", value, b"\r\n"].concat()
}

fn forwarded(value: &[u8]) -> Vec<u8> {
    [b"Forwarded: ", value, b"\r\n"].concat()
}

#[track_caller]
fn assert_refused(server: &Server, token: &str, lines: &[&[u8]]) {
    let (status, answer) = get(server, "/account-groups", token, lines);
    assert!(status == 403 && answer.contains("\"ADDRESS_NOT_ALLOWED\""), "{lines:?}: {answer}");
}

/// A caller of whom the proxy says nothing readable is nobody: neither the proxy nor allowed.
#[test]
fn who_cannot_be_read_has_no_rights_of_the_proxy() {
    let server = Server::start(BEHIND_A_PROXY);
    let token = server.banner["token"].as_str().unwrap();
    let (_, bound) = server.add_token("dev", &["--network", "127.0.0.1/32"]);
    for value in [
        &b"\xff"[..],
        b"\xff, 198.51.100.66",
        "é, 198.51.100.66".as_bytes(),
        b"unknown",
        b"_hidden",
        b"203.0.113.5, unknown",
        b"203.0.113.5, \xff",
        b"203.0.113.5,",
        b"",
        b"198.51.100.66",
        b"198.51.100.66:4711",
        b"[2001:db8::1]:5",
        b"203.0.113.5, 198.51.100.66",
    ] {
        let line = x_forwarded_for(value);
        assert_refused(&server, token, &[&line]);
        assert_refused(&server, &bound, &[&line]);
        for probe in ["/livez", "/readyz", "/readyz?verbose"] {
            assert_eq!(get(&server, probe, token, &[&line]).0, 403, "{probe} {}", value.escape_ascii());
        }
    }
    assert_refused(&server, token, &[&x_forwarded_for(b"203.0.113.5"), &x_forwarded_for(b"198.51.100.66")]);
    assert_refused(&server, token, &[&x_forwarded_for(b"203.0.113.5"), &x_forwarded_for(b"")]);
}

#[test]
fn a_caller_may_be_told_with_a_port_and_in_several_lines() {
    let server = Server::start(BEHIND_A_PROXY);
    let token = server.banner["token"].as_str().unwrap();
    let (_, bound) = server.add_token("dev", &["--network", "127.0.0.1/32"]);
    for value in [
        &b"203.0.113.5"[..],
        b"203.0.113.5:4711",
        b"[::ffff:203.0.113.5]:4711",
        b"\xff, 203.0.113.5",
        b"8.8.8.8, 203.0.113.5",
    ] {
        let line = x_forwarded_for(value);
        assert_eq!(get(&server, "/account-groups", token, &[&line]).0, 200, "{}", value.escape_ascii());
        assert_refused(&server, &bound, &[&line]);
        assert_eq!(get(&server, "/readyz?verbose", token, &[&line]).0, 200);
    }
    let lines = [&x_forwarded_for(b"8.8.8.8")[..], &x_forwarded_for(b"203.0.113.5"), &x_forwarded_for(b"127.0.0.1")];
    assert_eq!(get(&server, "/account-groups", token, &lines).0, 200);
    // Without the header the proxy itself calls.
    assert_eq!(get(&server, "/account-groups", &bound, &[]).0, 200);
}

#[test]
fn only_the_configured_header_is_believed() {
    let server = Server::start(&format!("{BEHIND_A_PROXY}forwarded_header = \"forwarded\"\n"));
    let token = server.banner["token"].as_str().unwrap();
    for value in [
        &b"for=203.0.113.5"[..],
        b"For=\"203.0.113.5:80\";proto=https;by=127.0.0.1",
        b"for=\"[2001:db8::1]\", for=203.0.113.5, for=127.0.0.1",
    ] {
        let lines = [&forwarded(value)[..], &x_forwarded_for(b"198.51.100.66")];
        assert_eq!(get(&server, "/account-groups", token, &lines).0, 200, "{}", value.escape_ascii());
    }
    for value in [&b"for=198.51.100.66"[..], b"for=unknown", b"for=\"_x\"", b"proto=https", b"for=\"203.0.113.5", b""] {
        assert_refused(&server, token, &[&forwarded(value), &x_forwarded_for(b"203.0.113.5")]);
    }
    let other = Server::start(BEHIND_A_PROXY);
    let token = other.banner["token"].as_str().unwrap();
    assert_refused(&other, token, &[&forwarded(b"for=203.0.113.5"), &x_forwarded_for(b"198.51.100.66")]);
}

#[test]
fn each_dialect_refuses_in_its_envelope() {
    let server = Server::start(BEHIND_A_PROXY);
    for address in ["unknown", "198.51.100.66:80"] {
        b2core_access::admin(&server).from(address).get("/accounts").refused_as(403, "ip_not_allowed");
        server.admin().from(address).get("/accounts").refused("ADDRESS_NOT_ALLOWED");
    }
}
