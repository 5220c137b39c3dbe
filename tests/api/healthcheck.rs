//! `bursar healthcheck` asks like a caller, so it finds what callers find.

use super::connections::{PROBE, ask};
use super::harness::{PATIENCE, Server};
use super::tls;
use std::process::Output;
use std::time::Instant;

fn healthcheck(server: &Server) -> Output {
    server.program(&["healthcheck"]).output().unwrap()
}

#[test]
fn it_asks_over_tls_too_and_needs_neither_the_certificate_nor_the_allow_list() {
    let (certificate, key) = tls::pair();
    let config = "[access]\nallow = [\"10.0.0.0/8\"]\n";
    for server in [Server::start(config), tls::serve_with(config, &certificate, &key)] {
        let health = healthcheck(&server);
        assert!(health.status.success(), "{}", String::from_utf8_lossy(&health.stderr));
        assert!(String::from_utf8_lossy(&health.stdout).contains(server.url()));
    }
}

/// It connects, as the system accepts the connection, but has no answer.
#[test]
fn a_server_that_does_not_answer_in_time_is_not_healthy() {
    let server = Server::start("[server]\nmax_connections = 1\n");
    let mut only = server.connect_from("127.0.0.1");
    assert!(ask(&mut only, PROBE).starts_with("HTTP/1.1 200"));
    let began = Instant::now();
    let health = healthcheck(&server);
    let told = String::from_utf8_lossy(&health.stderr);
    assert_eq!(health.status.code(), Some(1), "{told}");
    assert!(told.contains("no answer within 5 seconds") && began.elapsed() < PATIENCE, "{told}");
    drop(only);
    assert!(healthcheck(&server).status.success());
}
