//! `bursar keys`: lists and rotates the keys that sign end-user tokens.

use clap::Subcommand;
use serde_json::{Value, json};

use super::control::ControlCommand;
use super::outcome::Failure;
use super::output::table;
use super::{Session, data_dir};
use crate::domain::clock::{Clock, Moment};
use crate::store::KeyRow;
use crate::system::SystemClock;

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum KeysCommand {
    /// List all keys, newest first
    List,
    /// Create a new key; the old one stays published until its last token has expired
    Rotate,
}

pub(super) fn run(command: KeysCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        KeysCommand::List => {
            let dir = data_dir::existing(session.config()?)?;
            let keys = data_dir::read(&dir.database_file(), |tx| tx.signing_keys())?;
            let now = SystemClock.now();
            let rows: Vec<_> = keys.iter().map(|key| row(key, now)).collect();
            let text = table(["KEY", "STATE", "CREATED", "PUBLISHED UNTIL"], &rows);
            session.output.print(&keys.iter().map(|key| view(key, now)).collect(), text)
        }
        KeysCommand::Rotate => {
            let value = data_dir::write(session.config()?, ControlCommand::RotateKeys)?;
            let kid = value["kid"].as_str().unwrap_or_default();
            let text = format!("{kid} signs new tokens from now on. Platforms that cache the key set must reload it.");
            session.output.print(&value, text)
        }
    }
}

fn state(key: &KeyRow, now: Moment) -> &'static str {
    if key.withdrawn_at.is_some_and(|at| at <= now) {
        "withdrawn"
    } else if key.retired_at.is_some() {
        "published"
    } else {
        "signing"
    }
}

fn row(key: &KeyRow, now: Moment) -> [String; 4] {
    [
        key.kid.clone(),
        state(key, now).into(),
        key.created_at.to_string(),
        key.withdrawn_at.map_or("-".into(), |at| at.to_string()),
    ]
}

fn view(key: &KeyRow, now: Moment) -> Value {
    json!({
        "kid": key.kid,
        "state": state(key, now),
        "created_at": key.created_at.to_string(),
        "retired_at": key.retired_at.map(|at| at.to_string()),
        "withdrawn_at": key.withdrawn_at.map(|at| at.to_string()),
    })
}
