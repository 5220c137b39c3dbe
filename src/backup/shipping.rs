//! Shipping the change journal: closed segments go from the spool to every target, wrapped like backups, and leave the
//! spool when all targets have them.
//!
//! Each target is served by a lane of its own, so that a slow or unreachable one does not delay the others. If too
//! much waits for a target, the oldest segments are dropped: the target then has a gap, which its next backup closes.

use super::codec::{self, Hashing, Recipient};
use super::error::{BackupError, some, some_of};
use super::lease::{Renewed, Shipped, Watch, Writer};
use super::look::Found;
use super::manifest::{FORMAT, FileFacts, SegmentFacts};
use super::repository::{Repository, Segment};
use super::service::BackupService;
use super::target::{TargetError, TargetFault, TargetSpec};
use crate::domain::clock::{Clock, Moment};
use crate::store::{
    self, BackupRecord, DataDir, InstallationKey, Journal, JournalRow, LogCheckpoint, OtherHistory, RecordedShipping,
    SignedCheckpoint, SpooledSegment, StoreError,
};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

#[derive(Default)]
struct Lane {
    target: String,
    /// The moment of the last commit that the target has.
    reaches: Option<Moment>,
    /// Why the last attempt failed.
    failure: Option<String>,
    /// Whether it lacks changes that were dropped.
    has_gap: bool,
    /// The segments that are both at the target and in the spool: stream and last commit.
    has: BTreeSet<(Uuid, u64)>,
    is_swept: bool,
    /// When a checkpoint of the audit log was shipped last.
    checkpoint_at: Option<Moment>,
    /// Whether the log was compared with the checkpoints there.
    is_compared: bool,
    /// When what is there was compared with this database; none if it must be compared before anything is added.
    looked_at: Option<Moment>,
    found: Found,
    renewed: Renewed,
    /// The last commit that was shipped.
    shipped: Option<Shipped>,
}

/// How often what is at a target is compared with the database, if no new writer gives a reason.
const LOOK_EVERY_S: i64 = 600;

/// How often a target gets a checkpoint of the audit log.
const CHECKPOINT_EVERY_S: i64 = 600;

/// How many checkpoints at a target are read in search of one of our own.
const CHECKPOINTS_COMPARED: usize = 8;

/// A checkpoint to ship.
struct DueCheckpoint {
    timeline: i64,
    /// The last commit when it was read.
    row: JournalRow,
    /// None if nothing has been signed yet.
    last: Option<SignedCheckpoint>,
}

/// Ships the change journal of one installation.
pub struct Shipping {
    service: BackupService,
    dir: DataDir,
    journal: Arc<Journal>,
    installation: Uuid,
    targets: Vec<TargetSpec>,
    recipients: Vec<Recipient>,
    signing_key: InstallationKey,
    spool_max: u64,
    clock: Arc<dyn Clock>,
    interval: Duration,
    lanes: Mutex<Vec<Lane>>,
    /// The leases at each target. Looking at them takes time, so it keeps no probe waiting.
    watches: Vec<Mutex<Watch>>,
}

impl Shipping {
    /// Ships to the targets of `service`. At most `spool_max` bytes wait in the spool; each
    /// target is shipped to within `interval`.
    pub fn new(
        service: &BackupService,
        journal: Arc<Journal>,
        installation: Uuid,
        signing_key: InstallationKey,
        spool_max: u64,
        interval: Duration,
    ) -> Shipping {
        let (targets, recipients) = (service.settings.targets.clone(), service.settings.recipients.clone());
        let names: BTreeSet<String> = targets.iter().map(TargetSpec::name).collect();
        service.note(|record| {
            record.shipping.retain(|target, _| names.contains(target));
            record.targets.retain(|target, _| names.contains(target));
        });
        // A gap stays one across a restart, until a backup closes it.
        let before = service.record().shipping;
        let lane = |spec: &TargetSpec| {
            let target = spec.name();
            let has_gap = before.get(&target).is_some_and(|shipping| shipping.has_gap);
            Lane { target, has_gap, ..Lane::default() }
        };
        let lanes = Mutex::new(targets.iter().map(lane).collect());
        let (dir, clock) = (service.dir.clone(), Arc::clone(&service.clock));
        let watches = targets.iter().map(|_| Mutex::default()).collect();
        let mut settings = service.settings.clone();
        settings.trust.own = Some(signing_key.clone());
        let service = BackupService::new(dir.clone(), settings, Arc::clone(&clock));
        Shipping {
            service,
            dir,
            journal,
            installation,
            targets,
            recipients,
            signing_key,
            spool_max,
            clock,
            interval,
            lanes,
            watches,
        }
    }

