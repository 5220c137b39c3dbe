//! The listeners and what a connection passes: the door, TLS, and the HTTP of its mounts.
//!
//! All listeners share their workers and the limit of connections. The library's own server offers no place in front of
//! the TLS handshake and always offers HTTP/2, so its parts are put together here.

use super::door::Door;
use super::gate::Gate;
use super::mounts::{Bound, Plan};
use super::networks::{Networks, is_this_machine};
use super::own_answers::{OwnAnswers, Watched};
use super::tls::{self, Certificates};
use super::{ServeError, descriptors, headers, health, mounts};
use crate::app::App;
use crate::config::Config;
use crate::dialects::kit::{Rates, Shared};
use actix_http::body::BoxBody;
use actix_http::{HttpService, HttpServiceBuilder, Protocol, Request, Response};
use actix_server::GracefulShutdownSignal;
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, apply_fn_factory, fn_service, map_config,
};
use actix_tls::accept::rustls_0_23::{Acceptor, TlsStream};
use actix_tls::accept::{TlsError, max_concurrent_tls_connect};
use actix_web::dev::{AppConfig, Extensions, Server};
use actix_web::rt::net::TcpStream;
use actix_web::web;
use rustls::ServerConfig;
use socket2::{Domain, Protocol as IpProtocol, Socket, Type};
use std::fmt::Debug;
use std::future::ready;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

/// How long an idle connection stays open.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take to close a connection that the server ends.
const DISCONNECT: Duration = Duration::from_secs(1);
/// The length of the accept queue.
const BACKLOG: i32 = 1024;

/// Noted on connections from this machine.
pub(super) struct OwnMachine;

/// Binds all listeners. Returns the server, and the addresses of each plan.
pub(super) fn serve(
    app: &Arc<App>,
    config: &Config,
    plans: &[Plan],
    certificates: Option<&Arc<Certificates>>,
) -> Result<(Server, Vec<Bound>), ServeError> {
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let connections = size(descriptors::connections(config)?);
    // Workers share the limit equally.
    let workers = config.server.worker_count().min(connections);
    let networks = Arc::new(Networks::new(&config.access));
    let door = Door::new(Arc::clone(&networks), size(config.server.max_connections_per_address));
    let gate = web::Data::new(Gate::new(Arc::clone(app), networks, config.access.forwarded_header));
    let shared = web::Data::new(Shared {
        app: Arc::clone(app),
        rates: Rates::new(config.limits.requests_per_second, config.limits.burst()),
        body_limit: usize::try_from(config.server.body_limit_bytes).unwrap_or(1 << 20),
        body_timeout: Duration::from_millis(config.server.request_timeout_ms),
        send_timeout: Duration::from_millis(config.server.send_timeout_ms),
    });
    // The library's own limit is lower: one caller's unfinished handshakes would keep a worker from all others.
    max_concurrent_tls_connect(connections / workers);
    let mut server = Server::build()
        .workers(workers)
        .max_concurrent_connections(connections / workers)
        .shutdown_timeout(config.server.shutdown_timeout_s)
        .disable_signals();
    let line = Line {
        door,
        request_timeout: Duration::from_millis(config.server.request_timeout_ms),
        stopping: server.graceful_shutdown_signal(),
    };
    let hsts = config.tls.hsts();
    let mut bound = Vec::new();
    for plan in plans {
        let mut addresses = Vec::new();
        for address in &plan.listen {
            let address = *address;
            let bind = |source| ServeError::Bind { address, source };
            let listener = listener(address, Duration::from_millis(config.server.send_timeout_ms)).map_err(bind)?;
            addresses.push(listener.local_addr().map_err(bind)?);
            let answers = OwnAnswers::new(Arc::clone(app), plan.clone(), hsts.clone());
            let (line, plan, shared, gate) = (line.clone(), plan.clone(), shared.clone(), gate.clone());
            let door = web::Data::from(Arc::clone(&line.door));
            let hsts = hsts.clone();
            let site = move || {
                let plan = plan.clone();
                actix_web::App::new()
                    .wrap(headers::everywhere(hsts.as_deref()))
                    .app_data(shared.clone())
                    .app_data(gate.clone())
                    .app_data(door.clone())
                    .configure(health::mount)
                    .configure(move |service| mounts::mount(&plan, service))
            };
            let name = format!("http-{address}");
            server = match certificates {
                None => server.listen(name, listener, move || line.plain(requests(site()), answers.clone())),
                Some(certificates) => {
                    let tls = certificates.server_config(config.server.http2)?;
                    server.listen(name, listener, move || line.encrypted(&tls, requests(site()), answers.clone()))
                }
            }
            .map_err(bind)?;
        }
        bound.push((plan.clone(), addresses));
    }
    Ok((server.run(), bound))
}

/// A listener whose connections are closed when the peer acknowledges nothing for `send_timeout`: it is gone, or
/// reads events too slowly. Accepted connections inherit the option.
fn listener(address: SocketAddr, send_timeout: Duration) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(IpProtocol::TCP))?;
    socket.set_reuse_address(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(send_timeout))?;
    #[cfg(not(target_os = "linux"))]
    let _ = send_timeout;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// What all connections have in common.
