//! Clients of the broker, and the labels that callers put on clients and accounts.

mod email;
mod labels;
mod personal;
mod profile;

pub use email::*;
pub use labels::*;
pub use personal::*;
pub use profile::*;
