//! A stand-in for the server: it listens, answers nothing and stops when it is told to.

pub mod openapi;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::app::App;
use crate::config::Config;

/// Where the server listens.
pub struct Listening {
    /// The main listener.
    pub url: String,
    /// The page of the documentation.
    pub docs_url: String,
    /// Where each dialect answers.
    pub apis: BTreeMap<&'static str, Vec<String>>,
}

/// Why the server does not run.
#[derive(Debug)]
pub enum ServeError {
    /// An address cannot be listened on.
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The certificate cannot be used.
    Tls(String),
    /// The operating system said no.
    Io(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServeError::Bind { address, error } => write!(f, "cannot listen on {address}: {error}"),
            ServeError::Tls(reason) => write!(f, "TLS: {reason}"),
            ServeError::Io(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ServeError::Bind { error, .. } | ServeError::Io(error) => Some(error),
            ServeError::Tls(_) => None,
        }
    }
}

/// Serves until SIGTERM or SIGINT, then finishes what is under way.
pub async fn run(_app: Arc<App>, config: &Config, ready: impl FnOnce(&Listening)) -> Result<(), ServeError> {
    let address = config.server.listen;
    let listener = TcpListener::bind(address).map_err(|error| ServeError::Bind { address, error })?;
    let url = format!("http://{}", listener.local_addr().map_err(ServeError::Io)?);
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Io)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Io)?;
    let apis = BTreeMap::from([("native", vec![url.clone()])]);
    ready(&Listening { docs_url: format!("{url}/docs"), url, apis });
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
