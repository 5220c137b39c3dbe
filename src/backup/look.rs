//! Compares what a target has of this installation with the history of the database. Anything beyond or beside it was
//! recorded by another writer: a copy that runs elsewhere, the original of a copy that was put back, or a machine that
//! a restore has replaced.

use super::error::BackupError;
use super::history::{Branch, Histories, OwnLine};
use super::repository::Repository;
use super::target::TargetError;
use crate::store::{self, DataDir, OtherHistory, StoreError};

/// What a look has found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Histories that the database does not know yet.
    pub(super) news: Vec<OtherHistory>,
    /// The histories beside that of the database that no restore has left behind, each as a phrase.
    pub(super) others: Vec<String>,
}

impl Repository {
    /// The histories at this target. Fetches every manifest.
    pub fn histories(&self) -> Result<Histories, TargetError> {
        let mut segments = Vec::new();
        for timeline in self.timelines()? {
            segments.extend(self.segments(timeline)?);
        }
        let backups = self.backups()?;
        let manifests = backups.iter().filter_map(|listed| listed.manifest.as_ref().ok());
        Ok(Histories::of(segments.iter(), manifests.map(|manifest| &manifest.value.contents)))
    }
}

/// Compares everything at a target with the history of the database.
pub(super) fn look(dir: &DataDir, repository: &Repository) -> Result<Found, BackupError> {
    let histories = repository.histories()?;
    // Read after the target, which other threads ship to meanwhile.
    let (line, known) = store::read_file(&dir.database_file(), |tx| {
        Ok::<_, StoreError>((OwnLine::at(&tx.epochs()?, &tx.journal_row()?), tx.other_histories()?))
    })?;
    let beyond = histories.beyond(&line, false);
    let is_known = |other: &OtherHistory| {
        let same = known.iter().find(|it| (it.epoch, it.stream) == (other.epoch, other.stream));
        same.is_some_and(|it| !it.is_superseded || other.commit <= it.commit)
    };
    let branches = histories.live_branches();
    let is_superseded = |branch: &Branch| {
        let same = known.iter().find(|it| (it.epoch, it.stream) == (branch.tip.epoch, branch.tip.stream));
        same.is_some_and(|it| it.is_superseded && branch.held.last <= it.commit)
    };
    let is_other = |branch: &&Branch| {
        let tip = (branch.tip.epoch, branch.tip.stream);
        beyond.iter().any(|it| (it.epoch, it.stream) == tip) && !is_superseded(branch)
    };
    let others = branches.iter().filter(is_other).map(Branch::to_string).collect();
    Ok(Found { news: beyond.into_iter().filter(|other| !is_known(other)).collect(), others })
}
