//! Leases: each writer that ships keeps a small object at each target and renews it at each shipping. If two writers of
//! one installation live at the same time, the later one stops to ship there.
//!
//! ```text
//! <installation>/writers/<writer>.lease
//! ```
//!
//! Whether another writer lives is observed: its counter moves, or it does not for some intervals, by this machine's
//! own clock. Which of two is the later one follows from what each had found when it came, so both decide alike.

use super::error::BackupError;
use super::machine;
use super::repository::Repository;
use super::target::{TargetError, TargetFault};
use crate::domain::clock::Moment;
use crate::store::{self, DataDir, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// The largest lease that is read, in bytes.
const LEASE_MAX: u64 = 1 << 16;
/// After so many intervals without a renewal, a writer is taken for dead.
const PATIENCE: u32 = 3;

/// What a writer says about itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Lease {
    pub(super) writer: Uuid,
    /// The name of its machine.
    pub(super) host: String,
    /// Its data directory, as a path.
    pub(super) directory: String,
    /// A fingerprint of machine and directory.
    place: String,
    started_at: String,
    /// Rises with each renewal.
    counter: u64,
    /// The seconds within which it renews.
    interval_s: u64,
    /// Whether it has stopped cleanly.
    has_stopped: bool,
    /// The writers that had not stopped when it came.
    found: BTreeSet<Uuid>,
    /// The epoch of its last commit; nil if it has made none.
    epoch: Uuid,
}

impl Lease {
    fn called(&self) -> String {
        format!("{} on {}", self.directory, if self.host.is_empty() { "an unnamed machine" } else { &self.host })
    }

    fn patience(&self, interval: Duration) -> Duration {
        interval.max(Duration::from_secs(self.interval_s.min(3600))) * PATIENCE
    }
}

/// Whether this writer may ship to a target.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum Standing {
    /// Nothing has been looked at yet.
    #[default]
    Unknown,
    Alone,
    /// An earlier writer may still live; its counter is being watched.
    Waiting(String),
    /// An earlier writer lives.
    Second(String),
}

impl Standing {
    /// The other writer, if this one must not ship.
    pub(super) fn other(&self) -> Option<&str> {
        match self {
            Standing::Unknown | Standing::Alone => None,
            Standing::Waiting(other) | Standing::Second(other) => Some(other),
        }
    }

    /// Why this writer must not ship; none if it may.
    pub(super) fn obstacle(&self) -> Option<BackupError> {
        match self {
            Standing::Unknown | Standing::Alone => None,
            Standing::Waiting(other) => Some(BackupError::PerhapsOtherWriter(other.clone())),
            Standing::Second(other) => Some(BackupError::OtherWriter(other.clone())),
        }
    }
}

struct Watched {
    counter: u64,
    since: Instant,
    lives: Option<bool>,
}

/// What a writer knows of the leases at one target.
#[derive(Default)]
pub(super) struct Watch {
    own: Option<Lease>,
    watched: BTreeMap<Uuid, Watched>,
    /// Writers that need not be looked at again.
    done: BTreeSet<Uuid>,
}

/// What a writer needs to know of itself.
pub(super) struct Writer<'a> {
    pub(super) dir: &'a DataDir,
    pub(super) interval: Duration,
    pub(super) now: Moment,
    /// The epoch of the last commit.
    pub(super) epoch: Uuid,
}

impl Watch {
    /// Renews the own lease, and looks at the others. Also tells whether a writer has come that was not there before.
    pub(super) fn renew(
        &mut self,
        repository: &Repository,
        writer: &Writer<'_>,
    ) -> Result<(Standing, bool), BackupError> {
        let known: BTreeSet<Uuid> = self.watched.keys().chain(&self.done).copied().collect();
        let mut others = self.look(repository, writer)?;
        let is_first = self.own.is_none();
        let mut own = match self.own.take() {
            Some(own) => own,
            None => new_lease(writer, others.iter().map(|lease| lease.writer).collect())?,
        };
        (own.counter, own.epoch) = (own.counter + 1, writer.epoch);
        let put = repository.put_lease(&own);
        let own = self.own.insert(own).clone();
        put?;
        if is_first {
            // Another one may have come at the same time.
            others = self.look(repository, writer)?;
        }
        let has_news = others.iter().any(|lease| !known.contains(&lease.writer));
        let earlier = others.iter().filter(|other| is_earlier(other, &own));
        let mut standing = Standing::Alone;
        for other in earlier {
            match self.watched.get(&other.writer).and_then(|watched| watched.lives) {
                Some(true) => return Ok((Standing::Second(other.called()), has_news)),
                None => standing = Standing::Waiting(other.called()),
                Some(false) => {}
            }
        }
        Ok((standing, has_news && !is_first))
    }

    /// Says that this writer has stopped.
    pub(super) fn leave(&mut self, repository: &Repository) -> Result<(), TargetError> {
        match self.own.take() {
            Some(own) => repository.put_lease(&Lease { counter: own.counter + 1, has_stopped: true, ..own }),
            None => Ok(()),
        }
    }

