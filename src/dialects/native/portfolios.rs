//! Portfolios: snapshots of an account with its positions and orders.

use super::fields;
use super::lists::LISTS;
use super::orders::OrderView;
use super::positions::PositionView;
use crate::app::trading::{GetPortfolio, ListPortfolios, Portfolio};
use crate::dialects::kit::{Call, ExactNumber, Rejection, Reply};
use crate::domain::page::Position;
use serde::Serialize;
use utoipa::ToSchema;

/// A snapshot of one account, in its currency. Each figure is computed exactly and rounded once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Portfolio)]
pub(super) struct PortfolioView {
    account_id: String,
    currency: String,
    #[schema(value_type = f64)]
    balance: ExactNumber,
    /// Of the open positions, at the last quotes; a position without a quote counts as 0.
    #[schema(value_type = f64)]
    unrealized_pnl: ExactNumber,
    #[schema(value_type = f64)]
    used_margin: ExactNumber,
    /// What working orders add to `usedMargin`.
    #[schema(value_type = f64)]
    pending_margin: ExactNumber,
    #[schema(example = "1")]
    account_version: String,
    in_margin_call: bool,
    in_stop_out: bool,
    positions: Vec<PositionView>,
    orders: Vec<OrderView>,
    /// The balance plus the unrealized profit or loss.
    #[schema(value_type = f64)]
    equity: ExactNumber,
    /// Equity less used and pending margin.
    #[schema(value_type = f64)]
    free_margin: ExactNumber,
    /// Equity in percent of the used margin, rounded to 2 decimals; null without margin.
    #[schema(value_type = Option<f64>, required)]
    margin_level: Option<ExactNumber>,
}

/// Decimals of a margin level.
pub(super) const LEVEL_DECIMALS: u32 = 2;

impl From<Portfolio> for PortfolioView {
    fn from(Portfolio { account, figures, positions, orders }: Portfolio) -> Self {
        let money = |amount| ExactNumber::of(amount, account.decimals);
        PortfolioView {
            account_id: account.id.to_string(),
            currency: account.currency.to_string(),
            balance: money(account.balances.balance),
            unrealized_pnl: money(figures.unrealised),
            used_margin: money(figures.used_margin),
            pending_margin: money(figures.pending_margin),
            account_version: account.version.to_string(),
            in_margin_call: figures.is_in_margin_call,
            in_stop_out: figures.is_in_stop_out,
            positions: positions.iter().map(|shown| PositionView::of(&account, shown)).collect(),
            orders: orders.iter().map(|shown| OrderView::of(&account, shown)).collect(),
            equity: money(figures.equity),
            free_margin: money(figures.free_margin),
            margin_level: figures.margin_level.map(|level| ExactNumber::from_stored(&level.text(0, LEVEL_DECIMALS))),
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
    let found = call.ask(ListPortfolios { client: fields::path_id(&call)?, after, limit: window.limit }).await?;
    let next = window.next(found.next.map(|shown| [shown.row]));
    Reply::ok(&PortfolioList { accounts: found.rows.into_iter().map(PortfolioView::from).collect(), next })
}

/// Get a snapshot of an account.
#[utoipa::path(get, path = "/portfolios/{id}", tag = "Trading data",
    params(("id" = Uuid, Path, description = "account id")), responses((status = 200, body = PortfolioView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let found = call.ask(GetPortfolio { account: fields::path_id(&call)? }).await?;
    Reply::ok(&PortfolioView::from(found))
}
