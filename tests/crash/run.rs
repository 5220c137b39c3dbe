//! How this run goes: its length, its random choices, and its turns.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// The settings of this binary; the only place that reads its environment.
// These are settings of the tests and not of the program, so its configuration does not know them.
#[allow(clippy::disallowed_methods)]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}: {text} is not a number")))
}

/// How often the server is killed under load: 4 times in the short form.
pub(crate) fn rounds() -> u64 {
    setting("BURSAR_CRASH_ROUNDS").unwrap_or(4)
}

/// Whether this is more than the short form.
pub(crate) fn is_long() -> bool {
    rounds() > 4
}

/// How many power cuts and failures of the disk there are: 30 in the short form.
pub(crate) fn faults() -> u64 {
    setting("BURSAR_FAULT_SEEDS").unwrap_or(30)
}

/// The seed of the first of them; each further one counts up.
pub(crate) fn first_fault() -> u64 {
    setting("BURSAR_FAULT_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish() >> 32)
}

/// Random choices that a printed seed repeats (SplitMix64).
pub(crate) struct Choices(u64);

impl Choices {
    pub(crate) fn new(test: &str) -> Choices {
        let seed = setting("BURSAR_CRASH_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
        println!("{test}: BURSAR_CRASH_SEED={seed}");
        Choices(seed)
    }

    /// The choices of a known seed.
    pub(crate) fn of(seed: u64) -> Choices {
        Choices(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number from `low` to `high`.
    pub(crate) fn from(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }
}

/// One test at a time: each of them wants the processors, and some of them time the server.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: OnceLock<Mutex<()>> = OnceLock::new();
    TURN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets a server work for a while. Used where the passing of time is the point; whoever waits for something polls it.
pub(crate) fn let_pass(time: Duration) {
    let (_kept, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(time);
}
