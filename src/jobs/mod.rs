//! Work that nobody asked for: what has to be done by itself while the server runs.

mod backups;
mod periodic;
mod journal;

pub use backups::{BackupThread, backups};
pub use journal::{base_backups, shipping};
pub use periodic::PeriodicThread;

use crate::app::App;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Forgets what is past its time, a little at a time, so that clients never wait for it.
pub fn housekeeping(app: Arc<App>) -> io::Result<PeriodicThread> {
    PeriodicThread::start("housekeeping", Duration::from_secs(60), move || {
        app.tidy_up().unwrap_or_else(|refusal| {
            tracing::warn!(%refusal, "housekeeping was put off");
            false
        })
    })
}

/// Runs the jobs that are due: expiries, and the ends of hold times.
pub fn scheduler(app: Arc<App>) -> io::Result<PeriodicThread> {
    PeriodicThread::start("scheduler", Duration::from_secs(1), move || {
        if let Err(refusal) = app.run_due_jobs() {
            tracing::warn!(%refusal, "jobs were put off");
        }
        false
    })
}
