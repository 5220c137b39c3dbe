//! Reads the row of `change_journal` directly from its page, without a database, and signs it.

use crate::domain::clock::Moment;
use crate::store::StoreError;
use crate::store::database::installation_key::{InstallationKey, Verifier};
use crate::store::database::trail::encode_row;
use crate::store::database::transaction::{ReadTx, WriteTx};
use rusqlite::types::ValueRef;
use uuid::Uuid;

/// The signed columns: all but the key, which is constant, and the signature, which comes after them.
const SIGNED: &str =
    "stream, commit_number, recorded_at, last_entry, last_event, epoch, log_id, log_size, log_frontier";
const SIGNED_COUNT: usize = 9;
/// Keeps the signature of a commit from being one of anything else.
const DOMAIN: &[u8] = b"bursar commit 1\n";

/// What a commit signs: the row of the change journal, which names the commit and its moment, and holds the size and
/// the root of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::store) struct SignedHead {
    message: Vec<u8>,
    /// None if the commit was not signed.
    signature: Option<Vec<u8>>,
}

impl SignedHead {
    fn new<'a>(signed: impl Iterator<Item = ValueRef<'a>>, signature: ValueRef<'_>) -> SignedHead {
        let mut message = DOMAIN.to_vec();
        encode_row(&mut message, signed);
        SignedHead { message, signature: signature.as_blob().ok().map(<[u8]>::to_vec) }
    }

    /// Reads it from a page, as [`JournalRow::parse`] does. None for any other page, and in schemas from before commits
    /// were signed.
    pub(super) fn parse(page: &[u8]) -> Option<SignedHead> {
        let columns = columns(page)?;
        let [_, signed @ .., signature] = columns.as_slice() else { return None };
        (signed.len() == SIGNED_COUNT).then(|| SignedHead::new(signed.iter().copied(), *signature))
    }

    pub(in crate::store) fn is_signed_by(&self, key: &Verifier) -> bool {
        self.signature.as_ref().is_some_and(|signature| key.accepts(&self.message, signature))
    }
}

impl ReadTx<'_> {
    /// Needs a schema in which commits are signed.
    pub(in crate::store) fn signed_head(&self) -> Result<SignedHead, StoreError> {
        self.one(&format!("SELECT {SIGNED}, signature FROM change_journal"), [], |row| {
            let signed: Vec<ValueRef<'_>> =
                (0..SIGNED_COUNT).map(|index| row.get_ref(index)).collect::<Result<_, _>>()?;
            Ok(SignedHead::new(signed.into_iter(), row.get_ref(SIGNED_COUNT)?))
        })
    }
}

impl WriteTx<'_> {
    /// Signs the current commit. Must be its last statement.
    pub(in crate::store) fn sign_commit(&self, key: &InstallationKey) -> Result<(), StoreError> {
        let signature = key.sign(&self.signed_head()?.message);
        self.run("UPDATE change_journal SET signature = ?1", [signature.as_slice()]).map(|_| ())
    }
}

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
        let columns = columns(page)?;
        // The first column is the rowid, which is stored as NULL.
        let [
            ValueRef::Null,
            ValueRef::Blob(stream),
            ValueRef::Integer(number),
            ValueRef::Integer(recorded_at),
            ValueRef::Integer(last_entry),
            ValueRef::Integer(last_event),
            epoch @ ..,
        ] = columns.as_slice()
        else {
            return None;
        };
        // Rows of before have no epoch. What follows it is the head of the log.
        let epoch = match epoch {
            [] => Uuid::nil(),
            [ValueRef::Blob(epoch), ..] => Uuid::from_slice(epoch).ok()?,
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

/// Where the audit log stands after a commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogEnd {
    /// The identity of the log.
    pub log: Uuid,
    /// The number of its rows.
    pub size: u64,
}

impl LogEnd {
    /// Reads it from the page of a [`JournalRow`]. None for any other page, and in schemas from before there was a log.
    pub(super) fn parse(page: &[u8]) -> Option<LogEnd> {
        match columns(page)?.get(7..9)? {
            [ValueRef::Blob(log), ValueRef::Integer(size)] => {
                Some(LogEnd { log: Uuid::from_slice(log).ok()?, size: u64::try_from(*size).ok()? })
            }
            _ => None,
        }
    }
}

/// The columns of the only row on a leaf page of a table b-tree.
fn columns(page: &[u8]) -> Option<Vec<ValueRef<'_>>> {
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
    let mut columns = Vec::with_capacity(SIGNED_COUNT + 2);
    while at < header_end {
        columns.push(value(page, varint(page, &mut at)?, &mut body)?);
    }
    Some(columns)
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

fn value<'a>(page: &'a [u8], serial_type: u64, at: &mut usize) -> Option<ValueRef<'a>> {
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
        0 => ValueRef::Null,
        8 => ValueRef::Integer(0),
        9 => ValueRef::Integer(1),
        12.. => ValueRef::Blob(bytes),
        _ => {
            let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
            let start = if negative { -1 } else { 0 };
            ValueRef::Integer(bytes.iter().fold(start, |value, byte| (value << 8) | i64::from(*byte)))
        }
    })
}
