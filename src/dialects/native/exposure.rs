//! What operators watch: the exposure of all clients, and accounts in margin call.

use super::lists::{LISTS, PagingView};
use super::{portfolios, trades};
use crate::app::trading::{Exposure, ListExposure, ListMarginCalls, Listed, MarginCall, SideSum, Sum};
use crate::dialects::kit::{Call, ExactNumber, Rejection, Reply};
use crate::domain::page::Position;
use crate::domain::trading::Exact;
use serde::Serialize;
use utoipa::ToSchema;

/// Lots on one side of a symbol.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExposureSide)]
pub(super) struct SideView {
    #[schema(value_type = f64)]
    qty: ExactNumber,
    /// `qty` times the contract size.
    #[schema(value_type = f64)]
    units: ExactNumber,
    /// Units times open price, in the profit currency.
    #[schema(value_type = f64)]
    open_value: ExactNumber,
}

/// Open positions, added up.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExposureSum)]
pub(super) struct SumView {
    positions: u64,
    long: SideView,
    short: SideView,
    /// Long less short; below zero if short.
    net: SideView,
    /// At the last quote, in the profit currency; null without a quote.
    #[schema(value_type = Option<f64>, required)]
    unrealized_pnl: Option<ExactNumber>,
}

impl SumView {
    fn of(sum: &Sum, listed: &Listed) -> Self {
        let size = &listed.instrument.contract_size;
        let side = |side: &SideSum| SideView {
            qty: ExactNumber::exact(&side.lots),
            units: ExactNumber::exact(&(&side.lots * size)),
            open_value: ExactNumber::exact(&(&side.cost * size)),
        };
        SumView {
            positions: sum.positions,
            long: side(&sum.long),
            short: side(&sum.short),
            net: side(&sum.net()),
            unrealized_pnl: sum.unrealised(listed).map(|pnl| ExactNumber::exact(&pnl)),
        }
    }
}

/// What clients of a group have open in a symbol.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GroupExposure)]
pub(super) struct GroupExposureView {
    group_id: String,
    #[schema(example = "Standard")]
    group_name: String,
    #[serde(flatten)]
    sum: SumView,
}

/// What clients have open in a symbol.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Exposure)]
pub(super) struct ExposureView {
    symbol_id: String,
    #[schema(example = "EURUSD")]
    symbol_name: String,
    /// The profit currency, in which the values are.
    currency: String,
    #[serde(flatten)]
    sum: SumView,
    groups: Vec<GroupExposureView>,
}

impl From<Exposure> for ExposureView {
    fn from(Exposure { symbol, sum, groups }: Exposure) -> Self {
        let group = |(group, sum): &(crate::domain::reference::Group, Sum)| GroupExposureView {
            group_id: group.id.to_string(),
            group_name: group.declared.name.clone(),
            sum: SumView::of(sum, &symbol),
        };
        ExposureView {
            symbol_id: symbol.symbol.id.to_string(),
            symbol_name: symbol.symbol.declared.code.clone(),
            currency: symbol.symbol.declared.profit_currency.to_string(),
            groups: groups.iter().map(group).collect(),
            sum: SumView::of(&sum, &symbol),
        }
    }
}

/// The exposure of each symbol.
#[derive(Serialize, ToSchema)]
pub(super) struct ExposureList {
    exposure: Vec<ExposureView>,
    /// Cursor for `after`; null at the end of the list.
    #[schema(required)]
    next: Option<String>,
}

