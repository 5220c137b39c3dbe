//! Where results go: JSON for machines, lines and tables for people.

use std::io::{self, Write};

use serde_json::Value;

use super::outcome::Failure;

pub(super) struct Output<'a> {
    /// Print JSON instead of text.
    pub(super) json: bool,
    pub(super) to: &'a mut dyn Write,
}

impl Output<'_> {
    /// Prints the result as JSON or as text.
    pub(super) fn print(&mut self, value: &Value, text: impl AsRef<str>) -> Result<(), Failure> {
        match self.json {
            true => writeln!(self.to, "{value:#}")?,
            false => writeln!(self.to, "{}", text.as_ref().trim_end())?,
        }
        Ok(self.to.flush()?)
    }
}

/// Stdout that ignores a broken pipe: a reader that stops early, such as `head`, has what it wanted, so the exit code
/// stays the same.
pub(super) struct Stdout(io::StdoutLock<'static>);

impl Stdout {
    pub(super) fn lock() -> Stdout {
        Stdout(io::stdout().lock())
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        ignore_broken_pipe(self.0.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        ignore_broken_pipe(self.0.flush(), ())
    }
}

/// Turns a broken pipe into success, with the result `done`.
pub(super) fn ignore_broken_pipe<T>(written: io::Result<T>, done: T) -> io::Result<T> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(done),
        written => written,
    }
}

/// Columns under a header, each as wide as its longest cell.
pub(super) fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = header.map(|cell| cell.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let header = header.map(str::to_owned);
    let line = |row: &[String; N]| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    std::iter::once(&header).chain(rows).map(line).collect::<Vec<_>>().join("\n")
}

/// The most lines of one kind that a page shows. Whoever can write to a target can make any number of them.
const LINES_MAX: usize = 20;

/// The first of these lines, and one that says how many there are beside them.
pub(super) fn some_lines(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(LINES_MAX);
    lines.truncate(LINES_MAX);
    lines.extend((more > 0).then(|| format!("… and {more} more; --json shows all")));
    lines
}

/// A comma-separated list in one cell; a dash if it is empty.
pub(super) fn list(items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.as_ref().to_owned()).collect();
    if items.is_empty() { "-".into() } else { items.join(",") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_their_longest_cell() {
        let rows = [["a".to_owned(), "Søren".to_owned()], ["bcd".to_owned(), list([""; 0])]];
        assert_eq!(table(["NAME", "WHO"], &rows), "NAME  WHO\na     Søren\nbcd   -");
    }
}
