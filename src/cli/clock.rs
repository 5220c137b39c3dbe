//! `bursar clock`: shows whether the machine's clock is trusted, and confirms it after a leap ahead.

use clap::Subcommand;
use serde_json::Value;

use super::control::ControlCommand;
use super::outcome::Failure;
use super::{Session, data_dir};

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ClockCommand {
    /// Show the clock, the last recorded moment, and whether writes are refused
    Show,
    /// Confirm that the clock is right although it leapt ahead: writes continue
    Accept,
}

pub(super) fn run(command: ClockCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    let (control, is_acceptance) = match command {
        ClockCommand::Show => (ControlCommand::ShowClock, false),
        ClockCommand::Accept => (ControlCommand::AcceptClock, true),
    };
    let value = data_dir::write(session.config()?, control)?;
    let sentence = match (is_acceptance, value["accepted"].as_bool()) {
        (true, Some(true)) => "The clock is confirmed: writes continue.".to_owned(),
        (true, _) => "There was nothing to confirm: writes are not refused because of the clock.".to_owned(),
        (false, _) => sentence(&value),
    };
    let word = |name: &str| value[name].as_str().unwrap_or("-").to_owned();
    let text = format!("Clock          {}\nLast recorded  {}\n\n{sentence}", word("now"), word("last_recorded"));
    session.output.print(&value, text)
}

/// What the state of the clock means, for people.
pub(super) fn sentence(clock: &Value) -> String {
    let off_by_s = clock["off_by_s"].as_i64().unwrap_or(0);
    match clock["state"].as_str() {
        Some("ahead") => format!(
            "The clock is {off_by_s} s ahead of where it should be: writes are refused. Set it right, or, if it is \
             right, run: bursar clock accept"
        ),
        Some("behind") => format!(
            "The clock is {off_by_s} s behind the last recorded moment: recorded times stand still until it has caught \
             up."
        ),
        _ => "The clock is trusted.".to_owned(),
    }
}
