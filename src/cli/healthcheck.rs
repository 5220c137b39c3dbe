//! `bursar healthcheck`: is the server healthy? Exits with 0 or 1, for containers and supervisors.
//!
//! It uses the control socket, so it needs neither the certificate nor the allow list: the server writes to its
//! database, and this process opens a connection to the server's listener.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use serde_json::json;

use super::control;
use super::outcome::{Exit, Failure};
use super::{Session, data_dir};

/// The limit for the write to the database, and for opening the connection.
const TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn run(session: &mut Session<'_>) -> Result<(), Failure> {
    let dir = data_dir::existing(session.config()?).map_err(unhealthy)?;
    let health = control::ask_health(&dir, TIMEOUT).map_err(unhealthy)?;
    let Some(url) = health["url"].as_str() else {
        let failure = Failure::new(Exit::Failure, "the server is not listening yet, or is stopping");
        return Err(failure.next("Try again in a moment; if it fails again, look at the server's log."));
    };
    connect(url)?;
    let text = format!("The server at {url} accepts connections and can write to its database.");
    session.output.print(&json!({"status": "ok", "url": url, "mode": health["mode"]}), text)
}

/// Every failure has exit code 1, whatever its reason.
fn unhealthy(failure: Failure) -> Failure {
    Failure { exit: Exit::Failure, ..failure }
}

fn connect(url: &str) -> Result<(), Failure> {
    let refused = |reason: String| {
        Failure::new(Exit::Failure, format!("the server does not accept connections at {url}: {reason}"))
            .next("Look at the server's log.")
    };
    let address = address(url).ok_or_else(|| refused("its address is not known".into()))?;
    TcpStream::connect_timeout(&address, TIMEOUT).map(|_| ()).map_err(|error| refused(error.to_string()))
}

/// The socket address of a URL.
fn address(url: &str) -> Option<SocketAddr> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let default_port = if scheme == "https" { 443 } else { 80 };
    let socket = if has_port { authority.to_owned() } else { format!("{authority}:{default_port}") };
    socket.to_socket_addrs().ok()?.next()
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
        assert_eq!(found("nonsense"), None);
    }
}
