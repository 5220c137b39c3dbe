//! Snapshots: the part of an object that an event must store, because it cannot be read anywhere else later.
//!
//! An event refers to the row of its object. It does not store what never changes there (ids, currency, the amount of a
//! movement, all of an entry) or what may have to be erased (names, comments, reasons). The rest is stored as it was at
//! the event: in minor units and milliseconds, with row numbers for other objects, as a JSON object without members
//! that have their default. That is payload version 1; [`LegacyEvent`] is version 0. A member never changes its name or
//! meaning, and a new one has a default, so that older events stay readable.

use crate::domain::accounts::{Balances, OwnerAccess};
use crate::domain::bank::{ContributionKind, ExternalStatus};
use crate::domain::day::Day;
use crate::domain::events::{AccountSnapshot, EventType, MovementSnapshot, ProfileSnapshot};
use crate::domain::ids::{ExternalAccountId, MovementSerial, ProfileSerial};
use crate::domain::ledger::Leg;
use crate::domain::money::Amount;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The payload version of events with a snapshot.
pub const SNAPSHOT_VERSION: i64 = 1;

/// The figures of a book besides its balance, in minor units; all zero for house accounts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Reserves {
    #[serde(skip_serializing_if = "is_default")]
    pub held: Amount,
    /// Settled deposits whose funds are not available yet.
    #[serde(skip_serializing_if = "is_default")]
    pub uncleared: Amount,
    /// Deposits announced but not settled.
    #[serde(skip_serializing_if = "is_default")]
    pub pending: Amount,
    /// Trading credit, zero or more.
    #[serde(skip_serializing_if = "is_default")]
    pub credit: Amount,
}

impl Reserves {
    pub fn of(balances: &Balances) -> Reserves {
        let Balances { held, uncleared, pending, .. } = *balances;
        Reserves { held, uncleared, pending, credit: balances.credit() }
    }
}

/// All figures of a book after an event, in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BookBalances {
    pub balance: Amount,
    pub reserves: Reserves,
}

/// The stored part of an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Snapshot {
    Entry(EntrySnapshot),
    Movement(MovementSnapshot),
    Account(Box<AccountSnapshot>),
    Owner(OwnerSnapshot),
    Profile(ProfileSnapshot),
    External(ExternalSnapshot),
    Contribution(ContributionSnapshot),
    Reference(ReferenceSnapshot),
    /// Nothing: the row says what was asked for, and the type of the event what became of it.
    Approval,
    /// Nothing: the row of the restore says it all.
    Restore,
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// An object without members is stored as NULL.
const EMPTY: &str = "{}";

impl Snapshot {
    /// The text to store; None if there is nothing to store.
    pub fn encode(&self) -> Result<Option<String>, serde_json::Error> {
        let text = match self {
            Snapshot::Entry(entry) => serde_json::to_string(entry),
            Snapshot::Movement(movement) => serde_json::to_string(movement),
            Snapshot::Account(account) => serde_json::to_string(account),
            Snapshot::Owner(owner) => serde_json::to_string(owner),
            Snapshot::Profile(profile) => serde_json::to_string(profile),
            Snapshot::External(external) => serde_json::to_string(external),
            Snapshot::Contribution(contribution) => serde_json::to_string(contribution),
            Snapshot::Reference(reference) => serde_json::to_string(reference),
            Snapshot::Approval | Snapshot::Restore => return Ok(None),
        }?;
        Ok(Some(text).filter(|text| text != EMPTY))
    }

    /// The reverse of [`Snapshot::encode`] for an event of this type.
    pub fn decode(kind: EventType, stored: Option<&str>) -> Result<Snapshot, serde_json::Error> {
        let text = stored.unwrap_or(EMPTY);
        Ok(match kind {
            EventType::EntryPosted => Snapshot::Entry(serde_json::from_str(text)?),
            EventType::MovementRequested | EventType::MovementChanged => {
                Snapshot::Movement(serde_json::from_str(text)?)
            }
            EventType::AccountOwnerAdded | EventType::AccountOwnerChanged | EventType::AccountOwnerRemoved => {
                Snapshot::Owner(serde_json::from_str(text)?)
            }
            EventType::AccountOpened
            | EventType::AccountApproved
            | EventType::AccountUpdated
            | EventType::AccountLocked
            | EventType::AccountUnlocked
            | EventType::AccountPrimaryChanged
            | EventType::AccountClosing
            | EventType::AccountArchived => Snapshot::Account(serde_json::from_str(text)?),
            EventType::ProfileCreated
            | EventType::ProfileUpdated
            | EventType::ProfilePasswordChanged
            | EventType::ProfileApproved
            | EventType::ProfileDenied
            | EventType::ProfileDeceased
            | EventType::ProfileArchived
            | EventType::ProfileErased => Snapshot::Profile(serde_json::from_str(text)?),
            EventType::ExternalAccountAdded
            | EventType::ExternalAccountChanged
            | EventType::ExternalAccountVerified
            | EventType::ExternalAccountArchived => Snapshot::External(serde_json::from_str(text)?),
            EventType::ContributionStarted
            | EventType::ContributionChanged
            | EventType::ContributionMade
            | EventType::ContributionFailed
            | EventType::ContributionEnded => Snapshot::Contribution(serde_json::from_str(text)?),
            EventType::ApprovalRequested
            | EventType::ApprovalApproved
            | EventType::ApprovalRejected
            | EventType::ApprovalCancelled
            | EventType::ApprovalExpired => Snapshot::Approval,
            EventType::ReferenceChanged => Snapshot::Reference(serde_json::from_str(text)?),
            EventType::RestoreApplied | EventType::RestoreResumed => Snapshot::Restore,
        })
    }
}

