//! The outbox: events are appended in the savepoint of what they tell, and read in their order.

use crate::domain::access::Visibility;
use crate::domain::clock::Moment;
use crate::domain::events::{Event, EventType};
use crate::domain::ids::{EventSeq, PrincipalId, PrincipalSerial, ProfileId};
use crate::store::StoreError;
use crate::store::database::lists::visible_tags;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use rusqlite::Row;
use uuid::Uuid;

/// What selects events.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Only of these kinds; none: of all.
    pub kinds: Option<Vec<EventType>>,
}

/// An event as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventRow {
    /// Its sequence number.
    pub seq: EventSeq,
    /// What happened.
    pub kind: String,
    /// The thing that it happened to.
    pub object: Uuid,
    /// The client whom it concerns.
    pub profile: Option<ProfileId>,
    /// Who did it.
    pub actor: PrincipalId,
    /// The name of who did it.
    pub actor_name: String,
    /// When it was recorded.
    pub recorded_at: Moment,
    /// The thing as it was afterwards, JSON.
    pub payload: String,
}

/// From where to where events are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Feed {
    /// The last event that is not kept any more; zero if none was pruned.
    pub pruned: EventSeq,
    /// The last event.
    pub last: EventSeq,
}

fn event(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        seq: EventSeq(row.get("seq")?),
        kind: row.get("type")?,
        object: row.get("object_uuid")?,
        profile: row.get::<_, Option<Uuid>>("profile_uuid")?.map(ProfileId::from),
        actor: PrincipalId::from(row.get::<_, Uuid>("principal_uuid")?),
        actor_name: row.get("principal_name")?,
        recorded_at: Moment::from_unix_ms(row.get("recorded_at")?),
        payload: row.get("payload")?,
    })
}

impl ReadTx<'_> {
    /// From where to where events are kept.
    pub fn feed(&self) -> Result<Feed, StoreError> {
        // Two questions: asked as one, the whole table would be read.
        let sql = "SELECT (SELECT coalesce(min(seq), 1) FROM events) - 1, (SELECT coalesce(max(seq), 0) FROM events)";
        self.one(sql, [], |row| Ok(Feed { pruned: EventSeq(row.get(0)?), last: EventSeq(row.get(1)?) }))
    }

    /// The first events after one and up to another that are wanted and visible, in their order.
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
        self.all(sql!("events/feed"), (after.0, up_to.0, kinds, visible_tags(visibility), limit), event)
    }
}

impl WriteTx<'_> {
    /// Appends an event; its number is the next one, without a gap.
    pub fn append_event(&self, event: &Event, by: PrincipalSerial, now: Moment) -> Result<EventSeq, StoreError> {
        // The number is the key of the row. RETURNING would tell it too, through a temporary table for every event.
        let seq = self.insert(
            sql!("events/insert"),
            (
                event.kind.name(),
                event.object,
                event.profile.map(|(serial, _)| serial.0),
                by.0,
                now.unix_ms(),
                &event.payload,
            ),
        )?;
        self.note_news();
        Ok(EventSeq(seq))
    }

    /// The one place where those who pass events on say how far they are. What they are not done with is not pruned.
    pub fn note_delivered(&self, consumer: &str, up_to: EventSeq) -> Result<(), StoreError> {
        let sql = "INSERT INTO event_consumers (name, delivered_seq) VALUES (?1, ?2)
                   ON CONFLICT (name) DO UPDATE SET delivered_seq = max(delivered_seq, excluded.delivered_seq)";
        self.run(sql, (consumer, up_to.0)).map(|_| ())
    }

    /// Forgets a consumer, so that nothing is kept for it any more.
    pub fn forget_consumer(&self, consumer: &str) -> Result<(), StoreError> {
        self.run("DELETE FROM event_consumers WHERE name = ?1", [consumer]).map(|_| ())
    }
}
