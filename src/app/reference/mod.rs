//! Reference data: currencies, reference rates, account groups and trading platforms.

mod currencies;
mod groups;
mod rates;
mod reference;

pub use currencies::*;
pub use groups::*;
pub use rates::*;
pub use reference::*;
