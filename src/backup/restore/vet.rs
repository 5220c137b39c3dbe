//! Takes the segments that somebody planted out of a catalog, before histories are drawn and plans made from it.
//!
//! Plans follow the names of segments, of which there are many, and a segment tells who signed it only when it is
//! opened. So only those are opened here that a plan could stumble over: one for each thing that names say of the tree
//! of histories, the last ones, on which the present depends, and those that contradict others. The rest is checked
//! when it is replayed, and is refused then.

use super::catalog::{Catalog, FoundSegment, SegmentLocation};
use crate::backup::error::BackupError;
use crate::backup::fetch::check_segment;
use crate::backup::history::EpochName;
use crate::backup::repository::Segment;
use crate::backup::service::{BackupService, segment_label};
use crate::backup::signature::Distrust;
use std::collections::{BTreeMap, BTreeSet};

/// A segment that is not used, because somebody else may have put it there.
#[derive(Clone, Debug)]
pub struct UntrustedSegment {
    /// What messages call it.
    pub called: String,
    pub segment: Segment,
    pub why: Distrust,
}

impl BackupService {
    /// Moves what is not to be trusted, as far as it shows, to the lists of what is not used.
    pub(in crate::backup) fn vet(&self, catalog: &mut Catalog) {
        if self.settings.trust.accepts_all {
            return;
        }
        let mut vetting = Vetting { service: self, good: BTreeSet::new(), bad: Vec::new(), broken: Vec::new() };
        vetting.claims(catalog);
        vetting.overlaps(catalog);
        while vetting.tails(catalog) {}
        catalog.untrusted_segments = vetting.bad;
        catalog.broken.append(&mut vetting.broken);
    }
}

struct Vetting<'a> {
    service: &'a BackupService,
    /// Those that were opened and may be used.
    good: BTreeSet<(String, String)>,
    bad: Vec<UntrustedSegment>,
    /// Those that cannot be used, each as a sentence.
    broken: Vec<String>,
}

impl Vetting<'_> {
    /// Whether a segment is what its name says, and may be used. What is encrypted is not judged without a key.
    fn check(&mut self, found: &FoundSegment) -> Result<(), BackupError> {
        let SegmentLocation::Target(repository) = &found.location else { return Ok(()) };
        let key = (repository.target().name().to_owned(), repository.segment_key(&found.segment));
        if self.good.contains(&key) {
            return Ok(());
        }
        match check_segment(self.service, repository, &found.segment) {
            Ok(()) | Err(BackupError::NoKey(_)) => {
                self.good.insert(key);
                Ok(())
            }
            failed => failed,
        }
    }

    fn note(&mut self, found: &FoundSegment, error: BackupError) {
        match (&found.location, error) {
            (SegmentLocation::Target(repository), BackupError::Untrusted { why, .. }) => {
                let called = segment_label(repository.target(), &found.segment);
                self.bad.push(UntrustedSegment { called, segment: found.segment.clone(), why });
            }
            (_, error) => self.broken.push(error.to_string()),
        }
    }

    /// Whether a segment must not be used. What is damaged is kept, unless others are there in its place: it fails when
    /// it is replayed.
    fn refuses(&mut self, found: &FoundSegment, is_contested: bool) -> bool {
        match self.check(found) {
            Err(error @ BackupError::Untrusted { .. }) => self.note(found, error),
            Err(error @ BackupError::Invalid { .. }) if is_contested => self.note(found, error),
            _ => return false,
        }
        true
    }

    /// Of segments of one epoch that hold commits of the same numbers, those that may be used.
    fn overlaps(&mut self, catalog: &mut Catalog) {
        let mut by_epoch: BTreeMap<EpochName, Vec<FoundSegment>> = BTreeMap::new();
        for found in catalog.segments.drain(..) {
            by_epoch.entry(found.segment.epoch()).or_default().push(found);
        }
        for mut of_epoch in by_epoch.into_values() {
            of_epoch.sort_by_key(|found| (found.segment.first, found.segment.last));
            let mut kept: Vec<FoundSegment> = Vec::new();
            for found in of_epoch {
                if self.fits(&mut kept, &found) {
                    kept.push(found);
                }
            }
            catalog.segments.append(&mut kept);
        }
        catalog.sort_segments();
    }

    /// Whether a segment may be added to those that begin before it. Removes what must give way.
    fn fits(&mut self, kept: &mut Vec<FoundSegment>, found: &FoundSegment) -> bool {
        loop {
            let furthest = kept.iter().enumerate().rev().max_by_key(|(_, it)| it.segment.last);
            let Some((at, furthest)) = furthest else { return true };
            let is_apart = furthest.segment.last < found.segment.first || name(furthest) == name(found);
            if is_apart {
                return true;
            }
            let furthest = furthest.clone();
            if self.refuses(found, true) {
                return false;
            }
            if !self.refuses(&furthest, true) {
                return true;
            }
            kept.remove(at);
        }
    }

    /// Segments whose names say something of an epoch, its origin or its timeline, that none of them is signed with.
    fn claims(&mut self, catalog: &mut Catalog) {
        let says = |found: &FoundSegment| {
            (found.segment.epoch(), found.segment.line.map(|line| line.parent), found.segment.timeline)
        };
        let mut claims: BTreeMap<_, Vec<FoundSegment>> = BTreeMap::new();
        for found in catalog.segments.drain(..) {
            claims.entry(says(&found)).or_default().push(found);
        }
        for mut of_claim in claims.into_values() {
            let mut failed = Vec::new();
            let is_signed = of_claim.iter().rev().any(|found| match self.check(found) {
                Err(error @ (BackupError::Untrusted { .. } | BackupError::Invalid { .. })) => {
                    failed.push((found.clone(), error));
                    false
                }
                // What cannot be fetched now may be signed: without it, another history might be taken for the present.
                Ok(()) | Err(_) => true,
            });
            match is_signed {
                true => catalog.segments.append(&mut of_claim),
                false => failed.into_iter().for_each(|(found, error)| self.note(&found, error)),
            }
        }
        catalog.sort_segments();
    }

    /// The last segments of each history. True if some were refused: those before them are the last now.
    fn tails(&mut self, catalog: &mut Catalog) -> bool {
        let tips: BTreeSet<EpochName> = catalog.histories().tips(None).into_iter().collect();
        let mut of_tips: BTreeMap<(EpochName, u64), Vec<FoundSegment>> = BTreeMap::new();
        let (ends, mut kept): (Vec<_>, Vec<_>) =
            catalog.segments.drain(..).partition(|found| tips.contains(&found.segment.epoch()));
        for found in ends {
            of_tips.entry((found.segment.epoch(), found.segment.last)).or_default().push(found);
        }
        let (before, mut settled) = (kept.len() + of_tips.values().map(Vec::len).sum::<usize>(), BTreeSet::new());
        // From the last one of each history back to the first that may be used.
        for ((epoch, _), mut of_end) in of_tips.into_iter().rev() {
            if !settled.contains(&epoch) {
                of_end.retain(|found| !self.refuses(found, false));
            }
            if !of_end.is_empty() {
                settled.insert(epoch);
            }
            kept.append(&mut of_end);
        }
        catalog.segments = kept;
        catalog.sort_segments();
        catalog.segments.len() < before
    }
}

/// What the name of a segment says, whatever its size at one target or another.
fn name(found: &FoundSegment) -> Segment {
    Segment { bytes: 0, ..found.segment.clone() }
}
