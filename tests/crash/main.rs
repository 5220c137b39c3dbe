//! Crash tests with the real program, real sockets and a real kill -9: a deposit answered with success is on disk, a
//! refused one changed nothing, and the server recovers by itself.
//!
//! `cargo test --test crash` is the short form, `BURSAR_CRASH_ROUNDS=20 cargo test --test crash` the long one;
//! `BURSAR_CRASH_SEED=N` repeats the choices of an earlier run. The number of power cuts and disk failures is set
//! separately with `BURSAR_FAULT_SEEDS=500`; a failing one prints how to repeat it.

// Test helpers may panic like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod books;
mod busy;
mod client;
mod disk_full;
mod faults;
mod kill;
mod operations;
mod power;
mod restore;
mod run;
mod server;
mod shipped;
mod stop;
mod sync;
mod work;
