//! Where an import goes: to the running server, into the database itself, or, for a dry run, into a copy of it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::app::App;
use crate::cli::control::{self, ControlCommand};
use crate::cli::outcome::{Exit, Failure};
use crate::cli::{data_dir, machine_user};
use crate::config::Config;
use crate::store::{self, CopyError, DataDir, DataDirError, InspectionLock};

/// How long the server may take for one part of a file.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(600);

/// The pause before a busy server is asked again, and how often it is. A server that restarts is back by then.
const PAUSE: Duration = Duration::from_millis(250);
const TRIES: u32 = 60;

pub(super) enum Gate {
    Server(DataDir),
    Database(Arc<App>),
    Copy { app: Arc<App>, path: PathBuf, _held: InspectionLock },
}

impl Gate {
    pub(super) fn open(config: &Config, is_rehearsal: bool) -> Result<Gate, Failure> {
        let dir = data_dir::existing(config)?;
        // Refuses to migrate: an import should not change the file for good in that way.
        data_dir::read(&dir.database_file(), |_| Ok(()))?;
        if is_rehearsal {
            return Gate::copy(config, &dir);
        }
        match dir.lock() {
            Ok(lock) => Ok(Gate::Database(data_dir::open(lock, config)?)),
            Err(DataDirError::InUse(_)) => Ok(Gate::Server(dir)),
            Err(error) => Err(error.into()),
        }
    }

    fn copy(config: &Config, dir: &DataDir) -> Result<Gate, Failure> {
        let key = data_dir::key(config, dir)?;
        let (path, held) = dir.inspection_dir()?;
        let copy = DataDir::new(&path);
        let opened = store::copy_file(&dir.database_file(), &copy.database_file(), &mut |_, _| true)
            .map_err(|error| match error {
                CopyError::Store(error) => Failure::from(error),
                CopyError::Stopped => Failure::new(Exit::Failure, error.to_string()),
            })
            .and_then(|()| {
                let mut config = config.clone();
                config.backup.enabled = false;
                data_dir::open_with(copy.lock()?, &config, key)
            });
        match opened {
            Ok(app) => Ok(Gate::Copy { app, path, _held: held }),
            Err(failure) => {
                remove(&path);
                Err(failure)
            }
        }
    }

    /// Executes a command. It can be sent again, so a server that is busy, or restarts, is asked again.
    pub(super) fn send(&self, command: ControlCommand) -> Result<Value, Failure> {
        match self {
            Gate::Database(app) | Gate::Copy { app, .. } => {
                control::execute(app, command, &machine_user::of_this_process())
            }
            Gate::Server(dir) => {
                let mut tries = 1;
                loop {
                    match control::ask(dir, &command, ANSWER_TIMEOUT) {
                        Err(failure) if failure.exit == Exit::Busy && tries < TRIES => {
                            tries += 1;
                            thread::park_timeout(PAUSE);
                        }
                        answer => return answer,
                    }
                }
            }
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        match self {
            Gate::Server(_) => {}
            Gate::Database(app) => app.close(),
            Gate::Copy { app, path, .. } => {
                app.close();
                remove(path);
            }
        }
    }
}

fn remove(path: &PathBuf) {
    if let Err(error) = fs::remove_dir_all(path) {
        tracing::warn!(%error, path = %path.display(), "a copy of the database could not be removed; delete it");
    }
}
