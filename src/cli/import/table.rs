//! CSV: the separator and columns of a header, and the fields of each record.
//!
//! A record is a line, or several if a quoted field has line breaks.

use std::collections::BTreeMap;
use std::io;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use super::item::Fault;
use super::lines::{LINE_MAX, Line, Lines};

/// Separators, the likelier ones first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The most lines that one record can have.
const RECORD_LINES_MAX: usize = 200;

/// The columns of a file.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) separator: u8,
    /// As the file spells them.
    pub(super) names: Vec<String>,
    /// The places of plain names.
    places: BTreeMap<String, usize>,
    /// Whether somebody has asked for the column.
    known: Vec<bool>,
}

/// A name without case, spaces, signs and what stands in brackets: `Position ID` and `positionId` are one column, and
/// so are `Swap` and `Swap (USD)`.
fn plain(name: &str) -> String {
    let name = name.split_once('(').map_or(name, |(name, _)| name);
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A column of the file, if it has it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Column(Option<usize>);

impl Column {
    pub(super) fn exists(self) -> bool {
        self.0.is_some()
    }
}

impl Header {
    /// Reads a header. None if the line cannot be one.
    pub(super) fn read(line: &Line) -> Option<Header> {
        let text = std::str::from_utf8(&line.bytes).ok().filter(|_| !line.is_cut)?;
        let count = |separator: u8| text.bytes().filter(|byte| *byte == separator).count();
        let separator = SEPARATORS.into_iter().rev().max_by_key(|separator| count(*separator))?;
        let mut splitter = Splitter::new(separator);
        let names: Vec<String> = match splitter.split(&line.bytes) {
            true => splitter.fields().map(|name| name.trim().to_owned()).collect(),
            false => return None,
        };
        let mut places = BTreeMap::new();
        for (place, name) in names.iter().enumerate() {
            places.entry(plain(name)).or_insert(place);
        }
        let known = names.iter().map(String::is_empty).collect();
        Some(Header { separator, names, places, known })
    }

    /// Whether it has a column with one of these plain names.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.places.contains_key(*name))
    }

    /// The column with the first of these plain names that the file has.
    pub(super) fn column(&mut self, names: &[&str]) -> Column {
        let place = names.iter().find_map(|name| self.places.get(*name).copied());
        if let Some(place) = place {
            self.known[place] = true;
        }
        Column(place)
    }

    /// The columns whose names begin with this, in any case, each with the rest of its name as the file spells it. Of
    /// two with the same rest, the first.
    pub(super) fn columns_of(&mut self, prefix: &str) -> Vec<(String, Column)> {
        let mut found: Vec<(String, Column)> = Vec::new();
        for (place, name) in self.names.iter().enumerate() {
            let Some((start, rest)) = name.split_at_checked(prefix.len()) else { continue };
            if start.eq_ignore_ascii_case(prefix) && !found.iter().any(|(known, _)| known == rest.trim()) {
                self.known[place] = true;
                found.push((rest.trim().to_owned(), Column(Some(place))));
            }
        }
        found
    }

    /// The column in the spelling of the file.
    pub(super) fn name(&self, column: Column) -> &str {
        column.0.map_or("", |place| self.names[place].as_str())
    }

    /// The columns that nobody has asked for.
    pub(super) fn unknown(&self) -> Vec<String> {
        self.names.iter().zip(&self.known).filter(|(_, known)| !**known).map(|(name, _)| name.clone()).collect()
    }

    /// Whether a comma in a number is its decimal point.
    pub(super) fn has_decimal_commas(&self) -> bool {
        self.separator != b','
    }
}

/// Splits a line into fields, with the buffers of the line before.
struct Splitter {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Splitter {
    fn new(separator: u8) -> Splitter {
        let reader = ReaderBuilder::new().delimiter(separator).terminator(Terminator::Any(b'\n')).build();
        Splitter { reader, text: vec![0; 4096], ends: vec![0; 64], count: 0 }
    }

