//! The system's clock and random generator, which all other code takes as arguments, and the way of the log to stderr.

mod log_queue;

pub use log_queue::{LogFlush, LogQueue, lines_lost};

use crate::domain::clock::{Clock, MachineClock, Moment, Randomness, Reading};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};

#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        #[allow(clippy::disallowed_methods)] // the only place that reads the system clock
        let now = jiff::Timestamp::now();
        Moment::from_unix_ms(now.as_millisecond())
    }
}

impl MachineClock for SystemClock {
    fn reading(&self) -> Reading {
        Reading { time: self.now(), steady_ms: steady_ms() }
    }

    fn boot(&self) -> Option<String> {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(id.trim().to_owned())
    }
}

/// Milliseconds since the machine started. Time in which it was suspended counts.
#[cfg(target_os = "linux")]
fn steady_ms() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

/// Milliseconds since the first call.
#[cfg(not(target_os = "linux"))]
fn steady_ms() -> i64 {
    static FIRST: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    i64::try_from(FIRST.get_or_init(std::time::Instant::now).elapsed().as_millis()).unwrap_or(i64::MAX)
}

/// The process-wide cryptographic random generator, seeded by the operating system.
#[derive(Debug, Default)]
pub struct SystemRandomness(SystemRandom);

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        // Fails only on a broken operating system. Ids and tokens that are not random would be worse than stopping.
        #[allow(clippy::panic)]
        if self.0.fill(bytes).is_err() {
            panic!("the operating system provides no random bytes");
        }
    }
}
