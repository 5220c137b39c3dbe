//! The Helix dialect: Q2 Helix (formerly CorePro), accounts of a bank's customers.
//!
//! Only GET and POST. Every answer is `{"data", "errors", "requestId", "status"}`; ids are the numbers of the core.
//! Public clients of the vendor decide what the documents leave open.

mod access;
mod account_view;
mod accounts;
mod customer_view;
mod customers;
mod envelope;
mod error;
mod externals;
mod fields;
mod holds;
mod openapi;
mod program;
mod requests;
mod transactions;
mod transfers;

use super::kit::{
    Access, ApiClients, Call, ClientScope, Dialect, Head, PathMatching, Rejection, Reply, ReplyContext, Routes,
    UnknownMembers,
};
use crate::app::App;
use crate::config::Config;
use crate::domain::access::Principal;
use crate::domain::access::Right::{
    MoveFunds, ReadAccounts, ReadProfiles, ReadReference, VerifyExternals, WriteAccounts, WriteProfiles,
};
use crate::domain::refusal::{Credentials, Refusal};
use serde_json::Value;
use std::sync::Arc;

/// The name of this API, which its clients are created for.
const API: &str = "helix";

/// What its clients can be allowed: the rights, under their own names.
const CLIENTS: ApiClients = ApiClients {
    id: "key",
    secret: "secret",
    scopes: &[
        ClientScope { name: "profiles:read", rights: &[ReadProfiles] },
        ClientScope { name: "profiles:write", rights: &[WriteProfiles] },
        ClientScope { name: "accounts:read", rights: &[ReadAccounts] },
        ClientScope { name: "accounts:write", rights: &[WriteAccounts] },
        ClientScope { name: "funds:move", rights: &[MoveFunds] },
        ClientScope { name: "reference:read", rights: &[ReadReference] },
        ClientScope { name: "external_accounts:verify", rights: &[VerifyExternals] },
    ],
};

pub struct Helix;

impl Helix {
    /// From the settings in `[apis.helix]`, of which it has none of its own.
    #[must_use]
    #[expect(clippy::new_ret_no_self, reason = "the list of dialects holds trait objects")]
    pub fn new(_config: &Config) -> Arc<dyn Dialect> {
        Arc::new(Helix)
    }
}

/// Calls of the vendor that its clients know and that are not served.
const UNSERVED: [&str; 3] = ["/customer/initiate", "/customer/verify", "/customer/onboard/{vendor}/all"];

