//! Creates a backup: copy, prove, wrap, send, read back, and at last the manifest, without which it does not count.

use super::codec::{self, Hashing};
use super::error::BackupError;
use super::fetch::{FetchTo, copy_all, fetch};
use super::machine::host_name;
use super::manifest::{
    Ancestor, Contents, Encoding, FORMAT, FileFacts, LINEAGE_MAX, Manifest, ObjectFacts, ProofFacts, Reason,
    StreamPosition, Superseded,
};
use super::progress::Phase;
use super::prove::{hex, log_facts, tallies};
use super::repository::{BackupName, Repository};
use super::service::{BackupService, backup_label, file_error};
use super::synced_file::SyncedFile;
use super::target::{TargetError, TargetFault};
use super::work_dir::WorkDir;
use crate::domain::clock::Moment;
use crate::store::{self, BackupRecord, Epoch, OtherHistory, RecordedBackup, RecordedFailure};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Instant;

#[derive(Clone, Debug)]
pub struct Created {
    pub name: BackupName,
    /// Its manifest with the trial balance.
    pub manifest: Manifest,
    /// The names of the targets that have it.
    pub targets: Vec<String>,
    /// The number of objects of interrupted backups that were removed.
    pub swept: usize,
}

impl BackupService {
    /// Makes a backup and sends it to all targets.
    ///
    /// # Errors
    /// [`BackupError::OtherWriter`] if another server ships to a target in place of this one.
    /// [`BackupError::Busy`] if another process works with backups. [`BackupError::Partial`] where some targets have it
    /// and some do not. A backup that fails leaves nothing behind.
    pub fn create(&self, reason: Reason) -> Result<Created, BackupError> {
        self.signing_key()?;
        if let (Reason::Manual | Reason::Scheduled, Some(other)) = (reason, self.other_server()) {
            let error = BackupError::OtherWriter(other);
            self.note_failure(&error);
            return Err(error);
        }
        let work = self.work_dir().inspect_err(|error| self.note_failure(error))?;
        let outcome = self.create_in(&work, reason);
        let at = self.now();
        let made = match outcome {
            Err(error) => {
                self.note_failure(&error);
                return Err(error);
            }
            Ok(made) => made,
        };
        let (created, missed) = made;
        let recorded = RecordedBackup { at, name: created.name.to_string() };
        let outcome = match missed.is_empty() {
            true => Ok(()),
            false => Err(BackupError::Partial(missed)),
        };
        self.note(|record| {
            record.last_proof = Some(recorded.clone());
            for target in &created.targets {
                record.targets.insert(target.clone(), recorded.clone());
            }
            match &outcome {
                Ok(()) => (record.last_success, record.failures) = (Some(recorded), 0),
                Err(error) => add_failure(record, at, error),
            }
        });
        outcome.map(|()| created)
    }

    /// The server that ships to a target in place of this one; none if there is none, or backups are made beside it.
    fn other_server(&self) -> Option<String> {
        let record = self.record();
        let here = self.settings.targets.iter().filter_map(|target| record.shipping.get(&target.name()));
        here.filter(|_| !self.is_beside_other).find_map(|shipping| shipping.other_server.clone())
    }

    /// Records that a backup failed, unless this process had to leave it to another.
    fn note_failure(&self, error: &BackupError) {
        if !error.is_refusal() {
            self.note(|record| add_failure(record, self.now(), error));
        }
    }

    fn create_in(&self, work: &WorkDir, reason: Reason) -> Result<(Created, Vec<TargetError>), BackupError> {
        let facts = store::read_file(&self.dir.database_file(), |tx| tx.copy_facts())?;
        // A missing target is detected before the work, not after it.
        let (mut swept, mut missed, mut repositories) = (0, Vec::new(), Vec::new());
        for repository in self.repositories()? {
            let swept_there = repository.and_then(|repository| {
                let count = repository.sweep(facts.timeline)?;
                Ok((repository, count))
            });
            match swept_there {
                Ok((repository, count)) => (swept, _) = (swept + count, repositories.push(repository)),
                Err(error) => missed.push(error),
            }
        }
        if repositories.is_empty() {
            return Err(missed.into_iter().next().map_or(BackupError::NoTarget, BackupError::Target));
        }

        let (copy, taken_at) = (work.path("copy.db"), self.now());
        self.copy(&copy)?;
        let contents = self.prove(work, &copy, taken_at, reason)?;
        let name = free_name(&repositories, taken_at, &contents)?;
        let object = work.path("object");
        let manifest = self.wrap(&copy, &object, name, contents)?;
        let _ = fs::remove_file(&copy); // frees the space now: a target may be on the same disk

        let mut targets = Vec::new();
        for repository in &repositories {
            match self.send(repository, name, &manifest, &object) {
                Ok(()) => targets.push(repository.target().name().to_owned()),
                Err(BackupError::Target(error)) => missed.push(error),
                Err(error) => return Err(error),
            }
        }
        if targets.is_empty() {
            return Err(missed.into_iter().next().map_or(BackupError::NoTarget, BackupError::Target));
        }
        Ok((Created { name, manifest, targets, swept }, missed))
    }

