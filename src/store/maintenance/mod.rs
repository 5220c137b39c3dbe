//! What the installation knows of itself: its identity, its jobs, its backups and its restores.

mod backup_record;
mod installation;
mod jobs;
mod restores;

pub use backup_record::*;
pub use installation::*;
pub use jobs::*;
pub use restores::*;
