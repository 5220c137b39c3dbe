//! Trading data: what platforms reported, and the positions that follow from it.

mod alerts;
mod charges;
mod derivation;
mod executions;
mod exposure;
mod links;
mod listed_executions;
mod listed_orders;
mod listed_positions;
mod market;
mod money;
mod orders;
mod parked;
mod platform_accounts;
mod platform_events;
mod position_states;
mod positions;
mod quotes;
mod splits;
mod trade_deals;

pub use alerts::*;
pub use charges::*;
pub use derivation::*;
pub use executions::*;
pub use exposure::*;
pub use links::*;
pub use listed_executions::*;
pub use listed_orders::*;
pub use listed_positions::*;
pub use market::*;
pub(in crate::store) use money::*;
pub use orders::*;
pub use parked::*;
pub use positions::*;
pub use splits::*;
pub use trade_deals::*;

use crate::domain::trading::Exact;
use crate::store::database::transaction::unreadable;

/// Nanoseconds as they are stored: none for 0.
fn nanos(nanos: u32) -> Option<u32> {
    Some(nanos).filter(|nanos| *nanos > 0)
}

/// Reads a stored exact number.
fn exact(column: &str, text: &str) -> rusqlite::Result<Exact> {
    Exact::from_stored(text).ok_or_else(|| unreadable(column, text))
}

/// Reads a stored exact number, if there is one.
fn exact_if_any(column: &str, text: Option<String>) -> rusqlite::Result<Option<Exact>> {
    text.map(|text| exact(column, &text)).transpose()
}
