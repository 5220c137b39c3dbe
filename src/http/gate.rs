//! The gate: where a request really comes from, whether that network may call at all, and the name under which the request
//! is logged. Passed before routing and authentication.

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

/// Who is let in.
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

    /// The caller's address. `X-Forwarded-For` counts as far as listed proxies wrote it: from its end, the first address
    /// that is not a proxy of ours.
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

/// The most that the request line and the headers may take together, in bytes.
const HEAD_LIMIT: usize = 32 * 1024;

fn head_bytes(request: &ServiceRequest) -> usize {
    let line = request.path().len() + request.query_string().len();
    request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() + line
}

/// What a request can be answered with at the gate: by what is behind it, or by a refusal.
type Passed = Result<ServiceResponse<EitherBody<BoxBody, BoxBody>>, actix_web::Error>;

/// Lets requests to a dialect pass, or turns them away in its envelope.
pub(super) fn passage(
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
    Ok(named(response, endpoint.dialect().request_id_header(), origin))
}

/// Names the request in the answer and in the log.
fn named<B>(mut response: ServiceResponse<B>, header: &'static str, origin: Origin) -> ServiceResponse<B> {
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
