//! Compares what a plan leads to with the signed checkpoints at the targets. A history whose end was removed is right
//! in itself: only what was seen of the end shows that it is missing.

use super::catalog::{Catalog, SegmentLocation};
use super::plan::{Obstacle, PlannedSegment, RestorePlan, RestoreRequest};
use crate::backup::error::BackupError;
use crate::backup::fetch::log_after;
use crate::backup::service::{BackupService, file_error};
use crate::store::{LogEnd, SegmentReader};
use std::fs::File;
use std::io::BufReader;

impl BackupService {
    /// Plans the restore that is requested, and compares it with the checkpoints at the targets.
    ///
    /// # Errors
    /// See [`Catalog::plan`].
    pub fn plan(&self, catalog: &Catalog, request: RestoreRequest) -> Result<RestorePlan, BackupError> {
        self.compared(catalog, catalog.plan(request)?)
    }

    /// The same plan, with an obstacle if it leads to less of the log than a trusted key has signed.
    pub(super) fn compared(&self, catalog: &Catalog, mut plan: RestorePlan) -> Result<RestorePlan, BackupError> {
        if plan.request.at.is_some() || plan.obstacle.is_some() || is_forked(catalog, &plan) {
            return Ok(plan);
        }
        let Some(end) = self.log_of(&plan)? else { return Ok(plan) };
        let log = end.log.simple().to_string();
        let mut beyond: Vec<_> =
            catalog.checkpoints.iter().filter(|(_, placed)| placed.log == log && placed.size > end.size).collect();
        beyond.sort_by_key(|(_, placed)| placed.size);
        for (repository, placed) in beyond.into_iter().rev() {
            let read = repository.read_checkpoint(placed).unwrap_or_else(|error| {
                tracing::warn!(%error, "a checkpoint of the audit log cannot be read");
                None
            });
            if read.is_some_and(|signed| self.settings.trust.has_signed(&signed)) {
                let checkpoint = format!("the signed checkpoint {placed} at {}", repository.target().name());
                plan.obstacle = Some(Obstacle::Unfinished { checkpoint, signed: placed.size, rows: end.size });
                break;
            }
        }
        Ok(plan)
    }

    /// Where the audit log stands at the end of a plan; none if that is not known: it was recorded before there was a
    /// log, or the replay will say why its last segment cannot be read.
    fn log_of(&self, plan: &RestorePlan) -> Result<Option<LogEnd>, BackupError> {
        let Some(last) = plan.segments.last() else {
            let log = plan.base.manifest.contents.log.as_ref();
            return Ok(
                log.and_then(|it| Some(LogEnd { log: it.origin.rsplit('/').next()?.parse().ok()?, size: it.size }))
            );
        };
        let mut end = self.log_after(last, 0);
        for copy in 1..=last.copies.len() {
            match &end {
                Err(error) if error.is_of_one_copy() => end = self.log_after(last, copy),
                _ => break,
            }
        }
        match end {
            Err(BackupError::Invalid { .. } | BackupError::Untrusted { .. } | BackupError::NoKey(_)) => Ok(None),
            end => end,
        }
    }

    /// Where the log stands at the end of a planned segment, by one of its copies: 0 is the planned one.
    fn log_after(&self, planned: &PlannedSegment, copy: usize) -> Result<Option<LogEnd>, BackupError> {
        let found = copy.checked_sub(1).and_then(|copy| planned.copies.get(copy)).unwrap_or(&planned.found);
        match self.locate(found) {
            SegmentLocation::Target(repository) => log_after(self, &repository, &found.segment, planned.upto),
            SegmentLocation::Spool(path) => {
                let reader = SegmentReader::new(BufReader::new(File::open(&path).map_err(file_error(&path))?));
                let end = reader.and_then(|reader| reader.log_after(planned.upto));
                let called = || format!("the segment {}", path.display());
                end.map_err(|error| BackupError::Invalid { backup: called(), what: error.into() })
            }
        }
    }
}

/// Whether another history of the same timeline is there: it continues the log under the same name, so that sizes alone
/// do not tell whose checkpoint one is.
fn is_forked(catalog: &Catalog, plan: &RestorePlan) -> bool {
    let histories = catalog.histories();
    histories.held(plan.tip).is_none_or(|held| histories.tips(Some(held.timeline)).len() > 1)
}
