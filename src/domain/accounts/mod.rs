//! Accounts: their settings, their balances and their owners.

mod account;
mod balance;
mod lock;
mod owner;

pub use account::*;
pub use balance::*;
pub use lock::*;
pub use owner::*;
