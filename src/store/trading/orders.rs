//! Orders, each member as of the latest report that gave it.

use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, PlatformSerial, SymbolSerial};
use crate::domain::trading::{Exact, OrderState, OrderType, Side, TimeInForce};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, named, sql, unreadable};
use crate::store::trading::{exact_if_any, nanos};
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderRow {
    pub uuid: Uuid,
    pub account: BookId,
    pub platform: PlatformSerial,
    /// Its id at the platform.
    pub order: String,
    pub symbol: SymbolSerial,
    pub state: OrderState,
    pub kind: Option<OrderType>,
    pub time_in_force: Option<TimeInForce>,
    pub side: Option<Side>,
    /// Lots.
    pub quantity: Option<Exact>,
    /// Lots.
    pub filled: Option<Exact>,
    pub limit_price: Option<Exact>,
    pub stop_price: Option<Exact>,
    pub stop_loss: Option<Exact>,
    pub take_profit: Option<Exact>,
    /// The order that it belongs to.
    pub parent: Option<String>,
    pub position_ref: Option<String>,
    pub reason: Option<String>,
    pub comment: Option<String>,
    pub expires_at: Option<Moment>,
    /// Of the latest report.
    pub reported: ReportPlace,
    /// The columns that the latest report left out, with the last report that gave each.
    pub earlier: BTreeMap<String, ReportPlace>,
    /// Of the earliest report, by the platform.
    pub created_at: Moment,
}

/// The place of a report among those of its order: the later one counts, however they arrive.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct ReportPlace {
    /// By the platform.
    pub at: Moment,
    /// Nanoseconds beyond `at`.
    pub nanos: u32,
    /// The platform's order within the account; none sorts first.
    pub sequence: Option<i64>,
    pub event: String,
}

fn enum_if_any<T: crate::domain::named::Named>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>> {
    let Some(text) = row.get::<_, Option<String>>(column)? else { return Ok(None) };
    T::from_name(&text).map(Some).ok_or_else(|| unreadable(column, &text))
}

fn earlier(text: &str) -> rusqlite::Result<BTreeMap<String, ReportPlace>> {
    serde_json::from_str(text).map_err(|_| unreadable("earlier", text))
}

pub(in crate::store) fn order(row: &Row<'_>) -> rusqlite::Result<OrderRow> {
    let number = |column: &str| exact_if_any(column, row.get(column)?);
    Ok(OrderRow {
        uuid: row.get("uuid")?,
        account: BookId(row.get("account_id")?),
        platform: PlatformSerial(row.get("platform_id")?),
        order: row.get("order_id")?,
        symbol: SymbolSerial(row.get("symbol_id")?),
        state: named(row, "state")?,
        kind: enum_if_any(row, "type")?,
        time_in_force: enum_if_any(row, "time_in_force")?,
        side: enum_if_any(row, "side")?,
        quantity: number("quantity")?,
        filled: number("filled_quantity")?,
        limit_price: number("limit_price")?,
        stop_price: number("stop_price")?,
        stop_loss: number("stop_loss")?,
        take_profit: number("take_profit")?,
        parent: row.get("parent_order_id")?,
        position_ref: row.get("position_ref")?,
        reason: row.get("reason")?,
        comment: row.get("comment")?,
        expires_at: row.get::<_, Option<i64>>("expires_at")?.map(Moment::from_unix_ms),
        reported: ReportPlace {
            at: Moment::from_unix_ms(row.get("reported_at")?),
            nanos: row.get::<_, Option<u32>>("reported_ns")?.unwrap_or_default(),
            sequence: row.get("sequence")?,
            event: row.get("event_id")?,
        },
        earlier: row.get::<_, Option<String>>("earlier")?.map_or_else(|| Ok(BTreeMap::new()), |text| earlier(&text))?,
        created_at: Moment::from_unix_ms(row.get("created_at")?),
    })
}

impl ReadTx<'_> {
    pub fn order(
        &self,
        account: BookId,
        platform: PlatformSerial,
        order_id: &str,
    ) -> Result<Option<OrderRow>, StoreError> {
        self.find(sql!("trading/order"), (account.0, order_id, platform.0), order)
    }
}

impl WriteTx<'_> {
    /// Adds an order, or replaces what is known of it; its id stays.
    pub fn put_order(&self, order: &OrderRow) -> Result<(), StoreError> {
        let number = |number: &Option<Exact>| number.as_ref().map(Exact::to_string);
        let earlier = (!order.earlier.is_empty()).then(|| json!(order.earlier).to_string());
        self.run(
            sql!("trading/put_order"),
            params![
                order.uuid,
                order.account.0,
                order.platform.0,
                order.order,
                order.symbol.0,
                order.state.name(),
                order.kind.map(OrderType::name),
                order.time_in_force.map(TimeInForce::name),
                order.side.map(Side::name),
                number(&order.quantity),
                number(&order.filled),
                number(&order.limit_price),
                number(&order.stop_price),
                number(&order.stop_loss),
                number(&order.take_profit),
                order.parent,
                order.position_ref,
                order.reason,
                order.comment,
                order.expires_at.map(Moment::unix_ms),
                order.reported.at.unix_ms(),
                order.reported.sequence,
                order.reported.event,
                order.created_at.unix_ms(),
                nanos(order.reported.nanos),
                earlier,
            ],
        )
        .map(|_| ())
    }
}
