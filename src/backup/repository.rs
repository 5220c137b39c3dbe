//! The layout of a target:
//!
//! ```text
//! <installation>/timeline-00001/backups/20260302T081500Z-000000000042.bursar    the object
//! <installation>/timeline-00001/backups/20260302T081500Z-000000000042.json      its manifest, written last
//! <installation>/timeline-00001/journal/<stream>/<first>-<last>-<ms>-<line>.journal    changes between backups
//! <installation>/timeline-00001/checkpoints/<log>-<size>.checkpoint             how far the audit log went
//! ```
//!
//! `<line>` is a [`SegmentLine`], so that a listing shows which segment continues which.
//!
//! An object without its manifest is not a backup: its creation or removal was interrupted.

use super::anchors::CHECKPOINT_SUFFIX;
use super::codec::Hashing;
use super::manifest::{COMMIT_MAX, MANIFEST_MAX, Manifest, ManifestError};
use super::signature::Signed;
use super::target::{Target, TargetError, TargetFault};
use crate::domain::clock::Moment;
use crate::store::{InstallationKey, SegmentLine, SignedCheckpoint};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::str::FromStr;
use std::sync::Arc;
use uuid::Uuid;

/// The name of a backup: the second in which it was made, and its last entry. Names sort by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BackupName {
    pub at_s: i64,
    /// The sequence number of the last entry.
    pub last_entry: i64,
}

impl BackupName {
    /// The moment in the name.
    pub fn at(self) -> Moment {
        Moment::from_unix_ms(self.at_s.saturating_mul(1000))
    }
}

impl fmt::Display for BackupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 2026-03-02T08:15:00.000Z without what a file name does not need.
        let text: String = self.at().to_string().chars().filter(|c| !"-:".contains(*c)).collect();
        write!(f, "{}Z-{:012}", text.split('.').next().unwrap_or(&text), self.last_entry)
    }
}

impl FromStr for BackupName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no name of a backup, such as 20260302T081500Z-000000000042");
        let (at, entry) = text.split_once('-').ok_or_else(wrong)?;
        let part = |from: usize, to: usize| at.get(from..to).ok_or_else(wrong);
        let date = format!("{}-{}-{}", part(0, 4)?, part(4, 6)?, part(6, 8)?);
        let time = format!("{}:{}:{}", part(9, 11)?, part(11, 13)?, part(13, 15)?);
        let moment = Moment::parse(&format!("{date}T{time}Z")).ok_or_else(wrong)?;
        let name = BackupName { at_s: moment.unix_s(), last_entry: entry.parse().map_err(|_| wrong())? };
        if name.to_string() == text { Ok(name) } else { Err(wrong()) }
    }
}

/// A backup at a target.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The timeline that it belongs to.
    pub timeline: i64,
    pub name: BackupName,
    /// The size of its object in bytes; none if the object is missing.
    pub bytes: Option<u64>,
    /// Its manifest with its signer, or why it cannot be used.
    pub manifest: Result<Signed<Manifest>, ManifestError>,
}

/// A segment of the change journal at a target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// The timeline that it belongs to.
    pub timeline: i64,
    /// The stream that it belongs to.
    pub stream: Uuid,
    /// The number of the first commit in it.
    pub first: u64,
    /// The number of the last commit in it.
    pub last: u64,
    /// The moment of the last commit in it.
    pub reaches: Moment,
    /// Its place in the history; none in segments from before epochs were recorded.
    pub line: Option<SegmentLine>,
    /// The size of its object in bytes.
    pub bytes: u64,
}

impl Segment {
    /// Whether a database can have such commits.
    fn is_possible(&self) -> bool {
        let parent = self.line.map_or(0, |line| line.parent.commit);
        self.first <= self.last && self.last.max(parent) <= COMMIT_MAX
    }
}

/// A checkpoint of the audit log at a target, by its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlacedCheckpoint {
    /// The timeline that it belongs to.
    pub timeline: i64,
    /// The end of the name of the log ([`LogCheckpoint::log`](crate::store::LogCheckpoint::log)).
    pub log: String,
    /// The number of rows.
    pub size: u64,
}

