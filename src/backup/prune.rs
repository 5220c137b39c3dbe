//! Removes backups that the retention does not keep, segments of the change journal that no backup needs any more, and
//! checkpoints of the audit log where there are many of one day.

use super::error::{BackupError, some_of};
use super::history::{Branch, EpochName, Histories};
use super::repository::{BackupName, Listed, PlacedCheckpoint, Repository, Segment};
use super::service::{BackupService, file_error};
use super::target::TargetError;
use super::thinning::LogTimes;
use super::verify::usable;
use crate::domain::clock::Moment;
use crate::store;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Seconds for which a stream without a backup keeps its segments: its first backup may be under way, for instance on
/// another machine to which this installation was restored.
const BASELESS_KEPT_S: i64 = 86_400;

/// What was removed at a target, or would be in a dry run.
#[derive(Clone, Debug)]
pub struct Pruned {
    pub target: String,
    pub kept: Vec<BackupName>,
    pub removed: Vec<BackupName>,
    /// The number of segments of the change journal that were removed.
    pub segments: usize,
    /// The number of checkpoints of the audit log that were removed.
    pub checkpoints: usize,
    /// Damaged backups, which are never removed.
    pub broken: Vec<BackupName>,
    /// The histories that do not continue one another, each as a sentence, until an operator has chosen one: all of
    /// them are kept. Empty if there is one history.
    pub branches: Vec<String>,
}

/// The outcome at all targets.
#[derive(Clone, Debug, Default)]
pub struct Pruning {
    /// The targets that were pruned.
    pub pruned: Vec<Pruned>,
    /// The targets that failed; the next run continues there.
    pub failed: Vec<TargetError>,
}

/// The contents of a target, and what is to be removed.
struct TargetContents {
    repository: Repository,
    kept: Vec<Listed>,
    gone: Vec<Listed>,
    broken: Vec<Listed>,
    segments: Vec<Segment>,
    /// The segments that a restore would use: names alone do not make a branch that keeps backups.
    trusted: Vec<Segment>,
    checkpoints: Vec<PlacedCheckpoint>,
    /// See [`Pruned::branches`].
    branches: Vec<Branch>,
}

impl BackupService {
    /// Removes, at each target, the backups that the retention does not keep, and the segments that follow no remaining
    /// backup. The newest backup, the newest of the current stream, and the last one that was proven or drilled are
    /// always kept; so is everything that cannot be read, and what each of several histories needs. A target that fails
    /// does not stop the others from being pruned.
    pub fn prune(&self, dry_run: bool) -> Result<Pruning, BackupError> {
        let _work = self.work_dir()?;
        let record = self.record();
        let recorded = [&record.last_success, &record.last_proof, &record.last_drill];
        let safe: BTreeSet<BackupName> =
            recorded.into_iter().flatten().filter_map(|recorded| recorded.name.parse().ok()).collect();
        let (mut pruning, mut targets) = (Pruning::default(), Vec::new());
        for repository in self.repositories()? {
            match repository.and_then(|repository| self.read_target(repository)) {
                Ok(target) => targets.push(target),
                Err(error) => pruning.failed.push(error),
            }
        }
        // Read last: a stream that has begun since then is the current one, or is at no target yet.
        let facts = store::read_file(&self.dir.database_file(), |tx| tx.copy_facts())?;
        let current = facts.journal.map(|row| row.stream);
        targets.iter_mut().for_each(|target| self.choose(target, &safe, current));
        let needs = match pruning.failed.is_empty() {
            true => self.needs(&targets, facts.timeline, current)?,
            false => None, // a backup there may need what is here
        };
        for target in targets {
            let gone: Vec<Segment> = needs.as_ref().map_or_else(Vec::new, |needs| needs.needless(&target.segments));
            let times = LogTimes::read(&self.dir.database_file(), &target.checkpoints)?;
            let thinned = times.needless(&target.repository, &target.checkpoints, (&target.kept, self.trust()));
            let removed = thinned.and_then(|thinned| {
                if !dry_run {
                    remove(&target, &gone, &thinned)?;
                }
                Ok(summary(&target, gone.len(), thinned.len()))
            });
            match removed {
                Ok(summary) => pruning.pruned.push(summary),
                Err(error) => pruning.failed.push(error),
            }
        }
        Ok(pruning)
    }

