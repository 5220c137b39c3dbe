//! Settings of a run: length, random choices, and one test at a time.

use crate::common::setting;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

pub(crate) use crate::common::let_pass;

/// How often the server is killed under load: 4 times in the short form.
pub(crate) fn rounds() -> u64 {
    setting("BURSAR_CRASH_ROUNDS").unwrap_or(4)
}

pub(crate) fn is_long() -> bool {
    rounds() > 4
}

/// The number of power cuts and disk failures: 30 in the short form.
pub(crate) fn faults() -> u64 {
    setting("BURSAR_FAULT_SEEDS").unwrap_or(30)
}

/// The first seed of the faults; the following ones count up.
pub(crate) fn first_fault() -> u64 {
    setting("BURSAR_FAULT_SEED").unwrap_or_else(|| u64::from(fastrand::u32(..)))
}

/// Random choices, repeatable with the printed seed.
pub(crate) struct Choices(fastrand::Rng);

impl Choices {
    pub(crate) fn new(test: &str) -> Choices {
        let seed = setting("BURSAR_CRASH_SEED").unwrap_or_else(|| fastrand::u64(..));
        println!("{test}: BURSAR_CRASH_SEED={seed}");
        Choices::of(seed)
    }

    /// The choices of a known seed.
    pub(crate) fn of(seed: u64) -> Choices {
        Choices(fastrand::Rng::with_seed(seed))
    }

    /// A number from `low` to `high`, both inclusive.
    pub(crate) fn from(&mut self, low: u64, high: u64) -> u64 {
        self.0.u64(low..=high)
    }
}

/// One test at a time: each of them uses all cores, and some of them time the server.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: OnceLock<Mutex<()>> = OnceLock::new();
    TURN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}
