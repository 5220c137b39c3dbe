//! Parked events: tried again when what they wait for may have appeared, listed, dropped.

use crate::app::command::refusal_of_read;
use crate::app::trading::alerts::reason_to_settle;
use crate::app::trading::session::Session;
use crate::app::{App, Command, Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Principal, Right};
use crate::domain::ids::{AccountId, ParkedId};
use crate::domain::page::{Part, Position};
use crate::domain::refusal::{Noun, Refusal};
use crate::domain::trading::{News, PlatformEvent};
pub use crate::store::ParkedEvent;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

impl Session<'_, '_> {
    /// Tries the events again that wait for what appeared, and those that wait for what they bring: at most as many as
    /// one command may. [`RetryParked`] goes on with the others later.
    pub(super) fn retry_awaited(&mut self) -> Result<(), Failure> {
        if self.has_parked { self.retry_up_to(self.context.app.settings().retried_at_once, false) } else { Ok(()) }
    }

    /// Tries at most `left` events. `resumes`: those, too, at which earlier commands stopped.
    fn retry_up_to(&mut self, mut left: u32, resumes: bool) -> Result<(), Failure> {
        // Each round but the last makes less of what is left, so this ends.
        loop {
            let mut waiting = Vec::new();
            for appeared in std::mem::take(&mut self.appeared) {
                for awaited in self.awaited(appeared)? {
                    waiting.append(&mut self.take_waiting(&awaited, 0, &mut left)?);
                }
            }
            while resumes
                && left > 0
                && let Some((row, awaited)) = self.context.tx.next_parked()?
            {
                waiting.append(&mut self.take_waiting(&awaited, row, &mut left)?);
            }
            if waiting.is_empty() {
                return Ok(());
            }
            waiting.sort_by_key(|parked| parked.row);
            waiting.dedup_by_key(|parked| parked.row);
            self.retry(waiting)?;
        }
    }

    /// What exactly events wait for that may have got what appeared.
    fn awaited(&mut self, appeared: String) -> Result<Vec<String>, Failure> {
        if !appeared.ends_with(':') {
            return Ok(vec![appeared]);
        }
        let mut found = Vec::new();
        for awaited in self.context.tx.awaited_like(&appeared)? {
            if self.may_be_there(&awaited)? {
                found.push(awaited);
            }
        }
        Ok(found)
    }

    /// Quotes come all the time, and few of them bring a rate for which events wait.
    fn may_be_there(&mut self, awaited: &str) -> Result<bool, Failure> {
        let Some((from, to)) = awaited.strip_prefix("rate:").and_then(|pair| pair.split_once('/')) else {
            return Ok(true);
        };
        match (self.currency(from)?, self.currency(to)?) {
            (Some(from), Some(to)) => Ok(self.rates()?.find(from, to).is_ok()),
            _ => Ok(false),
        }
    }

    /// The first events from a row on that wait for something, at most as many as are left to try. The one behind them
    /// is marked, so that a later command goes on with it.
    fn take_waiting(&self, awaited: &str, from: i64, left: &mut u32) -> Result<Vec<ParkedEvent>, Failure> {
        let tx = self.context.tx;
        let mut found = tx.parked_for(awaited, from, left.saturating_add(1))?;
        let tried = found.len().min(*left as usize);
        let next = found.drain(tried..).next().map(|parked| parked.row);
        tx.mark_next_parked(awaited, from, next)?;
        *left -= u32::try_from(tried).unwrap_or(*left);
        Ok(found)
    }

    fn retry(&mut self, waiting: Vec<ParkedEvent>) -> Result<(), Failure> {
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
            self.take_together(account, &items)?;
        }
        for index in splits {
            let (event, parked) = &events[index];
            self.take_split(event, &parked.sent, Some(parked.row))?;
        }
        Ok(())
    }
}

/// Tries parked events again: as a part of the command after which what they wait for may be there, and where such
/// commands stopped.
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
        session.retry_up_to(context.app.settings().retried_at_once, true)
    }
}

impl App {
    /// Goes on with parked events at which an earlier command stopped; not while jobs are paused. Returns whether there
    /// may be more of them. Blocks.
    pub fn resume_retries(self: &Arc<App>) -> Result<bool, Refusal> {
        let is_paused = self.clock_leap().is_some() || self.rests_after()?.is_some();
        if is_paused || self.store.read(|tx| Ok(tx.next_parked()?)).map_err(refusal_of_read)?.is_none() {
            return Ok(false);
        }
        self.execute_blocking(&self.system_caller(), RetryParked { appeared: BTreeSet::new() })?;
        Ok(true)
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
        view.visibility.require_everything()?;
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
        let reason = reason_to_settle(context, self.reason)?;
        let parked = context.tx.parked_event(self.id)?.ok_or(Refusal::not_found(Noun::ParkedEvent))?;
        context.concerns(ObjectKind::ParkedEvent, self.id.uuid());
        Ok(context.tx.drop_parked(parked.row, &reason, context.now)?)
    }
}
