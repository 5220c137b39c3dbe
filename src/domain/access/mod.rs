//! Access control: callers, their rights, and the clients that they can see.

mod principal;

pub use principal::*;
