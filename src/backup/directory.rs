//! A directory as a target: one private file for each object, renamed into place once it is complete.

use super::codec::hex;
use super::synced_file::SyncedFile;
use super::target::{Object, Target, TargetError, TargetFault};
use rustix::fs::OFlags;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The suffix of incomplete files. Their names also begin with a dot, which no object does.
const UNFINISHED: &str = ".unfinished";

/// No key has more parts; deeper folders are not ours, and may be too deep to be read.
const KEY_PARTS_MAX: usize = 6;

/// The size of the copy buffer in bytes.
const CHUNK: usize = 1 << 18;

/// Objects in a directory. Files have mode 0600 and directories 0700.
#[derive(Debug)]
pub struct DirectoryTarget {
    root: PathBuf,
    create: bool,
    name: String,
}

impl DirectoryTarget {
    /// Names a directory; nothing is touched yet.
    pub fn new(root: &Path, create: bool) -> DirectoryTarget {
        DirectoryTarget { root: root.to_owned(), create, name: root.display().to_string() }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    fn error(&self, what: impl std::fmt::Display, error: io::Error) -> TargetError {
        TargetError::of_io(&self.name, what, error)
    }

    /// The root directory, which is created if that is allowed.
    fn root(&self) -> Result<&Path, TargetError> {
        match fs::metadata(&self.root) {
            Ok(found) if found.is_dir() => Ok(&self.root),
            Ok(_) => Err(TargetError::new(&self.name, TargetFault::Missing, "is not a directory")),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.create => {
                make_dir(&self.root).map_err(|error| self.error("cannot be created", error))?;
                Ok(&self.root)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(TargetError::new(&self.name, TargetFault::Missing, "the directory does not exist"))
            }
            Err(error) => Err(self.error("cannot be looked at", error)),
        }
    }

    /// Stores an object in one step, below the root that is there.
    fn store(&self, key: &str, bytes: u64, from: &mut dyn Read) -> Result<(), TargetError> {
        let path = self.path(key);
        let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return Err(TargetError::new(&self.name, TargetFault::Other, format!("{key} is no name of an object")));
        };
        make_dirs(&self.root, folder).map_err(|error| self.error(folder.display(), error))?;
        // Others may write here too: nobody can prepare a name that nobody knows.
        let unfinished =
            folder.join(format!(".{name}.{}{UNFINISHED}", unknown().map_err(|error| self.error(key, error))?));
        let stored = write_all(&unfinished, bytes, from).and_then(|()| {
            fs::rename(&unfinished, &path).map_err(PutError::Target)?;
            sync_dir(folder).map_err(PutError::Target)
        });
        stored.map_err(|failed| {
            let _ = fs::remove_file(&unfinished); // the next run would sweep it
            match failed {
                PutError::Target(error) => self.error(key, error),
                PutError::Source(what) => TargetError::new(&self.name, TargetFault::Source, format!("{key}: {what}")),
            }
        })
    }

