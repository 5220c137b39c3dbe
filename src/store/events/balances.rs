//! Balances out of events: events say the balances of the books that they changed, so the last word on each book is its
//! balance. A checkpoint keeps these last words for events that are pruned.

use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, BookId, EntrySeq, EventSeq};
use crate::domain::money::{Amount, Decimals};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql, unreadable};
use crate::store::events::Feed;
use crate::store::reference::decimals;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use uuid::Uuid;

/// What events say of a book, in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(in crate::store) struct Figures {
    pub(in crate::store) balance: i64,
    pub(in crate::store) held: i64,
    pub(in crate::store) uncleared: i64,
    pub(in crate::store) pending: i64,
    pub(in crate::store) credit: i64,
}

impl Figures {
    fn to_array(self) -> [i64; 5] {
        [self.balance, self.held, self.uncleared, self.pending, self.credit]
    }
}

/// The part of a payload that says balances; whatever else is in it is passed over.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow, default)]
    balances: Vec<Line<'a>>,
}

#[derive(Deserialize)]
struct Line<'a> {
    book: i64,
    #[serde(borrow)]
    balance: &'a RawValue,
    #[serde(borrow)]
    held: Option<&'a RawValue>,
    #[serde(borrow)]
    uncleared: Option<&'a RawValue>,
    #[serde(borrow)]
    pending: Option<&'a RawValue>,
    #[serde(borrow)]
    credit: Option<&'a RawValue>,
}

/// Decimal text with all decimals of its currency, as events have it, in minor units.
fn minor(raw: &RawValue) -> Option<i64> {
    let mut digits = [0; 32];
    let mut length = 0;
    for byte in raw.get().bytes().filter(|byte| *byte != b'.') {
        *digits.get_mut(length)? = byte;
        length += 1;
    }
    std::str::from_utf8(digits.get(..length)?).ok()?.parse().ok()
}

impl Line<'_> {
    fn figures(&self) -> Option<Figures> {
        let of = |raw: Option<&RawValue>| raw.map_or(Some(0), minor);
        Some(Figures {
            balance: minor(self.balance)?,
            held: of(self.held)?,
            uncleared: of(self.uncleared)?,
            pending: of(self.pending)?,
            credit: of(self.credit)?,
        })
    }
}

/// Balances as far as events were read.
pub(in crate::store) type Rebuilt = HashMap<i64, Figures>;

/// Takes in what an event says. False if it cannot be read.
pub(in crate::store) fn take_in(rebuilt: &mut Rebuilt, payload: &str) -> bool {
    let Ok(payload) = serde_json::from_str::<Payload<'_>>(payload) else { return false };
    payload.balances.iter().all(|line| {
        line.figures().is_some_and(|figures| {
            rebuilt.insert(line.book, figures);
            true
        })
    })
}

/// Where rebuilding balances begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventCheckpoint {
    /// The last event that the balances include.
    pub seq: EventSeq,
    /// The last entry that was told by then.
    pub entry: EntrySeq,
}

/// A book as of the checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckpointBook {
    /// The book.
    pub book: BookId,
    /// The account whose book it is; none for a house account.
    pub account: Option<AccountId>,
    /// `client`, or the name of the house account.
    pub role: String,
    /// Code of its currency.
    pub currency: String,
    /// Decimals of its currency.
    pub decimals: Decimals,
    /// Whether it is demo money.
    pub is_demo: bool,
    /// Its balance.
    pub balance: Amount,
    /// What was held.
    pub held: Amount,
    /// What was not available yet.
    pub uncleared: Amount,
    /// What was announced.
    pub pending: Amount,
    /// Its trading credit.
    pub credit: Amount,
}

impl ReadTx<'_> {
    /// Where rebuilding balances begins.
    pub fn event_checkpoint(&self) -> Result<EventCheckpoint, StoreError> {
        self.one("SELECT seq, entry_seq FROM event_checkpoint", [], |row| {
            Ok(EventCheckpoint { seq: EventSeq(row.get(0)?), entry: EntrySeq(row.get(1)?) })
        })
    }

    /// The books as of the checkpoint, after one of them, in their order.
    pub fn checkpoint_books(&self, after: BookId, limit: u32) -> Result<Vec<CheckpointBook>, StoreError> {
        self.all(sql!("events/checkpoint_books"), (after.0, limit), |row| {
            let amount = |column: &str| Ok::<_, rusqlite::Error>(Amount::from_minor(row.get(column)?));
            Ok(CheckpointBook {
                book: BookId(row.get("book_id")?),
                account: row.get::<_, Option<Uuid>>("account_uuid")?.map(AccountId::from),
                role: row.get("role")?,
                currency: row.get("code")?,
                decimals: decimals(row.get("decimals")?)?,
                is_demo: row.get("demo")?,
                balance: amount("balance_minor")?,
                held: amount("held_minor")?,
                uncleared: amount("uncleared_minor")?,
                pending: amount("pending_minor")?,
                credit: amount("credit_minor")?,
            })
        })
    }

    /// The balances of the checkpoint.
    pub(in crate::store) fn checkpoint_figures(&self) -> Result<Rebuilt, StoreError> {
        let sql = "SELECT book_id, balance_minor, held_minor, uncleared_minor, pending_minor, credit_minor
                   FROM event_checkpoint_books";
        let rows = self.all(sql, [], |row| {
            let figures = Figures {
                balance: row.get(1)?,
                held: row.get(2)?,
                uncleared: row.get(3)?,
                pending: row.get(4)?,
                credit: row.get(5)?,
            };
            Ok((row.get(0)?, figures))
        })?;
        Ok(rows.into_iter().collect())
    }
}

