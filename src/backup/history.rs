//! The histories of one installation at its targets: a tree of epochs. An ordinary restart, or a restore to the last
//! commit, continues the epoch before it at its end. Where one is continued before its end, two histories exist: a copy
//! was put back or ran beside its original, or a restore went back in time and left the rest behind.

use super::manifest::{Contents, LINEAGE_MAX};
use super::repository::Segment;
use crate::domain::clock::Moment;
use crate::store::{Epoch, JournalRow, OtherHistory, Parent};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use uuid::Uuid;

/// The name of an epoch at a target. The stream tells apart what was recorded before there were epochs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct EpochName {
    /// Nil: from before epochs were recorded.
    pub epoch: Uuid,
    pub stream: Uuid,
}

impl EpochName {
    /// What operators call it, in full: 32 hexadecimal digits.
    pub fn id(self) -> String {
        let id = if self.epoch.is_nil() { self.stream } else { self.epoch };
        id.simple().to_string()
    }
}

/// The first eight digits, which name a branch.
impl fmt::Display for EpochName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id()[..8])
    }
}

/// What the targets have of an epoch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    pub timeline: i64,
    /// Its last commit at any target.
    pub last: u64,
    /// The moment of that commit.
    pub reaches: Moment,
    /// The machine that made its last backup; empty if there is none.
    pub host: String,
    /// The entries in its last backup.
    pub entries: Option<u64>,
}

/// Where an epoch continues another one.
#[derive(Clone, Copy, Debug)]
struct Link {
    parent: EpochName,
    commit: u64,
    /// The moment of that commit.
    follows: Option<Moment>,
    /// The moment of the first commit after it.
    began: Option<Moment>,
}

/// A part of a history: an epoch up to one of its commits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    pub epoch: EpochName,
    /// Its timeline; that of the epoch after it where the targets have nothing of it, as of a restore itself.
    pub timeline: Option<i64>,
    /// Its last commit in this history.
    pub upto: u64,
    /// The moment of the commit before its first one.
    pub follows: Option<Moment>,
    /// The moment of its first commit.
    pub began: Option<Moment>,
}

/// A history that nothing at the targets continues.
#[derive(Clone, Debug)]
pub struct Branch {
    pub tip: EpochName,
    pub held: Held,
    /// The moment of its last commit that it shares with another branch; none if that is not known, or shares nothing.
    pub since: Option<Moment>,
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Held { timeline, reaches, host, entries, .. } = &self.held;
        write!(f, "branch {} of timeline {timeline}", self.tip)?;
        if let Some(since) = self.since {
            write!(f, ", since {since}")?;
        }
        write!(f, ", up to {reaches}")?;
        match entries {
            Some(entries) => write!(f, ", {entries} entries in its last backup")?,
            None => write!(f, ", without a backup of its own")?,
        }
        if host.is_empty() { Ok(()) } else { write!(f, " by {host}") }
    }
}

/// The history of a database: its epochs, each up to its last commit there.
#[derive(Clone, Debug, Default)]
pub struct OwnLine {
    upto: BTreeMap<EpochName, u64>,
    /// The moment of the last commit before epochs were recorded.
    epochs_since: Option<Moment>,
}

impl OwnLine {
    /// The line of a database with these epochs that stands at `row`.
    pub fn at(epochs: &[Epoch], row: &JournalRow) -> OwnLine {
        let mut line = OwnLine::default();
        for epoch in epochs {
            let parent = EpochName { epoch: epoch.parent, stream: epoch.parent_stream };
            line.upto.insert(parent, epoch.parent_commit);
            if epoch.parent.is_nil() {
                line.epochs_since = Some(epoch.parent_at);
            }
        }
        line.upto.insert(EpochName { epoch: row.epoch, stream: row.stream }, row.number);
        if row.epoch.is_nil() {
            line.epochs_since = Some(row.recorded_at);
        }
        line
    }

    fn has(&self, name: EpochName, held: &Held) -> bool {
        self.has_commit(name, held.last, held.reaches)
    }

    /// Whether a commit of this epoch, recorded at this moment, belongs to it.
    pub(super) fn has_commit(&self, name: EpochName, commit: u64, recorded_at: Moment) -> bool {
        match self.upto.get(&name) {
            Some(upto) => commit <= *upto,
            None if name.epoch.is_nil() => self.epochs_since.is_some_and(|since| recorded_at <= since),
            None => false,
        }
    }
}

/// All that the targets have of one installation.
#[derive(Default)]
pub struct Histories {
    held: BTreeMap<EpochName, Held>,
    links: BTreeMap<EpochName, Link>,
    superseded: BTreeMap<EpochName, u64>,
    /// What was recorded up to here was continued: manifests list only so many epochs.
    horizon: Option<Moment>,
}