    /// The number of targets.
    pub fn lanes(&self) -> usize {
        self.targets.len()
    }

    /// Whether the last attempt to ship to a target succeeded.
    pub fn is_healthy(&self, lane: usize) -> bool {
        self.lock().get(lane).is_some_and(|lane| lane.failure.is_none())
    }

    /// Whether a target has a gap and can be reached again.
    pub fn needs_backup(&self) -> bool {
        self.lock().iter().any(|lane| lane.has_gap && lane.failure.is_none())
    }

    /// Forgets the gaps, because a backup was made after them; but not at the targets that failed to get it.
    pub fn forget_gaps(&self, failed: &[TargetError]) {
        let has_it = |lane: &&mut Lane| failed.iter().all(|error| error.target != lane.target);
        self.lock().iter_mut().filter(has_it).for_each(|lane| lane.has_gap = false);
    }

    /// Whether an earlier writer ships to a target, or may do so.
    pub fn has_other_writer(&self) -> bool {
        self.lock().iter().any(|lane| lane.renewed.standing.other().is_some())
    }

    /// Tells other writers that this one has stopped. A target that was not reached last time is skipped.
    pub fn leave(&self) {
        for (lane, watch) in self.watches.iter().enumerate() {
            let is_reachable = |lane: &&Lane| lane.failure.is_none() || lane.renewed.standing.other().is_some();
            let shipped = self.lock().get(lane).filter(is_reachable).map(|lane| lane.shipped);
            let (Some(spec), Some(shipped)) = (self.targets.get(lane), shipped) else { continue };
            let left = spec.open().and_then(|target| {
                let repository = Repository::new(target, self.installation);
                let mut watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
                watch.leave(&repository, &self.signing_key, shipped)
            });
            if let Err(error) = left {
                tracing::debug!(%error, "the lease stays; others see that it is not renewed");
            }
        }
    }

    /// Histories at the targets that the database does not know yet.
    pub fn news(&self) -> Vec<OtherHistory> {
        self.lock().iter().flat_map(|lane| &lane.found.news).copied().collect()
    }

    /// Forgets them, because the database knows them now.
    pub fn forget_news(&self) {
        self.lock().iter_mut().for_each(|lane| lane.found.news.clear());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, lane: usize, change: impl FnOnce(&mut Lane)) {
        if let Some(lane) = self.lock().get_mut(lane) {
            change(lane);
        }
    }

    /// Ships all commits until now to one target.
    pub fn ship(&self, lane: usize) -> Result<(), BackupError> {
        let began = self.clock.now();
        let due = self.due_checkpoint(lane);
        let rotated = self.journal.rotate();
        if let Err(reason) = &rotated {
            tracing::debug!(%reason, "the change journal is not followed");
        }
        let shipped = self.ship_closed(lane).and_then(|repository| match due? {
            Some(due) => {
                self.compare_once(lane, &repository, &due)?;
                // What it covers must be there before it, or a restore would miss changes that were never shipped.
                match rotated.is_err() || self.has_shipped(lane, &due.row) {
                    true => self.ship_checkpoint(lane, &repository, &due),
                    false => Ok(()),
                }
            }
            None => Ok(()),
        });
        let (failure, now) = (shipped.as_ref().err().map(ToString::to_string), self.clock.now());
        self.note(lane, |lane| {
            match (&lane.failure, &failure) {
                (None, Some(reason)) => {
                    tracing::warn!(%reason, "the change journal cannot be shipped; changes wait in the spool")
                }
                (Some(_), None) => tracing::info!(target = lane.target, "the change journal is shipped again"),
                _ => {}
            }
            lane.failure = failure;
        });
        let cleaned = self.clean_up();
        self.record(lane, now, (rotated.is_ok() && shipped.is_ok()).then_some(began));
        shipped.and(cleaned)
    }

