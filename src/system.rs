//! The real clock and the real source of randomness. Everything else takes them as arguments.

use crate::domain::clock::{Clock, Moment, Randomness};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// The clock of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        #[allow(clippy::disallowed_methods)] // the one place that reads the machine's clock
        let now = jiff::Timestamp::now();
        Moment::from_unix_ms(now.as_millisecond())
    }
}

/// The cryptographic random generator of this process, seeded by the operating system.
#[derive(Debug, Default)]
pub struct SystemRandomness(SystemRandom);

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        // Only a broken operating system gets here; ids and tokens that are not random would be worse than a stop.
        #[allow(clippy::panic)]
        if self.0.fill(bytes).is_err() {
            panic!("the operating system gives no random bytes");
        }
    }
}
