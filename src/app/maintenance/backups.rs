//! The state of backups, for probes and the server's banner.

use crate::app::App;
use crate::domain::clock::Moment;
use crate::domain::named::named_enum;
use crate::store::BackupRecord;

named_enum! {
    /// The health of backups. The first variant that applies is used.
    pub enum BackupHealth {
        /// The last backup failed at one target or more, or none can be made.
        Failing = "failing",
        /// The last drill failed.
        DrillFailing = "drill_failing",
        /// The server makes no backups, and nobody has made one by hand.
        Off = "off",
        /// No backup has been made yet.
        NoneYet = "none_yet",
        /// The last backup is older than two intervals.
        Late = "late",
        /// The last backup succeeded and is recent.
        Ok = "ok",
    }
}

named_enum! {
    /// Whether the server runs backup drills.
    pub enum BackupDrills {
        On = "on",
        /// Drills or backups are switched off in the configuration.
        Off = "off",
        /// Backups are encrypted, and the private key is on another machine.
        NoKey = "no_key_here",
    }
}

/// The record of backups and the state derived from it at one moment.
#[derive(Clone, Debug)]
pub struct BackupState {
    /// By the machine's clock, not a sandbox's.
    pub now: Moment,
    pub health: BackupHealth,
    pub drills: BackupDrills,
    pub record: BackupRecord,
    /// The file that keeps the server from making or recording backups, and why; the record may be old then.
    pub obstacle: Option<String>,
}

impl BackupState {
    /// Seconds since a recorded moment; 0 if a wrong clock has put it in the future.
    pub fn age_s(&self, since: Moment) -> i64 {
        ((self.now.unix_ms() - since.unix_ms()) / 1000).max(0)
    }
}

impl App {
    /// The state of backups. Reads a small file.
    pub fn backup_state(&self) -> BackupState {
        let (now, record) = (self.machine_now(), self.store.backup_record());
        let (interval, obstacle) = (self.settings.backup_interval, self.store.backup_obstacle());
        let age_s = record.last_success.as_ref().map(|success| (now.unix_ms() - success.at.unix_ms()) / 1000);
        let is_late = |age_s: i64| interval.is_some_and(|interval| age_s > 2 * interval.as_secs().cast_signed());
        let health = match (age_s, interval) {
            _ if record.failures > 0 || obstacle.is_some() => BackupHealth::Failing,
            _ if record.last_drill_failure.is_some() => BackupHealth::DrillFailing,
            (None, None) => BackupHealth::Off,
            (None, Some(_)) => BackupHealth::NoneYet,
            (Some(age_s), _) if is_late(age_s) => BackupHealth::Late,
            (Some(_), _) => BackupHealth::Ok,
        };
        BackupState { now, health, drills: self.settings.backup_drills, record, obstacle }
    }
}
