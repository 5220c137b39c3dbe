//! What a bank keeps beside its accounts: accounts of clients at other banks, and recurring contributions from them.

mod contribution;
mod external_account;

pub use contribution::*;
pub use external_account::*;
