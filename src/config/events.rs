//! `[events]`: how long events are kept, and who may follow them.

use super::section::section;

section! {
    /// The events that tell what changed.
    pub struct Events {
        /// Days after which an event is removed, once all who pass events on are done with it; 0 keeps all of them.
        retention_days: u64 = 0, in 0..=36_500;
        /// Streams of events that are open at once; further ones are refused.
        max_streams: u64 = 64, in 0..=10_000;
        /// The same for one operator, over all its tokens.
        max_streams_per_operator: u64 = 8, in 0..=10_000;
        /// Milliseconds without an event after which a stream says that it goes on.
        heartbeat_ms: u64 = 15_000, in 50..=600_000;
    }
}
