//! Event streams: follow events as they happen, woken by the commits that make them durable.

use crate::app::events::{EventPage, EventRow, ReadEvents};
use crate::app::{App, Caller};
use crate::domain::access::Right;
use crate::domain::clock::Moment;
use crate::domain::ids::{EventSeq, PrincipalSerial};
use crate::domain::refusal::{Credentials, Excess, Refusal};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

/// The part of the configuration that streams need.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// The most streams at a time.
    pub all: usize,
    /// The most streams at a time per operator.
    pub each: usize,
    /// The interval of heartbeats on an idle stream.
    pub heartbeat: Duration,
}

impl Default for StreamLimits {
    fn default() -> Self {
        StreamLimits { all: 64, each: 8, heartbeat: Duration::from_secs(15) }
    }
}

/// Events read at a time.
const AT_ONCE: u32 = 200;
/// Streams that read at the same time: followers are many, and readers have others to serve.
const READS_MAX: usize = 2;
/// The shortest interval between two reads of a stream, so that a busy writer does not cause a read per commit.
const REST: Duration = Duration::from_millis(5);
/// When a follower may retry if all streams are taken, in seconds.
const RETRY_AFTER_S: u32 = 5;

pub(in crate::app) struct Streams {
    limits: StreamLimits,
    open: Mutex<Open>,
    reads: Arc<Semaphore>,
    is_closing: AtomicBool,
}

#[derive(Default)]
struct Open {
    all: usize,
    each: HashMap<PrincipalSerial, usize>,
}

impl Streams {
    pub(in crate::app) fn new(limits: StreamLimits) -> Streams {
        let reads = Arc::new(Semaphore::new(READS_MAX));
        Streams { limits, open: Mutex::default(), reads, is_closing: AtomicBool::new(false) }
    }

    fn take_place(&self, principal: PrincipalSerial) -> Result<(), Refusal> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_principal = open.each.get(&principal).copied().unwrap_or(0);
        let too_many = |what| Err(Refusal::Throttled { what, retry_after_s: RETRY_AFTER_S });
        if open.all >= self.limits.all {
            return too_many(Excess::Streams { max: self.limits.all });
        }
        if of_principal >= self.limits.each {
            return too_many(Excess::StreamsOfOperator { max: self.limits.each });
        }
        open.all += 1;
        open.each.insert(principal, of_principal + 1);
        Ok(())
    }

    fn leave_place(&self, principal: PrincipalSerial) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all = open.all.saturating_sub(1);
        if let Some(count) = open.each.get_mut(&principal) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.each.remove(&principal);
            }
        }
    }
}

/// An item of a stream.
#[derive(Debug)]
pub enum Followed {
    /// Events, and the last event that was examined.
    Events(Vec<EventRow>, EventSeq),
    /// No new events; the last event that was examined.
    Nothing(EventSeq),
    /// The last item: why the stream ends.
    End(Refusal),
}

/// A stream of events. It holds no database connection while it waits.
pub struct EventStream {
    app: Arc<App>,
    caller: Caller,
    wanted: ReadEvents,
    news: watch::Receiver<()>,
    /// The epoch of operators and tokens in which the caller was last checked; None before the first check.
    epoch: Option<u64>,
    rested: Instant,
    beat: Instant,
    is_over: bool,
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.app.streams.leave_place(self.caller.principal.serial);
    }
}

impl App {
    /// Follows events. Refusals: events after it have been pruned; there is no such event yet; too many streams are
    /// open.
    pub async fn follow(self: &Arc<App>, caller: &Caller, wanted: ReadEvents) -> Result<EventStream, Refusal> {
        caller.principal.require(Right::ReadEvents)?;
        if self.streams.is_closing.load(Ordering::Acquire) {
            return Err(Refusal::ShuttingDown);
        }
        let news = self.store.news();
        self.streams.take_place(caller.principal.serial)?;
        let now = Instant::now();
        // From here on, dropping this value gives the place back.
        let stream = EventStream {
            app: Arc::clone(self),
            caller: caller.clone(),
            wanted: ReadEvents { limit: AT_ONCE, ..wanted },
            news,
            // The token may have been revoked since it was looked up.
            epoch: None,
            rested: now,
            beat: now + self.streams.limits.heartbeat,
            is_over: false,
        };
        // Refuse at once, not inside the stream, what cannot be followed.
        let first = ReadEvents { limit: 1, ..stream.wanted.clone() };
        self.ask(caller, first).await?;
        Ok(stream)
    }

