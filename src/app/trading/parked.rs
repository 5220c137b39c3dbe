//! Parked events: tried again when what they wait for may have appeared, listed, dropped.

use crate::app::trading::session::{Fate, Session};
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Principal, Right, Visibility};
use crate::domain::ids::{AccountId, ParkedId};
use crate::domain::page::{Part, Position};
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::domain::text;
use crate::domain::trading::{News, PlatformEvent};
pub use crate::store::ParkedEvent;
use std::collections::{BTreeSet, HashMap};

/// The most events that are tried again for one thing that appeared.
const RETRIED_MAX: u32 = 10_000;

impl Session<'_, '_> {
    /// Tries the events again that wait for what appeared, and those that wait for what they bring.
    pub(super) fn retry_awaited(&mut self) -> Result<(), Failure> {
        while self.has_parked && !self.appeared.is_empty() {
            let mut waiting = Vec::new();
            for awaited in std::mem::take(&mut self.appeared) {
                let found = if awaited.ends_with(':') {
                    self.context.tx.parked_for(&awaited, RETRIED_MAX)?
                } else {
                    self.context.tx.parked_for_exactly(&awaited, RETRIED_MAX)?
                };
                waiting.extend(found);
            }
            waiting.sort_by_key(|parked| parked.row);
            waiting.dedup_by_key(|parked| parked.row);
            // Each round but the last takes events that waited, so this ends.
            if !self.retry(waiting)? {
                self.appeared.clear();
            }
        }
        Ok(())
    }

    /// Whether any of the events was taken.
    fn retry(&mut self, waiting: Vec<ParkedEvent>) -> Result<bool, Failure> {
        let mut was_taken = false;
        let mut groups: Vec<(AccountId, Vec<usize>)> = Vec::new();
        let mut group_of: HashMap<AccountId, usize> = HashMap::new();
        let mut splits = Vec::new();
        let mut events: Vec<(PlatformEvent, ParkedEvent)> = Vec::with_capacity(waiting.len());
        for parked in waiting {
            let event = serde_json::from_str(&parked.event).map_err(|error| {
                tracing::error!(%error, "failed to read a parked event");
                Refusal::Internal
            })?;
            events.push((event, parked));
        }
        for (index, (event, parked)) in events.iter().enumerate() {
            if matches!(event.news, News::Split(_)) {
                splits.push(index);
                continue;
            }
            match self.account_of(event)? {
                Ok(account) => {
                    let group = *group_of.entry(account).or_insert_with(|| {
                        groups.push((account, Vec::new()));
                        groups.len() - 1
                    });
                    groups[group].1.push(index);
                }
                Err(fate) => {
                    self.settle_fate(event, &parked.sent, Some(parked.row), |_| Ok(fate))?;
                }
            }
        }
        for (account, indexes) in groups {
            let items: Vec<_> = indexes
                .iter()
                .map(|index| (&events[*index].0, events[*index].1.sent.as_str(), Some(events[*index].1.row)))
                .collect();
            was_taken |= self.take_together(account, &items)?.iter().any(Fate::is_taken);
        }
        for index in splits {
            let (event, parked) = &events[index];
            was_taken |= self.take_split(event, &parked.sent, Some(parked.row))?.is_taken();
        }
        Ok(was_taken)
    }
}

/// Tries parked events again, as a part of the command after which what they wait for may be there.
struct RetryParked {
    appeared: BTreeSet<String>,
}

/// Tries events again that wait for what appeared.
pub(in crate::app) fn retry_parked(context: &Context<'_>, appeared: BTreeSet<String>) -> Result<(), Failure> {
    context.beside(RetryParked { appeared })
}

impl Command for RetryParked {
    type Outcome = ();
    const ACTION: &'static str = "platform.retry";
    const RIGHT: Right = Right::FeedPlatform;

    /// The events were taken from callers with the right.
    fn admit(&self, _: &Principal) -> Result<(), Refusal> {
        Ok(())
    }

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let mut session = Session::new(context)?;
        session.appeared = self.appeared;
        session.retry_awaited()
    }
}

/// Parked events, oldest first.
///
/// Refusals: a caller who does not see all clients.
pub struct ListParked {
    /// The last row of the page before.
    pub after: Option<Position>,
    pub limit: u32,
}

impl Query for ListParked {
    type Answer = Part<ParkedEvent>;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<Part<ParkedEvent>, Failure> {
        if *view.visibility != Visibility::Everything {
            return Err(Refusal::LimitedByTags.into());
        }
        let after = self.after.map_or(0, |shown| shown.row);
        let parked = view.tx.parked(after, self.limit.saturating_add(1))?;
        Ok(Part::cut(parked, self.limit, |parked| Position::of(parked.row)))
    }
}

/// Drops a parked event: it is not tried again, and sending it again changes nothing.
///
/// Refusals: no reason; a caller who does not see all clients; unknown, applied or dropped.
pub struct DropParked {
    pub id: ParkedId,
    pub reason: String,
}

impl Command for DropParked {
    type Outcome = ();
    const ACTION: &'static str = "platform.drop";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let reason = text::note(Field::Reason, self.reason, text::COMMENT_MAX)?;
        if reason.trim().is_empty() {
            return Err(Refusal::Required { field: Field::Reason }.into());
        }
        if *context.visibility() != Visibility::Everything {
            return Err(Refusal::LimitedByTags.into());
        }
        let parked = context.tx.parked_event(self.id)?.ok_or(Refusal::not_found(Noun::ParkedEvent))?;
        context.concerns(ObjectKind::ParkedEvent, self.id.uuid());
        Ok(context.tx.drop_parked(parked.row, &reason, context.now)?)
    }
}
