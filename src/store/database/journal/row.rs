//! Reads the row of `change_journal` directly from its page, without a database.

use crate::domain::clock::Moment;
use uuid::Uuid;

/// The position of a database in the change journal after a commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JournalRow {
    /// The stream: a sequence of commits without gaps.
    pub stream: Uuid,
    /// The epoch of the commit; nil in commits from before epochs were recorded.
    pub epoch: Uuid,
    /// The number of the commit in its stream.
    pub number: u64,
    /// The moment that everything in the commit shares.
    pub recorded_at: Moment,
    /// The last entry after this commit.
    pub last_entry: i64,
    /// The last event after this commit.
    pub last_event: i64,
}

impl JournalRow {
    /// Reads the row from a leaf page of a table b-tree with exactly one row. None for any other page.
    pub(super) fn parse(page: &[u8]) -> Option<JournalRow> {
        // Leaf header: page type, first free block, number of cells, start of the cells, fragments; then the cell
        // pointers.
        if *page.first()? != 0x0d || be_u16(page, 3)? != 1 {
            return None;
        }
        let mut at = usize::from(be_u16(page, 8)?);
        varint(page, &mut at)?; // payload length
        varint(page, &mut at)?; // rowid
        let start = at;
        let header_end = start.checked_add(usize::try_from(varint(page, &mut at)?).ok()?)?;
        let mut body = header_end;
        let mut columns = Vec::with_capacity(7);
        while at < header_end {
            columns.push(value(page, varint(page, &mut at)?, &mut body)?);
        }
        // The first column is the rowid, which is stored as NULL.
        let [
            Value::Integer(_),
            Value::Blob(stream),
            Value::Integer(number),
            Value::Integer(recorded_at),
            Value::Integer(last_entry),
            Value::Integer(last_event),
            epoch @ ..,
        ] = columns.as_slice()
        else {
            return None;
        };
        // Rows of before have no epoch. What follows it is the head of the log.
        let epoch = match epoch {
            [] => Uuid::nil(),
            [Value::Blob(epoch), ..] => Uuid::from_slice(epoch).ok()?,
            _ => return None,
        };
        Some(JournalRow {
            stream: Uuid::from_slice(stream).ok()?,
            epoch,
            number: u64::try_from(*number).ok()?,
            recorded_at: Moment::from_unix_ms(*recorded_at),
            last_entry: *last_entry,
            last_event: *last_event,
        })
    }
}

enum Value<'a> {
    Integer(i64),
    Blob(&'a [u8]),
}

fn be_u16(page: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(page.get(at..at + 2)?.try_into().ok()?))
}

fn varint(page: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0u64;
    for place in 0..9 {
        let byte = *page.get(*at)?;
        *at += 1;
        if place == 8 {
            return Some((value << 8) | u64::from(byte));
        }
        value = (value << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(value)
}

fn value<'a>(page: &'a [u8], serial_type: u64, at: &mut usize) -> Option<Value<'a>> {
    let size = match serial_type {
        0 | 8 | 9 => 0,
        1..=4 => usize::try_from(serial_type).ok()?,
        5 => 6,
        6 => 8,
        12.. if serial_type.is_multiple_of(2) => usize::try_from((serial_type - 12) / 2).ok()?,
        _ => return None,
    };
    let bytes = page.get(*at..at.checked_add(size)?)?;
    *at += size;
    Some(match serial_type {
        0 | 8 => Value::Integer(0),
        9 => Value::Integer(1),
        12.. => Value::Blob(bytes),
        _ => {
            let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
            let start = if negative { -1 } else { 0 };
            Value::Integer(bytes.iter().fold(start, |value, byte| (value << 8) | i64::from(*byte)))
        }
    })
}
