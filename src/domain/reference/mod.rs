//! Reference data: currencies and account groups.

mod currency;
mod group;

pub use currency::*;
pub use group::*;
