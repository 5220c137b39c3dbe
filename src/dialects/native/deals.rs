//! Deals: the journal of an account.

use super::fields;
use super::lists::LISTS;
use crate::app::ledger::{DealMark, Deals, ListDeals};
use crate::dialects::kit::formats::{rfc3339, uuid};
use crate::dialects::kit::{Call, CursorScope, ExactNumber, Rejection, Reply};
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
    /// On a transfer received in another currency: what one unit of the sender's currency was worth in this account's
    /// currency. 0 on other deals.
    #[schema(value_type = f64)]
    fx_rate: ExactNumber,
    /// Same as `fxRate`, because transfers have no markup.
    #[schema(value_type = f64)]
    fx_rate_marked: ExactNumber,
    comment: String,
    created_at: String,
    updated_at: String,
    #[serde(flatten)]
    trade: TradeFields,
}

/// Declares the fields that only trades have: empty strings and zeros until a trading engine is attached.
macro_rules! trade_fields {
    (texts: $($text:ident),+; numbers: $($number:ident),+ $(,)?) => {
        /// Fields that only trades have.
        #[derive(Default, Serialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub(super) struct TradeFields {
            $($text: &'static str,)+
            $(#[schema(value_type = f64)] $number: u8,)+
        }
    };
}

trade_fields! {
    texts: symbol_name, order_id, position_id, symbol_id, client_deal_id, closed_volume;
    numbers: volume, close_price, close_price_raw, open_price, open_price_raw, margin, commission, commission_raw,
        raw_rate, applied_rate, fx_markup_amount, fx_rate_comm, fx_rate_comm_marked,
        fx_markup_amount_comm, amount_usd, commission_usd, fx_markup_amount_usd, fx_markup_amount_comm_usd, fx_to_usd,
        notional_usd, price_markup_amount_usd,
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
        let view = |row: crate::app::ledger::DealRow| {
            let money = |amount| ExactNumber::of(amount, account.decimals);
            let at = row.recorded_at.to_string();
            let rate = row.rate.map_or_else(ExactNumber::zero, ExactNumber::from);
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
                trade: TradeFields::default(),
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
