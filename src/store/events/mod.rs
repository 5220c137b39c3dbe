//! The outbox, the objects of its events, and the balances that they lead to.

mod balances;
mod events;
mod objects;

pub use balances::*;
pub use events::*;
pub use objects::*;
