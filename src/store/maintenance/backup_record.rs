//! What is known about backups, in one small file in the data directory. It is not part of the database, so that it
//! survives a restore, can be written by commands beside a running server, and can be read without opening the
//! database.

use crate::domain::clock::Moment;
use crate::store::database::data_dir::{DataDir, RECORD_FILE, RECORD_LOCK, private_file};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};

/// The record. Absent members have not happened yet.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BackupRecord {
    /// The last backup that reached all targets.
    pub last_success: Option<RecordedBackup>,
    /// The last backup that failed at one or more targets.
    pub last_failure: Option<RecordedFailure>,
    /// Failures since the last success.
    pub failures: u32,
    /// The last proof of the books, when a backup was made or verified.
    pub last_proof: Option<RecordedBackup>,
    /// The last drill that passed.
    pub last_drill: Option<RecordedBackup>,
    pub last_drill_failure: Option<RecordedFailure>,
    /// The last success at each target.
    pub targets: BTreeMap<String, RecordedBackup>,
    /// The state of shipping the change journal, by target.
    pub shipping: BTreeMap<String, RecordedShipping>,
}

/// The state of shipping the change journal to one target.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordedShipping {
    /// The time of the last attempt.
    #[serde(with = "text")]
    pub at: Moment,
    /// The last moment up to which everything recorded had arrived; none if never.
    #[serde(default, with = "text_if_any")]
    pub shipped_at: Option<Moment>,
    /// The time of the last commit at the target, as text; none if nothing was shipped since the server started.
    pub reaches: Option<String>,
    /// Why the last attempt failed; none if it succeeded.
    pub failure: Option<String>,
    /// Whether changes were dropped that the target lacks, so that it needs a new backup.
    pub has_gap: bool,
    /// Histories of this installation at the target that are not that of the database, each as a phrase.
    #[serde(default)]
    pub other_histories: Vec<String>,
    /// Another server that ships to the same target, so that this one does not.
    #[serde(default)]
    pub other_server: Option<String>,
    /// Another server that came to the target later and lives. It does not ship, but clients may reach it.
    #[serde(default)]
    pub later_server: Option<String>,
    /// Servers at the target whose leases no trusted key signed.
    #[serde(default)]
    pub unknown_servers: Vec<String>,
    /// Whether somebody else has changed or removed the lease of this server since it was renewed last.
    #[serde(default)]
    pub lease_taken: bool,
    /// Backups and changes at the target that no trusted key signed, each as a phrase.
    #[serde(default)]
    pub untrusted: Vec<String>,
}

/// A success with a backup.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordedBackup {
    #[serde(with = "text")]
    pub at: Moment,
    /// The name of the backup.
    pub name: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordedFailure {
    #[serde(with = "text")]
    pub at: Moment,
    pub reason: String,
}

impl DataDir {
    /// What is known about backups. An unreadable record counts as empty.
    pub fn backup_record(&self) -> BackupRecord {
        let text = match fs::read(self.path().join(RECORD_FILE)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return BackupRecord::default(),
            Err(error) => {
                tracing::warn!(%error, "the record of backups cannot be read");
                return BackupRecord::default();
            }
        };
        serde_json::from_slice(&text).unwrap_or_else(|error| {
            tracing::warn!(%error, "the record of backups is damaged and starts empty");
            BackupRecord::default()
        })
    }

    /// Changes the record. Safe for several processes at the same time: no change is lost.
    pub fn note_backup(&self, change: impl FnOnce(&mut BackupRecord)) -> io::Result<()> {
        let lock = private_file(&self.path().join(RECORD_LOCK))?;
        lock.lock()?;
        let mut record = self.backup_record();
        change(&mut record);
        let unfinished = self.path().join(".backup-record.unfinished");
        let _ = fs::remove_file(&unfinished);
        let mut file = private_file(&unfinished)?;
        file.write_all(&serde_json::to_vec_pretty(&record)?)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.path().join(RECORD_FILE))
    }
}

/// Times as RFC 3339, for people who read the file.
mod text {
    use crate::domain::clock::Moment;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(in crate::store) fn serialize<S: Serializer>(moment: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(moment)
    }

    pub(in crate::store) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
        let text = String::deserialize(deserializer)?;
        Moment::parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is not a time")))
    }
}

/// Like [`text`], for optional times.
mod text_if_any {
    use crate::domain::clock::Moment;
    use serde::de::{Deserialize, Deserializer};
    use serde::ser::{Serialize, Serializer};

    pub(in crate::store) fn serialize<S: Serializer>(
        moment: &Option<Moment>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        moment.map(|moment| moment.to_string()).serialize(serializer)
    }

    pub(in crate::store) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Moment>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(text.and_then(|text| Moment::parse(&text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_several_at_a_time_are_all_kept() {
        let home = tempfile::tempdir().unwrap();
        let dir = DataDir::new(home.path());
        assert_eq!(dir.backup_record(), BackupRecord::default());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..25).for_each(|_| dir.note_backup(|record| record.failures += 1).unwrap()));
            }
        });
        assert_eq!(dir.backup_record().failures, 200);
        fs::write(home.path().join(RECORD_FILE), "{\"failures\":").unwrap();
        assert_eq!(dir.backup_record(), BackupRecord::default());
        dir.note_backup(|record| record.failures = 1).unwrap();
        assert_eq!(dir.backup_record().failures, 1);
    }
}
