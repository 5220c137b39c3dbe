//! Compares what a target has of this installation with the history of the database. Anything beyond or beside it was
//! recorded by another writer: a copy that runs elsewhere, the original of a copy that was put back, or a machine that
//! a restore has replaced.
//!
//! Whoever can write to a target can put any name there. Only what a trusted key signed is a history; the rest is
//! reported. What is encrypted does not show here who signed it, without the private key, and counts as a history.

use super::error::BackupError;
use super::history::{Branch, EpochName, OwnLine};
use super::repository::{Repository, Segment};
use super::restore::Catalog;
use super::service::BackupService;
use super::target::TargetError;
use crate::store::{self, OtherHistory, StoreError};
use std::collections::BTreeSet;

/// What a look has found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Histories that the database does not know yet.
    pub(super) news: Vec<OtherHistory>,
    /// The histories beside that of the database that no restore has left behind, each as a phrase.
    pub(super) others: Vec<String>,
    /// What is not of the own history and no trusted key signed, each as a phrase.
    pub(super) untrusted: Vec<String>,
    /// The keys of the segments that are not of the own history.
    strange: BTreeSet<String>,
}

impl BackupService {
    /// Compares everything at a target with the history of the database; none if nothing has been added there by
    /// others since `before`.
    pub(super) fn look(&self, repository: &Repository, before: Option<&Found>) -> Result<Option<Found>, BackupError> {
        let listed = segments(repository)?;
        // Read after the target, which other threads ship to meanwhile.
        let (line, known) = store::read_file(&self.dir.database_file(), |tx| {
            Ok::<_, StoreError>((OwnLine::at(&tx.epochs()?, &tx.journal_row()?), tx.other_histories()?))
        })?;
        let is_strange = |segment: &&Segment| !line.has_commit(segment.epoch(), segment.last, segment.reaches);
        let strange: BTreeSet<String> =
            listed.iter().filter(is_strange).map(|segment| repository.segment_key(segment)).collect();
        if before.is_some_and(|before| before.strange == strange) {
            return Ok(None);
        }
        let mut catalog = self.catalog_at(repository)?;
        self.vet(&mut catalog);
        let histories = catalog.histories();
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
        let news = beyond.into_iter().filter(|other| !is_known(other)).collect();
        Ok(Some(Found { news, others, untrusted: untrusted(&catalog, &line), strange }))
    }
}

fn segments(repository: &Repository) -> Result<Vec<Segment>, TargetError> {
    let mut found = Vec::new();
    for timeline in repository.timelines()? {
        found.extend(repository.segments(timeline)?);
    }
    Ok(found)
}

/// What is not trusted and not of the own history, of which earlier versions signed nothing.
fn untrusted(catalog: &Catalog, line: &OwnLine) -> Vec<String> {
    let of_backups = catalog.untrusted.iter().filter(|it| {
        let contents = &it.backup.manifest.contents;
        contents.position.is_none_or(|at| {
            !line.has_commit(EpochName { epoch: at.epoch, stream: at.stream }, at.commit, contents.recorded_at)
        })
    });
    let of_segments = catalog
        .untrusted_segments
        .iter()
        .filter(|it| !line.has_commit(it.segment.epoch(), it.segment.last, it.segment.reaches));
    let backups = of_backups.map(|it| format!("{} {}", it.called(), it.why));
    backups.chain(of_segments.map(|it| format!("{} {}", it.called, it.why))).chain(catalog.broken.clone()).collect()
}
