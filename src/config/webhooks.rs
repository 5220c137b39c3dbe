//! `[webhooks]`: where events may be sent, and for how long that is tried.

use super::section::section;

section! {
    /// Webhooks: receivers that events are sent to.
    pub struct Webhooks {
        /// Allows receivers in private networks and on this machine; `--dev` always allows those on this machine.
        allow_private: bool = false;
        /// Milliseconds that a receiver has to answer.
        timeout_ms: u64 = 10_000, in 100..=60_000;
        /// Hours for which a receiver may take nothing; then its webhook is paused and an alert is raised.
        dead_after_hours: u64 = 72, in 1..=8760;
        /// Days for which the log of deliveries is kept.
        log_days: u64 = 7, in 1..=365;
    }
}