/// As in its name.
impl fmt::Display for PlacedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:012}", self.log, self.size)
    }
}

/// Everything of one installation at one target.
#[derive(Clone)]
pub struct Repository {
    target: Arc<dyn Target>,
    installation: Uuid,
}

const OBJECT: &str = ".bursar";
const MANIFEST: &str = ".json";
const SEGMENT: &str = ".journal";

/// The largest checkpoint that is read, in bytes.
const CHECKPOINT_MAX: u64 = 1 << 16;

impl Repository {
    /// Names a repository; nothing is read or written.
    pub fn new(target: Arc<dyn Target>, installation: Uuid) -> Repository {
        Repository { target, installation }
    }

    /// The ids of all installations at a target.
    pub fn installations(target: &dyn Target) -> Result<Vec<Uuid>, TargetError> {
        Ok(target.folders("")?.iter().filter_map(|name| name.parse().ok()).collect())
    }

    pub fn target(&self) -> &dyn Target {
        self.target.as_ref()
    }

    pub fn installation(&self) -> Uuid {
        self.installation
    }

    /// The timelines at this target, in ascending order.
    pub fn timelines(&self) -> Result<Vec<i64>, TargetError> {
        let folders = self.target.folders(&self.installation.to_string())?;
        let mut found: Vec<i64> =
            folders.iter().filter_map(|name| name.strip_prefix("timeline-")?.parse().ok()).collect();
        found.sort_unstable();
        Ok(found)
    }

    fn folder(&self, timeline: i64, kind: &str) -> String {
        format!("{}/timeline-{timeline:05}/{kind}", self.installation)
    }

    fn key(&self, timeline: i64, name: BackupName, ending: &str) -> String {
        format!("{}/{name}{ending}", self.folder(timeline, "backups"))
    }

    /// The backups of all timelines, the oldest first. Fetches the manifest of each.
    pub fn backups(&self) -> Result<Vec<Listed>, TargetError> {
        let mut found = Vec::new();
        for timeline in self.timelines()? {
            let (objects, manifests) = self.files(timeline)?;
            for name in manifests {
                // One that cannot be read does not hide the others.
                let manifest = match self.read_manifest(timeline, name) {
                    Err(error) if error.fault == TargetFault::NoObject => continue,
                    Err(error) if matches!(error.fault, TargetFault::Denied | TargetFault::Other) => {
                        Err(ManifestError::Unfetched(error.what))
                    }
                    read => read?,
                };
                found.push(Listed { timeline, name, bytes: objects.get(&name).copied(), manifest });
            }
        }
        found.sort_by_key(|listed| (listed.timeline, listed.name));
        Ok(found)
    }

    /// The objects with their sizes, and the manifests.
    fn files(&self, timeline: i64) -> Result<(BTreeMap<BackupName, u64>, BTreeSet<BackupName>), TargetError> {
        let (mut objects, mut manifests) = (BTreeMap::new(), BTreeSet::new());
        for object in self.target.list(&self.folder(timeline, "backups"))? {
            let Some((_, file)) = object.key.rsplit_once('/') else { continue };
            if let Some(Ok(name)) = file.strip_suffix(OBJECT).map(str::parse) {
                objects.insert(name, object.bytes);
            } else if let Some(Ok(name)) = file.strip_suffix(MANIFEST).map(str::parse) {
                manifests.insert(name);
            }
        }
        Ok((objects, manifests))
    }

    fn read_manifest(
        &self,
        timeline: i64,
        name: BackupName,
    ) -> Result<Result<Signed<Manifest>, ManifestError>, TargetError> {
        let key = self.key(timeline, name, MANIFEST);
        let mut text = Vec::new();
        let read = self.target.get(&key)?.take(MANIFEST_MAX).read_to_end(&mut text);
        read.map_err(|error| TargetError::of_io(self.target.name(), &key, error))?;
        let manifest = Manifest::parse(&text);
        // A manifest that was moved here from elsewhere speaks of something else.
        Ok(manifest.and_then(|signed| {
            let Manifest { contents, name: told, .. } = &signed.value;
            let is_named = told.as_ref().is_none_or(|told| *told == name.to_string());
            match (contents.installation, contents.timeline) == (self.installation, timeline) && is_named {
                true => Ok(signed),
                false => Err(ManifestError::Misplaced),
            }
        }))
    }

