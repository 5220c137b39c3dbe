//! The Midaz dialect: v1 (May 2024), in which accounts are nested as organization > ledger > portfolio > account.
//!
//! Ids are the public ids of the core. Errors are `{"code", "title", "message"}` with numbers of four digits.

mod accounts;
mod body;
mod error;
mod fields;
mod instruments;
mod ledgers;
mod metadata;
mod openapi;
mod organizations;
mod portfolios;
mod products;

use super::kit::{Access, Call, Dialect, Rejection, Reply, ReplyContext, Routes};
use crate::config::Config;
use crate::domain::access::Right::{Administer, ReadAccounts, ReadReference, WriteAccounts};
use actix_web::http::StatusCode;
use serde_json::Value;
use std::sync::Arc;

pub struct Midaz {
    /// Whether accounts can be opened with a balance outside of sandboxes.
    opening_balances: bool,
}

impl Midaz {
    /// From the settings in `[apis.midaz]`.
    #[must_use]
    #[expect(clippy::new_ret_no_self, reason = "the list of dialects holds trait objects")]
    pub fn new(config: &Config) -> Arc<dyn Dialect> {
        Arc::new(Midaz { opening_balances: config.apis.midaz.opening_balances })
    }
}

/// Adds the routes of portfolios and of their accounts. The documents of Midaz spell their path in two ways.
macro_rules! under_portfolios {
    ($routes:expr, $word:literal, $opening_balances:expr) => {{
        const ALL: &str = concat!("/v1/organizations/{organization}/ledgers/{ledger}/", $word);
        const ONE: &str = concat!("/v1/organizations/{organization}/ledgers/{ledger}/", $word, "/{portfolio}");
        const ACCOUNTS: &str =
            concat!("/v1/organizations/{organization}/ledgers/{ledger}/", $word, "/{portfolio}/accounts");
        const ACCOUNT: &str =
            concat!("/v1/organizations/{organization}/ledgers/{ledger}/", $word, "/{portfolio}/accounts/{account}");
        // The ledger's own accounts have names instead of ids, with a slash inside.
        const EXTERNAL: &str = concat!(
            "/v1/organizations/{organization}/ledgers/{ledger}/",
            $word,
            "/{portfolio}/accounts/@external/{code}"
        );
        let opening_balances = $opening_balances;
        $routes
            .post(ALL, "create_portfolio", WriteAccounts, portfolios::create)
            .get(ALL, "list_portfolios", ReadAccounts, portfolios::list)
            .get(ONE, "get_portfolio", ReadAccounts, portfolios::get)
            .patch(ONE, "change_portfolio", WriteAccounts, portfolios::change)
            .delete(ONE, "delete_portfolio", WriteAccounts, portfolios::delete)
            .post(ACCOUNTS, "create_account", WriteAccounts, move |call| accounts::create(call, opening_balances))
            .get(ACCOUNTS, "list_accounts", ReadAccounts, accounts::list)
            .get(ACCOUNT, "get_account", ReadAccounts, accounts::get)
            .patch(ACCOUNT, "change_account", WriteAccounts, accounts::change)
            .delete(ACCOUNT, "delete_account", WriteAccounts, accounts::delete)
            .get(EXTERNAL, "get_account", ReadAccounts, accounts::refuse_external)
            .patch(EXTERNAL, "change_account", WriteAccounts, accounts::refuse_external)
            .delete(EXTERNAL, "delete_account", WriteAccounts, accounts::refuse_external)
    }};
}

const ORGANIZATIONS: &str = "/v1/organizations";
const ORGANIZATION: &str = "/v1/organizations/{organization}";
const LEDGERS: &str = "/v1/organizations/{organization}/ledgers";
const LEDGER: &str = "/v1/organizations/{organization}/ledgers/{ledger}";
const INSTRUMENTS: &str = "/v1/organizations/{organization}/ledgers/{ledger}/instruments";
const INSTRUMENT: &str = "/v1/organizations/{organization}/ledgers/{ledger}/instruments/{instrument}";
const PRODUCTS: &str = "/v1/organizations/{organization}/ledgers/{ledger}/products";
const PRODUCT: &str = "/v1/organizations/{organization}/ledgers/{ledger}/products/{product}";

impl Dialect for Midaz {
    fn name(&self) -> &'static str {
        "midaz"
    }

    fn document(&self) -> Value {
        openapi::document(self)
    }

    #[rustfmt::skip] // one line a route: path, operation, who may use it, handler
    fn routes(&self) -> Routes {
        let routes = Routes::default()
            .get("/health", "health", Access::Open, health)
            .post(ORGANIZATIONS, "create_organization", Administer, organizations::create)
            .get(ORGANIZATIONS, "list_organizations", ReadReference, organizations::list)
            .get(ORGANIZATION, "get_organization", ReadReference, organizations::get)
            .patch(ORGANIZATION, "change_organization", Administer, organizations::change)
            .delete(ORGANIZATION, "delete_organization", Administer, organizations::delete)
            .post(LEDGERS, "create_ledger", Administer, ledgers::create)
            .get(LEDGERS, "list_ledgers", ReadReference, ledgers::list)
            .get(LEDGER, "get_ledger", ReadReference, ledgers::get)
            .patch(LEDGER, "change_ledger", Administer, ledgers::change)
            .delete(LEDGER, "delete_ledger", Administer, ledgers::delete)
            .post(INSTRUMENTS, "create_instrument", Administer, instruments::create)
            .get(INSTRUMENTS, "list_instruments", ReadReference, instruments::list)
            .get(INSTRUMENT, "get_instrument", ReadReference, instruments::get)
            .patch(INSTRUMENT, "change_instrument", Administer, instruments::change)
            .delete(INSTRUMENT, "delete_instrument", Administer, instruments::delete)
            .post(PRODUCTS, "create_product", WriteAccounts, products::create)
            .get(PRODUCTS, "list_products", ReadReference, products::list)
            .get(PRODUCT, "get_product", ReadReference, products::get)
            .patch(PRODUCT, "change_product", WriteAccounts, products::change)
            .delete(PRODUCT, "delete_product", WriteAccounts, products::delete);
        let routes = under_portfolios!(routes, "portfolios", self.opening_balances);
        under_portfolios!(routes, "portfolio", self.opening_balances)
    }

    fn refuse(&self, rejection: &Rejection, context: &ReplyContext) -> Reply {
        error::reply(rejection, context)
    }

    fn retry_headers(&self) -> &'static [&'static str] {
        &["Idempotency-Key", "X-Idempotency"]
    }

    fn replayed_header(&self) -> &'static str {
        "X-Idempotency-Replayed"
    }

    fn request_id_header(&self) -> &'static str {
        "x-correlation-id"
    }

    fn echoes_request_id(&self) -> bool {
        true
    }
}

/// Whether the server answers.
#[utoipa::path(get, path = "/health", tag = "Health", security(()),
    responses((status = 200, description = "the word `healthy`", body = String, content_type = "text/plain")))]
async fn health(_call: Call) -> Result<Reply, Rejection> {
    Ok(Reply::whole(StatusCode::OK, "text/plain; charset=utf-8", b"healthy".to_vec()))
}