    /// Migrates a copy of the database and proves it. Returns how long that took, in milliseconds.
    pub fn rehearse_migration(&self) -> Result<u64, BackupError> {
        let work = self.work_dir()?;
        let copy = work.path("copy.db");
        self.copy(&copy)?;
        self.progress.begin(Phase::Prove, 0);
        let started = Instant::now();
        let (_, proof) = self.prove_copy(&copy, &work.path("migrated.db"))?;
        match proof.findings.first() {
            Some(finding) => Err(BackupError::Unproven(format!("{}: {}", finding.check, finding.what))),
            None => Ok(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)),
        }
    }

    fn copy(&self, to: &Path) -> Result<(), BackupError> {
        let from = self.dir.database_file();
        let page = 4096;
        self.progress.begin(Phase::Copy, 0);
        let (mut total, mut pace) = (0, self.pace());
        store::copy_file(&from, to, &mut |done, of| {
            if total != of {
                total = of;
                self.progress.begin(Phase::Copy, of * page);
            }
            self.progress.advance_to(done * page);
            !pace.pause()
        })?;
        Ok(())
    }

    /// Proves the copy and collects its facts.
    fn prove(&self, work: &WorkDir, copy: &Path, taken_at: Moment, reason: Reason) -> Result<Contents, BackupError> {
        self.progress.begin(Phase::Prove, 0);
        let (facts, proof) = self.prove_copy(copy, &work.path("migrated.db"))?;
        if let Some(finding) = proof.findings.first() {
            return Err(BackupError::Unproven(format!("{}: {}", finding.check, finding.what)));
        }
        let file = File::open(copy).map_err(file_error(copy))?;
        let mut hashed = Hashing::new(self.tracked(file));
        std::io::copy(&mut hashed, &mut std::io::sink()).map_err(file_error(copy))?;
        let (_, bytes, sha256) = hashed.finish();
        let log = log_facts(&facts);
        Ok(Contents {
            format: FORMAT,
            bursar_version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_version: facts.schema_version,
            installation: facts.installation,
            mode: facts.mode,
            timeline: facts.timeline,
            position: facts.journal.map(|row| StreamPosition {
                stream: row.stream,
                epoch: row.epoch,
                commit: row.number,
            }),
            lineage: lineage(&facts.epochs),
            superseded: facts.superseded.iter().rev().take(LINEAGE_MAX).map(superseded).collect(),
            host: host_name(),
            taken_at,
            recorded_at: facts.recorded_at,
            reason,
            entries: facts.entries,
            last_entry: facts.last_entry,
            last_event: facts.last_event,
            chain_head: hex(&facts.chain_head),
            log,
            trial_balance: Some(tallies(&proof)),
            database: FileFacts { bytes, sha256 },
            proof: ProofFacts {
                proven_at: self.now(),
                postings: proof.postings,
                books: proof.books,
                events: proof.events,
            },
        })
    }

    fn wrap(&self, copy: &Path, object: &Path, name: BackupName, contents: Contents) -> Result<Manifest, BackupError> {
        self.progress.begin(Phase::Wrap, contents.database.bytes);
        let file = File::open(copy).map_err(file_error(copy))?;
        let mut plain = Hashing::new(self.tracked(file));
        let mut options = OpenOptions::new();
        let to = options.write(true).create_new(true).mode(0o600).open(object).map_err(file_error(object))?;
        let (recipients, key) = (&self.settings.recipients, self.signing_key()?);
        let wrapped = contents.to_json(key).map_err(std::io::Error::from).and_then(|signed| {
            let mut sealed = codec::write_backup(recipients, &signed, Hashing::new(SyncedFile::new(to)))?;
            std::io::copy(&mut plain, &mut sealed)?;
            sealed.finish()
        });
        let (_, bytes, sha256) =
            wrapped
                .map_err(|error| {
                    if self.cancellation.is_cancelled() { BackupError::Cancelled } else { file_error(object)(error) }
                })?
                .finish();
        let (_, _, database) = plain.finish();
        if database != contents.database.sha256 {
            return Err(BackupError::Unproven("the copy changed after its proof".into()));
        }
        let encoding = if recipients.is_empty() { Encoding::Zstd } else { Encoding::ZstdAge };
        Ok(Manifest { contents, object: ObjectFacts { encoding, bytes, sha256 }, name: Some(name.to_string()) })
    }

    /// Sends a backup to a target, reads it back, and stores its manifest.
    fn send(
        &self,
        repository: &Repository,
        name: BackupName,
        manifest: &Manifest,
        object: &Path,
    ) -> Result<(), BackupError> {
        let timeline = manifest.contents.timeline;
        self.progress.begin(Phase::Send, manifest.object.bytes);
        let file = File::open(object).map_err(file_error(object))?;
        let mut from = self.tracked(file);
        let put = repository.put_object(timeline, name, manifest.object.bytes, &mut from);
        put.map_err(|error| if self.cancellation.is_cancelled() { BackupError::Cancelled } else { error.into() })?;
        self.progress.begin(Phase::ReadBack, manifest.object.bytes);
        let can_read = manifest.object.encoding == Encoding::Zstd || !self.settings.identities.is_empty();
        let fetched = can_read.then(|| fetch(self, repository, name, &public_manifest(manifest), FetchTo::Discard));
        let read = match fetched {
            // The available keys may be for older backups; then the checksum must do.
            None | Some(Err(BackupError::WrongKey(_))) => self.read_back(repository, name, manifest),
            Some(fetched) => fetched.map(|_| ()),
        };
        if let Err(error) = read {
            if let Err(error) = repository.remove(timeline, name) {
                tracing::warn!(%error, "an incomplete object could not be removed; the next backup removes it");
            }
            return Err(error);
        }
        repository.put_manifest(name, &public_manifest(manifest), self.signing_key()?)?;
        // If a disk was unmounted in between, one file may be on it and the other in the directory below its mount.
        match repository.is_whole(timeline, name)? {
            true => Ok(()),
            false => {
                Err(TargetError::new(repository.target().name(), TargetFault::Other, "was replaced meanwhile").into())
            }
        }
    }

    fn read_back(&self, repository: &Repository, name: BackupName, manifest: &Manifest) -> Result<(), BackupError> {
        let mut object = Hashing::new(self.tracked(repository.open_object(manifest.contents.timeline, name)?));
        copy_all(&mut object, &mut std::io::sink()).map_err(|failed| failed.of(repository, name))?;
        let (_, bytes, sha256) = object.finish();
        match (bytes, &sha256) == (manifest.object.bytes, &manifest.object.sha256) {
            true => Ok(()),
            false => Err(BackupError::Invalid {
                backup: backup_label(repository.target(), name),
                what: "arrived with another size or checksum than it was sent with".into(),
            }),
        }
    }
}

