//! The outbox. Events are appended in the savepoint of the change that they report, and read in order.

use crate::domain::access::Visibility;
use crate::domain::clock::Moment;
use crate::domain::events::{BookBalances, Event, EventType, LEGACY_VERSION, LegacyEvent, SNAPSHOT_VERSION, Snapshot};
use crate::domain::ids::{BookId, EventSeq, PrincipalSerial};
use crate::domain::ledger::{Leg, decode_legs};
use crate::domain::money::Amount;
use crate::store::StoreError;
use crate::store::database::lists::visible_tags;
use crate::store::database::transaction::{Columns, ReadTx, WriteTx, sql, unreadable};
use crate::store::events::EventRow;
use rusqlite::{Row, params};
use uuid::Uuid;

#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// None for all kinds.
    pub kinds: Option<Vec<EventType>>,
}

/// A stored event, with the data of its subject from which its balances follow.
pub(in crate::store) struct StoredEvent {
    pub(in crate::store) seq: i64,
    /// None if no version of this program writes such events.
    pub(in crate::store) kind: Option<EventType>,
    pub(in crate::store) version: i64,
    pub(in crate::store) subject: Option<i64>,
    pub(in crate::store) profile: Option<i64>,
    pub(in crate::store) principal: i64,
    pub(in crate::store) recorded_at: Moment,
    pub(in crate::store) payload: Option<String>,
    /// Public id of the subject; none if it is missing, or is a restore or the installation.
    pub(in crate::store) object: Option<Uuid>,
    /// For an entry: all of its legs, encoded.
    legs: Option<Vec<u8>>,
    /// For a movement: its account, and the account's balance after the entry that posted the movement.
    movement: Option<(BookId, Option<Amount>)>,
}

pub(in crate::store) fn stored_event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    let mut columns = Columns::of(row);
    let mut event = StoredEvent {
        seq: columns.next("seq")?,
        kind: EventType::parse(&columns.next::<String>("type")?),
        version: columns.next("payload_version")?,
        subject: columns.next("subject_id")?,
        profile: columns.next("profile_id")?,
        principal: columns.next("principal_id")?,
        recorded_at: Moment::from_unix_ms(columns.next("recorded_at")?),
        payload: columns.next("payload")?,
        object: columns.next("object_uuid")?,
        legs: columns.next("legs")?,
        movement: None,
    };
    let account: Option<i64> = columns.next("account_id")?;
    let balance: Option<i64> = columns.next("balance_minor")?;
    event.movement = account.map(|account| (BookId(account), balance.map(Amount::from_minor)));
    Ok(event)
}

impl StoredEvent {
    /// The entry that the event reports.
    pub(in crate::store) fn entry(&self) -> Option<i64> {
        self.subject.filter(|_| self.kind == Some(EventType::EntryPosted))
    }

    /// The stored snapshot. None if it is unreadable or the event is a legacy one.
    pub(in crate::store) fn snapshot(&self) -> Option<Snapshot> {
        if self.version != SNAPSHOT_VERSION {
            return None;
        }
        Snapshot::decode(self.kind?, self.payload.as_deref()).ok()
    }

    /// The legacy event. None if it is unreadable or the event stores a snapshot.
    pub(in crate::store) fn legacy(&self) -> Option<LegacyEvent> {
        self.payload.as_deref().filter(|_| self.version == LEGACY_VERSION).and_then(LegacyEvent::parse)
    }

    /// All legs of the entry.
    pub(in crate::store) fn legs(&self) -> Option<Vec<Leg>> {
        Some(decode_legs(self.legs.as_deref()?)?.collect())
    }

    /// The balances of books in the event, each with the number of its leg if there is one. None if unreadable.
    pub(in crate::store) fn balances(&self) -> Option<Vec<(Option<usize>, BookId, BookBalances)>> {
        if self.version == LEGACY_VERSION {
            let balances = self.legacy()?.balances;
            let is_complete = !balances.is_empty() || !self.kind?.says_balances();
            return is_complete.then(|| balances.into_iter().map(|(book, of_book)| (None, book, of_book)).collect());
        }
        Some(match self.snapshot()? {
            Snapshot::Entry(entry) => {
                let legs = entry.of_legs(&self.legs()?)?;
                legs.into_iter().map(|(index, leg, of_book)| (Some(index), leg.book, of_book)).collect()
            }
            Snapshot::Movement(movement) => {
                let (book, posted) = self.movement?;
                let balance = movement.balance.or(posted)?;
                vec![(None, book, BookBalances { balance, reserves: movement.reserves })]
            }
            Snapshot::Account(account) => vec![(None, BookId(self.subject?), account.balances())],
            Snapshot::Owner(_)
            | Snapshot::Profile(_)
            | Snapshot::External(_)
            | Snapshot::Contribution(_)
            | Snapshot::Approval
            | Snapshot::Reference(_)
            | Snapshot::Restore => Vec::new(),
        })
    }

