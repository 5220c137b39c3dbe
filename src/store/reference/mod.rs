//! Currencies, account groups and trading platforms.

mod currencies;
mod groups;
mod platforms;
mod rates;

pub use currencies::*;
pub use groups::*;
pub use platforms::*;
