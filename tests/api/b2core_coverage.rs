//! Every route of the B2Core dialect has its tests.

use super::b2core_access::base;
use super::coverage::{Tests, assert_covered, read, write};
use super::harness::Server;
use bursar::config::Config;
use bursar::dialects::b2core::{B2Core, READ_ONLY};
use bursar::dialects::kit::{Access, KeyPolicy, Route};
use std::collections::BTreeMap;

const SIGNED_IN: &str = "b2core_access::a_name_and_a_password_give_a_pair_of_tokens";
const NOT_SIGNED_IN: &str = "b2core_access::a_refused_sign_in_names_the_field_or_says_nothing_and_leaves_no_trace";
const HIDDEN: &str = "b2core_accounts::accounts_of_hidden_clients_are_not_found";
const REPLAYED: &str = "b2core_accounts::writes_of_accounts_are_replayed";
const CHANGED: &str = "b2core_accounts::only_caption_and_permissions_change_and_only_if_sent";
const ARCHIVED: &str = "b2core_accounts::a_trading_account_is_archived_once_it_is_empty";
const MOVED: &str = "b2core_balances::a_change_of_the_balance_is_a_deposit_or_a_withdrawal";
const NOT_MOVED: &str = "b2core_balances::refused_changes_of_the_balance_leave_no_trace";
const MOVED_AGAIN: &str = "b2core_balances::a_change_of_the_balance_is_replayed";
const CLIENT: &str = "b2core_clients::a_client_is_created_with_every_field_and_read_by_the_native_api";
const CLIENT_CHANGED: &str = "b2core_clients::a_change_touches_only_what_is_sent";
const CLIENT_DELETED: &str = "b2core_clients::a_client_is_deleted_once_its_accounts_are_archived";
const CLIENT_HIDDEN: &str = "b2core_clients::hidden_clients_are_not_found";
const CLIENT_REFUSED: &str = "b2core_clients::refused_clients_leave_no_trace";
const CLIENT_REPLAYED: &str = "b2core_clients::writes_of_clients_are_replayed";
const PRODUCTS: &str = "b2core_products::products_carry_every_field_and_are_found_by_each_filter";
const CURRENCIES: &str = "b2core_products::the_currencies_of_a_product_have_the_ids_that_accounts_are_created_with";
const PLATFORMS: &str = "b2core_products::platforms_are_listed_and_read";
const DEPOSIT: &str = "b2core_deposits::a_deposit_is_settled_at_once_and_its_commissions_are_recorded_only";
const DEPOSIT_HIDDEN: &str = "b2core_deposits::deposits_of_hidden_clients_are_not_found";
const DEPOSIT_REFUSED: &str = "b2core_deposits::refused_deposits_leave_no_trace";