/// An event that may go.
struct Old {
    seq: i64,
    recorded_at: Moment,
    entry: Option<i64>,
    payload: String,
}

const OLD: &str = "SELECT e.seq, e.recorded_at, n.seq, e.payload FROM events e
                   LEFT JOIN entries n ON e.type = 'entry.posted' AND n.uuid = e.object_uuid
                   WHERE e.seq > ?1 AND e.seq <= ?2 ORDER BY e.seq LIMIT ?3";

impl WriteTx<'_> {
    /// Forgets the oldest events, as many as given and a few more at most, that were recorded before a moment: the
    /// checkpoint takes in what they say of balances. The last event stays, and so does what a consumer is not done with.
    /// True if there may be more to forget.
    pub fn prune_events(&self, before: Moment, at_once: u32) -> Result<bool, StoreError> {
        let Feed { pruned, last } = self.feed()?;
        let sql = "SELECT min(delivered_seq) FROM event_consumers";
        let delivered = self.one(sql, [], |row| row.get::<_, Option<i64>>(0))?.unwrap_or(i64::MAX);
        let end = delivered.min(last.0 - 1);
        let mut old = self.old_events(pruned.0, end, at_once)?;
        old.truncate(old.iter().take_while(|event| event.recorded_at < before).count());
        let is_full = old.len() == at_once as usize;
        self.keep_entries_whole(&mut old, end)?;
        let Some(newest) = old.last().map(|event| event.seq) else { return Ok(false) };
        self.advance_checkpoint(&old)?;
        self.run("DELETE FROM events WHERE seq <= ?1", [newest])?;
        Ok(is_full)
    }

    fn old_events(&self, after: i64, end: i64, limit: u32) -> Result<Vec<Old>, StoreError> {
        self.all(OLD, (after, end, limit), |row| {
            let recorded_at = Moment::from_unix_ms(row.get(1)?);
            Ok(Old { seq: row.get(0)?, recorded_at, entry: row.get(2)?, payload: row.get(3)? })
        })
    }

    /// An entry is told to each of its clients in an event of its own; the checkpoint takes in all of them or none.
    fn keep_entries_whole(&self, old: &mut Vec<Old>, end: i64) -> Result<(), StoreError> {
        while let Some(last) = old.last()
            && last.entry.is_some()
        {
            let (entry, after) = (last.entry, last.seq);
            match self.old_events(after, i64::MAX, 1)?.pop() {
                Some(next) if next.entry != entry => break,
                Some(next) if next.seq <= end => old.push(next),
                Some(_) => {
                    old.truncate(old.iter().take_while(|event| event.entry != entry).count());
                    break;
                }
                None => break,
            }
        }
        Ok(())
    }

    fn advance_checkpoint(&self, old: &[Old]) -> Result<(), StoreError> {
        let mut checkpoint = self.event_checkpoint()?;
        let mut rebuilt = Rebuilt::new();
        for event in old.iter().filter(|event| event.seq > checkpoint.seq.0) {
            if !take_in(&mut rebuilt, &event.payload) {
                return Err(unreadable("payload", &event.seq.to_string()).into());
            }
            if let Some(entry) = event.entry {
                checkpoint.entry = EntrySeq(entry);
            }
        }
        for (book, figures) in rebuilt {
            let [balance, held, uncleared, pending, credit] = figures.to_array();
            self.run(sql!("events/put_checkpoint_book"), (book, balance, held, uncleared, pending, credit))?;
        }
        let seq = old.last().map_or(checkpoint.seq.0, |event| event.seq.max(checkpoint.seq.0));
        self.run("UPDATE event_checkpoint SET seq = ?1, entry_seq = ?2", (seq, checkpoint.entry.0)).map(|_| ())
    }
}
