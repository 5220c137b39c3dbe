//! `[limits]`: how much one operator or token may ask for.

use super::section::section;
use super::source::Finding;

section! {
    /// How much one operator or one token may ask for.
    pub struct Limits {
        /// Lists, searches, statements, exports and events of one operator that are read at once; further ones wait.
        reads_per_operator: u64 = 3, in 1..=1000;
        /// Reads of one operator that may wait; further ones are refused. None waits beyond store.operation_timeout_ms.
        waiting_reads_per_operator: u64 = 100, in 0..=10_000;
        /// Requests a second that each token may send, on average; 0 means any number.
        requests_per_second: u64 = 0, in 0..=100_000;
        /// Requests that a token may send at once after a pause; 0 means as many as a second allows.
        burst: u64 = 0, in 0..=1_000_000;
    }
}

impl Limits {
    /// The requests that a token may send at once.
    pub fn burst(&self) -> u64 {
        self.burst.max(self.requests_per_second)
    }

    pub(super) fn validate(&self, findings: &mut Vec<Finding>) {
        if self.burst != 0 && self.burst < self.requests_per_second {
            let fix = "Write 0, or a number that is at least limits.requests_per_second.";
            findings.push(Finding::new("limits.burst", "the burst is smaller than what a second allows", fix));
        }
    }
}
