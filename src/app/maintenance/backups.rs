//! How backups stand, for probes and for the banner of a server.

use crate::app::App;
use crate::domain::clock::Moment;
use crate::domain::named::named_enum;
use crate::store::BackupRecord;

named_enum! {
    /// Whether backups are as they should be. The first that applies counts.
    pub enum BackupHealth {
        /// The last one failed, at one target at least.
        Failing = "failing",
        /// The last drill failed.
        DrillFailing = "drill_failing",
        /// The server makes none, and nobody has made one.
        Off = "off",
        /// None was made yet.
        NoneYet = "none_yet",
        /// The last one is older than two intervals.
        Late = "late",
        /// The last one succeeded in time.
        Ok = "ok",
    }
}

named_enum! {
    /// Whether the server drills backups by itself.
    pub enum BackupDrills {
        /// It does.
        On = "on",
        /// It does not: the configuration turns them off, or backups.
        Off = "off",
        /// It cannot: backups are encrypted, and the private key is on another machine.
        NoKey = "no_key_here",
    }
}

/// The record of backups and what follows from it at one moment.
#[derive(Clone, Debug)]
pub struct BackupState {
    /// The moment, by the clock of the machine.
    pub now: Moment,
    /// Whether they are as they should be.
    pub health: BackupHealth,
    /// Whether drills are made.
    pub drills: BackupDrills,
    pub record: BackupRecord,
}

impl BackupState {
    /// Seconds that have passed since a recorded moment; 0 for one that a wrong clock has put into the future.
    pub fn age_s(&self, since: Moment) -> i64 {
        ((self.now.unix_ms() - since.unix_ms()) / 1000).max(0)
    }
}

impl App {
    /// How backups stand. Reads a small file.
    pub fn backup_state(&self) -> BackupState {
        let (now, record) = (self.machine_now(), self.store.backup_record());
        let interval = self.settings.backup_interval;
        let age_s = record.last_success.as_ref().map(|success| (now.unix_ms() - success.at.unix_ms()) / 1000);
        let is_late = |age_s: i64| interval.is_some_and(|interval| age_s > 2 * interval.as_secs().cast_signed());
        let health = match (age_s, interval) {
            _ if record.failures > 0 => BackupHealth::Failing,
            _ if record.last_drill_failure.is_some() => BackupHealth::DrillFailing,
            (None, None) => BackupHealth::Off,
            (None, Some(_)) => BackupHealth::NoneYet,
            (Some(age_s), _) if is_late(age_s) => BackupHealth::Late,
            (Some(_), _) => BackupHealth::Ok,
        };
        BackupState { now, health, drills: self.settings.backup_drills, record }
    }
}