    /// Whether an object or a manifest of this name exists.
    pub fn has_backup(&self, timeline: i64, name: BackupName) -> Result<bool, TargetError> {
        let (objects, manifests) = self.files(timeline)?;
        Ok(objects.contains_key(&name) || manifests.contains(&name))
    }

    /// Whether the manifest exists, so that the backup was not removed meanwhile.
    pub fn has_manifest(&self, timeline: i64, name: BackupName) -> Result<bool, TargetError> {
        Ok(self.files(timeline)?.1.contains(&name))
    }

    /// Whether object and manifest exist.
    pub fn is_whole(&self, timeline: i64, name: BackupName) -> Result<bool, TargetError> {
        let (objects, manifests) = self.files(timeline)?;
        Ok(objects.contains_key(&name) && manifests.contains(&name))
    }

    /// Stores the object of a backup, which does not count before its manifest is stored.
    pub fn put_object(
        &self,
        timeline: i64,
        name: BackupName,
        bytes: u64,
        from: &mut dyn Read,
    ) -> Result<(), TargetError> {
        self.target.put(&self.key(timeline, name, OBJECT), bytes, from)
    }

    /// Signs and stores the manifest, which completes the backup.
    pub fn put_manifest(
        &self,
        name: BackupName,
        manifest: &Manifest,
        signing_key: &InstallationKey,
    ) -> Result<(), TargetError> {
        let key = self.key(manifest.contents.timeline, name, MANIFEST);
        let wrong =
            |error: serde_json::Error| TargetError::new(self.target.name(), TargetFault::Source, &error).because(error);
        let text = manifest.to_json(signing_key).map_err(wrong)?;
        self.target.put(&key, text.len() as u64, &mut &text[..])
    }

    /// Stores a checkpoint of the audit log, unless one of the same log and size is there. Returns that one if it is
    /// another, or its key if it cannot be read.
    pub fn put_checkpoint(
        &self,
        timeline: i64,
        signed: &SignedCheckpoint,
    ) -> Result<Option<Result<SignedCheckpoint, String>>, TargetError> {
        let (log, size) = (signed.checkpoint.log().to_owned(), signed.checkpoint.size);
        let key = self.checkpoint_key(&PlacedCheckpoint { timeline, log, size });
        match self.target.put(&key, signed.note.len() as u64, &mut signed.note.as_bytes()) {
            Err(error) if error.fault == TargetFault::Exists => {
                let mut found = Vec::new();
                let read = self.target.get(&key)?.take(MANIFEST_MAX).read_to_end(&mut found);
                read.map_err(|error| TargetError::of_io(self.target.name(), &key, error))?;
                let found = str::from_utf8(&found).ok().and_then(SignedCheckpoint::parse).ok_or(key);
                let is_same = found.as_ref().is_ok_and(|found| found.checkpoint == signed.checkpoint);
                Ok((!is_same).then_some(found))
            }
            put => put.map(|()| None),
        }
    }

    fn checkpoint_key(&self, placed: &PlacedCheckpoint) -> String {
        format!("{}/{placed}.{CHECKPOINT_SUFFIX}", self.folder(placed.timeline, "checkpoints"))
    }

    /// The checkpoints of a timeline, by their names.
    pub fn checkpoints(&self, timeline: i64) -> Result<Vec<PlacedCheckpoint>, TargetError> {
        let found = self.target.list(&self.folder(timeline, "checkpoints"))?;
        let read = |object: &super::target::Object| {
            let (_, file) = object.key.rsplit_once('/')?;
            let (log, size) = file.strip_suffix(CHECKPOINT_SUFFIX)?.strip_suffix('.')?.split_once('-')?;
            let placed = PlacedCheckpoint { timeline, log: log.to_owned(), size: size.parse().ok()? };
            (self.checkpoint_key(&placed) == object.key).then_some(placed)
        };
        Ok(found.iter().filter_map(read).collect())
    }

