//! Maintenance: scheduled jobs, the state of backups and restores, and what comes from an existing system.

mod backups;
mod imports;
mod log;
mod restores;
mod scheduler;

pub use backups::*;
pub use imports::*;
pub use restores::*;
