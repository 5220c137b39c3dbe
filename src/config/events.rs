//! `[events]`: how long events are kept, and how many event streams may be open.

use super::section::section;

section! {
    /// Events and event streams.
    pub struct Events {
        /// Days until an event is removed, provided every event consumer has processed it; 0 keeps all events.
        retention_days: u64 = 0, in 0..=36_500;
        /// Event streams that may be open at once; further ones are refused.
        max_streams: u64 = 64, in 0..=10_000;
        /// Event streams that may be open at once per operator, across all tokens.
        max_streams_per_operator: u64 = 8, in 0..=10_000;
        /// Milliseconds without an event after which a stream sends a heartbeat.
        heartbeat_ms: u64 = 15_000, in 50..=600_000;
    }
}
