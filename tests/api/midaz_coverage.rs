//! Every route of the Midaz dialect has its tests.

use super::coverage::{Tests, assert_covered, read, write};
use super::harness::Server;
use super::midaz::{at, new_id};
use bursar::config::Config;
use bursar::dialects::kit::{Access, Route};
use bursar::dialects::midaz::Midaz;
use std::collections::BTreeMap;

const REPLAYED: &str = "midaz_ledgers::every_write_is_replayed_under_either_name_of_the_key";
const TRACELESS: &str = "midaz_errors::every_condition_has_its_code_and_leaves_no_trace";
const HIDDEN: &str = "midaz_portfolios::portfolios_and_accounts_of_hidden_clients_are_not_found";
const HEALTH: &str = "midaz_ledgers::it_can_be_switched_off_and_moved_and_has_a_document_and_a_page";

/// Collections and what is in them, with the test in which each call works and the one about tags, if these limit it.
#[rustfmt::skip] // two lines a resource
const RESOURCES: [(&str, &str, &str, &str); 6] = [
    ("/v1/organizations", "/v1/organizations/{organization}",
        "midaz_organizations::an_organization_is_created_read_changed_and_deleted", ""),
    ("/v1/organizations/{organization}/ledgers", "/v1/organizations/{organization}/ledgers/{ledger}",
        "midaz_ledgers::a_ledger_is_created_read_changed_and_deleted", ""),
    ("/v1/organizations/{organization}/ledgers/{ledger}/instruments",
        "/v1/organizations/{organization}/ledgers/{ledger}/instruments/{instrument}",
        "midaz_instruments::an_instrument_is_created_read_changed_and_deleted", ""),
    ("/v1/organizations/{organization}/ledgers/{ledger}/products",
        "/v1/organizations/{organization}/ledgers/{ledger}/products/{product}",
        "midaz_products::a_product_is_created_read_changed_and_deleted", ""),
    ("/v1/organizations/{organization}/ledgers/{ledger}/portfolios",
        "/v1/organizations/{organization}/ledgers/{ledger}/portfolios/{portfolio}",
        "midaz_portfolios::a_portfolio_is_created_read_changed_and_deleted", HIDDEN),
    ("/v1/organizations/{organization}/ledgers/{ledger}/portfolios/{portfolio}/accounts",
        "/v1/organizations/{organization}/ledgers/{ledger}/portfolios/{portfolio}/accounts/{account}",
        "midaz_document::every_request_of_the_document_is_answered_as_it_says", HIDDEN),
];

fn table() -> BTreeMap<(&'static str, &'static str), Tests> {
    let mut table = BTreeMap::from([read("/health", HEALTH, "")]);
    for (all, one, happy, hidden) in RESOURCES {
        table.extend([
            write("POST", all, happy, hidden, REPLAYED, TRACELESS),
            read(all, happy, hidden),
            read(one, happy, hidden),
            write("PATCH", one, happy, hidden, REPLAYED, TRACELESS),
            write("DELETE", one, happy, hidden, REPLAYED, TRACELESS),
        ]);
    }
    table
}

/// Whether a route is another spelling of one that is listed, or that of accounts that are never shown.
fn is_variant(route: &Route) -> bool {
    route.path.contains("/portfolio/") || route.path.ends_with("/portfolio") || route.path.contains("/@external/")
}

#[test]
fn every_route_has_its_tests() {
    let routes = Midaz::new(&Config::default()).routes();
    let routes: Vec<_> = routes.iter().filter(|route| !is_variant(route)).collect();
    assert_covered(&routes, &table(), |path| path.contains("/portfolios"), |_| true);
}

#[test]
fn every_route_but_that_of_health_refuses_callers_without_a_token() {
    let server = Server::shared();
    let (nobody, stranger) = (at(&server, &server.anyone()), at(&server, &server.bearer("bursar_x")));
    let mut open = Vec::new();
    for route in Midaz::new(&Config::default()).routes().iter() {
        let id = |part: &str| if part.starts_with('{') { new_id() } else { part.to_owned() };
        let path = route.path.split('/').map(id).collect::<Vec<_>>().join("/");
        let body = (route.method.as_str() != "GET").then_some(&b"{}"[..]);
        for (caller, code) in [(&nobody, "0041"), (&stranger, "0042")] {
            let reply = caller.send(route.method.as_str(), &path, Some("application/json"), body);
            match route.access {
                Access::Caller | Access::Needs(_) => drop(reply.coded(401, code)),
                Access::Open => open.push(route.path),
            }
        }
    }
    open.dedup();
    assert_eq!(open, ["/health"]);
}
