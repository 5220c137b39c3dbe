//! Currencies, reference rates, symbols, account groups and trading platforms.

mod currencies;
mod groups;
mod platforms;
mod rates;
mod symbols;

pub use currencies::*;
pub use groups::*;
pub use platforms::*;
