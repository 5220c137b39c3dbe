//! Trading data: the feed of trading platforms, and the positions and money that follow from it.

mod accounts;
mod alerts;
mod arrivals;
mod charges;
mod corrections;
mod derive;
mod described;
mod executions;
mod exposure;
mod feed;
mod links;
mod listed_orders;
mod margins;
mod orders;
mod parked;
mod portfolios;
mod positions;
mod posting;
mod protection;
mod quotes;
mod session;
mod snapshots;
mod splits;

pub use alerts::*;
pub use described::*;
pub use executions::*;
pub use exposure::*;
pub use feed::*;
pub use links::*;
pub use listed_orders::*;
pub use margins::*;
pub use parked::*;
pub use portfolios::*;
pub use positions::*;