    /// The leases of others that have not stopped.
    fn look(&mut self, repository: &Repository, writer: &Writer<'_>) -> Result<Vec<Lease>, BackupError> {
        let own = self.own.as_ref().map(|own| own.writer);
        let place = machine::place(writer.dir.path());
        let (mut running, mut ended) = (Vec::new(), Vec::new());
        for id in repository.writers()? {
            if own == Some(id) || self.done.contains(&id) {
                continue;
            }
            let Some(lease) = repository.lease(id)? else { continue };
            if lease.has_stopped {
                self.watched.remove(&id);
                self.done.insert(id);
                ended.push(lease);
                continue;
            }
            let now = Instant::now();
            // This process holds the lock of its directory, so another writer there is dead; unless it is no other
            // directory, but that of a copy of the whole machine: then its counter goes on.
            let first_sight =
                || Watched { counter: lease.counter, since: now, lives: (lease.place == place).then_some(false) };
            let watched = self.watched.entry(id).or_insert_with(first_sight);
            if watched.counter != lease.counter {
                *watched = Watched { counter: lease.counter, since: now, lives: Some(true) };
            } else if now.duration_since(watched.since) > lease.patience(writer.interval) {
                watched.lives = Some(false);
            }
            if watched.lives == Some(false) {
                ended.push(lease.clone());
            }
            running.push(lease);
        }
        remove_own(repository, writer.dir, &ended)?;
        Ok(running)
    }
}

/// Removes the leases of those that this writer continues.
fn remove_own(repository: &Repository, dir: &DataDir, ended: &[Lease]) -> Result<(), BackupError> {
    if ended.is_empty() {
        return Ok(());
    }
    let own: BTreeSet<Uuid> = store::read_file(&dir.database_file(), |tx| {
        let (epochs, row) = (tx.epochs()?, tx.journal_row()?);
        Ok::<_, StoreError>(epochs.iter().map(|epoch| epoch.id).chain([row.epoch]).collect())
    })?;
    for lease in ended.iter().filter(|lease| lease.epoch.is_nil() || own.contains(&lease.epoch)) {
        repository.remove_lease(lease.writer)?;
    }
    Ok(())
}

/// Whether the other one came first: who had found whom; if they came at the same time, the smaller id.
fn is_earlier(other: &Lease, own: &Lease) -> bool {
    match (own.found.contains(&other.writer), other.found.contains(&own.writer)) {
        (true, false) => true,
        (false, true) => false,
        _ => other.writer < own.writer,
    }
}

fn new_lease(writer: &Writer<'_>, found: BTreeSet<Uuid>) -> Result<Lease, BackupError> {
    Ok(Lease {
        writer: store::read_file(&writer.dir.database_file(), |tx| tx.random_id())?,
        host: machine::host_name(),
        directory: writer.dir.path().display().to_string(),
        place: machine::place(writer.dir.path()),
        started_at: writer.now.to_string(),
        counter: 0,
        interval_s: writer.interval.as_secs(),
        has_stopped: false,
        found,
        epoch: writer.epoch,
    })
}

const LEASE: &str = ".lease";

impl Repository {
    fn lease_key(&self, writer: Uuid) -> String {
        format!("{}/writers/{writer}{LEASE}", self.installation())
    }

    /// The writers that have left a lease.
    fn writers(&self) -> Result<Vec<Uuid>, TargetError> {
        let listed = self.target().list(&format!("{}/writers", self.installation()))?;
        let id = |key: &str| key.rsplit('/').next()?.strip_suffix(LEASE)?.parse().ok();
        Ok(listed.iter().filter_map(|object| id(&object.key)).collect())
    }

    /// None if it was removed meanwhile, or is no lease.
    fn lease(&self, writer: Uuid) -> Result<Option<Lease>, TargetError> {
        let key = self.lease_key(writer);
        let mut text = Vec::new();
        let read = self.target().get(&key).and_then(|object| {
            object
                .take(LEASE_MAX)
                .read_to_end(&mut text)
                .map_err(|error| TargetError::of_io(self.target().name(), &key, error))
        });
        match read {
            Err(error) if error.fault == TargetFault::NoObject => Ok(None),
            Err(error) => Err(error),
            Ok(_) => Ok(serde_json::from_slice(&text).ok().filter(|lease: &Lease| lease.writer == writer)),
        }
    }

    fn put_lease(&self, lease: &Lease) -> Result<(), TargetError> {
        let wrong = |error: serde_json::Error| {
            TargetError::new(self.target().name(), TargetFault::Source, &error).because(error)
        };
        let text = serde_json::to_vec_pretty(lease).map_err(wrong)?;
        self.target().replace(&self.lease_key(lease.writer), &text)
    }

    fn remove_lease(&self, writer: Uuid) -> Result<(), TargetError> {
        self.target().delete(&self.lease_key(writer))
    }
}
