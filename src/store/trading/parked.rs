//! Events that cannot be applied yet.

use crate::domain::clock::Moment;
use crate::domain::ids::{ParkedId, PlatformSerial};
use crate::domain::trading::Verdict;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, named, sql};
use rusqlite::Row;
use uuid::Uuid;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParkedEvent {
    /// In order of arrival.
    pub row: i64,
    pub id: ParkedId,
    /// As it was sent.
    pub sent: String,
    /// As it was read.
    pub event: String,
    pub reason: Verdict,
    /// What it waits for, such as `symbol:EURUSD`.
    pub waits_for: String,
    pub since: Moment,
}

/// An event to be parked.
#[derive(Clone, Copy, Debug)]
pub struct NewParked<'a> {
    pub id: ParkedId,
    pub platform: PlatformSerial,
    pub event_id: &'a str,
    pub sent: &'a str,
    pub event: &'a str,
    pub reason: Verdict,
    pub waits_for: &'a str,
}

fn parked(row: &Row<'_>) -> rusqlite::Result<ParkedEvent> {
    Ok(ParkedEvent {
        row: row.get("id")?,
        id: ParkedId::from(row.get::<_, Uuid>("uuid")?),
        sent: row.get("sent")?,
        event: row.get("event")?,
        reason: named(row, "reason")?,
        waits_for: row.get("waits_for")?,
        since: Moment::from_unix_ms(row.get("parked_at")?),
    })
}

const COLUMNS: &str = "SELECT id, uuid, sent, event, reason, waits_for, parked_at FROM parked_events ";

impl ReadTx<'_> {
    pub fn has_parked(&self) -> Result<bool, StoreError> {
        self.one("SELECT EXISTS (SELECT 1 FROM parked_events WHERE dropped_at IS NULL)", [], |row| row.get(0))
    }

    pub fn is_parked(&self, platform: PlatformSerial, event: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM parked_events
                   WHERE platform_id = ?1 AND event_id = ?2 AND dropped_at IS NULL)";
        self.one(sql, (platform.0, event), |row| row.get(0))
    }

    /// Waiting events after a row, oldest first.
    pub fn parked(&self, after: i64, limit: u32) -> Result<Vec<ParkedEvent>, StoreError> {
        let sql = format!("{COLUMNS} WHERE id > ?1 AND dropped_at IS NULL ORDER BY id LIMIT ?2");
        self.all(&sql, (after, limit), parked)
    }

    pub fn parked_event(&self, id: ParkedId) -> Result<Option<ParkedEvent>, StoreError> {
        let sql = format!("{COLUMNS} WHERE uuid = ?1 AND dropped_at IS NULL");
        self.find(&sql, [id.uuid()], parked)
    }

    /// Whether an event waits for this.
    pub fn is_awaited(&self, awaited: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM parked_events WHERE waits_for = ?1 AND dropped_at IS NULL)";
        self.one(sql, [awaited], |row| row.get(0))
    }

    /// What events wait for that begins with this.
    pub fn awaited_like(&self, beginning: &str) -> Result<Vec<String>, StoreError> {
        self.all(sql!("trading/awaited_like"), (beginning, format!("{beginning}\u{10ffff}")), |row| row.get(0))
    }

    /// Events from a row on that wait for this, oldest first.
    pub fn parked_for(&self, awaited: &str, from: i64, limit: u32) -> Result<Vec<ParkedEvent>, StoreError> {
        let sql = format!("{COLUMNS} WHERE waits_for = ?1 AND id >= ?2 AND dropped_at IS NULL ORDER BY id LIMIT ?3");
        self.all(&sql, (awaited, from, limit), parked)
    }

    /// A row from which on events have yet to be tried, with what they wait for. Of several, the last: each attempt
    /// begins at the front and would otherwise keep those at the end waiting.
    pub fn next_parked(&self) -> Result<Option<(i64, String)>, StoreError> {
        let sql = "SELECT id, waits_for FROM parked_events WHERE is_next IS NOT NULL ORDER BY id DESC LIMIT 1";
        self.find(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl WriteTx<'_> {
    pub fn park(&self, new: &NewParked<'_>, now: Moment) -> Result<(), StoreError> {
        let params = (
            new.id.uuid(),
            new.platform.0,
            new.event_id,
            new.sent,
            new.event,
            new.reason.name(),
            new.waits_for,
            now.unix_ms(),
        );
        self.run(sql!("trading/park"), params).map(|_| ())
    }

    /// Marks the row from which on events have yet to be tried that wait for this; none: all were, from `from` on.
    pub fn mark_next_parked(&self, awaited: &str, from: i64, next: Option<i64>) -> Result<(), StoreError> {
        let sql = "UPDATE parked_events SET is_next = NULL
                   WHERE is_next IS NOT NULL AND waits_for = ?1 AND id >= ?2 AND id < ?3";
        self.run(sql, (awaited, from, next.unwrap_or(i64::MAX)))?;
        let Some(next) = next else { return Ok(()) };
        self.run("UPDATE parked_events SET is_next = 1 WHERE id = ?1", [next]).map(|_| ())
    }

    /// Says anew why an event waits.
    pub fn park_again(&self, row: i64, reason: Verdict, waits_for: &str) -> Result<(), StoreError> {
        let sql = "UPDATE parked_events SET reason = ?2, waits_for = ?3 WHERE id = ?1";
        self.run(sql, (row, reason.name(), waits_for)).map(|_| ())
    }

    /// Removes an event that was applied.
    pub fn unpark(&self, row: i64) -> Result<(), StoreError> {
        self.run("DELETE FROM parked_events WHERE id = ?1", [row]).map(|_| ())
    }

    pub fn drop_parked(&self, row: i64, reason: &str, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE parked_events SET dropped_at = ?2, drop_reason = ?3 WHERE id = ?1";
        self.run(sql, (row, now.unix_ms(), reason)).map(|_| ())
    }
}
