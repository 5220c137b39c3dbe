//! Executions: the fills of an account, as platforms reported them, with what follows from each.

use super::lists::LISTS;
use super::{deals, fields, trades};
use crate::app::trading::{ExecutionPlace, ListExecutions, Listed, ListedExecution};
use crate::dialects::kit::formats::rfc3339;
use crate::dialects::kit::{Call, ExactNumber, Rejection, Reply};
use crate::domain::accounts::Account;
use crate::domain::clock::Moment;
use serde::Serialize;
use utoipa::ToSchema;

/// An execution. Amounts are in the account's currency, signed as the client sees them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Execution)]
pub(super) struct ExecutionView {
    /// The platform's id; deals have it as `clientDealId`.
    #[schema(example = "1001")]
    execution_id: String,
    /// The code of the platform.
    #[schema(example = "mt5")]
    platform: String,
    account_id: String,
    symbol_id: String,
    #[schema(example = "EURUSD")]
    symbol_name: String,
    /// By the platform.
    executed_at: String,
    /// The platform's order within the account; null if it has none.
    #[schema(required)]
    sequence: Option<i64>,
    side: &'static str,
    /// in, out, inout or out-by; empty if the platform did not say.
    #[schema(example = "in")]
    entry: String,
    /// Lots; null for a close-by of all that both positions have.
    #[schema(value_type = Option<f64>, required)]
    qty: Option<ExactNumber>,
    /// Null for a close-by, which has none.
    #[schema(value_type = Option<f64>, required)]
    price: Option<ExactNumber>,
    /// The order, or the platform's id of one that was not reported; empty without one.
    order_id: String,
    /// The platform's id of the order; empty without one.
    client_order_id: String,
    /// The position that it opened, changed or closed; empty if none.
    position_id: String,
    position_ref: String,
    opposite_ref: String,
    reason: String,
    /// Account currency for one unit of the profit currency.
    #[schema(value_type = f64)]
    profit_rate: ExactNumber,
    /// Account currency for one unit of the margin currency; null if that is the profit currency and none was given.
    #[schema(value_type = Option<f64>, required)]
    margin_rate: Option<ExactNumber>,
    /// Lots that it closed.
    #[schema(value_type = f64)]
    qty_closed: ExactNumber,
    /// The average open price of what it closed; null if it closed nothing.
    #[schema(value_type = Option<f64>, required)]
    open_price: Option<ExactNumber>,
    /// Price profit as computed from open and closing price.
    #[schema(value_type = f64)]
    computed_pnl: ExactNumber,
    /// Price profit as posted, corrections included: the platform's figure if it gave one; so are the next ones.
    #[schema(value_type = f64)]
    realized_pnl: ExactNumber,
    #[schema(value_type = f64)]
    commission: ExactNumber,
    #[schema(value_type = f64)]
    swap: ExactNumber,
    #[schema(value_type = f64)]
    fee: ExactNumber,
    /// Protection against a negative balance that followed from it.
    #[schema(value_type = f64)]
    protection: ExactNumber,
    /// The id of the correction that counts; empty if there is none.
    corrected_by: String,
    cancelled: bool,
}

impl ExecutionView {
    fn of(account: &Account, listed: &ListedExecution, symbol: &Listed) -> Self {
        let (execution, recorded) = (&listed.execution, &listed.execution.recorded);
        let money = |amount| ExactNumber::of(amount, account.decimals);
        let posted = &execution.posted;
        ExecutionView {
            execution_id: execution.place.execution_id.clone(),
            platform: listed.platform.clone(),
            account_id: account.id.to_string(),
            symbol_id: symbol.symbol.id.to_string(),
            symbol_name: symbol.symbol.declared.code.clone(),
            executed_at: execution.place.at.to_string(),
            sequence: execution.place.sequence,
            side: trades::side(recorded.side),
            entry: recorded.entry.map(|entry| entry.name().replace('_', "-")).unwrap_or_default(),
            qty: recorded.quantity.as_ref().map(ExactNumber::exact),
            price: recorded.price.as_ref().map(ExactNumber::exact),
            order_id: trades::id_or(listed.order, recorded.order.as_ref()),
            client_order_id: recorded.order.clone().unwrap_or_default(),
            position_id: listed.position.map(|id| id.to_string()).unwrap_or_default(),
            position_ref: recorded.position_ref.clone().unwrap_or_default(),
            opposite_ref: recorded.opposite_ref.clone().unwrap_or_default(),
            reason: recorded.reason.clone().unwrap_or_default(),
            profit_rate: ExactNumber::exact(&recorded.rates.profit),
            margin_rate: recorded.rates.margin.as_ref().map(ExactNumber::exact),
            qty_closed: trades::number(execution.outcome.closed.as_ref()),
            open_price: execution.outcome.open_price.as_ref().map(ExactNumber::exact),
            computed_pnl: money(execution.outcome.profit),
            realized_pnl: money(posted.profit),
            commission: money(posted.commission),
            swap: money(posted.swap),
            fee: money(posted.fee),
            protection: money(posted.protected_balance.saturating_add(posted.protected_credit)),
            corrected_by: execution.version.clone().unwrap_or_default(),
            cancelled: execution.is_cancelled,
        }
    }
}

/// Executions of an account.
#[derive(Serialize, ToSchema)]
pub(super) struct ExecutionList {
    executions: Vec<ExecutionView>,
    /// Cursor for `after`; null at the end of the list.
    #[schema(required)]
    next: Option<String>,
}

/// List the executions of an account, cancelled ones included, newest first.
#[utoipa::path(get, path = "/accounts/{id}/executions", tag = "Trading data",
    params(
        ("id" = Uuid, Path, description = "account id"),
        ("from" = Option<String>, Query, description = "RFC 3339, inclusive, by the time of the platform"),
        ("to" = Option<String>, Query, description = "RFC 3339, exclusive, by the time of the platform"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 100"),
        ("after" = Option<String>, Query, description = "`next` of the previous page"),
    ),
    responses((status = 200, body = ExecutionList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let (query, scope) = (call.query(), LISTS.scope(&call));
    let place = |[at, row]: [i64; 2]| ExecutionPlace { at: Moment::from_unix_ms(at), row };
    let executions = ListExecutions {
        account: fields::path_id(&call)?,
        from: query.value("from", rfc3339)?,
        to: query.value("to", rfc3339)?,
        after: LISTS.after(query, &scope)?.map(place),
        limit: query.within("limit", 1..=deals::LIMIT_MAX)?.unwrap_or(deals::LIMIT_DEFAULT),
    };
    let found = call.ask(executions).await?;
    let view = |(listed, symbol): &(ListedExecution, std::sync::Arc<Listed>)| {
        ExecutionView::of(&found.account, listed, symbol)
    };
    let next = found.next.map(|place| scope.cursor(&[place.at.unix_ms(), place.row]));
    Reply::ok(&ExecutionList { executions: found.executions.iter().map(view).collect(), next })
}
