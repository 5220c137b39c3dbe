//! Access control: callers, their rights, and the clients that they can see.

mod actions;
mod api_client;
mod object;
mod password;
mod principal;
mod public_key;

pub use api_client::*;
pub use object::*;
pub use password::*;
pub use principal::*;
pub use public_key::*;
