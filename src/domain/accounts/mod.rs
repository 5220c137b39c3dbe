//! Accounts: their settings, their balances and their owners.

mod account;
mod balance;
mod owner;

pub use account::*;
pub use balance::*;
pub use owner::*;
