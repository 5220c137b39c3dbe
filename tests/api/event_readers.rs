//! Slow readers of event streams, and event streams over HTTP/2.

use super::event_streams::{Follower, QUICK, token};
use super::harness::{Caller, PATIENCE, Server};
use super::tls;
use h2::RecvStream;
use h2::client::SendRequest;
use rustls::ClientConfig;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

/// Creates more events than the buffers between server and client can hold.
fn make_many_events(admin: &Caller<'_>) -> String {
    let account = admin.new_account("USD");
    let deposit = json!({"operation": "deposit", "accountId": account, "amount": "1"});
    for _ in 0..6 {
        admin.post("/batch", &json!({"atomic": true, "operations": vec![deposit.clone(); 1000]})).ok();
    }
    account
}

/// A connection with a small receive buffer.
fn narrow(server: &Server) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&server.address().parse::<SocketAddr>().unwrap().into()).unwrap();
    let stream = TcpStream::from(socket);
    // A connection that the system cuts off gets no notice.
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream
}

/// Waits until a stream can be opened, and opens it.
#[track_caller]
fn await_place(server: &Server) -> Follower {
    let end = Instant::now() + PATIENCE;
    loop {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let follower = Follower::over(stream, &token(server), "/events?types=profile.*", "");
        if follower.head.starts_with("HTTP/1.1 200") {
            return follower;
        }
        assert!(Instant::now() < end, "the stream of a client that does not read still counts towards the limit");
    }
}

#[test]
fn slow_readers_are_disconnected_without_affecting_others() {
    let server = Server::start(&format!("{QUICK}max_streams_per_operator = 8\n[server]\nsend_timeout_ms = 2000\n"));
    let admin = server.admin();
    let account = make_many_events(&admin);
    // Seven readers that read nothing, and one that reads everything.
    let mut deaf: Vec<_> = (0..7).map(|_| Follower::over(narrow(&server), &token(&server), "/events", "")).collect();
    let mut reader = Follower::open(&server, &token(&server), "/events?types=entry.*", "");
    for _ in 0..6000 {
        assert_eq!(reader.event().1, "entry.posted");
    }
    for _ in 0..5 {
        let began = Instant::now();
        admin.deposit(&account, "1");
        reader.event();
        assert!(began.elapsed() < Duration::from_secs(2), "clients that do not read delay the one that does");
    }
    // All streams are taken until the server or the system disconnects the readers that do not read.
    let _heirs: Vec<_> = deaf.iter().map(|_| await_place(&server)).collect();
    let all = admin.get("/events?limit=1").ok().json()["lastSeq"].as_str().unwrap().to_owned();
    let sent = deaf.pop().unwrap().rest();
    assert!(!sent.contains(&format!("id: {all}\n")), "the slow stream was not cut off");
}

/// An HTTP/2 connection over TLS.
struct Two {
    runtime: Runtime,
    tasks: LocalSet,
    requests: SendRequest<bytes::Bytes>,
}

impl Two {
    fn open(server: &Server, certificate: &str) -> Two {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tasks = LocalSet::new();
        let mut config: ClientConfig = tls::client_config(certificate);
        config.alpn_protocols = vec![b"h2".to_vec()];
        let address = server.address().to_owned();
        let requests = tasks.block_on(&runtime, async move {
            let socket = tokio::net::TcpStream::connect(address).await.unwrap();
            let name = rustls::pki_types::ServerName::try_from("127.0.0.1").unwrap();
            let stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap();
            let (requests, connection) = h2::client::handshake(stream).await.unwrap();
            tokio::task::spawn_local(connection);
            requests
        });
        Two { runtime, tasks, requests }
    }

    fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        self.tasks.block_on(&self.runtime, async { tokio::time::timeout(PATIENCE, what).await.expect("in time") })
    }

    /// Requests a path; returns status and body.
    fn get(&self, path: &str, token: &str, accept: &str) -> Result<(u16, RecvStream), h2::Error> {
        let request = ureq::http::Request::get(format!("https://localhost{path}"))
            .header("Authorization", format!("Bearer {token}"))
            .header("Accept", accept)
            .body(())
            .unwrap();
        self.wait(async {
            let (answer, _) = self.requests.clone().ready().await?.send_request(request, true)?;
            let (head, body) = answer.await?.into_parts();
            Ok((head.status.as_u16(), body))
        })
    }

    fn follow<'a>(&'a self, path: &str, token: &str) -> Stream<'a> {
        let (status, body) = self.get(path, token, "text/event-stream").unwrap();
        assert_eq!(status, 200);
        Stream { connection: self, body, text: String::new() }
    }
}

