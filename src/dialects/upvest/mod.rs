//! The Upvest dialect: the Investment API's users, account groups, accounts and webhooks.
//!
//! API clients call it with a token that they get for their secret. Errors are problem documents (RFC 9457).

mod access;
mod error;
mod openapi;

use super::kit::{Access, ApiClients, ClientScope, Dialect, Head, Rejection, Reply, ReplyContext, Routes};
use crate::app::App;
use crate::config::Config;
use crate::domain::access::Principal;
use crate::domain::access::Right::{ReadAccounts, ReadProfiles, WriteAccounts, WriteProfiles};
use serde_json::Value;
use std::sync::Arc;

/// The name of this API, which its clients are created for.
const API: &str = "upvest";

/// What its clients can be allowed. A client that may change something may read it, too.
pub(super) const CLIENTS: ApiClients = ApiClients {
    id: "client_id",
    secret: "client_secret",
    scopes: &[
        ClientScope { name: "users:read", rights: &[ReadProfiles] },
        ClientScope { name: "users:admin", rights: &[ReadProfiles, WriteProfiles] },
        ClientScope { name: "accounts:read", rights: &[ReadAccounts] },
        ClientScope { name: "accounts:admin", rights: &[ReadAccounts, WriteAccounts] },
    ],
};

pub struct Upvest;

impl Upvest {
    /// From the settings in `[apis.upvest]`.
    #[must_use]
    #[expect(clippy::new_ret_no_self, reason = "the list of dialects holds trait objects")]
    pub fn new(_config: &Config) -> Arc<dyn Dialect> {
        Arc::new(Upvest)
    }
}

impl Dialect for Upvest {
    fn name(&self) -> &'static str {
        API
    }

    fn document(&self) -> Value {
        openapi::document(self)
    }

    #[rustfmt::skip] // one line a route: path, operation, who may use it, handler
    fn routes(&self) -> Routes {
        Routes::default()
            .post("/auth/token", "issue_token", Access::Open, access::issue).ignoring_keys()
    }

    fn refuse(&self, rejection: &Rejection, context: &ReplyContext) -> Reply {
        error::reply(rejection, context)
    }

    fn authenticate(&self, app: &App, head: Head<'_>) -> Result<Arc<Principal>, Rejection> {
        access::authenticate(app, head)
    }

    fn api_clients(&self) -> Option<ApiClients> {
        Some(CLIENTS)
    }

    fn request_id_header(&self) -> &'static str {
        "upvest-request-id"
    }
}
