//! Background work of the server, each kind on its own thread.

mod backups;
mod journal;
mod periodic;
mod webhooks;

pub use backups::{BackupThread, backups};
pub use journal::{base_backups, shipping};
pub use periodic::PeriodicThread;
pub use webhooks::{WebhookThread, webhooks};

use crate::app::App;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Removes expired tokens, sessions, idempotency keys and events in small steps, so that clients never wait for it.
pub fn housekeeping(app: Arc<App>) -> io::Result<PeriodicThread> {
    PeriodicThread::start("housekeeping", Duration::from_secs(60), move || {
        app.tidy_up().unwrap_or_else(|refusal| {
            tracing::warn!(%refusal, "housekeeping failed; it will be tried again");
            false
        })
    })
}

/// Signs the audit log every few seconds, so that a change of what was recorded before is found.
pub fn checkpoints(app: Arc<App>) -> io::Result<PeriodicThread> {
    PeriodicThread::start("checkpoints", Duration::from_secs(5), move || {
        if let Err(refusal) = app.sign_log() {
            tracing::warn!(%refusal, "the audit log was not signed; it will be tried again");
        }
        false
    })
}

/// Runs due jobs every second: expiries and clearings. Erases the private keys that have retired, and goes on with
/// events of platforms that waited.
pub fn scheduler(app: Arc<App>) -> io::Result<PeriodicThread> {
    PeriodicThread::start("scheduler", Duration::from_secs(1), move || {
        let done = app.run_due_jobs().and_then(|_| app.tidy_keys()).and_then(|()| app.resume_retries());
        done.unwrap_or_else(|refusal| {
            tracing::warn!(%refusal, "jobs failed; they will be tried again");
            false
        })
    })
}

/// Moves the quotes of sample symbols every second.
pub fn sample_quotes(app: Arc<App>) -> io::Result<PeriodicThread> {
    PeriodicThread::start("sample-quotes", Duration::from_secs(1), move || {
        if let Err(refusal) = app.move_sample_quotes() {
            tracing::warn!(%refusal, "the quotes of the samples did not move; they will be tried again");
        }
        false
    })
}
