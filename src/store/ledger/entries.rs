//! Entries (the journal) and their postings (the ledger by account).

use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, BookId, EntryId, EntrySeq, PrincipalSerial};
use crate::domain::ledger::{EntryHash, EntryKind, EntryRecord, GENESIS, Leg, decode_legs, encode_legs};
use crate::domain::money::{Amount, DecimalText};
use crate::store::StoreError;
use crate::store::database::transaction::{Columns, ReadTx, WriteTx, named, sql, unreadable};
use crate::store::ledger::transfer_rate;
use crate::store::reference::decimals;
use crate::store::trading::{DealTrade, deal_trade};
use rusqlite::{OptionalExtension, Row, params};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct NewEntry<'a> {
    pub id: EntryId,
    pub kind: EntryKind,
    /// The current moment. The entry is recorded at this moment, or at that of its predecessor if that is later.
    pub now: Moment,
    /// The effective time, if it is earlier than the time of recording.
    pub effective_at: Option<Moment>,
    pub principal: PrincipalSerial,
    /// The caller's own reference.
    pub tag: Option<&'a str>,
    pub reverses: Option<EntrySeq>,
    /// The comment, its salt and its salted hash.
    pub comment: Option<(&'a str, [u8; 16], EntryHash)>,
    pub legs: &'a [Leg],
    /// The books among the legs that belong to clients; their postings get id and comment, for the account's history.
    pub client_books: &'a [BookId],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PostedEntry {
    pub seq: EntrySeq,
    pub recorded_at: Moment,
}

/// An entry of the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntryRow {
    pub seq: EntrySeq,
    pub kind: EntryKind,
    pub principal: PrincipalSerial,
    pub legs: Vec<Leg>,
}

/// Selects deals of an account, that is, entries with a posting on it. All conditions must hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct DealFilter {
    /// At or after this moment.
    pub from: Option<Moment>,
    /// Only before this moment.
    pub to: Option<Moment>,
    /// Only entries before this one.
    pub before: Option<EntrySeq>,
}

/// An entry as seen from one account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DealRow {
    /// The entry's sequence number.
    pub seq: EntrySeq,
    pub id: EntryId,
    pub kind: EntryKind,
    /// Above zero for money in, below zero for money out.
    pub amount: Amount,
    pub balance_after: Amount,
    pub recorded_at: Moment,
    /// Empty if there is none.
    pub comment: String,
    /// When it counts; not after it was recorded.
    pub effective_at: Moment,
    /// For a transfer from another currency, on the receiving account.
    pub rate: Option<DecimalText>,
    /// For what follows from the feed of a platform.
    pub trade: Option<Box<DealTrade>>,
}

fn deal(row: &Row<'_>) -> rusqlite::Result<DealRow> {
    let mut columns = Columns::of(row);
    let mut deal = DealRow {
        seq: EntrySeq(columns.next("entry_seq")?),
        id: EntryId::from(columns.next::<Uuid>("entry_uuid")?),
        kind: columns.next_named("kind")?,
        amount: Amount::from_minor(columns.next("amount_minor")?),
        balance_after: Amount::from_minor(columns.next("balance_minor")?),
        recorded_at: Moment::from_unix_ms(columns.next("recorded_at")?),
        comment: columns.next::<Option<String>>("comment")?.unwrap_or_default(),
        effective_at: Moment::from_unix_ms(0),
        rate: None,
        trade: None,
    };
    let backdated = columns.next::<Option<i64>>("effective_at")?.map(Moment::from_unix_ms);
    deal.effective_at = backdated.unwrap_or(deal.recorded_at);
    let given = columns.next("rate")?;
    let paid = (columns.next::<Option<i64>>("paid_minor")?, columns.next::<Option<u8>>("paid_decimals")?);
    let of_arrived = columns.next("arrived_decimals")?;
    deal.trade = deal_trade(&mut columns)?.map(Box::new);
    if let ((Some(paid), Some(of_paid)), Some(of_arrived)) = (paid, of_arrived) {
        let arrived = (deal.amount, decimals(of_arrived)?);
        deal.rate = transfer_rate(given, arrived, (Amount::from_minor(paid), decimals(of_paid)?))?;
    }
    Ok(deal)
}

