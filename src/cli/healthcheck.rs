//! `bursar healthcheck`: is the server healthy? Exits with 0 or 1, for containers and supervisors.
//!
//! Over the control socket, it has the server write to its database. Then it asks for `/livez` over HTTP or HTTPS like
//! any caller. This machine may always ask, and the certificate is not checked: it is issued for the name that others
//! use, and nothing secret is sent.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use serde_json::json;

use crate::app::clock::ClockState;
use crate::store::DataDir;

use super::control;
use super::outcome::{Exit, Failure};
use super::{Session, data_dir};

/// The limit for the write to the database, and for the request.
const TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

pub(super) fn run(session: &mut Session<'_>) -> Result<(), Failure> {
    let config = session.config()?;
    let missing = || data_dir::no_database(config, &DataDir::new(&config.server.data_dir));
    let dir = data_dir::present(config).and_then(|dir| dir.ok_or_else(missing)).map_err(unhealthy)?;
    let health = control::ask_health(&dir, TIMEOUT).map_err(unhealthy)?;
    let Some(url) = health["url"].as_str() else {
        let failure = Failure::new(Exit::Failure, "the server is not listening yet, or is stopping");
        return Err(failure.next("Try again in a moment; if it fails again, look at the server's log."));
    };
    ask(url)?;
    // The server needs no restart then: it goes on by itself when the clock is right.
    let text = match health["clock"] == json!(ClockState::Ahead) {
        true => format!("The server at {url} answers, but refuses writes until its clock is right: bursar clock show"),
        false => format!("The server at {url} answers and can write to its database."),
    };
    let value = json!({"status": "ok", "url": url, "mode": health["mode"], "clock": health["clock"]});
    session.output.print(&value, text)
}

/// Every failure has exit code 1, whatever its reason.
fn unhealthy(failure: Failure) -> Failure {
    Failure { exit: Exit::Failure, ..failure }
}

fn ask(url: &str) -> Result<(), Failure> {
    let refused = |reason: String| {
        Failure::new(Exit::Failure, format!("the server does not answer at {url}: {reason}"))
            .next("Look at the server's log.")
    };
    let address = address(url).ok_or_else(|| refused("its address is not known".into()))?;
    let status = status_line(address, url.starts_with("https:")).map_err(|error| refused(error.to_string()))?;
    match status.split(' ').nth(1) {
        Some("200") => Ok(()),
        _ => Err(refused(format!("/livez answers {status:?}"))),
    }
}

/// The first line of the answer to the request.
fn status_line(address: SocketAddr, is_tls: bool) -> io::Result<String> {
    let socket = TcpStream::connect_timeout(&address, TIMEOUT)?;
    let line = Line { socket, end: Instant::now() + TIMEOUT };
    match is_tls {
        false => exchange(line),
        true => {
            let session = ClientConnection::new(client_config()?, ServerName::from(address.ip()));
            exchange(StreamOwned::new(session.map_err(io::Error::other)?, line))
        }
    }
}

fn exchange(mut line: impl Read + Write) -> io::Result<String> {
    line.write_all(REQUEST)?;
    line.flush()?;
    let mut answer = [0; 64];
    let mut length = 0;
    while length < answer.len() && !answer[..length].contains(&b'\r') {
        match line.read(&mut answer[length..])? {
            0 => break,
            more => length += more,
        }
    }
    let text = String::from_utf8_lossy(&answer[..length]);
    Ok(text.split('\r').next().unwrap_or_default().to_owned())
}

/// A connection that fails when its time is over, however little arrives at a time.
struct Line {
    socket: TcpStream,
    end: Instant,
}

impl Line {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.end.saturating_duration_since(Instant::now());
        let late =
            || io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} seconds", TIMEOUT.as_secs()));
        (!left.is_zero()).then_some(Some(left)).ok_or_else(late)
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(self.left()?)?;
        match self.socket.read(buffer) {
            // The system's words for a time limit say that a resource is temporarily unavailable.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.left().and(Err(error)),
            read => read,
        }
    }
}

impl Write for Line {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        self.socket.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

fn client_config() -> io::Result<Arc<ClientConfig>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(AnyCertificate(Arc::clone(&provider)));
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(io::Error::other)?.dangerous();
    Ok(Arc::new(builder.with_custom_certificate_verifier(verifier).with_no_client_auth()))
}

/// Accepts every certificate whose private key the server has.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The socket address of a URL.
fn address(url: &str) -> Option<SocketAddr> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let default_port = if scheme == "https" { 443 } else { 80 };
    let socket = if has_port { authority.to_owned() } else { format!("{authority}:{default_port}") };
    let mut address = socket.to_socket_addrs().ok()?.next()?;
    // A server that listens on all addresses also listens on loopback.
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_socket_address() {
        let found = |url: &str| address(url).map(|address| address.to_string());
        assert_eq!(found("http://127.0.0.1:8080/x").as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(found("https://127.0.0.1").as_deref(), Some("127.0.0.1:443"));
        assert_eq!(found("http://[::1]:90").as_deref(), Some("[::1]:90"));
        assert_eq!(found("http://0.0.0.0:90").as_deref(), Some("127.0.0.1:90"));
        assert_eq!(found("http://[::]:90").as_deref(), Some("[::1]:90"));
        assert_eq!(found("nonsense"), None);
    }
}
