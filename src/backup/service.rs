//! What all work with backups has in common: whose they are, where they go, who can read them.

use super::codec::{Identity, Recipient};
use super::error::BackupError;
use super::progress::{Cancellation, NoProgress, Pace, Progress, TrackedRead};
use super::prove::prove_copy;
use super::repository::{BackupName, Listed, Repository};
use super::retention::Retention;
use super::target::{Target, TargetError, TargetSpec};
use crate::domain::clock::{Clock, Moment};
use crate::store::{self, BackupRecord, CopyFacts, DataDir, Proof};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// How backups are kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where they go.
    pub targets: Vec<TargetSpec>,
    /// Who can read them; none: everybody who can read the target.
    pub recipients: Vec<Recipient>,
    /// The keys at hand.
    pub identities: Vec<Identity>,
    /// Which are kept.
    pub retention: Retention,
}

/// What belongs to a target, or what is wrong with it.
pub type TargetResult<T> = Result<T, TargetError>;

/// The backups at a target, the oldest first, or why they cannot be read.
#[derive(Debug)]
pub struct TargetListing {
    /// The target.
    pub target: String,
    /// The backups.
    pub backups: TargetResult<Vec<Listed>>,
}

/// Makes and looks after the backups of one data directory. Works beside a server, on threads that may block.
pub struct BackupService {
    pub(super) dir: DataDir,
    pub(super) settings: Settings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) progress: Arc<dyn Progress>,
    pub(super) cancellation: Cancellation,
    pub(super) is_background: bool,
}

impl BackupService {
    /// The service of a data directory. The clock is that of the machine: a sandbox's clock can be moved, and with it the
    /// time of no backup.
    pub fn new(dir: DataDir, settings: Settings, clock: Arc<dyn Clock>) -> BackupService {
        BackupService {
            dir,
            settings,
            clock,
            progress: Arc::new(NoProgress),
            cancellation: Cancellation::default(),
            is_background: true,
        }
    }

    /// The same with somebody who looks on.
    #[must_use]
    pub fn with_progress(mut self, progress: Arc<dyn Progress>) -> BackupService {
        self.progress = progress;
        self
    }

    /// The same where nobody is served meanwhile: it takes what it can get.
    #[must_use]
    pub fn at_full_speed(mut self) -> BackupService {
        self.is_background = false;
        self
    }

    /// The pace of one piece of work.
    pub(super) fn pace(&self) -> Pace {
        Pace::new(self.cancellation.clone(), self.is_background)
    }

    /// A source that is read at this service's pace, and watched.
    pub(super) fn tracked<R>(&self, inner: R) -> TrackedRead<'_, R> {
        TrackedRead::new(inner, self.progress.as_ref(), self.pace())
    }

    /// Checks the file of a copy and its books.
    pub(super) fn prove_copy(&self, copy: &Path, spare: &Path) -> Result<(CopyFacts, Proof), BackupError> {
        let pace = self.is_background.then(|| self.pace());
        prove_copy(copy, spare, pace.as_ref()).map_err(|error| match self.cancellation.is_cancelled() {
            true => BackupError::Cancelled,
            false => error,
        })
    }

    /// The way to call its work off.
    pub fn cancellation(&self) -> Cancellation {
        self.cancellation.clone()
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// What is known about backups.
    pub fn record(&self) -> BackupRecord {
        self.dir.backup_record()
    }

    /// Changes the record. That it cannot be written must not hide what it would say.
    pub(super) fn note(&self, change: impl FnOnce(&mut BackupRecord)) {
        if let Err(error) = self.dir.note_backup(change) {
            tracing::error!(%error, "the record of backups cannot be written");
        }
    }

    /// Whose backups these are.
    pub(super) fn installation(&self) -> Result<Uuid, BackupError> {
        Ok(store::read_file(&self.dir.database_file(), |tx| tx.copy_facts())?.installation)
    }

    /// The targets as they are configured, each with what is wrong with it.
    pub fn targets(&self) -> Result<Vec<TargetResult<Arc<dyn Target>>>, BackupError> {
        match self.settings.targets.is_empty() {
            true => Err(BackupError::NoTarget),
            false => Ok(self.settings.targets.iter().map(TargetSpec::open).collect()),
        }
    }

    /// What there is for this installation, target by target.
    pub fn repositories(&self) -> Result<Vec<TargetResult<Repository>>, BackupError> {
        let installation = self.installation()?;
        let open = |target: Result<_, _>| target.map(|target| Repository::new(target, installation));
        Ok(self.targets()?.into_iter().map(open).collect())
    }

    /// All backups at all targets, the oldest first at each. A target that cannot be read is told, too.
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

/// A backup at a target, as messages call it.
pub(super) fn backup_label(target: &dyn Target, name: BackupName) -> String {
    format!("the backup {name} at {}", target.name())
}

/// What the file system said about a file of ours.
pub(super) fn file_error(path: &Path) -> impl Fn(std::io::Error) -> BackupError + '_ {
    |error| BackupError::Local(path.to_owned(), error)
}