    /// Splits the backups into those that stay and those to remove.
    fn choose(&self, target: &mut TargetContents, safe: &BTreeSet<BackupName>, current: Option<Uuid>) {
        let is_ours = |listed: &&Listed| !self.is_untrusted(&target.repository, listed);
        let names = |found: &[&Listed]| found.iter().map(|listed| listed.name).collect::<Vec<BackupName>>();
        let ours: Vec<&Listed> = target.kept.iter().filter(is_ours).collect();
        // What somebody else put there must not count: the retention would give up our own for it.
        let mut keep = self.settings.retention.kept(&names(&ours));
        keep.extend(ours.last().map(|listed| listed.name));
        keep.extend(safe);
        let commit = |listed: &&&Listed| position(listed).filter(|at| Some(at.0) == current).map(|at| at.1);
        let newest = ours.iter().filter(|listed| commit(listed).is_some()).max_by_key(commit);
        keep.extend(newest.map(|listed| listed.name));
        let (bases, branches) = bases_of_branches(&ours, &target.trusted);
        keep.extend(bases);
        let of_all = self.settings.retention.kept(&names(&target.kept.iter().collect::<Vec<_>>()));
        let others = target.kept.iter().filter(|listed| !is_ours(listed) && of_all.contains(&listed.name));
        keep.extend(others.map(|listed| listed.name));
        (target.kept, target.gone) = target.kept.drain(..).partition(|listed| keep.contains(&listed.name));
        target.branches = branches;
    }

    /// What the remaining backups of all targets need of the change journal; none if a manifest cannot be read.
    fn needs(
        &self,
        targets: &[TargetContents],
        timeline: i64,
        current: Option<Uuid>,
    ) -> Result<Option<Needs>, BackupError> {
        let staying = || targets.iter().flat_map(|target| target.kept.iter().chain(&target.broken));
        if staying().any(|listed| listed.manifest.is_err()) {
            return Ok(None);
        }
        let mut from: BTreeMap<Uuid, u64> = BTreeMap::new();
        for (stream, commit) in staying().filter_map(position) {
            let first = from.entry(stream).or_insert(commit);
            *first = commit.min(*first);
        }
        let spool = self.dir.journal_dir();
        let waiting = store::spooled_segments(&spool).map_err(file_error(&spool))?;
        let current = current.into_iter().chain(waiting.iter().map(|segment| segment.stream)).collect();
        let left = targets.iter().flat_map(|target| &target.gone).filter_map(position).map(|at| at.0).collect();
        Ok(Some(Needs { from, current, left, timeline, baseless_since: self.now().plus_s(-BASELESS_KEPT_S) }))
    }
}

/// The newest backup of each history that nothing at the target continues, so that none is lost before an operator has
/// chosen; and these histories.
fn bases_of_branches(ours: &[&Listed], segments: &[Segment]) -> (BTreeSet<BackupName>, Vec<Branch>) {
    let contents = |listed: &&Listed| listed.manifest.as_ref().ok().map(|signed| signed.value.contents.clone());
    let manifests: Vec<_> = ours.iter().filter_map(contents).collect();
    let histories = Histories::of(segments.iter(), manifests.iter());
    let mut keep = BTreeSet::new();
    let branches = histories.live_branches();
    for branch in &branches {
        let line = histories.line(branch.tip);
        let step = |listed: &&&Listed| {
            let position = listed.manifest.as_ref().ok()?.value.contents.position?;
            let name = EpochName { epoch: position.epoch, stream: position.stream };
            let at = line.iter().position(|step| step.epoch == name && position.commit <= step.upto)?;
            Some((at, position.commit))
        };
        let newest = ours.iter().filter(|listed| step(listed).is_some()).max_by_key(step);
        keep.extend(newest.map(|listed| listed.name));
    }
    (keep, branches)
}

