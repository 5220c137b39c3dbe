//! The outbox.

use super::StoreError;
use super::transaction::{WriteTx, sql};
use crate::domain::clock::Moment;
use crate::domain::event::Event;
use crate::domain::ids::{EventSeq, PrincipalSerial};

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
        Ok(EventSeq(seq))
    }
}