/// The snapshot of an entry's event: which legs it shows, and the figures of their books besides the balance, which the
/// leg has.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EntrySnapshot {
    /// The indexes of the legs that the event shows, from 0; None means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legs: Option<BTreeSet<usize>>,
    /// Whether an earlier event shows other legs of the entry, and with them the movement and the reference.
    #[serde(skip_serializing_if = "is_default")]
    pub is_continuation: bool,
    /// By leg; empty if all are zero.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reserves: BTreeMap<usize, Reserves>,
}

impl EntrySnapshot {
    /// The legs that the event shows, with the figures of their books. None if the entry does not have these legs.
    pub fn of_legs(&self, legs: &[Leg]) -> Option<Vec<(usize, Leg, BookBalances)>> {
        let shown = |index: &usize| self.legs.as_ref().is_none_or(|shown| shown.contains(index));
        let named = self.legs.iter().flatten().chain(self.reserves.keys());
        if named.clone().any(|index| *index >= legs.len()) || !self.reserves.keys().all(shown) {
            return None;
        }
        let of_leg = |(index, leg): (usize, &Leg)| {
            let reserves = self.reserves.get(&index).copied().unwrap_or_default();
            (index, *leg, BookBalances { balance: leg.balance_after, reserves })
        };
        Some(legs.iter().enumerate().filter(|(index, _)| shown(index)).map(of_leg).collect())
    }
}

/// The snapshot of an owner's event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OwnerSnapshot {
    /// None if someone who could see the account could not see this client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileSerial>,
    /// None if the client is no longer an owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<OwnerAccess>,
    /// From 1; None if the client is no longer an owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<usize>,
    /// The number of owners after the event.
    pub owners: usize,
    /// Whether the account lost its alias, because another account of the new primary owner had it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub alias_dropped: bool,
    /// The account's version after the event.
    pub version: u64,
}

/// The snapshot of an external account's event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExternalSnapshot {
    pub status: ExternalStatus,
    /// Wrong amounts so far.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tries: u32,
}

/// The snapshot of a recurring contribution's event: the plan, and what a day brought.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ContributionSnapshot {
    /// None while the plan is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ContributionKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalAccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Day>,
    /// The deposit that was announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub movement: Option<MovementSerial>,
    /// The reason for which none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// The snapshot of a change of reference data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReferenceSnapshot {
    /// In the order in which they were made.
    pub changes: Vec<ReferenceChange>,
}

