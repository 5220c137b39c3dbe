//! Backups and drills that nobody asked for, on a thread of their own.

use super::PeriodicThread;
use crate::backup::{BackupService, Cancellation, Schedule};
use std::io;
use std::time::Duration;

/// The thread. A backup that is under way when it goes is called off, and nothing of it is left.
pub struct BackupThread {
    cancellation: Cancellation,
    thread: Option<PeriodicThread>,
}

/// Makes backups as planned, by the clock of the machine.
pub fn backups(service: BackupService, schedule: Schedule) -> io::Result<BackupThread> {
    let (cancellation, started) = (service.cancellation(), service.now());
    if schedule.drill_s.is_some() && !service.can_drill() {
        tracing::warn!(
            "backups are encrypted and the private key is not here, so that no drill can be made on this machine: run \
             `bursar backup drill --identity FILE` where it is"
        );
    }
    let thread = PeriodicThread::start("backups", Duration::from_secs(1), move || {
        service.run_due(&schedule, started);
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
