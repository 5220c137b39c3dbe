//! Fetches a backup or a segment from its target and unwraps it into a file, after its signature and within the size
//! that it was signed with, and verifies every checksum.

use super::codec::{self, CodecError, FailureFlag, Hashing, Opened};
use super::error::BackupError;
use super::manifest::{Contents, Encoding, FileFacts, Manifest, SegmentFacts};
use super::progress::TrackedRead;
use super::repository::{BackupName, Repository, Segment};
use super::room::check_room;
use super::service::{BackupService, backup_label, file_error, segment_label};
use super::signature::Distrust;
use super::synced_file::SyncedFile;
use super::target::{TargetError, TargetFault};
use crate::store::{LogEnd, SegmentError, SegmentReader};
use std::fs::{self, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where the database of a fetched backup goes.
#[derive(Clone, Copy, Debug)]
pub enum FetchTo<'a> {
    /// Into this new file.
    File(&'a Path),
    /// Nowhere: only the checksums are wanted.
    Discard,
}

/// Fetches a backup and compares the object, the manifest in it and the database with `manifest`, which must be
/// trusted. A file that is incomplete or wrong is removed.
pub fn fetch(
    service: &BackupService,
    repository: &Repository,
    name: BackupName,
    manifest: &Manifest,
    to: FetchTo<'_>,
) -> Result<Contents, BackupError> {
    let FetchTo::File(path) = to else {
        return unwrap(service, repository, name, manifest, &mut io::sink(), Path::new("/dev/null"));
    };
    into_file(path, manifest.contents.database.bytes, |file| unwrap(service, repository, name, manifest, file, path))
}

/// Writes a new file of at most `bytes` bytes, synced; removes it if that fails.
fn into_file<T>(
    path: &Path,
    bytes: u64,
    write: impl FnOnce(&mut SyncedFile) -> Result<T, BackupError>,
) -> Result<T, BackupError> {
    check_room(path, bytes)?;
    let mut options = OpenOptions::new();
    let mut file =
        SyncedFile::new(options.write(true).create_new(true).mode(0o600).open(path).map_err(file_error(path))?);
    let written = write(&mut file).and_then(|value| file.sync_all().map_err(file_error(path)).map(|()| value));
    written.inspect_err(|_| {
        let _ = fs::remove_file(path); // the error that it would hide is told already
    })
}

/// What an error while an object is read says: of the target, of the object, or that the work was cancelled.
struct Blame<'a> {
    service: &'a BackupService,
    repository: &'a Repository,
    /// What messages call the object.
    called: String,
    source_failed: Arc<AtomicBool>,
}

impl<'a> Blame<'a> {
    fn watch<R: Read>(
        service: &'a BackupService,
        repository: &'a Repository,
        called: String,
        object: R,
    ) -> (Blame<'a>, TrackedRead<'a, FailureFlag<R>>) {
        let (object, source_failed) = FailureFlag::new(object);
        (Blame { service, repository, called, source_failed }, service.tracked(object))
    }

    fn of_codec(&self, error: CodecError) -> BackupError {
        if self.service.cancellation.is_cancelled() {
            return BackupError::Cancelled;
        }
        if !self.source_failed.load(Ordering::Acquire) {
            return BackupError::of_codec(&self.called, error);
        }
        let what = format!("{}: {error}", self.called);
        TargetError::new(self.repository.target().name(), TargetFault::Unreachable, what).because(error).into()
    }

    fn of_unpacking(&self, error: UnpackError) -> BackupError {
        match error {
            UnpackError::Source(error) => self.of_codec(CodecError::Damaged(error.into())),
            error => error.of(&self.called, self.service.cancellation.is_cancelled()),
        }
    }

    fn wrong(&self, what: &str) -> BackupError {
        BackupError::Invalid { backup: self.called.clone(), what: what.into() }
    }
}

