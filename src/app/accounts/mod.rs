//! Accounts: opening, changes, lifecycle and owners.

mod account_states;
mod accounts;
mod described;
mod owners;

pub use account_states::*;
pub use accounts::*;
pub use described::*;
pub use owners::*;
