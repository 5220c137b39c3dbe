//! Decides when the server makes and drills backups, and does so.

use super::error::{BackupError, some};
use super::manifest::Reason;
use super::service::BackupService;
use crate::domain::clock::Moment;
use crate::store::BackupRecord;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// From one backup to the next.
    pub interval_s: i64,
    /// Seconds between drills; `None`: no drills.
    pub drill_s: Option<i64>,
}

/// The task that is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    Backup,
    Drill,
    Nothing,
}

/// Seconds from the start of the server to the first backup of an installation.
const FIRST_AFTER_S: i64 = 600;
/// Seconds until a failed backup is tried again; doubles with each failure.
const RETRY_S: i64 = 60;
/// The longest wait in seconds after a failed backup.
const RETRY_MAX_S: i64 = 3600;
/// Seconds until a failed drill is tried again.
const DRILL_RETRY_S: i64 = 6 * 3600;
/// A record this many seconds in the future was written by a wrong clock and counts as old.
const SLACK_S: i64 = 300;

impl Schedule {
    /// The task that is due at `now` in a server that started at `started`.
    pub fn due(&self, record: &BackupRecord, now: Moment, started: Moment) -> Due {
        if now >= self.next_backup(record, now, started) {
            return Due::Backup;
        }
        let is_over = |since: Moment, wait_s: i64| now >= end_of_wait(since, wait_s, now);
        let (Some(drill_s), Some(_)) = (self.drill_s, &record.last_success) else { return Due::Nothing };
        let is_drill_due = match (&record.last_drill_failure, &record.last_drill) {
            (Some(failure), _) => is_over(failure.at, DRILL_RETRY_S.min(drill_s)),
            (None, Some(drill)) => is_over(drill.at, drill_s),
            (None, None) => true,
        };
        if is_drill_due { Due::Drill } else { Due::Nothing }
    }

    /// When the next backup is due: `now` or earlier if it is due already.
    pub fn next_backup(&self, record: &BackupRecord, now: Moment, started: Moment) -> Moment {
        let retry_s = RETRY_S.saturating_mul(1 << record.failures.saturating_sub(1).min(10)).min(RETRY_MAX_S);
        match (&record.last_failure, &record.last_success) {
            (Some(failure), _) if record.failures > 0 => end_of_wait(failure.at, retry_s.min(self.interval_s), now),
            (_, Some(success)) => end_of_wait(success.at, self.interval_s, now),
            _ => end_of_wait(started, FIRST_AFTER_S, now),
        }
    }
}

fn end_of_wait(since: Moment, wait_s: i64, now: Moment) -> Moment {
    if since > now.plus_s(SLACK_S) { now } else { since.plus_s(wait_s) }
}

impl BackupService {
    /// Runs the task that is due and logs its outcome; a failure is recorded and tried again later. Blocks.
    pub fn run_due(&self, schedule: &Schedule, started: Moment) {
        match schedule.due(&self.record(), self.now(), started) {
            Due::Backup => self.back_up(),
            Due::Drill if self.can_drill() => match self.drill() {
                Ok(drilled) => {
                    if !drilled.not_used.is_empty() {
                        let what = some(&drilled.not_used);
                        tracing::warn!(what, "what claims to be a newer backup is not used");
                    }
                    let (name, target, took_ms) = (drilled.name, drilled.target, drilled.took_ms);
                    tracing::info!(%name, %target, took_ms, entries = drilled.entries, "backup drill passed");
                }
                Err(BackupError::Busy(_) | BackupError::Cancelled) => {}
                Err(error) => tracing::error!(%error, "backup drill failed"),
            },
            Due::Drill | Due::Nothing => {}
        }
    }

    /// Whether this machine can read its backups: they are not encrypted, or a private key is here.
    pub fn can_drill(&self) -> bool {
        self.settings.recipients.is_empty() || !self.settings.identities.is_empty()
    }

