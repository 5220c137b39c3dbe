//! Builds the restored database in a file: the database of the backup, then the changes, commit by commit.

use super::catalog::{FoundSegment, SegmentLocation};
use super::plan::RestorePlan;
use crate::backup::codec::{self, CodecError, Hashing};
use crate::backup::error::{BackupError, Cause};
use crate::backup::fetch::{FetchTo, fetch};
use crate::backup::manifest::Contents;
use crate::backup::progress::Phase;
use crate::backup::repository::Segment;
use crate::backup::service::{BackupService, file_error};
use crate::domain::clock::Moment;
use crate::store::{SegmentError, SegmentReader};
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
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
        if let Some(gap) = plan.gap {
            return Err(BackupError::Gap { first: gap.first, last: gap.last, reaches: plan.reaches });
        }
        let base = &plan.base;
        self.progress.begin(Phase::Fetch, base.manifest.object.bytes);
        let contents = fetch(self, &base.repository, base.name, &base.manifest, FetchTo::File(to))?;
        let Some(position) = contents.position else {
            return Ok(Built { reaches: contents.recorded_at, contents, commits: 0 });
        };
        let database = OpenOptions::new().read(true).write(true).open(to).map_err(file_error(to))?;
        let mut replay =
            Replay { next: position.commit + 1, commits: 0, reaches: contents.recorded_at, previous: None };
        for found in &plan.segments {
            self.progress.begin(Phase::Replay, found.segment.bytes);
            match self.replay_segment(found, plan.request.at, &database, to, &mut replay) {
                Ok(true) => {}
                Ok(false) => break,
                // Everything recorded before the requested moment is there.
                Err(BackupError::Segment { reaches, .. }) if plan.request.at == Some(reaches) => break,
                Err(error) => return Err(error),
            }
        }
        database.sync_all().map_err(file_error(to))?;
        Ok(Built { contents, commits: replay.commits, reaches: replay.reaches })
    }

    /// Replays the commits of a segment. Returns false once the requested moment is reached.
    fn replay_segment(
        &self,
        found: &FoundSegment,
        until: Option<Moment>,
        database: &File,
        path: &Path,
        replay: &mut Replay,
    ) -> Result<bool, BackupError> {
        let (first, last) = (found.segment.first, found.segment.last);
        let location = self.locate(found);
        let (called, source): (String, Box<dyn Read>) = match &location {
            SegmentLocation::Target(repository) => {
                let called = format!("the segment {first} to {last} at {}", repository.target().name());
                (called, repository.open_segment(&found.segment)?)
            }
            SegmentLocation::Spool(path) => {
                let called = format!("the segment {}", path.display());
                (called, Box::new(File::open(path).map_err(file_error(path))?))
            }
        };
        let source = self.tracked(source);
        let wrong_at = |what: Cause, reaches| BackupError::Segment { segment: called.clone(), what, reaches };
        let start = replay.reaches;
        let wrong = |what: Cause| wrong_at(what, start);
        let of_codec = |error: CodecError| match error {
            CodecError::NoKey | CodecError::WrongKey => BackupError::of_codec(&called, error),
            error => wrong(error.into()),
        };
        let plain: Box<dyn Read> = match &location {
            SegmentLocation::Target(_) => Box::new(codec::open(source, &self.settings.identities).map_err(of_codec)?),
            SegmentLocation::Spool(_) => Box::new(source),
        };
        let of_segment = |error: SegmentError| {
            if self.cancellation.is_cancelled() { BackupError::Cancelled } else { wrong(error.into()) }
        };
        let mut reader =
            SegmentReader::new(BufReader::with_capacity(1 << 17, Hashing::new(plain))).map_err(of_segment)?;
        let head = reader.head().clone();
        if head.stream != found.segment.stream || head.timeline != found.segment.timeline {
            return Err(wrong("it belongs to another stream or timeline".into()));
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
            if row.number > replay.next {
                return Err(wrong_at(format!("commit {} is missing", replay.next).into(), replay.reaches));
            }
            if until.is_some_and(|until| row.recorded_at > until) {
                return Ok(false);
            }
            commit.apply(database).map_err(file_error(path))?;
            (replay.next, replay.reaches) = (row.number + 1, row.recorded_at);
            replay.commits += 1;
        }
        if replay.next != last + 1 {
            return Err(wrong_at(format!("it ends before commit {last}").into(), replay.reaches));
        }
        let (_, _, sha256) = reader.into_inner().into_inner().finish();
        replay.previous = Some(sha256);
        Ok(true)
    }

    /// Where a segment is now: a running server may have shipped it and removed it from its spool.
    fn locate(&self, found: &FoundSegment) -> SegmentLocation {
        match &found.location {
            SegmentLocation::Spool(path) if !path.exists() => {}
            location => return location.clone(),
        }
        let Segment { timeline, stream, first, last, .. } = found.segment;
        for repository in self.repositories().into_iter().flatten().flatten() {
            let of_timeline = repository.segments(timeline).unwrap_or_default();
            if of_timeline.iter().any(|it| (it.stream, it.first, it.last) == (stream, first, last)) {
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
        let from = self.tracked(from);
        let of_codec = |error| BackupError::of_codec(&called, error);
        let (contents, mut database) = codec::read_backup(from, &self.settings.identities).map_err(of_codec)?;
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(to).map_err(file_error(to))?;
        let mut hashing = Hashing::new(file);
        let mut buffer = vec![0; 1 << 18];
        loop {
            match database.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => hashing.write_all(&buffer[..read]).map_err(file_error(to))?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(BackupError::Invalid { backup: called, what: format!("is damaged: {error}").into() });
                }
            }
        }
        let (file, bytes, sha256) = hashing.finish();
        if (bytes, &sha256) != (contents.database.bytes, &contents.database.sha256) {
            let what = "contains another database than its manifest says".into();
            return Err(BackupError::Invalid { backup: called, what });
        }
        file.sync_all().map_err(file_error(to))?;
        Ok(Built { reaches: contents.recorded_at, contents, commits: 0 })
    }
}