    /// Adds the objects below a folder. A missing folder has none; one that cannot be read is an error that names it.
    fn walk(&self, folder: &Path, found: &mut Vec<Object>) -> Result<(), TargetError> {
        let failed = |error| self.error(folder.display(), error);
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
            let Some(key) = path.strip_prefix(&self.root).ok() else { continue };
            if entry.file_name().as_encoded_bytes().starts_with(b".") || key.components().count() > KEY_PARTS_MAX {
                continue;
            }
            match (key.to_str(), entry.metadata()) {
                _ if kind.is_dir() => self.walk(&path, found)?,
                (Some(key), Ok(file)) if kind.is_file() => found.push(Object { key: key.into(), bytes: file.len() }),
                (_, Err(error)) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Target for DirectoryTarget {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_there(&self) -> Result<(), TargetError> {
        self.root().map(|_| ())
    }

    fn put(&self, key: &str, bytes: u64, from: &mut dyn Read) -> Result<(), TargetError> {
        if self.root()?.join(key).exists() {
            return Err(TargetError::new(&self.name, TargetFault::Exists, format!("{key} is there already")));
        }
        self.store(key, bytes, from)
    }

    fn replace(&self, key: &str, content: &[u8]) -> Result<(), TargetError> {
        self.root()?;
        self.store(key, content.len() as u64, &mut &content[..])
    }

    fn get(&self, key: &str) -> Result<Box<dyn Read + Send>, TargetError> {
        if !self.root.is_dir() {
            return Err(TargetError::new(&self.name, TargetFault::Missing, "the directory does not exist"));
        }
        let file = open_regular(&self.path(key)).map_err(|error| self.error(key, error))?;
        Ok(Box::new(file))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Object>, TargetError> {
        if !self.root.is_dir() && self.create {
            return Ok(Vec::new());
        }
        self.root()?;
        let mut found = Vec::new();
        self.walk(&self.path(prefix), &mut found)?;
        found.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(found)
    }

    fn folders(&self, prefix: &str) -> Result<Vec<String>, TargetError> {
        if !self.root.is_dir() && self.create {
            return Ok(Vec::new());
        }
        self.root()?;
        let entries = match fs::read_dir(self.path(prefix)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| self.error(prefix, error))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            // What cannot be looked at is an error: it may be what a restore needs.
            let entry = entry.map_err(|error| self.error(prefix, error))?;
            let kind = entry.file_type().map_err(|error| self.error(entry.path().display(), error))?;
            let name = entry.file_name().into_string().ok().filter(|name| kind.is_dir() && !name.starts_with('.'));
            names.extend(name);
        }
        names.sort();
        Ok(names)
    }

    fn delete(&self, key: &str) -> Result<(), TargetError> {
        self.root()?;
        let path = self.path(key);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(self.error(key, error)),
            Ok(()) => path.parent().map_or(Ok(()), sync_dir).map_err(|error| self.error(key, error)),
        }
    }

    fn sweep(&self, prefix: &str) -> Result<usize, TargetError> {
        let Ok(entries) = fs::read_dir(self.path(prefix)) else { return Ok(0) };
        let mut swept = 0;
        for entry in entries.flatten() {
            let is_unfinished =
                entry.file_name().to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(UNFINISHED));
            // A folder of this name is not ours.
            if is_unfinished && entry.file_type().is_ok_and(|kind| !kind.is_dir()) {
                fs::remove_file(entry.path()).map_err(|error| self.error(entry.path().display(), error))?;
                swept += 1;
            }
        }
        let _ = fs::remove_dir(self.path(prefix)); // works on an empty one only
        Ok(swept)
    }
}

/// Which side of a put failed.
enum PutError {
    Target(io::Error),
    Source(String),
}

/// Sixteen random digits.
fn unknown() -> io::Result<String> {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| io::Error::other("the system has no random bytes"))?;
    Ok(hex(&bytes))
}

fn write_all(path: &Path, bytes: u64, from: &mut dyn Read) -> Result<(), PutError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = SyncedFile::new(options.open(path).map_err(PutError::Target)?);
    let mut buffer = vec![0; CHUNK];
    let mut written = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(PutError::Source(error.to_string())),
        };
        file.write_all(&buffer[..read]).map_err(PutError::Target)?;
        written += read as u64;
    }
    if written != bytes {
        return Err(PutError::Source(format!("{written} bytes came, not {bytes}")));
    }
    file.sync_all().map_err(PutError::Target)
}

fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Opens a regular file for reading. Anything else in its place is an error: a link may lead anywhere, and a pipe has
/// no end.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file")),
    }
}

