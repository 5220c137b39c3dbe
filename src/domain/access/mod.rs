//! Access control: callers, their rights, and the clients that they can see.

mod password;
mod principal;

pub use password::*;
pub use principal::*;
