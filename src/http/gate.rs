//! The gate in front of routing and authentication: determines the caller's address, checks it against the allow list,
//! and assigns the request id.

use crate::app::App;
use crate::config::Access;
use crate::dialects::kit::{Endpoint, Origin, Rejection, ReplyContext};
use crate::domain::refusal::Refusal;
use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, web};
use futures_util::future::LocalBoxFuture;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The allow list, and the proxies whose headers are trusted.
pub(super) struct Gate {
    app: Arc<App>,
    allowed: Vec<IpNet>,
    proxies: Vec<IpNet>,
    turned_away: AtomicU64,
}

impl Gate {
    pub(super) fn new(app: Arc<App>, access: &Access) -> Gate {
        let allowed = access.allowed_networks();
        Gate { app, allowed, proxies: access.trusted_proxies.clone(), turned_away: AtomicU64::new(0) }
    }

    /// The caller's address: that of the peer or, behind a trusted proxy, the last address in `X-Forwarded-For` that is
    /// not a trusted proxy.
    pub(super) fn address(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> IpAddr {
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.to_canonical());
        let mut address = peer;
        if !contains(&self.proxies, address) {
            return address;
        }
        let forwarded: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        for hop in forwarded.iter().rev() {
            let Ok(hop) = hop.trim().parse::<IpAddr>() else { return address };
            address = hop.to_canonical();
            if !contains(&self.proxies, address) {
                return address;
            }
        }
        address
    }

    pub(super) fn admits(&self, address: IpAddr) -> bool {
        contains(&self.allowed, address)
    }

    pub(super) fn app(&self) -> &Arc<App> {
        &self.app
    }

    fn turn_away(&self, address: IpAddr) {
        let count = self.turned_away.fetch_add(1, Ordering::Relaxed) + 1;
        // A scanner must not be able to fill the log.
        if count.is_power_of_two() {
            tracing::warn!(%address, count, "turned away: not on the allow list");
        }
    }
}

fn contains(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// The limit for the request line and the headers together, in bytes.
const HEAD_LIMIT: usize = 32 * 1024;

fn head_bytes(request: &ServiceRequest) -> usize {
    let line = request.path().len() + request.query_string().len();
    request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() + line
}

/// A response from behind the gate (left), or the gate's refusal (right).
type Passed = Result<ServiceResponse<EitherBody<BoxBody, BoxBody>>, actix_web::Error>;

/// Middleware that admits requests to a dialect, or refuses them in its envelope.
pub(super) fn middleware(
    endpoint: &Endpoint,
) -> impl Fn(ServiceRequest, Next<BoxBody>) -> LocalBoxFuture<'static, Passed> + Clone + use<> {
    let endpoint = endpoint.clone();
    move |request, next| Box::pin(pass(endpoint.clone(), request, next))
}

async fn pass(endpoint: Endpoint, request: ServiceRequest, next: Next<BoxBody>) -> Passed {
    let Some(gate) = request.app_data::<web::Data<Gate>>().cloned() else {
        return Err(actix_web::error::ErrorInternalServerError("no gate"));
    };
    let address = gate.address(request.peer_addr().map(|peer| peer.ip()), request.headers());
    let origin = Origin { request: gate.app().request_id(), address };
    request.extensions_mut().insert(origin);
    let rejection = if !gate.admits(address) {
        gate.turn_away(address);
        Some(Refusal::AddressNotAllowed.into())
    } else if head_bytes(&request) > HEAD_LIMIT {
        Some(Rejection::HeadersTooLarge { limit_bytes: HEAD_LIMIT })
    } else {
        None
    };
    let response = match rejection {
        None => next.call(request).await?.map_into_left_body(),
        Some(rejection) => {
            let refused = endpoint.respond(Err(rejection), &ReplyContext::new(origin.request));
            request.into_response(refused).map_into_right_body()
        }
    };
    Ok(identified(response, endpoint.dialect().request_id_header(), origin))
}

/// Adds the request id to the response, and logs the request.
fn identified<B>(mut response: ServiceResponse<B>, header: &'static str, origin: Origin) -> ServiceResponse<B> {
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
    if let Ok(value) = HeaderValue::from_str(&origin.request.to_string()) {
        response.headers_mut().insert(HeaderName::from_static(header), value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::contains;
    use ipnet::IpNet;

    #[test]
    fn networks_contain_addresses_of_their_own_family() {
        let networks: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        assert!(contains(&networks, "10.1.2.3".parse().unwrap()));
        assert!(contains(&networks, "::1".parse().unwrap()));
        assert!(!contains(&networks, "127.0.0.1".parse().unwrap()));
    }
}
