//! Logging to stderr, as text or JSON.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal};
use std::panic;

use tracing::field::display;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::outcome::{Exit, Failure};
use crate::config::{Log, LogFormat};
use crate::http::{ACCEPT_TARGET, accept_failures};
use crate::system::{LogFlush, LogQueue};

/// Starts logging for a server, as configured: nobody who logs waits for stderr, or fails with it. The result waits
/// briefly on drop for the last lines.
pub(super) fn start(log: &Log) -> Result<LogFlush, Failure> {
    // The migration library's own messages are of no use to an operator; directives can still enable them.
    // A malformed request is logged with its id; the HTTP library would log it again, as an error.
    let filter = format!("refinery_core=warn,{ACCEPT_TARGET}=off,actix_http::h1::dispatcher=off,{}", log.level);
    let filter =
        EnvFilter::try_new(filter).map_err(|error| Failure::new(Exit::Configuration, format!("log.level: {error}")))?;
    let is_json = match log.format {
        LogFormat::Pretty => false,
        LogFormat::Json => true,
        LogFormat::Auto => !io::stderr().is_terminal(),
    };
    let (queue, flush) = LogQueue::start()
        .map_err(|error| Failure::new(Exit::Failure, format!("a thread could not be started: {error}")))?;
    install(filter, is_json, move || queue);
    panic::set_hook(Box::new(|panic| {
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| display(backtrace));
        tracing::error!(%panic, backtrace, "a thread panicked");
    }));
    Ok(flush)
}

/// Starts logging for any other command: warnings and errors only.
pub(super) fn start_for_command(json: bool) {
    install(EnvFilter::new("warn"), json, io::stderr);
}

fn install(filter: EnvFilter, is_json: bool, to: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) {
    let lines = fmt::layer().with_writer(to);
    // The library would report a line that it cannot write with `eprintln!`, which panics.
    let lines = lines.log_internal_errors(false);
    let lines = match is_json {
        true => lines.json().flatten_event(true).with_filter(filter).boxed(),
        false => lines.with_ansi(io::stderr().is_terminal()).with_filter(filter).boxed(),
    };
    // A second call, as in a test that runs several commands, keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(lines).with(accept_failures()).try_init();
}
