//! Snapshots of an account with its positions and orders. They come from an attached trading engine; without one there
//! are none, and margins are zero.

use super::fields;
use super::lists::Stretch;
use crate::app::accounts::GetAccount;
use crate::app::clients::ListAccountsOfProfile;
use crate::dialects::kit::{Call, ExactNumber, Rejection, Reply};
use crate::domain::accounts::Account;
use crate::domain::money::Amount;
use crate::domain::page::Position;
use serde::Serialize;
use utoipa::ToSchema;

/// Nothing, until a trading engine is attached.
type Nothing = [(); 0];

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
    positions: Nothing,
    #[schema(value_type = Vec<Object>)]
    orders: Nothing,
    /// Balance and unrealized result.
    #[schema(value_type = f64)]
    equity: ExactNumber,
    /// Equity without used and pending margin.
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
    /// Send it as `after` to go on; null at the end of the list.
    next: Option<String>,
}

/// Snapshots of the accounts of a client that are not archived.
#[utoipa::path(get, path = "/profiles/{id}/accounts", tag = "Clients",
    params(
        ("id" = Uuid, Path, description = "profile id"),
        ("perPage" = Option<u32>, Query, description = "1 to 500; all, but at most 10,000, if left out"),
        ("after" = Option<String>, Query, description = "`next` of the last answer"),
    ), responses((status = 200, body = PortfolioList)))]
pub(super) async fn of_profile(call: Call) -> Result<Reply, Rejection> {
    let stretch = Stretch::of(&call)?;
    let after = stretch.after.map(|[row]| Position::of(row));
    let found = call.ask(ListAccountsOfProfile { id: fields::path_id(&call)?, after, limit: stretch.limit }).await?;
    let next = stretch.next(found.next.map(|shown| [shown.row]));
    Reply::ok(&PortfolioList { accounts: found.rows.into_iter().map(PortfolioView::from).collect(), next })
}

/// A snapshot of one account.
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
    positions: Nothing,
}

/// The open positions of an account.
#[utoipa::path(get, path = "/accounts/{id}/positions", tag = "Trading data",
    params(("id" = Uuid, Path, description = "account id")), responses((status = 200, body = PositionList)))]
pub(super) async fn positions(call: Call) -> Result<Reply, Rejection> {
    call.ask(GetAccount { id: fields::path_id(&call)? }).await?;
    Reply::ok(&PositionList { positions: [] })
}

/// The closed positions of an account.
#[utoipa::path(get, path = "/accounts/{id}/history/positions", tag = "Trading data",
    params(
        ("id" = Uuid, Path, description = "account id"),
        ("from" = Option<String>, Query, description = "at this time or later, RFC 3339"),
        ("to" = Option<String>, Query, description = "before this time, RFC 3339"),
    ),
    responses((status = 200, body = PositionList)))]
pub(super) async fn closed_positions(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    fields::moment(query, "from")?;
    fields::moment(query, "to")?;
    call.ask(GetAccount { id: fields::path_id(&call)? }).await?;
    Reply::ok(&PositionList { positions: [] })
}

/// Orders of an account.
#[derive(Serialize, ToSchema)]
pub(super) struct OrderList {
    #[schema(value_type = Vec<Object>)]
    orders: Nothing,
}

/// The working and inactive orders of an account.
#[utoipa::path(get, path = "/accounts/{id}/orders", tag = "Trading data",
    params(("id" = Uuid, Path, description = "account id")), responses((status = 200, body = OrderList)))]
pub(super) async fn orders(call: Call) -> Result<Reply, Rejection> {
    call.ask(GetAccount { id: fields::path_id(&call)? }).await?;
    Reply::ok(&OrderList { orders: [] })
}
