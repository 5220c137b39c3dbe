//! What accounts are filed under: organizations, their ledgers, and the instruments, portfolios and products of a
//! ledger.

mod instrument;
mod organization;
mod record;

pub use instrument::*;
pub use organization::*;
pub use record::*;
