//! Opens the file of an import: UTF-8, with or without a byte order mark, or UTF-16 with one.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::cli::outcome::{Exit, Failure};

/// Bytes read at a time.
const BUFFER: usize = 64 * 1024;

/// A byte that is part of no UTF-8 text: it stands for what cannot be decoded, so that its line is refused.
const UNREADABLE: u8 = 0xff;

/// How far a file has been read, in its own bytes.
#[derive(Clone, Default)]
pub(super) struct Meter(Arc<AtomicU64>);

impl Meter {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

pub(super) struct Opened {
    /// The text, in UTF-8 and without a byte order mark.
    pub(super) text: Box<dyn BufRead>,
    pub(super) meter: Meter,
    /// In bytes; 0 if it is not known, as for a pipe.
    pub(super) size: u64,
}

/// Opens a file. Refuses what is certainly no text, and says what to do with it.
pub(super) fn open(path: &Path) -> Result<Opened, Failure> {
    let file = File::open(path).map_err(|error| Failure::of_file(path.display(), &error))?;
    let size = file.metadata().ok().filter(std::fs::Metadata::is_file).map_or(0, |found| found.len());
    let meter = Meter::default();
    let metered = Metered { source: file, meter: meter.clone() };
    let text = decoded(Box::new(metered)).map_err(|error| match error {
        Unfit::Io(error) => Failure::of_file(path.display(), &error),
        Unfit::NoText(what, next) => Failure::new(Exit::Failure, format!("{} is {what}", path.display())).next(next),
    })?;
    Ok(Opened { text, meter, size })
}

struct Metered<R> {
    source: R,
    meter: Meter,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.meter.0.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

enum Unfit {
    Io(io::Error),
    NoText(&'static str, &'static str),
}

impl From<io::Error> for Unfit {
    fn from(error: io::Error) -> Self {
        Unfit::Io(error)
    }
}

fn decoded(source: Box<dyn Read>) -> Result<Box<dyn BufRead>, Unfit> {
    let mut source = BufReader::with_capacity(BUFFER, source);
    // A pipe may give less at first; then only a shorter beginning is looked at.
    let beginning = source.fill_buf()?;
    let unpack = "Unpack it first, and import what is in it.";
    let (bom, order) = match beginning {
        [0xef, 0xbb, 0xbf, ..] => (3, None),
        [0xff, 0xfe, ..] => (2, Some(Order::Little)),
        [0xfe, 0xff, ..] => (2, Some(Order::Big)),
        [b'P', b'K', 3, 4, ..] => {
            return Err(Unfit::NoText("a workbook or an archive", "Export it as CSV, or unpack it, and import that."));
        }
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => return Err(Unfit::NoText("compressed", unpack)),
        [_, 0, ..] | [0, _, ..] => {
            return Err(Unfit::NoText("no UTF-8", "It may be UTF-16 without a byte order mark: save it as UTF-8."));
        }
        _ => (0, None),
    };
    source.consume(bom);
    match order {
        None => Ok(Box::new(source)),
        Some(order) => {
            let decoder = Utf16 { source, order, ready: Vec::new(), given: 0, high: None };
            Ok(Box::new(BufReader::with_capacity(BUFFER, decoder)))
        }
    }
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

/// Turns UTF-16 into UTF-8.
struct Utf16<R> {
    source: R,
    order: Order,
    /// Decoded text, of which the first `given` bytes were read.
    ready: Vec<u8>,
    given: usize,
    /// The first half of a character whose second half has not been read yet.
    high: Option<u16>,
}

impl<R: BufRead> Utf16<R> {
    fn unit(&mut self) -> io::Result<Option<u16>> {
        let mut bytes = [0; 2];
        let mut count = 0;
        while count < 2 {
            match self.source.read(&mut bytes[count..])? {
                0 => break,
                read => count += read,
            }
        }
        Ok(match (count, self.order) {
            (0, _) => None,
            // Half a unit: the file breaks off.
            (1, _) => Some(0xdc00),
            (_, Order::Little) => Some(u16::from_le_bytes(bytes)),
            (_, Order::Big) => Some(u16::from_be_bytes(bytes)),
        })
    }

    fn decode(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.given = 0;
        while self.ready.len() < BUFFER / 2 {
            let Some(unit) = self.unit()? else {
                if self.high.take().is_some() {
                    self.ready.push(UNREADABLE);
                }
                break;
            };
            let pending = self.high.take();
            if pending.is_none() && (0xd800..0xdc00).contains(&unit) {
                self.high = Some(unit);
                continue;
            }
            for decoded in char::decode_utf16(pending.into_iter().chain([unit])) {
                match decoded {
                    Ok(character) => {
                        let mut bytes = [0; 4];
                        self.ready.extend_from_slice(character.encode_utf8(&mut bytes).as_bytes());
                    }
                    Err(_) => self.ready.push(UNREADABLE),
                }
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.ready.len() {
            self.decode()?;
        }
        let rest = &self.ready[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
        let source: Box<dyn Read> = Box::new(io::Cursor::new(bytes.to_vec()));
        let mut text = Vec::new();
        match decoded(source) {
            Ok(mut source) => source.read_to_end(&mut text).map(|_| text).map_err(|_| "io"),
            Err(Unfit::NoText(what, _)) => Err(what),
            Err(Unfit::Io(_)) => Err("io"),
        }
    }

    #[test]
    fn text_in_utf_8_and_utf_16_is_the_same() {
        let text = "Deal;Ärger;𝄞\r\n";
        let marked = [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat();
        let little: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let big: Vec<u8> = [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
        for bytes in [text.as_bytes(), &marked, &little, &big] {
            assert_eq!(read(bytes).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn what_cannot_be_decoded_is_marked_and_what_is_no_text_is_refused() {
        assert_eq!(read(&[0xff, 0xfe, b'a', 0, b'b']).unwrap(), [b'a', UNREADABLE]);
        assert_eq!(read(&[0xff, 0xfe, 0x34, 0xd8]).unwrap(), [UNREADABLE]);
        assert_eq!(read(b"PK\x03\x04...").unwrap_err(), "a workbook or an archive");
        assert_eq!(read(b"a\0b\0").unwrap_err(), "no UTF-8");
        assert_eq!(read(b"").unwrap(), b"");
    }
}
