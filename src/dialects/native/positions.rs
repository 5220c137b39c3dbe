//! Positions, open and closed.

use super::lists::LISTS;
use super::{deals, fields, trades};
use crate::app::trading::{ClosedPlace, ListClosedPositions, ListOpenPositions, Positions, ShownPosition};
use crate::dialects::kit::formats::rfc3339;
use crate::dialects::kit::{Call, ExactNumber, Rejection, Reply};
use crate::domain::accounts::Account;
use crate::domain::clock::Moment;
use crate::domain::money::{Amount, Decimals};
use crate::domain::trading::Exact;
use serde::Serialize;
use utoipa::ToSchema;

/// A position of an account in a symbol. Amounts are in the account's currency.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Position)]
pub(super) struct PositionView {
    id: String,
    account_id: String,
    symbol_id: String,
    #[schema(example = "EURUSD")]
    symbol_name: String,
    /// The order that opened it, or the platform's id of an order that was not reported; empty without one.
    order_id: String,
    /// The platform's reference; empty if it has none.
    #[schema(example = "77")]
    position_ref: String,
    comment: &'static str,
    side: &'static str,
    status: &'static str,
    /// The average price of the lots that are open, or that were closed.
    #[schema(value_type = f64)]
    open_price: ExactNumber,
    #[schema(value_type = f64)]
    open_price_raw: ExactNumber,
    /// The average price at which lots were closed; 0 if none was.
    #[schema(value_type = f64)]
    close_price: ExactNumber,
    #[schema(value_type = f64)]
    close_price_raw: ExactNumber,
    /// The price at which it could be closed now: the bid of a long position, the ask of a short one; 0 without a
    /// quote, and once it is closed.
    #[schema(value_type = f64)]
    current_price: ExactNumber,
    /// Lots that are open.
    #[schema(value_type = f64)]
    qty: ExactNumber,
    /// Lots that were closed.
    #[schema(value_type = f64)]
    qty_closed: ExactNumber,
    /// `qty` times the contract size.
    #[schema(value_type = f64)]
    units: ExactNumber,
    #[schema(value_type = f64)]
    units_closed: ExactNumber,
    /// Unrealised profit or loss while it is open, realised afterwards.
    #[schema(value_type = f64)]
    profit: ExactNumber,
    /// Price profit or loss of what was closed.
    #[schema(value_type = f64)]
    realized_pnl: ExactNumber,
    /// `profit` in US dollars; 0 without a rate.
    #[schema(value_type = f64)]
    usd_pnl: ExactNumber,
    /// Of its executions; so is `swap`, with what was charged outside of them.
    #[schema(value_type = f64)]
    commission: ExactNumber,
    #[schema(value_type = f64)]
    swap: ExactNumber,
    /// The margin of this position alone.
    #[schema(value_type = f64)]
    margin: ExactNumber,
    #[schema(value_type = f64)]
    funding_accrued: ExactNumber,
    /// When it was opened, by the platform.
    created_at: String,
    /// When it was last changed, by the platform.
    updated_at: String,
    /// Null while it is open.
    #[schema(required)]
    closed_at: Option<String>,
}

pub(super) const POSITION_STATES: [&str; 3] =
    ["POSITION_STATUS_UNSPECIFIED", "POSITION_STATUS_OPEN", "POSITION_STATUS_CLOSED"];

/// Of US dollars.
const CENTS: u8 = 2;

