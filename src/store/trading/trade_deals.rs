//! What the deals of trades say beyond their amounts.

use crate::domain::clock::Moment;
use crate::domain::ids::SymbolId;
use crate::domain::money::Amount;
use crate::domain::trading::Exact;
use crate::store::database::transaction::Columns;
use crate::store::trading::{exact, exact_if_any};
use uuid::Uuid;

/// The execution, or the charge outside executions, that a deal follows from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DealTrade {
    /// The platform's id of the execution, or of the event that told of the charge.
    pub origin: String,
    /// By the platform.
    pub at: Moment,
    /// Id and code. None: a charge of no symbol.
    pub symbol: Option<(SymbolId, String)>,
    /// The platform's id of the order.
    pub order: Option<String>,
    /// That order, if it is known.
    pub order_uuid: Option<Uuid>,
    pub position: Option<Uuid>,
    /// The platform's reference of the position.
    pub position_ref: Option<String>,
    /// Lots.
    pub quantity: Option<Exact>,
    /// Lots that were closed.
    pub closed: Option<Exact>,
    pub price: Option<Exact>,
    /// The average open price of what was closed.
    pub open_price: Option<Exact>,
    /// The commission of the execution.
    pub commission: Amount,
    /// Account currency for one unit of the profit currency.
    pub rate: Option<Exact>,
}

impl DealTrade {
    /// The price at which something was closed.
    pub fn close_price(&self) -> Option<&Exact> {
        self.price.as_ref().filter(|_| self.closed.is_some())
    }
}

/// Reads the columns of a deal that follows from a feed; there are none on other deals.
pub(in crate::store) fn deal_trade(columns: &mut Columns<'_>) -> rusqlite::Result<Option<DealTrade>> {
    let Some(origin) = columns.next::<Option<String>>("origin")? else { return Ok(None) };
    let at = Moment::from_unix_ms(columns.next("traded_at")?);
    let symbol = columns.next::<Option<Uuid>>("symbol_uuid")?.map(SymbolId::from);
    let code = columns.next::<Option<String>>("symbol_code")?;
    let mut number = |name: &str| exact_if_any(name, columns.next(name)?);
    let (quantity, closed) = (number("quantity")?, number("closed_quantity")?);
    let (price, open_price) = (number("price")?, number("open_price")?);
    let rate: Option<String> = columns.next("profit_rate")?;
    Ok(Some(DealTrade {
        origin,
        at,
        symbol: symbol.zip(code),
        quantity,
        closed,
        price,
        open_price,
        rate: rate.map(|rate| exact("profit_rate", &rate)).transpose()?,
        commission: Amount::from_minor(columns.next::<Option<i64>>("commission_minor")?.unwrap_or_default()),
        order: columns.next("order_id")?,
        order_uuid: columns.next("order_uuid")?,
        position: columns.next("position_uuid")?,
        position_ref: columns.next("position_ref")?,
    }))
}
