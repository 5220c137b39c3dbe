//! Accounts: their settings, their balances and their owners.

mod account;
mod balance;
mod details;
mod lock;
mod owner;
mod permission;
mod valuation;

pub use account::*;
pub use balance::*;
pub use details::*;
pub use lock::*;
pub use owner::*;
pub use permission::*;
pub use valuation::*;
