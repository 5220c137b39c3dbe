//! Failures to accept connections, such as when all file descriptors of the system are in use. The HTTP library tries
//! again twice a second and logs each failure; here they are counted, and told in one line every ten seconds.

use std::fmt::{self, Write};
use std::sync::{Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The log target of the part of the library that accepts connections.
pub const ACCEPT_TARGET: &str = "actix_server::accept";

/// The number of failures that have not been told yet, and the last one.
static FAILED: Mutex<(u64, String)> = Mutex::new((0, String::new()));

/// Counts the library's own lines, which the log must filter out.
pub fn accept_failures<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl Layer<S> {
    Counter.with_filter(Targets::new().with_target(ACCEPT_TARGET, Level::ERROR))
}

struct Counter;

impl<S: Subscriber> Layer<S> for Counter {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
        failed.0 += 1;
        failed.1.clear();
        event.record(&mut Message(&mut failed.1));
    }
}

struct Message<'a>(&'a mut String);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Writing to a string does not fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

/// Logs the failures since the last call, if any.
pub(super) fn tell() {
    let (count, reason) = std::mem::take(&mut *FAILED.lock().unwrap_or_else(PoisonError::into_inner));
    if count > 0 {
        tracing::error!(count, reason, "connections could not be accepted");
    }
}
