//! `bursar import`: clients, accounts and the events of trading platforms, from files.
//!
//! A file is read as a stream, whatever its size. Each record is taken, counted as a repeat, parked or refused on its
//! own; a run that was interrupted is started again. Exit code 5: something was refused, and the rest imported.

mod clients;
mod ctrader;
mod event;
mod events;
mod fix;
mod gate;
mod item;
mod json;
mod lines;
mod mt5;
mod own;
mod reader;
mod report;
mod run;
mod source;
mod table;
mod times;
mod volume;

pub(super) use clients::{import_accounts, import_profiles};
pub(super) use events::feed;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Session;
use super::outcome::Failure;

#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Import what a trading platform reports: orders, executions, charges, quotes
    Events(Box<events::EventsArgs>),
    /// Import clients of an existing system
    Profiles(FileArgs),
    /// Import accounts of an existing system, with their opening balances
    Accounts(FileArgs),
}

#[derive(Debug, Args)]
pub struct FileArgs {
    /// File to import
    file: PathBuf,
    /// Import into a copy of the database, which is deleted, and say what would happen
    #[arg(long)]
    dry_run: bool,
    /// Write what is refused to this file, with the reasons; it can be mended and imported
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

pub(super) fn run(command: ImportCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        ImportCommand::Events(args) => events::run(*args, session),
        ImportCommand::Profiles(args) => clients::run_profiles(&args, session),
        ImportCommand::Accounts(args) => clients::run_accounts(&args, session),
    }
}