fn unwrap(
    service: &BackupService,
    repository: &Repository,
    name: BackupName,
    manifest: &Manifest,
    to: &mut dyn Write,
    path: &Path,
) -> Result<Contents, BackupError> {
    let object = repository.open_object(manifest.contents.timeline, name)?;
    let (blame, object) = Blame::watch(service, repository, backup_label(repository.target(), name), object);
    let mut object = Hashing::new(object);

    let read = codec::read_backup(&mut object, &service.settings.identities);
    let (inside, database) = read.map_err(|error| blame.of_codec(error))?;
    service.check_trust(&blame.called, inside.signer.as_ref(), database.was_encrypted())?;
    let contents = inside.value;
    let public = match manifest.object.encoding {
        Encoding::Zstd => contents.clone(),
        Encoding::ZstdAge => contents.without_sums(),
    };
    if public != manifest.contents {
        return Err(blame.wrong("contains another manifest than the one beside it"));
    }
    let unpacked = unpack(database, contents.database.bytes, to, path);
    let found = unpacked.map_err(|error| blame.of_unpacking(error))?;
    copy_all(&mut object, &mut io::sink()).map_err(|failed| failed.of(repository, name))?;
    let (_, object_bytes, object_sha256) = object.finish();

    if (object_bytes, &object_sha256) != (manifest.object.bytes, &manifest.object.sha256) {
        return Err(blame.wrong("does not match its manifest: size or checksum differ"));
    }
    if found != contents.database {
        return Err(blame.wrong("contains another database than its manifest says"));
    }
    Ok(contents)
}

/// Pages of the log take at least this many bytes in an object, each with checksums of its own. Only for segments of
/// earlier versions, which do not say how large they are.
const RATIO_MAX: u64 = 1024;

/// Fetches a segment into a new file and compares it with its key and its signed facts. A file that is incomplete or
/// wrong is removed; where an operator accepts what is not to be trusted, it is kept as far as it can be read.
pub(super) fn fetch_segment(
    service: &BackupService,
    repository: &Repository,
    segment: &Segment,
    path: &Path,
) -> Result<(), BackupError> {
    let (blame, facts, data) = open_segment(service, repository, segment)?;
    if facts.as_ref().is_some_and(|facts| !is_of(facts, repository, segment)) {
        return Err(blame.wrong("contains another segment than its name says"));
    }
    let bytes = facts.as_ref().map_or(segment.bytes.saturating_mul(RATIO_MAX), |facts| facts.segment.bytes);
    into_file(path, facts.as_ref().map_or(0, |_| bytes), |file| {
        let unpacked = unpack(data, bytes, file, path).map_err(|error| blame.of_unpacking(error));
        let is_whole = unpacked.and_then(|found| match facts.is_some_and(|facts| facts.segment != found) {
            true => Err(blame.wrong("contains other changes than were signed")),
            false => Ok(()),
        });
        match is_whole {
            Err(BackupError::Invalid { .. }) if service.settings.trust.accepts_all => Ok(()),
            is_whole => is_whole,
        }
    })
}

/// Whether a segment may be used, by what is signed at its start; the rest is not read.
pub(super) fn check_segment(
    service: &BackupService,
    repository: &Repository,
    segment: &Segment,
) -> Result<(), BackupError> {
    let distrusted = |called: String, why| Err(BackupError::Untrusted { what: called, why, histories: Vec::new() });
    if segment.bytes == 0 {
        return distrusted(segment_label(repository.target(), segment), Distrust::Empty);
    }
    let (blame, facts, _) = open_segment(service, repository, segment)?;
    match facts.is_some_and(|facts| !is_of(&facts, repository, segment)) {
        true => distrusted(blame.called, Distrust::Renamed),
        false => Ok(()),
    }
}

