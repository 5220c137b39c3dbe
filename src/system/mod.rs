//! The system's clock and random generator, which all other code takes as arguments, and the way of the log to stderr.

mod log_queue;

pub use log_queue::{LogFlush, LogQueue, lines_lost};

use crate::domain::clock::{Clock, MachineClock, Moment, Randomness, Reading};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use std::cell::RefCell;

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
#[derive(Clone, Copy, Debug)]
pub struct SystemRandomness;

/// Random bytes drawn at a time: enough for some ten ids.
const DRAWN: usize = 256;

thread_local! {
    /// Random bytes, of which this many, at the beginning, were not handed out yet. A draw costs the same for one id as
    /// for ten.
    static STOCK: RefCell<([u8; DRAWN], usize)> = const { RefCell::new(([0; DRAWN], 0)) };
}

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > DRAWN / 4 {
            return draw(bytes);
        }
        STOCK.with_borrow_mut(|(stock, left)| {
            if *left < bytes.len() {
                draw(stock);
                *left = DRAWN;
            }
            let taken = &mut stock[*left - bytes.len()..*left];
            bytes.copy_from_slice(taken);
            // What was handed out may become a secret.
            taken.fill(0);
            *left -= bytes.len();
        });
    }
}

fn draw(bytes: &mut [u8]) {
    // Fails only on a broken operating system. Ids and tokens that are not random would be worse than stopping.
    #[allow(clippy::panic)]
    if SystemRandom::new().fill(bytes).is_err() {
        panic!("the operating system provides no random bytes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_random_bytes_are_handed_out_twice() {
        for size in [8, 10, 16, 64, 65, 200] {
            let drawn: Vec<Vec<u8>> = (0..200)
                .map(|_| {
                    let mut bytes = vec![0; size];
                    SystemRandomness.fill(&mut bytes);
                    bytes
                })
                .collect();
            let eights: HashSet<&[u8]> = drawn.iter().flat_map(|bytes| bytes.chunks_exact(8)).collect();
            assert_eq!(eights.len(), drawn.len() * (size / 8), "{size}");
            assert!(!eights.contains([0; 8].as_slice()), "{size}");
        }
    }
}
