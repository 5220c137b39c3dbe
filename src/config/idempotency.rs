//! `[idempotency]`: how long a retry gets the same answer.

use super::section::section;

section! {
    /// The memory of answered writes, from which a retry gets the same answer.
    pub struct Idempotency {
        /// Days that an answer is kept; at least 7, because clients retry over a long weekend.
        retention_days: u64 = 7, in 7..=3650;
    }
}
