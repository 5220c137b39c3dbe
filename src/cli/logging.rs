//! Logging to stderr, as text or JSON.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use super::outcome::{Exit, Failure};
use crate::config::{Log, LogFormat};

/// Starts logging for a server, as configured.
pub(super) fn start(log: &Log) -> Result<(), Failure> {
    // The migration library's own messages are of no use to an operator; directives can still enable them.
    let filter = EnvFilter::try_new(format!("refinery_core=warn,{}", log.level))
        .map_err(|error| Failure::new(Exit::Configuration, format!("log.level: {error}")))?;
    let is_json = match log.format {
        LogFormat::Pretty => false,
        LogFormat::Json => true,
        LogFormat::Auto => !io::stderr().is_terminal(),
    };
    install(filter, is_json);
    Ok(())
}

/// Starts logging for any other command: warnings and errors only.
pub(super) fn start_for_command(json: bool) {
    install(EnvFilter::new("warn"), json);
}

fn install(filter: EnvFilter, is_json: bool) {
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // A second call, as in a test that runs several commands, keeps the first subscriber.
    let _ = match is_json {
        true => builder.json().flatten_event(true).try_init(),
        false => builder.with_ansi(io::stderr().is_terminal()).try_init(),
    };
}
