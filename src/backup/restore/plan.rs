//! Plans a restore: which backup and which segments of the change journal reach the requested moment.

use super::catalog::{Catalog, FoundBackup, FoundSegment, SegmentLocation};
use crate::backup::error::BackupError;
use crate::backup::history::{Branch, EpochName, Histories, Step};
use crate::backup::lease::Shipped;
use crate::backup::manifest::StreamPosition;
use crate::backup::repository::BackupName;
use crate::domain::clock::Moment;

#[derive(Clone, Debug, Default)]
pub struct RestoreRequest {
    /// Restore what was recorded up to this moment; none: everything.
    pub at: Option<Moment>,
    /// The timeline; none: the newest that has a backup from before the moment.
    pub timeline: Option<i64>,
    /// The backup to start with; none: the newest from before the moment.
    pub backup: Option<BackupName>,
    /// The history to follow, where there are several: the beginning of its id.
    pub branch: Option<String>,
}

/// Why a plan ends before the requested moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Obstacle {
    /// A range of commits that no target and no spool has.
    Missing { first: u64, last: u64 },
    /// A checkpoint that covers more rows of the audit log than the plan leads to.
    Unfinished { checkpoint: String, signed: u64, rows: u64 },
    /// The next stream has no backup to start from.
    Baseless,
    /// Two segments hold different commits of the same numbers.
    Conflict { one: String, other: String },
}

/// A segment of a plan.
#[derive(Clone)]
pub struct PlannedSegment {
    pub found: FoundSegment,
    /// The same segment at other places, for the case that this one is damaged.
    pub copies: Vec<FoundSegment>,
    /// Its last commit that belongs to the history.
    pub upto: u64,
}

/// A backup and the segments to replay after it.
#[derive(Clone)]
pub struct RestorePlan {
    pub request: RestoreRequest,
    /// The history that it follows: its last epoch.
    pub tip: EpochName,
    /// The backup to start with.
    pub base: FoundBackup,
    /// The same backup at other targets, for the case that this one is damaged.
    pub base_copies: Vec<FoundBackup>,
    pub segments: Vec<PlannedSegment>,
    /// The moment of the last commit in the plan, at most the requested moment.
    pub reaches: Moment,
    /// Why nothing after that can be reached, although it was recorded before the requested moment.
    pub obstacle: Option<Obstacle>,
    /// The epochs of the history, each with its last commit in it.
    pub line: Vec<(EpochName, u64)>,
}

impl RestorePlan {
    /// The bytes to fetch.
    pub fn bytes(&self) -> u64 {
        self.base.manifest.object.bytes + self.segments.iter().map(|it| it.found.segment.bytes).sum::<u64>()
    }

    /// The free space in bytes that the data directory needs: the database, a quarter more for its proof, and one
    /// segment.
    pub fn room(&self) -> u64 {
        let database = self.base.manifest.contents.database.bytes;
        database + database / 4 + self.segments.iter().map(|it| it.found.segment.bytes).max().unwrap_or(0)
    }

    /// The error of a plan that does not reach the requested moment.
    pub fn failure(&self) -> Option<BackupError> {
        let reaches = self.reaches;
        Some(match self.obstacle.clone()? {
            Obstacle::Missing { first, last } => BackupError::Gap { first, last, reaches },
            Obstacle::Unfinished { checkpoint, signed, rows } => {
                BackupError::Unfinished { checkpoint, signed, rows, reaches }
            }
            Obstacle::Baseless => BackupError::Baseless(reaches),
            Obstacle::Conflict { one, other } => BackupError::Conflict { one, other, reaches },
        })
    }
}

impl FoundBackup {
    /// Its place in a history: which step.
    pub(super) fn step(&self, line: &[Step]) -> Option<usize> {
        let position = self.manifest.contents.position?;
        let name = EpochName { epoch: position.epoch, stream: position.stream };
        line.iter().position(|step| step.epoch == name && position.commit <= step.upto)
    }
}

