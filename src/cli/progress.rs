//! Shows the progress of long work: a line of JSON for each phase with `--json`, else a bar if stderr is a terminal.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::backup::{NoProgress, Phase, Progress};

/// The receiver of progress that suits stderr.
pub(super) fn watch(json: bool) -> Arc<dyn Progress> {
    match json {
        true => Arc::new(Lines),
        false if io::stderr().is_terminal() => Arc::new(Bar(Mutex::new(ProgressBar::hidden()))),
        false => Arc::new(NoProgress),
    }
}

/// Prints a line of JSON when a phase begins.
struct Lines;

impl Progress for Lines {
    fn begin(&self, phase: Phase, bytes: u64) {
        let line = json!({"progress": {"phase": phase.name(), "bytes": bytes}});
        let _ = writeln!(io::stderr().lock(), "{line}"); // a lost line must not stop the work
    }

    fn advance_to(&self, _: u64) {}
}

/// The progress through a file of this many bytes, 0 if that is not known, that suits stderr. The caller moves and ends
/// it.
pub(super) fn through_file(json: bool, phase: &'static str, bytes: u64) -> ProgressBar {
    match json {
        true => {
            let line = json!({"progress": {"phase": phase, "bytes": bytes}});
            let _ = writeln!(io::stderr().lock(), "{line}"); // a lost line must not stop the work
            ProgressBar::hidden()
        }
        false if io::stderr().is_terminal() => drawn(phase, bytes),
        false => ProgressBar::hidden(),
    }
}

fn drawn(phase: &'static str, bytes: u64) -> ProgressBar {
    let (template, length) = match bytes {
        0 => ("{prefix:>9} {spinner} {elapsed}", None),
        bytes => ("{prefix:>9} [{bar:40}] {bytes} of {total_bytes}, {binary_bytes_per_sec}", Some(bytes)),
    };
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr()).with_prefix(phase);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.tick();
    bar
}

struct Bar(Mutex<ProgressBar>);

impl Progress for Bar {
    fn begin(&self, phase: Phase, bytes: u64) {
        let mut bar = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bar.finish_and_clear();
        *bar = drawn(phase.name(), bytes);
    }

    fn advance_to(&self, bytes: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).set_position(bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).finish_and_clear();
    }
}