/// The part of the change journal that is needed.
struct Needs {
    /// For each stream, the commit of its oldest remaining backup.
    from: BTreeMap<Uuid, u64>,
    /// Streams that still grow or wait to be shipped; their first backup may be under way.
    current: BTreeSet<Uuid>,
    /// Streams whose backups are removed now.
    left: BTreeSet<Uuid>,
    /// The timeline of the database; later timelines belong to another copy of the installation.
    timeline: i64,
    /// Streams without a backup whose last commit is older than this are removed.
    baseless_since: Moment,
}

impl Needs {
    /// The segments that follow no remaining backup.
    fn needless(&self, segments: &[Segment]) -> Vec<Segment> {
        let mut ends: BTreeMap<Uuid, Moment> = BTreeMap::new();
        for segment in segments {
            let end = ends.entry(segment.stream).or_insert(segment.reaches);
            *end = segment.reaches.max(*end);
        }
        let is_needless = |segment: &&Segment| match self.from.get(&segment.stream) {
            Some(commit) => segment.last <= *commit,
            None => {
                let is_old = ends.get(&segment.stream).is_some_and(|end| *end < self.baseless_since);
                let is_ours = segment.timeline <= self.timeline;
                (is_old || self.left.contains(&segment.stream)) && is_ours && !self.current.contains(&segment.stream)
            }
        };
        segments.iter().filter(is_needless).cloned().collect()
    }
}

/// The stream of a backup and its commit in it.
fn position(listed: &Listed) -> Option<(Uuid, u64)> {
    let position = listed.manifest.as_ref().ok()?.value.contents.position?;
    Some((position.stream, position.commit))
}

impl BackupService {
    fn read_target(&self, repository: Repository) -> Result<TargetContents, TargetError> {
        let (kept, broken) = repository.backups()?.into_iter().partition(|listed| usable(&repository, listed).is_ok());
        let (mut segments, mut checkpoints) = (Vec::new(), Vec::new());
        for timeline in repository.timelines()? {
            segments.extend(repository.segments(timeline)?);
            checkpoints.extend(repository.checkpoints(timeline)?);
        }
        let mut catalog = self.catalog_at(&repository)?;
        self.vet(&mut catalog);
        let trusted = catalog.segments.into_iter().map(|found| found.segment).collect();
        let (gone, branches) = (Vec::new(), Vec::new());
        Ok(TargetContents { repository, kept, gone, broken, segments, trusted, checkpoints, branches })
    }
}

/// Removes backups before the changes that follow them, so that no remaining backup lacks its changes.
fn remove(target: &TargetContents, segments: &[Segment], checkpoints: &[PlacedCheckpoint]) -> Result<(), TargetError> {
    let repository = &target.repository;
    for timeline in repository.timelines()? {
        repository.sweep(timeline)?;
    }
    for listed in &target.gone {
        repository.remove(listed.timeline, listed.name)?;
    }
    for segment in segments {
        repository.remove_segment(segment)?;
    }
    for checkpoint in checkpoints {
        repository.remove_checkpoint(checkpoint)?;
    }
    let of = |segment: &Segment| (segment.timeline, segment.stream);
    let left: BTreeSet<_> = target.segments.iter().filter(|it| !segments.contains(it)).map(of).collect();
    let ended: BTreeSet<_> = segments.iter().map(of).filter(|stream| !left.contains(stream)).collect();
    for (timeline, stream) in ended {
        repository.sweep_segments(timeline, stream)?;
    }
    Ok(())
}

fn summary(target: &TargetContents, segments: usize, checkpoints: usize) -> Pruned {
    let names = |listed: &[Listed]| listed.iter().map(|listed| listed.name).collect();
    Pruned {
        target: target.repository.target().name().to_owned(),
        kept: names(&target.kept),
        removed: names(&target.gone),
        segments,
        checkpoints,
        broken: names(&target.broken),
        branches: match target.branches.as_slice() {
            [] | [_] => Vec::new(),
            several => some_of(&several.iter().map(Branch::to_string).collect::<Vec<_>>()),
        },
    }
}
