//! The spool: segments of the change journal that wait in the data directory until they are shipped.
//!
//! One segment is open and grows. The others are closed, never change, and are removed once every target has them. The
//! open segment always exists, even if empty, because after a stop it tells where the journal stands.

use crate::domain::clock::Moment;
use crate::store::database::journal::epochs::{Epoch, Parent, SegmentLine};
use crate::store::database::journal::segment::{
    CommitHead, FORMAT, SegmentError, SegmentHead, SegmentReader, WalPlace,
};
use aws_lc_rs::digest::{Context, SHA256};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use uuid::Uuid;

const OPEN: &str = "open";
const CLOSED: &str = "commits";

/// A closed segment in the data directory.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SpooledSegment {
    pub timeline: i64,
    pub stream: Uuid,
    /// The number of its first commit.
    pub first: u64,
    /// The number of its last commit.
    pub last: u64,
    /// The moment of its last commit.
    pub reaches: Moment,
    /// Its place in the history; none in format 1.
    pub line: Option<SegmentLine>,
    pub path: PathBuf,
    pub bytes: u64,
}

impl SpooledSegment {
    fn named(path: &Path) -> Option<SpooledSegment> {
        if path.extension()? != CLOSED {
            return None;
        }
        let mut parts = path.file_stem()?.to_str()?.splitn(6, '-');
        let segment = SpooledSegment {
            timeline: parts.next()?.parse().ok()?,
            stream: Uuid::try_parse(parts.next()?).ok()?,
            first: parts.next()?.parse().ok()?,
            last: parts.next()?.parse().ok()?,
            reaches: Moment::from_unix_ms(parts.next()?.parse().ok()?),
            line: parts.next().map(str::parse).transpose().ok()?,
            path: path.into(),
            bytes: fs::metadata(path).ok()?.len(),
        };
        Some(segment)
    }
}

/// The closed segments of a spool, in order within each stream.
pub fn closed_segments(dir: &Path) -> io::Result<Vec<SpooledSegment>> {
    let mut found: Vec<_> = files(dir)?.iter().filter_map(|path| SpooledSegment::named(path)).collect();
    found.sort();
    Ok(found)
}

fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(dir) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

pub(super) fn open_files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = files(dir)?;
    found.retain(|path| path.extension().is_some_and(|extension| extension == OPEN));
    found.sort();
    Ok(found)
}

/// Syncs the directory, so that new file names survive a power cut.
fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The segment that commits are appended to.
pub(super) struct Spool {
    dir: PathBuf,
    head: SegmentHead,
    path: PathBuf,
    file: File,
    hash: Context,
    first: Option<u64>,
    /// The last commit; in an empty segment, the last one of the preceding segment.
    last: Option<u64>,
    /// Where the last commit ends in the log; none if the segment is empty.
    place: Option<WalPlace>,
    /// The moment of the last commit; none if the segment is empty.
    recorded_at: Option<Moment>,
}

impl Spool {
    /// Begins a stream. Open segments of an earlier stream are closed and stay until they are shipped.
    pub(super) fn begin(dir: &Path, timeline: i64, epoch: &Epoch, row_page: u32) -> io::Result<Spool> {
        if !dir.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        for path in open_files(dir)? {
            match Spool::read(dir, &path) {
                Ok(old) => old.close()?,
                Err(error) => {
                    tracing::warn!(%error, file = %path.display(), "removing an unreadable journal segment");
                    fs::remove_file(&path)?;
                }
            }
        }
        let head = SegmentHead {
            format: FORMAT,
            timeline,
            stream: epoch.stream,
            after: None,
            previous: None,
            row_page,
            epoch: epoch.id,
            parent: Some(Parent { epoch: epoch.parent, commit: epoch.parent_commit, at_ms: epoch.parent_at.unix_ms() }),
            after_ms: 0,
        };
        Spool::create(dir, head)
    }

    /// Opens the segment that was open at the last stop, and truncates an incomplete commit at its end. None if there
    /// is no such segment.
    pub(super) fn resume(dir: &Path) -> io::Result<Option<Spool>> {
        let mut found: Option<Spool> = None;
        // Two are open if the stop came after creating the next one but before closing its predecessor.
        for path in open_files(dir)? {
            let Ok(next) = Spool::read(dir, &path) else { continue };
            match found.take() {
                Some(before) if next.follows(&before) => {
                    before.close()?;
                    found = Some(next);
                }
                Some(before) if before.follows(&next) => {
                    next.close()?;
                    found = Some(before);
                }
                Some(_) => return Ok(None),
                None => found = Some(next),
            }
        }
        Ok(found)
    }

    fn follows(&self, before: &Spool) -> bool {
        self.head.stream == before.head.stream
            && self.head.after == before.last
            && self.head.previous == Some(hex(before.hash.clone().finish().as_ref()))
    }

    fn create(dir: &Path, head: SegmentHead) -> io::Result<Spool> {
        let path = dir.join(format!("{}-{:016}.{OPEN}", head.stream.simple(), head.after.unwrap_or_default()));
        let line = head.line();
        let making = path.with_extension("tmp");
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(&making)?;
        file.write_all(line.as_bytes())?;
        file.sync_all()?;
        fs::rename(&making, &path)?;
        sync_dir(dir)?;
        let mut hash = Context::new(&SHA256);
        hash.update(line.as_bytes());
        let last = head.after;
        Ok(Spool { dir: dir.into(), head, path, file, hash, first: None, last, place: None, recorded_at: None })
    }

