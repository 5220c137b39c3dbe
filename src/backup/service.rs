//! The backup service of one data directory: its targets, keys and retention, and how its work is paced.

use super::codec::{Identity, Recipient};
use super::error::BackupError;
use super::progress::{Cancellation, NoProgress, Pace, Progress, TrackedRead};
use super::prove::prove_copy;
use super::repository::{BackupName, Listed, Repository, Segment};
use super::retention::Retention;
use super::signature::Trust;
use super::target::{Target, TargetError, TargetSpec};
use crate::domain::clock::{Clock, Moment};
use crate::store::{self, BackupRecord, CopyFacts, DataDir, InstallationKey, Proof, Verifier};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// The settings of `[backup]`, ready for use.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Every backup goes to all of these.
    pub targets: Vec<TargetSpec>,
    /// Public keys that backups are encrypted to; empty: not encrypted.
    pub recipients: Vec<Recipient>,
    /// Private keys that open encrypted backups on this machine.
    pub identities: Vec<Identity>,
    /// Whose signatures are believed.
    pub trust: Trust,
    /// Which backups `prune` keeps.
    pub retention: Retention,
}

/// A value for each target: one that fails does not hide the others.
pub type TargetResult<T> = Result<T, TargetError>;

/// The backups at a target, the oldest first, or why they cannot be read.
#[derive(Debug)]
pub struct TargetListing {
    pub target: String,
    pub backups: TargetResult<Vec<Listed>>,
}

/// Creates, verifies, drills, prunes and restores the backups of one data directory. All calls block; a server may be
/// running.
pub struct BackupService {
    pub(super) dir: DataDir,
    pub(super) settings: Settings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) progress: Arc<dyn Progress>,
    pub(super) cancellation: Cancellation,
    pub(super) is_background: bool,
    pub(super) is_beside_other: bool,
}

impl BackupService {
    /// A service that works in the background, without progress. `clock` is the clock of the machine, because moving a
    /// sandbox's clock must not move its backups.
    pub fn new(dir: DataDir, settings: Settings, clock: Arc<dyn Clock>) -> BackupService {
        BackupService {
            dir,
            settings,
            clock,
            progress: Arc::new(NoProgress),
            cancellation: Cancellation::default(),
            is_background: true,
            is_beside_other: false,
        }
    }

    /// Takes the time from this clock.
    #[must_use]
    pub fn by(mut self, clock: Arc<dyn Clock>) -> BackupService {
        self.clock = clock;
        self
    }

    /// Reports its progress to `progress`.
    #[must_use]
    pub fn with_progress(mut self, progress: Arc<dyn Progress>) -> BackupService {
        self.progress = progress;
        self
    }

    /// Works without pauses and at normal priority, for a command while no server runs.
    #[must_use]
    pub fn at_full_speed(mut self) -> BackupService {
        self.is_background = false;
        self
    }

    /// Makes backups also while another server ships to the same targets.
    #[must_use]
    pub fn beside_other_server(mut self) -> BackupService {
        self.is_beside_other = true;
        self
    }

    /// The pace of one task.
    pub(super) fn pace(&self) -> Pace {
        Pace::new(self.cancellation.clone(), self.is_background)
    }

