//! Backups: proven copies of the database at places that outlive its disk.
//!
//! In reading order: what a backup says about itself ([`manifest`]), how it is wrapped ([`codec`]), what is where at a target
//! ([`repository`]), and the kinds of target ([`target`]). Nothing here is asked for by a request: commands and the server's
//! own jobs call it, and all of it blocks.

pub mod codec;
mod directory;
pub mod manifest;
pub mod repository;
mod s3;
pub mod target;

pub use directory::DirectoryTarget;
pub use s3::{S3Settings, S3Target};
