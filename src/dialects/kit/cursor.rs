//! Opaque cursors for lists. A cursor names the last row shown, so no row is skipped or repeated while rows are added,
//! change or leave the list. It is not secret and grants no access: the rows after it are selected anew with the
//! caller's rights.

use super::call::Call;
use super::rejection::Rejection;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Bytes of each hash in a cursor. The hashes detect mistakes; they are no protection against forgery.
const HASH_BYTES: usize = 4;

type Hash = [u8; HASH_BYTES];

/// The list and the filters that a cursor is valid for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CursorScope {
    list: Hash,
    filters: Hash,
}

impl CursorScope {
    /// The scope of a call. `unfiltered` names the parameters that do not select rows, so they may change from one page
    /// to the next.
    pub fn of(call: &Call, unfiltered: &[&str]) -> CursorScope {
        CursorScope { list: hash(&call.resource()), filters: hash(&call.query().without(unfiltered)) }
    }

    /// Encodes the position of the last row shown, as the numbers that define the order of the list.
    pub fn cursor(&self, position: &[i64]) -> String {
        let mut bytes = [self.list, self.filters].concat();
        bytes.extend(position.iter().flat_map(|number| number.to_be_bytes()));
        let check = hash(&bytes);
        bytes.extend(check);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Decodes the cursor sent in the parameter `name` to its position. Refuses a malformed cursor and one of another
    /// list or with other filters.
    pub fn decode<const N: usize>(&self, name: &str, cursor: &str) -> Result<[i64; N], Rejection> {
        let advice = "send `next` from the previous page, or no cursor to start over";
        let malformed = || Rejection::invalid(name, format!("not a cursor; {advice}"));
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| malformed())?;
        let (content, check) = bytes.split_last_chunk::<HASH_BYTES>().ok_or_else(malformed)?;
        let (list, rest) = content.split_first_chunk::<HASH_BYTES>().ok_or_else(malformed)?;
        let (filters, position) = rest.split_first_chunk::<HASH_BYTES>().ok_or_else(malformed)?;
        if *check != hash(content) {
            return Err(malformed());
        }
        if *list != self.list {
            return Err(Rejection::invalid(name, format!("a cursor of another list; {advice}")));
        }
        if *filters != self.filters {
            let reason = "a cursor for other filters; send the same filters as before, or no cursor to start over";
            return Err(Rejection::invalid(name, reason));
        }
        let (numbers, rest) = position.as_chunks::<8>();
        let numbers: Vec<i64> = numbers.iter().map(|number| i64::from_be_bytes(*number)).collect();
        if rest.is_empty() { numbers.try_into().map_err(|_| malformed()) } else { Err(malformed()) }
    }
}

fn hash(bytes: &[u8]) -> Hash {
    let mut short = Hash::default();
    short.copy_from_slice(&digest(&SHA256, bytes).as_ref()[..HASH_BYTES]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: CursorScope = CursorScope { list: [1; HASH_BYTES], filters: [2; HASH_BYTES] };

    fn refused(scope: CursorScope, cursor: &str) -> String {
        scope.decode::<2>("after", cursor).unwrap_err().to_string()
    }

    #[test]
    fn a_cursor_reads_back_in_its_own_list_only() {
        let cursor = SCOPE.cursor(&[7, -1]);
        assert_eq!(SCOPE.decode("after", &cursor), Ok([7, -1]));
        assert!(refused(CursorScope { list: [3; HASH_BYTES], ..SCOPE }, &cursor).contains("another list"));
        assert!(refused(CursorScope { filters: [3; HASH_BYTES], ..SCOPE }, &cursor).contains("other filters"));
    }

    #[test]
    fn a_damaged_cursor_is_refused() {
        let cursor = SCOPE.cursor(&[7, 8]);
        for place in 0..cursor.len() {
            let mut damaged = cursor.clone().into_bytes();
            damaged[place] = if damaged[place] == b'A' { b'B' } else { b'A' };
            let damaged = String::from_utf8(damaged).unwrap();
            assert!(refused(SCOPE, &damaged).contains("not a cursor"), "{damaged}");
        }
        for text in
            ["1", "x", "é", "AAAA", "AAAAAAAAAAAAAAAA", &cursor[1..], &SCOPE.cursor(&[7]), &SCOPE.cursor(&[7; 3])]
        {
            assert!(refused(SCOPE, text).contains("not a cursor"), "{text}");
        }
    }
}
