//! The B2Core dialect: Back Office API v2.
//!
//! Ids are the serials of the core. Errors are `{"code", "message"}`, with `errors` for invalid fields.

mod access;
mod account_view;
mod accounts;
mod balances;
mod clients;
mod countries;
mod deposits;
mod error;
mod fields;
mod names;
mod openapi;
mod permissions;
mod products;

use super::kit::{Access, Dialect, Rejection, Reply, ReplyContext, Routes, UnknownMembers};
use crate::app::access::PairLifetimes;
use crate::config::Config;
use actix_web::http::Method;
use serde_json::Value;
use std::sync::Arc;

pub struct B2Core {
    lifetimes: PairLifetimes,
}

impl B2Core {
    /// From the settings in `[apis.b2core]`.
    #[must_use]
    #[expect(clippy::new_ret_no_self, reason = "the list of dialects holds trait objects")]
    pub fn new(config: &Config) -> Arc<dyn Dialect> {
        let seconds = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let keys = &config.apis.b2core;
        let access_s = seconds(keys.access_token_s);
        let refresh_s = seconds(keys.refresh_token_days.saturating_mul(86_400));
        Arc::new(B2Core { lifetimes: PairLifetimes { access_s, refresh_s } })
    }
}

/// The operation of writes that are always refused, because the broker configures their objects as reference data.
pub const READ_ONLY: &str = "refuse_write";

const WRITES_OF_CONFIGURATION: [(Method, &str); 16] = [
    (Method::POST, "/api/v2/platforms"),
    (Method::PUT, "/api/v2/platforms/{platformId}"),
    (Method::PATCH, "/api/v2/platforms/{platformId}"),
    (Method::DELETE, "/api/v2/platforms/{platformId}"),
    (Method::POST, "/api/v2/products"),
    (Method::PUT, "/api/v2/products/{productId}"),
    (Method::PATCH, "/api/v2/products/{productId}"),
    (Method::DELETE, "/api/v2/products/{productId}"),
    (Method::POST, "/api/v2/products/{productId}/currencies"),
    (Method::PUT, "/api/v2/products/{productId}/currencies/{productCurrencyId}"),
    (Method::PATCH, "/api/v2/products/{productId}/currencies/{productCurrencyId}"),
    (Method::DELETE, "/api/v2/products/{productId}/currencies/{productCurrencyId}"),
    (Method::POST, "/api/v2/products/groups"),
    (Method::PUT, "/api/v2/products/groups/{groupId}"),
    (Method::PATCH, "/api/v2/products/groups/{groupId}"),
    (Method::DELETE, "/api/v2/products/groups/{groupId}"),
];

impl Dialect for B2Core {
    fn name(&self) -> &'static str {
        "b2core"
    }

    fn document(&self) -> Value {
        openapi::document(self)
    }

    #[rustfmt::skip] // one line a route: path, operation, who may use it, handler
    fn routes(&self) -> Routes {
        use crate::domain::access::Right::{
            MoveFunds, ReadAccounts, ReadProfiles, ReadReference, WriteAccounts, WriteProfiles,
        };
        use UnknownMembers::Ignored;
        let lifetimes = self.lifetimes;
        let routes = Routes::default()
            .post("/api/v2/signin", "sign_in", Access::Open, move |call| access::sign_in(call, lifetimes))
                .ignoring_keys()
            .post("/api/v2/refresh", "refresh", Access::Open, move |call| access::refresh(call, lifetimes))
                .ignoring_keys()
            .post("/api/v2/signout", "sign_out", Access::Caller, access::sign_out).ignoring_keys()
            .get("/api/v2/accounts", "list_accounts", ReadAccounts, accounts::list)
            .post("/api/v2/accounts", "create_account", WriteAccounts, accounts::create)
            .get("/api/v2/accounts/{accountId}", "get_account", ReadAccounts, accounts::get)
            .put("/api/v2/accounts/{accountId}", "update_account", WriteAccounts, accounts::update)
            .patch("/api/v2/accounts/{accountId}", "update_account", WriteAccounts, accounts::update)
            .post("/api/v2/accounts/{accountId}/archive", "archive_account", WriteAccounts, accounts::archive)
            .get("/api/v2/accounts/{accountId}/preferences", "get_preferences", ReadAccounts, accounts::preferences)
            .get("/api/v2/accounts/{accountId}/balance", "get_balance", ReadAccounts, accounts::balance)
            .put("/api/v2/accounts/{accountId}/balance", "change_balance", MoveFunds, balances::change)
                .unknown_members(Ignored)
            .patch("/api/v2/accounts/{accountId}/balance", "change_balance", MoveFunds, balances::change)
                .unknown_members(Ignored)
            .get("/api/v2/clients", "list_clients", ReadProfiles, clients::list)
            .post("/api/v2/clients", "create_client", WriteProfiles, clients::create)
            .get("/api/v2/clients/{clientId}", "get_client", ReadProfiles, clients::get)
            .put("/api/v2/clients/{clientId}", "update_client", WriteProfiles, clients::update)
            .patch("/api/v2/clients/{clientId}", "update_client", WriteProfiles, clients::update)
            .delete("/api/v2/clients/{clientId}", "delete_client", WriteProfiles, clients::delete)
            .get("/api/v2/platforms", "list_platforms", ReadReference, products::list_platforms)
            .get("/api/v2/platforms/{platformId}", "get_platform", ReadReference, products::get_platform)
            .get("/api/v2/products", "list_products", ReadReference, products::list)
            .get("/api/v2/products/{productId}", "get_product", ReadReference, products::get)
            .get("/api/v2/products/{productId}/currencies", "list_currencies", ReadReference,
                products::list_currencies)
            .get("/api/v2/products/{productId}/currencies/{productCurrencyId}", "get_currency", ReadReference,
                products::get_currency)
            .get("/api/v2/products/groups", "list_product_groups", ReadReference, products::list_groups)
            .get("/api/v2/products/groups/{groupId}", "get_product_group", ReadReference, products::get_group)
            .get("/api/v2/deposits/methods", "list_deposit_methods", ReadReference, deposits::methods)
            .post("/api/v2/deposits", "make_deposit", MoveFunds, deposits::create).unknown_members(Ignored)
            .get("/api/v2/deposits", "list_deposits", ReadAccounts, deposits::list)
            .get("/api/v2/deposits/{depositId}", "get_deposit", ReadAccounts, deposits::get);
        WRITES_OF_CONFIGURATION.iter().fold(routes, |routes, (method, path)| {
            routes.on(method.clone(), path, READ_ONLY, Access::Caller, products::refuse_write).ignoring_keys()
        })
    }

    fn refuse(&self, rejection: &Rejection, context: &ReplyContext) -> Reply {
        error::reply(rejection, context)
    }
}
