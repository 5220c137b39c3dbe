//! Sandbox commands: moving the clock, starting over, and sample clients.

mod samples;
mod sandbox;

pub use sandbox::*;
