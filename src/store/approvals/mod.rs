//! The approval queue.

mod approvals;

pub use approvals::*;
