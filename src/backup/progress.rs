//! Long work: reporting its progress, cancelling it, and pacing it beside a server.

use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The step of a backup or restore that is running.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Pages of the database are copied.
    Copy,
    /// The copy is proven.
    Prove,
    /// It is compressed, and encrypted if so configured.
    Wrap,
    /// It is sent to a target.
    Send,
    /// It is read back from a target.
    ReadBack,
    /// It is fetched and unwrapped.
    Fetch,
    /// Changes are laid on it.
    Replay,
}

impl Phase {
    /// The name in JSON: lower case with underscores.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Copy => "copy",
            Phase::Prove => "prove",
            Phase::Wrap => "wrap",
            Phase::Send => "send",
            Phase::ReadBack => "read_back",
            Phase::Fetch => "fetch",
            Phase::Replay => "replay",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Receives the progress of long work.
pub trait Progress: Send + Sync {
    /// A phase begins; `bytes` is its size, 0 if unknown.
    fn begin(&self, phase: Phase, bytes: u64);
    /// `bytes` of the phase are done.
    fn advance_to(&self, bytes: u64);
}

#[derive(Debug)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn begin(&self, _: Phase, _: u64) {}
    fn advance_to(&self, _: u64) {}
}

/// Cancels long work from another thread. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<(Mutex<bool>, Condvar)>);

impl Cancellation {
    /// Cancels the work for good and wakes it if it rests.
    pub fn cancel(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// Whether the work was cancelled.
    pub fn is_cancelled(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps for `duration`, or until the work is cancelled. Returns whether it was cancelled.
    pub fn rest(&self, duration: Duration) -> bool {
        let called = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rested = self.0.1.wait_timeout_while(called, duration, |called| !*called);
        *rested.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// How long it works between two rests.
const WORK_SLICE: Duration = Duration::from_millis(2);
/// A rest is this many times as long as the work before it, so that background work takes a quarter of one core.
const REST_FACTOR: u32 = 3;
/// The longest rest: time spent waiting for a slow target counts as work, and would lead to endless rests.
const REST_MAX: Duration = Duration::from_millis(100);

/// Keeps background work from slowing requests down: it works for a moment and rests for
/// longer. Slow disks and busy processors make the work longer, and with it the rests.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    cancellation: Cancellation,
    is_background: bool,
    since: Instant,
}

impl Pace {
    pub(super) fn new(cancellation: Cancellation, is_background: bool) -> Pace {
        Pace { cancellation, is_background, since: Instant::now() }
    }

    /// Rests if a rest is due; call it often. Returns whether the work was cancelled.
    pub(super) fn pause(&mut self) -> bool {
        let worked = self.since.elapsed();
        if !self.is_background || worked < WORK_SLICE {
            return self.cancellation.is_cancelled();
        }
        let called = self.cancellation.rest((worked * REST_FACTOR).min(REST_MAX));
        self.since = Instant::now();
        called
    }
}

/// A reader that reports progress, keeps the pace and fails with `ConnectionAborted` once the work is cancelled.
pub(super) struct TrackedRead<'a, R> {
    inner: R,
    progress: &'a dyn Progress,
    pace: Pace,
    bytes: u64,
}

impl<'a, R> TrackedRead<'a, R> {
    pub(super) fn new(inner: R, progress: &'a dyn Progress, pace: Pace) -> Self {
        TrackedRead { inner, progress, pace, bytes: 0 }
    }
}

impl<R: Read> Read for TrackedRead<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.pace.pause() {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "called off"));
        }
        let read = self.inner.read(into)?;
        self.bytes += read as u64;
        self.progress.advance_to(self.bytes);
        Ok(read)
    }
}
