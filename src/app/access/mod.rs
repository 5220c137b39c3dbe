//! Access: operators, tokens, logins, sessions of end users, and the keys that sign.

mod api_clients;
mod audit_trail;
mod failed_logins;
mod hashing;
mod keys;
mod login;
mod operators;
mod own_access;
mod passwords;
mod principal_cache;
mod sessions;
mod sign_in;
mod throttle;
mod tokens;
mod webhook_keys;

pub use api_clients::*;
pub use audit_trail::*;
pub(in crate::app) use failed_logins::*;
pub(in crate::app) use hashing::*;
pub use keys::*;
pub use login::*;
pub use operators::*;
pub use own_access::*;
pub use passwords::*;
pub(in crate::app) use principal_cache::*;
pub use sessions::*;
pub use sign_in::*;
pub use throttle::*;
pub use tokens::*;
pub use webhook_keys::*;
