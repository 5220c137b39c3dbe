//! The database file itself: connections, transactions, the single writer, checkpoints, migrations and the change
//! journal.

pub(in crate::store) mod checkpoint;
pub(in crate::store) mod conditions;
pub(in crate::store) mod connection;
pub(in crate::store) mod data_dir;
pub(in crate::store) mod failed_commit;
pub(in crate::store) mod installation_key;
pub(in crate::store) mod journal;
pub(in crate::store) mod lists;
pub(in crate::store) mod log_readers;
pub(in crate::store) mod migrations;
pub(in crate::store) mod snapshot;
pub(in crate::store) mod statements;
pub(in crate::store) mod stats;
pub(in crate::store) mod swap;
pub(in crate::store) mod trail;
pub(in crate::store) mod transaction;
pub(in crate::store) mod writer;
