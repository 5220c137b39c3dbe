//! Clients of the broker, and the labels that callers put on clients and accounts.

mod email;
mod labels;
mod profile;

pub use email::*;
pub use labels::*;
pub use profile::*;
