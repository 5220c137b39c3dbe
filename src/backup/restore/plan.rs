//! Plans a restore: which backup and which segments of the change journal reach the requested moment.

use super::catalog::{Catalog, FoundBackup, FoundSegment, SegmentLocation};
use crate::backup::error::BackupError;
use crate::backup::repository::BackupName;
use crate::domain::clock::Moment;

#[derive(Clone, Copy, Debug, Default)]
pub struct RestoreRequest {
    /// Restore what was recorded up to this moment; none: everything.
    pub at: Option<Moment>,
    /// The timeline; none: the newest that has a backup from before the moment.
    pub timeline: Option<i64>,
    /// The backup to start with; none: the newest from before the moment.
    pub backup: Option<BackupName>,
}

impl RestoreRequest {
    /// Whether a restore can start with this backup.
    fn takes(&self, found: &FoundBackup) -> bool {
        self.timeline.is_none_or(|timeline| found.timeline == timeline)
            && self.backup.is_none_or(|name| found.name == name)
            && self.at.is_none_or(|at| found.manifest.contents.recorded_at <= at)
    }
}

/// A range of commits that no target and no spool has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gap {
    pub first: u64,
    pub last: u64,
}

/// A backup and the segments to replay after it.
#[derive(Clone)]
pub struct RestorePlan {
    pub request: RestoreRequest,
    /// The backup to start with.
    pub base: FoundBackup,
    pub segments: Vec<FoundSegment>,
    /// The moment of the last commit in the plan, at most the requested moment.
    pub reaches: Moment,
    /// Commits that are missing before the requested moment; commits after them cannot be reached.
    pub gap: Option<Gap>,
}

impl RestorePlan {
    /// The bytes to fetch.
    pub fn bytes(&self) -> u64 {
        self.base.manifest.object.bytes + self.segments.iter().map(|found| found.segment.bytes).sum::<u64>()
    }

    /// The free space in bytes that the data directory needs: the database, a quarter more for its proof, and one
    /// segment.
    pub fn room(&self) -> u64 {
        let database = self.base.manifest.contents.database.bytes;
        database + database / 4 + self.segments.iter().map(|found| found.segment.bytes).max().unwrap_or(0)
    }
}

impl Catalog {
    /// Plans the restore that is requested.
    pub fn plan(&self, request: RestoreRequest) -> Result<RestorePlan, BackupError> {
        let is_candidate = |found: &&FoundBackup| request.takes(found);
        // Backups of one timeline, ordered by their last commit; of equal ones, any will do.
        let order = |found: &&FoundBackup| {
            let contents = &found.manifest.contents;
            (found.timeline, contents.recorded_at, contents.position.map_or(0, |position| position.commit), found.name)
        };
        let base = self.backups.iter().filter(is_candidate).max_by_key(order).ok_or_else(|| self.nothing(request))?;
        let mut plan = RestorePlan {
            request,
            base: base.clone(),
            segments: Vec::new(),
            reaches: base.manifest.contents.recorded_at,
            gap: None,
        };
        let Some(position) = base.manifest.contents.position else { return Ok(plan) };
        let of_stream: Vec<&FoundSegment> =
            self.segments.iter().filter(|found| found.segment.stream == position.stream).collect();
        let mut next = position.commit + 1;
        // A commit at exactly the requested moment is included.
        while request.at.is_none_or(|at| plan.reaches <= at) {
            let follows = |found: &&&FoundSegment| found.segment.first <= next && next <= found.segment.last;
            let is_near =
                |found: &&&FoundSegment| (found.segment.last, matches!(found.location, SegmentLocation::Spool(_)));
            let Some(found) = of_stream.iter().filter(follows).max_by_key(is_near) else {
                if request.at == Some(plan.reaches) {
                    break; // all that was recorded before this moment is there
                }
                let later = of_stream.iter().map(|found| found.segment.first).filter(|first| *first > next).min();
                plan.gap = later.map(|first| Gap { first: next, last: first - 1 });
                break;
            };
            next = found.segment.last + 1;
            plan.reaches = found.segment.reaches;
            plan.segments.push((*found).clone());
        }
        if let Some(at) = request.at {
            plan.reaches = plan.reaches.min(at);
        }
        Ok(plan)
    }

    fn nothing(&self, request: RestoreRequest) -> BackupError {
        if let Some(it) = self.untrusted.iter().rfind(|it| request.takes(&it.backup)) {
            return BackupError::Untrusted { what: it.called(), why: it.why.clone() };
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
