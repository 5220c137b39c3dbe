//! Counts events that strangers cause, and decides which of them are logged, so that nobody can fill the log.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Without an event for this long, the next one is logged again.
const QUIET: Duration = Duration::from_secs(3600);

/// Logs the first, second, fourth, eighth … event of a run; a run ends after an hour without events.
#[derive(Default)]
pub(super) struct Tally(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    total: u64,
    in_run: u64,
    unlogged: u64,
    last: Option<Instant>,
}

/// What a line in the log says about the events before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// Events since the last line.
    pub(super) unlogged: u64,
    /// Events since the start of the server, this one included.
    pub(super) total: u64,
}

impl Tally {
    /// Counts an event; `None` if it is not to be logged.
    pub(super) fn count(&self) -> Option<Due> {
        self.count_at(Instant::now())
    }

    /// Events since the start of the server.
    pub(super) fn total(&self) -> u64 {
        self.counts().total
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_at(&self, now: Instant) -> Option<Due> {
        let mut counts = self.counts();
        if counts.last.is_none_or(|last| now.duration_since(last) >= QUIET) {
            counts.in_run = 0;
        }
        counts.last = Some(now);
        counts.total += 1;
        counts.in_run += 1;
        if !counts.in_run.is_power_of_two() {
            counts.unlogged += 1;
            return None;
        }
        let unlogged = std::mem::take(&mut counts.unlogged);
        Some(Due { unlogged, total: counts.total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_logged_ever_more_rarely_and_each_event_is_counted_once() {
        let (tally, start) = (Tally::default(), Instant::now());
        let due: Vec<Due> = (0..30_000).filter_map(|_| tally.count_at(start)).collect();
        assert_eq!(due.len(), 15, "1, 2, 4, … 16384");
        let told: u64 = due.iter().map(|due| due.unlogged + 1).sum();
        assert_eq!(due.last().map(|due| due.total), Some(told));

        assert_eq!(tally.count_at(start + QUIET / 2), None);
        let after_an_hour = tally.count_at(start + QUIET * 3 / 2);
        assert_eq!(after_an_hour, Some(Due { unlogged: 30_001 - told, total: 30_002 }));
    }
}
