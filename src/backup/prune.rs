//! Removing backups that have had their time, and the changes between them that no backup needs any more.

use super::error::BackupError;
use super::keeper::Keeper;
use super::repository::{BackupName, Listed, Repository, Segment};
use super::target::TargetError;
use super::verify::usable;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What was removed at a target, or would be.
#[derive(Clone, Debug)]
pub struct Pruned {
    /// Where.
    pub target: String,
    /// Those that stay.
    pub kept: Vec<BackupName>,
    /// Those that went.
    pub removed: Vec<BackupName>,
    /// Segments of the journal that went.
    pub segments: usize,
    /// Those that are left alone because something is wrong with them.
    pub broken: Vec<BackupName>,
}

/// What became of all targets.
#[derive(Clone, Debug, Default)]
pub struct Pruning {
    /// Those where all went well.
    pub pruned: Vec<Pruned>,
    /// Those where something did not; the next time goes on there.
    pub failed: Vec<TargetError>,
}

impl Keeper {
    /// Removes what the retention does not keep, at each target. The newest backup, and the last one that was proven or
    /// drilled, always stay; so does what cannot be read. A target that fails does not keep the others from being pruned.
    pub fn prune(&self, dry_run: bool) -> Result<Pruning, BackupError> {
        let _shop = self.workshop()?;
        let record = self.record();
        let recorded = [&record.last_success, &record.last_proof, &record.last_drill];
        let safe: BTreeSet<BackupName> =
            recorded.into_iter().flatten().filter_map(|recorded| recorded.name.parse().ok()).collect();
        let mut pruning = Pruning::default();
        for repository in self.repositories()? {
            match repository.and_then(|repository| self.prune_one(&repository, &safe, dry_run)) {
                Ok(pruned) => pruning.pruned.push(pruned),
                Err(error) => pruning.failed.push(error),
            }
        }
        Ok(pruning)
    }

    fn prune_one(
        &self,
        repository: &Repository,
        safe: &BTreeSet<BackupName>,
        dry_run: bool,
    ) -> Result<Pruned, TargetError> {
        let (good, broken): (Vec<Listed>, Vec<Listed>) =
            repository.backups()?.into_iter().partition(|listed| usable(repository, listed).is_ok());
        let names: Vec<BackupName> = good.iter().map(|listed| listed.name).collect();
        let mut keep = self.settings.retention.kept(&names);
        keep.extend(good.last().map(|newest| newest.name));
        keep.extend(safe);
        let (kept, gone): (Vec<Listed>, Vec<Listed>) = good.into_iter().partition(|listed| keep.contains(&listed.name));
        let segments = needless(repository, &kept, &gone, &broken)?;
        if !dry_run {
            for timeline in repository.timelines()? {
                repository.sweep(timeline)?;
            }
            for segment in &segments {
                repository.remove_segment(segment)?;
            }
            for listed in &gone {
                repository.remove(listed.timeline, listed.name)?;
            }
        }
        let names = |listed: &[Listed]| listed.iter().map(|listed| listed.name).collect();
        Ok(Pruned {
            target: repository.target().name().to_owned(),
            kept: names(&kept),
            removed: names(&gone),
            segments: segments.len(),
            broken: names(&broken),
        })
    }
}

/// Segments that lead on from no backup that stays. Those of streams that no backup stands in are left alone: the first
/// backup of a stream may still be under way.
fn needless(
    repository: &Repository,
    kept: &[Listed],
    gone: &[Listed],
    broken: &[Listed],
) -> Result<Vec<Segment>, TargetError> {
    if !broken.is_empty() {
        return Ok(Vec::new()); // nobody knows what they need
    }
    let position = |listed: &Listed| listed.manifest.as_ref().ok()?.contents.position;
    let mut needed_from: BTreeMap<Uuid, u64> = BTreeMap::new();
    for position in gone.iter().filter_map(position) {
        needed_from.entry(position.stream).or_insert(u64::MAX);
    }
    for position in kept.iter().filter_map(position) {
        let from = needed_from.entry(position.stream).or_insert(u64::MAX);
        *from = position.commit.min(*from);
    }
    let mut needless = Vec::new();
    for timeline in repository.timelines()? {
        let segments = repository.segments(timeline)?;
        needless.extend(
            segments.into_iter().filter(|it| needed_from.get(&it.stream).is_some_and(|needed| it.last <= *needed)),
        );
    }
    Ok(needless)
}
