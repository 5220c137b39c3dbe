//! Restoring a moment: a [`Catalog`] of what exists, a [`RestorePlan`] made from it, and `BackupService::build`, which
//! carries the plan out into a file.
//!
//! A plan is a backup and the segments of the change journal after it. It never skips a commit: it ends before the
//! first one that is missing, and reports the gap.

mod build;
mod catalog;
mod choice;
mod plan;
mod reach;
mod vet;

pub use build::Built;
pub use catalog::{Catalog, FoundBackup, FoundSegment, UntrustedBackup};
pub use plan::{Obstacle, PlannedSegment, RestorePlan, RestoreRequest};
pub use vet::UntrustedSegment;
