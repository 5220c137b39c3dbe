//! Accounts: books of money and securities in an account group.

use super::Products;
use super::fields::{BY_CREATION_OR_CHANGE, ListView, OwnerView, name, part, path_id, time};
use crate::app::accounts::{
    BeginClosing, GetOwnedAccount, ListOwnedAccounts, OpenInPortfolio, OwnedAccount, RenameAccount,
};
use crate::dialects::kit::formats::{one_of, uuid};
use crate::dialects::kit::{Call, Rejection, Reply, required};
use crate::domain::accounts::{Account, Lifecycle, Lock, OrderBasis};
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// The longest name of an account, in characters (Upvest, "Accounts").
const NAME_MAX: usize = 100;

const TYPES: &[(&str, OrderBasis)] = &[("TRADING", OrderBasis::Instrument), ("PORTFOLIO", OrderBasis::Portfolio)];

/// An account to open.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewAccount {
    /// The owner of the account group, a UUID.
    #[schema(required)]
    user_id: Option<String>,
    /// A UUID.
    #[schema(required)]
    account_group_id: Option<String>,
    /// TRADING or PORTFOLIO.
    #[serde(rename = "type")]
    #[schema(required, example = "TRADING")]
    kind: Option<String>,
    /// At most 100 characters; `Account` and the number of the account if omitted.
    #[schema(example = "Long term")]
    name: Option<String>,
}

/// Another name for an account.
#[derive(Default, Deserialize, ToSchema)]
pub(super) struct AccountChange {
    /// At most 100 characters; the name stays if omitted.
    #[schema(example = "Long term")]
    name: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(super) struct AccountView {
    id: String,
    #[schema(format = DateTime, example = "2026-03-02T08:15:00.000Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-03-02T08:15:00.000Z")]
    updated_at: String,
    account_group_id: String,
    #[serde(rename = "type")]
    #[schema(example = "TRADING")]
    kind: &'static str,
    users: Vec<OwnerView>,
    /// Its number within the account group, from 1.
    #[schema(example = 2)]
    account_number: i64,
    #[schema(example = "Long term")]
    name: String,
    /// PENDING_APPROVAL, ACTIVE, CLOSING, CLOSED or LOCKED.
    #[schema(example = "ACTIVE")]
    status: &'static str,
}

impl From<OwnedAccount> for AccountView {
    fn from(OwnedAccount { account, owners }: OwnedAccount) -> Self {
        let kind = TYPES.iter().find(|(_, basis)| *basis == account.order_basis).map_or("TRADING", |(kind, _)| kind);
        AccountView {
            id: account.id.to_string(),
            created_at: time(account.created_at),
            updated_at: time(account.updated_at),
            account_group_id: account.portfolio.to_string(),
            kind,
            users: owners.into_iter().map(OwnerView::from).collect(),
            account_number: account.portfolio_serial,
            status: status(&account),
            name: match account.labels.name.is_empty() {
                true => format!("Account {}", account.portfolio_serial),
                false => account.labels.name,
            },
        }
    }
}

/// An account that an operator or its owner has stopped, in whatever way, is locked.
fn status(account: &Account) -> &'static str {
    match account.lifecycle {
        Lifecycle::PendingApproval => "PENDING_APPROVAL",
        Lifecycle::Closed => "CLOSED",
        Lifecycle::Closing => "CLOSING",
        Lifecycle::Active if account.lock == Lock::Open && !account.labels.status.stops_money() => "ACTIVE",
        Lifecycle::Active | Lifecycle::Inactive | Lifecycle::Dormant => "LOCKED",
    }
}

/// Open an account.
#[utoipa::path(post, path = "/accounts", tag = "Accounts", request_body = NewAccount,
    responses((status = 200, body = AccountView)))]
