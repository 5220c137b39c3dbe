//! Clients, and the labels of clients and accounts.

mod erasure;
mod labels;
mod personal;
mod profiles;
mod search;

pub use labels::*;
pub use profiles::*;
pub(in crate::store) use search::*;
