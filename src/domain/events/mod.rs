//! What the outside learns of changes.

mod event;

pub use event::*;