    pub(in crate::store) fn unreadable(&self) -> StoreError {
        unreadable("event", &self.seq.to_string()).into()
    }
}

/// The range of events that are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Feed {
    /// The last pruned event; zero if none was pruned.
    pub pruned: EventSeq,
    pub last: EventSeq,
}

impl ReadTx<'_> {
    pub fn feed(&self) -> Result<Feed, StoreError> {
        // Two subqueries: a single query for both would scan the whole table.
        let sql = "SELECT (SELECT coalesce(min(seq), 1) FROM events) - 1, (SELECT coalesce(max(seq), 0) FROM events)";
        self.one(sql, [], |row| Ok(Feed { pruned: EventSeq(row.get(0)?), last: EventSeq(row.get(1)?) }))
    }

    /// The last event that was recorded before a moment; None if no stored one was.
    pub fn last_event_before(&self, moment: Moment) -> Result<Option<EventSeq>, StoreError> {
        let Feed { pruned, last } = self.feed()?;
        // Recorded times never decrease. Between `low`, which is before the moment, and `high`, which is not:
        let (mut low, mut high) = (pruned.0, last.0.saturating_add(1));
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let sql = "SELECT seq, recorded_at FROM events WHERE seq <= ?1 AND seq > ?2 ORDER BY seq DESC LIMIT 1";
            let found = self.find(sql, (middle, low), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
            match found {
                Some((seq, recorded_at)) if recorded_at >= moment.unix_ms() => high = seq,
                // Up to `middle` there are none but earlier ones.
                Some(_) | None => low = middle,
            }
        }
        // The number `low` itself may have been skipped by a restore.
        let sql = "SELECT seq FROM events WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1";
        self.find(sql, [low], |row| row.get(0).map(EventSeq))
    }

    /// The events after one and up to another that the filter selects and the caller may see, in order.
    pub fn events(
        &self,
        filter: &EventFilter,
        visibility: &Visibility,
        after: EventSeq,
        up_to: EventSeq,
        limit: u32,
    ) -> Result<Vec<EventRow>, StoreError> {
        let kinds = filter.kinds.as_ref().map(|kinds| {
            let names = kinds.iter().map(|kind| serde_json::Value::from(kind.name()));
            serde_json::Value::from_iter(names).to_string()
        });
        let stored = self.all(
            sql!("events/stored", "events/feed"),
            (after.0, up_to.0, kinds, visible_tags(visibility), limit),
            stored_event,
        )?;
        self.with_objects(stored)
    }
}

impl WriteTx<'_> {
    /// Appends an event under the next number; numbers have no gaps.
    pub fn append_event(&self, event: &Event, by: PrincipalSerial, now: Moment) -> Result<EventSeq, StoreError> {
        // The number is the rowid. RETURNING would create a temporary table for every event.
        let seq = self.insert(
            sql!("events/insert"),
            params![
                event.kind.name(),
                event.subject,
                event.profile.map(|(serial, _)| serial.0),
                by.0,
                now.unix_ms(),
                SNAPSHOT_VERSION,
                payload_of(event)?,
            ],
        )?;
        self.note_news();
        Ok(EventSeq(seq))
    }

    /// Appends an event under a given number and so leaves a gap.
    pub(in crate::store) fn append_event_at(
        &self,
        seq: i64,
        event: &Event,
        by: PrincipalSerial,
        now: Moment,
    ) -> Result<(), StoreError> {
        let (kind, payload) = (event.kind.name(), payload_of(event)?);
        let values = params![seq, kind, event.subject, by.0, now.unix_ms(), SNAPSHOT_VERSION, payload];
        self.run(sql!("restores/insert_event"), values).map(|_| ())
    }

    /// Records how far a consumer has processed events. Events that it has not processed are not pruned.
    pub fn note_delivered(&self, consumer: &str, up_to: EventSeq) -> Result<(), StoreError> {
        let sql = "INSERT INTO event_consumers (name, delivered_seq) VALUES (?1, ?2)
                   ON CONFLICT (name) DO UPDATE SET delivered_seq = max(delivered_seq, excluded.delivered_seq)";
        self.run(sql, (consumer, up_to.0)).map(|_| ())
    }

    /// Removes a consumer, so that no events are kept for it any more.
    pub fn forget_consumer(&self, consumer: &str) -> Result<(), StoreError> {
        self.run("DELETE FROM event_consumers WHERE name = ?1", [consumer]).map(|_| ())
    }
}

fn payload_of(event: &Event) -> Result<Option<String>, StoreError> {
    event.snapshot.encode().map_err(|error| StoreError::corrupt(format!("an event has no JSON form: {error}")))
}
