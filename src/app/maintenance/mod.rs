//! What keeps the installation going: scheduled jobs, and the record of restores.

mod restores;
mod scheduler;

pub use restores::*;
