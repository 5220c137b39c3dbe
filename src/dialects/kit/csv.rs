//! Writes tables as CSV (RFC 4180) that are safe to open in a spreadsheet.
//!
//! A spreadsheet runs a cell that begins with a formula. Which character separates cells depends on its language: where
//! the comma is the decimal mark, it splits our lines at semicolons, and ignores quotes inside them. So a formula is
//! defused at the beginning of a cell and after anything that could begin another cell.

use super::rejection::Rejection;
use crate::domain::refusal::Refusal;
use csv::{Terminator, Writer, WriterBuilder};
use std::borrow::Cow;

/// The mark of UTF-8, without which some spreadsheets take the text for the machine's own code page.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// What a caller asked for in a CSV answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TableFormat {
    /// Whether the table begins with a byte order mark.
    pub has_bom: bool,
}

/// A CSV table with a header row and CRLF line ends; cells are quoted only where necessary, and formulas are defused.
pub struct CsvTable {
    writer: Writer<Vec<u8>>,
}

impl CsvTable {
    pub fn new(header: &[&str], format: TableFormat) -> Result<CsvTable, Rejection> {
        let start = if format.has_bom { BOM.to_vec() } else { Vec::new() };
        let mut table = CsvTable { writer: WriterBuilder::new().terminator(Terminator::CRLF).from_writer(start) };
        table.row(header)?;
        Ok(table)
    }

    /// Adds a row with as many cells as the header.
    pub fn row<T: AsRef<str>>(&mut self, cells: &[T]) -> Result<(), Rejection> {
        for cell in cells {
            self.writer.write_field(defused(cell.as_ref()).as_ref()).map_err(defect)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(defect)
    }

    pub(super) fn into_bytes(self) -> Result<Vec<u8>, Rejection> {
        self.writer.into_inner().map_err(defect)
    }
}

/// Puts an apostrophe before each part of a cell that a spreadsheet would take for a formula. A number stays as it is.
fn defused(cell: &str) -> Cow<'_, str> {
    let begins_invisibly = cell.starts_with(['\t', '\r', '\n']);
    if !begins_invisibly && (!cell.contains(FORMULA) || is_number(cell)) {
        return cell.into();
    }
    let mut text = String::with_capacity(cell.len() + 1);
    if begins_invisibly {
        text.push('\'');
    }
    for part in cell.split_inclusive(is_separator) {
        if is_formula(part) {
            text.push('\'');
        }
        text.push_str(part);
    }
    text.into()
}

/// What begins a formula, or a call of another program, in some spreadsheet.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '|', '%'];

/// Whether a spreadsheet of some language begins a new cell or line after this character.
fn is_separator(c: char) -> bool {
    matches!(c, ',' | ';' | '\t' | '\r' | '\n')
}

/// Whether a part begins with a formula, behind white space or quotes.
fn is_formula(part: &str) -> bool {
    part.trim_start_matches(|c: char| c.is_whitespace() || c == '"').starts_with(FORMULA)
}

/// A plain decimal number such as `-12.50`.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, decimals)) => digits(whole) && digits(decimals),
        None => digits(unsigned),
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
        let mut table = CsvTable::new(&["a", "b"], TableFormat { has_bom: true }).unwrap();
        table.row(&["1,5", "say \"x\""]).unwrap();
        table.row(&["two\nlines", "straße"]).unwrap();
        table.row(&["", ""]).unwrap();
        let text = String::from_utf8(table.into_bytes().unwrap()).unwrap();
        assert_eq!(text, "\u{feff}a,b\r\n\"1,5\",\"say \"\"x\"\"\"\r\n\"two\nlines\",straße\r\n,\r\n");
    }

    #[test]
    fn formulas_are_defused_wherever_a_cell_may_begin() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("+1+1", "'+1+1"),
            ("-A1", "'-A1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t'=1"),
            ("\r=1", "'\r'=1"),
            ("\nfee", "'\nfee"),
            (" =1", "' =1"),
            ("＝1", "'＝1"),
            ("|cmd", "'|cmd"),
            ("%0A", "'%0A"),
            ("\u{a0}=1", "'\u{a0}=1"),
            ("\"=1\"", "'\"=1\""),
            ("fee;=1+1", "fee;'=1+1"),
            ("fee,=1+1", "fee,'=1+1"),
            ("fee; \"=1\"", "fee;' \"=1\""),
            ("fee\n=1", "fee\n'=1"),
            ("a;-1;@x", "a;'-1;'@x"),
            ("-1-1", "'-1-1"),
            ("-", "'-"),
        ] {
            assert_eq!(defused(cell), expected);
        }
        for cell in ["", "fee", "1-2", "a=b", "'=1", "mail@example.com", "−5", "-1", "-12.50", "+1", "50%"] {
            assert_eq!(defused(cell), cell);
        }
    }
}
