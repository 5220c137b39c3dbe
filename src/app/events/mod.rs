//! Events: published by commands, read in pages, followed as streams.

mod delivery;
mod events;
mod publish;
mod streams;
mod webhooks;

pub use delivery::*;
pub use events::*;
pub(in crate::app) use publish::*;
pub use streams::*;
pub use webhooks::*;
