//! Logs: to stderr, for people or for machines.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use super::outcome::{Exit, Failure};
use crate::config::{Log, LogFormat};

/// Starts the log of a server, as configured.
pub(super) fn start(log: &Log) -> Result<(), Failure> {
    // What the library of migrations says about itself is of no use to an operator; directives can ask for it.
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

/// Starts the log of any other command: only what went wrong below its messages.
pub(super) fn start_for_command(json: bool) {
    install(EnvFilter::new("warn"), json);
}

fn install(filter: EnvFilter, is_json: bool) {
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // A second start, as in a test that runs several commands, keeps the first log.
    let _ = match is_json {
        true => builder.json().flatten_event(true).try_init(),
        false => builder.with_ansi(io::stderr().is_terminal()).try_init(),
    };
}