impl Catalog {
    /// Plans the restore that is requested.
    ///
    /// # Errors
    /// [`BackupError::Branches`] where several histories could be meant.
    pub fn plan(&self, request: RestoreRequest) -> Result<RestorePlan, BackupError> {
        // Without a manifest that is trusted, nothing says which histories a restore has left behind.
        if self.backups.is_empty() {
            return Err(self.nothing(&request));
        }
        let histories = self.histories();
        let line = self.choose(&histories, &request)?;
        let (base, line) = match self.base(&line, &request) {
            Some(base) => (base, line),
            None => self.old_base(&histories, &request).ok_or_else(|| self.nothing(&request))?,
        };
        let contents = &base.manifest.contents;
        let mut plan = RestorePlan {
            request,
            tip: line.last().map_or(EpochName::default(), |step| step.epoch),
            base: base.clone(),
            base_copies: self.backups.iter().filter(|found| found.is_copy_of(base)).cloned().collect(),
            segments: Vec::new(),
            reaches: contents.recorded_at,
            obstacle: None,
            line: line.iter().map(|step| (step.epoch, step.upto)).collect(),
        };
        if let (Some(position), Some(at)) = (contents.position, base.step(&line)) {
            plan.obstacle = self.follow(&histories, &line[at..], position.commit, &mut plan);
            plan.obstacle = plan.obstacle.take().or_else(|| self.missing_end(&plan, position));
        }
        if let Some(at) = plan.request.at {
            plan.reaches = plan.reaches.min(at);
        }
        Ok(plan)
    }

    /// The last backup of a history before the requested moment.
    fn base(&self, line: &[Step], request: &RestoreRequest) -> Option<&FoundBackup> {
        let candidates = self.backups.iter().filter(|found| found.is_meant(request));
        let placed = candidates.filter_map(|found| Some((found.step(line)?, found)));
        let order = |(step, found): &(usize, &FoundBackup)| {
            (*step, found.manifest.contents.position.map(|position| position.commit), found.name)
        };
        placed.max_by_key(order).map(|(_, found)| found)
    }

    /// The last backup before the requested moment from before epochs were recorded, with its own history: nothing says
    /// how those continue one another.
    fn old_base(&self, histories: &Histories, request: &RestoreRequest) -> Option<(&FoundBackup, Vec<Step>)> {
        let is_old =
            |found: &&FoundBackup| found.manifest.contents.position.is_none_or(|position| position.epoch.is_nil());
        let is_asked = |found: &&FoundBackup| request.timeline.is_none_or(|timeline| found.timeline == timeline);
        let order = |found: &&FoundBackup| {
            let contents = &found.manifest.contents;
            (found.timeline, contents.recorded_at, contents.position.map_or(0, |position| position.commit), found.name)
        };
        let candidates = self.backups.iter().filter(|found| request.branch.is_none() && found.is_meant(request));
        let base = candidates.filter(is_old).filter(is_asked).max_by_key(order)?;
        let position = base.manifest.contents.position;
        let line =
            |position: StreamPosition| histories.line(EpochName { epoch: position.epoch, stream: position.stream });
        Some((base, position.map_or_else(Vec::new, line)))
    }

    /// Adds the segments after a commit of the first of these steps. Returns why it cannot go on, if that is so.
    fn follow(&self, histories: &Histories, line: &[Step], base: u64, plan: &mut RestorePlan) -> Option<Obstacle> {
        let at = plan.request.at;
        let (mut next, mut stream) = (base + 1, line.first()?.epoch.stream);
        for (position, step) in line.iter().enumerate() {
            let left_at = line.get(position + 1).and_then(|next| next.follows);
            if step.epoch.stream != stream {
                let has_any = histories.held(step.epoch).is_some();
                let is_wanted = at.is_none_or(|at| step.began.or(step.follows).is_none_or(|began| began <= at));
                match has_any && is_wanted && at != Some(plan.reaches) {
                    true => return Some(Obstacle::Baseless),
                    false => continue,
                }
            }
            stream = step.epoch.stream;
            while next <= step.upto {
                // A commit at exactly the requested moment is included.
                if at.is_some_and(|at| at < plan.reaches) {
                    return None;
                }
                let of_epoch = || self.segments.iter().filter(|found| found.segment.epoch() == step.epoch);
                let follows = |found: &&FoundSegment| (found.segment.first..=found.segment.last).contains(&next);
                let found: Vec<&FoundSegment> = of_epoch().filter(follows).collect();
                if let Some(conflict) = conflict(histories, &found) {
                    return (at != Some(plan.reaches)).then_some(conflict);
                }
                // A writer that was put back has closed the segment where it left off.
                let nearness = |found: &&&FoundSegment| {
                    let (last, is_whole) = (found.segment.last, found.segment.last <= step.upto);
                    let size = if is_whole { last.cast_signed() } else { -last.cast_signed() };
                    (is_whole, size, matches!(found.location, SegmentLocation::Spool(_)))
                };
                let Some(found) = found.iter().max_by_key(nearness) else {
                    let later = of_epoch().map(|found| found.segment.first).filter(|first| *first > next).min();
                    let last = later.map_or(step.upto, |first| first - 1);
                    return (at != Some(plan.reaches)).then_some(Obstacle::Missing { first: next, last });
                };
                let upto = found.segment.last.min(step.upto);
                plan.reaches = match left_at {
                    Some(left_at) if found.segment.last > step.upto => left_at,
                    _ => found.segment.reaches,
                };
                let copies = of_epoch().filter(|other| is_same(found, other) && !other.is_at_place_of(found));
                plan.segments.push(PlannedSegment { copies: copies.cloned().collect(), found: (*found).clone(), upto });
                next = upto + 1;
            }
        }
        None
    }

