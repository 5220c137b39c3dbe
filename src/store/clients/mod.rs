//! Clients, and the labels of clients and accounts.

mod labels;
mod profiles;

pub use labels::*;
pub use profiles::*;
