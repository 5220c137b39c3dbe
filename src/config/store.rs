//! `[store]`: connections to the database, and their limits.

use super::section::section;

section! {
    /// The database: concurrent readers, and one writer with a bounded queue.
    pub struct Store {
        /// Connections for reading, and so the number of reads that run at the same time.
        readers: u64 = 8, in 2..=128;
        /// Writes that may wait for the writer; further ones are refused as busy.
        queue: u64 = 1024, in 1..=65_536;
        /// Milliseconds that an operation may wait for the database before it is refused.
        operation_timeout_ms: u64 = 5000, in 10..=600_000;
        /// Pages in the write-ahead log at which it is checkpointed into the database.
        checkpoint_pages: u64 = 1000, in 100..=1_000_000;
    }
}
