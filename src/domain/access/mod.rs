//! Access control: callers, their rights, and the clients that they can see.

mod actions;
mod object;
mod password;
mod principal;

pub use object::*;
pub use password::*;
pub use principal::*;
