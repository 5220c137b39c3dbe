//! `[trading]`: how trading data counts.

use super::section::section;

section! {
    /// Trading data that platforms feed.
    pub struct Trading {
        /// Seconds for which a quote counts; with an older one on an open position, nothing can be paid out.
        quote_age_s: u64 = 300, in 1..=604_800;
        /// The most parked events that one command tries again; the others follow in the background.
        retried_at_once: u64 = 10_000, in 1..=100_000;
    }
}
