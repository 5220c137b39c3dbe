//! The approval queue: asking for a second operator, closing a request, and reading the queue. What is done once a
//! request is approved is in [`crate::app::decisions`].

mod approvals;
mod queue;

pub use approvals::*;
pub use queue::*;
