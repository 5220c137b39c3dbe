//! Builds the restored database in a file: the database of the backup, then the changes, commit by commit.

use super::catalog::{FoundSegment, SegmentLocation};
use super::plan::RestorePlan;
use crate::backup::codec::{self, Hashing};
use crate::backup::error::{BackupError, Cause};
use crate::backup::fetch::{FetchTo, fetch, fetch_segment, unpack};
use crate::backup::manifest::Contents;
use crate::backup::progress::Phase;
use crate::backup::repository::Segment;
use crate::backup::room::check_room;
use crate::backup::service::{BackupService, file_error, segment_label};
use crate::domain::clock::Moment;
use crate::store::{SegmentError, SegmentReader};
use std::fs::{self, File, OpenOptions};
use std::io::BufReader;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A restored database file.
#[derive(Clone, Debug)]
pub struct Built {
    /// The manifest of its backup.
    pub contents: Contents,
    /// The number of commits that were replayed.
    pub commits: u64,
    /// The moment of the last commit in it.
    pub reaches: Moment,
    /// Copies of the backup and of segments in whose place others were used; what is wrong with each, as a sentence.
    pub damaged: Vec<String>,
}

/// The state of a replay.
struct Replay {
    next: u64,
    commits: u64,
    reaches: Moment,
    previous: Option<String>,
}

impl BackupService {
    /// Builds the database of a plan in a new file, and syncs it. If this fails, the file is useless.
    pub fn build(&self, plan: &RestorePlan, to: &Path) -> Result<Built, BackupError> {
        if let Some(failure) = plan.failure() {
            return Err(failure);
        }
        let mut damaged = Vec::new();
        let contents = first_good(&plan.base, &plan.base_copies, &mut damaged, |base| {
            self.progress.begin(Phase::Fetch, base.manifest.object.bytes);
            fetch(self, &base.repository, base.name, &base.manifest, FetchTo::File(to))
        })?;
        let database = OpenOptions::new().read(true).write(true).open(to).map_err(file_error(to))?;
        let (commits, reaches) = self.replay(plan, Some(&database), to, &mut damaged)?;
        database.sync_all().map_err(file_error(to))?;
        Ok(Built { contents, commits, reaches, damaged })
    }

    /// Checks the segments of a plan and applies them to the database of its backup, if there is one. Returns how many
    /// commits, and the moment of the last one. Segments are fetched to a file beside `beside`. Adds to `damaged` what
    /// is wrong with segments in whose place copies were used.
    pub(in crate::backup) fn replay(
        &self,
        plan: &RestorePlan,
        database: Option<&File>,
        beside: &Path,
        damaged: &mut Vec<String>,
    ) -> Result<(u64, Moment), BackupError> {
        let contents = &plan.base.manifest.contents;
        let Some(position) = contents.position else { return Ok((0, contents.recorded_at)) };
        let mut replay =
            Replay { next: position.commit + 1, commits: 0, reaches: contents.recorded_at, previous: None };
        for segment in &plan.segments {
            let begun = replay.next;
            let replayed = first_good(&segment.found, &segment.copies, damaged, |found| {
                self.progress.begin(Phase::Replay, found.segment.bytes);
                match self.replay_segment(found, segment.upto, plan.request.at, database, beside, &mut replay) {
                    Err(error) if replay.next == begun => Err(error),
                    // Commits of one copy are not mixed with those of another.
                    replayed => Ok(replayed),
                }
            });
            match replayed.and_then(|replayed| replayed) {
                Ok(true) => {}
                Ok(false) => break,
                // Everything recorded before the requested moment is there.
                Err(BackupError::Segment { reaches, .. }) if plan.request.at == Some(reaches) => break,
                Err(error) => return Err(error),
            }
        }
        Ok((replay.commits, replay.reaches))
    }

