//! Accounts: opening, changes, the states of their lives, and their owners.

mod account_states;
mod accounts;
mod owners;

pub use account_states::*;
pub use accounts::*;
pub use owners::*;