    /// Reads a checkpoint; none if it is not the one that its name says. Who signed it, it does not check.
    pub fn read_checkpoint(&self, placed: &PlacedCheckpoint) -> Result<Option<SignedCheckpoint>, TargetError> {
        let key = self.checkpoint_key(placed);
        let mut note = Vec::new();
        let read = self.target.get(&key)?.take(CHECKPOINT_MAX).read_to_end(&mut note);
        read.map_err(|error| TargetError::of_io(self.target.name(), &key, error))?;
        let signed = str::from_utf8(&note).ok().and_then(SignedCheckpoint::parse);
        Ok(signed.filter(|signed| (signed.checkpoint.log(), signed.checkpoint.size) == (&*placed.log, placed.size)))
    }

    pub fn remove_checkpoint(&self, placed: &PlacedCheckpoint) -> Result<(), TargetError> {
        self.target.delete(&self.checkpoint_key(placed))
    }

    /// Opens the object of a backup for reading.
    pub fn open_object(&self, timeline: i64, name: BackupName) -> Result<Box<dyn Read + Send>, TargetError> {
        self.target.get(&self.key(timeline, name, OBJECT))
    }

    /// Reads the whole object; returns its size in bytes and its SHA-256.
    pub fn checksum(&self, timeline: i64, name: BackupName) -> Result<(u64, String), TargetError> {
        let mut object = Hashing::new(self.open_object(timeline, name)?);
        let copied = std::io::copy(&mut object, &mut std::io::sink());
        let key = self.key(timeline, name, OBJECT);
        copied.map_err(|error| TargetError::of_io(self.target.name(), &key, error))?;
        let (_, bytes, sha256) = object.finish();
        Ok((bytes, sha256))
    }

    /// Removes a backup, its manifest first.
    pub fn remove(&self, timeline: i64, name: BackupName) -> Result<(), TargetError> {
        self.target.delete(&self.key(timeline, name, MANIFEST))?;
        self.target.delete(&self.key(timeline, name, OBJECT))
    }

    /// Removes what interrupted backups have left in a timeline. No backup may be running there. Returns how many
    /// objects.
    pub fn sweep(&self, timeline: i64) -> Result<usize, TargetError> {
        let (objects, manifests) = self.files(timeline)?;
        let orphans: Vec<_> = objects.into_keys().filter(|name| !manifests.contains(name)).collect();
        for name in &orphans {
            self.target.delete(&self.key(timeline, *name, OBJECT))?;
        }
        Ok(orphans.len() + self.target.sweep(&self.folder(timeline, "backups"))?)
    }

    /// The key of a segment.
    pub(super) fn segment_key(&self, segment: &Segment) -> String {
        let folder = self.folder(segment.timeline, "journal");
        let Segment { stream, first, last, reaches, .. } = segment;
        let line = segment.line.map_or_else(String::new, |line| format!("-{line}"));
        format!("{folder}/{stream}/{first:015}-{last:015}-{}{line}{SEGMENT}", reaches.unix_ms())
    }

    /// The segments of a timeline, sorted by stream and first commit.
    pub fn segments(&self, timeline: i64) -> Result<Vec<Segment>, TargetError> {
        let found = self.target.list(&self.folder(timeline, "journal"))?;
        let read = |object: &super::target::Object| {
            let mut parts = object.key.rsplit('/');
            let mut numbers = parts.next()?.strip_suffix(SEGMENT)?.splitn(4, '-');
            let stream = parts.next()?.parse().ok()?;
            let (first, last) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
            let reaches = Moment::from_unix_ms(numbers.next()?.parse().ok()?);
            let line = numbers.next().map(str::parse).transpose().ok()?;
            let segment = Segment { timeline, stream, first, last, reaches, line, bytes: object.bytes };
            // Another spelling of a name is not ours, and would be looked for in vain; nor are impossible numbers.
            (self.segment_key(&segment) == object.key && segment.is_possible()).then_some(segment)
        };
        let mut segments: Vec<Segment> = found.iter().filter_map(read).collect();
        segments.sort_by_key(|segment| (segment.stream, segment.first));
        Ok(segments)
    }

