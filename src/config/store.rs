//! `[store]`: the readers and the one writer of the database.

use super::section::section;

section! {
    /// The database: many readers, one writer with a bounded queue.
    pub struct Store {
        /// Connections that read at the same time.
        readers: u64 = 8, in 2..=128;
        /// Writes that may wait for the writer; further ones are refused as busy instead of piling up.
        queue: u64 = 1024, in 1..=65_536;
        /// Milliseconds that an operation may wait for the database before it is refused.
        operation_timeout_ms: u64 = 5000, in 10..=600_000;
        /// Pages of the write-ahead log after which it is folded back into the database.
        checkpoint_pages: u64 = 1000, in 100..=1_000_000;
    }
}
