//! Accounts: opening, changes, lifecycle and owners.

mod account_states;
mod accounts;
mod details;
mod filed;
mod held;
mod held_changes;
mod holders;
mod investing;
mod leaving;
mod owners;

pub use account_states::*;
pub use accounts::*;
pub use details::*;
pub use filed::*;
pub use held::*;
pub use held_changes::*;
pub use holders::*;
pub use investing::*;
pub use leaving::*;
pub use owners::*;
