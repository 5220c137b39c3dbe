//! Operators, tokens, sessions, signing keys, and the audit log.

mod api_clients;
mod audit_log;
mod audit_trail;
mod keys;
mod principals;
mod sessions;
mod token_pairs;

pub use api_clients::*;
pub use audit_log::*;
pub use audit_trail::*;
pub use keys::*;
pub use principals::*;
pub use sessions::*;
pub use token_pairs::*;
