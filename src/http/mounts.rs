//! Where dialects answer: under a path or at a host name of the main listener, or at listeners of their own.

use super::{Listening, docs, gate};
use crate::config::{Config, Mount};
use crate::dialects::kit::{Dialect, unknown_route};
use crate::dialects::native::Native;
use actix_web::guard::{self, GuardContext};
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// One server: its addresses, and the dialects that answer there.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) listen: Vec<SocketAddr>,
    places: Vec<Place>,
}

/// One place of one dialect.
#[derive(Clone, Debug)]
struct Place {
    dialect: &'static str,
    /// Under this path; empty for the root.
    path: String,
    /// Only at these host names; empty for any.
    hosts: Vec<String>,
}

impl Plan {
    /// The servers of a configuration: the main one first.
    pub(super) fn of(config: &Config) -> Vec<Plan> {
        let mut main = Plan { listen: vec![config.server.listen], places: Vec::new() };
        let mut own = Vec::new();
        for (dialect, mount) in config.apis.mounts() {
            let Mount { enabled, path, host, listen } = mount;
            if !enabled {
                continue;
            }
            if !host.is_empty() {
                let hosts = host.iter().map(|host| host.as_str().to_owned()).collect();
                main.places.push(Place { dialect, path: String::new(), hosts });
            }
            if let Some(path) = path {
                let path = path.as_str().trim_end_matches('/').to_owned();
                main.places.push(Place { dialect, path, hosts: Vec::new() });
            }
            if !listen.is_empty() {
                let place = Place { dialect, path: String::new(), hosts: Vec::new() };
                own.push(Plan { listen: listen.clone(), places: vec![place] });
            }
        }
        // Host names before paths, longer paths before shorter ones: the first that matches answers.
        main.places.sort_by_key(|place| (place.hosts.is_empty(), usize::MAX - place.path.len()));
        let mut plans = vec![main];
        plans.extend(own);
        plans
    }
}

/// Mounts the dialects of one server.
pub(super) fn mount(plan: &Plan, config: &mut ServiceConfig) {
    for place in &plan.places {
        match place.dialect {
            Native::NAME => mount_dialect::<Native>(place, config),
            other => tracing::error!(dialect = other, "no such dialect"),
        }
    }
    // Where no dialect answers at the root, its unknown paths still get an answer that can be read.
    config
        .service(web::scope("").wrap(from_fn(gate::pass::<Native>)).default_service(web::to(unknown_route::<Native>)));
}

fn mount_dialect<D: Dialect>(place: &Place, config: &mut ServiceConfig) {
    let hosts = place.hosts.clone();
    let scope = web::scope(&place.path)
        .guard(guard::fn_guard(move |context| {
            hosts.is_empty() || host_of(context).is_some_and(|host| hosts.contains(&host))
        }))
        .wrap(from_fn(gate::pass::<D>))
        .configure(|config| docs::mount::<D>(config))
        .configure(|config| D::routes().mount::<D>(config));
    config.service(scope);
}

/// The host that a request names, in lower case and without a port.
fn host_of(context: &GuardContext<'_>) -> Option<String> {
    let head = context.head();
    let named = head.headers().get(header::HOST).and_then(|value| value.to_str().ok()).or_else(|| head.uri.host())?;
    let name = match named.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => named,
    };
    Some(name.to_ascii_lowercase())
}

/// Where everything answers, once the addresses are known.
pub(super) fn listening(bound: &[(Plan, Vec<SocketAddr>)], is_tls: bool) -> Listening {
    let scheme = if is_tls { "https" } else { "http" };
    let mut apis: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut url = String::new();
    for (plan, addresses) in bound {
        for address in addresses {
            if url.is_empty() {
                url = format!("{scheme}://{address}");
            }
            for place in &plan.places {
                let urls = apis.entry(place.dialect).or_default();
                if place.hosts.is_empty() {
                    urls.push(format!("{scheme}://{address}{}", place.path));
                } else {
                    urls.extend(place.hosts.iter().map(|host| format!("{scheme}://{host}:{}", address.port())));
                }
            }
        }
    }
    let docs_url = format!("{}/docs/", apis.get(Native::NAME).and_then(|urls| urls.first()).unwrap_or(&url));
    Listening { url, docs_url, apis }
}
