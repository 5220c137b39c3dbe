//! What became of the records of a file: counts, reasons and the file of rejects.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::item::Fault;
use super::lines::COMMENT;
use crate::cli::outcome::{Exit, Failure};

/// Refused records that are listed although there is a file of them, or none was asked for.
const LISTED: usize = 20;

/// The longest message in the answer of a command, in characters.
const MESSAGE_MAX: usize = 300;

/// What became of one event, client or account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Status {
    Accepted,
    Duplicate,
    Parked,
    Refused,
}

impl Status {
    const ALL: [Status; 4] = [Status::Accepted, Status::Duplicate, Status::Parked, Status::Refused];

    fn name(self) -> &'static str {
        match self {
            Status::Accepted => "accepted",
            Status::Duplicate => "duplicates",
            Status::Parked => "parked",
            Status::Refused => "refused",
        }
    }

    /// The name in the answer of a command.
    fn word(self) -> &'static str {
        match self {
            Status::Duplicate => "duplicate",
            other => other.name(),
        }
    }

    pub(super) fn parse(word: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.word() == word)
    }

    /// A result in the answer of a command.
    pub(super) fn result(self, fault: Option<&Fault>) -> Value {
        match fault {
            None => json!({"status": self.word()}),
            Some(Fault { reason, message }) => {
                // A value of the file may be part of it, and the answer is one line of limited length.
                let message: String = message.chars().take(MESSAGE_MAX).collect();
                json!({"status": self.word(), "reason": reason, "message": message})
            }
        }
    }
}

