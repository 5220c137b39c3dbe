//! Backups: proven copies of the database at places that outlive its disk.
//!
//! In reading order: what a backup says about itself ([`manifest`]), how it is wrapped ([`codec`]), what is where at a target
//! ([`repository`]), the kinds of target ([`target`]), and what a [`Keeper`] does with them: create, verify, drill, prune.
//! Nothing here is asked for by a request: commands and the server's own jobs call it, and all of it blocks.

pub mod codec;
mod create;
mod directory;
mod error;
mod fetch;
mod keeper;
pub mod manifest;
mod prove;
mod prune;
pub mod repository;
pub mod restore;
mod retention;
mod s3;
mod schedule;
mod shipping;
mod steady;
pub mod target;
mod verify;
mod watch;
mod workshop;

pub use create::Created;
pub use directory::DirectoryTarget;
pub use error::BackupError;
pub use fetch::{Database, fetch};
pub use keeper::{AtTarget, Keeper, Opened, Settings};
pub use prune::{Pruned, Pruning};
pub use retention::Retention;
pub use s3::{S3Settings, S3Target};
pub use schedule::{Due, Plan};
pub use shipping::Shipping;
pub use verify::{Drilled, Level, Verification, Verified, Which, keygen};
pub use watch::{Phase, Stop, Unwatched, Watch};
