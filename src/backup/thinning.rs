//! Thins out the checkpoints of the audit log at a target: one is shipped every ten minutes, and each later one proves
//! what an earlier one does. Of days long past, the last that we signed is enough.

use super::repository::{Listed, PlacedCheckpoint, Repository};
use super::signature::Trust;
use super::target::TargetError;
use crate::domain::clock::Moment;
use crate::store::{self, ReadTx, SignedCheckpoint, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Younger checkpoints than this stay, in milliseconds: 30 days.
const ALL_KEPT_MS: i64 = 30 * DAY_MS;
const DAY_MS: i64 = 86_400_000;

/// The log of the database: which checkpoints are of it, and when each of its rows was written.
pub(super) struct LogTimes {
    /// The ends of the names of the log and of those that it continues, each with the size up to which it does.
    logs: BTreeMap<String, u64>,
    /// The moment of the last commit. The machine's clock may be wrong, and that of a sandbox is ahead.
    now: Moment,
    /// The times of rows, by the sizes of the log that end with them.
    at: BTreeMap<u64, Moment>,
}

impl LogTimes {
    /// Reads what the database says about these checkpoints.
    pub(super) fn read(database: &Path, placed: &[PlacedCheckpoint]) -> Result<LogTimes, StoreError> {
        store::read_file(database, |tx: &ReadTx<'_>| {
            let origins = tx.log_origins()?.into_iter();
            let logs = origins.filter_map(|(origin, upto)| Some((origin.rsplit('/').next()?.to_owned(), upto)));
            let mut at = BTreeMap::new();
            for size in placed.iter().map(|it| it.size).collect::<BTreeSet<u64>>() {
                if let Some(moment) = tx.log_time(size)? {
                    at.insert(size, moment);
                }
            }
            Ok::<_, StoreError>(LogTimes { logs: logs.collect(), now: tx.journal_row()?.recorded_at, at })
        })
    }

    /// The day of an old checkpoint of this log; none for any other.
    fn old_day(&self, placed: &PlacedCheckpoint) -> Option<i64> {
        let is_of_log = self.logs.get(&placed.log).is_some_and(|upto| placed.size <= *upto);
        let at = self.at.get(&placed.size).filter(|_| is_of_log)?.unix_ms();
        (self.now.unix_ms() - at > ALL_KEPT_MS).then(|| at.div_euclid(DAY_MS))
    }

    /// The checkpoints to remove: all of an old day, except the last one that a trusted key has signed, and those that
    /// the remaining backups name. Of a day without a trusted one, all stay.
    pub(super) fn needless(
        &self,
        repository: &Repository,
        placed: &[PlacedCheckpoint],
        (kept, trust): (&[Listed], &Trust),
    ) -> Result<Vec<PlacedCheckpoint>, TargetError> {
        let named: BTreeSet<(String, u64)> = kept.iter().filter_map(named_by).collect();
        let mut days: BTreeMap<(&str, i64), Vec<&PlacedCheckpoint>> = BTreeMap::new();
        for checkpoint in placed {
            if let Some(day) = self.old_day(checkpoint) {
                days.entry((&checkpoint.log, day)).or_default().push(checkpoint);
            }
        }
        let mut gone = Vec::new();
        for mut of_day in days.into_values().filter(|of_day| of_day.len() > 1) {
            of_day.sort_by_key(|checkpoint| checkpoint.size);
            // What somebody else put there must not count: ours would give way to it.
            while let Some(last) = of_day.pop() {
                if repository.read_checkpoint(last)?.is_some_and(|signed| trust.has_signed(&signed)) {
                    break;
                }
            }
            of_day.retain(|checkpoint| !named.contains(&(checkpoint.log.clone(), checkpoint.size)));
            gone.extend(of_day.into_iter().cloned());
        }
        Ok(gone)
    }
}

/// The checkpoint that a backup names.
fn named_by(listed: &Listed) -> Option<(String, u64)> {
    let log = listed.manifest.as_ref().ok()?.value.contents.log.as_ref()?;
    let named = SignedCheckpoint::parse(log.checkpoint.as_deref()?)?.checkpoint;
    Some((named.log().to_owned(), named.size))
}