#[derive(Clone)]
struct Line {
    door: Arc<Door>,
    request_timeout: Duration,
    stopping: GracefulShutdownSignal,
}

/// What answers requests, in the shape that the library's HTTP takes.
trait Requests:
    ServiceFactory<
        Request,
        Config = (),
        Response: Into<Response<BoxBody>> + 'static,
        Error: Into<Response<BoxBody>> + 'static,
        InitError: Debug,
        Future: 'static,
        Service: Service<Request, Future: 'static>,
    > + 'static
{
}

impl<T> Requests for T where
    T: ServiceFactory<
            Request,
            Config = (),
            Response: Into<Response<BoxBody>> + 'static,
            Error: Into<Response<BoxBody>> + 'static,
            InitError: Debug,
            Future: 'static,
            Service: Service<Request, Future: 'static>,
        > + 'static
{
}

fn requests<A, S>(app: A) -> impl Requests
where
    A: IntoServiceFactory<S, Request>,
    S: ServiceFactory<
            Request,
            Config = AppConfig,
            Response: Into<Response<BoxBody>> + 'static,
            Error = actix_web::Error,
            InitError: Debug,
            Future: 'static,
            Service: Service<Request, Future: 'static>,
        > + 'static,
{
    let answer = |error: actix_web::Error| Response::from(error.error_response());
    map_config(app.into_factory().map_err(answer), |()| AppConfig::default())
}

impl Line {
    /// HTTP/1.1 on the bare connection. HTTP/2 without TLS is refused as a malformed request.
    fn plain<R: Requests>(
        &self,
        requests: R,
        answers: Arc<OwnAnswers>,
    ) -> impl ServiceFactory<TcpStream, Config = (), Response = (), InitError = ()> + use<R> {
        let http = self.http(requests, |connection: &Watched<TcpStream>, noted: &mut Extensions| {
            note_origin(connection.stream(), noted);
        });
        let watched = fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            let connection = Watched::new(stream, peer, Some(answers.clone()));
            ready(Ok((connection, Protocol::Http1, peer)))
        });
        self.behind_the_door(watched.and_then(http))
    }

    /// The protocol that the handshake chose.
    fn encrypted<R: Requests>(
        &self,
        tls: &ServerConfig,
        requests: R,
        answers: Arc<OwnAnswers>,
    ) -> impl ServiceFactory<TcpStream, Config = (), Response = (), InitError = ()> + use<R> {
        let http = self.http(requests, |connection: &Watched<TlsStream<TcpStream>>, noted: &mut Extensions| {
            note_origin(connection.stream().get_ref().0, noted);
            tls::note_http2(connection.stream(), noted);
        });
        let handshake = Acceptor::new(tls.clone()).map_err(TlsError::into_service_error);
        let chosen = handshake.map(move |stream: TlsStream<TcpStream>| {
            let peer = stream.get_ref().0.peer_addr().ok();
            match tls::is_http2(&stream) {
                true => (Watched::new(stream, peer, None), Protocol::Http2, peer),
                false => (Watched::new(stream, peer, Some(answers.clone())), Protocol::Http1, peer),
            }
        });
        self.behind_the_door(chosen.and_then(http.map_err(TlsError::Service)))
    }

    fn http<T: 'static, S: Requests>(
        &self,
        requests: S,
        note: impl Fn(&T, &mut Extensions) + 'static,
    ) -> HttpService<T, S, BoxBody> {
        let stopping = self.stopping.clone();
        HttpServiceBuilder::default()
            // Undocumented in the library, whose own server uses it: without it, idle connections would delay the stop.
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(self.request_timeout)
            .client_disconnect_timeout(DISCONNECT)
            .on_connect_ext(note)
            .finish(requests)
    }

    /// Closes connections that are not admitted, before `next` sees them.
    fn behind_the_door<N>(
        &self,
        next: N,
    ) -> impl ServiceFactory<TcpStream, Config = (), Response = (), InitError = ()> + use<N>
    where
        N: ServiceFactory<TcpStream, Config = (), Response = (), InitError = ()>,
    {
        let door = Arc::clone(&self.door);
        apply_fn_factory(next, move |stream: TcpStream, next: &N::Service| {
            let served = door.admit(&stream).map(|pass| (pass, next.call(stream)));
            async move {
                let Some((pass, serving)) = served else { return Ok(()) };
                let outcome = serving.await;
                drop(pass);
                outcome
            }
        })
    }
}

fn note_origin(stream: &TcpStream, noted: &mut Extensions) {
    let ip = |address: io::Result<SocketAddr>| address.ok().map(|address| address.ip().to_canonical());
    if ip(stream.peer_addr()).is_some_and(|peer| is_this_machine(peer, ip(stream.local_addr()))) {
        noted.insert(OwnMachine);
    }
}
