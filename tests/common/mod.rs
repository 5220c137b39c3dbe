//! What the tests and the benchmarks share: how the program is started.

// Each of them uses its own part of this.
#![allow(dead_code)]
#![allow(clippy::unwrap_used, clippy::panic)]

pub(crate) mod program;
