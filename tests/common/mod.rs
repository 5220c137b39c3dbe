//! Shared by tests and benchmarks: starting the program, run settings, and delays.

// Each user needs only a part of this.
#![allow(dead_code)]
#![allow(clippy::unwrap_used, clippy::panic)]

pub(crate) mod program;

use std::sync::mpsc;
use std::time::Duration;

/// A number from the environment, such as the length of a run or a seed.
// These are settings of the tests rather than the program, so its configuration does not include them.
#[allow(clippy::disallowed_methods)]
pub(crate) fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}: {text} is not a number")))
}

/// Sleeps, for tests in which the passing of time is the point; to wait for an event, poll for it.
pub(crate) fn let_pass(time: Duration) {
    let (_kept, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(time);
}
