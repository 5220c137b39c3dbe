//! The log of what was sent to webhooks, and what is to be sent outside of the order.

use crate::domain::clock::Moment;
use crate::domain::events::{Attempt, Delivery, DeliveryState};
use crate::domain::ids::{EventSeq, WebhookSerial};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, named, sql, unreadable};
use rusqlite::{Row, params};

/// An event, or a test, that is sent once outside of the order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WebhookOrder {
    /// Never used again.
    pub row: i64,
    pub webhook: WebhookSerial,
    /// Zero for a test.
    pub event: EventSeq,
}

/// What one attempt says about an event.
#[derive(Clone, Debug)]
pub struct Tried {
    pub webhook: WebhookSerial,
    /// Zero for a test.
    pub event: EventSeq,
    pub state: DeliveryState,
    pub attempt: Attempt,
    /// None if it is not sent again by itself.
    pub next_at: Option<Moment>,
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let attempts: String = row.get("attempts")?;
    Ok(Delivery {
        event: EventSeq(row.get("event_seq")?),
        state: named(row, "state")?,
        tries: row.get("tries")?,
        attempts: Attempt::decode(&attempts).ok_or_else(|| unreadable("attempts", &attempts))?,
        first_at: Moment::from_unix_ms(row.get("first_at")?),
        last_at: Moment::from_unix_ms(row.get("last_at")?),
        next_at: row.get::<_, Option<i64>>("next_at")?.map(Moment::from_unix_ms),
    })
}

impl ReadTx<'_> {
    /// The deliveries of a webhook after an event, in the order of events.
    pub fn deliveries(
        &self,
        webhook: WebhookSerial,
        after: EventSeq,
        state: Option<DeliveryState>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.all(sql!("webhooks/deliveries"), (webhook.0, after.0, state.map(DeliveryState::name), limit), delivery)
    }

    /// The event that a webhook waits with, if it was sent already.
    pub fn pending_delivery(&self, webhook: WebhookSerial, after: EventSeq) -> Result<Option<Delivery>, StoreError> {
        Ok(self.deliveries(webhook, after, Some(DeliveryState::Pending), 1)?.pop())
    }

    pub fn delivery(&self, webhook: WebhookSerial, event: EventSeq) -> Result<Option<Delivery>, StoreError> {
        let sql = "SELECT * FROM webhook_deliveries WHERE webhook_id = ?1 AND event_seq = ?2";
        self.find(sql, (webhook.0, event.0), delivery)
    }

    /// What is to be sent outside of the order, oldest first.
    pub fn webhook_orders(&self) -> Result<Vec<WebhookOrder>, StoreError> {
        self.all("SELECT id, webhook_id, event_seq FROM webhook_orders ORDER BY id", [], |row| {
            Ok(WebhookOrder { row: row.get(0)?, webhook: WebhookSerial(row.get(1)?), event: EventSeq(row.get(2)?) })
        })
    }

    /// How many orders of a webhook wait.
    pub fn count_webhook_orders(&self, webhook: WebhookSerial) -> Result<u32, StoreError> {
        self.one("SELECT count(*) FROM webhook_orders WHERE webhook_id = ?1", [webhook.0], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Adds an attempt to the log.
    pub fn note_attempt(&self, tried: &Tried) -> Result<(), StoreError> {
        let known = self.delivery(tried.webhook, tried.event)?;
        let is_series = known.as_ref().filter(|known| known.state == DeliveryState::Pending);
        let first_at = is_series.map_or(tried.attempt.at, |known| known.first_at);
        let (tries, mut attempts) = known.map_or((0, Vec::new()), |known| (known.tries, known.attempts));
        attempts.push(tried.attempt.clone());
        let text = Attempt::encode(&attempts)
            .map_err(|error| StoreError::corrupt(format!("an attempt has no JSON form: {error}")))?;
        self.run(
            sql!("webhooks/put_delivery"),
            params![
                tried.webhook.0,
                tried.event.0,
                tried.state.name(),
                tries.saturating_add(1),
                text,
                first_at.unix_ms(),
                tried.attempt.at.unix_ms(),
                tried.next_at.map(Moment::unix_ms),
            ],
        )
        .map(|_| ())
    }

    /// Orders an event, or a test, to be sent once.
    pub fn add_webhook_order(&self, webhook: WebhookSerial, event: EventSeq) -> Result<(), StoreError> {
        let row = self.note_webhook_change()?;
        let sql = "INSERT INTO webhook_orders (id, webhook_id, event_seq) VALUES (?1, ?2, ?3)";
        self.run(sql, (row, webhook.0, event.0)).map(|_| ())
    }

    pub fn drop_webhook_order(&self, row: i64) -> Result<(), StoreError> {
        self.run("DELETE FROM webhook_orders WHERE id = ?1", [row]).map(|_| ())
    }

    /// Deletes some deliveries that were sent last before a moment, and some of deleted webhooks. True if there may be
    /// more.
    pub fn prune_deliveries(&self, before: Moment, at_once: u32) -> Result<bool, StoreError> {
        let mut deleted = 0;
        let of = "SELECT id FROM webhooks";
        for webhook in self.all(of, [], |row| row.get::<_, i64>(0))? {
            deleted += self.run(sql!("webhooks/prune"), (webhook, before.unix_ms(), at_once))?;
        }
        let sql = "DELETE FROM webhook_deliveries WHERE (webhook_id, event_seq) IN (
                       SELECT webhook_id, event_seq FROM webhook_deliveries
                       WHERE webhook_id NOT IN (SELECT id FROM webhooks) LIMIT ?1)";
        deleted += self.run(sql, [at_once])?;
        Ok(deleted >= usize::try_from(at_once).unwrap_or(usize::MAX))
    }
}
