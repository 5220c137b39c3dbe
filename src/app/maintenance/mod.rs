//! Maintenance: scheduled jobs, and the state of backups and restores.

mod backups;
mod log;
mod restores;
mod scheduler;

pub use backups::*;
pub use restores::*;
