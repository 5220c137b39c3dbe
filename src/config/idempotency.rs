//! `[idempotency]`: how long a retry gets the original answer.

use super::section::section;

section! {
    /// Stored answers to writes, which retries with the same key get.
    pub struct Idempotency {
        /// Days to keep an answer; at least 7, because clients may retry after a long weekend.
        retention_days: u64 = 7, in 7..=3650;
    }
}
