//! Currencies, account groups and trading platforms.

mod currencies;
mod groups;
mod platforms;

pub use currencies::*;
pub use groups::*;
pub use platforms::*;
