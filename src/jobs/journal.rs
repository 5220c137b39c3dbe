//! Ships the change journal to the targets, and makes the backup that each of its streams starts from.

use super::PeriodicThread;
use crate::app::App;
use crate::backup::manifest::Reason;
use crate::backup::{BackupError, BackupService, Shipping};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Ships to each target on a thread of its own, twice per `interval`: a commit right after one shipping arrives with
/// the next, within the interval.
pub fn shipping(shipping: &Arc<Shipping>, interval: Duration) -> io::Result<Vec<PeriodicThread>> {
    (0..shipping.lanes())
        .map(|lane| {
            let shipping = Arc::clone(shipping);
            PeriodicThread::start("shipping", interval / 2, move || {
                if let Err(error) = shipping.ship(lane) {
                    tracing::debug!(%error, "the change journal was not shipped");
                }
                false
            })
        })
        .collect()
}

/// The pause after a failure.
const REST_AFTER_FAILURE: Duration = Duration::from_secs(60);

struct BaseBackups {
    app: Arc<App>,
    service: BackupService,
    shipping: Arc<Shipping>,
    /// The stream that has a backup, as far as is known.
    based: Mutex<Option<Uuid>>,
    not_before: Mutex<Option<Instant>>,
}

/// Checks, every `interval`, that the change journal runs and that its stream has a backup to start from, unless the
/// clock is not trusted.
pub fn base_backups(
    app: Arc<App>,
    service: BackupService,
    shipping: Arc<Shipping>,
    interval: Duration,
) -> io::Result<PeriodicThread> {
    let bases = BaseBackups { app, service, shipping, based: Mutex::default(), not_before: Mutex::new(None) };
    PeriodicThread::start("stream", interval, move || {
        bases.check();
        false
    })
}

impl BaseBackups {
    fn check(&self) {
        let lock = |not_before: &Mutex<Option<Instant>>| *not_before.lock().unwrap_or_else(PoisonError::into_inner);
        if lock(&self.not_before).is_some_and(|at| Instant::now() < at) || self.app.clock_leap().is_some() {
            return;
        }
        if let Err(reason) = self.ensure_base() {
            tracing::warn!(%reason, "the change journal has no backup to start from yet");
            let next = Instant::now() + REST_AFTER_FAILURE;
            *self.not_before.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
        }
    }

    fn ensure_base(&self) -> Result<(), String> {
        let store = self.app.store();
        if store.journal().status().failure.is_some() {
            store.begin_stream().map_err(|error| format!("a new stream could not be started: {error:?}"))?;
        }
        if store.journal().status().stream.is_none() {
            return Ok(());
        }
        if self.shipping.has_other_writer() {
            return Ok(());
        }
        let news = self.shipping.news();
        if !news.is_empty() {
            // Numbers that another writer used as well tell nothing; from here on, the stream tells them apart.
            let begun = store.begin_stream_beside(news);
            begun.map_err(|error| format!("a new stream could not be started: {error:?}"))?;
            self.shipping.forget_news();
            tracing::warn!("a new stream of the change journal begins, because a target has another history");
        }
        let Some(stream) = store.journal().status().stream else { return Ok(()) };
        let mut based = self.based.lock().unwrap_or_else(PoisonError::into_inner);
        let has_gap = self.shipping.needs_backup();
        if *based == Some(stream) && !has_gap {
            return Ok(());
        }
        if has_gap || !self.has_backup(stream)? {
            match self.service.create(Reason::Stream) {
                Ok(_) => self.shipping.forget_gaps(&[]),
                Err(BackupError::Partial(failed)) => self.shipping.forget_gaps(&failed),
                // Another process is making one, or the next check tries again.
                Err(BackupError::Busy(_)) => return Ok(()),
                Err(error) => return Err(error.to_string()),
            }
        }
        *based = Some(stream);
        Ok(())
    }

    fn has_backup(&self, stream: Uuid) -> Result<bool, String> {
        let listed = self.service.list().map_err(|error| error.to_string())?;
        let mut backups = listed.into_iter().filter_map(|at| at.backups.ok()).flatten();
        Ok(backups.any(|listed| {
            let ours = listed.manifest.ok().filter(|signed| self.service.trust().check_manifest(signed).is_ok());
            let position = ours.and_then(|signed| signed.value.contents.position);
            position.is_some_and(|position| position.stream == stream)
        }))
    }
}