    /// What is missing at the end of a plan, if its writer says that it had shipped more.
    fn missing_end(&self, plan: &RestorePlan, base: StreamPosition) -> Option<Obstacle> {
        let reached = plan.segments.last().map_or(base.commit, |segment| segment.upto);
        let is_of_tip = |it: &&Shipped| EpochName { epoch: it.epoch, stream: it.stream } == plan.tip;
        let last = self.shipped.iter().filter(is_of_tip).map(|it| it.commit).max()?;
        let is_wanted = plan.request.at.is_none_or(|at| at > plan.reaches);
        (last > reached && is_wanted).then_some(Obstacle::Missing { first: reached + 1, last })
    }

    fn nothing(&self, request: &RestoreRequest) -> BackupError {
        let is_asked = |found: &FoundBackup| request.timeline.is_none_or(|timeline| found.timeline == timeline);
        let is_meant = |found: &FoundBackup| is_asked(found) && found.is_meant(request);
        if let Some(it) = self.untrusted.iter().rfind(|it| is_meant(&it.backup)) {
            let histories = self.unverified.iter().map(Branch::to_string).collect();
            return BackupError::Untrusted { what: it.called(), why: it.why.clone(), histories };
        }
        let first = self.backups.iter().map(|found| found.manifest.contents.recorded_at).min();
        let what = match (request.at, first, self.errors.first()) {
            (Some(at), Some(first), _) if request.backup.is_none() && at < first => {
                format!("there is no backup from before {at}; the first one holds what was recorded up to {first}")
            }
            (_, None, Some(error)) => return error.clone().into(),
            (_, None, None) => "there is no backup at any target".into(),
            _ => "there is no such backup".into(),
        };
        BackupError::NotFound(what)
    }
}

impl FoundBackup {
    /// Whether a restore may start with it.
    fn is_meant(&self, request: &RestoreRequest) -> bool {
        let is_early = request.at.is_none_or(|at| self.manifest.contents.recorded_at <= at);
        is_early && request.backup.is_none_or(|name| self.name == name)
    }
}

/// Whether two segments have the same name, and with it the same hash.
fn is_same(one: &FoundSegment, other: &FoundSegment) -> bool {
    let key = |it: &FoundSegment| (it.segment.first, it.segment.last, it.segment.reaches, it.segment.line);
    key(one) == key(other)
}

/// Two of these segments of one epoch that cannot both be right. Where another writer has continued the epoch before
/// its end, it has closed the same segment earlier.
fn conflict(histories: &Histories, found: &[&FoundSegment]) -> Option<Obstacle> {
    let first = found.first()?;
    let fits = |other: &FoundSegment| {
        let end = first.segment.last.min(other.segment.last);
        first.segment.first == other.segment.first
            && first.segment.last != other.segment.last
            && first.segment.line.is_some()
            && histories.is_fork(first.segment.epoch(), end)
    };
    let other = found.iter().find(|other| !is_same(first, other) && !fits(other))?;
    let called = |it: &FoundSegment| format!("the segment {} to {}{}", it.segment.first, it.segment.last, it.place());
    Some(Obstacle::Conflict { one: called(first), other: called(other) })
}
