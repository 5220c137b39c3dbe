//! The table of results, and a description of the machine.

use crate::Outcome;
use bursar::domain::clock::Clock;
use bursar::system::SystemClock;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The goal of a figure.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
    /// For information only.
    None,
}

/// One row of the table, with the value of each round.
pub(crate) struct Row {
    what: &'static str,
    unit: &'static str,
    goal: Goal,
    values: Vec<f64>,
    /// The components of the value in the last round.
    made_of: String,
}

/// All rows, in the order of their first measurement.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Records the value of one round.
    pub(crate) fn note(&mut self, what: &'static str, unit: &'static str, goal: Goal, value: f64, made_of: String) {
        println!("  {what}: {} ({made_of})", shown(value, unit));
        match self.0.iter_mut().find(|row| row.what == what) {
            Some(row) => {
                row.values.push(value);
                row.made_of = made_of;
            }
            None => self.0.push(Row { what, unit, goal, values: vec![value], made_of }),
        }
    }

    /// Records a ratio of two rates.
    pub(crate) fn ratio(&mut self, what: &'static str, goal: f64, rates: (f64, f64)) {
        let (above, below) = rates;
        let made_of = format!("{above:.0} ÷ {below:.0} a second");
        self.note(what, "", Goal::AtLeast(goal), above / below, made_of);
    }

    /// The table in Markdown.
    pub(crate) fn to_markdown(&self) -> String {
        let mut text = String::from("| what | goal | median | rounds | the last round |\n|---|---|---|---|---|\n");
        for row in &self.0 {
            let mut sorted = row.values.clone();
            sorted.sort_by(f64::total_cmp);
            // For an even number, the worse of the two middle values rather than an average that was never measured.
            let median = match row.goal {
                Goal::AtMost(_) => sorted[sorted.len() / 2],
                _ => sorted[(sorted.len() - 1) / 2],
            };
            let (goal, verdict) = match row.goal {
                Goal::AtLeast(goal) => (format!("≥ {}", shown(goal, row.unit)), verdict(median >= goal)),
                Goal::AtMost(goal) => (format!("≤ {}", shown(goal, row.unit)), verdict(median <= goal)),
                Goal::None => (String::new(), ""),
            };
            let rounds: Vec<_> = row.values.iter().map(|value| shown(*value, "")).collect();
            let _ = writeln!(
                text,
                "| {} | {goal} | **{}**{verdict} | {} | {} |",
                row.what,
                shown(median, row.unit),
                rounds.join(", "),
                row.made_of
            );
        }
        text
    }
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "" } else { " (missed)" }
}

fn shown(value: f64, unit: &str) -> String {
    let number = match value {
        v if v >= 1000.0 => format!("{v:.0}"),
        v if v >= 20.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    };
    if unit.is_empty() { number } else { format!("{number} {unit}") }
}

/// Describes the machine and the software on it.
pub(crate) fn machine(directory: &Path, postgres: Option<&str>, load_before: &str) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".into());
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.trim_end_matches(" kB").trim().parse::<f64>().ok())
        .map_or("unknown".into(), |kib| format!("{:.1} GiB", kib / 1024.0 / 1024.0));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let rows = [
        ("Date", SystemClock.now().to_string()),
        ("Processor", format!("{cores} cores, {cpu}")),
        ("Memory", memory),
        ("Kernel", format!("Linux {}", kernel.trim())),
        ("File system", file_system(directory)),
        ("Load average before and after", format!("{load_before}; {}", load_average())),
        ("bursar", format!("{} at {}", env!("CARGO_PKG_VERSION"), said("git", &["rev-parse", "--short", "HEAD"]))),
        ("Compiler", said("rustc", &["--version"])),
        ("SQLite", rusqlite::version().into()),
        ("PostgreSQL", postgres.unwrap_or("not here, left out").into()),
    ];
    rows.iter().map(|(name, value)| format!("- {name}: {value}\n")).collect()
}

/// The load average: other work on the machine worsens every figure.
pub(crate) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn said(program: &str, arguments: &[&str]) -> String {
    let out = Command::new(program).args(arguments).output();
    out.map_or("unknown".into(), |out| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

fn file_system(directory: &Path) -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let kind = mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            Some((fields.next()?, fields.next()?))
        })
        .filter(|(point, _)| directory.starts_with(point))
        .max_by_key(|(point, _)| point.len());
    kind.map_or("unknown".into(), |(_, kind)| kind.to_owned())
}

/// Writes `benches/RESULTS.md`.
pub(crate) fn write(introduction: &str, machine: &str, table: &Table) -> Outcome<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/RESULTS.md");
    let text = format!("{introduction}\n{}\n## The machine\n\n{machine}", table.to_markdown());
    Ok(fs::write(file, text)?)
}
