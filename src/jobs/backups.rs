//! Scheduled backups and drills, on a thread of their own so that they delay no other job.

use super::PeriodicThread;
use crate::app::App;
use crate::backup::{BackupService, Cancellation, Schedule};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// The thread for backups and drills. Dropping it cancels a running backup, of which nothing remains.
pub struct BackupThread {
    cancellation: Cancellation,
    thread: Option<PeriodicThread>,
}

/// Starts the thread. The schedule follows the clock of the machine, and waits while that is not trusted.
pub fn backups(app: Arc<App>, service: BackupService, schedule: Schedule) -> io::Result<BackupThread> {
    let (cancellation, started) = (service.cancellation(), service.now());
    if schedule.drill_s.is_some() && !service.can_drill() {
        tracing::warn!(
            "no drills on this machine: backups are encrypted and the private key is elsewhere. Run \
             `bursar backup drill --identity FILE` where it is"
        );
    }
    let thread = PeriodicThread::start("backups", Duration::from_secs(1), move || {
        if app.clock_leap().is_none() {
            service.run_due(&schedule, started);
        }
        false
    })?;
    Ok(BackupThread { cancellation, thread: Some(thread) })
}

impl Drop for BackupThread {
    fn drop(&mut self) {
        self.cancellation.cancel();
        self.thread = None;
    }
}
