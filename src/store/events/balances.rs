//! Rebuilds balances from events: each event has the balances of the books it changed, so the last event of a book has
//! its balance. For pruned events a checkpoint keeps those balances.

use crate::domain::clock::Moment;
use crate::domain::events::{BookBalances, Reserves};
use crate::domain::ids::{BookId, EntrySeq, EventSeq};
use crate::domain::money::Amount;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use crate::store::events::{BookLine, Feed, StoredEvent, book_name, stored_event};
use rusqlite::Row;
use std::collections::HashMap;

/// Balances as of the events read so far.
pub(in crate::store) type Rebuilt = HashMap<BookId, BookBalances>;

/// Where rebuilding balances starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventCheckpoint {
    /// The last event included in the balances.
    pub seq: EventSeq,
    /// The last entry whose events are included.
    pub entry: EntrySeq,
}

/// Reads the columns `balance_minor`, `held_minor`, `uncleared_minor`, `pending_minor` and `credit_minor`.
pub(in crate::store) fn book_balances(row: &Row<'_>) -> rusqlite::Result<BookBalances> {
    let amount = |column: &str| Ok::<_, rusqlite::Error>(Amount::from_minor(row.get(column)?));
    Ok(BookBalances {
        balance: amount("balance_minor")?,
        reserves: Reserves {
            held: amount("held_minor")?,
            uncleared: amount("uncleared_minor")?,
            pending: amount("pending_minor")?,
            credit: amount("credit_minor")?,
        },
    })
}

impl ReadTx<'_> {
    pub fn event_checkpoint(&self) -> Result<EventCheckpoint, StoreError> {
        self.one("SELECT seq, entry_seq FROM event_checkpoint", [], |row| {
            Ok(EventCheckpoint { seq: EventSeq(row.get(0)?), entry: EntrySeq(row.get(1)?) })
        })
    }

    /// The books of the checkpoint in order, at most `limit`, starting after one of them.
    pub fn checkpoint_books(&self, after: BookId, limit: u32) -> Result<Vec<BookLine>, StoreError> {
        self.all(sql!("events/checkpoint_books"), (after.0, limit), |row| {
            let book = book_name(BookId(row.get("book_id")?), row)?;
            Ok(BookLine { book, amount: None, balances: book_balances(row)? })
        })
    }

    pub(in crate::store) fn checkpoint_balances(&self) -> Result<Rebuilt, StoreError> {
        let rows = self.all("SELECT * FROM event_checkpoint_books", [], |row| {
            Ok((BookId(row.get("book_id")?), book_balances(row)?))
        })?;
        Ok(rows.into_iter().collect())
    }
}

impl WriteTx<'_> {
    /// Deletes the oldest events that were recorded before a moment, `at_once` or slightly more, and moves the
    /// checkpoint forward by their balances. Keeps the last event and whatever a consumer has not processed. True if
    /// there may be more to delete.
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

    fn old_events(&self, after: i64, end: i64, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = concat!(sql!("events/stored"), "WHERE e.seq > ?1 AND e.seq <= ?2 ORDER BY e.seq LIMIT ?3");
        self.all(sql, (after, end, limit), stored_event)
    }

    /// An entry has an event for each of its clients; the checkpoint includes all of them or none.
    fn keep_entries_whole(&self, old: &mut Vec<StoredEvent>, end: i64) -> Result<(), StoreError> {
        while let Some(last) = old.last()
            && last.entry().is_some()
        {
            let (entry, after) = (last.entry(), last.seq);
            match self.old_events(after, i64::MAX, 1)?.pop() {
                Some(next) if next.entry() != entry => break,
                Some(next) if next.seq <= end => old.push(next),
                Some(_) => {
                    old.truncate(old.iter().take_while(|event| event.entry() != entry).count());
                    break;
                }
                None => break,
            }
        }
        Ok(())
    }

    fn advance_checkpoint(&self, old: &[StoredEvent]) -> Result<(), StoreError> {
        let mut checkpoint = self.event_checkpoint()?;
        let mut rebuilt = Rebuilt::new();
        for event in old.iter().filter(|event| event.seq > checkpoint.seq.0) {
            let balances = event.balances().ok_or_else(|| event.unreadable())?;
            rebuilt.extend(balances.into_iter().map(|(_, book, balances)| (book, balances)));
            if let Some(entry) = event.entry() {
                checkpoint.entry = EntrySeq(entry);
            }
        }
        for (book, BookBalances { balance, reserves }) in rebuilt {
            let Reserves { held, uncleared, pending, credit } = reserves;
            let [balance, held, uncleared, pending, credit] =
                [balance, held, uncleared, pending, credit].map(Amount::minor);
            self.run(sql!("events/put_checkpoint_book"), (book.0, balance, held, uncleared, pending, credit))?;
        }
        let seq = old.last().map_or(checkpoint.seq.0, |event| event.seq.max(checkpoint.seq.0));
        self.run("UPDATE event_checkpoint SET seq = ?1, entry_seq = ?2", (seq, checkpoint.entry.0)).map(|_| ())
    }
}
