//! Writes tables as CSV (RFC 4180) that are safe to open in a spreadsheet.

use super::rejection::Rejection;
use crate::domain::refusal::Refusal;
use csv::{Terminator, Writer, WriterBuilder};

/// A CSV table with a header row and CRLF line ends; cells are quoted only where necessary.
pub struct CsvTable {
    writer: Writer<Vec<u8>>,
}

impl CsvTable {
    pub fn new(header: &[&str]) -> Result<CsvTable, Rejection> {
        let mut table = CsvTable { writer: WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new()) };
        table.row(header)?;
        Ok(table)
    }

    /// Adds a row with as many cells as the header. Pass user-supplied text through [`CsvTable::text`] first.
    pub fn row<T: AsRef<[u8]>>(&mut self, cells: &[T]) -> Result<(), Rejection> {
        self.writer.write_record(cells).map_err(defect)
    }

    /// Prefixes user-supplied text with an apostrophe if a spreadsheet would take it for a formula.
    pub fn text(text: &str) -> String {
        let is_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '|', '%'])
            || text.starts_with(['\t', '\r', '\n']);
        if is_formula { format!("'{text}") } else { text.to_owned() }
    }

    pub(super) fn into_bytes(self) -> Result<Vec<u8>, Rejection> {
        self.writer.into_inner().map_err(defect)
    }
}

fn defect(error: impl std::fmt::Display) -> Rejection {
    tracing::error!(%error, "cannot write a CSV table");
    Refusal::Internal.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let mut table = CsvTable::new(&["a", "b"]).unwrap();
        table.row(&["1,5", "say \"x\""]).unwrap();
        table.row(&["two\nlines", "straße"]).unwrap();
        let text = String::from_utf8(table.into_bytes().unwrap()).unwrap();
        assert_eq!(text, "a,b\r\n\"1,5\",\"say \"\"x\"\"\"\r\n\"two\nlines\",straße\r\n");
    }

    #[test]
    fn formulas_are_defused() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", "\r=1", "\n", "|cmd", "%0A"] {
            assert_eq!(CsvTable::text(text), format!("'{text}"));
        }
        for text in ["", "fee", "1-2", "a=b", "'=1", "mail@example.com", "−5"] {
            assert_eq!(CsvTable::text(text), text);
        }
    }
}
