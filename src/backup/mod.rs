//! Backups: proven copies of the database at places that outlive its disk.
//!
//! In reading order: what a backup says about itself ([`manifest`]), how it is wrapped ([`codec`]), what is where at a target
//! ([`repository`]), the kinds of target ([`target`]), and what a [`BackupService`] does with them: create, verify, drill, prune.
//! Nothing here is asked for by a request: commands and the server's own jobs call it, and all of it blocks.

pub mod codec;
mod create;
mod directory;
mod error;
mod fetch;
mod service;
pub mod manifest;
mod prove;
mod prune;
pub mod repository;
pub mod restore;
mod retention;
mod s3;
mod schedule;
mod shipping;
mod synced_file;
pub mod target;
mod verify;
mod progress;
mod work_dir;

pub use create::Created;
pub use directory::DirectoryTarget;
pub use error::BackupError;
pub use fetch::{FetchTo, fetch};
pub use progress::{Cancellation, NoProgress, Phase, Progress};
pub use prune::{Pruned, Pruning};
pub use retention::Retention;
pub use s3::{S3Settings, S3Target};
pub use schedule::{Due, Schedule};
pub use service::{BackupService, Settings, TargetListing, TargetResult};
pub use shipping::Shipping;
pub use verify::{Drilled, ProofLevel, Selection, Verification, Verified, keygen};
