//! JSON lines, and the elements of a JSON array: each is an event as the feed takes it.

use std::io;

use super::item::{Fault, Item};
use super::lines::{LINE_MAX, Line, Lines};

/// One value for each line. Whether a line is JSON is for the feed to say.
pub(super) fn next_line(lines: &mut Lines) -> io::Result<Option<Item>> {
    Ok(lines.next()?.map(|line| match text_of(&line) {
        Ok(text) => Item::event(line.number, line.bytes, text),
        Err(fault) => Item::refused(line.number, line.bytes, fault),
    }))
}

/// The text of a line, if it is complete and UTF-8.
pub(super) fn text_of(line: &Line) -> Result<String, Fault> {
    if line.is_cut {
        return Err(Fault::too_long());
    }
    match std::str::from_utf8(&line.bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(Fault::invalid("the line is not UTF-8: save the file as UTF-8")),
    }
}

/// Splits an array into its elements without reading it as a whole, or as lines: a program writes it as one.
#[derive(Default)]
pub(super) struct Elements {
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// The array has not begun.
    #[default]
    Before,
    Inside,
    /// The array has ended.
    After,
}

/// What the bytes of an element have shown so far.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_text: bool,
    is_escaped: bool,
}

impl Scan {
    /// Whether the element ends before this byte.
    fn ends_at(&mut self, byte: u8) -> bool {
        if self.in_text {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b',' | b']' if self.depth == 0 => return true,
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        false
    }
}

impl Elements {
    pub(super) fn next(&mut self, lines: &mut Lines) -> io::Result<Option<Item>> {
        if self.state == State::Before {
            skip(lines, |byte| byte.is_ascii_whitespace())?;
            lines.consume(1)?;
            self.state = State::Inside;
        }
        if self.state == State::Inside {
            match skip(lines, |byte| byte.is_ascii_whitespace() || byte == b',')? {
                Some(b']') => {
                    lines.consume(1)?;
                    self.state = State::After;
                }
                Some(_) => return self.element(lines),
                None => {
                    self.state = State::After;
                    let fault = Fault::invalid("the file breaks off: the array does not end");
                    return Ok(Some(Item::refused(lines.count() + 1, Vec::new(), fault)));
                }
            }
        }
        if skip(lines, |byte| byte.is_ascii_whitespace())?.is_none() {
            return Ok(None);
        }
        let fault = Fault::invalid("there is something after the end of the array");
        Ok(lines.next()?.map(|line| Item::refused(line.number, line.bytes, fault)))
    }

    fn element(&mut self, lines: &mut Lines) -> io::Result<Option<Item>> {
        let number = lines.count() + 1;
        let (mut scan, mut bytes, mut is_cut) = (Scan::default(), Vec::new(), false);
        let is_complete = loop {
            let buffer = lines.buffer()?;
            if buffer.is_empty() {
                self.state = State::After;
                break false;
            }
            let end = buffer.iter().position(|byte| scan.ends_at(*byte));
            let part = &buffer[..end.unwrap_or(buffer.len())];
            let room = LINE_MAX.saturating_sub(bytes.len());
            is_cut |= part.len() > room;
            bytes.extend_from_slice(&part[..part.len().min(room)]);
            let count = part.len();
            lines.consume(count)?;
            if end.is_some() {
                break true;
            }
        };
        // One line in the file of rejects, whatever it was here.
        bytes.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        bytes.truncate(bytes.trim_ascii_end().len());
        let line = Line { number, bytes, is_cut, has_break: is_complete };
        let text = match is_complete {
            true => text_of(&line),
            false => Err(Fault::invalid("the file breaks off in this event")),
        };
        Ok(Some(match text {
            Ok(text) => Item::event(number, line.bytes, text),
            Err(fault) => Item::refused(number, line.bytes, fault),
        }))
    }
}

/// Passes over bytes. Returns the first one that stays, which is not consumed.
fn skip(lines: &mut Lines, skipped: impl Fn(u8) -> bool) -> io::Result<Option<u8>> {
    loop {
        let buffer = lines.buffer()?;
        let found = buffer.iter().position(|byte| !skipped(*byte));
        let (count, first) = (found.unwrap_or(buffer.len()), found.map(|at| buffer[at]));
        let is_end = buffer.is_empty();
        lines.consume(count)?;
        if first.is_some() || is_end {
            return Ok(first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::Content;
    use super::*;

    fn elements(text: &str) -> Vec<(u64, Result<String, String>)> {
        let mut lines = Lines::new(Box::new(io::Cursor::new(text.to_owned())));
        let mut elements = Elements::default();
        std::iter::from_fn(|| elements.next(&mut lines).unwrap())
            .map(|item| match item.content {
                Content::Events(events) => (item.line, Ok(events.concat())),
                Content::Refused(fault) => (item.line, Err(fault.message)),
                Content::Skipped(why) => (item.line, Err(why.into())),
            })
            .collect()
    }

    #[test]
    fn an_array_is_read_element_by_element() {
        let text = "\n[{\"a\": [1, 2], \"b\": \"],\\\"}\"},\n {\"c\":\n1.50}\n]\n";
        let expected =
            vec![(2, Ok("{\"a\": [1, 2], \"b\": \"],\\\"}\"}".to_owned())), (3, Ok("{\"c\": 1.50}".to_owned()))];
        assert_eq!(elements(text), expected);
        assert_eq!(elements("[]"), []);
        // All on one line, as a program writes it.
        assert_eq!(elements("[1,2,\"x\"]").len(), 3);
    }

    #[test]
    fn an_array_that_breaks_off_keeps_what_is_complete() {
        let breaks_off = |message: &str| (1, Err(message.to_owned()));
        let complete = (1, Ok("{\"a\":1}".to_owned()));
        assert_eq!(
            elements("[{\"a\":1},{\"b\":\"x"),
            [complete.clone(), breaks_off("the file breaks off in this event")]
        );
        assert_eq!(elements("[{\"a\":1},"), [complete, breaks_off("the file breaks off: the array does not end")]);
        let after = elements("[1] x");
        assert_eq!(after[1], breaks_off("there is something after the end of the array"));
    }
}
