//! Requests that wait for a second operator.

mod approval;
mod request;

pub use approval::*;
pub use request::*;
