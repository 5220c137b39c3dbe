//! Publishing: each change appends an event, with a snapshot of what cannot be read from its object later.
//!
//! Events are permanent, so they hold nothing that may have to be erased: no comments, reasons, names or free texts of
//! callers, and only numbers, references and tags of clients. Nor do they hold secrets. Every change of balances leads
//! to an event that states them: the last statement for each book, over all events, equals the book. `bursar audit`
//! proves it.

use crate::app::{Context, Failure};
use crate::domain::accounts::Account;
use crate::domain::clients::Profile;
use crate::domain::events::{
    AccountSnapshot, EntrySnapshot, Event, EventType, MovementSnapshot, ProfileSnapshot, Reserves, Snapshot,
};
use crate::domain::ids::{EntryId, EntrySeq, ProfileId, ProfileSerial};
use crate::domain::ledger::Movement;
use std::collections::{BTreeMap, BTreeSet};

/// The client on one side of an entry, and the other figures of its account after the entry.
pub(in crate::app) struct ClientSide {
    pub(in crate::app) profile: (ProfileSerial, ProfileId),
    pub(in crate::app) reserves: Reserves,
}

/// Publishes an entry with its sides in the order of its legs; None stands for the house. Each client gets a separate
/// event, which does not reveal the other side; the house's sides are in the first one.
pub(in crate::app) fn publish_entry(
    context: &Context<'_>,
    (id, seq): (EntryId, EntrySeq),
    sides: &[Option<ClientSide>],
) -> Result<(), Failure> {
    let mut clients: Vec<(ProfileSerial, ProfileId)> = Vec::with_capacity(2);
    for side in sides.iter().flatten() {
        if !clients.contains(&side.profile) {
            clients.push(side.profile);
        }
    }
    for number in 0..clients.len().max(1) {
        let client = clients.get(number).copied();
        let is_shown = |side: &Option<ClientSide>| match side {
            Some(side) => Some(side.profile) == client,
            None => number == 0,
        };
        let legs: BTreeSet<usize> = (0..).zip(sides).filter(|(_, side)| is_shown(side)).map(|(leg, _)| leg).collect();
        let reserves: BTreeMap<usize, Reserves> = legs
            .iter()
            .filter_map(|leg| Some((*leg, sides.get(*leg)?.as_ref()?.reserves)))
            .filter(|(_, reserves)| *reserves != Reserves::default())
            .collect();
        let legs = (legs.len() < sides.len()).then_some(legs);
        let snapshot = Snapshot::Entry(EntrySnapshot { legs, is_continuation: number > 0, reserves });
        let (kind, object, subject) = (EventType::EntryPosted, id.uuid(), Some(seq.0));
        context.publish(&Event { kind, object, subject, profile: client, snapshot })?;
    }
    Ok(())
}

/// Publishes the present state of an account.
pub(in crate::app) fn publish_account(
    context: &Context<'_>,
    kind: EventType,
    account: &Account,
) -> Result<(), Failure> {
    context.publish(&Event {
        kind,
        object: account.id.uuid(),
        subject: Some(account.book.0),
        profile: Some((account.standing.profile, account.profile)),
        snapshot: Snapshot::Account(Box::new(AccountSnapshot::of(account, context.now))),
    })?;
    Ok(())
}

/// Publishes the present state of a movement, with the account that it debits or credits.
pub(in crate::app) fn publish_movement(
    context: &Context<'_>,
    kind: EventType,
    movement: &Movement,
    account: &Account,
) -> Result<(), Failure> {
    context.publish(&Event {
        kind,
        object: movement.id.uuid(),
        subject: Some(movement.serial.0),
        profile: Some((account.standing.profile, account.profile)),
        snapshot: Snapshot::Movement(MovementSnapshot::of(movement, &account.balances, context.now)),
    })?;
    Ok(())
}

/// Publishes the present state of a client.
pub(in crate::app) fn publish_profile(
    context: &Context<'_>,
    kind: EventType,
    profile: &Profile,
) -> Result<(), Failure> {
    context.publish(&Event {
        kind,
        object: profile.id.uuid(),
        subject: Some(profile.serial.0),
        profile: Some((profile.serial, profile.id)),
        snapshot: Snapshot::Profile(ProfileSnapshot::of(profile, context.now)),
    })?;
    Ok(())
}
