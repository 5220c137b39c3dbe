//! Where results go: JSON for machines, lines and tables for people.

use std::io::{self, Write};

use serde_json::Value;

use super::outcome::Failure;

/// Where a command writes its result.
pub(super) struct Output<'a> {
    /// Whether machines read it.
    pub(super) json: bool,
    /// Stdout.
    pub(super) to: &'a mut dyn Write,
}

impl Output<'_> {
    /// Prints the result in one of its two forms.
    pub(super) fn print(&mut self, value: &Value, text: impl AsRef<str>) -> Result<(), Failure> {
        match self.json {
            true => writeln!(self.to, "{value:#}")?,
            false => writeln!(self.to, "{}", text.as_ref().trim_end())?,
        }
        Ok(self.to.flush()?)
    }
}

/// Stdout of a command. A reader that has gone, as `head` does, has read what it wanted: nothing is said about it, and
/// the exit code is what it would be otherwise.
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

/// The result of writing; success, where nobody reads any more.
pub(super) fn ignore_broken_pipe<T>(written: io::Result<T>, done: T) -> io::Result<T> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(done),
        written => written,
    }
}

/// Columns under a header, as wide as their longest cell.
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

/// A list in one cell; a dash where it is empty.
pub(super) fn list(items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.as_ref().to_owned()).collect();
    if items.is_empty() { "-".into() } else { items.join(",") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_need_to_be() {
        let rows = [["a".to_owned(), "Søren".to_owned()], ["bcd".to_owned(), list([""; 0])]];
        assert_eq!(table(["NAME", "WHO"], &rows), "NAME  WHO\na     Søren\nbcd   -");
    }
}
