//! Reference data: currencies, reference rates and account groups.

mod currency;
mod group;
mod rate;

pub use currency::*;
pub use group::*;
pub use rate::*;
