//! Banking for clients: accounts elsewhere, money from and to them, recurring contributions.

mod closing;
mod contributions;
mod external_accounts;
mod transfers;

pub use closing::*;
pub use contributions::*;
pub use external_accounts::*;
pub use transfers::*;