    /// Ends all streams for good, because the server is about to stop.
    pub fn end_streams(&self) {
        self.streams.is_closing.store(true, Ordering::Release);
        self.store.wake_followers();
    }
}

impl EventStream {
    /// The next item; None after the end. Waits for one heartbeat at most.
    pub async fn next(&mut self) -> Option<Followed> {
        if self.is_over {
            return None;
        }
        let followed = self.follow().await.unwrap_or_else(Followed::End);
        self.is_over = matches!(followed, Followed::End(_));
        self.beat = Instant::now() + self.app.streams.limits.heartbeat;
        Some(followed)
    }

    async fn follow(&mut self) -> Result<Followed, Refusal> {
        loop {
            // Subscribe before reading, so that a commit in the meantime wakes the stream again.
            self.news.mark_unchanged();
            self.admit()?;
            let EventPage { rows, upto, last } = self.read().await?;
            self.wanted.after = upto;
            if !rows.is_empty() {
                return Ok(Followed::Events(rows, upto));
            }
            if upto < last {
                continue;
            }
            let (beat, end) = (self.beat, self.end_of_token());
            let is_late = tokio::select! {
                changed = self.news.changed() => {
                    changed.map_err(|_| Refusal::ShuttingDown)?;
                    Instant::now() >= beat
                }
                () = tokio::time::sleep_until(beat.min(end)) => true,
            };
            if is_late {
                self.admit()?;
                return Ok(Followed::Nothing(upto));
            }
            tokio::time::sleep_until(self.rested).await;
        }
    }

    async fn read(&mut self) -> Result<EventPage, Refusal> {
        let permit = Arc::clone(&self.app.streams.reads).acquire_owned().await.map_err(|_| Refusal::ShuttingDown)?;
        let (app, principal, wanted) = (Arc::clone(&self.app), Arc::clone(&self.caller.principal), self.wanted.clone());
        let read = move || {
            let _until_the_end = permit;
            app.ask_here(&principal, wanted)
        };
        let page = tokio::task::spawn_blocking(read).await.map_err(|_| Refusal::Internal)?;
        self.rested = Instant::now() + REST;
        page
    }

    /// When the token expires by the machine's clock. A sandbox's clock may be moved, which wakes the stream.
    fn end_of_token(&self) -> Instant {
        let far = Duration::from_secs(86_400);
        let left = |end: Moment| u64::try_from(end.unix_ms() - self.app.now().unix_ms()).unwrap_or(0);
        Instant::now() + self.caller.principal.expires_at.map_or(far, |end| far.min(Duration::from_millis(left(end))))
    }

    /// Ends the stream if the server stops, the token is no longer valid, or what it may see has changed.
    fn admit(&mut self) -> Result<(), Refusal> {
        if self.app.streams.is_closing.load(Ordering::Acquire) {
            return Err(Refusal::ShuttingDown);
        }
        let epoch = self.app.principals.epoch();
        if self.epoch != Some(epoch) {
            let present = self.app.principal_again(&self.caller.principal)?;
            let is_same = present.visibility == self.caller.principal.visibility
                && present.require(Right::ReadEvents).is_ok()
                && present.networks == self.caller.principal.networks;
            if !is_same {
                return Err(Refusal::Unauthenticated(Credentials::Revoked));
            }
            self.caller.principal = Arc::new(present);
            self.epoch = Some(epoch);
        }
        match self.caller.address {
            Some(address) => self.caller.principal.admit(self.app.now(), address),
            None => Ok(()),
        }
    }
}
