//! Reference data: currencies, reference rates, symbols, account groups and trading platforms.

mod catalogue;
mod currencies;
mod group_entries;
mod groups;
mod platforms;
mod rates;
mod reference;
mod symbols;

pub use catalogue::*;
pub use currencies::*;
pub use group_entries::*;
pub use groups::*;
pub use platforms::*;
pub use rates::*;
pub use reference::*;
pub use symbols::*;
