//! Where dialects answer: under a path or at a host name on the main listener, or on their own listeners.

use super::cors::Cors;
use super::{Listening, apis, docs, gate};
use crate::config::{Config, Mount};
use crate::dialects::kit::{Endpoint, Rejection};
use actix_web::HttpRequest;
use actix_web::guard::{self, GuardContext};
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// One server: its addresses, and the dialects mounted there.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) listen: Vec<SocketAddr>,
    places: Vec<Place>,
    /// Answers where no dialect is mounted, so that a caller gets an error envelope and not an empty page.
    elsewhere: Option<Endpoint>,
}

/// A server and the addresses that it got, in the order of its plan.
pub(super) type Bound = (Plan, Vec<SocketAddr>);

/// One mount of one dialect.
#[derive(Clone)]
struct Place {
    endpoint: Endpoint,
    /// Empty for the root.
    path: String,
    /// Empty for any host.
    hosts: Vec<String>,
    cors: Option<Arc<Cors>>,
}

impl Plan {
    /// The servers of a configuration, the main one first.
    pub(super) fn of(config: &Config) -> io::Result<Vec<Plan>> {
        let endpoints = apis::endpoints(config)?;
        let elsewhere = endpoints.first().cloned();
        let mut main = Plan { listen: vec![config.server.listen], places: Vec::new(), elsewhere: elsewhere.clone() };
        let mut own = Vec::new();
        for (endpoint, (_, mount)) in endpoints.into_iter().zip(config.apis.mounts()) {
            let Mount { enabled, path, host, listen } = mount;
            if !enabled {
                continue;
            }
            let cors = Cors::new(&config.browser, endpoint.dialect());
            let place = |path: String, hosts| Place { endpoint: endpoint.clone(), path, hosts, cors: cors.clone() };
            if !host.is_empty() {
                let hosts = host.iter().map(|host| host.as_str().to_owned()).collect();
                main.places.push(place(String::new(), hosts));
            }
            if let Some(path) = path {
                main.places.push(place(path.as_str().trim_end_matches('/').to_owned(), Vec::new()));
            }
            if !listen.is_empty() {
                let place = place(String::new(), Vec::new());
                own.push(Plan { listen: listen.clone(), places: vec![place], elsewhere: elsewhere.clone() });
            }
        }
        // Host names before paths, longer paths before shorter ones: the first match answers.
        main.places.sort_by_key(|place| (place.hosts.is_empty(), usize::MAX - place.path.len()));
        let mut plans = vec![main];
        plans.extend(own);
        Ok(plans)
    }

    /// The dialect for a request of which nothing can be read but how it begins: the one mounted at its path, else that
    /// of the listener, or the first of all if it has several. Host names are not known yet.
    pub(super) fn endpoint_of(&self, beginning: &[u8]) -> Option<&Endpoint> {
        let target = beginning.iter().position(|byte| *byte == b' ').map_or(&b""[..], |blank| &beginning[blank + 1..]);
        let is_below = |path: &str| {
            let rest = target.strip_prefix(path.as_bytes());
            rest.is_some_and(|rest| matches!(rest.first(), Some(b'/' | b'?' | b' ')))
        };
        let mut places = self.places.iter();
        match self.places.as_slice() {
            [place] => Some(&place.endpoint),
            _ => places.find(|place| place.hosts.is_empty() && is_below(&place.path)).map(|place| &place.endpoint),
        }
        .or(self.elsewhere.as_ref())
    }
}

/// Mounts the dialects of one server.
pub(super) fn mount(plan: &Plan, config: &mut ServiceConfig) {
    for Place { endpoint, path, hosts, cors } in &plan.places {
        let hosts = hosts.clone();
        let scope = web::scope(path)
            .guard(guard::fn_guard(move |context| {
                hosts.is_empty() || host_of(context).is_some_and(|host| hosts.contains(&host))
            }))
            .wrap(from_fn(gate::middleware(endpoint, cors.as_ref())))
            .configure(|config| docs::mount(endpoint, config))
            .configure(|config| endpoint.clone().mount(config));
        config.service(scope);
    }
    if let Some(endpoint) = &plan.elsewhere {
        let refusing = endpoint.clone();
        let refuse = move |request: HttpRequest| {
            let answer = refusing.refuse(&request, Rejection::UnknownRoute);
            async move { answer }
        };
        config.service(web::scope("").wrap(from_fn(gate::middleware(endpoint, None))).default_service(web::to(refuse)));
    }
}

/// The requested host, in lower case and without a port.
fn host_of(context: &GuardContext<'_>) -> Option<String> {
    let head = context.head();
    let named = head.headers().get(header::HOST).and_then(|value| value.to_str().ok()).or_else(|| head.uri.host())?;
    let name = match named.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => named,
    };
    Some(name.to_ascii_lowercase())
}

/// The URLs of all mounts, once the addresses are bound.
pub(super) fn listening(bound: &[Bound], is_tls: bool) -> Listening {
    let scheme = if is_tls { "https" } else { "http" };
    let mut apis: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut url = String::new();
    for (plan, addresses) in bound {
        for address in addresses {
            if url.is_empty() {
                url = format!("{scheme}://{address}");
            }
            for place in &plan.places {
                let urls = apis.entry(place.endpoint.dialect().name()).or_default();
                if place.hosts.is_empty() {
                    urls.push(format!("{scheme}://{address}{}", place.path));
                } else {
                    urls.extend(place.hosts.iter().map(|host| format!("{scheme}://{host}:{}", address.port())));
                }
            }
        }
    }
    let first = bound.first().and_then(|(plan, _)| plan.elsewhere.as_ref()).map(|endpoint| endpoint.dialect().name());
    let docs_at = first.and_then(|name| apis.get(name)?.first()).unwrap_or(&url);
    let docs_url = format!("{docs_at}/docs/");
    Listening { url, docs_url, apis }
}
