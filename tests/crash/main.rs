//! What must hold when things go wrong: a deposit that was answered with success is on disk, one that was refused changed
//! nothing, and the server comes back by itself. The real program, over real sockets, with a real kill -9.
//!
//! `cargo test --test crash` is the short form. `BURSAR_CRASH_ROUNDS=20 cargo test --test crash` is the long one, and
//! `BURSAR_CRASH_SEED=N` repeats the choices of an earlier run. Power cuts and failures of the disk have a number of their
//! own, `BURSAR_FAULT_SEEDS=500`, and say themselves how to repeat one that went wrong.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod books;
mod busy;
mod client;
mod deeds;
mod disk_full;
mod faults;
mod kill;
mod power;
mod restore;
mod run;
mod server;
mod shipped;
mod stop;
mod sync;
mod work;
