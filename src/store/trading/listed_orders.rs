//! Orders as callers list them, with what was filled.

use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, PlatformSerial};
use crate::domain::trading::Exact;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, sql};
use crate::store::trading::{OrderRow, exact, order};
use rusqlite::Row;
use std::collections::HashMap;
use uuid::Uuid;

/// What executions filled of an order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OrderFills {
    /// Lots.
    pub quantity: Exact,
    /// Sum of lots times price.
    pub value: Exact,
}

impl OrderFills {
    /// The average price. None: nothing was filled.
    pub fn price(&self) -> Option<Exact> {
        self.value.over(&self.quantity)
    }
}

impl OrderRow {
    /// Lots that are filled: the platform's figure, unless executions filled more since.
    pub fn filled(&self, fills: &OrderFills) -> Exact {
        self.filled.clone().unwrap_or_default().max(fills.quantity.clone())
    }

    /// Lots that can still be filled.
    pub fn unfilled(&self, fills: &OrderFills) -> Exact {
        let ordered = self.quantity.clone().unwrap_or_default();
        (&ordered - &self.filled(fills)).max(Exact::ZERO)
    }
}

/// An order with what is shown of others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedOrder {
    pub row: i64,
    pub order: OrderRow,
    pub fills: OrderFills,
    /// The order that it belongs to, if that is known.
    pub parent: Option<Uuid>,
    /// The position that it closes or protects, if that is known.
    pub position: Option<Uuid>,
    pub platform: String,
    /// When it left the state of working, or was last reported.
    pub reported_at: Moment,
}

fn listed(row: &Row<'_>) -> rusqlite::Result<ListedOrder> {
    let order = order(row)?;
    Ok(ListedOrder {
        row: row.get("id")?,
        fills: OrderFills::default(),
        parent: row.get("parent_uuid")?,
        position: row.get("position_uuid")?,
        platform: row.get("platform")?,
        reported_at: order.reported.at,
        order,
    })
}

impl ReadTx<'_> {
    /// The working orders of an account, oldest first.
    pub fn working_orders_of(&self, account: BookId) -> Result<Vec<(OrderRow, OrderFills)>, StoreError> {
        let sql = concat!(sql!("trading/order_columns"), sql!("trading/orders_working"), "ORDER BY o.id");
        let orders = self.all(sql, [account.0], order)?;
        let mut fills = self.fills_of(account, orders.iter())?;
        let fill = |order: OrderRow| {
            let fills = fills.remove(&(order.platform, order.order.clone())).unwrap_or_default();
            (order, fills)
        };
        Ok(orders.into_iter().map(fill).collect())
    }

    /// Orders of an account, oldest first, or newest first if all are wanted: at most `limit` behind a row.
    pub fn orders_of(
        &self,
        account: BookId,
        only_working: bool,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ListedOrder>, StoreError> {
        let mut orders = match only_working {
            true => self.all(
                concat!(
                    sql!("trading/order_columns"),
                    sql!("trading/orders_working"),
                    "  AND o.id > ?2 ORDER BY o.id LIMIT ?3"
                ),
                (account.0, after.unwrap_or(0), limit),
                listed,
            )?,
            false => self.all(
                sql!("trading/order_columns", "trading/orders_all"),
                (account.0, after.unwrap_or(i64::MAX), limit),
                listed,
            )?,
        };
        let mut fills = self.fills_of(account, orders.iter().map(|listed| &listed.order))?;
        for listed in &mut orders {
            let key = (listed.order.platform, listed.order.order.clone());
            listed.fills = fills.remove(&key).unwrap_or_default();
        }
        Ok(orders)
    }

    fn fills_of<'o>(
        &self,
        account: BookId,
        orders: impl Iterator<Item = &'o OrderRow>,
    ) -> Result<HashMap<(PlatformSerial, String), OrderFills>, StoreError> {
        let ids = serde_json::Value::from_iter(orders.map(|order| order.order.clone())).to_string();
        let fill = |row: &Row<'_>| {
            let (quantity, price): (String, String) = (row.get("quantity")?, row.get("price")?);
            let key = (PlatformSerial(row.get("platform_id")?), row.get::<_, String>("order_id")?);
            Ok((key, exact("quantity", &quantity)?, exact("price", &price)?))
        };
        let mut fills: HashMap<_, OrderFills> = HashMap::new();
        for (key, quantity, price) in self.all(sql!("trading/fills_of_orders"), (account.0, &ids), fill)? {
            let fills = fills.entry(key).or_default();
            fills.value = &fills.value + &(&quantity * &price);
            fills.quantity = &fills.quantity + &quantity;
        }
        Ok(fills)
    }
}