pub(super) struct Report {
    rejects: Option<Rejects>,
    counts: BTreeMap<Status, u64>,
    reasons: BTreeMap<(Status, String), u64>,
    skipped: BTreeMap<&'static str, u64>,
    listed: Vec<(u64, Fault)>,
    /// Records, not events, that were refused.
    refused_records: u64,
    /// Members and columns that nothing was read from.
    pub(super) unknown: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl Report {
    pub(super) fn new(rejects: Option<Rejects>) -> Report {
        Report {
            rejects,
            counts: BTreeMap::new(),
            reasons: BTreeMap::new(),
            skipped: BTreeMap::new(),
            listed: Vec::new(),
            refused_records: 0,
            unknown: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Counts a result that is not a refusal, or a further refusal of a record.
    pub(super) fn count(&mut self, status: Status, reason: &str) {
        *self.counts.entry(status).or_default() += 1;
        if status != Status::Accepted {
            *self.reasons.entry((status, reason.to_owned())).or_default() += 1;
        }
    }

    /// Counts a record that is not meant to be imported.
    pub(super) fn skip(&mut self, why: &'static str) {
        *self.skipped.entry(why).or_default() += 1;
    }

    /// Notes a record that was refused, in part or as a whole.
    pub(super) fn reject(&mut self, line: u64, fault: Fault, original: &[u8]) -> Result<(), Failure> {
        self.refused_records += 1;
        if let Some(rejects) = &mut self.rejects {
            rejects.write(line, &fault, original)?;
        }
        if self.listed.len() < LISTED {
            self.listed.push((line, fault));
        }
        Ok(())
    }

    fn of(&self, status: Status) -> u64 {
        self.counts.get(&status).copied().unwrap_or(0)
    }

    /// Closes the file of rejects.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.rejects.as_mut().map_or(Ok(()), Rejects::finish)
    }

    /// The summary as JSON.
    pub(super) fn view(&self, head: Value) -> Value {
        let mut view = head;
        for status in Status::ALL {
            view[status.name()] = self.of(status).into();
        }
        let reasons = |wanted: Status| {
            let found = self.reasons.iter().filter(|((status, _), _)| *status == wanted);
            Value::Object(found.map(|((_, reason), count)| (reason.clone(), json!(count))).collect())
        };
        view["skipped"] = json!(self.skipped.values().sum::<u64>());
        view["reasons"] =
            json!({"parked": reasons(Status::Parked), "refused": reasons(Status::Refused), "skipped": self.skipped});
        view["rejects"] = json!(self.rejects.as_ref().map(|rejects| &rejects.path));
        view["refused_lines"] = self
            .listed
            .iter()
            .map(|(line, fault)| json!({"line": line, "reason": fault.reason, "message": fault.message}))
            .collect();
        view["unknown"] = json!(self.unknown);
        view["warnings"] = json!(self.warnings);
        view
    }

    /// The summary in lines, after its head.
    pub(super) fn text(&self, head: &str) -> String {
        let counts: Vec<String> =
            Status::ALL.iter().map(|status| format!("{} {}", self.of(*status), status.name())).collect();
        let mut lines = vec![format!("{head}: {}", counts.join(", "))];
        for status in [Status::Parked, Status::Refused] {
            let reasons: Vec<String> = self
                .reasons
                .iter()
                .filter(|((found, _), _)| *found == status)
                .map(|((_, reason), count)| format!("{reason} {count}"))
                .collect();
            if !reasons.is_empty() {
                lines.push(format!("{}: {}", status.name(), reasons.join(", ")));
            }
        }
        for (why, count) in &self.skipped {
            lines.push(format!("skipped: {count} {why}"));
        }
        lines.extend(self.listed.iter().map(|(line, fault)| format!("  line {line}: {fault}")));
        let more = self.refused_records - self.listed.len() as u64;
        if more > 0 {
            lines.push(format!("  and {more} more"));
        }
        if !self.unknown.is_empty() {
            lines.push(format!("not used: {}", self.unknown.join(", ")));
        }
        lines.extend(self.warnings.iter().map(|warning| format!("warning: {warning}")));
        lines.join("\n")
    }

    /// The failure of an import of which something was refused.
    pub(super) fn verdict(&self, is_rehearsal: bool) -> Result<(), Failure> {
        if self.refused_records == 0 {
            return Ok(());
        }
        let lines = if self.refused_records == 1 { "line was" } else { "lines were" };
        let rest = if is_rehearsal { "would be imported" } else { "was imported" };
        let message = format!("{} {lines} refused, in part or as a whole; the rest {rest}", self.refused_records);
        let next = match &self.rejects {
            Some(rejects) => format!("Mend them in {} and import that file.", rejects.path.display()),
            None => "Name a file for them with --rejects, mend them there, and import that file.".into(),
        };
        Err(Failure::new(Exit::Verification, message).next(next))
    }
}

/// The records that were refused, as they were, each after a comment that says why.
pub(super) struct Rejects {
    path: PathBuf,
    header: Option<Vec<u8>>,
    file: BufWriter<File>,
    is_empty: bool,
}

impl Rejects {
    /// Begins a new file, in place of one of an earlier run. The file that is imported is refused.
    pub(super) fn create(path: &Path, imported: &Path) -> Result<Rejects, Failure> {
        let same = |path: &Path| fs::canonicalize(path).ok();
        if same(path).is_some_and(|path| Some(path) == same(imported)) {
            return Err(Failure::new(Exit::Usage, "the file of rejects is the file that is imported")
                .next("Name another file with --rejects."));
        }
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
        let file = file.map_err(|error| Failure::of_file(path.display(), &error))?;
        Ok(Rejects { path: path.to_owned(), header: None, file: BufWriter::new(file), is_empty: true })
    }

    /// The header of the columns, for the first line.
    pub(super) fn with_header(mut self, header: Option<Vec<u8>>) -> Rejects {
        self.header = header;
        self
    }

    fn write(&mut self, line: u64, fault: &Fault, original: &[u8]) -> Result<(), Failure> {
        let why = fault.to_string().replace(['\n', '\r'], " ");
        let header = if self.is_empty { self.header.take() } else { None };
        self.is_empty = false;
        let mut put = |bytes: &[u8]| self.file.write_all(bytes).and_then(|()| self.file.write_all(b"\n"));
        header
            .map_or(Ok(()), |header| put(&header))
            .and_then(|()| put(format!("{COMMENT}{line}, {why}").as_bytes()))
            .and_then(|()| put(original))
            .map_err(|error| Failure::of_file(self.path.display(), &error))
    }

    /// Leaves no empty file behind.
    fn finish(&mut self) -> Result<(), Failure> {
        let done = self.file.flush().and_then(|()| if self.is_empty { fs::remove_file(&self.path) } else { Ok(()) });
        done.map_err(|error| Failure::of_file(self.path.display(), &error))
    }
}
