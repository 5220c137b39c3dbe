//! What keeps the installation going: scheduled jobs, and how backups and restores stand.

mod backups;
mod restores;
mod scheduler;

pub use backups::*;
pub use restores::*;
