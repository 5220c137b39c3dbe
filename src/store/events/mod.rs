//! The outbox, the objects of its events, and balances rebuilt from them.

mod balances;
mod events;
mod objects;

pub use balances::*;
pub use events::*;
pub use objects::*;
