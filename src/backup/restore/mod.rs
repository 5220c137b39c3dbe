//! Restoring: what there is ([`Catalog`]), which way leads to a moment ([`Way`]), and going it into a file (`Keeper::build`).
//!
//! A way is a backup and the segments of the change journal after it. It never leaps: where a commit is missing, it ends,
//! and says so.

mod build;
mod catalog;
mod way;

pub use build::Built;
pub use catalog::{Catalog, Found, FoundSegment};
pub use way::{Gap, Way, Wish};
