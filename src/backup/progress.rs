//! Long work, seen from outside: how far it is, and whether it should go on.

use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is being done.
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
    /// Its name.
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

/// Who looks on.
pub trait Progress: Send + Sync {
    /// Something begins; `bytes` is how much there is of it, 0 where nobody knows.
    fn begin(&self, phase: Phase, bytes: u64);
    /// So much of it is done.
    fn advance_to(&self, bytes: u64);
}

/// Nobody looks on.
#[derive(Debug)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn begin(&self, _: Phase, _: u64) {}
    fn advance_to(&self, _: u64) {}
}

/// A way to call long work off from another thread.
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<(Mutex<bool>, Condvar)>);

impl Cancellation {
    /// Calls it off.
    pub fn cancel(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// Whether it was called off.
    pub fn is_cancelled(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rests, but not beyond a call. True if it was called off.
    pub fn rest(&self, duration: Duration) -> bool {
        let called = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rested = self.0.1.wait_timeout_while(called, duration, |called| !*called);
        *rested.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// After so much work comes a rest.
const WORK_SLICE: Duration = Duration::from_millis(2);
/// A rest is so many times as long as the work before it: what goes on beside a server takes a quarter of one core.
const REST_FACTOR: u32 = 3;
/// But no longer than this, so that waiting for a slow place does not count as work for ever.
const REST_MAX: Duration = Duration::from_millis(100);

/// Keeps long work from crowding out those who are served on the same machine meanwhile: it works for a moment and rests for
/// longer. Slow disks and busy processors make the work longer, and so the rests, too.
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

    /// Is called often between pieces of work; rests where that is due. True if the work was called off.
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

/// Shows how far a source was read, keeps the pace, and ends it when the work is called off.
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
