//! TLS from certificate files that are replaced while the server runs.

use super::harness::{PATIENCE, Server, write_private};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// A self-signed certificate for this machine and its key, both in PEM.
pub(super) fn pair() -> (String, String) {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// A server with this certificate, which its callers trust.
pub(super) fn serve(certificate: &str, key: &str) -> Server {
    serve_with("", certificate, key)
}

/// Like [`serve`], with additional configuration.
pub(super) fn serve_with(config: &str, certificate: &str, key: &str) -> Server {
    let tls = "[tls]\nmode = \"files\"\ncertificate_file = \"HOME/cert.pem\"\nkey_file = \"HOME/key.pem\"\n";
    let config = format!("{tls}{config}");
    Server::start_with(&config, &[("cert.pem", certificate), ("key.pem", key)]).trusting(certificate)
}

/// A connection that trusts these certificates.
struct Connection(StreamOwned<ClientConnection, TcpStream>);

impl Connection {
    fn open(server: &Server, trusted: &[&str]) -> Connection {
        let mut roots = RootCertStore::empty();
        for pem in trusted {
            roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(builder.with_root_certificates(roots).with_no_client_auth());
        let name = ServerName::try_from("localhost").unwrap();
        let socket = TcpStream::connect(server.address()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Connection(StreamOwned::new(ClientConnection::new(config, name).unwrap(), socket))
    }

    /// Sends one request; returns the status line of the answer.
    fn ask(&mut self) -> std::io::Result<String> {
        self.0.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            let mut byte = [0];
            self.0.read_exact(&mut byte)?;
            answer.push(byte[0]);
        }
        Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
    }

    /// The server's certificate in DER.
    fn certificate(&mut self) -> Vec<u8> {
        assert_eq!(self.ask().unwrap(), "HTTP/1.1 200 OK");
        self.0.conn.peer_certificates().unwrap()[0].to_vec()
    }
}

/// A connection to this server with one of these protocols.
pub(super) fn stream(
    server: &Server,
    certificate: &str,
    protocols: &[&[u8]],
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut config = client_config(certificate);
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let socket = TcpStream::connect(server.address()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), socket)
}

/// The TLS configuration of a client that trusts this certificate.
pub(super) fn client_config(certificate: &str) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(der(certificate).into()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    builder.with_root_certificates(roots).with_no_client_auth()
}

fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

#[test]
fn clients_who_trust_the_certificate_are_served_and_others_hang_up() {
    let ((certificate, key), (stranger, _)) = (pair(), pair());
    let server = serve(&certificate, &key);
    assert!(server.url().starts_with("https://"), "{}", server.url());
    server.admin().get("/account-groups").ok();
    assert!(Connection::open(&server, &[&stranger]).ask().is_err());
    let plain = server.raw_once(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(!plain.starts_with("HTTP/1.1 200"), "{plain}");
}

#[test]
fn a_hang_up_signal_changes_the_certificate_and_open_connections_stay() {
    let ((old, old_key), (new, new_key)) = (pair(), pair());
    let server = serve(&old, &old_key);
    let mut open = Connection::open(&server, &[&old]);
    assert_eq!(open.certificate(), der(&old));
    write_private(&server.home().join("key.pem"), &new_key);
    write_private(&server.home().join("cert.pem"), &new);
    server.signal("HUP");
    server.await_log("the certificate was reloaded", 1);
    assert_eq!(Connection::open(&server, &[&old, &new]).certificate(), der(&new));
    assert_eq!(open.ask().unwrap(), "HTTP/1.1 200 OK", "the open connection was closed");
}

#[test]
fn a_pair_that_cannot_be_used_leaves_the_old_one() {
    let ((old, old_key), (new, new_key)) = (pair(), pair());
    let server = serve(&old, &old_key);
    let bad = [(new.as_str(), old_key.as_str()), ("", &old_key), (&old, "nonsense")];
    for (n, (certificate, key)) in bad.into_iter().enumerate() {
        write_private(&server.home().join("cert.pem"), certificate);
        write_private(&server.home().join("key.pem"), key);
        server.signal("HUP");
        server.await_log("the old one stays", n + 1);
        assert_eq!(Connection::open(&server, &[&old]).certificate(), der(&old), "bad pair {n}");
    }
    write_private(&server.home().join("cert.pem"), &new);
    write_private(&server.home().join("key.pem"), &new_key);
    server.signal("HUP");
    server.await_log("the certificate was reloaded", 1);
    assert_eq!(Connection::open(&server, &[&new]).certificate(), der(&new));
}

#[test]
fn http2_is_spoken_only_if_it_is_configured() {
    let (certificate, key) = pair();
    // The preface of HTTP/2 and an empty SETTINGS frame.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let server = serve_with("[server]\nhttp2 = true\n", &certificate, &key);
    server.admin().get("/account-groups").ok();
    let mut both = stream(&server, &certificate, &[b"h2", b"http/1.1"]);
    both.write_all(preface).unwrap();
    // The server's own SETTINGS frame (type 4) comes first.
    let mut frame = [0; 9];
    both.read_exact(&mut frame).unwrap();
    assert_eq!((both.conn.alpn_protocol(), frame[3]), (Some(&b"h2"[..]), 4));

    let server = serve(&certificate, &key);
    let mut both = stream(&server, &certificate, &[b"h2", b"http/1.1"]);
    both.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    both.read_to_string(&mut answer).unwrap();
    assert_eq!(both.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // Who speaks only HTTP/2 fails in the handshake; who speaks it without asking is refused and disconnected.
    assert!(stream(&server, &certificate, &[b"h2"]).write_all(preface).is_err());
    let mut unasked = stream(&server, &certificate, &[]);
    unasked.write_all(preface).unwrap();
    let mut answer = Vec::new();
    let _ = unasked.read_to_end(&mut answer);
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"), "{}", answer.escape_ascii());
    let plain = Server::shared().raw(preface);
    assert!(plain.is_empty() || plain.starts_with("HTTP/1.1 400"), "{plain}");
}
