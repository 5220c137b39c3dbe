//! Backups: proven copies of the database, at targets that outlive its disk.
//!
//! In reading order: the manifest of a backup ([`manifest`]), its signature ([`signature`]), its encoding ([`codec`]),
//! the layout of a target ([`repository`]), the kinds of target ([`target`]), and the [`BackupService`], which creates,
//! verifies, drills and prunes backups. No request calls this module: commands and the server's own jobs do, and all
//! calls block.

mod anchors;
pub mod codec;
mod create;
mod directory;
mod error;
mod fetch;
pub mod history;
mod lease;
mod look;
mod machine;
mod service;
pub mod manifest;
mod prove;
mod prune;
pub mod repository;
pub mod restore;
mod retention;
mod room;
mod s3;
mod schedule;
mod shipping;
pub mod signature;
mod synced_file;
pub mod target;
mod thinning;
mod verify;
mod progress;
mod work_dir;

pub use anchors::{FoundAnchor, find_anchors};
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
pub use verify::{Drilled, ProofLevel, Selection, Verification, Verified, VerifiedChanges, keygen};