    /// Records the outcome for probes: it tells what the loss of this machine would cost.
    fn record(&self, lane: usize, at: Moment, complete_at: Option<Moment>) {
        let lanes = self.lock();
        let Some(Lane { target, reaches, failure, has_gap, found, renewed, .. }) = lanes.get(lane) else { return };
        // Dropped changes have not arrived, even if later ones have.
        let shipped_at = complete_at.filter(|_| !has_gap);
        let shipping = RecordedShipping {
            at,
            shipped_at,
            reaches: reaches.map(|moment| moment.to_string()),
            failure: failure.clone(),
            has_gap: *has_gap,
            other_histories: some_of(&found.others),
            other_server: renewed.standing.other().map(str::to_owned),
            later_server: renewed.later.clone(),
            unknown_servers: some_of(&renewed.strangers),
            lease_taken: renewed.is_taken,
            untrusted: some_of(&found.untrusted),
        };
        let note = |record: &mut BackupRecord| {
            let before = record.shipping.get(target).and_then(|before| before.shipped_at);
            let shipping = RecordedShipping { shipped_at: shipped_at.or(before), ..shipping };
            record.shipping.insert(target.clone(), shipping);
        };
        if let Err(error) = self.dir.note_backup(note) {
            tracing::error!(%error, "the record of backups cannot be written");
        }
    }

    /// Ships the closed segments. Returns where to.
    fn ship_closed(&self, lane: usize) -> Result<Repository, BackupError> {
        let spec = self.targets.get(lane).ok_or(BackupError::NoTarget)?;
        let target = spec.open()?;
        let name = target.name().to_owned();
        self.note(lane, |lane| lane.target = name);
        // Also if there is nothing to ship: the target itself may be gone.
        target.is_there()?;
        let repository = Repository::new(target, self.installation);
        self.renew_lease(lane, &repository)?;
        self.look_once(lane, &repository)?;
        if let Some(obstacle) = self.lock().get(lane).and_then(|lane| lane.renewed.standing.obstacle()) {
            return Err(obstacle);
        }
        for segment in self.spooled()? {
            let key = (segment.stream, segment.last);
            if self.lock().get(lane).is_some_and(|lane| lane.has.contains(&key)) {
                continue;
            }
            self.sweep_once(lane, &repository, &segment)?;
            // Another target may have been the last to get it, and removed it from the spool.
            let Some(sealed) = self.seal(lane, &segment)? else { continue };
            put(&repository, &segment, &sealed)?;
            let _ = fs::remove_file(&sealed); // each attempt makes a new one
            self.note(lane, |lane| {
                lane.has.insert(key);
                let epoch = segment.line.map_or(Uuid::nil(), |line| line.epoch);
                lane.shipped = Some(Shipped { epoch, stream: segment.stream, commit: segment.last });
                lane.reaches = lane.reaches.max(Some(segment.reaches));
            });
        }
        Ok(repository)
    }

    /// The last checkpoint of the audit log, if the target should get one: once in a while, so that it shows how far
    /// the log went.
    fn due_checkpoint(&self, lane: usize) -> Result<Option<DueCheckpoint>, BackupError> {
        let shipped = self.lock().get(lane).and_then(|lane| lane.checkpoint_at);
        if shipped.is_some_and(|shipped| self.clock.now() < shipped.plus_s(CHECKPOINT_EVERY_S)) {
            return Ok(None);
        }
        let due = store::read_file(&self.dir.database_file(), |tx| {
            let timeline = tx.installation()?.map_or(1, |it| it.timeline);
            Ok::<_, StoreError>(DueCheckpoint { timeline, row: tx.journal_row()?, last: tx.last_checkpoint()? })
        })?;
        Ok(Some(due))
    }

