//! Tables as CSV (RFC 4180), safe to open in a spreadsheet.

use super::rejection::Rejection;
use crate::domain::refusal::Refusal;
use csv::{Terminator, Writer, WriterBuilder};

/// A table with a head, as CSV: lines end with CR and LF, quotes stand where they are needed.
pub struct CsvTable {
    writer: Writer<Vec<u8>>,
}

impl CsvTable {
    pub fn new(head: &[&str]) -> Result<CsvTable, Rejection> {
        let mut table = CsvTable { writer: WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new()) };
        table.row(head)?;
        Ok(table)
    }

    /// Adds a row: as many cells as the head has. What a person wrote goes through [`CsvTable::text`] first.
    pub fn row<T: AsRef<[u8]>>(&mut self, cells: &[T]) -> Result<(), Rejection> {
        self.writer.write_record(cells).map_err(defect)
    }

    /// A text that somebody wrote, as a cell: one that a spreadsheet would take for a formula gets an apostrophe in front.
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
    tracing::error!(%error, "a table cannot be written");
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
