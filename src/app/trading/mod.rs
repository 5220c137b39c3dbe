//! Trading data: the feed of trading platforms, and the positions and money that follow from it.

mod accounts;
mod alerts;
mod arrivals;
mod charges;
mod corrections;
mod derive;
mod feed;
mod links;
mod orders;
mod parked;
mod posting;
mod protection;
mod quotes;
mod session;
mod snapshots;
mod splits;

pub use alerts::*;
pub use feed::*;
pub use links::*;
pub use parked::*;
