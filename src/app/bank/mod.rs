//! Banking for clients: accounts elsewhere, money from and to them, recurring contributions.

mod client_accounts;
mod client_closing;
mod closing;
mod contributions;
mod external_accounts;
mod transfers;

pub use client_accounts::*;
pub use client_closing::*;
pub use closing::*;
pub use contributions::*;
pub use external_accounts::*;
pub use transfers::*;
