//! The server: listeners and TLS, the allow list, request ids, probes, the API documentation, and the mounts of the
//! dialects.

mod accepting;
mod apis;
mod cors;
mod descriptors;
mod docs;
mod door;
mod forwarded;
mod gate;
mod headers;
mod health;
mod listeners;
mod mounts;
mod networks;
mod own_answers;
mod tally;
mod tls;

pub use accepting::{ACCEPT_TARGET, accept_failures};
pub use apis::{api_clients, apis_with_clients, openapi_json};
pub use descriptors::TooFewDescriptors;

use crate::app::App;
use crate::config::{Config, TlsMode};
pub use health::{backup_json, clock_json};
use mounts::Plan;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tls::Certificates;
pub use tls::TlsError;
use tokio::signal::unix::{SignalKind, signal};

/// The addresses of a running server.
#[derive(Clone, Debug)]
pub struct Listening {
    /// The URL of the main listener.
    pub url: String,
    /// The URL of the API documentation.
    pub docs_url: String,
    /// The URLs of each dialect.
    pub apis: BTreeMap<&'static str, Vec<String>>,
}

/// Why the server did not start, or why it stopped.
#[derive(Debug, Error)]
pub enum ServeError {
    /// A listener could not be bound.
    #[error("cannot listen on {address}: {source}; choose another address with --listen ADDR:PORT")]
    Bind { address: SocketAddr, source: io::Error },
    /// The certificate or its key cannot be used.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    /// The process may open too few files for the database and any connection.
    #[error(transparent)]
    Descriptors(#[from] TooFewDescriptors),
    /// Another system call failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The interval of checks for changed certificate files, and of reports of connections that could not be accepted.
const CHECK: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or SIGINT, then finishes running requests. SIGHUP reloads the certificate.
pub async fn run(app: Arc<App>, config: &Config, ready: impl FnOnce(&Listening)) -> Result<(), ServeError> {
    let certificates = match config.tls.mode {
        TlsMode::Off => None,
        TlsMode::Files => Some(Certificates::load(&config.tls)?),
    };
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    let plans = Plan::of(config)?;
    let (server, bound) = listeners::serve(&app, config, &plans, certificates.as_ref())?;
    let listening = mounts::listening(&bound, certificates.is_some());
    let handle = server.handle();
    let mut running = actix_web::rt::spawn(server);
    ready(&listening);

    let mut check = tokio::time::interval(CHECK);
    loop {
        tokio::select! {
            _ = hang_up.recv() => {
                if let Some(certificates) = &certificates {
                    certificates.reload();
                }
            }
            _ = check.tick() => {
                accepting::tell();
                if let Some(certificates) = &certificates {
                    certificates.reload_if_changed();
                }
            }
            // Without listeners the process is of no use, and its supervisor should know.
            stopped = &mut running => return Ok(stopped.map_err(io::Error::other)??),
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    tracing::info!("stopping: finishing running requests");
    // Event streams would never finish by themselves.
    app.end_streams();
    handle.stop(true).await;
    match running.await {
        Ok(result) => result?,
        Err(error) => tracing::error!(%error, "the listeners failed"),
    }
    Ok(())
}