    /// False if a quoted field does not end.
    fn split(&mut self, line: &[u8]) -> bool {
        self.reader.reset();
        let (mut text, mut ends) = (0, 0);
        for part in [line, b"\n"] {
            let mut rest = part;
            loop {
                let (result, read, written, ended) =
                    self.reader.read_record(rest, &mut self.text[text..], &mut self.ends[ends..]);
                rest = &rest[read..];
                text += written;
                ends += ended;
                match result {
                    ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                    ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                    ReadRecordResult::InputEmpty => break,
                    ReadRecordResult::Record | ReadRecordResult::End => {
                        self.count = ends;
                        return true;
                    }
                }
            }
        }
        false
    }

    /// The fields of the last line that was split. The text was UTF-8 and is cut at ASCII characters.
    fn fields(&self) -> impl Iterator<Item = &str> {
        (0..self.count).map(|place| self.field(place))
    }

    fn field(&self, place: usize) -> &str {
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        std::str::from_utf8(&self.text[start..self.ends[place]]).unwrap_or_default()
    }
}

/// Reads the records after the header.
pub(super) struct Table {
    pub(super) header: Header,
    splitter: Splitter,
    /// Whether the last line of the file had no line break.
    pub(super) ends_abruptly: bool,
}

/// A record, or why its text is none.
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) original: Vec<u8>,
    pub(super) fault: Option<Fault>,
}

impl Table {
    pub(super) fn new(header: Header) -> Table {
        Table { splitter: Splitter::new(header.separator), header, ends_abruptly: false }
    }

    /// Reads the next record, whose fields [`Table::field`] then gives.
    pub(super) fn next(&mut self, lines: &mut Lines) -> io::Result<Option<Row>> {
        let Some(first) = lines.next()? else { return Ok(None) };
        let line = first.number;
        if first.is_cut {
            return Ok(Some(Row { line, original: first.bytes, fault: Some(Fault::too_long()) }));
        }
        self.ends_abruptly = !first.has_break;
        let mut original = first.bytes.clone();
        let mut more = Vec::new();
        while !self.splitter.split(&original) {
            let next = if more.len() < RECORD_LINES_MAX { lines.any()? } else { None };
            match next {
                Some(next) if !next.is_cut && original.len() + next.bytes.len() < LINE_MAX => {
                    original.push(b'\n');
                    original.extend_from_slice(&next.bytes);
                    more.push(next);
                }
                next => {
                    // The quotation mark was a slip of this line, so the others are read on their own.
                    more.extend(next);
                    lines.put_back(more);
                    let fault = Fault::invalid("a quotation mark is not closed");
                    return Ok(Some(Row { line, original: first.bytes, fault: Some(fault) }));
                }
            }
        }
        let fault = self.fault_of(&original);
        Ok(Some(Row { line, original, fault }))
    }

    fn fault_of(&self, original: &[u8]) -> Option<Fault> {
        if std::str::from_utf8(original).is_err() {
            return Some(Fault::invalid("the line is not UTF-8: save the file as UTF-8"));
        }
        let (count, expected) = (self.splitter.count, self.header.names.len());
        // Spreadsheets and some platforms end lines with separators.
        let extra = (expected..count).all(|place| self.splitter.field(place).trim().is_empty());
        if count < expected || !extra {
            return Some(Fault::invalid(format!("{count} fields, and the header has {expected}")));
        }
        None
    }

    /// A field of the record that was read last, trimmed; none if it is empty or there is no such column.
    pub(super) fn field(&self, column: Column) -> Option<&str> {
        let place = column.0.filter(|place| *place < self.splitter.count)?;
        Some(self.splitter.field(place).trim()).filter(|text| !text.is_empty())
    }

    /// A number in the record that was read last, as decimal text.
    pub(super) fn number(&self, column: Column) -> Result<Option<String>, Fault> {
        let Some(text) = self.field(column) else { return Ok(None) };
        decimal(text, self.header.has_decimal_commas())
            .map(Some)
            .map_err(|why| Fault::invalid(format!("{}: {why}", self.header.name(column))))
    }

