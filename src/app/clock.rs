//! The machine's clock, watched for leaps: what is recorded while it is not trusted, and how it is trusted again.

use crate::app::command::refusal_of_read;
use crate::app::{App, Caller, Command, Context, Failure};
use crate::domain::access::{ObjectKind, Right};
use crate::domain::clock::{Clock, MachineClock, Moment};
use crate::domain::clock_watch::{ClockLeap, ClockLimits, ClockMemory, ClockWatch, Verdict};
use crate::domain::named::named_enum;
use crate::domain::refusal::Refusal;
use crate::store::DataDir;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Differences below this are neither leaps nor noted, in milliseconds.
const SLACK_MS: i64 = 1000;

/// The machine's clock. While it is not trusted, it shows the time that it would have without its leap.
pub struct WatchedClock {
    machine: Arc<dyn MachineClock>,
    limits: ClockLimits,
    /// Copies of what `watch` knows, for readings that need no judgement.
    offset_ms: AtomicI64,
    is_ahead: AtomicBool,
    watch: Mutex<ClockWatch>,
    dir: DataDir,
    boot: Option<String>,
    /// What `dir` has.
    noted: Mutex<Option<ClockMemory>>,
}

impl WatchedClock {
    /// `recorded` is the last recorded moment by this clock. Without one, a machine that was started anew is trusted.
    pub(in crate::app) fn new(
        machine: Arc<dyn MachineClock>,
        limits: ClockLimits,
        dir: DataDir,
        recorded: Option<Moment>,
    ) -> WatchedClock {
        let noted = dir.clock_memory().unwrap_or_else(|error| {
            tracing::error!(%error, "clock.json cannot be read: it may have said that the clock had leapt");
            Some(ClockMemory::of_unknown(limits, recorded))
        });
        let boot = machine.boot();
        let watch = ClockWatch::starting(limits, machine.reading(), boot.as_deref(), noted.as_ref(), recorded);
        let (offset_ms, is_ahead) = (AtomicI64::new(watch.offset_ms()), AtomicBool::new(false));
        let (watch, noted) = (Mutex::new(watch), Mutex::new(noted));
        let clock = WatchedClock { machine, limits, offset_ms, is_ahead, watch, dir, boot, noted };
        let _ = clock.judge(); // the log says what is wrong
        clock
    }

    /// The time, if the clock is trusted.
    pub fn trusted_now(&self) -> Result<Moment, ClockLeap> {
        let now = self.machine.reading();
        let off_ms = now.offset_ms().saturating_sub(self.offset_ms.load(Ordering::Acquire));
        if off_ms.saturating_abs() < SLACK_MS && !self.is_ahead.load(Ordering::Acquire) {
            return Ok(now.time);
        }
        self.judge()
    }

    /// The time that the clock shows, trusted or not.
    pub(in crate::app) fn shown(&self) -> Moment {
        self.machine.reading().time
    }

    fn lock(&self) -> MutexGuard<'_, ClockWatch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(&self) -> Result<Moment, ClockLeap> {
        let mut watch = self.lock();
        // Read under the lock: readings must be judged in their order.
        let now = self.machine.reading();
        let verdict = watch.judge(now);
        self.publish(&watch);
        drop(watch);
        match verdict {
            Verdict::Right => {}
            Verdict::RightAgain => tracing::warn!(now = %now.time, "the clock is right again: writes continue"),
            Verdict::SetBack(ms) => tracing::warn!(
                now = %now.time,
                back_s = ms / 1000,
                "the clock was set back: recorded times stand still until it has caught up"
            ),
            Verdict::StillAhead(leap) => return Err(leap),
            Verdict::Leapt(leap) => {
                tracing::error!(
                    now = %now.time,
                    ahead_s = leap.by_ms / 1000,
                    "the clock has leapt ahead: writes are refused until it is right again, or until an operator \
                     confirms it with `bursar clock accept`"
                );
                return Err(leap);
            }
        }
        Ok(now.time)
    }

    /// Makes a judgement known to other threads, and to the next process. The caller holds the watch, so that these are
    /// published in their order.
    fn publish(&self, watch: &ClockWatch) {
        self.offset_ms.store(watch.offset_ms(), Ordering::Release);
        self.is_ahead.store(watch.is_ahead(), Ordering::Release);
        let Some(memory) = self.boot.clone().map(|boot| watch.memory(boot)) else { return };
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.as_ref().is_some_and(|noted| noted.is_like(&memory, SLACK_MS)) {
            return;
        }
        match self.dir.note_clock(&memory) {
            Ok(()) => *noted = Some(memory),
            Err(error) => tracing::warn!(%error, "the state of the clock cannot be noted for the next start"),
        }
    }

    /// Trusts the clock as it is. Returns what was known before.
    fn accept(&self) -> ClockWatch {
        let mut watch = self.lock();
        let before = *watch;
        watch.accept(self.machine.reading());
        self.publish(&watch);
        before
    }

    /// Takes back an acceptance.
    fn undo_accept(&self, before: ClockWatch) {
        let mut watch = self.lock();
        *watch = before;
        self.publish(&watch);
    }
}

