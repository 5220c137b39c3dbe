//! The canonical bytes of rows, and the list of changed rows that an audit row contains.

use crate::domain::merkle::{Hash, sha256};
use crate::store::StoreError;
use crate::store::database::trail::covered::Covered;
use rusqlite::types::ValueRef;

/// Appends the values of a row that are not NULL, each with its place, type and length. A column that is added later
/// changes nothing as long as it is NULL.
pub(in crate::store) fn encode_row<'v>(bytes: &mut Vec<u8>, values: impl Iterator<Item = ValueRef<'v>>) {
    for (place, value) in values.enumerate() {
        let mut part = |kind: u8, content: &[u8]| {
            // Tables have far fewer columns, and SQLite's values are shorter than that.
            bytes.extend_from_slice(&[u8::try_from(place).unwrap_or(u8::MAX), kind]);
            bytes.extend_from_slice(&u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(content);
        };
        match value {
            ValueRef::Null => {}
            ValueRef::Integer(number) => part(1, &number.to_be_bytes()),
            ValueRef::Real(number) => part(2, &number.to_bits().to_be_bytes()),
            ValueRef::Text(text) => part(3, text),
            ValueRef::Blob(blob) => part(4, blob),
        }
    }
}

/// The hash that stands for a row: of the table's number, the salt and the covered columns.
pub(in crate::store) fn image<'v>(
    covered: &Covered,
    salt: ValueRef<'_>,
    mut values: impl Iterator<Item = ValueRef<'v>>,
    buffer: &mut Vec<u8>,
) -> Hash {
    if covered.is_hashed {
        let stored = values.next().and_then(|value| value.as_blob().ok()).and_then(|hash| hash.try_into().ok());
        // Not a hash: found as a difference, because no such image is in the log.
        return stored.unwrap_or_default();
    }
    buffer.clear();
    buffer.push(covered.number);
    let salt = salt.as_blob().unwrap_or_default();
    buffer.push(u8::try_from(salt.len()).unwrap_or(u8::MAX));
    buffer.extend_from_slice(salt);
    encode_row(buffer, values);
    sha256(buffer)
}

/// A row that an action changed, with its image before and after.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::store) struct Change {
    /// The number of the table.
    pub(in crate::store) table: u8,
    pub(in crate::store) key: i64,
    pub(in crate::store) before: Option<Hash>,
    pub(in crate::store) after: Option<Hash>,
}

impl Change {
    /// One byte for table and kind, the key in base 128, and one or two hashes.
    pub(in crate::store) fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.table << 2 | u8::from(self.before.is_some()) << 1 | u8::from(self.after.is_some()));
        let mut key = self.key.cast_unsigned();
        while key >= 0x80 {
            bytes.push(0x80 | (key & 0x7f) as u8);
            key >>= 7;
        }
        bytes.push(key as u8);
        for hash in self.before.iter().chain(&self.after) {
            bytes.extend_from_slice(hash);
        }
    }

    /// Reads one change from the front of the bytes.
    fn take(bytes: &mut &[u8]) -> Option<Change> {
        let (head, mut rest) = bytes.split_first()?;
        let (mut key, mut shift) = (0u64, 0);
        loop {
            let (byte, after) = rest.split_first()?;
            rest = after;
            key |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut hash = |is_there: bool| {
            if !is_there {
                return Some(None);
            }
            let (hash, after) = rest.split_first_chunk::<32>()?;
            rest = after;
            Some(Some(*hash))
        };
        let (before, after) = (hash(head & 2 != 0)?, hash(head & 1 != 0)?);
        *bytes = rest;
        Some(Change { table: head >> 2, key: key.cast_signed(), before, after })
    }

    /// All changes of an audit row.
    pub(in crate::store) fn decode(mut bytes: &[u8]) -> Result<Vec<Change>, StoreError> {
        let mut changes = Vec::new();
        while !bytes.is_empty() {
            let change = Change::take(&mut bytes);
            changes.push(change.ok_or_else(|| StoreError::corrupt("a list of changes cannot be read"))?);
        }
        Ok(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_back() {
        let changes = [
            Change { table: 1, key: 0, before: None, after: Some([1; 32]) },
            Change { table: 63, key: 127, before: Some([2; 32]), after: Some([3; 32]) },
            Change { table: 9, key: 128, before: Some([4; 32]), after: None },
            Change { table: 9, key: i64::MAX, before: None, after: None },
            Change { table: 9, key: -1, before: None, after: None },
        ];
        let mut bytes = Vec::new();
        changes.iter().for_each(|change| change.encode(&mut bytes));
        assert_eq!(Change::decode(&bytes).unwrap(), changes);
        for cut in [1, 3, 33, bytes.len() - 1] {
            assert!(Change::decode(&bytes[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn every_value_and_its_place_count() {
        let image_of = |salt: ValueRef<'_>, values: &[ValueRef<'_>]| {
            image(Covered::numbered(9).unwrap(), salt, values.iter().copied(), &mut Vec::new())
        };
        use ValueRef::{Blob, Integer, Null, Text};
        let all = [
            image_of(Null, &[Integer(1), Text(b"ab"), Null]),
            image_of(Blob(b"salt"), &[Integer(1), Text(b"ab"), Null]),
            image_of(Null, &[Integer(1), Null, Text(b"ab")]),
            image_of(Null, &[Integer(1), Blob(b"ab"), Null]),
            image_of(Null, &[Integer(1), Text(b"a"), Text(b"b")]),
            image_of(Null, &[Integer(2), Text(b"ab"), Null]),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{index}");
        }
        assert_eq!(all[0], image_of(Null, &[Integer(1), Text(b"ab")]), "a new column that is NULL changes nothing");
    }
}
