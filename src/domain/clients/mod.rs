//! Clients of the broker, and the labels that callers put on clients and accounts.

mod labels;
mod profile;

pub use labels::*;
pub use profile::*;
