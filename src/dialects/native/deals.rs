//! Deals: the journal of an account.

use super::lists::LISTS;
use super::{fields, trades};
use crate::app::ledger::{DealMark, DealRow, DealTrade, Deals, ListDeals};
use crate::dialects::kit::formats::{rfc3339, uuid};
use crate::dialects::kit::{Call, CursorScope, ExactNumber, Rejection, Reply};
use crate::domain::accounts::Account;
use crate::domain::money::Amount;
use crate::domain::page::{Part, Position};
use serde::Serialize;
use utoipa::ToSchema;

/// A deal. Fields that only trades have are 0 or empty on other deals.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Deal)]
pub(super) struct DealView {
    id: String,
    account_id: String,
    /// The account's primary owner, a profile id.
    user_id: String,
    #[schema(example = "DEAL_ACTION_BALANCE")]
    action: String,
    #[schema(example = "DEAL_DIRECTION_IN")]
    direction: &'static str,
    /// Signed, in the account's currency.
    #[schema(value_type = f64, example = 10000.00)]
    amount: ExactNumber,
    #[schema(value_type = f64)]
    amount_raw: ExactNumber,
    #[schema(value_type = f64)]
    prev_balance: ExactNumber,
    #[schema(value_type = f64)]
    new_balance: ExactNumber,
    /// Of a trade: account currency for one unit of the profit currency. On a transfer received in another currency:
    /// what one unit of the sender's currency was worth in this account's currency. 0 on other deals.
    #[schema(value_type = f64)]
    fx_rate: ExactNumber,
    /// Same as `fxRate`, because there is no markup.
    #[schema(value_type = f64)]
    fx_rate_marked: ExactNumber,
    comment: String,
    /// When it was recorded.
    created_at: String,
    updated_at: String,
    /// When it happened: of a trade, by the platform.
    effective_at: String,
    #[serde(flatten)]
    trade: TradeFields,
    #[serde(flatten)]
    unused: UnusedFields,
}

/// Fields that only trades have, and charges as far as they say.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TradeFields {
    symbol_id: String,
    symbol_name: String,
    /// The order, or the platform's id of one that was not reported.
    order_id: String,
    /// The platform's id of the order.
    client_order_id: String,
    position_id: String,
    /// The platform's reference of the position.
    position_ref: String,
    /// The platform's id of the execution, also on corrections that follow from it; of a charge, the id of its event.
    client_deal_id: String,
    /// Lots of the execution that were closed.
    closed_volume: String,
    /// Lots of the execution.
    #[schema(value_type = f64)]
    volume: ExactNumber,
    /// The price of the execution if it closed something.
    #[schema(value_type = f64)]
    close_price: ExactNumber,
    #[schema(value_type = f64)]
    close_price_raw: ExactNumber,
    /// The average open price of what was closed.
    #[schema(value_type = f64)]
    open_price: ExactNumber,
    #[schema(value_type = f64)]
    open_price_raw: ExactNumber,
    /// The commission of the execution, which is a deal of its own.
    #[schema(value_type = f64)]
    commission: ExactNumber,
    #[schema(value_type = f64)]
    commission_raw: ExactNumber,
    #[schema(value_type = f64)]
    raw_rate: ExactNumber,
    #[schema(value_type = f64)]
    applied_rate: ExactNumber,
    /// `amount` of a trade in an account in US dollars; so is `commissionUsd`.
    #[schema(value_type = f64)]
    amount_usd: ExactNumber,
    #[schema(value_type = f64)]
    commission_usd: ExactNumber,
}

/// Declares fields that are always 0.
macro_rules! unused_fields {
    ($($number:ident),+ $(,)?) => {
        /// Fields of markups and conversions that bursar does not make: always 0.
        #[derive(Default, Serialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub(super) struct UnusedFields {
            $(#[schema(value_type = f64)] $number: u8,)+
        }
    };
}

unused_fields! {
    margin, fx_markup_amount, fx_rate_comm, fx_rate_comm_marked, fx_markup_amount_comm, fx_markup_amount_usd,
    fx_markup_amount_comm_usd, fx_to_usd, notional_usd, price_markup_amount_usd,
}

