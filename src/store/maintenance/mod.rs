//! Data about the installation itself: its identity, jobs, backups and restores.

mod backup_record;
mod clock_memory;
mod installation;
mod jobs;
mod restores;

pub use backup_record::*;
pub use installation::*;
pub use jobs::*;
pub use restores::*;
