//! The log of a server under test, collected while it runs.

use super::process::PATIENCE;
use std::io::{BufRead, BufReader};
use std::process::ChildStderr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

/// The lines logged so far.
pub(super) struct Log(Arc<Lines>);

#[derive(Default)]
struct Lines {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Log {
    /// Reads stderr until the process closes it.
    pub(super) fn of(stderr: ChildStderr) -> Log {
        let log = Arc::<Lines>::default();
        let written = Arc::clone(&log);
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                written.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                written.more.notify_all();
            }
        });
        Log(log)
    }

    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// The number of lines that contain the text.
    pub(super) fn count(&self, text: &str) -> usize {
        self.lines().iter().filter(|line| line.contains(text)).count()
    }

    /// Waits until this many lines contain the text.
    #[track_caller]
    pub(super) fn wait_for(&self, text: &str, times: usize) {
        let end = Instant::now() + PATIENCE;
        let mut lines = self.lines();
        while lines.iter().filter(|line| line.contains(text)).count() < times {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "not in the log: {text}\n{}", lines.join("\n"));
            lines = self.0.more.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
