//! The harness of the API tests: the real program, named callers, and replies that keep digits exact.

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