    /// Whether a target has everything up to this commit.
    fn has_shipped(&self, lane: usize, row: &JournalRow) -> bool {
        let shipped = self.lock().get(lane).and_then(|lane| lane.shipped);
        shipped.is_some_and(|it| it.stream == row.stream && it.commit >= row.number)
    }

    fn ship_checkpoint(&self, lane: usize, repository: &Repository, due: &DueCheckpoint) -> Result<(), BackupError> {
        let now = self.clock.now();
        if let Some(checkpoint) = &due.last
            && let Some(found) = repository.put_checkpoint(due.timeline, checkpoint)?
        {
            self.report_other_checkpoint(lane, repository, found)?;
        }
        self.note(lane, |lane| lane.checkpoint_at = Some(now));
        Ok(())
    }

    /// Compares the log with the newest checkpoint at the target, after a start.
    fn compare_once(&self, lane: usize, repository: &Repository, due: &DueCheckpoint) -> Result<(), BackupError> {
        let is_compared = self.lock().get(lane).is_none_or(|lane| lane.is_compared);
        let Some(last) = due.last.as_ref().filter(|_| !is_compared) else { return Ok(()) };
        let found = self.contradiction(repository, due.timeline, last)?;
        self.note(lane, |lane| lane.is_compared = true);
        found.map_or(Ok(()), |found| self.report_other_checkpoint(lane, repository, Ok(found)))
    }

    /// The newest checkpoint at a target that this installation signed and the log has passed, if it says something
    /// else than the log. Looks at a few only: others may be planted.
    fn contradiction(
        &self,
        repository: &Repository,
        timeline: i64,
        last: &SignedCheckpoint,
    ) -> Result<Option<SignedCheckpoint>, BackupError> {
        let (log, reached) = (last.checkpoint.log(), last.checkpoint.size);
        let own = self.signing_key.verifier(self.installation);
        let mut placed = repository.checkpoints(timeline)?;
        placed.retain(|it| it.log == log && it.size <= reached);
        placed.sort_by_key(|it| std::cmp::Reverse(it.size));
        for it in placed.iter().take(CHECKPOINTS_COMPARED) {
            let found = repository.read_checkpoint(it)?.filter(|found| found.is_signed_by(&own) == Some(true));
            if let Some(found) = found {
                let root = store::read_file(&self.dir.database_file(), |tx| tx.log_root(it.size))?;
                return Ok((found.checkpoint.root != root).then_some(found));
            }
        }
        Ok(None)
    }

    /// Where our checkpoint should be, the target has another one. It stays. If this installation signed that one, its
    /// key vouches for two histories, which nobody may miss.
    fn report_other_checkpoint(
        &self,
        lane: usize,
        repository: &Repository,
        found: Result<SignedCheckpoint, String>,
    ) -> Result<(), BackupError> {
        let target = repository.target().name().to_owned();
        let own = self.signing_key.verifier(self.installation);
        match found {
            Ok(other) if other.is_signed_by(&own) == Some(true) => {
                let LogCheckpoint { origin, size, .. } = other.checkpoint;
                let error = BackupError::TwoRoots { target, origin, size };
                let told = error.to_string();
                tracing::error!(%error, "the audit log contradicts what was signed before");
                self.note(lane, |lane| {
                    if !lane.found.others.contains(&told) {
                        lane.found.others.push(told);
                    }
                });
                Err(error)
            }
            Ok(other) => {
                tracing::warn!(
                    target,
                    origin = other.checkpoint.origin,
                    "a checkpoint there is not of this installation"
                );
                Ok(())
            }
            Err(file) => {
                tracing::warn!(target, file, "a file there is in the place of a checkpoint and cannot be read");
                Ok(())
            }
        }
    }