/// Where the audit log stands after this commit of a segment, which is read up to it. None before there was a log.
pub(super) fn log_after(
    service: &BackupService,
    repository: &Repository,
    segment: &Segment,
    commit: u64,
) -> Result<Option<LogEnd>, BackupError> {
    let (blame, facts, data) = open_segment(service, repository, segment)?;
    let bytes = facts.map_or(segment.bytes.saturating_mul(RATIO_MAX), |facts| facts.segment.bytes);
    let data = BufReader::with_capacity(1 << 17, data.take(bytes));
    SegmentReader::new(data).and_then(|reader| reader.log_after(commit)).map_err(|error| match error {
        SegmentError::Io(error) => blame.of_codec(CodecError::Damaged(error.into())),
        error => blame.wrong(&format!("is damaged: {error}")),
    })
}

/// Opens a segment and reads its facts, if it has any. Refuses what is not to be trusted.
fn open_segment<'a>(
    service: &'a BackupService,
    repository: &'a Repository,
    segment: &Segment,
) -> Result<(Blame<'a>, Option<SegmentFacts>, Opened<'a>), BackupError> {
    let object = repository.open_segment(segment)?;
    let (blame, object) = Blame::watch(service, repository, segment_label(repository.target(), segment), object);
    let read = codec::read_segment(object, &service.settings.identities);
    let (signed, data) = read.map_err(|error| blame.of_codec(error))?;
    let signer = signed.as_ref().and_then(|signed| signed.signer.as_ref());
    service.check_trust(&blame.called, signer, data.was_encrypted())?;
    Ok((blame, signed.map(|signed| signed.value), data))
}

fn is_of(facts: &SegmentFacts, repository: &Repository, segment: &Segment) -> bool {
    let Segment { timeline, stream, first, last, reaches, .. } = *segment;
    facts.installation == repository.installation()
        && facts.line == segment.line.map(|line| line.to_string())
        && (facts.timeline, facts.stream, facts.first, facts.last, facts.reaches)
            == (timeline, stream, first, last, reaches)
}

/// Why data could not be unpacked.
pub(super) enum UnpackError {
    Source(io::Error),
    /// Writing this file failed.
    Destination(PathBuf, io::Error),
}

impl UnpackError {
    /// As an error of the object.
    pub(super) fn of(self, called: &str, is_cancelled: bool) -> BackupError {
        match self {
            _ if is_cancelled => BackupError::Cancelled,
            UnpackError::Source(error) => BackupError::of_codec(called, CodecError::Damaged(error.into())),
            UnpackError::Destination(path, error) => BackupError::Local(path, error),
        }
    }
}

/// Unpacks what should have `bytes` bytes, and stops at the first one more. Returns its size and checksum.
pub(super) fn unpack(data: Opened<'_>, bytes: u64, to: &mut dyn Write, path: &Path) -> Result<FileFacts, UnpackError> {
    let mut data = Hashing::new(data.take(bytes.saturating_add(1)));
    copy_all(&mut data, to).map_err(|failed| match failed {
        CopyFailure::Source(error) => UnpackError::Source(error),
        CopyFailure::Destination(error) => UnpackError::Destination(path.into(), error),
    })?;
    let (_, bytes, sha256) = data.finish();
    Ok(FileFacts { bytes, sha256 })
}

/// Which side of a copy failed.
pub(super) enum CopyFailure {
    Source(io::Error),
    /// The file that is written.
    Destination(io::Error),
}

impl CopyFailure {
    /// As an error of the target.
    pub(super) fn of(self, repository: &Repository, name: BackupName) -> BackupError {
        let (CopyFailure::Source(error) | CopyFailure::Destination(error)) = self;
        TargetError::of_io(repository.target().name(), name, error).into()
    }
}

/// Copies everything from `from` to `to`.
pub(super) fn copy_all(from: &mut dyn Read, to: &mut dyn Write) -> Result<(), CopyFailure> {
    let mut buffer = vec![0; 1 << 18];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return to.flush().map_err(CopyFailure::Destination),
            Ok(read) => to.write_all(&buffer[..read]).map_err(CopyFailure::Destination)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(CopyFailure::Source(error)),
        }
    }
}
