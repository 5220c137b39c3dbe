//! The server: listeners and TLS, the allow list, request ids, probes, the API documentation, and the mounts of the
//! dialects.

mod apis;
mod docs;
mod gate;
mod health;
mod mounts;
mod tls;

pub use apis::openapi_json;

use crate::app::App;
use crate::config::{Config, TlsMode};
use crate::dialects::kit::Shared;
use actix_web::dev::Server;
use actix_web::{HttpServer, web};
use gate::Gate;
pub use health::backup_json;
use mounts::Plan;
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
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
    /// Another system call failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// How long an idle connection stays open.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// The interval of checks for changed certificate files.
const CERTIFICATE_CHECK: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or SIGINT, then finishes running requests. SIGHUP reloads the certificate.
pub async fn run(app: Arc<App>, config: &Config, ready: impl FnOnce(&Listening)) -> Result<(), ServeError> {
    let certificates = match config.tls.mode {
        TlsMode::Off => None,
        TlsMode::Files => Some(Certificates::load(&config.tls)?),
    };
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    let mut servers = Vec::new();
    let mut bound = Vec::new();
    for plan in Plan::of(config)? {
        let (server, addresses) = start(&app, config, &plan, certificates.as_ref())?;
        bound.push((plan, addresses));
        servers.push(server);
    }
    let listening = mounts::listening(&bound, certificates.is_some());
    let handles: Vec<_> = servers.iter().map(Server::handle).collect();
    let running: Vec<_> = servers.into_iter().map(actix_web::rt::spawn).collect();
    ready(&listening);

    let mut check = tokio::time::interval(CERTIFICATE_CHECK);
    loop {
        tokio::select! {
            _ = hang_up.recv() => {
                if let Some(certificates) = &certificates {
                    certificates.reload();
                }
            }
            _ = check.tick() => {
                if let Some(certificates) = &certificates {
                    certificates.reload_if_changed();
                }
            }
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    tracing::info!("stopping: finishing running requests");
    // Event streams would never finish by themselves.
    app.end_streams();
    for handle in handles {
        handle.stop(true).await;
    }
    for server in running {
        match server.await {
            Ok(result) => result?,
            Err(error) => tracing::error!(%error, "a listener failed"),
        }
    }
    Ok(())
}

fn start(
    app: &Arc<App>,
    config: &Config,
    plan: &Plan,
    certificates: Option<&Arc<Certificates>>,
) -> Result<(Server, Vec<SocketAddr>), ServeError> {
    let timeout = Duration::from_millis(config.server.request_timeout_ms);
    let shared = web::Data::new(Shared {
        app: Arc::clone(app),
        body_limit: usize::try_from(config.server.body_limit_bytes).unwrap_or(1 << 20),
        body_timeout: timeout,
        send_timeout: Duration::from_millis(config.server.send_timeout_ms),
    });
    let gate = web::Data::new(Gate::new(Arc::clone(app), &config.access));
    let mounted = plan.clone();
    let factory = move || {
        let mounted = mounted.clone();
        actix_web::App::new()
            .app_data(shared.clone())
            .app_data(gate.clone())
            .configure(health::mount)
            .configure(move |service| mounts::mount(&mounted, service))
    };
    let connections = usize::try_from(config.server.max_connections).unwrap_or(usize::MAX);
    let workers = config.server.worker_count();
    let mut server = HttpServer::new(factory)
        .workers(workers)
        .max_connections((connections / workers.max(1)).max(1))
        .client_request_timeout(timeout)
        .keep_alive(KEEP_ALIVE)
        .on_connect(tls::note_line)
        .shutdown_timeout(config.server.shutdown_timeout_s)
        .disable_signals();
    for address in &plan.listen {
        let address = *address;
        let bind = |source| ServeError::Bind { address, source };
        let listener = listener(address, Duration::from_millis(config.server.send_timeout_ms)).map_err(bind)?;
        server = match certificates {
            None => server.listen(listener).map_err(bind)?,
            Some(certificates) => server.listen_rustls_0_23(listener, certificates.server_config()?).map_err(bind)?,
        };
    }
    let addresses = server.addrs();
    Ok((server.run(), addresses))
}

/// The length of the accept queue.
const BACKLOG: i32 = 1024;

/// A listener whose connections are closed when the peer acknowledges nothing for `send_timeout`: it is gone, or
/// reads events too slowly. Accepted connections inherit the option.
fn listener(address: SocketAddr, send_timeout: Duration) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(send_timeout))?;
    #[cfg(not(target_os = "linux"))]
    let _ = send_timeout;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
