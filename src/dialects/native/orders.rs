//! Orders, as platforms report them.

use super::lists::LISTS;
use super::{fields, trades};
use crate::app::trading::{ListOrders, ShownOrder};
use crate::dialects::kit::formats::one_of;
use crate::dialects::kit::{Call, ExactNumber, Rejection, Reply};
use crate::domain::accounts::Account;
use crate::domain::trading::Exact;
use serde::Serialize;
use utoipa::ToSchema;

/// An order as of its latest report. What platforms do not report is empty or 0.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Order)]
pub(super) struct OrderView {
    id: String,
    account_id: String,
    group_id: String,
    symbol_id: String,
    #[schema(example = "EURUSD")]
    symbol_name: String,
    /// The open position that it closes or protects; empty if that is not known.
    position_id: String,
    /// The platform's id of the order.
    #[schema(example = "900")]
    client_order_id: String,
    ip_address: &'static str,
    manager_id: &'static str,
    /// The order that it belongs to, or the platform's id of one that was not reported.
    parent_order_id: String,
    cancels_order_id: &'static str,
    /// The code of the platform.
    #[schema(example = "mt5")]
    venue_id: String,
    venue_order_id: String,
    trailing_offset: &'static str,
    trailing_step: &'static str,
    stop_loss_pts: &'static str,
    take_profit_pts: &'static str,
    comment: String,
    md: &'static str,
    /// Why it was placed: client, stop_loss, take_profit, stop_out, rollover or corporate_action; empty if unknown.
    #[schema(example = "client")]
    reason: String,
    created_at: String,
    updated_at: String,
    /// Null if it does not end by itself.
    #[schema(required)]
    expiration_date: Option<String>,
    #[schema(value_type = f64)]
    qty_original: ExactNumber,
    #[schema(value_type = f64)]
    qty_filled: ExactNumber,
    #[schema(value_type = f64)]
    units_original: ExactNumber,
    #[schema(value_type = f64)]
    units_filled: ExactNumber,
    #[schema(value_type = f64)]
    seen_price: ExactNumber,
    #[schema(value_type = f64)]
    limit_price: ExactNumber,
    #[schema(value_type = f64)]
    stop_price: ExactNumber,
    #[schema(value_type = f64)]
    slippage: ExactNumber,
    #[schema(value_type = f64)]
    stop_loss_price: ExactNumber,
    #[schema(value_type = f64)]
    take_profit_price: ExactNumber,
    /// The average price of its executions; 0 if there are none.
    #[schema(value_type = f64)]
    fill_price: ExactNumber,
    #[schema(value_type = f64)]
    fill_price_raw: ExactNumber,
    /// What it takes of the margin by itself while it works.
    #[schema(value_type = f64)]
    initial_margin: ExactNumber,
    is_closing: bool,
    completed: bool,
    status: &'static str,
    side: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    time_in_force: &'static str,
    /// Always null.
    #[schema(value_type = Option<Object>, required)]
    trigger_quote: (),
}

impl OrderView {
    pub(super) fn of(account: &Account, shown: &ShownOrder) -> Self {
        let (listed, order, symbol) = (&shown.listed, &shown.listed.order, &shown.symbol);
        let filled = order.filled(&listed.fills);
        let fill_price = listed.fills.price();
        let units = |lots: &Exact| ExactNumber::exact(&(lots * &symbol.instrument.contract_size));
        let zero = ExactNumber::zero;
        OrderView {
            id: order.uuid.to_string(),
            account_id: account.id.to_string(),
            group_id: account.group.to_string(),
            symbol_id: symbol.symbol.id.to_string(),
            symbol_name: symbol.symbol.declared.code.clone(),
            position_id: listed.position.map(|id| id.to_string()).unwrap_or_default(),
            client_order_id: order.order.clone(),
            ip_address: "",
            manager_id: "",
            parent_order_id: trades::id_or(listed.parent, order.parent.as_ref()),
            cancels_order_id: "",
            venue_id: listed.platform.clone(),
            venue_order_id: order.order.clone(),
            trailing_offset: "",
            trailing_step: "",
            stop_loss_pts: "",
            take_profit_pts: "",
            comment: order.comment.clone().unwrap_or_default(),
            md: "",
            reason: order.reason.clone().unwrap_or_default(),
            created_at: order.created_at.to_string(),
            updated_at: order.reported.at.to_string(),
            expiration_date: order.expires_at.map(|at| at.to_string()),
            qty_original: trades::number(order.quantity.as_ref()),
            units_original: order.quantity.as_ref().map_or_else(zero, units),
            units_filled: units(&filled),
            qty_filled: ExactNumber::exact(&filled),
            seen_price: zero(),
            limit_price: trades::number(order.limit_price.as_ref()),
            stop_price: trades::number(order.stop_price.as_ref()),
            slippage: zero(),
            stop_loss_price: trades::number(order.stop_loss.as_ref()),
            take_profit_price: trades::number(order.take_profit.as_ref()),
            fill_price: trades::number(fill_price.as_ref()),
            fill_price_raw: trades::number(fill_price.as_ref()),
            initial_margin: trades::money(&shown.margin, account.decimals),
            is_closing: order.position_ref.is_some(),
            completed: !order.state.is_working(),
            status: trades::order_state(order.state),
            side: trades::side(order.side),
            kind: trades::order_type(order.kind),
            time_in_force: trades::time_in_force(order.time_in_force),
            trigger_quote: (),
        }
    }
}

/// Orders of an account.
#[derive(Serialize, ToSchema)]
pub(super) struct OrderList {
    orders: Vec<OrderView>,
    /// Cursor for `after`; null at the end of the list.
    #[schema(required)]
    next: Option<String>,
}

/// What `state` says, and whether it selects working orders only.
const STATES: &[(&str, bool)] = &[("working", true), ("all", false)];

/// List the working orders of an account, oldest first, or all of them, newest first.
#[utoipa::path(get, path = "/accounts/{id}/orders", tag = "Trading data",
    params(
        ("id" = Uuid, Path, description = "account id"),
        ("state" = Option<String>, Query, description = "working (the default) or all"),
        ("perPage" = Option<u32>, Query, description = "1 to 500; defaults to all, up to 10,000"),
        ("after" = Option<String>, Query, description = "`next` of the previous page"),
    ),
    responses((status = 200, body = OrderList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let only_working = call.query().value("state", one_of(STATES))?.unwrap_or(true);
    let window = LISTS.part(&call)?;
    let orders = ListOrders {
        account: fields::path_id(&call)?,
        only_working,
        after: window.after.map(|[row]| row),
        limit: window.limit,
    };
    let found = call.ask(orders).await?;
    let view = |shown| OrderView::of(&found.account, shown);
    let next = window.next(found.next.map(|row| [row]));
    Reply::ok(&OrderList { orders: found.orders.iter().map(view).collect(), next })
}
