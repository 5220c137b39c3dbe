//! The system's clock and random generator, which all other code takes as arguments, and the way of the log to stderr.

mod log_queue;

pub use log_queue::{LogFlush, LogQueue, lines_lost};

use crate::domain::clock::{Clock, Moment, Randomness};
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
