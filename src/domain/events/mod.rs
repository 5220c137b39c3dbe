//! What the outside learns of changes.

mod event;
mod legacy;
mod snapshot;
mod states;
mod webhook;

pub use event::*;
pub use legacy::*;
pub use snapshot::*;
pub use states::*;
pub use webhook::*;