    /// Reads `inner` at the pace of the service, reporting progress.
    pub(super) fn tracked<R>(&self, inner: R) -> TrackedRead<'_, R> {
        TrackedRead::new(inner, self.progress.as_ref(), self.pace())
    }

    /// Proves a copy of the database, see [`prove_copy`].
    pub(super) fn prove_copy(&self, copy: &Path, spare: &Path) -> Result<(CopyFacts, Proof), BackupError> {
        let pace = self.is_background.then(|| self.pace());
        prove_copy(copy, spare, &self.settings.trust, pace.as_ref()).map_err(|error| {
            match self.cancellation.is_cancelled() {
                true => BackupError::Cancelled,
                false => error,
            }
        })
    }

    /// Whose signatures are believed.
    pub fn trust(&self) -> &Trust {
        &self.settings.trust
    }

    /// The key that signs what this service makes.
    pub(super) fn signing_key(&self) -> Result<&InstallationKey, BackupError> {
        self.settings.trust.own.as_ref().ok_or(BackupError::NoSigningKey)
    }

    /// Refuses what is not signed by a trusted key, or is plain where backups are encrypted, unless an operator
    /// accepts that.
    pub(super) fn check_trust(
        &self,
        called: &str,
        signer: Option<&Verifier>,
        is_encrypted: bool,
    ) -> Result<(), BackupError> {
        let refused = |why| BackupError::Untrusted { what: called.to_owned(), why, histories: Vec::new() };
        self.settings.trust.check(signer, is_encrypted).map_err(refused)
    }

    /// Cancels the work of this service from another thread.
    pub fn cancellation(&self) -> Cancellation {
        self.cancellation.clone()
    }

    /// The present moment by the clock of the machine.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// The record of the last backup, proof, drill and failure.
    pub fn record(&self) -> BackupRecord {
        self.dir.backup_record()
    }

    /// Changes the record. A record that cannot be written is logged, so that the outcome itself is still reported.
    pub(super) fn note(&self, change: impl FnOnce(&mut BackupRecord)) {
        if let Err(error) = self.dir.note_backup(change) {
            tracing::error!(%error, "the record of backups cannot be written");
        }
    }

    /// The identity of the database, which is the first part of all keys.
    pub fn installation(&self) -> Result<Uuid, BackupError> {
        Ok(store::read_file(&self.dir.database_file(), |tx| tx.copy_facts())?.installation)
    }

    /// Opens all configured targets.
    pub fn targets(&self) -> Result<Vec<TargetResult<Arc<dyn Target>>>, BackupError> {
        match self.settings.targets.is_empty() {
            true => Err(BackupError::NoTarget),
            false => Ok(self.settings.targets.iter().map(TargetSpec::open).collect()),
        }
    }

    /// The installations that have a folder at a target, target by target.
    pub fn installations(&self) -> Vec<TargetResult<(String, Vec<Uuid>)>> {
        let list = |target: &TargetSpec| {
            let target = target.open()?;
            Ok((target.name().to_owned(), Repository::installations(target.as_ref())?))
        };
        self.settings.targets.iter().map(list).collect()
    }

    /// Opens the repository of this installation at each target.
    pub fn repositories(&self) -> Result<Vec<TargetResult<Repository>>, BackupError> {
        let installation = self.installation()?;
        let open = |target: Result<_, _>| target.map(|target| Repository::new(target, installation));
        Ok(self.targets()?.into_iter().map(open).collect())
    }

    /// All backups, target by target, the oldest first.
    pub fn list(&self) -> Result<Vec<TargetListing>, BackupError> {
        let list = |repository: Result<Repository, TargetError>| match repository {
            Ok(repository) => {
                TargetListing { target: repository.target().name().to_owned(), backups: repository.backups() }
            }
            Err(error) => TargetListing { target: error.target.clone(), backups: Err(error) },
        };
        Ok(self.repositories()?.into_iter().map(list).collect())
    }
}

/// How messages call a backup: `the backup NAME at TARGET`.
pub(super) fn backup_label(target: &dyn Target, name: BackupName) -> String {
    format!("the backup {name} at {}", target.name())
}

/// How messages call a segment: `the segment FIRST to LAST at TARGET`.
pub(super) fn segment_label(target: &dyn Target, segment: &Segment) -> String {
    format!("the segment {} to {} at {}", segment.first, segment.last, target.name())
}

/// Makes the error for a failed operation on this file.
pub(super) fn file_error(path: &Path) -> impl Fn(std::io::Error) -> BackupError + '_ {
    |error| BackupError::Local(path.to_owned(), error)
}
