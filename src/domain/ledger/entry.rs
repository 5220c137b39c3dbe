//! Ledger entries: balanced, immutable transactions, linked by a hash chain.

use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, EntryId, EntrySeq, PrincipalSerial};
use crate::domain::money::Amount;
use crate::domain::named::named_enum;
use aws_lc_rs::digest;

named_enum! {
    /// The kind of an entry. The first fifteen are the deal actions of Helio, "Accounts & Funding".
    #[derive(PartialOrd, Ord)]
    pub enum EntryKind {
        /// Result of a buy trade.
        Buy = "buy",
        /// Result of a sell trade.
        Sell = "sell",
        /// Trading credit granted or revoked.
        Credit = "credit",
        /// Correction by an operator.
        Correction = "correction",
        Commission = "commission",
        Dividend = "dividend",
        Tax = "tax",
        Bonus = "bonus",
        Other = "other",
        Swap = "swap",
        Interest = "interest",
        /// A deposit or a withdrawal.
        Balance = "balance",
        Rebate = "rebate",
        Fee = "fee",
        /// Financing of positions, paid or received.
        Funding = "funding",
        /// A transfer between two accounts.
        Transfer = "transfer",
        /// Reversal of another entry.
        Reversal = "reversal",
        /// The broker absorbs a loss beyond the balance.
        NegativeBalanceProtection = "negative_balance_protection",
    }
}

/// One signed posting of an entry, with the book's balance after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leg {
    pub book: BookId,
    /// Signed and never zero: positive if the book gains.
    pub amount: Amount,
    pub balance_after: Amount,
}

/// Size of one leg in [`encode_legs`].
const LEG_BYTES: usize = 24;

/// Encodes legs as they are stored and hashed: book, amount and balance after, each 8 bytes big-endian.
pub fn encode_legs(legs: &[Leg]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(legs.len() * LEG_BYTES);
    for leg in legs {
        bytes.extend_from_slice(&leg.book.0.to_be_bytes());
        bytes.extend_from_slice(&leg.amount.minor().to_be_bytes());
        bytes.extend_from_slice(&leg.balance_after.minor().to_be_bytes());
    }
    bytes
}

/// The reverse of [`encode_legs`]. None if the length is not a multiple of a leg's.
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

/// The SHA-256 hash of an entry, which covers its predecessor's.
pub type EntryHash = [u8; 32];

/// The predecessor's hash for the first entry.
pub const GENESIS: EntryHash = [0; 32];

/// The contents of an entry that the hash chain covers.
#[derive(Clone, Copy, Debug)]
pub struct EntryRecord<'a> {
    pub seq: EntrySeq,
    pub id: EntryId,
    pub kind: EntryKind,
    /// When it takes effect.
    pub effective_at: Moment,
    /// When it was written; never earlier than the entry before it.
    pub recorded_at: Moment,
    /// The principal that wrote it.
    pub principal: PrincipalSerial,
    /// The caller's own reference.
    pub tag: Option<&'a str>,
    pub reverses: Option<EntrySeq>,
    /// Salted hash of the comment, so that the comment can be erased without breaking the chain.
    pub comment_hash: Option<&'a [u8]>,
    /// As written by [`encode_legs`].
    pub legs: &'a [u8],
}

impl EntryRecord<'_> {
    /// The hash of this entry chained to the previous one: SHA-256 over `previous` and the canonical bytes. Each part
    /// is preceded by its length; integers are 8 bytes big-endian.
    pub fn hash(&self, previous: &EntryHash) -> EntryHash {
        sha256(&self.canonical(previous))
    }

    /// What is hashed.
    pub fn canonical(&self, previous: &EntryHash) -> Vec<u8> {
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
        bytes
    }
}

/// The salted hash that stands for a comment in the chain.
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
    fn encoded_legs_are_read_back() {
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