impl Dialect for Helix {
    fn name(&self) -> &'static str {
        API
    }

    fn document(&self) -> Value {
        openapi::document(self)
    }

    #[rustfmt::skip] // one line a route: path, operation, who may use it, handler
    fn routes(&self) -> Routes {
        use UnknownMembers::Ignored;
        let routes = Routes::default()
            .post("/customer/create", "create_customer", WriteProfiles, customers::create)
            .post("/customer/update", "update_customer", WriteProfiles, customers::update)
            .post("/customer/archive", "archive_customer", WriteProfiles, customers::archive)
            .post("/customer/deactivate", "archive_customer", WriteProfiles, customers::archive)
            .get("/customer/get/{customerId}", "get_customer", ReadProfiles, customers::get)
            .get("/customer/getByTag", "get_customer_by_tag", ReadProfiles, customers::get_by_tag)
            .get("/customer/getByTag/{tag}", "get_customer_by_tag", ReadProfiles, customers::get_by_tag)
            .get("/customer/getByEmail", "get_customer_by_email", ReadProfiles, customers::get_by_email)
            .get("/customer/getByEmail/{emailAddress}", "get_customer_by_email", ReadProfiles, customers::get_by_email)
            .get("/customer/list", "list_customers", ReadProfiles, customers::list)
            .post("/customer/search", "search_customers", ReadProfiles, customers::search).ignoring_keys()
            .post("/account/create", "create_account", WriteAccounts, accounts::create)
            .post("/account/update", "update_account", WriteAccounts, accounts::update)
            .get("/account/get/{customerId}/{accountId}", "get_account", ReadAccounts, accounts::get)
            .get("/account/getByTag/{customerId}", "get_account_by_tag", ReadAccounts, accounts::get_by_tag)
            .get("/account/getByTag/{customerId}/{tag}", "get_account_by_tag", ReadAccounts, accounts::get_by_tag)
            .get("/account/list/{customerId}", "list_accounts", ReadAccounts, accounts::list)
            .post("/account/close", "close_account", WriteAccounts, accounts::close)
            .post("/account/lock", "lock_account", WriteAccounts, accounts::lock)
            .post("/account/unlock", "unlock_account", WriteAccounts, accounts::unlock)
            .post("/account/placeHold", "place_hold", MoveFunds, holds::place).unknown_members(Ignored)
            .post("/account/releaseHold", "release_hold", MoveFunds, holds::release).unknown_members(Ignored)
            .get("/account/listAccess/{customerId}/{accountId}", "list_access", ReadAccounts, access::list)
            .post("/account/addAccess", "add_access", WriteAccounts, access::add)
            .post("/account/editAccess", "edit_access", WriteAccounts, access::edit)
            .post("/account/removeAccess", "remove_access", WriteAccounts, access::remove)
            .post("/externalAccount/create", "create_external_account", VerifyExternals, externals::create)
            .post("/externalAccount/initiate", "initiate_external_account", WriteProfiles, externals::initiate)
            .post("/externalAccount/verify", "verify_external_account", WriteProfiles, externals::verify)
            .post("/externalAccount/update", "update_external_account", WriteProfiles, externals::update)
            .post("/externalAccount/archive", "archive_external_account", WriteProfiles, externals::archive)
            .post("/externalAccount/deactivate", "archive_external_account", WriteProfiles, externals::archive)
            .get("/externalAccount/get/{customerId}/{externalAccountId}", "get_external_account", ReadProfiles,
                externals::get)
            .get("/externalAccount/getByTag/{customerId}", "get_external_account_by_tag", ReadProfiles,
                externals::get_by_tag)
            .get("/externalAccount/getByTag/{customerId}/{tag}", "get_external_account_by_tag", ReadProfiles,
                externals::get_by_tag)
            .get("/externalAccount/list/{customerId}", "list_external_accounts", ReadProfiles, externals::list)
            .post("/transfer/create", "create_transfer", MoveFunds, transfers::create).unknown_members(Ignored)
            .post("/transfer/void", "void_transfer", MoveFunds, transfers::void).unknown_members(Ignored)
            .get("/transaction/list/{customerId}/{accountId}", "list_transactions", ReadAccounts, transactions::list)
            .get("/transaction/list/{customerId}/{accountId}/{status}", "list_transactions", ReadAccounts,
                transactions::list)
            .get("/transaction/list/{customerId}/{accountId}/{status}/{start}", "list_transactions", ReadAccounts,
                transactions::list)
            .get("/transaction/list/{customerId}/{accountId}/{status}/{start}/{finish}", "list_transactions",
                ReadAccounts, transactions::list)
            .get("/transaction/get/{customerId}/{transactionId}", "get_transaction", ReadAccounts, transactions::get)
            .get("/transaction/getByTag/{customerId}", "get_transaction_by_tag", ReadAccounts,
                transactions::get_by_tag)
            .get("/transaction/getByTag/{customerId}/{tag}", "get_transaction_by_tag", ReadAccounts,
                transactions::get_by_tag)
            .get("/program/get", "get_program", ReadReference, program::get);
        UNSERVED.iter().fold(routes, |routes, path| {
            routes.post(path, "unserved", Access::Caller, unserved).ignoring_keys()
        })
    }

    fn refuse(&self, rejection: &Rejection, context: &ReplyContext) -> Reply {
        error::reply(rejection, context)
    }

    fn path_matching(&self) -> PathMatching {
        PathMatching::Lenient
    }

    fn challenge(&self) -> &'static str {
        "Basic realm=\"helix\", charset=\"UTF-8\""
    }

    fn authenticate(&self, app: &App, head: Head<'_>) -> Result<Arc<Principal>, Rejection> {
        if let Some((key, secret)) = head.basic_credentials() {
            return Ok(app.authenticate_client(API, &key, &secret, head.origin.address)?);
        }
        let token = head.bearer_token().ok_or(Refusal::Unauthenticated(Credentials::Missing))?;
        Ok(app.authenticate(token, head.origin.address)?)
    }

    fn api_clients(&self) -> Option<ApiClients> {
        Some(CLIENTS)
    }
}

async fn unserved(_call: Call) -> Result<Reply, Rejection> {
    Err(Rejection::UnknownRoute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_called_like_their_rights() {
        assert!(CLIENTS.scopes.iter().all(|scope| scope.rights.iter().all(|right| right.name() == scope.name)));
    }
}
