//! Leases: each writer that ships keeps a small object at each target and renews it at each shipping. If two writers of
//! one installation live at the same time, the later one stops to ship there.
//!
//! ```text
//! <installation>/writers/<writer>.lease
//! ```
//!
//! Whether another writer lives is observed: its counter rises, or it does not for some intervals, by this machine's
//! own clock. Which of two is the later one follows from what each had found when it came, so both decide alike.
//!
//! Leases are signed. One that no trusted key signed holds up nothing, or else whoever can write to a target could end
//! all backups; it is reported. A lease also says how far its writer had shipped, so that a restore notices what is
//! missing at the end.

use super::error::BackupError;
use super::machine;
use super::repository::Repository;
use super::signature::{self, Kind, Trust};
use super::target::{TargetError, TargetFault};
use crate::domain::clock::Moment;
use crate::store::{self, DataDir, InstallationKey, StoreError};
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
    /// The last commit that it had shipped to this target; none in leases of earlier versions.
    #[serde(default)]
    pub(super) shipped: Option<Shipped>,
}

/// A commit that a target has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Shipped {
    pub(super) epoch: Uuid,
    pub(super) stream: Uuid,
    pub(super) commit: u64,
}

impl Lease {
    pub(super) fn called(&self) -> String {
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
    /// The own lease as it was stored last.
    stored: Option<Lease>,
    watched: BTreeMap<Uuid, Watched>,
    /// Writers that need not be looked at again.
    done: BTreeSet<Uuid>,
    /// Writers whose leases no trusted key signed, and what they call themselves.
    strangers: BTreeMap<Uuid, String>,
}

/// What a writer needs to know of itself.
pub(super) struct Writer<'a> {
    pub(super) dir: &'a DataDir,
    pub(super) interval: Duration,
    pub(super) now: Moment,
    /// The epoch of the last commit.
    pub(super) epoch: Uuid,
    pub(super) key: &'a InstallationKey,
    /// Whose leases are believed.
    pub(super) trust: &'a Trust,
    /// The last commit that the target has from it.
    pub(super) shipped: Option<Shipped>,
}

/// What a renewal has found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Renewed {
    pub(super) standing: Standing,
    /// Whether a writer has come that was not there before, or somebody has touched the own lease.
    pub(super) has_news: bool,
    /// A writer that came later and lives.
    pub(super) later: Option<String>,
    /// Writers whose leases no trusted key signed.
    pub(super) strangers: Vec<String>,
    /// Whether the own lease was changed or removed by somebody else.
    pub(super) is_taken: bool,
}

impl Watch {
    /// Renews the own lease, and looks at the others.
    pub(super) fn renew(&mut self, repository: &Repository, writer: &Writer<'_>) -> Result<Renewed, BackupError> {
        let known: BTreeSet<Uuid> =
            self.watched.keys().chain(&self.done).chain(self.strangers.keys()).copied().collect();
        let is_taken = match &self.stored {
            Some(stored) => {
                repository.lease(stored.writer, writer.trust)?.as_ref().map(|(lease, _)| lease) != Some(stored)
            }
            None => false,
        };
        let mut others = self.look(repository, writer)?;
        let is_first = self.own.is_none();
        let mut own = match self.own.take() {
            Some(own) => own,
            None => new_lease(writer, others.iter().map(|lease| lease.writer).collect())?,
        };
        (own.counter, own.epoch, own.shipped) = (own.counter + 1, writer.epoch, writer.shipped.or(own.shipped));
        // A put that fails may have stored it all the same.
        self.stored = None;
        let put = repository.put_lease(&own, writer.key);
        let own = self.own.insert(own).clone();
        put?;
        self.stored = Some(own.clone());
        if is_first {
            // Another one may have come at the same time.
            others = self.look(repository, writer)?;
        }
        let is_new = |writer: &Uuid| !known.contains(writer);
        let has_come = others.iter().any(|lease| is_new(&lease.writer)) || self.strangers.keys().any(is_new);
        let lives = |other: &Lease| self.watched.get(&other.writer).and_then(|watched| watched.lives);
        let (earlier, later): (Vec<&Lease>, Vec<&Lease>) = others.iter().partition(|other| is_earlier(other, &own));
        let mut renewed = Renewed {
            standing: Standing::Alone,
            has_news: has_come && !is_first || is_taken,
            later: later.into_iter().find(|other| lives(other) == Some(true)).map(Lease::called),
            strangers: self.strangers.values().cloned().collect(),
            is_taken,
        };
        for other in earlier {
            match lives(other) {
                Some(true) => {
                    let (standing, has_news) = (Standing::Second(other.called()), has_come || is_taken);
                    return Ok(Renewed { standing, has_news, ..renewed });
                }
                None => renewed.standing = Standing::Waiting(other.called()),
                Some(false) => {}
            }
        }
        Ok(renewed)
    }

