//! What only a sandbox can do: move its clock, start over, and hold sample clients.

mod samples;
mod sandbox;

pub use sandbox::*;
