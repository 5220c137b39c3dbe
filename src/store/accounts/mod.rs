//! Accounts, their owners, their portfolios, and what waits for a second operator.

mod accounts;
mod owners;
mod portfolios;
mod requests;
mod search;

pub use accounts::*;
pub use requests::*;