    /// Says that this writer has stopped.
    pub(super) fn leave(
        &mut self,
        repository: &Repository,
        key: &InstallationKey,
        shipped: Option<Shipped>,
    ) -> Result<(), TargetError> {
        let Some(own) = self.own.take() else { return Ok(()) };
        let shipped = shipped.or(own.shipped);
        repository.put_lease(&Lease { counter: own.counter + 1, has_stopped: true, shipped, ..own }, key)
    }

    /// The leases of others that have not stopped.
    fn look(&mut self, repository: &Repository, writer: &Writer<'_>) -> Result<Vec<Lease>, BackupError> {
        let own = self.own.as_ref().map(|own| own.writer);
        let place = machine::place(writer.dir.path());
        let (mut running, mut ended) = (Vec::new(), Vec::new());
        let listed = repository.writers()?;
        self.strangers.retain(|id, _| listed.contains(id));
        for id in listed {
            if own == Some(id) || self.done.contains(&id) || self.strangers.contains_key(&id) {
                continue;
            }
            let Some((lease, is_trusted)) = repository.lease(id, writer.trust)? else { continue };
            if !is_trusted {
                // An earlier version of this program, in this directory, did not sign: it is dead, as its lock is held.
                match lease.has_stopped || lease.place == place {
                    true => {
                        self.done.insert(id);
                        ended.push(lease);
                    }
                    false => _ = self.strangers.insert(id, lease.called()),
                }
                continue;
            }
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
            // An older lease that somebody puts back does not count.
            if watched.counter < lease.counter {
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
        shipped: None,
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

    /// What trusted writers say of how far they have shipped.
    pub(super) fn trusted_leases(&self, trust: &Trust) -> Result<Vec<Lease>, TargetError> {
        let mut leases = Vec::new();
        for writer in self.writers()? {
            leases.extend(self.lease(writer, trust)?.filter(|(_, is_trusted)| *is_trusted).map(|(lease, _)| lease));
        }
        Ok(leases)
    }

    /// A lease, and whether a trusted key signed it. None if it was removed meanwhile, or is no lease.
    fn lease(&self, writer: Uuid, trust: &Trust) -> Result<Option<(Lease, bool)>, TargetError> {
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
            Ok(_) => {
                let signer = signature::open(Kind::Lease, &text).ok().and_then(|signed| signed.signer);
                let is_trusted = signer.is_some_and(|signer| {
                    signer.installation == self.installation() && trust.check(Some(&signer), true).is_ok()
                });
                let lease: Option<Lease> = serde_json::from_slice(&text).ok();
                Ok(lease.filter(|lease| lease.writer == writer).map(|lease| (lease, is_trusted)))
            }
        }
    }

    fn put_lease(&self, lease: &Lease, key: &InstallationKey) -> Result<(), TargetError> {
        let wrong = |error: serde_json::Error| {
            TargetError::new(self.target().name(), TargetFault::Source, &error).because(error)
        };
        let text = serde_json::to_string_pretty(lease).map_err(wrong)?;
        let text = signature::sign(key, self.installation(), Kind::Lease, &text);
        self.target().replace(&self.lease_key(lease.writer), text.as_bytes())
    }

    fn remove_lease(&self, writer: Uuid) -> Result<(), TargetError> {
        self.target().delete(&self.lease_key(writer))
    }
}
