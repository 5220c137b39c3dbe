//! Accounts, their owners, their portfolios, and their requests for approval.

mod accounts;
mod owners;
mod portfolios;
mod requests;
mod search;

pub use accounts::*;
pub use requests::*;