#[rustfmt::skip] // one or two lines a route
fn table() -> BTreeMap<(&'static str, &'static str), Tests> {
    BTreeMap::from([
        write("POST", "/api/v2/signin", SIGNED_IN, "", "", NOT_SIGNED_IN),
        write("POST", "/api/v2/refresh",
            "b2core_access::a_refresh_token_is_exchanged_once_and_a_second_time_ends_the_sign_in", "", "",
            NOT_SIGNED_IN),
        write("POST", "/api/v2/signout", "b2core_access::signing_out_ends_both_tokens", "", "",
            "b2core_coverage::every_route_that_takes_a_token_refuses_callers_without_one"),
        read("/api/v2/accounts", "b2core_accounts::a_list_is_an_array_with_the_total_in_a_header_newest_first",
            "b2core_accounts::accounts_of_hidden_clients_are_not_listed"),
        write("POST", "/api/v2/accounts", "b2core_accounts::an_account_is_created_in_the_currency_of_a_product",
            HIDDEN, REPLAYED, "b2core_accounts::refused_accounts_leave_no_trace"),
        read("/api/v2/accounts/{accountId}", "b2core_accounts::an_account_carries_every_field_of_the_contract", HIDDEN),
        write("PUT", "/api/v2/accounts/{accountId}", CHANGED, HIDDEN, REPLAYED, CHANGED),
        write("PATCH", "/api/v2/accounts/{accountId}", CHANGED, HIDDEN, REPLAYED, CHANGED),
        write("POST", "/api/v2/accounts/{accountId}/archive", ARCHIVED, HIDDEN, REPLAYED, ARCHIVED),
        read("/api/v2/accounts/{accountId}/preferences",
            "b2core_accounts::an_account_is_created_in_the_currency_of_a_product", HIDDEN),
        read("/api/v2/accounts/{accountId}/balance", MOVED, HIDDEN),
        write("PUT", "/api/v2/accounts/{accountId}/balance", MOVED, HIDDEN, MOVED_AGAIN, NOT_MOVED),
        write("PATCH", "/api/v2/accounts/{accountId}/balance", MOVED, NOT_MOVED, MOVED_AGAIN, NOT_MOVED),
        read("/api/v2/clients", "b2core_clients::clients_are_found_by_each_filter", CLIENT_HIDDEN),
        write("POST", "/api/v2/clients", CLIENT, CLIENT_REFUSED, CLIENT_REPLAYED, CLIENT_REFUSED),
        read("/api/v2/clients/{clientId}", CLIENT, CLIENT_HIDDEN),
        write("PUT", "/api/v2/clients/{clientId}", CLIENT_CHANGED, CLIENT_HIDDEN, CLIENT_REPLAYED, CLIENT_REFUSED),
        write("PATCH", "/api/v2/clients/{clientId}", CLIENT_CHANGED, CLIENT_HIDDEN, CLIENT_REPLAYED, CLIENT_REFUSED),
        write("DELETE", "/api/v2/clients/{clientId}", CLIENT_DELETED, CLIENT_HIDDEN, CLIENT_REPLAYED, CLIENT_DELETED),
        read("/api/v2/platforms", PLATFORMS, ""),
        read("/api/v2/platforms/{platformId}", PLATFORMS, ""),
        read("/api/v2/products", PRODUCTS, ""),
        read("/api/v2/products/{productId}", PRODUCTS, ""),
        read("/api/v2/products/{productId}/currencies", CURRENCIES, ""),
        read("/api/v2/products/{productId}/currencies/{productCurrencyId}", CURRENCIES, ""),
        read("/api/v2/products/groups", PRODUCTS, ""),
        read("/api/v2/products/groups/{groupId}", PRODUCTS, ""),
        read("/api/v2/deposits/methods", DEPOSIT, ""),
        write("POST", "/api/v2/deposits", DEPOSIT, DEPOSIT_HIDDEN, "b2core_deposits::a_deposit_is_replayed",
            DEPOSIT_REFUSED),
        read("/api/v2/deposits", DEPOSIT, DEPOSIT_HIDDEN),
        read("/api/v2/deposits/{depositId}", DEPOSIT, DEPOSIT_HIDDEN),
    ])
}

#[test]
fn every_route_has_its_tests() {
    let routes = B2Core::new(&Config::default()).routes();
    // Writes of configuration have one test for all.
    let routes: Vec<_> = routes.iter().filter(|route| route.operation != READ_ONLY).collect();
    let is_about_clients = |path: &str| {
        let about_none = ["/signin", "/refresh", "/signout", "/platforms", "/products", "/deposits/methods"];
        !about_none.iter().any(|way| path.trim_start_matches("/api/v2").starts_with(way))
    };
    assert_covered(&routes, &table(), is_about_clients, |route: &Route| route.key_policy != KeyPolicy::Ignored);
}

#[test]
fn every_route_that_takes_a_token_refuses_callers_without_one() {
    let server = Server::start("");
    let before = server.trace();
    let (anyone, wrong) = (server.anyone(), server.bearer("bur_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    let mut open = Vec::new();
    // "/signout" is one of them.
    for route in B2Core::new(&Config::default()).routes().iter() {
        let parts = route.path.trim_start_matches("/api/v2").split('/');
        let path = parts.map(|part| if part.starts_with('{') { "1" } else { part }).collect::<Vec<_>>().join("/");
        let body = (route.method.as_str() != "GET").then_some(&b"{}"[..]);
        for caller in [&anyone, &wrong] {
            let reply = caller.at(&base(&server)).send(route.method.as_str(), &path, Some("application/json"), body);
            match route.access {
                Access::Caller | Access::Needs(_) => drop(reply.refused_as(401, "unauthorized")),
                Access::Open => open.push(route.path),
            }
        }
    }
    open.dedup();
    assert_eq!(open, ["/api/v2/signin", "/api/v2/refresh"]);
    assert_eq!(server.trace(), before);
}
