//! What callers and operators get to see: one binary, one module for each part of it.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cli;