fn add_failure(record: &mut BackupRecord, at: Moment, error: &BackupError) {
    (record.last_failure, record.failures) =
        (Some(RecordedFailure { at, reason: error.to_string() }), record.failures + 1);
}

/// The epochs before the last one, the newest first.
pub(super) fn lineage(epochs: &[Epoch]) -> Vec<Ancestor> {
    let before = |epoch: &Epoch| Ancestor {
        epoch: epoch.parent,
        stream: epoch.parent_stream,
        commit: epoch.parent_commit,
        recorded_at: epoch.parent_at,
        continued_at: epoch.started_at,
    };
    // A new database continues nothing.
    let is_beginning = |epoch: &&Epoch| epoch.parent.is_nil() && epoch.parent_stream.is_nil();
    epochs.iter().rev().filter(|epoch| !is_beginning(epoch)).take(LINEAGE_MAX).map(before).collect()
}

fn superseded(other: &OtherHistory) -> Superseded {
    Superseded { epoch: other.epoch, stream: other.stream, commit: other.commit }
}

/// The manifest beside the object: without the trial balance if the object is encrypted.
fn public_manifest(manifest: &Manifest) -> Manifest {
    match manifest.object.encoding {
        Encoding::Zstd => manifest.clone(),
        Encoding::ZstdAge => Manifest { contents: manifest.contents.without_sums(), ..manifest.clone() },
    }
}

/// A name that is free at all targets: after the clock was set back, the name of this second may be taken.
fn free_name(repositories: &[Repository], at: Moment, contents: &Contents) -> Result<BackupName, BackupError> {
    let mut name = BackupName { at_s: at.unix_s(), last_entry: contents.last_entry };
    loop {
        let mut is_taken = false;
        for repository in repositories {
            is_taken |= repository.has_backup(contents.timeline, name)?;
        }
        if !is_taken {
            return Ok(name);
        }
        name.at_s += 1;
    }
}