    fn renew_lease(&self, lane: usize, repository: &Repository) -> Result<(), BackupError> {
        let Some(watch) = self.watches.get(lane) else { return Ok(()) };
        let writer = Writer {
            dir: &self.dir,
            interval: self.interval,
            now: self.clock.now(),
            epoch: self.journal.status().epoch,
            key: &self.signing_key,
            trust: &self.service.settings.trust,
            shipped: self.lock().get(lane).and_then(|lane| lane.shipped),
        };
        let renewed = watch.lock().unwrap_or_else(PoisonError::into_inner).renew(repository, &writer)?;
        self.note(lane, |lane| {
            warn_of(&renewed, &lane.renewed, repository);
            lane.looked_at = lane.looked_at.filter(|_| !renewed.has_news);
            lane.renewed = renewed;
        });
        Ok(())
    }

    /// Ships what is left before the server stops, with a last checkpoint.
    pub fn ship_last(&self, lane: usize) -> Result<(), BackupError> {
        self.note(lane, |lane| lane.checkpoint_at = None);
        self.ship(lane)
    }

    /// Compares what the target has with this database, before anything is added to it.
    fn look_once(&self, lane: usize, repository: &Repository) -> Result<(), BackupError> {
        let (now, target) = (self.clock.now(), repository.target().name());
        let (looked_at, before) = match self.lock().get(lane) {
            Some(lane) => (lane.looked_at, lane.found.clone()),
            None => return Ok(()),
        };
        if looked_at.is_some_and(|looked| now < looked.plus_s(LOOK_EVERY_S)) {
            return Ok(());
        }
        // Without a reason, only if there is something new.
        let Some(found) = self.service.look(repository, looked_at.map(|_| &before))? else {
            self.note(lane, |lane| lane.looked_at = Some(now));
            return Ok(());
        };
        for other in some_of(&found.others).iter().filter(|other| !before.others.contains(other)) {
            tracing::warn!(target, other, "the target has another history of this installation");
        }
        if !found.untrusted.is_empty() && found.untrusted != before.untrusted {
            let what = some(&found.untrusted);
            tracing::warn!(target, what, "the target has backups or changes that no trusted key signed; none is used");
        }
        self.note(lane, |lane| (lane.looked_at, lane.found) = (Some(now), found));
        Ok(())
    }

    fn spooled(&self) -> Result<Vec<SpooledSegment>, BackupError> {
        self.journal.segments().map_err(|error| BackupError::Local(self.journal.dir().into(), error))
    }

    /// Removes what interrupted puts have left, before the first put.
    fn sweep_once(&self, lane: usize, repository: &Repository, segment: &SpooledSegment) -> Result<(), TargetError> {
        if !self.lock().get(lane).is_some_and(|lane| lane.is_swept) {
            repository.sweep_segments(segment.timeline, segment.stream)?;
            repository.sweep_small(segment.timeline)?;
            self.note(lane, |lane| lane.is_swept = true);
        }
        Ok(())
    }

