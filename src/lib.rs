//! The accounts and funding back office of a small broker: one binary, one SQLite file, five API dialects over one
//! ledger.
//!
//! In reading order: the rules, their storage, the use cases, and how callers and operators reach them.

pub mod domain;
pub mod store;
pub mod backup;
pub mod app;
pub mod system;
#[macro_use] // the list of dialects is used by `http` and `config`
pub mod dialects;
pub mod http;
pub mod jobs;
pub mod config;
pub mod cli;