impl PositionView {
    pub(super) fn of(account: &Account, shown: &ShownPosition) -> Self {
        let (listed, symbol) = (&shown.listed, &shown.symbol);
        let (row, position) = (&listed.row, &listed.row.position);
        let money = |amount| ExactNumber::of(amount, account.decimals);
        let units = |lots: &Exact| ExactNumber::exact(&(lots * &symbol.instrument.contract_size));
        let closed_quantity = position.closed_quantity();
        let profit = shown.profit(account);
        let dollars = shown.dollar_rate.as_ref().zip(Decimals::new(CENTS));
        let price = |text: &str| ExactNumber::from_stored(text);
        let close_price = row.close_price.as_deref().unwrap_or("0");
        PositionView {
            id: row.uuid.to_string(),
            account_id: account.id.to_string(),
            symbol_id: symbol.symbol.id.to_string(),
            symbol_name: symbol.symbol.declared.code.clone(),
            order_id: trades::id_or(listed.order_uuid, listed.order.as_ref()),
            position_ref: position.position_ref.clone().unwrap_or_default(),
            comment: "",
            side: trades::side(Some(position.side)),
            status: POSITION_STATES[if position.closing.is_none() { 1 } else { 2 }],
            open_price: price(&row.open_price),
            open_price_raw: price(&row.open_price),
            close_price: price(close_price),
            close_price_raw: price(close_price),
            current_price: trades::number(shown.figures.as_ref().and_then(|figures| figures.mark.as_ref())),
            qty: ExactNumber::exact(&position.quantity),
            qty_closed: ExactNumber::exact(&closed_quantity),
            units: units(&position.quantity),
            units_closed: units(&closed_quantity),
            profit: trades::money(&profit, account.decimals),
            realized_pnl: money(position.profit),
            usd_pnl: dollars
                .map_or_else(ExactNumber::zero, |(rate, cents)| trades::money(&rate.convert(&profit), cents)),
            commission: money(listed.charges.commission),
            swap: money(listed.charges.swap),
            margin: match &shown.figures {
                Some(figures) => trades::money(&figures.margin, account.decimals),
                None => money(Amount::ZERO),
            },
            funding_accrued: money(listed.charges.funding),
            created_at: position.opened_at.to_string(),
            updated_at: position.updated_at.to_string(),
            closed_at: position.closing.map(|closing| closing.at.to_string()),
        }
    }
}

/// Positions of an account.
#[derive(Serialize, ToSchema)]
pub(super) struct PositionList {
    positions: Vec<PositionView>,
    /// Cursor for `after`; null at the end of the list.
    #[schema(required)]
    next: Option<String>,
}

impl PositionList {
    fn of<P>(found: &Positions<P>, next: Option<String>) -> Self {
        let view = |shown| PositionView::of(&found.account, shown);
        PositionList { positions: found.positions.iter().map(view).collect(), next }
    }
}

/// List the open positions of an account, oldest first.
#[utoipa::path(get, path = "/accounts/{id}/positions", tag = "Trading data",
    params(
        ("id" = Uuid, Path, description = "account id"),
        ("perPage" = Option<u32>, Query, description = "1 to 500; defaults to all, up to 10,000"),
        ("after" = Option<String>, Query, description = "`next` of the previous page"),
    ),
    responses((status = 200, body = PositionList)))]
pub(super) async fn open(call: Call) -> Result<Reply, Rejection> {
    let window = LISTS.part(&call)?;
    let after = window.after.map(|[row]| row);
    let found = call.ask(ListOpenPositions { account: fields::path_id(&call)?, after, limit: window.limit }).await?;
    Reply::ok(&PositionList::of(&found, window.next(found.next.map(|row| [row]))))
}

/// List the closed positions of an account, the last closed first.
#[utoipa::path(get, path = "/accounts/{id}/history/positions", tag = "Trading data",
    params(
        ("id" = Uuid, Path, description = "account id"),
        ("from" = Option<String>, Query, description = "RFC 3339, inclusive, by the time of closing"),
        ("to" = Option<String>, Query, description = "RFC 3339, exclusive, by the time of closing"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 100"),
        ("after" = Option<String>, Query, description = "`next` of the previous page"),
    ),
    responses((status = 200, body = PositionList)))]
pub(super) async fn closed(call: Call) -> Result<Reply, Rejection> {
    let (query, scope) = (call.query(), LISTS.scope(&call));
    let place = |[at, row]: [i64; 2]| ClosedPlace { at: Moment::from_unix_ms(at), row };
    let positions = ListClosedPositions {
        account: fields::path_id(&call)?,
        from: query.value("from", rfc3339)?,
        to: query.value("to", rfc3339)?,
        after: LISTS.after(query, &scope)?.map(place),
        limit: query.within("limit", 1..=deals::LIMIT_MAX)?.unwrap_or(deals::LIMIT_DEFAULT),
    };
    let found = call.ask(positions).await?;
    let next = found.next.map(|place| scope.cursor(&[place.at.unix_ms(), place.row]));
    Reply::ok(&PositionList::of(&found, next))
}
