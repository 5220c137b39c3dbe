//! Reference data: currencies, reference rates, symbols, account groups and trading platforms.

mod bank_terms;
mod currency;
mod group;
mod platform;
mod rate;
mod symbol;

pub use bank_terms::*;
pub use currency::*;
pub use group::*;
pub use platform::*;
pub use rate::*;
pub use symbol::*;
