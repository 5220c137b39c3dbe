//! The outbox, the objects of its events, and balances rebuilt from them.

mod balances;
mod deliveries;
mod events;
mod objects;
mod webhooks;

pub use balances::*;
pub use deliveries::*;
pub use events::*;
pub use objects::*;
pub use webhooks::*;
