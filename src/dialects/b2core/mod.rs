//! The B2Core dialect: Back Office API v2.
//!
//! Ids are the serials of the core. Errors are `{"code", "message"}`, with `errors` for invalid fields.

mod access;
mod account_view;
mod accounts;
mod balances;
mod error;
mod fields;
mod names;
mod openapi;
mod permissions;

use super::kit::{Access, Dialect, Rejection, Reply, ReplyContext, Routes, UnknownMembers};
use crate::app::access::PairLifetimes;
use crate::config::Config;
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

impl Dialect for B2Core {
    fn name(&self) -> &'static str {
        "b2core"
    }

    fn document(&self) -> Value {
        openapi::document()
    }

    #[rustfmt::skip] // one line a route: path, operation, who may use it, handler
    fn routes(&self) -> Routes {
        use crate::domain::access::Right::{MoveFunds, ReadAccounts, WriteAccounts};
        use UnknownMembers::Ignored;
        let lifetimes = self.lifetimes;
        Routes::default()
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
    }

    fn refuse(&self, rejection: &Rejection, context: &ReplyContext) -> Reply {
        error::reply(rejection, context)
    }
}