    /// Replays the commits of a segment. Returns false once the requested moment is reached.
    fn replay_segment(
        &self,
        found: &FoundSegment,
        upto: u64,
        until: Option<Moment>,
        database: Option<&File>,
        path: &Path,
        replay: &mut Replay,
    ) -> Result<bool, BackupError> {
        let last = found.segment.last;
        let fetched = path.with_extension("segment");
        let start = replay.reaches;
        let (called, plain) = match self.locate(found) {
            SegmentLocation::Target(repository) => {
                let called = segment_label(repository.target(), &found.segment);
                fetch_segment(self, &repository, &found.segment, &fetched).map_err(|error| match error {
                    BackupError::Invalid { backup, what } => {
                        BackupError::Segment { segment: backup, what, reaches: start }
                    }
                    error => error,
                })?;
                let file = File::open(&fetched).map_err(file_error(&fetched))?;
                let _ = fs::remove_file(&fetched); // it stays until it is closed
                (called, file)
            }
            SegmentLocation::Spool(path) => {
                (format!("the segment {}", path.display()), File::open(&path).map_err(file_error(&path))?)
            }
        };
        let plain = self.tracked(plain);
        let wrong_at = |what: Cause, reaches| BackupError::Segment { segment: called.clone(), what, reaches };
        let wrong = |what: Cause| wrong_at(what, start);
        let of_segment = |error: SegmentError| {
            if self.cancellation.is_cancelled() { BackupError::Cancelled } else { wrong(error.into()) }
        };
        let mut reader =
            SegmentReader::new(BufReader::with_capacity(1 << 17, Hashing::new(plain))).map_err(of_segment)?;
        let head = reader.head().clone();
        if head.stream != found.segment.stream || head.timeline != found.segment.timeline {
            return Err(wrong("it belongs to another stream or timeline".into()));
        }
        let told = found.segment.line.map(|line| (line.epoch, Some(line.parent)));
        if told.is_some_and(|told| told != (head.epoch, head.parent)) {
            return Err(wrong("it belongs to another epoch than its name says".into()));
        }
        if replay.previous.is_some() && head.previous != replay.previous {
            return Err(wrong("it does not follow the segment before it".into()));
        }
        loop {
            let next = reader.next_commit().map_err(|error| match of_segment(error) {
                BackupError::Segment { segment, what, .. } => {
                    BackupError::Segment { segment, what, reaches: replay.reaches }
                }
                error => error,
            })?;
            let Some(commit) = next else { break };
            let row = commit.row();
            if row.number < replay.next {
                continue;
            }
            if row.number > upto {
                // The rest belongs to another history, and so does its hash.
                replay.previous = None;
                return Ok(true);
            }
            if row.number > replay.next {
                return Err(wrong_at(format!("commit {} is missing", replay.next).into(), replay.reaches));
            }
            if until.is_some_and(|until| row.recorded_at > until) {
                return Ok(false);
            }
            if let Some(database) = database {
                commit.apply(database).map_err(file_error(path))?;
            }
            (replay.next, replay.reaches) = (row.number + 1, row.recorded_at);
            replay.commits += 1;
        }
        if replay.next != last + 1 {
            return Err(wrong_at(format!("it ends before commit {last}").into(), replay.reaches));
        }
        let (_, _, sha256) = reader.into_inner().into_inner().finish();
        if found.segment.line.is_some_and(|line| !sha256.starts_with(&format!("{:016x}", line.hash))) {
            return Err(wrong_at("it is another segment than its name says".into(), replay.reaches));
        }
        replay.previous = Some(sha256);
        Ok(true)
    }

    /// Where a segment is now: a running server may have shipped it and removed it from its spool.
    pub(super) fn locate(&self, found: &FoundSegment) -> SegmentLocation {
        match &found.location {
            SegmentLocation::Spool(path) if !path.exists() => {}
            location => return location.clone(),
        }
        let key = |it: &Segment| (it.stream, it.first, it.last, it.line);
        for repository in self.repositories().into_iter().flatten().flatten() {
            let of_timeline = repository.segments(found.segment.timeline).unwrap_or_default();
            if of_timeline.iter().any(|it| key(it) == key(&found.segment)) {
                return SegmentLocation::Target(repository);
            }
        }
        found.location.clone()
    }

    /// Unwraps a single backup file into a new database file.
    pub fn unwrap_file(&self, backup: &Path, to: &Path) -> Result<Built, BackupError> {
        let called = backup.display().to_string();
        let from = File::open(backup).map_err(file_error(backup))?;
        self.progress.begin(Phase::Fetch, from.metadata().map_or(0, |file| file.len()));
        let of_codec = |error| BackupError::of_codec(&called, error);
        let (signed, database) = codec::read_backup(self.tracked(from), &self.settings.identities).map_err(of_codec)?;
        self.check_trust(&called, signed.signer.as_ref(), database.was_encrypted())?;
        let contents = signed.value;
        check_room(to, contents.database.bytes)?;
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(to).map_err(file_error(to))?;
        let unpacked = unpack(database, contents.database.bytes, &mut file, to);
        let found = unpacked.map_err(|error| error.of(&called, self.cancellation.is_cancelled()))?;
        if found != contents.database {
            let what = "contains another database than its manifest says".into();
            return Err(BackupError::Invalid { backup: called, what });
        }
        file.sync_all().map_err(file_error(to))?;
        Ok(Built { reaches: contents.recorded_at, contents, commits: 0, damaged: Vec::new() })
    }
}

/// Tries one copy after the other until one is good. Adds to `damaged` what is wrong with those before it. Copies that
/// are all damaged are an error, as is anything that another copy would not mend.
fn first_good<C, T>(
    first: &C,
    others: &[C],
    damaged: &mut Vec<String>,
    mut attempt: impl FnMut(&C) -> Result<T, BackupError>,
) -> Result<T, BackupError> {
    let mut outcome = attempt(first);
    for other in others {
        match &outcome {
            Err(error) if error.is_of_one_copy() => {
                tracing::warn!(%error, "this copy is not used; another one is tried");
                damaged.push(error.to_string());
            }
            _ => break,
        }
        outcome = attempt(other);
    }
    outcome
}
