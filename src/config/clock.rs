//! `[clock]`: how far the machine's clock may leap.

use super::section::section;

section! {
    /// Leaps of the machine's clock. After one ahead, writes wait until it is right again, or `bursar clock accept`.
    pub struct Clock {
        /// Seconds that the clock may leap ahead while the server runs.
        ahead_max_s: u64 = 3600, in 10..=31_622_400;
        /// Seconds that the clock may be set back before that is reported.
        back_max_s: u64 = 60, in 10..=31_622_400;
        /// Days from the last write to the start of a production server. A longer pause counts as a leap ahead.
        pause_max_days: u64 = 90, in 1..=36_600;
    }
}
