//! The gate in front of routing and authentication: determines the caller's address, checks it against the allow list,
//! and assigns the request id.

use super::cors::Cors;
use super::forwarded;
use super::networks::Networks;
use super::tally::{Due, Tally};
use crate::app::App;
use crate::config::ForwardedHeader;
use crate::dialects::kit::{Dialect, Endpoint, Origin, REQUEST_ID, Rejection, ReplyContext};
use crate::domain::ids::RequestId;
use crate::domain::refusal::Refusal;
use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::{RequestHead, ResponseHead, ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, web};
use futures_util::future::LocalBoxFuture;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// The allow list, and the proxies whose headers are trusted.
pub(super) struct Gate {
    app: Arc<App>,
    networks: Arc<Networks>,
    header: ForwardedHeader,
    strangers: Tally,
}

/// Who sent a request.
pub(super) struct Sender {
    /// The other end of the connection.
    peer: IpAddr,
    /// The caller, as forwarded by trusted proxies; `None` if they do not tell it in a readable way.
    caller: Option<IpAddr>,
}

impl Gate {
    pub(super) fn new(app: Arc<App>, networks: Arc<Networks>, header: ForwardedHeader) -> Gate {
        Gate { app, networks, header, strangers: Tally::default() }
    }

    pub(super) fn sender(&self, request: &RequestHead) -> Sender {
        let peer = request.peer_addr.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical());
        let is_trusted = |address| self.networks.trust(address);
        let caller = match is_trusted(peer) {
            true => forwarded::caller(peer, &request.headers, self.header, is_trusted),
            false => Some(peer),
        };
        Sender { peer, caller }
    }

    pub(super) fn admits(&self, sender: &Sender) -> bool {
        sender.caller.is_some_and(|caller| self.networks.allow(caller))
    }

    /// Requests of callers outside the allow list since the start.
    pub(super) fn strangers(&self) -> u64 {
        self.strangers.total()
    }

    pub(super) fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Logs that a request is refused, and closes its connection unless it is a trusted proxy's, which also carries the
    /// requests of others.
    pub(super) fn turn_away(&self, sender: &Sender, request: RequestId, response: &mut ResponseHead) {
        if let Some(Due { unlogged, total }) = self.strangers.count() {
            let peer = sender.peer;
            let address = sender.caller.map_or("unreadable".into(), |caller| caller.to_string());
            tracing::warn!(%request, address, %peer, unlogged, total, "request refused: not on the allow list");
        }
        if !self.networks.trust(sender.peer) {
            response.set_connection_type(ConnectionType::Close);
        }
    }
}

/// The limit for the request line and the headers together, in bytes.
pub(super) const HEAD_LIMIT: usize = 32 * 1024;

fn head_bytes(request: &ServiceRequest) -> usize {
    let line = request.path().len() + request.query_string().len();
    request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() + line
}

/// A response from behind the gate (left), or the gate's refusal (right).
type Passed = Result<ServiceResponse<EitherBody<BoxBody, BoxBody>>, actix_web::Error>;

/// Middleware that admits requests to a dialect, or refuses them in its envelope.
pub(super) fn middleware(
    endpoint: &Endpoint,
    cors: Option<&Arc<Cors>>,
) -> impl Fn(ServiceRequest, Next<BoxBody>) -> LocalBoxFuture<'static, Passed> + Clone + use<> {
    let (endpoint, cors) = (endpoint.clone(), cors.cloned());
    move |request, next| Box::pin(pass(endpoint.clone(), cors.clone(), request, next))
}

async fn pass(endpoint: Endpoint, cors: Option<Arc<Cors>>, request: ServiceRequest, next: Next<BoxBody>) -> Passed {
    let Some(gate) = request.app_data::<web::Data<Gate>>().cloned() else {
        return Err(actix_web::error::ErrorInternalServerError("no gate"));
    };
    let sender = gate.sender(request.head());
    let origin = Origin { request: gate.app().request_id(), address: sender.caller.unwrap_or(sender.peer) };
    request.extensions_mut().insert(origin);
    let is_admitted = gate.admits(&sender);
    let rejection = if !is_admitted {
        Some(Refusal::AddressNotAllowed.into())
    } else if head_bytes(&request) > HEAD_LIMIT {
        Some(Rejection::HeadersTooLarge { limit_bytes: HEAD_LIMIT })
    } else {
        None
    };
    let preflight = || cors.as_ref()?.preflight(&request);
    let mut response = match rejection {
        None => match preflight() {
            Some(answer) => request.into_response(answer).map_into_right_body(),
            None => next.call(request).await?.map_into_left_body(),
        },
        Some(rejection) => {
            let refused = endpoint.respond(Err(rejection), &ReplyContext::new(origin.request));
            request.into_response(refused).map_into_right_body()
        }
    };
    match is_admitted {
        true => log(&response, origin),
        false => gate.turn_away(&sender, origin.request, response.response_mut().head_mut()),
    }
    if let Some(cors) = &cors {
        cors.mark(&mut response);
    }
    name_request(endpoint.dialect(), origin, &mut response);
    Ok(response)
}

/// The longest id of a caller's own that is repeated, in bytes.
const ECHO_MAX: usize = 128;

/// Puts the request's id into the headers of its answer.
fn name_request<B>(dialect: &dyn Dialect, origin: Origin, response: &mut ServiceResponse<B>) {
    let Ok(id) = HeaderValue::from_str(&origin.request.to_string()) else { return };
    let name = HeaderName::from_static(dialect.request_id_header());
    let sent = response.request().headers().get(&name).filter(|sent| (1..=ECHO_MAX).contains(&sent.len())).cloned();
    match sent.filter(|_| dialect.echoes_request_id()) {
        Some(sent) => {
            response.headers_mut().insert(name, sent);
            response.headers_mut().insert(HeaderName::from_static(REQUEST_ID), id);
        }
        None => {
            response.headers_mut().insert(name, id);
        }
    }
}

fn log<B>(response: &ServiceResponse<B>, origin: Origin) {
    let status = response.status().as_u16();
    let (method, path) = (response.request().method().as_str(), response.request().path());
    let (request, address) = (origin.request, origin.address);
    if status >= 500 {
        tracing::error!(%request, %address, method, path, status, "request");
    } else if status >= 400 {
        tracing::info!(%request, %address, method, path, status, "request");
    } else {
        tracing::debug!(%request, %address, method, path, status, "request");
    }
}
