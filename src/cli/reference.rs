//! `bursar reference`: currencies, platforms and account groups, declared in a file.
//!
//! Exit codes: 1 if the file cannot be read or a change is not possible, 3 if the file has errors. `diff` exits with 0
//! whether or not there are differences.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::control::ControlCommand;
use super::outcome::{Exit, Failure};
use super::{Session, data_dir};
use crate::app::reference::{self, Change, ReferenceFile};

#[derive(Debug, Subcommand)]
pub enum ReferenceCommand {
    /// Make the reference data match the file; whatever the file omits is switched off
    Apply {
        /// File in the format that `bursar reference show` prints
        file: PathBuf,
    },
    /// Show what applying the file would change
    Diff {
        /// File in the format that `bursar reference show` prints
        file: PathBuf,
    },
    /// Print the reference data of the database in the format of the file
    Show,
}

pub(super) fn run(command: ReferenceCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        ReferenceCommand::Apply { file } => {
            let file = read(&file)?;
            let value = data_dir::write(session.config()?, ControlCommand::ApplyReference { file })?;
            let changes: Vec<Change> = serde_json::from_value(value["changes"].clone()).unwrap_or_default();
            session
                .output
                .print(&value, described(&changes, "Nothing changed: the reference data already matches the file."))
        }
        ReferenceCommand::Diff { file } => {
            let file = read(&file)?;
            let dir = data_dir::existing(session.config()?)?;
            data_dir::read(&dir.database_file(), |_| Ok(()))?;
            let changes = reference::diff_file(&dir.database_file(), &file)?;
            session.output.print(&json!({"changes": changes}), described(&changes, "Nothing would change."))
        }
        ReferenceCommand::Show => {
            let dir = data_dir::existing(session.config()?)?;
            data_dir::read(&dir.database_file(), |_| Ok(()))?;
            let file = reference::read_file(&dir.database_file())?;
            let text = toml::to_string(&file).map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
            session.output.print(&json!(file), text)
        }
    }
}

/// Reads and checks a file of reference data.
pub(super) fn read(file: &Path) -> Result<ReferenceFile, Failure> {
    let text = fs::read_to_string(file).map_err(|error| Failure::of_file(file.display(), &error))?;
    reference::parse(&text).map_err(|problems| {
        Failure::new(Exit::Configuration, format!("{} has errors:\n{problems}", file.display()))
            .next("Nothing was changed. Correct the file and run the command again.")
    })
}

fn described(changes: &[Change], none: &str) -> String {
    if changes.is_empty() {
        return none.into();
    }
    let line = |change: &Change| format!("{} {} {}", change.action.replace('_', " "), change.kind, change.code);
    changes.iter().map(line).collect::<Vec<_>>().join("\n")
}