    /// Removes what interrupted puts of segments have left. None may be running there. Returns how many.
    pub fn sweep_segments(&self, timeline: i64, stream: Uuid) -> Result<usize, TargetError> {
        self.target.sweep(&format!("{}/{stream}", self.folder(timeline, "journal")))
    }

    /// Removes what interrupted puts of leases and checkpoints have left.
    pub fn sweep_small(&self, timeline: i64) -> Result<usize, TargetError> {
        let leases = self.target.sweep(&format!("{}/writers", self.installation))?;
        Ok(leases + self.target.sweep(&self.folder(timeline, "checkpoints"))?)
    }

    /// Stores a segment of `segment.bytes` bytes.
    pub fn put_segment(&self, segment: &Segment, from: &mut dyn Read) -> Result<(), TargetError> {
        self.target.put(&self.segment_key(segment), segment.bytes, from)
    }

    /// Opens a segment for reading.
    pub fn open_segment(&self, segment: &Segment) -> Result<Box<dyn Read + Send>, TargetError> {
        self.target.get(&self.segment_key(segment))
    }

    pub fn remove_segment(&self, segment: &Segment) -> Result<(), TargetError> {
        self.target.delete(&self.segment_key(segment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::directory::DirectoryTarget;
    use crate::backup::manifest::tests::sample;
    use crate::backup::signature::tests::key;
    use crate::store::Parent;

    fn name(at_s: i64, last_entry: i64) -> BackupName {
        BackupName { at_s, last_entry }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        let one = name(1_772_439_300, 42);
        assert_eq!(one.to_string(), "20260302T081500Z-000000000042");
        assert_eq!(one.to_string().parse(), Ok(one));
        assert_eq!(name(0, 10_i64.pow(13)).to_string().parse(), Ok(name(0, 10_i64.pow(13))));
        for wrong in ["", "x", "../20260302T081500Z-1", "20260302T081500Z-42", "20261302T081500Z-000000000042", "é-1"]
        {
            assert!(wrong.parse::<BackupName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_backup_is_one_with_its_manifest_only() {
        let home = tempfile::tempdir().unwrap();
        let target: Arc<dyn Target> = Arc::new(DirectoryTarget::new(home.path(), false));
        let installation = sample().contents.installation;
        let repository = Repository::new(Arc::clone(&target), installation);
        assert!(repository.backups().unwrap().is_empty() && Repository::installations(&*target).unwrap().is_empty());

        repository.put_object(1, name(5, 3), 2, &mut &b"ab"[..]).unwrap();
        repository.put_object(1, name(9, 3), 2, &mut &b"ab"[..]).unwrap();
        assert!(repository.backups().unwrap().is_empty());
        assert!(repository.has_backup(1, name(5, 3)).unwrap());
        repository.put_manifest(name(5, 3), &sample(), &key()).unwrap();
        let found = repository.backups().unwrap();
        assert_eq!((found.len(), found[0].bytes, &found[0].manifest.as_ref().unwrap().value), (1, Some(2), &sample()));
        assert_eq!(repository.sweep(1).unwrap(), 1);
        assert_eq!(Repository::installations(&*target).unwrap(), [installation]);
        assert_eq!(repository.checksum(1, name(5, 3)).unwrap().0, 2);
        repository.remove(1, name(5, 3)).unwrap();
        assert!(target.list("").unwrap().is_empty());
    }

    /// A directory in which some objects cannot be read.
    struct Spoilt(DirectoryTarget);

    impl Target for Spoilt {
        fn name(&self) -> &str {
            self.0.name()
        }

        fn put(&self, key: &str, bytes: u64, from: &mut dyn Read) -> Result<(), TargetError> {
            self.0.put(key, bytes, from)
        }

        fn replace(&self, key: &str, content: &[u8]) -> Result<(), TargetError> {
            self.0.replace(key, content)
        }

        fn get(&self, key: &str) -> Result<Box<dyn Read + Send>, TargetError> {
            match key.contains("Z-000000000007") {
                true => Err(TargetError::new(self.name(), TargetFault::Other, "input/output error")),
                false => self.0.get(key),
            }
        }

        fn list(&self, prefix: &str) -> Result<Vec<crate::backup::target::Object>, TargetError> {
            self.0.list(prefix)
        }

        fn folders(&self, prefix: &str) -> Result<Vec<String>, TargetError> {
            self.0.folders(prefix)
        }

        fn delete(&self, key: &str) -> Result<(), TargetError> {
            self.0.delete(key)
        }

        fn sweep(&self, prefix: &str) -> Result<usize, TargetError> {
            self.0.sweep(prefix)
        }
    }

    #[test]
    fn an_unreadable_manifest_does_not_hide_the_others() {
        let home = tempfile::tempdir().unwrap();
        let target = Spoilt(DirectoryTarget::new(home.path(), false));
        let repository = Repository::new(Arc::new(target), sample().contents.installation);
        let signer = key();
        for it in [name(5, 3), name(6, 7), name(9, 3)] {
            let text = sample().to_json(&signer).unwrap();
            let key = repository.key(1, it, MANIFEST);
            repository.target().put(&key, text.len() as u64, &mut &text[..]).unwrap();
        }
        let found = repository.backups().unwrap();
        assert_eq!(found.len(), 3);
        assert!(matches!(&found[1].manifest, Err(ManifestError::Unfetched(what)) if what == "input/output error"));
        let is_fetched = |listed: &Listed| !matches!(listed.manifest, Err(ManifestError::Unfetched(_)));
        assert!(is_fetched(&found[0]) && is_fetched(&found[2]));
    }

    #[test]
    fn a_manifest_from_elsewhere_is_not_believed() {
        let home = tempfile::tempdir().unwrap();
        let target: Arc<dyn Target> = Arc::new(DirectoryTarget::new(home.path(), false));
        let repository = Repository::new(target, sample().contents.installation);
        let (mut of_timeline, mut of_name) = (sample(), sample());
        of_timeline.contents.timeline = 2;
        of_name.name = Some(name(9, 3).to_string());
        for (at, manifest) in [(5, of_timeline), (6, of_name)] {
            let text = manifest.to_json(&key()).unwrap();
            let key = repository.key(1, name(at, 3), MANIFEST);
            repository.target().put(&key, text.len() as u64, &mut &text[..]).unwrap();
        }
        for found in repository.backups().unwrap() {
            assert!(matches!(found.manifest, Err(ManifestError::Misplaced)), "{}", found.name);
        }
    }

    #[test]
    fn segments_are_found_by_stream_and_number() {
        let home = tempfile::tempdir().unwrap();
        let repository = Repository::new(Arc::new(DirectoryTarget::new(home.path(), false)), Uuid::from_u128(1));
        let reaches = Moment::from_unix_ms(1_772_439_300_120);
        let line = SegmentLine {
            epoch: Uuid::from_u128(3),
            parent: Parent { epoch: Uuid::nil(), commit: 0, at_ms: 5 },
            hash: 4,
        };
        let segment = |first, last| {
            let line = (first > 1).then_some(line); // the first one is from before epochs were recorded
            Segment { timeline: 1, stream: Uuid::from_u128(2), first, last, reaches, line, bytes: 1 }
        };
        for it in [segment(11, 20), segment(1, 10)] {
            repository.put_segment(&it, &mut &b"x"[..]).unwrap();
        }
        assert_eq!(repository.segments(1).unwrap(), [segment(1, 10), segment(11, 20)]);
        assert!(repository.segments(2).unwrap().is_empty());
        repository.remove_segment(&segment(1, 10)).unwrap();
        assert_eq!(repository.segments(1).unwrap(), [segment(11, 20)]);
    }
}