impl TradeFields {
    fn of(account: &Account, deal: &DealRow) -> Self {
        let trade = deal.trade.as_deref();
        let number = |of: fn(&DealTrade) -> Option<&crate::domain::trading::Exact>| trades::number(trade.and_then(of));
        let money = |amount: Amount| match amount.is_zero() {
            true => ExactNumber::zero(),
            false => ExactNumber::of(amount, account.decimals),
        };
        let text = |of: fn(&DealTrade) -> String| trade.map(of).unwrap_or_default();
        let in_dollars = |amount: Amount| match account.currency.as_str() {
            "USD" if trade.is_some() => money(amount),
            _ => ExactNumber::zero(),
        };
        let commission = trade.map_or(Amount::ZERO, |trade| trade.commission);
        TradeFields {
            symbol_id: text(|trade| trade.symbol.as_ref().map(|(id, _)| id.to_string()).unwrap_or_default()),
            symbol_name: text(|trade| trade.symbol.as_ref().map(|(_, code)| code.clone()).unwrap_or_default()),
            order_id: text(|trade| trades::id_or(trade.order_uuid, trade.order.as_ref())),
            client_order_id: text(|trade| trade.order.clone().unwrap_or_default()),
            position_id: text(|trade| trade.position.map(|id| id.to_string()).unwrap_or_default()),
            position_ref: text(|trade| trade.position_ref.clone().unwrap_or_default()),
            client_deal_id: text(|trade| trade.origin.clone()),
            closed_volume: text(|trade| trade.closed.as_ref().map(|lots| lots.text(0, 12)).unwrap_or_default()),
            volume: number(|trade| trade.quantity.as_ref()),
            close_price: number(DealTrade::close_price),
            close_price_raw: number(DealTrade::close_price),
            open_price: number(|trade| trade.open_price.as_ref()),
            open_price_raw: number(|trade| trade.open_price.as_ref()),
            commission: money(commission),
            commission_raw: money(commission),
            raw_rate: number(|trade| trade.rate.as_ref()),
            applied_rate: number(|trade| trade.rate.as_ref()),
            amount_usd: in_dollars(deal.amount),
            commission_usd: in_dollars(commission),
        }
    }
}

/// The deals of an account, newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DealList {
    deals: Vec<DealView>,
    /// Whether older deals follow; continue with `after` or `beforeId`.
    has_more: bool,
    /// Cursor for `after`, with the same `from` and `to`; null at the end of the list.
    next: Option<String>,
}

impl DealList {
    fn new(deals: Deals, scope: &CursorScope) -> Self {
        let account = deals.account;
        let view = |row: DealRow| {
            let money = |amount| ExactNumber::of(amount, account.decimals);
            let at = row.recorded_at.to_string();
            let of_trade = row.trade.as_deref().and_then(|trade| trade.rate.as_ref());
            let rate = row.rate.map_or_else(|| trades::number(of_trade), ExactNumber::from);
            let trade = TradeFields::of(&account, &row);
            DealView {
                id: row.id.to_string(),
                account_id: account.id.to_string(),
                user_id: account.profile.to_string(),
                action: fields::deal_action(row.kind),
                direction: if row.amount.is_positive() { "DEAL_DIRECTION_IN" } else { "DEAL_DIRECTION_OUT" },
                amount: money(row.amount),
                amount_raw: money(row.amount),
                prev_balance: money(row.balance_after.saturating_sub(row.amount)),
                new_balance: money(row.balance_after),
                fx_rate: rate.clone(),
                fx_rate_marked: rate,
                comment: row.comment,
                created_at: at.clone(),
                updated_at: at,
                effective_at: row.effective_at.to_string(),
                trade,
                unused: UnusedFields::default(),
            }
        };
        let Part { rows, next } = deals.part;
        DealList {
            deals: rows.into_iter().map(view).collect(),
            has_more: next.is_some(),
            next: next.map(|shown| scope.cursor(&[shown.row])),
        }
    }
}

pub(super) const LIMIT_DEFAULT: u32 = 100;
pub(super) const LIMIT_MAX: u32 = 1000;

/// List the deals of an account, newest first.
#[utoipa::path(get, path = "/accounts/{id}/deals", tag = "Accounts",
    params(
        ("id" = Uuid, Path, description = "account id"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 100"),
        ("from" = Option<String>, Query, description = "RFC 3339, inclusive"),
        ("to" = Option<String>, Query, description = "RFC 3339, exclusive"),
        ("beforeId" = Option<String>, Query, description = "continue after the deal of this id"),
        ("after" = Option<String>, Query, description = "`next` of the previous page, instead of `beforeId`"),
    ),
    responses((status = 200, body = DealList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let (query, scope) = (call.query(), LISTS.scope(&call));
    let before = query.value("beforeId", uuid)?.map(DealMark::Id);
    let after = LISTS.after(query, &scope)?.map(|[row]| DealMark::Place(Position::of(row)));
    if before.is_some() && after.is_some() {
        return Err(Rejection::invalid("beforeId", "send either beforeId or after"));
    }
    let deals = ListDeals {
        account: fields::path_id(&call)?,
        from: query.value("from", rfc3339)?,
        to: query.value("to", rfc3339)?,
        before: before.or(after),
        limit: query.within("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT),
    };
    let found = call.ask(deals).await?;
    Reply::ok(&DealList::new(found, &scope))
}
