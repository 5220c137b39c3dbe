//! Access: operators, tokens, logins, sessions of end users and the keys that sign them.

mod hashing;
mod keys;
mod login;
mod operators;
mod passwords;
mod sessions;
mod sign_in;
mod throttle;
mod tokens;

pub(in crate::app) use hashing::*;
pub use keys::*;
pub use login::*;
pub use operators::*;
pub use passwords::*;
pub use sessions::*;
pub use sign_in::*;
pub use throttle::*;
pub use tokens::*;