/// Creates the directories from `root` down to `folder`, and syncs each entry.
fn make_dirs(root: &Path, folder: &Path) -> io::Result<()> {
    let Ok(below) = folder.strip_prefix(root) else { return Ok(()) };
    let mut path = root.to_owned();
    for part in below {
        path.push(part);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(io::Error::new(io::ErrorKind::NotADirectory, "is no directory of its own")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => make_dir(&path)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn text(target: &DirectoryTarget, key: &str) -> String {
        let mut text = String::new();
        target.get(key).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn objects_are_private_whole_and_never_replaced() {
        let home = tempfile::tempdir().unwrap();
        let target = DirectoryTarget::new(&home.path().join("backups"), true);
        assert_eq!(target.list("").unwrap(), []);
        target.put("a/b/one", 3, &mut &b"one"[..]).unwrap();
        assert_eq!(target.put("a/b/one", 3, &mut &b"two"[..]).unwrap_err().fault, TargetFault::Exists);
        assert_eq!(target.put("a/b/two", 4, &mut &b"two"[..]).unwrap_err().fault, TargetFault::Source);
        assert_eq!(text(&target, "a/b/one"), "one");
        assert_eq!(target.list("a").unwrap(), [Object { key: "a/b/one".into(), bytes: 3 }]);
        assert_eq!(target.folders("a").unwrap(), ["b"]);
        let mode = |key: &str| fs::metadata(target.path(key)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(""), mode("a"), mode("a/b"), mode("a/b/one")), (0o700, 0o700, 0o700, 0o600));
        assert_eq!(fs::read_dir(target.path("a/b")).unwrap().count(), 1, "a put that failed leaves nothing");
        target.delete("a/b/one").unwrap();
        target.delete("a/b/one").unwrap();
        assert_eq!(target.get("a/b/one").err().unwrap().fault, TargetFault::NoObject);
    }

    #[test]
    fn what_was_cut_short_is_no_object_and_is_swept() {
        let home = tempfile::tempdir().unwrap();
        let target = DirectoryTarget::new(home.path(), false);
        fs::create_dir(home.path().join("a")).unwrap();
        fs::write(home.path().join("a/.x.unfinished"), "half").unwrap();
        assert_eq!(target.list("a").unwrap(), []);
        assert_eq!(target.sweep("a").unwrap(), 1);
        assert_eq!(target.sweep("a").unwrap(), 0);
    }

    #[test]
    fn links_pipes_and_folders_of_others_are_neither_followed_nor_waited_for() {
        let home = tempfile::tempdir().unwrap();
        let target = DirectoryTarget::new(&home.path().join("backups"), true);
        target.put("a/one", 3, &mut &b"one"[..]).unwrap();
        let (victim, folder) = (home.path().join("victim"), home.path().join("backups/a"));
        fs::write(&victim, "mine").unwrap();
        // What was prepared under every name that a put used before, and below a folder that leads elsewhere.
        std::os::unix::fs::symlink(&victim, folder.join(".two.unfinished")).unwrap();
        fs::create_dir(folder.join(".three.unfinished")).unwrap();
        std::os::unix::fs::symlink(&victim, folder.join("two")).unwrap();
        std::os::unix::fs::symlink(home.path(), home.path().join("backups/b")).unwrap();
        assert!(target.get("a/two").is_err());
        target.replace("a/two", b"two").unwrap();
        target.put("a/three", 5, &mut &b"three"[..]).unwrap();
        assert!(target.put("b/four", 4, &mut &b"four"[..]).is_err());
        assert_eq!((text(&target, "a/two"), text(&target, "a/three")), ("two".into(), "three".into()));
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
        assert_eq!(target.sweep("a").unwrap(), 1, "the link goes, the folder stays");
        let pipe = std::process::Command::new("mkfifo").arg(folder.join("five")).status().unwrap();
        assert!(pipe.success() && target.get("a/five").is_err());
        assert_eq!(target.list("a").unwrap().len(), 3);
    }

    #[test]
    fn folders_that_are_deeper_than_ours_hide_nothing() {
        let home = tempfile::tempdir().unwrap();
        let target = DirectoryTarget::new(home.path(), false);
        target.put("a/timeline-00001/journal/b/one", 3, &mut &b"one"[..]).unwrap();
        // Longer than any path may be, which would end in an error.
        let mut path = home.path().join("a/timeline-00001/journal");
        while path.as_os_str().len() < 3_900 {
            path.push("x".repeat(200));
            fs::create_dir(&path).unwrap();
        }
        fs::write(path.join("two"), "two").unwrap();
        let keys: Vec<String> = target.list("a").unwrap().into_iter().map(|object| object.key).collect();
        assert_eq!(keys, ["a/timeline-00001/journal/b/one"]);
        // What cannot be read is named.
        let error = target.list("a/timeline-00001/journal/b/one").unwrap_err();
        assert!(error.what.contains("journal/b/one"), "{error}");
    }

    #[test]
    fn a_directory_that_is_not_there_is_not_made_elsewhere() {
        let target = DirectoryTarget::new(Path::new("/nonexistent/mount"), false);
        assert_eq!(target.put("x", 1, &mut &b"x"[..]).unwrap_err().fault, TargetFault::Missing);
        assert_eq!(target.list("").unwrap_err().fault, TargetFault::Missing);
        assert_eq!(target.get("x").err().unwrap().fault, TargetFault::Missing);
    }
}