impl Histories {
    /// Collects what segments and manifests say.
    pub fn of<'a>(
        segments: impl Iterator<Item = &'a Segment> + Clone,
        backups: impl Iterator<Item = &'a Contents>,
    ) -> Histories {
        let mut all = Histories::default();
        backups.for_each(|contents| all.add_backup(contents));
        for segment in segments.clone() {
            all.note(segment.epoch(), segment.timeline, segment.last, segment.reaches);
        }
        let streams: BTreeMap<Uuid, Uuid> =
            all.held.keys().chain(all.links.keys()).map(|name| (name.epoch, name.stream)).collect();
        for segment in segments {
            let Some(line) = segment.line else { continue };
            let Parent { epoch, commit, at_ms } = line.parent;
            let stream = match streams.get(&epoch) {
                Some(stream) if !epoch.is_nil() => *stream,
                _ => segment.stream,
            };
            let follows = Some(Moment::from_unix_ms(at_ms));
            let link = Link { parent: EpochName { epoch, stream }, commit, follows, began: None };
            all.links.entry(segment.epoch()).or_insert(link);
        }
        all
    }

    fn note(&mut self, name: EpochName, timeline: i64, last: u64, reaches: Moment) {
        let none = Held { timeline, last, reaches, host: String::new(), entries: None };
        let held = self.held.entry(name).or_insert(none);
        if last > held.last {
            (held.last, held.reaches) = (last, reaches);
        }
    }

    fn add_backup(&mut self, contents: &Contents) {
        let Some(position) = contents.position else { return };
        let mut name = EpochName { epoch: position.epoch, stream: position.stream };
        self.note(name, contents.timeline, position.commit, contents.recorded_at);
        if let Some(held) = self.held.get_mut(&name).filter(|held| held.entries <= Some(contents.entries)) {
            (held.entries, held.host) = (Some(contents.entries), contents.host.clone());
        }
        for it in &contents.lineage {
            let parent = EpochName { epoch: it.epoch, stream: it.stream };
            let (follows, began) = (Some(it.recorded_at), Some(it.continued_at));
            self.links.insert(name, Link { parent, commit: it.commit, follows, began });
            name = parent;
        }
        if let (Some(oldest), true) = (contents.lineage.last(), contents.lineage.len() >= LINEAGE_MAX) {
            self.horizon = self.horizon.max(Some(oldest.recorded_at));
        }
        for it in &contents.superseded {
            let upto = self.superseded.entry(EpochName { epoch: it.epoch, stream: it.stream }).or_default();
            *upto = it.commit.max(*upto);
        }
    }

    pub fn held(&self, name: EpochName) -> Option<&Held> {
        self.held.get(&name)
    }

    /// All epochs of which the targets have something.
    pub fn names(&self) -> impl Iterator<Item = EpochName> {
        self.held.keys().copied()
    }

    /// Whether another epoch continues `name` right after this commit.
    pub fn is_fork(&self, name: EpochName, commit: u64) -> bool {
        self.links.values().any(|link| (link.parent, link.commit) == (name, commit))
    }

    /// The history that ends with this epoch, the oldest first.
    pub fn line(&self, tip: EpochName) -> Vec<Step> {
        let (mut steps, mut passed) = (Vec::new(), BTreeSet::new());
        let (mut name, mut upto) = (tip, self.held.get(&tip).map_or(0, |held| held.last));
        let mut timeline = None;
        while passed.insert(name) {
            let link = self.links.get(&name);
            let (follows, began) = (link.and_then(|link| link.follows), link.and_then(|link| link.began));
            timeline = self.held.get(&name).map(|held| held.timeline).or(timeline);
            steps.push(Step { epoch: name, timeline, upto, follows, began });
            let Some(link) = link else { break };
            (name, upto) = (link.parent, link.commit);
        }
        steps.reverse();
        steps
    }

    /// The epochs that no other one continues at their end; with a timeline, among those of this timeline.
    pub fn tips(&self, timeline: Option<i64>) -> Vec<EpochName> {
        let is_asked = |held: &Held| timeline.is_none_or(|timeline| held.timeline == timeline);
        let asked: Vec<(&EpochName, &Held)> = self.held.iter().filter(|(_, held)| is_asked(held)).collect();
        let mut continued: BTreeSet<EpochName> = BTreeSet::new();
        for (name, _) in &asked {
            let line = self.line(**name);
            let passed = &line[..line.len().saturating_sub(1)];
            let is_passed = |step: &&Step| self.held.get(&step.epoch).is_some_and(|held| held.last <= step.upto);
            continued.extend(passed.iter().filter(is_passed).map(|step| step.epoch));
            // Where the rest of the line is not known, commits of the same stream are missing, not another history.
            let is_whole = |oldest: &Step| oldest.epoch.epoch.is_nil() || self.held.contains_key(&oldest.epoch);
            if let Some(oldest) = line.first().filter(|oldest| !is_whole(oldest)) {
                let is_before = |(name, held): &&(&EpochName, &Held)| {
                    name.stream == oldest.epoch.stream
                        && held.last < oldest.upto
                        && fork(&self.line(**name), &line).is_none()
                        && !self.line(**name).iter().any(|step| step.epoch == oldest.epoch)
                };
                continued.extend(asked.iter().filter(is_before).map(|(name, _)| **name));
            }
        }
        let is_old = |name: &EpochName, held: &Held| {
            let rank = (held.timeline, held.reaches);
            let newer = || asked.iter().any(|(_, other)| (other.timeline, other.reaches) > rank);
            let is_left = || self.links.values().any(|link| link.parent == *name && link.commit < held.last);
            let is_behind = self.horizon.is_some_and(|horizon| held.reaches <= horizon);
            is_behind || name.epoch.is_nil() && newer() && !is_left()
        };
        // The commit with which a stream begins records nothing else.
        let is_tip =
            |(name, held): &(&EpochName, &Held)| held.last > 0 && !continued.contains(name) && !is_old(name, held);
        asked.iter().copied().filter(is_tip).map(|(name, _)| *name).collect()
    }

    /// The highest of these timelines that had begun by a moment.
    pub fn timeline_at(&self, timelines: std::ops::Range<i64>, at: Moment) -> Option<i64> {
        let has_begun = |timeline: &i64| {
            let first = |tip| self.line(tip).into_iter().find(|step| step.timeline == Some(*timeline));
            self.tips(Some(*timeline)).into_iter().filter_map(first).any(|step| step.began.is_some_and(|it| it <= at))
        };
        let held: BTreeSet<i64> = self.held.values().map(|held| held.timeline).collect();
        held.range(timelines).rev().copied().find(has_begun)
    }

    /// Whether a restore has left this history behind, and nothing was added to it since.
    pub fn is_superseded(&self, tip: EpochName) -> bool {
        let last = self.held.get(&tip).map_or(0, |held| held.last);
        self.superseded.get(&tip).is_some_and(|upto| last <= *upto)
    }

    /// The branches of these tips.
    pub fn branches(&self, tips: &[EpochName]) -> Vec<Branch> {
        let lines: Vec<Vec<Step>> = tips.iter().map(|tip| self.line(*tip)).collect();
        let branch = |(tip, line): (&EpochName, &Vec<Step>)| {
            let others = lines.iter().filter(|other| other.last() != line.last());
            let since = others.filter_map(|other| fork(line, other)).max();
            Some(Branch { tip: *tip, held: self.held.get(tip)?.clone(), since })
        };
        tips.iter().zip(&lines).filter_map(branch).collect()
    }

    /// The branches of which none continues or supersedes another one: usually one.
    pub fn live_branches(&self) -> Vec<Branch> {
        let tips = self.tips(None).into_iter().filter(|tip| !self.is_superseded(*tip));
        self.branches(&tips.collect::<Vec<_>>())
    }

    /// The epochs that are not, or not to their ends, part of a history.
    pub fn beyond(&self, own: &OwnLine, is_superseded: bool) -> Vec<OtherHistory> {
        let others = self.held.iter().filter(|(name, held)| !own.has(**name, held));
        let note = |(name, held): (&EpochName, &Held)| OtherHistory {
            epoch: name.epoch,
            stream: name.stream,
            commit: held.last,
            is_superseded,
        };
        others.map(note).collect()
    }
}

/// The moment of the last commit that two histories share.
fn fork(line: &[Step], other: &[Step]) -> Option<Moment> {
    let at = line.iter().rposition(|step| other.iter().any(|there| there.epoch == step.epoch))?;
    let there = other.iter().position(|step| step.epoch == line[at].epoch)?;
    // The one that leaves the shared epoch first knows when.
    let next = if line[at].upto <= other[there].upto { line.get(at + 1) } else { other.get(there + 1) };
    next.and_then(|step| step.follows)
}

impl Segment {
    /// The epoch of its commits.
    pub fn epoch(&self) -> EpochName {
        EpochName { epoch: self.line.map_or(Uuid::nil(), |line| line.epoch), stream: self.stream }
    }
}
