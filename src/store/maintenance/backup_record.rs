//! What is known about backups: one small file in the data directory. It is no part of the books, so that it outlives a
//! restore and can be written by commands beside a running server, and it is read without opening the database.

use crate::domain::clock::Moment;
use crate::store::database::data_dir::{DataDir, private_file};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};

/// The record. What is absent has not happened yet.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BackupRecord {
    /// The last backup that all targets have.
    pub last_success: Option<RecordedBackup>,
    /// The last backup that failed, at one target at least.
    pub last_failure: Option<RecordedFailure>,
    /// How often in a row it has failed.
    pub failures: u32,
    /// The last proof: at the making of a backup, or at its verification.
    pub last_proof: Option<RecordedBackup>,
    /// The last drill that went well.
    pub last_drill: Option<RecordedBackup>,
    /// The last drill that failed.
    pub last_drill_failure: Option<RecordedFailure>,
    /// The last success at each target.
    pub targets: BTreeMap<String, RecordedBackup>,
    /// How the changes between backups are shipped to each target.
    pub shipping: BTreeMap<String, RecordedShipping>,
}

/// How the change journal is shipped to a target.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordedShipping {
    /// When it was tried last.
    #[serde(with = "text")]
    pub at: Moment,
    /// When everything that was recorded until then had arrived; none: never.
    #[serde(default, with = "text_if_any")]
    pub shipped_at: Option<Moment>,
    /// The moment of the last commit that is there, as text; none: nothing was shipped since the server began.
    pub reaches: Option<String>,
    /// Why it did not work; none: it did.
    pub failure: Option<String>,
    /// Whether changes were dropped that it lacks, so that it needs a new backup.
    pub has_gap: bool,
}

/// Something that went well with a backup.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordedBackup {
    /// When.
    #[serde(with = "text")]
    pub at: Moment,
    /// The name of the backup.
    pub name: String,
}

/// Something that went wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordedFailure {
    /// When.
    #[serde(with = "text")]
    pub at: Moment,
    /// Why.
    pub reason: String,
}

const FILE: &str = "backup-record.json";
const LOCK: &str = "backup-record.lock";

impl DataDir {
    /// What is known about backups. A record that cannot be read is as good as none.
    pub fn backup_record(&self) -> BackupRecord {
        let text = match fs::read(self.path().join(FILE)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return BackupRecord::default(),
            Err(error) => {
                tracing::warn!(%error, "the record of backups cannot be read");
                return BackupRecord::default();
            }
        };
        serde_json::from_slice(&text).unwrap_or_else(|error| {
            tracing::warn!(%error, "the record of backups is damaged; it starts anew");
            BackupRecord::default()
        })
    }

    /// Changes the record. Several processes may do so at the same time: each change is kept.
    pub fn note_backup(&self, change: impl FnOnce(&mut BackupRecord)) -> io::Result<()> {
        let lock = private_file(&self.path().join(LOCK))?;
        lock.lock()?;
        let mut record = self.backup_record();
        change(&mut record);
        let unfinished = self.path().join(".backup-record.unfinished");
        let _ = fs::remove_file(&unfinished);
        let mut file = private_file(&unfinished)?;
        file.write_all(&serde_json::to_vec_pretty(&record)?)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.path().join(FILE))
    }
}

/// Times as RFC 3339, for those who look into the file.
mod text {
    use crate::domain::clock::Moment;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(in crate::store) fn serialize<S: Serializer>(moment: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(moment)
    }

    pub(in crate::store) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
        let text = String::deserialize(deserializer)?;
        Moment::parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is no time")))
    }
}

/// The same, where there may be none.
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
        fs::write(home.path().join(FILE), "{\"failures\":").unwrap();
        assert_eq!(dir.backup_record(), BackupRecord::default());
        dir.note_backup(|record| record.failures = 1).unwrap();
        assert_eq!(dir.backup_record().failures, 1);
    }
}
