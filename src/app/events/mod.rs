//! Events: published by commands, read in pages, followed as streams.

mod events;
mod publish;
mod streams;

pub use events::*;
pub(in crate::app) use publish::*;
pub use streams::*;
