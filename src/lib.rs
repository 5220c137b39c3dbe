//! The accounts & funding back office of a small broker: one binary, one SQLite file, five API dialects over one ledger.

pub mod cli;
pub mod config;