    fn back_up(&self) {
        match self.create(Reason::Scheduled) {
            Ok(created) => {
                let (name, object) = (created.name, &created.manifest.object);
                tracing::info!(%name, bytes = object.bytes, targets = ?created.targets, "backup created");
                match self.prune(false) {
                    Ok(pruning) => {
                        for error in &pruning.failed {
                            tracing::warn!(%error, "old backups could not be removed at a target");
                        }
                        for pruned in pruning.pruned.iter().filter(|pruned| !pruned.branches.is_empty()) {
                            let (target, branches) = (&pruned.target, pruned.branches.join("; "));
                            tracing::warn!(target, branches, "several histories are kept until one is chosen");
                        }
                        let removed: usize = pruning.pruned.iter().map(|pruned| pruned.removed.len()).sum();
                        tracing::debug!(removed, "old backups were removed");
                    }
                    Err(BackupError::Busy(_) | BackupError::Cancelled) => {}
                    Err(error) => tracing::warn!(%error, "old backups could not be removed"),
                }
            }
            Err(BackupError::Busy(_)) => tracing::debug!("backup put off: another process works with backups"),
            Err(BackupError::Cancelled) => tracing::info!("backup cancelled; nothing of it is left"),
            Err(error) => tracing::error!(%error, "backup failed; it will be tried again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{RecordedBackup, RecordedFailure};

    const DAY: i64 = 86_400;

    fn at(s: i64) -> Moment {
        Moment::from_unix_ms(s * 1000)
    }

    fn good(s: i64) -> Option<RecordedBackup> {
        Some(RecordedBackup { at: at(s), name: "x".into() })
    }

    fn bad(s: i64) -> Option<RecordedFailure> {
        Some(RecordedFailure { at: at(s), reason: "x".into() })
    }

    fn due(record: &BackupRecord, now: i64) -> Due {
        Schedule { interval_s: DAY, drill_s: Some(7 * DAY) }.due(record, at(now), at(1_000_000))
    }

    #[test]
    fn the_first_comes_soon_and_the_others_in_time() {
        let mut record = BackupRecord::default();
        assert_eq!((due(&record, 1_000_010), due(&record, 1_000_600)), (Due::Nothing, Due::Backup));
        (record.last_success, record.last_drill) = (good(1_000_600), good(1_000_600));
        assert_eq!(due(&record, 1_000_600 + DAY - 1), Due::Nothing);
        assert_eq!(due(&record, 1_000_600 + DAY), Due::Backup);
    }

    #[test]
    fn a_failure_comes_again_ever_more_rarely() {
        let mut record = BackupRecord { last_success: good(0), last_drill: good(1_000_000), ..BackupRecord::default() };
        for (failures, wait) in [(1, 60), (2, 120), (3, 240), (7, 3600), (40, 3600)] {
            (record.last_failure, record.failures) = (bad(1_000_000), failures);
            assert_eq!(due(&record, 1_000_000 + wait - 1), Due::Nothing, "{failures}");
            assert_eq!(due(&record, 1_000_000 + wait), Due::Backup, "{failures}");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_puts_nothing_off() {
        let record = BackupRecord { last_success: good(9_000_000), ..BackupRecord::default() };
        assert_eq!(due(&record, 1_000_000), Due::Backup);
        let record = BackupRecord { last_failure: bad(9_000_000), failures: 3, ..BackupRecord::default() };
        assert_eq!(due(&record, 1_000_000), Due::Backup);
    }

    #[test]
    fn drills_follow_the_first_backup_and_come_again() {
        let mut record = BackupRecord { last_success: good(1_000_000), ..BackupRecord::default() };
        assert_eq!(due(&record, 1_000_001), Due::Drill);
        record.last_drill = good(1_000_000 - 7 * DAY + 1);
        assert_eq!((due(&record, 1_000_000), due(&record, 1_000_001)), (Due::Nothing, Due::Drill));
        record.last_drill_failure = bad(1_000_000);
        assert_eq!((due(&record, 1_000_010), due(&record, 1_021_600)), (Due::Nothing, Due::Drill));
        let never = Schedule { interval_s: DAY, drill_s: None };
        assert_eq!(never.due(&record, at(1_050_000), at(0)), Due::Nothing);
    }
}
