//! Events as callers read them: in their order, as far as their tags reach, and the checkpoint where they begin.

use crate::app::{Failure, Query, View};
use crate::domain::access::{Right, Visibility};
use crate::domain::ids::{AccountId, BookId, EventSeq};
use crate::domain::refusal::{Field, Refusal};
use crate::store::Feed;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

pub use crate::store::{CheckpointBook, EventFilter, EventRow};

/// Events that one call looks at; a caller who sees few of many gets a cursor to go on from.
const LOOKED_AT_MAX: i64 = 20_000;

/// The events that follow one of them, in their order.
///
/// Refusals: what follows was pruned; there is no such event yet.
#[derive(Clone, Debug)]
pub struct ReadEvents {
    /// The last event that the caller has; zero for the beginning.
    pub after: EventSeq,
    /// Which of them.
    pub filter: EventFilter,
    /// How many at most.
    pub limit: u32,
}

/// Some events.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// The events, as far as the caller sees them.
    pub rows: Vec<EventRow>,
    /// The event up to which all was looked at: where to go on.
    pub upto: EventSeq,
    /// The last event that there is.
    pub last: EventSeq,
}

impl Query for ReadEvents {
    type Answer = EventPage;
    const RIGHT: Right = Right::ReadEvents;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<EventPage, Failure> {
        let Feed { pruned, last } = view.tx.feed()?;
        if self.after < pruned {
            return Err(Refusal::EventsPruned { oldest: pruned.0 + 1 }.into());
        }
        if self.after > last {
            return Err(Refusal::out_of_range(Field::After, format!("the last event is {last}")).into());
        }
        let end = EventSeq(last.0.min(self.after.0.saturating_add(LOOKED_AT_MAX)));
        let mut rows = view.tx.events(&self.filter, view.visibility, self.after, end, self.limit)?;
        let is_full = rows.len() == self.limit as usize;
        let upto = rows.last().filter(|_| is_full).map_or(end, |row| row.seq);
        if matches!(view.visibility, Visibility::Tagged(_)) {
            for row in &mut rows {
                row.payload = veiled(view, &row.payload)?;
            }
        }
        Ok(EventPage { rows, upto, last })
    }
}

/// A line of `balances`, as far as it matters who may see it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    account_id: Option<AccountId>,
}

/// A payload without what tags hide: balances of house accounts, and the receiver of a transfer whom the caller does not
/// see.
fn veiled(view: &View<'_>, payload: &str) -> Result<String, Failure> {
    let broken = |error: serde_json::Error| {
        tracing::error!(%error, "an event cannot be read");
        Failure::from(Refusal::Internal)
    };
    let mut parts: BTreeMap<&str, Box<RawValue>> = serde_json::from_str(payload).map_err(broken)?;
    if let Some(lines) = parts.get("balances") {
        let mut kept: Vec<&RawValue> = serde_json::from_str(lines.get()).map_err(broken)?;
        kept.retain(|line| serde_json::from_str::<Line>(line.get()).is_ok_and(|line| line.account_id.is_some()));
        let kept = serde_json::value::to_raw_value(&kept).map_err(broken)?;
        parts.insert("balances", kept);
    }
    if let Some(to) = parts.get("toAccountId") {
        let to: AccountId = serde_json::from_str(to.get()).map_err(broken)?;
        if view.tx.account(to, view.visibility)?.is_none() {
            parts.remove("toAccountId");
        }
    }
    serde_json::to_string(&parts).map_err(broken)
}

/// Books as of the checkpoint, for callers who see everything. Refusals: the caller's tags.
pub struct ReadCheckpoint {
    /// Only books after this one.
    pub after: BookId,
    /// How many at most.
    pub limit: u32,
}

/// A part of the checkpoint.
#[derive(Clone, Debug)]
pub struct CheckpointPage {
    /// The last event that the balances include.
    pub seq: EventSeq,
    /// The books, in the order of their numbers.
    pub books: Vec<CheckpointBook>,
}

impl Query for ReadCheckpoint {
    type Answer = CheckpointPage;
    const RIGHT: Right = Right::ReadEvents;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<CheckpointPage, Failure> {
        if matches!(view.visibility, Visibility::Tagged(_)) {
            return Err(Refusal::LimitedByTags.into());
        }
        let seq = view.tx.event_checkpoint()?.seq;
        Ok(CheckpointPage { seq, books: view.tx.checkpoint_books(self.after, self.limit)? })
    }
}
