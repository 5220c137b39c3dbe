//! Portfolios: snapshots of an account with its positions and orders. Without an attached trading engine there are
//! none, and margins are zero.

use super::fields;
use super::lists::LISTS;
use crate::app::accounts::GetAccount;
use crate::app::clients::ListAccountsOfProfile;
use crate::dialects::kit::formats::rfc3339;
use crate::dialects::kit::{Call, ExactNumber, Rejection, Reply};
use crate::domain::accounts::Account;
use crate::domain::money::Amount;
use crate::domain::page::Position;
use serde::Serialize;
use utoipa::ToSchema;

/// Always empty, until a trading engine is attached.
type NoRows = [(); 0];

/// A snapshot of one account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Portfolio)]
pub(super) struct PortfolioView {
    account_id: String,
    currency: String,
    #[schema(value_type = f64)]
    balance: ExactNumber,
    #[schema(value_type = f64)]
    unrealized_pnl: ExactNumber,
    #[schema(value_type = f64)]
    used_margin: ExactNumber,
    #[schema(value_type = f64)]
    pending_margin: ExactNumber,
    #[schema(example = "1")]
    account_version: String,
    in_margin_call: bool,
    in_stop_out: bool,
    #[schema(value_type = Vec<Object>)]
    positions: NoRows,
    #[schema(value_type = Vec<Object>)]
    orders: NoRows,
    /// The balance plus the unrealized profit or loss.
    #[schema(value_type = f64)]
    equity: ExactNumber,
    /// Equity less used and pending margin.
    #[schema(value_type = f64)]
    free_margin: ExactNumber,
}

impl From<Account> for PortfolioView {
    fn from(account: Account) -> Self {
        let money = |amount| ExactNumber::of(amount, account.decimals);
        PortfolioView {
            account_id: account.id.to_string(),
            currency: account.currency.to_string(),
            balance: money(account.balances.balance),
            unrealized_pnl: money(Amount::ZERO),
            used_margin: money(Amount::ZERO),
            pending_margin: money(Amount::ZERO),
            account_version: account.version.to_string(),
            in_margin_call: false,
            in_stop_out: false,
            positions: [],
            orders: [],
            equity: money(account.balances.balance),
            free_margin: money(account.balances.balance),
        }
    }
}

/// Snapshots of a client's accounts.
#[derive(Serialize, ToSchema)]
pub(super) struct PortfolioList {
    accounts: Vec<PortfolioView>,
    /// Cursor for `after`; null at the end of the list.
    next: Option<String>,
}

/// List snapshots of a client's accounts, without archived ones.
#[utoipa::path(get, path = "/profiles/{id}/accounts", tag = "Clients",
    params(
        ("id" = Uuid, Path, description = "profile id"),
        ("perPage" = Option<u32>, Query, description = "1 to 500; defaults to all, up to 10,000"),
        ("after" = Option<String>, Query, description = "`next` of the previous page"),
    ), responses((status = 200, body = PortfolioList)))]
pub(super) async fn of_profile(call: Call) -> Result<Reply, Rejection> {
    let window = LISTS.part(&call)?;
    let after = window.after.map(|[row]| Position::of(row));
    let found = call.ask(ListAccountsOfProfile { id: fields::path_id(&call)?, after, limit: window.limit }).await?;
    let next = window.next(found.next.map(|shown| [shown.row]));
    Reply::ok(&PortfolioList { accounts: found.rows.into_iter().map(PortfolioView::from).collect(), next })
}

/// Get a snapshot of an account.
#[utoipa::path(get, path = "/portfolios/{id}", tag = "Trading data",
    params(("id" = Uuid, Path, description = "account id")), responses((status = 200, body = PortfolioView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let account = call.ask(GetAccount { id: fields::path_id(&call)? }).await?;
    Reply::ok(&PortfolioView::from(account))
}

/// Positions of an account.
#[derive(Serialize, ToSchema)]
pub(super) struct PositionList {
    #[schema(value_type = Vec<Object>)]
    positions: NoRows,
}

/// List the open positions of an account.
#[utoipa::path(get, path = "/accounts/{id}/positions", tag = "Trading data",
    params(("id" = Uuid, Path, description = "account id")), responses((status = 200, body = PositionList)))]
pub(super) async fn positions(call: Call) -> Result<Reply, Rejection> {
    call.ask(GetAccount { id: fields::path_id(&call)? }).await?;
    Reply::ok(&PositionList { positions: [] })
}

/// List the closed positions of an account.
#[utoipa::path(get, path = "/accounts/{id}/history/positions", tag = "Trading data",
    params(
        ("id" = Uuid, Path, description = "account id"),
        ("from" = Option<String>, Query, description = "RFC 3339, inclusive"),
        ("to" = Option<String>, Query, description = "RFC 3339, exclusive"),
    ),
    responses((status = 200, body = PositionList)))]
pub(super) async fn closed_positions(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    query.value("from", rfc3339)?;
    query.value("to", rfc3339)?;
    call.ask(GetAccount { id: fields::path_id(&call)? }).await?;
    Reply::ok(&PositionList { positions: [] })
}

/// Orders of an account.
#[derive(Serialize, ToSchema)]
pub(super) struct OrderList {
    #[schema(value_type = Vec<Object>)]
    orders: NoRows,
}

/// List the working and inactive orders of an account.
#[utoipa::path(get, path = "/accounts/{id}/orders", tag = "Trading data",
    params(("id" = Uuid, Path, description = "account id")), responses((status = 200, body = OrderList)))]
pub(super) async fn orders(call: Call) -> Result<Reply, Rejection> {
    call.ask(GetAccount { id: fields::path_id(&call)? }).await?;
    Reply::ok(&OrderList { orders: [] })
}
