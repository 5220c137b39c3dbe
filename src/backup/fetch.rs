//! Fetches a backup from its target, unwraps it into a database file, and verifies every checksum.

use super::codec::{self, CodecError, Hashing};
use super::error::BackupError;
use super::manifest::{Contents, Encoding, Manifest};
use super::repository::{BackupName, Repository};
use super::service::{BackupService, backup_label, file_error};
use super::synced_file::SyncedFile;
use super::target::{TargetError, TargetFault};
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Where the database of a fetched backup goes.
#[derive(Clone, Copy, Debug)]
pub enum FetchTo<'a> {
    /// Into this new file.
    File(&'a Path),
    /// Nowhere: only the checksums are wanted.
    Discard,
}

/// Fetches a backup and compares the object, the manifest in it and the database with `manifest`. A file that is
/// incomplete or wrong is removed.
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
    let mut options = OpenOptions::new();
    let mut file =
        SyncedFile::new(options.write(true).create_new(true).mode(0o600).open(path).map_err(file_error(path))?);
    let fetched = unwrap(service, repository, name, manifest, &mut file, path)
        .and_then(|contents| file.sync_all().map_err(file_error(path)).map(|()| contents));
    fetched.inspect_err(|_| {
        let _ = std::fs::remove_file(path); // the error that it would hide is told already
    })
}

fn unwrap(
    service: &BackupService,
    repository: &Repository,
    name: BackupName,
    manifest: &Manifest,
    to: &mut dyn Write,
    path: &Path,
) -> Result<Contents, BackupError> {
    let backup = backup_label(repository.target(), name);
    let wrong = |what: &str| BackupError::Invalid { backup: backup.clone(), what: what.into() };
    let object = repository.open_object(manifest.contents.timeline, name)?;
    let (object, source_failed) = codec::FailureFlag::new(object);
    let mut object = Hashing::new(service.tracked(object));
    let source_failed = || source_failed.load(std::sync::atomic::Ordering::Acquire);
    let of_codec = |error: CodecError| {
        if service.cancellation.is_cancelled() {
            return BackupError::Cancelled;
        }
        if !source_failed() {
            return BackupError::of_codec(&backup, error);
        }
        let what = format!("{name}: {error}");
        TargetError::new(repository.target().name(), TargetFault::Unreachable, what).because(error).into()
    };

    let (contents, database) = codec::read_backup(&mut object, &service.settings.identities).map_err(&of_codec)?;
    // What is larger than it says is not unpacked to its end.
    let mut database = Hashing::new(database.take(contents.database.bytes.saturating_add(1)));
    match copy_all(&mut database, to) {
        Ok(()) => {}
        Err(CopyFailure::Source(error)) => return Err(of_codec(CodecError::Damaged(error.into()))),
        Err(CopyFailure::Destination(error)) => return Err(file_error(path)(error)),
    }
    let (_, bytes, sha256) = database.finish();
    copy_all(&mut object, &mut io::sink()).map_err(|failed| failed.of(repository, name))?;
    let (_, object_bytes, object_sha256) = object.finish();

    if (object_bytes, &object_sha256) != (manifest.object.bytes, &manifest.object.sha256) {
        return Err(wrong("does not match its manifest: size or checksum differ"));
    }
    if (bytes, &sha256) != (contents.database.bytes, &contents.database.sha256) {
        return Err(wrong("contains another database than its manifest says"));
    }
    let inner = match manifest.object.encoding {
        Encoding::Zstd => contents.clone(),
        Encoding::ZstdAge => contents.without_sums(),
    };
    if inner != manifest.contents {
        return Err(wrong("contains another manifest than the one beside it"));
    }
    Ok(contents)
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
