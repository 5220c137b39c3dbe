//! The outbox, and the balances that its events lead to.

mod balances;
mod events;

pub use balances::*;
pub use events::*;
