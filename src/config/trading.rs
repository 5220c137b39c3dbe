//! `[trading]`: how trading data counts.

use super::section::section;

section! {
    /// Trading data that platforms feed.
    pub struct Trading {
        /// Seconds for which a quote counts; with an older one on an open position, nothing can be paid out.
        quote_age_s: u64 = 300, in 1..=604_800;
    }
}
