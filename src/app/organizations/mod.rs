//! What accounts are filed under: organizations, their ledgers, and the instruments, portfolios and products of a
//! ledger. They have no tags: who has the right sees all of them, but portfolios only of clients that are visible.

mod instruments;
mod ledgers;
#[expect(clippy::module_inception, reason = "the noun has the same file name in each layer")]
mod organizations;
mod portfolios;
mod products;

pub use instruments::*;
pub use ledgers::*;
pub use organizations::*;
pub use portfolios::*;
pub use products::*;