    fn read(dir: &Path, path: &Path) -> Result<Spool, SegmentError> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut reader = SegmentReader::new(BufReader::new(&file))?;
        let head = reader.head().clone();
        let mut size = head.line().len() as u64;
        let (mut first, mut last, mut place, mut recorded_at) = (None, head.after, None, None);
        loop {
            match reader.next_commit() {
                Ok(Some(commit)) => {
                    let row = commit.row();
                    first = first.or(Some(row.number));
                    (last, place, recorded_at) = (Some(row.number), Some(commit.head.place), Some(row.recorded_at));
                    size += crate::store::database::journal::segment::COMMIT_HEAD as u64
                        + commit.head.frame_size() as u64 * u64::from(commit.head.frames);
                }
                Ok(None) => break,
                Err(SegmentError::Io(error)) => return Err(error.into()),
                // Power was lost before the end reached the disk. The log still has the missing commits.
                Err(SegmentError::Truncated | SegmentError::Damaged(_)) => {
                    file.set_len(size)?;
                    file.sync_all()?;
                    break;
                }
            }
        }
        drop(reader);
        let mut hash = Context::new(&SHA256);
        file.seek(SeekFrom::Start(0))?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                read => hash.update(&buffer[..read]),
            }
        }
        Ok(Spool { dir: dir.into(), head, path: path.into(), file, hash, first, last, place, recorded_at })
    }

    pub(super) fn head(&self) -> &SegmentHead {
        &self.head
    }

    /// The last commit in this or the preceding segment; none in a stream without commits.
    pub(super) fn last(&self) -> Option<u64> {
        self.last
    }

    pub(super) fn place(&self) -> Option<WalPlace> {
        self.place
    }

    pub(super) fn append(&mut self, head: &CommitHead, frames: &[u8]) -> io::Result<()> {
        let bytes = head.bytes();
        self.file.write_all(&bytes)?;
        self.file.write_all(frames)?;
        self.hash.update(&bytes);
        self.hash.update(frames);
        self.first = self.first.or(Some(head.row.number));
        self.last = Some(head.row.number);
        self.place = Some(head.place);
        self.recorded_at = Some(head.row.recorded_at);
        Ok(())
    }

    /// Starts a segment for the commits of another epoch, which continues the present one here.
    pub(super) fn enter(&mut self, epoch: Uuid) -> io::Result<()> {
        if epoch == self.head.epoch {
            return Ok(());
        }
        let (commit, at_ms) = (self.last.unwrap_or_default(), self.last_ms());
        let parent = Some(Parent { epoch: self.head.epoch, commit, at_ms });
        if self.first.is_none() {
            // The new segment takes the place of the empty one, under the same name.
            *self = Spool::create(&self.dir, SegmentHead { format: FORMAT, epoch, parent, ..self.head.clone() })?;
            return Ok(());
        }
        self.rotate_to(SegmentHead { format: FORMAT, epoch, parent, ..self.head.clone() })
    }

    /// The moment of the last commit, in milliseconds.
    fn last_ms(&self) -> i64 {
        self.recorded_at.map_or(self.head.after_ms, Moment::unix_ms)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Closes this segment and opens the next one, unless it is empty.
    pub(super) fn rotate(&mut self) -> io::Result<()> {
        if self.first.is_none() {
            return Ok(());
        }
        self.rotate_to(self.head.clone())
    }

    fn rotate_to(&mut self, head: SegmentHead) -> io::Result<()> {
        self.file.sync_all()?;
        let previous = Some(hex(self.hash.clone().finish().as_ref()));
        let next =
            Spool::create(&self.dir, SegmentHead { after: self.last, after_ms: self.last_ms(), previous, ..head })?;
        std::mem::replace(self, next).close()
    }

    /// Its place in the history; none in format 1.
    fn line(&self) -> Option<SegmentLine> {
        let parent = self.head.parent?;
        let digest = self.hash.clone().finish();
        let hash = u64::from_be_bytes(*digest.as_ref().first_chunk()?);
        Some(SegmentLine { epoch: self.head.epoch, parent, hash })
    }

    /// Renames the segment to the name under which it is shipped; removes it if it is empty.
    pub(super) fn close(self) -> io::Result<()> {
        match (self.first, self.last, self.recorded_at) {
            (Some(first), Some(last), Some(reaches)) => {
                self.file.sync_all()?;
                let (timeline, stream, reaches) = (self.head.timeline, self.head.stream.simple(), reaches.unix_ms());
                let line = self.line().map_or_else(String::new, |line| format!("-{line}"));
                let name = format!("{timeline:05}-{stream}-{first:016}-{last:016}-{reaches}{line}.{CLOSED}");
                fs::rename(&self.path, self.dir.join(name))?;
            }
            _ => fs::remove_file(&self.path)?,
        }
        sync_dir(&self.dir)
    }
}
