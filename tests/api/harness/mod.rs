//! What a test of an API is made of: the real program, callers with names, and replies whose digits are kept.

mod callers;
mod envelopes;
mod log;
mod process;
mod shortcuts;
mod snapshots;
mod wire;

pub(crate) use callers::Caller;
pub(crate) use envelopes::Reply;
pub(crate) use process::{PASSWORD, PATIENCE, Server, unique, write_private};
pub(crate) use snapshots::assert_shown;