impl Clock for WatchedClock {
    fn now(&self) -> Moment {
        self.trusted_now().unwrap_or_else(|leap| leap.presumed)
    }
}

impl From<ClockLeap> for Refusal {
    fn from(_: ClockLeap) -> Self {
        Refusal::ClockLeapt
    }
}

named_enum! {
    /// Whether the clock can be trusted.
    pub enum ClockState {
        Ok = "ok",
        /// It leapt ahead; writes are refused.
        Ahead = "ahead",
        /// It is behind what was recorded; recorded times stand still.
        Behind = "behind",
    }
}

/// What is known about the clock.
#[derive(Clone, Copy, Debug)]
pub struct ClockReport {
    pub state: ClockState,
    /// The time that it shows.
    pub now: Moment,
    /// The last recorded moment. In a sandbox, by the machine's clock rather than the sandbox's.
    pub recorded: Moment,
    /// How far it is ahead of where it should be, or behind what was recorded; 0 if it is neither.
    pub off_by_ms: i64,
}

/// Records that an operator confirmed the clock.
struct AcceptClock;

impl Command for AcceptClock {
    type Outcome = ();
    const ACTION: &'static str = "clock.accept";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        context.concerns(ObjectKind::Installation, context.app.installation().uuid);
        Ok(())
    }
}

impl App {
    /// Why the clock is not trusted; None if it is.
    pub fn clock_leap(&self) -> Option<ClockLeap> {
        self.clock.machine().trusted_now().err()
    }

    /// What is known about the clock. Blocks briefly.
    pub fn clock_report(&self) -> Result<ClockReport, Refusal> {
        let recorded = self.store.read(|tx| Ok(tx.latest_moment()?)).map_err(refusal_of_read)?;
        let recorded = recorded.plus_ms(-self.clock.ahead_ms());
        let (leap, now) = (self.clock_leap(), self.clock.machine().shown());
        let behind_ms = recorded.unix_ms().saturating_sub(now.unix_ms());
        let (state, off_by_ms) = match leap {
            Some(leap) => (ClockState::Ahead, leap.by_ms),
            None if behind_ms > self.clock.machine().limits.back_ms => (ClockState::Behind, behind_ms),
            None => (ClockState::Ok, 0),
        };
        Ok(ClockReport { state, now, recorded, off_by_ms })
    }

    /// Trusts the clock although it leapt ahead. True if it was not trusted before. Blocks.
    pub fn accept_clock(self: &Arc<App>, caller: &Caller) -> Result<bool, Refusal> {
        caller.principal.require(AcceptClock::RIGHT)?;
        let Some(leap) = self.clock_leap() else { return Ok(false) };
        let before = self.clock.machine().accept();
        // The row records the new time, so that the next start trusts it as well.
        self.execute_blocking(caller, AcceptClock).inspect_err(|_| self.clock.machine().undo_accept(before))?;
        tracing::warn!(now = %self.machine_now(), ahead_s = leap.by_ms / 1000, "an operator confirmed the clock");
        Ok(true)
    }
}
