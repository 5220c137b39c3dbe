//! Reference data: currencies, account groups and trading platforms.

mod currencies;
mod groups;
mod reference;

pub use currencies::*;
pub use groups::*;
pub use reference::*;