    /// A field that must be there.
    pub(super) fn required(&self, column: Column, what: &str) -> Result<&str, Fault> {
        self.field(column).ok_or_else(|| Fault::invalid(format!("{what}: required")))
    }
}

/// A number as people and programs write it, as plain decimal text. Spaces between digits are left out. Whether what
/// remains is a number is for the feed to say.
pub(super) fn decimal(text: &str, has_decimal_commas: bool) -> Result<String, String> {
    let is_space = |character: &char| matches!(character, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}');
    let plain: String =
        text.chars().filter(|it| !is_space(it)).map(|it| if it == '\u{2212}' { '-' } else { it }).collect();
    match (plain.matches(',').count(), plain.contains('.')) {
        (0, _) => Ok(plain),
        (1, false) if has_decimal_commas => Ok(plain.replace(',', ".")),
        _ => Err(format!("{text} has a comma in it: write numbers with a decimal point and without separators")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Lines {
        Lines::new(Box::new(io::Cursor::new(text.to_owned())))
    }

    /// The cells of two columns, or the fault, with the number of the line.
    fn read(text: &str, columns: [&str; 2]) -> Vec<(u64, Result<[String; 2], String>)> {
        let mut lines = lines(text);
        let mut header = Header::read(&lines.next().unwrap().unwrap()).unwrap();
        let columns = columns.map(|name| header.column(&[name]));
        let mut table = Table::new(header);
        let mut found = Vec::new();
        while let Some(row) = table.next(&mut lines).unwrap() {
            let cells = columns.map(|column| table.field(column).unwrap_or("-").to_owned());
            found.push((row.line, row.fault.map_or(Ok(cells), |fault| Err(fault.message))));
        }
        found
    }

    fn cells(first: &str, second: &str) -> Result<[String; 2], String> {
        Ok([first.to_owned(), second.to_owned()])
    }

    #[test]
    fn separators_quotes_and_the_order_of_columns_do_not_matter() {
        for text in [
            "Price,Position ID\n\"1\",7\n",
            "position_id;PRICE\r\n7;1\r\n",
            "x\tpositionId\tPrice (USD)\n\"a\nb\"\t7\t1\t\t\n",
            "\"Position ID\"|price\n 7 |1",
        ] {
            assert_eq!(read(text, ["positionid", "price"]), [(2, cells("7", "1"))], "{text}");
        }
    }

    #[test]
    fn a_record_may_have_line_breaks_and_a_slip_costs_one_line() {
        let text = "a,b\n\"x\n\"\"y\"\"\",1\n\"slip,2\nz,3\nz\n";
        let mut expected = vec![(2, cells("x\n\"y\"", "1"))];
        expected.push((4, Err("a quotation mark is not closed".into())));
        expected.push((5, cells("z", "3")));
        expected.push((6, Err("1 fields, and the header has 2".into())));
        assert_eq!(read(text, ["a", "b"]), expected);
    }

    #[test]
    fn unknown_columns_are_those_that_nobody_asked_for() {
        let mut header = Header::read(&lines("Deal,Magic,,Expert Name\n").next().unwrap().unwrap()).unwrap();
        assert!(header.column(&["ticket", "deal"]).exists() && !header.column(&["swap"]).exists());
        assert_eq!(header.unknown(), ["Magic", "Expert Name"]);
    }

    #[test]
    fn numbers_are_read_as_the_file_writes_them() {
        for (text, has_commas, expected) in [
            ("1 234.50", false, Some("1234.50")),
            ("-1\u{a0}234,50", true, Some("-1234.50")),
            ("\u{2212}3", false, Some("-3")),
            ("1,5", false, None),
            ("1,234.50", true, None),
            ("1.234,50", true, None),
            ("1,234,567", true, None),
        ] {
            assert_eq!(decimal(text, has_commas).ok().as_deref(), expected, "{text}");
        }
    }
}
