//! Entries: balanced, immutable transactions of the ledger, and the hash chain over them.

use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, EntryId, EntrySeq, PrincipalSerial};
use crate::domain::money::Amount;
use crate::domain::named::named_enum;
use aws_lc_rs::digest;

named_enum! {
    /// What an entry is. The first fifteen are the deal actions of Helio, "Accounts & Funding".
    #[derive(PartialOrd, Ord)]
    pub enum EntryKind {
        /// Result of a trade that bought.
        Buy = "buy",
        /// Result of a trade that sold.
        Sell = "sell",
        /// Trading credit granted or taken back.
        Credit = "credit",
        /// Correction by an operator.
        Correction = "correction",
        Commission = "commission",
        Dividend = "dividend",
        Tax = "tax",
        Bonus = "bonus",
        /// Anything else.
        Other = "other",
        Swap = "swap",
        Interest = "interest",
        /// Deposit or withdrawal.
        Balance = "balance",
        Rebate = "rebate",
        Fee = "fee",
        /// Funding of positions.
        Funding = "funding",
        /// Transfer between accounts.
        Transfer = "transfer",
        /// Reversal of another entry.
        Reversal = "reversal",
        /// Losses beyond the balance, taken over by the broker.
        NegativeBalanceProtection = "negative_balance_protection",
    }
}

/// One signed amount on one book within an entry, with the book's balance after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leg {
    pub book: BookId,
    /// What it gains, or loses if below zero; never zero.
    pub amount: Amount,
    pub balance_after: Amount,
}

/// Bytes of one leg in [`encode_legs`].
const LEG_BYTES: usize = 24;

/// The legs of an entry as stored in its row and as hashed: for each, book, amount and balance after, big-endian.
pub fn encode_legs(legs: &[Leg]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(legs.len() * LEG_BYTES);
    for leg in legs {
        bytes.extend_from_slice(&leg.book.0.to_be_bytes());
        bytes.extend_from_slice(&leg.amount.minor().to_be_bytes());
        bytes.extend_from_slice(&leg.balance_after.minor().to_be_bytes());
    }
    bytes
}

/// The reverse of [`encode_legs`]; nothing if the bytes are not whole legs.
pub fn decode_legs(bytes: &[u8]) -> Option<impl Iterator<Item = Leg> + '_> {
    let number = |bytes: &[u8]| bytes.iter().fold(0u64, |n, byte| (n << 8) | u64::from(*byte)).cast_signed();
    bytes.len().is_multiple_of(LEG_BYTES).then(|| {
        bytes.chunks_exact(LEG_BYTES).map(move |chunk| Leg {
            book: BookId(number(&chunk[..8])),
            amount: Amount::from_minor(number(&chunk[8..16])),
            balance_after: Amount::from_minor(number(&chunk[16..])),
        })
    })
}

/// The hash of an entry: SHA-256.
pub type EntryHash = [u8; 32];

/// The hash that stands before the first entry.
pub const GENESIS: EntryHash = [0; 32];

/// What an entry says, as it enters the hash chain.
#[derive(Clone, Copy, Debug)]
pub struct EntryRecord<'a> {
    /// Its sequence number.
    pub seq: EntrySeq,
    /// Its public id.
    pub id: EntryId,
    pub kind: EntryKind,
    /// When it counts.
    pub effective_at: Moment,
    /// When it was written; never decreases from one entry to the next.
    pub recorded_at: Moment,
    /// Who wrote it.
    pub principal: PrincipalSerial,
    /// The caller's own reference.
    pub tag: Option<&'a str>,
    pub reverses: Option<EntrySeq>,
    /// Salted hash of the comment, so that the comment can be erased without breaking the chain.
    pub comment_hash: Option<&'a [u8]>,
    /// Its legs as [`encode_legs`] writes them.
    pub legs: &'a [u8],
}

impl EntryRecord<'_> {
    /// The hash of this entry on top of its predecessor's: SHA-256 over `previous` and the canonical bytes, in which
    /// integers are 8 bytes big-endian and every part is preceded by its length.
    pub fn hash(&self, previous: &EntryHash) -> EntryHash {
        let mut bytes = Vec::with_capacity(256);
        let mut part = |content: &[u8]| {
            bytes.extend_from_slice(&(content.len() as u64).to_be_bytes());
            bytes.extend_from_slice(content);
        };
        part(previous);
        part(&self.seq.0.to_be_bytes());
        part(self.id.uuid().as_bytes());
        part(self.kind.name().as_bytes());
        part(&self.effective_at.unix_ms().to_be_bytes());
        part(&self.recorded_at.unix_ms().to_be_bytes());
        part(&self.principal.0.to_be_bytes());
        part(self.tag.unwrap_or_default().as_bytes());
        part(&self.reverses.map_or(0, |seq| seq.0).to_be_bytes());
        part(self.comment_hash.unwrap_or_default());
        part(self.legs);
        sha256(&bytes)
    }
}

/// The salted hash under which a comment enters the chain.
pub fn comment_hash(salt: &[u8], comment: &str) -> EntryHash {
    let mut bytes = Vec::with_capacity(salt.len() + comment.len());
    bytes.extend_from_slice(salt);
    bytes.extend_from_slice(comment.as_bytes());
    sha256(&bytes)
}

fn sha256(bytes: &[u8]) -> EntryHash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn record(legs: &[u8]) -> EntryRecord<'_> {
        EntryRecord {
            seq: EntrySeq(7),
            id: EntryId::from(Uuid::from_u128(1)),
            kind: EntryKind::Balance,
            effective_at: Moment::from_unix_ms(1),
            recorded_at: Moment::from_unix_ms(2),
            principal: PrincipalSerial(3),
            tag: None,
            reverses: None,
            comment_hash: None,
            legs,
        }
    }

    #[test]
    fn legs_read_back() {
        let leg = |book, amount, after| Leg {
            book: BookId(book),
            amount: Amount::from_minor(amount),
            balance_after: Amount::from_minor(after),
        };
        let legs = [leg(1, -5, i64::MIN), leg(9, 5, i64::MAX)];
        let bytes = encode_legs(&legs);
        assert_eq!(decode_legs(&bytes).unwrap().collect::<Vec<_>>(), legs);
        assert!(decode_legs(&bytes[1..]).is_none());
    }

    #[test]
    fn every_part_of_an_entry_changes_its_hash() {
        let legs = encode_legs(&[]);
        let base = record(&legs);
        let hash = base.hash(&GENESIS);
        let changed = [
            EntryRecord { seq: EntrySeq(8), ..base },
            EntryRecord { id: EntryId::from(Uuid::from_u128(2)), ..base },
            EntryRecord { kind: EntryKind::Fee, ..base },
            EntryRecord { effective_at: Moment::from_unix_ms(9), ..base },
            EntryRecord { recorded_at: Moment::from_unix_ms(9), ..base },
            EntryRecord { principal: PrincipalSerial(9), ..base },
            EntryRecord { tag: Some("x"), ..base },
            EntryRecord { reverses: Some(EntrySeq(1)), ..base },
            EntryRecord { comment_hash: Some(b"x"), ..base },
            EntryRecord { legs: b"x", ..base },
        ];
        for (index, entry) in changed.iter().enumerate() {
            assert_ne!(entry.hash(&GENESIS), hash, "change {index}");
        }
        assert_ne!(base.hash(&[1; 32]), hash);
    }
}