    /// Wraps a segment into a file for the target; none if the segment was removed meanwhile.
    fn seal(&self, lane: usize, segment: &SpooledSegment) -> Result<Option<std::path::PathBuf>, BackupError> {
        let path = self.journal.dir().join(format!("sealed-{lane}.tmp"));
        let local = |error: io::Error| BackupError::Local(path.clone(), error);
        let mut from = match File::open(&segment.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            from => from.map_err(|error| BackupError::Local(segment.path.clone(), error))?,
        };
        let to = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).map_err(local)?;
        let facts = self.facts(segment, &mut from)?;
        let signed = facts.to_json(&self.signing_key).map_err(|error| local(error.into()))?;
        let mut sealed = codec::write_segment(&self.recipients, &signed, BufWriter::new(to)).map_err(local)?;
        io::copy(&mut from, &mut sealed).map_err(local)?;
        let written = sealed.finish().map_err(local)?;
        written.into_inner().map_err(|error| local(error.into_error()))?;
        Ok(Some(path))
    }

    /// What the place is told about a segment. Leaves the file at its start.
    fn facts(&self, segment: &SpooledSegment, file: &mut File) -> Result<SegmentFacts, BackupError> {
        let mut hashed = Hashing::new(&mut *file);
        let read = io::copy(&mut hashed, &mut io::sink());
        let (_, bytes, sha256) = hashed.finish();
        read.and_then(|_| file.rewind()).map_err(|error| BackupError::Local(segment.path.clone(), error))?;
        Ok(SegmentFacts {
            format: FORMAT,
            installation: self.installation,
            timeline: segment.timeline,
            stream: segment.stream,
            first: segment.first,
            last: segment.last,
            reaches: segment.reaches,
            line: segment.line.map(|line| line.to_string()),
            segment: FileFacts { bytes, sha256 },
        })
    }

    /// Removes segments that all targets have, and the oldest ones if the spool is too large.
    fn clean_up(&self) -> Result<(), BackupError> {
        let spooled = self.spooled()?;
        let mut lanes = self.lock();
        let mut waiting: u64 = 0;
        let mut kept = Vec::new();
        for segment in spooled {
            let key = (segment.stream, segment.last);
            if lanes.iter().all(|lane| lane.has.contains(&key)) {
                remove(&segment.path)?;
                lanes.iter_mut().for_each(|lane| _ = lane.has.remove(&key));
            } else {
                waiting += segment.bytes;
                kept.push(segment);
            }
        }
        for segment in kept {
            if waiting <= self.spool_max {
                break;
            }
            let key = (segment.stream, segment.last);
            remove(&segment.path)?;
            waiting -= segment.bytes;
            for lane in lanes.iter_mut() {
                if lane.has.remove(&key) {
                    continue;
                }
                if !lane.has_gap {
                    tracing::warn!(target = lane.target, "changes were dropped: too many wait; a backup will follow");
                }
                lane.has_gap = true;
            }
        }
        Ok(())
    }
}

/// Logs what a renewal has found, once.
fn warn_of(renewed: &Renewed, before: &Renewed, repository: &Repository) {
    let target = repository.target().name();
    if renewed.has_news && !renewed.is_taken {
        tracing::warn!(target, "another server of this installation has come to the target");
    }
    if renewed.is_taken && !before.is_taken {
        tracing::warn!(
            target,
            "somebody else has changed or removed the lease of this server: is this machine copied?"
        );
    }
    if let Some(server) = renewed.later.as_ref().filter(|_| renewed.later != before.later) {
        tracing::warn!(target, server, "another server of this installation runs; it came later and must not ship");
    }
    let is_new = |stranger: &&String| !before.strangers.contains(stranger);
    for server in some_of(&renewed.strangers.iter().filter(is_new).cloned().collect::<Vec<_>>()) {
        tracing::warn!(target, server, "a server whose lease no trusted key signed writes to the target");
    }
}

fn remove(path: &Path) -> Result<(), BackupError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BackupError::Local(path.into(), error)),
        _ => Ok(()),
    }
}

fn put(repository: &Repository, segment: &SpooledSegment, sealed: &Path) -> Result<(), BackupError> {
    let local = |error: io::Error| BackupError::Local(sealed.into(), error);
    let mut from = File::open(sealed).map_err(local)?;
    let SpooledSegment { timeline, stream, first, last, reaches, line, .. } = *segment;
    let bytes = from.metadata().map_err(local)?.len();
    match repository.put_segment(&Segment { timeline, stream, first, last, reaches, line, bytes }, &mut from) {
        // It was stored before a crash, which the spool does not record.
        Err(error) if error.fault == TargetFault::Exists => Ok(()),
        put => Ok(put?),
    }
}
