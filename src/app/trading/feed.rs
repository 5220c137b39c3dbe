//! The feed: takes events of trading platforms, each on its own.
//!
//! An event is taken once, whatever becomes of it later. The events of one account run in one savepoint; if that is
//! refused, each of them runs in its own, so that one bad event affects no other.

use crate::app::trading::session::{Fate, Session};
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::clock::Moment;
use crate::domain::ids::AccountId;
use crate::domain::named::named_enum;
use crate::domain::refusal::{Field, Refusal};
use crate::domain::trading::{News, PlatformEvent, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The most events that one command takes; a longer call is several commands.
pub const EVENTS_AT_ONCE: usize = 1_000;

/// The most events of a command that does not count as long.
pub const SHORT_FEED: usize = 100;

/// Why the text of an event could not be read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Unreadable {
    pub verdict: Verdict,
    pub message: String,
}

/// An event as it was sent, and as it was read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Incoming {
    /// Its text; shown if it is parked.
    pub sent: String,
    pub event: Result<PlatformEvent, Unreadable>,
}

named_enum! {
    /// What became of an event.
    pub enum Status {
        Accepted = "accepted",
        Duplicate = "duplicate",
        Parked = "parked",
        Refused = "refused",
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Taken {
    #[serde(rename = "s")]
    pub status: Status,
    /// None if it was accepted.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Verdict>,
    #[serde(rename = "m", default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

impl From<Fate> for Taken {
    fn from(fate: Fate) -> Self {
        let (status, reason, message) = match fate {
            Fate::Accepted => (Status::Accepted, None, String::new()),
            Fate::Duplicate => (Status::Duplicate, Some(Verdict::Duplicate), String::new()),
            Fate::Parked { reason, message, .. } => (Status::Parked, Some(reason), message),
            Fate::Refused { reason, message } => (Status::Refused, Some(reason), message),
        };
        Taken { status, reason, message }
    }
}

/// Takes events of trading platforms. `LONG` is for more than [`SHORT_FEED`] events.
///
/// Refusals: too many events; a caller who does not see all clients. What is wrong with an event is part of the
/// outcome.
pub struct FeedEvents<const LONG: bool> {
    pub events: Vec<Incoming>,
}

impl<const LONG: bool> Command for FeedEvents<LONG> {
    /// One for each event, in their order.
    type Outcome = Vec<Taken>;
    const ACTION: &'static str = "platform.feed";
    const RIGHT: Right = Right::FeedPlatform;
    const IS_LONG: bool = LONG;

    fn run(self, context: &Context<'_>) -> Result<Vec<Taken>, Failure> {
        if self.events.len() > EVENTS_AT_ONCE {
            return Err(Refusal::out_of_range(Field::Operations, format!("at most {EVENTS_AT_ONCE} events")).into());
        }
        context.visibility().require_everything()?;
        let is_quote = |it: &Incoming| it.event.as_ref().is_ok_and(|event| matches!(event.news, News::Quote(_)));
        if self.events.iter().all(is_quote) {
            context.leaves_no_row();
        }
        let mut session = Session::new(context)?;
        let waiting: Vec<_> = self.events.iter().map(Incoming::name).collect();
        let taken = session.take_all(self.events)?;
        session.retry_awaited()?;
        let taken = session.without_applied(taken, &waiting)?;
        let count = |status| taken.iter().filter(|taken| taken.status == status).count();
        for status in Status::ALL {
            context.explain(status.name(), count(status));
        }
        Ok(taken)
    }
}

impl Incoming {
    /// Platform and id of the event.
    fn name(&self) -> Option<(String, String)> {
        self.event.as_ref().ok().map(|event| (event.platform.clone(), event.id.clone()))
    }
}

impl Session<'_, '_> {
    /// Events that waited for another one of the same call are accepted.
    fn without_applied(
        &self,
        mut taken: Vec<Taken>,
        names: &[Option<(String, String)>],
    ) -> Result<Vec<Taken>, Failure> {
        for (taken, name) in taken.iter_mut().zip(names) {
            if let (Status::Parked, Some((platform, event))) = (taken.status, name)
                && !self.is_waiting(platform, event)?
            {
                *taken = Fate::Accepted.into();
            }
        }
        Ok(taken)
    }

    fn take_all(&mut self, events: Vec<Incoming>) -> Result<Vec<Taken>, Failure> {
        let mut taken: Vec<Option<Taken>> = vec![None; events.len()];
        let mut groups: Vec<(AccountId, Vec<usize>)> = Vec::new();
        let mut group_of: HashMap<AccountId, usize> = HashMap::new();
        let mut splits = Vec::new();
        for (index, Incoming { sent, event }) in events.iter().enumerate() {
            let event = match event {
                Ok(event) => event,
                Err(Unreadable { verdict, message }) => {
                    taken[index] = Some(Fate::refused(*verdict, message.clone()).into());
                    continue;
                }
            };
            match &event.news {
                News::Quote(_) => taken[index] = Some(self.take_quote(event)?.into()),
                News::Split(_) => splits.push(index),
                _ => match self.account_of(event)? {
                    Ok(account) => {
                        let group = *group_of.entry(account).or_insert_with(|| {
                            groups.push((account, Vec::new()));
                            groups.len() - 1
                        });
                        groups[group].1.push(index);
                    }
                    Err(fate) => taken[index] = Some(self.settle_fate(event, sent, None, |_| Ok(fate))?.into()),
                },
            }
        }
        self.write_quotes()?;
        let item = |index: usize| match &events[index] {
            Incoming { sent, event: Ok(event) } => Some((event, sent.as_str())),
            Incoming { event: Err(_), .. } => None,
        };
        for (account, indexes) in groups {
            let items: Vec<_> = indexes.iter().filter_map(|index| item(*index)).collect();
            for (index, fate) in indexes.iter().zip(self.take_of_account(account, &items)?) {
                taken[*index] = Some(fate.into());
            }
        }
        for index in splits {
            if let Some((event, sent)) = item(index) {
                taken[index] = Some(self.take_split(event, sent, None)?.into());
            }
        }
        Ok(taken.into_iter().flatten().collect())
    }

    /// Takes the events of one account.
    fn take_of_account(&mut self, account: AccountId, items: &[(&PlatformEvent, &str)]) -> Result<Vec<Fate>, Failure> {
        let items: Vec<_> = items.iter().map(|(event, sent)| (*event, *sent, None)).collect();
        self.take_together(account, &items)
    }

    /// Takes events of one account, some of which may have been parked: in one savepoint or, if that is refused, in one
    /// for each.
    pub(super) fn take_together(
        &mut self,
        account: AccountId,
        items: &[(&PlatformEvent, &str, Option<i64>)],
    ) -> Result<Vec<Fate>, Failure> {
        let (context, appeared) = (self.context, self.appeared.clone());
        let taken = context.attempt(|| self.take_in_savepoint(account, items))?;
        if taken.is_err() {
            self.appeared = appeared;
        }
        match taken {
            Ok(fates) => Ok(fates),
            Err(Refusal::Internal) => Err(Refusal::Internal.into()),
            Err(refusal) if items.len() <= 1 => {
                Ok(vec![Fate::refused(Verdict::Overflow, refusal.to_string()); items.len()])
            }
            Err(_) => {
                let mut fates = Vec::with_capacity(items.len());
                for item in items {
                    fates.append(&mut self.take_together(account, std::slice::from_ref(item))?);
                }
                Ok(fates)
            }
        }
    }
}

/// In which zone the times of platforms are that have none.
#[derive(Clone, Debug, Default)]
pub struct Zones(HashMap<String, Option<jiff::tz::TimeZone>>);

impl Zones {
    /// Reads a time of a platform: RFC 3339 with a zone or, if the reference data names one for the platform, without.
    /// Returns the nanoseconds beyond the moment, too.
    pub fn read(&self, platform: &str, text: &str) -> Result<(Moment, u32), String> {
        if let Some(exactly) = Moment::parse_exactly(text) {
            return Ok(exactly);
        }
        let zone = self.0.get(platform).and_then(Option::as_ref);
        let local = text.parse::<jiff::civil::DateTime>().ok().filter(|_| text.len() <= 40);
        match (local, zone) {
            (Some(local), Some(zone)) => {
                zone.to_timestamp(local).ok().and_then(Moment::exactly).ok_or_else(|| "not a time".into())
            }
            (Some(_), None) => Err("has no zone, and the reference data names none for the platform".into()),
            (None, _) => Err("not an RFC 3339 time such as 2026-03-02T08:15:00Z".into()),
        }
    }
}

/// The zones of all platforms.
pub struct PlatformZones;

impl Query for PlatformZones {
    type Answer = Zones;
    const RIGHT: Right = Right::FeedPlatform;

    fn run(self, view: &View<'_>) -> Result<Zones, Failure> {
        let zones = view.tx.platforms()?.into_iter().map(|platform| {
            let zone = platform.declared.time_zone.and_then(|name| jiff::tz::TimeZone::get(&name).ok());
            (platform.declared.code, zone)
        });
        Ok(Zones(zones.collect()))
    }
}
