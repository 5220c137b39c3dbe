//! The Upvest dialect: the Investment API's users, account groups and accounts.
//!
//! API clients call it with a token that they get for their secret; those with a registered key sign each request.
//! Errors are problem documents (RFC 9457).

mod access;
mod account_groups;
mod accounts;
mod error;
mod fields;
mod openapi;
mod signature;
mod users;

use super::kit::{Access, ApiClients, ClientScope, Dialect, Head, Rejection, Reply, ReplyContext, Routes};
use crate::app::App;
use crate::config::Config;
use crate::domain::access::Right::{ReadAccounts, ReadCash, ReadProfiles, WriteAccounts, WriteProfiles};
use crate::domain::access::{Nonce, Principal};
use crate::domain::reference::CurrencyCode;
use actix_web::http::Method;
use serde_json::Value;
use signature::Signatures;
use std::sync::Arc;

/// The name of this API, which its clients are created for.
const API: &str = "upvest";

/// What its clients can be allowed. A client that may change something may read it, too.
const CLIENTS: ApiClients = ApiClients {
    id: "client_id",
    secret: "client_secret",
    scopes: &[
        ClientScope { name: "users:read", rights: &[ReadProfiles] },
        ClientScope { name: "users:admin", rights: &[ReadProfiles, WriteProfiles] },
        ClientScope { name: "accounts:read", rights: &[ReadAccounts] },
        ClientScope { name: "accounts:admin", rights: &[ReadAccounts, WriteAccounts] },
        ClientScope { name: "positions:read", rights: &[ReadCash] },
    ],
};

/// What accounts are opened as.
struct Products {
    trading_group: String,
    portfolio_group: String,
    currency: CurrencyCode,
}

pub struct Upvest {
    products: Arc<Products>,
    /// Whether new users wait for the approval of an operator.
    manual_approval: bool,
    signatures: Arc<Signatures>,
}

impl Upvest {
    /// From the settings in `[apis.upvest]`.
    #[must_use]
    #[expect(clippy::new_ret_no_self, reason = "the list of dialects holds trait objects")]
    pub fn new(config: &Config) -> Arc<dyn Dialect> {
        let keys = &config.apis.upvest;
        let products = Products {
            trading_group: keys.trading_group.clone(),
            portfolio_group: keys.portfolio_group.clone(),
            // One that is no code at all is a currency that no group offers.
            currency: CurrencyCode::from_stored(keys.currency.clone()),
        };
        let signatures = Arc::new(Signatures::new(keys.require_signatures));
        Arc::new(Upvest { products: Arc::new(products), manual_approval: keys.manual_approval, signatures })
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
        let (signatures, manual_approval) = (Arc::clone(&self.signatures), self.manual_approval);
        let (of_accounts, of_cash) = (Arc::clone(&self.products), Arc::clone(&self.products));
        Routes::default()
            .post("/auth/token", "issue_token", Access::Open, move |call| {
                access::issue(call, Arc::clone(&signatures))
            }).ignoring_keys()
            .post("/users", "create_user", WriteProfiles, move |call| users::create(call, manual_approval))
                .requiring_keys()
            .get("/users", "list_users", ReadProfiles, users::list)
            .get("/users/{user_id}", "get_user", ReadProfiles, users::get)
            .delete("/users/{user_id}", "offboard_user", WriteProfiles, users::offboard)
            .get("/users/{user_id}/account_groups", "list_account_groups_of_user", ReadAccounts,
                account_groups::of_user)
            .get("/users/{user_id}/accounts", "list_accounts_of_user", ReadAccounts, accounts::of_user)
            .post("/account_groups", "create_account_group", WriteAccounts, account_groups::create).requiring_keys()
            .get("/account_groups", "list_account_groups", ReadAccounts, account_groups::list)
            .get("/account_groups/{account_group_id}", "get_account_group", ReadAccounts, account_groups::get)
            .delete("/account_groups/{account_group_id}", "close_account_group", WriteAccounts, account_groups::close)
            .get("/account_groups/{account_group_id}/payments/cash_balance", "get_cash_balance", ReadCash, move |call| {
                account_groups::cash_balance(call, Arc::clone(&of_cash))
            })
            .post("/accounts", "create_account", WriteAccounts, move |call| {
                accounts::create(call, Arc::clone(&of_accounts))
            }).requiring_keys()
            .get("/accounts", "list_accounts", ReadAccounts, accounts::list)
            .get("/accounts/{account_id}", "get_account", ReadAccounts, accounts::get)
            .patch("/accounts/{account_id}", "change_account", WriteAccounts, accounts::change)
            .delete("/accounts/{account_id}", "close_account", WriteAccounts, accounts::close)
    }

    fn refuse(&self, rejection: &Rejection, context: &ReplyContext) -> Reply {
        error::reply(rejection, context)
    }

    fn authenticate(&self, app: &App, head: Head<'_>) -> Result<Arc<Principal>, Rejection> {
        access::authenticate(app, head)
    }

    fn authenticate_body(
        &self,
        app: &App,
        head: Head<'_>,
        body: &[u8],
        principal: &Principal,
    ) -> Result<Option<Nonce>, Rejection> {
        let nonce = self.signatures.check(app, head, body, principal)?;
        // Those of reads are only remembered.
        let is_read = matches!(*head.request.method(), Method::GET | Method::HEAD);
        Ok(nonce.filter(|_| !is_read))
    }

    fn api_clients(&self) -> Option<ApiClients> {
        Some(CLIENTS)
    }

    fn retry_headers(&self) -> &'static [&'static str] {
        &[error::KEY]
    }

    fn request_id_header(&self) -> &'static str {
        "upvest-request-id"
    }
}