pub(super) async fn create(call: Call, products: Arc<Products>) -> Result<Reply, Rejection> {
    let new: NewAccount = call.lenient_body()?;
    let basis = required("type", new.kind.as_ref(), one_of(TYPES))?;
    let command = OpenInPortfolio {
        profile: required("user_id", new.user_id.as_ref(), uuid)?,
        portfolio: required("account_group_id", new.account_group_id.as_ref(), uuid)?,
        basis,
        group: match basis {
            OrderBasis::Instrument => products.trading_group.clone(),
            OrderBasis::Portfolio => products.portfolio_group.clone(),
        },
        currency: products.currency.clone(),
        name: name("name", new.name, NAME_MAX)?,
    };
    call.run(command, |opened| Reply::ok(&AccountView::from(opened))).await
}

/// List all accounts.
#[utoipa::path(get, path = "/accounts", tag = "Accounts",
    params(
        ("sort" = Option<String>, Query, description = "created_at (default) or updated_at"),
        ("order" = Option<String>, Query, description = "ASC (default) or DESC"),
        ("offset" = Option<u32>, Query, description = "rows to skip, default 0"),
        ("limit" = Option<u32>, Query, description = "0 to 1000, default 100"),
    ),
    responses((status = 200, body = ListView<AccountView>)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let part = part(&call, BY_CREATION_OR_CHANGE)?;
    let (accounts, total) = call.ask(ListOwnedAccounts { owner: None, part: part.sorted }).await?;
    part.answer(accounts.into_iter().map(AccountView::from).collect(), total)
}

/// List the accounts of a user.
#[utoipa::path(get, path = "/users/{user_id}/accounts", tag = "Accounts",
    params(
        ("user_id" = Uuid, Path),
        ("sort" = Option<String>, Query, description = "created_at (default) or updated_at"),
        ("order" = Option<String>, Query, description = "ASC (default) or DESC"),
        ("offset" = Option<u32>, Query, description = "rows to skip, default 0"),
        ("limit" = Option<u32>, Query, description = "0 to 1000, default 100"),
    ),
    responses((status = 200, body = ListView<AccountView>)))]
pub(super) async fn of_user(call: Call) -> Result<Reply, Rejection> {
    let owner = Some(path_id(&call, "user_id")?);
    let part = part(&call, BY_CREATION_OR_CHANGE)?;
    let (accounts, total) = call.ask(ListOwnedAccounts { owner, part: part.sorted }).await?;
    part.answer(accounts.into_iter().map(AccountView::from).collect(), total)
}

/// Read an account, closed or not.
#[utoipa::path(get, path = "/accounts/{account_id}", tag = "Accounts", params(("account_id" = Uuid, Path)),
    responses((status = 200, body = AccountView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let found = call.ask(GetOwnedAccount { id: path_id(&call, "account_id")? }).await?;
    Reply::ok(&AccountView::from(found))
}

/// Rename an account.
#[utoipa::path(patch, path = "/accounts/{account_id}", tag = "Accounts", params(("account_id" = Uuid, Path)),
    request_body = AccountChange, responses((status = 200, body = AccountView)))]
pub(super) async fn change(call: Call) -> Result<Reply, Rejection> {
    let id = path_id(&call, "account_id")?;
    let change: AccountChange = call.optional_lenient_body()?.unwrap_or_default();
    let command = RenameAccount { id, name: name("name", change.name, NAME_MAX)? };
    call.run(command, |changed| Reply::ok(&AccountView::from(changed))).await
}

/// Close an account. It pays out what it has, and is closed once it is empty.
#[utoipa::path(delete, path = "/accounts/{account_id}", tag = "Accounts", params(("account_id" = Uuid, Path)),
    responses((status = 202, description = "the account is closing")))]
pub(super) async fn close(call: Call) -> Result<Reply, Rejection> {
    let command = BeginClosing { id: path_id(&call, "account_id")? };
    call.run(command, |()| Ok(Reply::empty(StatusCode::ACCEPTED))).await
}