/// One change of the reference data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReferenceChange {
    /// `create`, `change`, `switch_off` or `remove`.
    pub action: String,
    /// `currency`, `platform`, `group` or `rate`.
    pub kind: String,
    /// The key in the reference file.
    pub code: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::BookId;

    /// Stored snapshots must stay readable: these texts never change, and new ones are added below them.
    const STORED: [(EventType, Option<&str>); 19] = [
        (EventType::EntryPosted, None),
        (EventType::EntryPosted, Some(r#"{"reserves":{"0":{"held":1,"uncleared":2,"pending":3,"credit":4}}}"#)),
        (EventType::EntryPosted, Some(r#"{"legs":[1,3],"is_continuation":true,"reserves":{"3":{"held":5}}}"#)),
        (EventType::MovementRequested, Some(r#"{"state":"posted","uncleared":10010}"#)),
        (EventType::MovementChanged, Some(r#"{"state":"expired","balance":-5,"held":1,"updated_at":1700000000000}"#)),
        (
            EventType::AccountOpened,
            Some(r#"{"lifecycle":"active","group":1,"portfolio":2,"max_leverage":30,"version":1}"#),
        ),
        (
            EventType::AccountUpdated,
            Some(concat!(
                r#"{"lifecycle":"closed","lock":{"lock":"full","lock_holder":"system","lock_reason":"DED"},"#,
                r#""reference":"a","category":"b","group":1,"portfolio":2,"trade_status":"close_only","#,
                r#""max_leverage":30,"nop_limit":100050,"daily_statement":true,"credits_off":true,"#,
                r#""debits_off":true,"minimum":-7000,"version":9,"updated_at":1700000000000,"#,
                r#""closed_at":1700000000001,"balance":12,"held":1,"uncleared":2,"pending":3,"credit":4}"#
            )),
        ),
        (EventType::AccountOwnerRemoved, Some(r#"{"owners":1,"alias_dropped":true,"version":6}"#)),
        (EventType::AccountOwnerAdded, Some(r#"{"profile":3,"access":"read","priority":2,"owners":2,"version":2}"#)),
        (
            EventType::ProfileUpdated,
            Some(r#"{"status":"verified","reference":"a","category":"b","tags":["new","vip"],"version":3}"#),
        ),
        (EventType::ReferenceChanged, Some(r#"{"changes":[{"action":"switch_off","kind":"group","code":"live"}]}"#)),
        (EventType::RestoreApplied, None),
        (EventType::ApprovalRequested, None),
        (EventType::MovementChanged, Some(r#"{"state":"pending","step":"delayed","balance":1,"pending":2}"#)),
        (EventType::ExternalAccountAdded, Some(r#"{"status":"verified"}"#)),
        (EventType::ExternalAccountChanged, Some(r#"{"status":"verify_locked","tries":3}"#)),
        (EventType::ContributionChanged, None),
        (
            EventType::ContributionMade,
            Some(concat!(
                r#"{"kind":"bi_weekly","amount":5000,"external":"00000000-0000-0000-0000-000000000007","#,
                r#""start":"2026-11-10","end":"2027-11-10","next":"2026-11-24","movement":3}"#
            )),
        ),
        (EventType::ContributionFailed, Some(r#"{"kind":"monthly","failure":"ACCOUNT_LOCKED"}"#)),
    ];

    #[test]
    fn what_was_stored_once_is_read_for_good_and_stored_so_again() {
        for (kind, stored) in STORED {
            let snapshot = Snapshot::decode(kind, stored).unwrap();
            assert_eq!(snapshot.encode().unwrap().as_deref(), stored, "{kind:?}: {snapshot:?}");
        }
    }

    #[test]
    fn what_is_no_snapshot_is_not_read_as_one() {
        let is_empty =
            |kind: &EventType| ["restore.", "approval."].iter().any(|family| kind.name().starts_with(family));
        for kind in EventType::ALL.into_iter().filter(|kind| !is_empty(kind)) {
            assert!(Snapshot::decode(kind, Some("nonsense")).is_err(), "{kind:?}");
            assert!(Snapshot::decode(kind, Some(r#"{"state":1,"legs":1,"status":1,"kind":1}"#)).is_err(), "{kind:?}");
            // An entry may have nothing beside its legs, and a contribution that is off has no plan.
            let may_be_empty = kind == EventType::EntryPosted || kind.name().starts_with("contribution.");
            assert_eq!(Snapshot::decode(kind, None).is_ok(), may_be_empty, "{kind:?}");
        }
    }

    #[test]
    fn an_entry_is_shown_leg_by_leg() {
        let leg = |book, amount| Leg {
            book: BookId(book),
            amount: Amount::from_minor(amount),
            balance_after: Amount::from_minor(amount * 10),
        };
        let legs = [leg(7, -5), leg(8, 5)];
        let of = |stored: Option<&str>| match Snapshot::decode(EventType::EntryPosted, stored).unwrap() {
            Snapshot::Entry(entry) => entry.of_legs(&legs),
            other => panic!("{other:?}"),
        };
        let books = |shown: Vec<(usize, Leg, BookBalances)>| {
            shown.into_iter().map(|(index, leg, of_book)| (index, leg.book.0, of_book)).collect::<Vec<_>>()
        };
        let balances = |minor, held| BookBalances {
            balance: Amount::from_minor(minor),
            reserves: Reserves { held: Amount::from_minor(held), ..Reserves::default() },
        };
        assert_eq!(books(of(None).unwrap()), [(0, 7, balances(-50, 0)), (1, 8, balances(50, 0))]);
        let second = of(Some(r#"{"legs":[1],"reserves":{"1":{"held":3}}}"#)).unwrap();
        assert_eq!(books(second), [(1, 8, balances(50, 3))]);
        for strange in [r#"{"legs":[2]}"#, r#"{"reserves":{"2":{"held":1}}}"#, r#"{"legs":[0],"reserves":{"1":{}}}"#] {
            assert_eq!(of(Some(strange)), None, "{strange}");
        }
    }
}
