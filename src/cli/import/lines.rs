//! Reads a text line by line, in constant memory, and knows the number of each line.

use std::collections::VecDeque;
use std::io::{self, BufRead};

/// The longest line, in bytes. What goes beyond is left out, and the line refused.
pub(super) const LINE_MAX: usize = 1024 * 1024;

/// What comments of a file of rejects begin with.
pub(super) const COMMENT: &str = "# line ";

/// Without its line break.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
    /// Longer than [`LINE_MAX`]: only its beginning is here.
    pub(super) is_cut: bool,
    /// The last line of a file may have none.
    pub(super) has_break: bool,
}

impl Line {
    pub(super) fn is_blank(&self) -> bool {
        self.bytes.trim_ascii().is_empty()
    }
}

pub(super) struct Lines {
    source: Box<dyn BufRead>,
    read: u64,
    /// Lines that were read and given back.
    again: VecDeque<Line>,
}

impl Lines {
    pub(super) fn new(source: Box<dyn BufRead>) -> Lines {
        Lines { source, read: 0, again: VecDeque::new() }
    }

    /// The next line that is neither blank nor a comment of a file of rejects.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            match self.any()? {
                Some(line) if line.is_blank() || line.bytes.starts_with(COMMENT.as_bytes()) => {}
                line => return Ok(line),
            }
        }
    }

    /// The next line, whatever it holds.
    pub(super) fn any(&mut self) -> io::Result<Option<Line>> {
        match self.again.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.read(),
        }
    }

    /// Gives lines back, which are then the next ones.
    pub(super) fn put_back(&mut self, lines: impl IntoIterator<Item = Line, IntoIter: DoubleEndedIterator>) {
        for line in lines.into_iter().rev() {
            self.again.push_front(line);
        }
    }

    /// Lines read so far.
    pub(super) fn count(&self) -> u64 {
        self.read
    }

    /// The bytes that come next; empty at the end. Lines that were given back are not among them.
    pub(super) fn buffer(&mut self) -> io::Result<&[u8]> {
        while let Err(error) = self.source.fill_buf() {
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        self.source.fill_buf()
    }

    /// Passes over bytes of the buffer.
    pub(super) fn consume(&mut self, count: usize) -> io::Result<()> {
        let passed = &self.buffer()?[..count];
        let breaks = passed.iter().filter(|byte| **byte == b'\n').count();
        self.read += breaks as u64;
        self.source.consume(count);
        Ok(())
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        let mut line = Line { number: self.read + 1, bytes: Vec::new(), is_cut: false, has_break: false };
        loop {
            let buffer = self.buffer()?;
            if buffer.is_empty() {
                break;
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let (part, consumed) = match end {
                Some(end) => (&buffer[..end], end + 1),
                None => (buffer, buffer.len()),
            };
            let room = LINE_MAX.saturating_sub(line.bytes.len());
            line.is_cut |= part.len() > room;
            line.bytes.extend_from_slice(&part[..part.len().min(room)]);
            let is_end = end.is_some();
            self.source.consume(consumed);
            if is_end {
                line.has_break = true;
                break;
            }
        }
        if line.bytes.is_empty() && !line.has_break {
            return Ok(None);
        }
        if line.bytes.last() == Some(&b'\r') && !line.is_cut {
            line.bytes.pop();
        }
        self.read += 1;
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(u64, String)> {
        let mut lines = Lines::new(Box::new(io::Cursor::new(text.to_owned())));
        std::iter::from_fn(|| lines.next().unwrap())
            .map(|line| (line.number, String::from_utf8(line.bytes).unwrap()))
            .collect()
    }

    #[test]
    fn blank_lines_and_comments_of_rejects_are_passed_over() {
        let text = "# line 3, invalid: price\r\na\r\n\r\n  \nb # line 4\nc";
        let expected = [(2, "a"), (5, "b # line 4"), (6, "c")].map(|(number, text)| (number, text.to_owned()));
        assert_eq!(all(text), expected);
    }

    #[test]
    fn a_line_beyond_the_limit_is_cut_and_the_next_one_is_whole() {
        let text = format!("{}\nb\n", "a".repeat(LINE_MAX + 1));
        let mut lines = Lines::new(Box::new(io::Cursor::new(text)));
        let first = lines.next().unwrap().unwrap();
        assert_eq!((first.is_cut, first.bytes.len()), (true, LINE_MAX));
        let second = lines.next().unwrap().unwrap();
        assert_eq!((second.number, second.is_cut, second.bytes), (2, false, b"b".to_vec()));
        lines.put_back([first]);
        assert!(lines.next().unwrap().unwrap().is_cut);
        assert_eq!(lines.next().unwrap(), None);
    }
}
