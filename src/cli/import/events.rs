//! `bursar import events`: what a trading platform reports, from a file. It goes through the same use case as the feed.

use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::item::Fault;
use super::lines::Lines;
use super::reader::{Format, Hints, Reader};
use super::report::Status;
use super::run::Import;
use super::volume::Volume;
use super::{FileArgs, source, times};
use crate::app::trading::{EVENTS_AT_ONCE, FeedEvents, PlatformZones, SHORT_FEED, Taken};
use crate::app::{App, Caller};
use crate::cli::Session;
use crate::cli::control::ControlCommand;
use crate::cli::outcome::Failure;
use crate::dialects::native::{ReadEvents, read_events};

#[derive(Debug, Args)]
pub struct EventsArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Format of the file [default: told from its beginning]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Platform that the events are from, unless the file says so
    #[arg(long, value_name = "CODE")]
    platform: Option<String>,
    /// Account that the events are of, unless the file says so
    #[arg(long, value_name = "NUMBER")]
    account: Option<String>,
    /// Time zone of times that name none, such as Europe/Nicosia or +02:00 [default: the platform's]
    #[arg(long, value_name = "ZONE", value_parser = times::zone, allow_hyphen_values = true)]
    time_zone: Option<jiff::tz::TimeZone>,
    /// What the volumes of ctrader-deals and fix44 count [default: units, unless the file or the platform says lots]
    #[arg(long, value_enum)]
    volume_unit: Option<Volume>,
    /// Make an opening fill for each closed deal of ctrader-deals, where the openings come no other way
    #[arg(long)]
    derive_openings: bool,
}

pub(super) fn run(args: EventsArgs, session: &mut Session<'_>) -> Result<(), Failure> {
    let hints = Hints {
        format: args.format,
        platform: args.platform,
        account: args.account,
        zone: args.time_zone,
        volume_unit: args.volume_unit,
        derives_openings: args.derive_openings,
    };
    let opened = source::open(&args.file.file)?;
    let reader = Reader::new(Lines::new(opened.text), &hints)?;
    let command = |events| ControlCommand::FeedEvents { events };
    Import { reader, meter: opened.meter, size: opened.size, command, part: EVENTS_AT_ONCE }.run(&args.file, session)
}

/// Takes events; the answer says what became of each.
///
/// # Errors
/// What prevents all of them, such as a full disk.
pub(in crate::cli) fn feed(app: &Arc<App>, caller: &Caller, texts: &[String]) -> Result<Value, Failure> {
    let zones = app.ask_blocking(caller, PlatformZones)?;
    let ReadEvents { events, unknown_members } = read_events(texts.iter().map(String::as_bytes), &zones);
    let taken = match events.len() > SHORT_FEED {
        true => app.execute_blocking(caller, FeedEvents::<true> { events })?.outcome,
        false => app.execute_blocking(caller, FeedEvents::<false> { events })?.outcome,
    };
    let result = |taken: Taken| {
        let fault = taken.reason.map(|reason| Fault::new(reason.name(), taken.message));
        Status::parse(taken.status.name()).map(|status| status.result(fault.as_ref()))
    };
    let results: Vec<Option<Value>> = taken.into_iter().map(result).collect();
    Ok(json!({"results": results, "unknown_members": unknown_members}))
}
