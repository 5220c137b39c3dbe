//! Positions, open and closed, as they follow from the executions.

use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, ExecutionSerial, SymbolSerial};
use crate::domain::money::Amount;
use crate::domain::trading::{Closing, Exact, Position};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, named, sql};
use crate::store::trading::exact;
use rusqlite::{Row, params};
use uuid::Uuid;

/// Decimals of stored prices, which are for reading.
pub(in crate::store) const PRICE_DECIMALS: u32 = 12;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PositionRow {
    pub row: i64,
    pub uuid: Uuid,
    pub account: BookId,
    pub symbol: SymbolSerial,
    pub position: Position,
    /// Average open price, 12 decimals; also of one that is closed.
    pub open_price: String,
    /// Average closing price, 12 decimals; None if nothing was closed.
    pub close_price: Option<String>,
}

pub(in crate::store) fn position(row: &Row<'_>) -> rusqlite::Result<PositionRow> {
    let number = |column: &str| {
        let text: String = row.get(column)?;
        exact(column, &text)
    };
    let closed_at: Option<i64> = row.get("closed_at")?;
    let closed_by: Option<i64> = row.get("closed_by")?;
    let closing = closed_by.zip(closed_at);
    Ok(PositionRow {
        row: row.get("id")?,
        uuid: row.get("uuid")?,
        account: BookId(row.get("account_id")?),
        symbol: SymbolSerial(row.get("symbol_id")?),
        open_price: row.get("open_price")?,
        close_price: row.get("close_price")?,
        position: Position {
            opened_by: ExecutionSerial(row.get("opened_by")?),
            position_ref: row.get("position_ref")?,
            side: named(row, "side")?,
            quantity: number("quantity")?,
            opened_quantity: number("opened_quantity")?,
            cost: number("cost")?,
            margin_cost: number("margin_cost")?,
            profit_rate: number("profit_rate")?,
            closed_value: number("closed_value")?,
            profit: Amount::from_minor(row.get("profit_minor")?),
            opened_at: Moment::from_unix_ms(row.get("opened_at")?),
            updated_at: Moment::from_unix_ms(row.get("updated_at")?),
            closing: closing.map(|(by, at)| Closing { by: ExecutionSerial(by), at: Moment::from_unix_ms(at) }),
        },
    })
}

const OPEN_IN_SCOPE: &str = concat!(
    sql!("trading/position_columns"),
    "WHERE account_id = ?1 AND symbol_id = ?2 AND closed_at IS NULL ORDER BY id"
);
const SINCE: &str = sql!("trading/position_columns", "trading/positions_since");
const OPEN_OF_ACCOUNT: &str =
    concat!(sql!("trading/position_columns"), "WHERE account_id = ?1 AND closed_at IS NULL ORDER BY id");

impl ReadTx<'_> {
    /// The open positions of an account in a symbol.
    pub fn open_positions_in(&self, account: BookId, symbol: SymbolSerial) -> Result<Vec<PositionRow>, StoreError> {
        self.all(OPEN_IN_SCOPE, (account.0, symbol.0), position)
    }

    /// The open positions of an account.
    pub fn open_positions_of(&self, account: BookId) -> Result<Vec<PositionRow>, StoreError> {
        self.all(OPEN_OF_ACCOUNT, [account.0], position)
    }

    pub fn has_open_positions(&self, account: BookId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM positions WHERE account_id = ?1 AND closed_at IS NULL)";
        self.one(sql, [account.0], |row| row.get(0))
    }

    /// The positions of an account in a symbol that are open, or were closed at or after a moment.
    pub fn positions_since(
        &self,
        account: BookId,
        symbol: SymbolSerial,
        from: Moment,
    ) -> Result<Vec<PositionRow>, StoreError> {
        self.all(SINCE, (account.0, symbol.0, from.unix_ms()), position)
    }
}

impl WriteTx<'_> {
    /// Adds a position; `open_price` is the average. Returns its row.
    pub fn add_position(
        &self,
        uuid: Uuid,
        (account, symbol): (BookId, SymbolSerial),
        position: &Position,
        open_price: &Exact,
    ) -> Result<i64, StoreError> {
        self.insert(
            sql!("trading/add_position"),
            params![
                uuid,
                account.0,
                symbol.0,
                position.position_ref,
                position.opened_by.0,
                position.closing.map(|closing| closing.by.0),
                position.side.name(),
                position.quantity.to_string(),
                position.opened_quantity.to_string(),
                position.cost.to_string(),
                position.margin_cost.to_string(),
                position.profit_rate.to_string(),
                position.closed_value.to_string(),
                open_price.text(0, PRICE_DECIMALS),
                position.close_price().map(|price| price.text(0, PRICE_DECIMALS)),
                position.profit.minor(),
                position.opened_at.unix_ms(),
                position.updated_at.unix_ms(),
                position.closing.map(|closing| closing.at.unix_ms()),
            ],
        )
    }

    /// Replaces what a row says of a position that the same execution opened.
    pub fn change_position(&self, row: i64, position: &Position, open_price: &Exact) -> Result<(), StoreError> {
        self.run(
            sql!("trading/change_position"),
            params![
                row,
                position.position_ref,
                position.closing.map(|closing| closing.by.0),
                position.side.name(),
                position.quantity.to_string(),
                position.opened_quantity.to_string(),
                position.cost.to_string(),
                position.margin_cost.to_string(),
                position.profit_rate.to_string(),
                position.closed_value.to_string(),
                open_price.text(0, PRICE_DECIMALS),
                position.close_price().map(|price| price.text(0, PRICE_DECIMALS)),
                position.profit.minor(),
                position.opened_at.unix_ms(),
                position.updated_at.unix_ms(),
                position.closing.map(|closing| closing.at.unix_ms()),
            ],
        )
        .map(|_| ())
    }

    /// Removes a position that no execution opens any more.
    pub fn remove_position(&self, row: i64) -> Result<(), StoreError> {
        self.run("DELETE FROM positions WHERE id = ?1", [row]).map(|_| ())
    }
}