impl ReadTx<'_> {
    /// The first entry recorded at or after a moment; one past the last entry if there is none.
    ///
    /// Recorded times never decrease, so this is a binary search over the sequence, without an index.
    pub fn first_entry_from(&self, moment: Moment) -> Result<EntrySeq, StoreError> {
        let mut low: i64 = 1;
        let mut high: i64 = self.one("SELECT coalesce(max(seq), 0) + 1 FROM entries", [], |row| row.get(0))?;
        let mut probe = self
            .connection()
            .prepare_cached("SELECT seq, recorded_at FROM entries WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
        while low < high {
            let middle = low + (high - low) / 2;
            let found: Option<(i64, i64)> =
                probe.query_row([middle], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            match found {
                Some((seq, recorded_at)) if recorded_at < moment.unix_ms() => low = seq + 1,
                _ => high = middle,
            }
        }
        Ok(EntrySeq(low))
    }

    /// The deals of an account, newest first, at most `limit`.
    pub fn deals(&self, book: BookId, filter: &DealFilter, limit: u32) -> Result<Vec<DealRow>, StoreError> {
        let first = filter.from.map(|from| self.first_entry_from(from)).transpose()?.unwrap_or(EntrySeq(1));
        let end = filter.to.map(|to| self.first_entry_from(to)).transpose()?.unwrap_or(EntrySeq(i64::MAX));
        let end = filter.before.map_or(end, |before| end.min(before));
        self.all(sql!("entries/deals"), (book.0, first.0, end.0, limit), deal)
    }

    pub fn deal_seq(&self, book: BookId, id: EntryId) -> Result<Option<EntrySeq>, StoreError> {
        let sql = "SELECT e.seq FROM entries e JOIN postings t ON t.entry_seq = e.seq AND t.book_id = ?2
                   WHERE e.uuid = ?1";
        self.find(sql, (id.uuid(), book.0), |row| Ok(EntrySeq(row.get(0)?)))
    }

    /// The sequence number and hash of the last entry.
    pub fn chain_head(&self) -> Result<(EntrySeq, EntryHash), StoreError> {
        let head = self.last_entry()?;
        Ok(head.map_or((EntrySeq(0), GENESIS), |(seq, _, hash)| (seq, hash)))
    }

    fn last_entry(&self) -> Result<Option<(EntrySeq, Moment, EntryHash)>, StoreError> {
        self.find("SELECT seq, recorded_at, hash FROM entries ORDER BY seq DESC LIMIT 1", [], |row| {
            let hash: [u8; 32] = row.get(2)?;
            Ok((EntrySeq(row.get(0)?), Moment::from_unix_ms(row.get(1)?), hash))
        })
    }

    pub fn entry(&self, id: EntryId) -> Result<Option<EntryRow>, StoreError> {
        let sql = "SELECT seq, kind, principal_id, legs FROM entries WHERE uuid = ?1";
        self.find(sql, [id.uuid()], |row| {
            let legs: Vec<u8> = row.get("legs")?;
            Ok(EntryRow {
                seq: EntrySeq(row.get("seq")?),
                kind: named(row, "kind")?,
                principal: PrincipalSerial(row.get("principal_id")?),
                legs: decode_legs(&legs).ok_or_else(|| unreadable("legs", "?"))?.collect(),
            })
        })
    }

    pub fn is_reversed(&self, seq: EntrySeq) -> Result<bool, StoreError> {
        self.one("SELECT EXISTS (SELECT 1 FROM entries WHERE reverses_seq = ?1)", [seq.0], |row| row.get(0))
    }

    /// The same, of the entry with this id.
    pub fn has_reversal(&self, id: EntryId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM entries e JOIN entries r ON r.reverses_seq = e.seq WHERE e.uuid = ?1)";
        self.one(sql, [id.uuid()], |row| row.get(0))
    }

    pub fn account_of_book(&self, book: BookId) -> Result<Option<AccountId>, StoreError> {
        let sql = "SELECT uuid FROM accounts WHERE id = ?1";
        self.find(sql, [book.0], |row| Ok(AccountId::from(row.get::<_, Uuid>(0)?)))
    }
}

impl WriteTx<'_> {
    /// Appends an entry to the journal and its postings to the ledger, and extends the hash chain. Does not change
    /// balances: see [`WriteTx::set_balance`].
    pub fn append_entry(&self, new: &NewEntry<'_>) -> Result<PostedEntry, StoreError> {
        let (last, earliest, previous) = match self.last_entry()? {
            Some((seq, recorded_at, hash)) => (seq, recorded_at, hash),
            None => (EntrySeq(0), new.now, GENESIS),
        };
        // Consecutive, except for the gap after a restore.
        let seq = EntrySeq(last.0.max(self.number_floor("entries")?) + 1);
        let recorded_at = new.now.max(earliest);
        let backdated = new.effective_at.filter(|at| *at < recorded_at);
        let effective_at = backdated.unwrap_or(recorded_at);
        let legs = encode_legs(new.legs);
        let record = EntryRecord {
            seq,
            id: new.id,
            kind: new.kind,
            effective_at,
            recorded_at,
            principal: new.principal,
            tag: new.tag,
            reverses: new.reverses,
            comment_hash: new.comment.as_ref().map(|(_, _, hash)| hash.as_slice()),
            legs: &legs,
        };
        let hash = record.hash(&previous);
        self.run(
            sql!("entries/insert"),
            params![
                seq.0,
                new.id.uuid(),
                new.kind.name(),
                effective_at.unix_ms(),
                recorded_at.unix_ms(),
                new.principal.0,
                new.tag,
                new.reverses.map(|seq| seq.0),
                new.comment.as_ref().map(|(_, salt, _)| salt.as_slice()),
                record.comment_hash,
                legs,
                hash.as_slice(),
            ],
        )?;
        for leg in new.legs {
            let is_client = new.client_books.contains(&leg.book);
            self.run(
                sql!("entries/insert_posting"),
                (
                    leg.book.0,
                    seq.0,
                    leg.amount.minor(),
                    leg.balance_after.minor(),
                    recorded_at.unix_ms(),
                    new.kind.name(),
                    is_client.then(|| new.id.uuid()),
                    new.comment.as_ref().filter(|_| is_client).map(|(comment, _, _)| *comment),
                    backdated.map(Moment::unix_ms),
                ),
            )?;
        }
        Ok(PostedEntry { seq, recorded_at })
    }
}

/// Parses a stored entry kind.
pub(in crate::store) fn entry_kind(text: &str) -> rusqlite::Result<EntryKind> {
    EntryKind::parse(text).ok_or_else(|| unreadable("kind", text))
}
