//! The import of a file, in parts that are applied and on disk one by one.
//!
//! An import that was interrupted is started again as it was: what is in already counts as a duplicate.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Value, json};

use super::FileArgs;
use super::gate::Gate;
use super::item::{Content, Fault, Item};
use super::reader::{Reader, unreadable};
use super::report::{Rejects, Report, Status};
use super::source::Meter;
use crate::cli::control::ControlCommand;
use crate::cli::outcome::{Exit, Failure};
use crate::cli::{Session, progress};
use crate::domain::trading::EVENT_BYTES_MAX;

/// Bytes of a part as the control socket takes it, with room for the rest of the line.
const PART_BYTES: usize = 960 * 1024;

/// What a file becomes.
pub(super) struct Import {
    pub(super) reader: Reader,
    pub(super) meter: Meter,
    /// Bytes of the file; 0 if that is not known.
    pub(super) size: u64,
    /// The command that takes a part of it.
    pub(super) command: fn(Vec<String>) -> ControlCommand,
    /// Texts in one part.
    pub(super) part: usize,
}

impl Import {
    pub(super) fn run(mut self, args: &FileArgs, session: &mut Session<'_>) -> Result<(), Failure> {
        let config = session.config()?;
        let rejects = args.rejects.as_ref().map(|path| Rejects::create(path, &args.file)).transpose()?;
        let gate = Gate::open(config, args.dry_run)?;
        let mut report = Report::new(rejects.map(|rejects| rejects.with_header(self.reader.header.clone())));
        let bar = progress::through_file(session.output.json, "import", self.size);
        let mut unknown: BTreeSet<String> = self.reader.unknown_columns().into_iter().collect();
        let mut part = Part::default();
        let outcome = loop {
            match part.fill(&mut self.reader, self.part) {
                Ok(()) if part.items.is_empty() => break Ok(()),
                Ok(()) => {}
                Err(failure) => break Err(failure),
            }
            if let Err(failure) = part.send(&gate, self.command, &mut report, &mut unknown) {
                break Err(interrupted(failure, &part));
            }
            bar.set_position(self.meter.bytes());
        };
        bar.finish_and_clear();
        drop(gate);
        report.finish()?;
        outcome?;
        report.unknown.extend(unknown);
        if self.reader.ends_abruptly() {
            report.warnings.push("the last line has no line break: check that the file is complete".into());
        }
        let (name, lines) = (self.reader.format.name(), self.reader.lines());
        let head = json!({"file": args.file, "format": name, "lines": lines, "dry_run": args.dry_run});
        let verb = if args.dry_run { "Dry run on a copy of the database:" } else { "Imported" };
        let text = format!("{verb} {} as {name}, {lines} lines", args.file.display());
        session.output.print(&report.view(head), report.text(&text))?;
        report.verdict(args.dry_run)
    }
}

/// Says how far an import came that could not go on.
fn interrupted(failure: Failure, part: &Part) -> Failure {
    let message = format!("the import stopped at line {}: {}", part.first_line, failure.message);
    let next = "Run the same command again: what is in already counts as a duplicate.";
    let next = failure.next.as_deref().map_or(next.to_owned(), |first| format!("{first}\n{next}"));
    Failure { message, next: Some(next), ..failure }
}

/// Records of the file that are sent together.
#[derive(Default)]
struct Part {
    items: Vec<Item>,
    events: usize,
    bytes: usize,
    first_line: u64,
    /// A record that did not fit any more.
    next: Option<Item>,
}

impl Part {
    /// Reads records until the part is full or the file ends.
    fn fill(&mut self, reader: &mut Reader, most: usize) -> Result<(), Failure> {
        (self.events, self.bytes) = (0, 0);
        self.items.clear();
        loop {
            let next = self.next.take().map_or_else(|| reader.next(), |item| Ok(Some(item)));
            let Some(mut item) = next.map_err(unreadable)? else { break };
            let (events, bytes) = match &item.content {
                Content::Events(events) if events.iter().any(|event| event.len() > EVENT_BYTES_MAX) => {
                    item.content = Content::Refused(Fault::too_long());
                    (0, item.original.len())
                }
                // The originals are kept, too, until it is known what was refused.
                Content::Events(events) => (events.len(), events.iter().map(|event| escaped(event)).sum()),
                Content::Refused(_) | Content::Skipped(_) => (0, item.original.len()),
            };
            if !self.items.is_empty() && (self.events + events > most || self.bytes + bytes > PART_BYTES) {
                self.next = Some(item);
                break;
            }
            if self.items.is_empty() {
                self.first_line = item.line;
            }
            self.events += events;
            self.bytes += bytes;
            self.items.push(item);
        }
        Ok(())
    }

    fn send(
        &mut self,
        gate: &Gate,
        command: fn(Vec<String>) -> ControlCommand,
        report: &mut Report,
        unknown: &mut BTreeSet<String>,
    ) -> Result<(), Failure> {
        let mut events = Vec::with_capacity(self.events);
        let mut counts = Vec::with_capacity(self.items.len());
        for item in &mut self.items {
            let taken = match &mut item.content {
                Content::Events(texts) => std::mem::take(texts),
                Content::Refused(_) | Content::Skipped(_) => Vec::new(),
            };
            counts.push(taken.len());
            events.extend(taken);
        }
        let mut results = match events.is_empty() {
            true => VecDeque::new(),
            false => {
                let answer = gate.send(command(events))?;
                unknown.extend(texts(&answer["unknown_members"]));
                answer["results"].as_array().map(|results| results.iter().map(result).collect()).unwrap_or_default()
            }
        };
        for (item, count) in self.items.drain(..).zip(counts) {
            let mut fault = match item.content {
                Content::Events(_) => None,
                Content::Skipped(why) => {
                    report.skip(why);
                    None
                }
                Content::Refused(fault) => {
                    report.count(Status::Refused, &fault.reason);
                    Some(fault)
                }
            };
            for _ in 0..count {
                let (status, found) = results.pop_front().ok_or_else(incomplete)??;
                report.count(status, &found.reason);
                if status == Status::Refused {
                    fault.get_or_insert(found);
                }
            }
            if let Some(fault) = fault {
                report.reject(item.line, fault, &item.original)?;
            }
        }
        Ok(())
    }
}

/// Bytes of a text as JSON.
fn escaped(text: &str) -> usize {
    let extra = |byte: u8| match byte {
        b'"' | b'\\' => 1,
        byte if byte < 0x20 => 5,
        _ => 0,
    };
    text.len() + text.bytes().map(extra).sum::<usize>() + 3
}

fn texts(values: &Value) -> Vec<String> {
    values.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The result of one event, as the answer of the command has it.
fn result(value: &Value) -> Result<(Status, Fault), Failure> {
    let text = |name: &str| value[name].as_str().unwrap_or_default();
    let status = Status::parse(text("status")).ok_or_else(incomplete)?;
    Ok((status, Fault::new(text("reason"), text("message"))))
}

fn incomplete() -> Failure {
    Failure::new(Exit::Failure, "the answer does not say what became of each event")
        .next("Restart the server, so that it has the version of this program.")
}
