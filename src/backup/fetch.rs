//! Fetching a backup: from its target, through its wrapping, to a database file, with every checksum looked at.

use super::codec::{self, CodecError, Hashing};
use super::error::BackupError;
use super::keeper::{Keeper, called, local};
use super::manifest::{Contents, Encoding, Manifest};
use super::repository::{BackupName, Repository};
use super::steady::Steady;
use super::target::{TargetError, TargetFault};
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Where the database of a fetched backup goes.
#[derive(Clone, Copy, Debug)]
pub enum Database<'a> {
    /// Into this file, which must not be there yet.
    File(&'a Path),
    /// Nowhere; only the checksums are wanted.
    Nowhere,
}

/// Fetches a backup. What comes is compared with the manifest: the object, the manifest in it, the database. The keys are
/// those of the keeper. A file that is not complete and right does not stay.
pub fn fetch(
    keeper: &Keeper,
    repository: &Repository,
    name: BackupName,
    manifest: &Manifest,
    to: Database<'_>,
) -> Result<Contents, BackupError> {
    let Database::File(path) = to else {
        return unwrap(keeper, repository, name, manifest, &mut io::sink(), Path::new("/dev/null"));
    };
    let mut options = OpenOptions::new();
    let mut file = Steady::new(options.write(true).create_new(true).mode(0o600).open(path).map_err(local(path))?);
    let fetched = unwrap(keeper, repository, name, manifest, &mut file, path)
        .and_then(|contents| file.sync_all().map_err(local(path)).map(|()| contents));
    fetched.inspect_err(|_| {
        let _ = std::fs::remove_file(path); // the error that it would hide is told already
    })
}

fn unwrap(
    keeper: &Keeper,
    repository: &Repository,
    name: BackupName,
    manifest: &Manifest,
    to: &mut dyn Write,
    path: &Path,
) -> Result<Contents, BackupError> {
    let backup = called(repository.target(), name);
    let wrong = |what: &str| BackupError::Wrong { backup: backup.clone(), what: what.into() };
    let object = repository.open_object(manifest.contents.timeline, name)?;
    let (object, source_failed) = codec::Watched::new(object);
    let mut object = Hashing::new(keeper.watched_read(object));
    let source_failed = || source_failed.load(std::sync::atomic::Ordering::Acquire);
    let of_codec = |error: CodecError| {
        if keeper.stop.is_called() {
            return BackupError::Stopped;
        }
        if !source_failed() {
            return BackupError::of_codec(&backup, error);
        }
        let what = format!("{name}: {error}");
        TargetError::new(repository.target().name(), TargetFault::Unreachable, what).because(error).into()
    };

    let (contents, database) = codec::read_backup(&mut object, &keeper.settings.identities).map_err(&of_codec)?;
    // What is larger than it says is not unpacked to its end.
    let mut database = Hashing::new(database.take(contents.database.bytes.saturating_add(1)));
    match pour(&mut database, to) {
        Ok(()) => {}
        Err(Failed::There(error)) => return Err(of_codec(CodecError::Damaged(error.into()))),
        Err(Failed::Here(error)) => return Err(local(path)(error)),
    }
    let (_, bytes, sha256) = database.finish();
    pour(&mut object, &mut io::sink()).map_err(|failed| failed.of(repository, name))?;
    let (_, object_bytes, object_sha256) = object.finish();

    if (object_bytes, &object_sha256) != (manifest.object.bytes, &manifest.object.sha256) {
        return Err(wrong("is not the object that its manifest speaks of: size or checksum differ"));
    }
    if (bytes, &sha256) != (contents.database.bytes, &contents.database.sha256) {
        return Err(wrong("has another database in it than its manifest says"));
    }
    let inner = match manifest.object.encoding {
        Encoding::Zstd => contents.clone(),
        Encoding::ZstdAge => contents.without_sums(),
    };
    if inner != manifest.contents {
        return Err(wrong("has another manifest in it than the one beside it"));
    }
    Ok(contents)
}

/// On which side pouring failed.
pub(super) enum Failed {
    /// The source.
    There(io::Error),
    /// The file that it was to go to.
    Here(io::Error),
}

impl Failed {
    /// As an error of reading a backup.
    pub(super) fn of(self, repository: &Repository, name: BackupName) -> BackupError {
        let (Failed::There(error) | Failed::Here(error)) = self;
        TargetError::of_io(repository.target().name(), name, error).into()
    }
}

/// Copies all that comes, and knows whose fault it is if that fails.
pub(super) fn pour(from: &mut dyn Read, to: &mut dyn Write) -> Result<(), Failed> {
    let mut buffer = vec![0; 1 << 18];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return to.flush().map_err(Failed::Here),
            Ok(read) => to.write_all(&buffer[..read]).map_err(Failed::Here)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Failed::There(error)),
        }
    }
}
