//! The sandbox: moving its clock ahead, and starting over.

use crate::app::clock::WatchedClock;
use crate::app::command::refusal_of_read;
use crate::app::{App, Caller, Command, Context, Failure};
use crate::domain::access::{ObjectKind, Right};
use crate::domain::clock::{Clock, Moment};
use crate::domain::clock_watch::ClockLeap;
use crate::domain::refusal::{Field, Refusal};
use crate::store::Mode;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A clock that can be moved ahead of another one.
pub struct MovableClock {
    machine: Arc<WatchedClock>,
    ahead_ms: AtomicI64,
    /// Held during a move: two at once would add up.
    turn: Mutex<()>,
}

/// The target of a move.
#[derive(Clone, Copy, Debug)]
pub enum Journey {
    /// Ahead by this many seconds.
    Ahead(i64),
    To(Moment),
}

impl MovableClock {
    /// A clock that is `ahead_ms` ahead of the machine's.
    pub fn new(machine: Arc<WatchedClock>, ahead_ms: i64) -> MovableClock {
        MovableClock { machine, ahead_ms: AtomicI64::new(ahead_ms), turn: Mutex::new(()) }
    }

    /// The clock that cannot be moved.
    pub fn machine(&self) -> &Arc<WatchedClock> {
        &self.machine
    }

    /// How far it is ahead of the machine's.
    pub fn ahead_ms(&self) -> i64 {
        self.ahead_ms.load(Ordering::Acquire)
    }

    /// The time, if the machine's clock is trusted.
    pub fn trusted_now(&self) -> Result<Moment, ClockLeap> {
        Ok(self.machine.trusted_now()?.plus_ms(self.ahead_ms()))
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn move_ahead(&self, ms: i64) -> i64 {
        self.ahead_ms.fetch_add(ms.max(0), Ordering::AcqRel).saturating_add(ms.max(0))
    }

    fn reset(&self) -> i64 {
        self.ahead_ms.swap(0, Ordering::AcqRel)
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Moment {
        self.machine.now().plus_ms(self.ahead_ms())
    }
}

/// Stores how far the clock is ahead.
struct KeepClock {
    ahead_ms: i64,
}

impl Command for KeepClock {
    type Outcome = ();
    const ACTION: &'static str = "sandbox.clock";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        context.concerns(ObjectKind::Installation, context.app.installation().uuid);
        Ok(context.tx.set_clock_ahead(self.ahead_ms)?)
    }
}

/// Deletes all clients and money of the sandbox.
struct DeleteClients;

impl Command for DeleteClients {
    type Outcome = ();
    const ACTION: &'static str = "sandbox.reset";
    const RIGHT: Right = Right::Administer;
    const RESTARTS_TIME: bool = true;
    // The log starts over, and with it what its commit contains.
    const IS_LONG: bool = true;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        context.concerns(ObjectKind::Installation, context.app.installation().uuid);
        Ok(context.tx.wipe_sandbox(context.now)?)
    }
}

/// The furthest that one call moves the clock, in seconds: a hundred years.
pub const YEARS_MAX_S: i64 = 100 * 366 * 86_400;

/// The most jobs that run at one moment of a move; limits the work of one call.
const JOBS_MAX: usize = 100_000;

impl App {
    pub fn is_sandbox(&self) -> bool {
        self.installation().mode == Mode::Sandbox
    }

    fn require_sandbox(&self, caller: &Caller) -> Result<(), Refusal> {
        caller.principal.require(Right::Administer)?;
        if self.is_sandbox() { Ok(()) } else { Err(Refusal::NotASandbox) }
    }

    /// Moves a sandbox's clock ahead to a moment, stopping at each job that falls due so that it runs at its own time.
    /// Blocks. Refusals: not a sandbox; a moment before the present one.
    pub fn travel(self: &Arc<App>, caller: &Caller, journey: Journey) -> Result<Moment, Refusal> {
        self.require_sandbox(caller)?;
        let _turn = self.clock.turn();
        let now = self.clock.trusted_now()?;
        let to = match journey {
            Journey::Ahead(seconds) => now.plus_s(seconds.max(0)),
            Journey::To(moment) if moment < now => {
                return Err(Refusal::out_of_range(Field::ClockTime, "the clock of a sandbox only moves ahead"));
            }
            Journey::To(moment) => moment,
        };
        if to > now.plus_s(YEARS_MAX_S) {
            return Err(Refusal::out_of_range(Field::ClockTime, "at most a hundred years at a time"));
        }
        let rests = self.rests_after()?.is_some();
        for _ in 0..JOBS_MAX {
            let next = self.store.read(|tx| Ok(tx.next_job_at()?)).map_err(refusal_of_read)?;
            let Some(due) = next.filter(|due| *due <= to && !rests) else { break };
            self.step_to(caller, due)?;
            self.run_due_jobs()?;
        }
        self.step_to(caller, to)?;
        // Deletes the events that are past their retention time by then.
        while self.prune_events()? {}
        self.store.wake_followers();
        Ok(self.now())
    }

    fn step_to(self: &Arc<App>, caller: &Caller, moment: Moment) -> Result<(), Refusal> {
        let ahead_ms = self.clock.move_ahead(moment.unix_ms() - self.now().unix_ms());
        self.execute_blocking(caller, KeepClock { ahead_ms }).map(|_| ())
    }

    /// Deletes a sandbox's clients and money, and resets its clock to real time. Operators, tokens, keys and reference
    /// data stay. Blocks. Refusals: not a sandbox.
    pub fn start_over(self: &Arc<App>, caller: &Caller) -> Result<(), Refusal> {
        self.require_sandbox(caller)?;
        let _turn = self.clock.turn();
        // The clock goes first, so that the rows of the new start have real time.
        let ahead_ms = self.clock.reset();
        self.execute_blocking(caller, DeleteClients).map(|_| ()).inspect_err(|_| {
            self.clock.move_ahead(ahead_ms);
        })
    }
}
