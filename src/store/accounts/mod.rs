//! Accounts, their owners, and their requests for approval.

mod accounts;
mod details;
mod owners;
mod requests;
mod search;

pub use accounts::*;
pub use requests::*;
