//! What the tests and the benchmarks share: how the program is started, settings of a run, the passing of time.

// Each of them uses its own part of this.
#![allow(dead_code)]
#![allow(clippy::unwrap_used, clippy::panic)]

pub(crate) mod program;

use std::sync::mpsc;
use std::time::Duration;

/// A number from the environment, such as the length of a run or the seed of its choices.
// These are settings of the tests and not of the program, so its configuration does not know them.
#[allow(clippy::disallowed_methods)]
pub(crate) fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}: {text} is not a number")))
}

/// Lets time pass where that is the point of a test; whoever waits for something polls it.
pub(crate) fn let_pass(time: Duration) {
    let (_kept, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(time);
}