/// List what clients have open in each symbol, in total and by group.
#[utoipa::path(get, path = "/platform/exposure", tag = "Trading data",
    params(
        ("isDemo" = Option<bool>, Query, description = "of demo accounts instead of live ones"),
        ("perPage" = Option<u32>, Query, description = "1 to 500; defaults to all, up to 10,000"),
        ("after" = Option<String>, Query, description = "`next` of the previous page"),
    ),
    responses((status = 200, body = ExposureList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let is_demo = call.query().switch("isDemo")?;
    let window = LISTS.part(&call)?;
    let after = window.after.map(|[row]| Position::of(row));
    let found = call.ask(ListExposure { is_demo, after, limit: window.limit }).await?;
    let next = window.next(found.next.map(|shown| [shown.row]));
    Reply::ok(&ExposureList { exposure: found.rows.into_iter().map(ExposureView::from).collect(), next })
}

/// An account in margin call, in its currency.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MarginCall)]
pub(super) struct MarginCallView {
    account_id: String,
    #[schema(example = "2100004711")]
    account_number: String,
    group_id: String,
    profile_id: String,
    currency: String,
    #[schema(value_type = f64)]
    balance: ExactNumber,
    #[schema(value_type = f64)]
    unrealized_pnl: ExactNumber,
    #[schema(value_type = f64)]
    equity: ExactNumber,
    #[schema(value_type = f64)]
    used_margin: ExactNumber,
    #[schema(value_type = f64)]
    pending_margin: ExactNumber,
    #[schema(value_type = f64)]
    free_margin: ExactNumber,
    /// Equity in percent of the used margin, rounded to 2 decimals.
    #[schema(value_type = f64)]
    margin_level: ExactNumber,
    /// Of the group, in percent; so is `stopOutLevel`.
    #[schema(value_type = f64)]
    margin_call_level: ExactNumber,
    #[schema(value_type = f64)]
    stop_out_level: ExactNumber,
    in_margin_call: bool,
    in_stop_out: bool,
}

impl From<MarginCall> for MarginCallView {
    fn from(MarginCall { account, figures, margin_call_level, stop_out_level }: MarginCall) -> Self {
        let money = |amount| ExactNumber::of(amount, account.decimals);
        let level = |level: &Exact| ExactNumber::from_stored(&level.text(0, portfolios::LEVEL_DECIMALS));
        MarginCallView {
            account_id: account.id.to_string(),
            account_number: account.number.clone(),
            group_id: account.group.to_string(),
            profile_id: account.profile.to_string(),
            currency: account.currency.to_string(),
            balance: money(account.balances.balance),
            unrealized_pnl: money(figures.unrealised),
            equity: money(figures.equity),
            used_margin: money(figures.used_margin),
            pending_margin: money(figures.pending_margin),
            free_margin: money(figures.free_margin),
            margin_level: figures.margin_level.as_ref().map_or_else(ExactNumber::zero, level),
            margin_call_level: trades::number(Some(&margin_call_level)),
            stop_out_level: trades::number(Some(&stop_out_level)),
            in_margin_call: figures.is_in_margin_call,
            in_stop_out: figures.is_in_stop_out,
        }
    }
}

/// One page of accounts in margin call.
#[derive(Serialize, ToSchema)]
pub(super) struct MarginCallList {
    accounts: Vec<MarginCallView>,
    #[serde(flatten)]
    paging: PagingView,
}

/// List the accounts that are in margin call or stop-out now, oldest first.
#[utoipa::path(get, path = "/platform/margin", tag = "Trading data",
    params(
        ("isDemo" = Option<bool>, Query, description = "demo accounts instead of live ones"),
        ("stopOut" = Option<bool>, Query, description = "only accounts in stop-out"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("perPage" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("after" = Option<String>, Query, description = "`next` of the previous page, instead of `page`"),
    ),
    responses((status = 200, body = MarginCallList)))]
pub(super) async fn margin(call: Call) -> Result<Reply, Rejection> {
    let is_demo = call.query().switch("isDemo")?;
    let only_stop_out = call.query().switch("stopOut")?;
    let paging = LISTS.page(&call)?;
    let found = call.ask(ListMarginCalls { is_demo, only_stop_out, page: paging.page }).await?;
    let paging = PagingView::of(&found, &paging);
    Reply::ok(&MarginCallList { accounts: found.rows.into_iter().map(MarginCallView::from).collect(), paging })
}