/// An event stream over HTTP/2.
struct Stream<'a> {
    connection: &'a Two,
    body: RecvStream,
    text: String,
}

impl Stream<'_> {
    /// The next block; `None` at the end.
    fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return Some(block);
            }
            let data = self.connection.wait(self.body.data())?.unwrap();
            self.body.flow_control().release_capacity(data.len()).unwrap();
            self.text.push_str(std::str::from_utf8(&data).unwrap());
        }
    }

    /// The data of the next event.
    fn event(&mut self) -> Value {
        loop {
            let block = self.block().expect("the stream ended");
            if let Some(data) = block.lines().find_map(|line| line.strip_prefix("data: ")) {
                return serde_json::from_str(data).unwrap();
            }
        }
    }

    /// The reason given at the end of the stream.
    fn end(&mut self) -> String {
        let mut last = String::new();
        while let Some(block) = self.block() {
            last = block;
        }
        last.strip_prefix(": the end: ").unwrap_or_else(|| panic!("no reason given at the end: {last}")).to_owned()
    }
}

/// A server with TLS, HTTP/2 and this configuration, and its certificate.
fn server_with(config: &str) -> (Server, String) {
    let (certificate, key) = tls::pair();
    let config = match config.contains("[server]") {
        true => config.replace("[server]", "[server]\nhttp2 = true"),
        false => format!("{config}[server]\nhttp2 = true\n"),
    };
    (tls::serve_with(&config, &certificate, &key), certificate)
}

#[test]
fn one_connection_of_http_2_has_many_streams_and_calls_beside_them() {
    let (server, certificate) = server_with(QUICK);
    let two = Two::open(&server, &certificate);
    let token = token(&server);
    let mut profiles = two.follow("/events?types=profile.*", &token);
    let mut entries = two.follow("/events?types=entry.*", &token);
    let admin = server.admin();
    let account = admin.new_account("USD");
    let began = Instant::now();
    for _ in 0..10 {
        admin.deposit(&account, "1");
        assert_eq!(entries.event()["type"], "entry.posted");
    }
    assert_eq!(profiles.event()["type"], "profile.created");
    assert!(began.elapsed() < Duration::from_secs(10), "an event was delayed");
    assert_eq!(two.get("/account-groups", &token, "*/*").unwrap().0, 200);
    // Closing one stream frees its place; the others continue.
    drop(profiles);
    admin.deposit(&account, "1");
    assert_eq!(entries.event()["type"], "entry.posted");
}

#[test]
fn streams_of_http_2_end_with_their_token_and_with_the_server() {
    let (server, certificate) = server_with("");
    server.add_operator("ada", "viewer", &[]);
    let ((id, revoked), (_, disabled)) = (server.add_token("ada", &[]), server.add_token("ada", &[]));
    let two = Two::open(&server, &certificate);
    let (mut revoked, mut disabled, mut stays) =
        (two.follow("/events", &revoked), two.follow("/events", &disabled), two.follow("/events", &token(&server)));
    let began = Instant::now();
    server.command(&["token", "revoke", &id]);
    assert_eq!(revoked.end(), "TOKEN_REVOKED");
    server.command(&["operator", "disable", "ada"]);
    assert_eq!(disabled.end(), "TOKEN_REVOKED");
    server.signal("TERM");
    assert_eq!(stays.end(), "SHUTTING_DOWN");
    assert!(began.elapsed() < Duration::from_secs(14), "it ended only at a heartbeat");
    server.await_log("the writer has stopped", 1);
    assert!(began.elapsed() < Duration::from_secs(25), "the idle connection was not closed");
}

#[test]
fn slow_readers_over_http_2_lose_the_connection() {
    let config = format!("{QUICK}max_streams_per_operator = 2\n[server]\nsend_timeout_ms = 1500\n");
    let (server, certificate) = server_with(&config);
    let admin = server.admin();
    let account = make_many_events(&admin);
    let two = Two::open(&server, &certificate);
    let token = token(&server);
    // The client reads from the network, so the system sees a healthy connection.
    let deaf = (two.follow("/events", &token), two.follow("/events", &token));
    assert_eq!(two.get("/events", &token, "text/event-stream").unwrap().0, 429);
    admin.deposit(&account, "1");
    let end = Instant::now() + PATIENCE;
    while two.get("/account-groups", &token, "*/*").is_ok() {
        assert!(Instant::now() < end, "the connection was not closed");
    }
    server.await_log("did not read its stream in time", 1);
    // Another connection takes the streams.
    let other = Two::open(&server, &certificate);
    while other.get("/events", &token, "text/event-stream").unwrap().0 != 200 {
        assert!(Instant::now() < end, "closed streams still count towards the limit");
    }
    drop(deaf);
}
