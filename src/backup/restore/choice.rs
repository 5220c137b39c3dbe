//! Chooses the history that a restore follows. It is never a guess: where several could be meant, they are named.

use super::catalog::Catalog;
use super::plan::RestoreRequest;
use crate::backup::error::BackupError;
use crate::backup::history::{Branch, EpochName, Histories, Step};
use crate::domain::clock::Moment;
use std::collections::{BTreeMap, BTreeSet};

/// A history that could be meant, up to the requested moment.
struct Candidate {
    tip: EpochName,
    line: Vec<Step>,
    /// The first step that is too late, if any.
    later: Option<Step>,
}

impl Catalog {
    /// What the targets and the spool have, as a tree.
    pub fn histories(&self) -> Histories {
        let segments = self.segments.iter().map(|found| &found.segment);
        Histories::of(segments, self.backups.iter().map(|found| &found.manifest.contents))
    }

    /// The history to follow up to the requested moment, the oldest epoch first; empty if there is none.
    pub(super) fn choose(&self, histories: &Histories, request: &RestoreRequest) -> Result<Vec<Step>, BackupError> {
        let candidates = self.candidates(histories, request)?.into_iter().map(|tip| cut(tip, histories, request.at));
        let candidates: Vec<Candidate> = candidates.collect();
        let is_early = |it: &Candidate| {
            let later = it.later.zip(request.at);
            later.is_some_and(|(later, at)| is_before(it.line.last(), &later, at))
        };
        let top = |it: &Candidate| it.line.last().map(|step| (step.epoch, step.upto));
        // Before one of them leaves an epoch, all histories that pass it are the same.
        let shared: BTreeSet<EpochName> =
            candidates.iter().filter(|it| is_early(it)).filter_map(top).map(|(epoch, _)| epoch).collect();
        let mut different: BTreeMap<(EpochName, Option<u64>), Candidate> = BTreeMap::new();
        for it in candidates {
            let Some((epoch, upto)) = top(&it) else { continue };
            let is_shared = shared.contains(&epoch) && (is_early(&it) || it.later.is_none());
            let key = (epoch, (!is_shared).then_some(upto));
            if different.get(&key).and_then(top).is_none_or(|(_, other)| other < upto) {
                different.insert(key, it);
            }
        }
        let mut different = different.into_values();
        match (different.next(), different.next()) {
            (None, _) => Ok(Vec::new()),
            (Some(only), None) => match left_timeline(histories, request, &only) {
                Some(timeline) => {
                    self.choose(histories, &RestoreRequest { timeline: Some(timeline), ..request.clone() })
                }
                None => Ok(only.line),
            },
            (Some(one), Some(other)) => {
                let tips: Vec<EpochName> = [one, other].into_iter().chain(different).map(|it| it.tip).collect();
                Err(BackupError::Branches(names_of(&histories.branches(&tips))))
            }
        }
    }

    fn candidates(&self, histories: &Histories, request: &RestoreRequest) -> Result<Vec<EpochName>, BackupError> {
        if let Some(text) = &request.branch {
            let digits = text.replace('-', "").to_ascii_lowercase();
            let meant: Vec<_> =
                histories.names().filter(|name| !digits.is_empty() && name.id().starts_with(&digits)).collect();
            return match meant.as_slice() {
                [_] => Ok(meant),
                _ => Err(BackupError::NotFound(format!("{} histories are called {text}", meant.len()))),
            };
        }
        let mut tips = histories.tips(request.timeline);
        if let Some(name) = request.backup {
            let passes = |tip: &EpochName| {
                let line = histories.line(*tip);
                self.backups.iter().any(|found| found.name == name && found.step(&line).is_some())
            };
            tips.retain(passes);
        }
        let live: Vec<_> = tips.iter().copied().filter(|tip| !histories.is_superseded(*tip)).collect();
        let is_free = request.timeline.is_none() && request.backup.is_none() && request.at.is_none();
        match (live.is_empty(), tips.is_empty()) {
            // What continues them is missing: none of them is the present.
            (true, false) if is_free => Err(BackupError::Superseded(names_of(&histories.branches(&tips)))),
            (true, _) => Ok(tips),
            _ => Ok(live),
        }
    }
}

fn names_of(branches: &[Branch]) -> Vec<String> {
    branches.iter().map(Branch::to_string).collect()
}

/// The history of a tip without the epochs that began after this moment.
fn cut(tip: EpochName, histories: &Histories, at: Option<Moment>) -> Candidate {
    let (mut line, mut later) = (histories.line(tip), None);
    while let ([.., before, last], Some(at)) = (line.as_slice(), at)
        && (last.began.is_some_and(|began| at < began) || is_before(Some(before), last, at))
    {
        later = line.pop();
    }
    Candidate { tip, line, later }
}

/// Whether a moment lies before the one at which `later` leaves the epoch `before`. A restore has taken over all that
/// was recorded up to that moment, a copy perhaps not.
fn is_before(before: Option<&Step>, later: &Step, at: Moment) -> bool {
    let is_restore = before.is_some_and(|before| before.timeline < later.timeline);
    later.follows.is_some_and(|follows| at < follows || is_restore && at == follows)
}

/// If the moment lies after the one that a restore went back to, and before the restore: the timeline of that moment.
fn left_timeline(histories: &Histories, request: &RestoreRequest, it: &Candidate) -> Option<i64> {
    let (at, later, last) = (request.at?, it.later?, it.line.last()?);
    let is_free = request.timeline.is_none() && request.branch.is_none() && request.backup.is_none();
    let (left, begun) = (last.timeline?, later.timeline?);
    let is_left = is_free && left < begun && later.follows.is_some_and(|follows| follows < at);
    is_left.then(|| histories.timeline_at(left + 1..begun, at).unwrap_or(left))
}
