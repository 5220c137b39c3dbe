//! What accounts are filed under: organizations, their ledgers, and the instruments, portfolios and products of a
//! ledger.

mod instrument;
mod organization;
mod portfolio;
mod record;

pub use instrument::*;
pub use organization::*;
pub use portfolio::*;
pub use record::*;
