//! The owners of accounts: added, changed, removed, read; and what follows when the primary owner changes.

use crate::app::accounts::{find as find_account, publish_account_state};
use crate::app::clients::{check_account_labels, check_version, find as find_profile};
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{Right, Visibility};
use crate::domain::accounts::{Account, Owner, OwnerAccess, Owners};
use crate::domain::clients::AccountLabels;
use crate::domain::clock::Moment;
use crate::domain::events::{Event, EventType, OwnerSnapshot, Snapshot};
use crate::domain::ids::{AccountId, PortfolioId, ProfileId};
use crate::domain::page::{Part, Position};
use crate::domain::refusal::{Field, Noun, Refusal};
use serde::{Deserialize, Serialize};

/// An owner after it was written, and the account's version then.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OwnerWritten {
    /// The client.
    pub profile: ProfileId,
    /// What it may do.
    pub access: OwnerAccess,
    /// Its place, from 1.
    pub priority: u32,
    /// Since when it is an owner.
    pub since: Moment,
    /// The account's version.
    pub version: u64,
}

/// Adds an owner to an account.
///
/// Refusals: unknown account or client; is an owner already; too many; a priority beyond the end; a primary owner
/// without full access; version differs; the client was not checked, is dead or archived; the account is archived.
pub struct AddOwner {
    pub account: AccountId,
    /// The new owner.
    pub profile: ProfileId,
    /// What it may do.
    pub access: OwnerAccess,
    /// Its place, from 1; the others move back. None: last. The first is the primary owner.
    pub priority: Option<u64>,
    /// The version of the account that the caller has read.
    pub expected_version: Option<u64>,
}

impl Command for AddOwner {
    type Outcome = OwnerWritten;
    const ACTION: &'static str = "account.add_owner";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<OwnerWritten, Failure> {
        let account = find_account(context, self.account)?;
        let profile = find_profile(context, self.profile)?;
        let old = owners_of(context, &account)?;
        let mut new = old.clone();
        let owner = Owner { profile: profile.id, serial: profile.serial, access: self.access, since: context.now };
        new.add(owner, self.priority)?;
        check_version(self.expected_version, account.version)?;
        profile.admit_verified()?;
        account.admit_change()?;
        let version =
            write(context, &account, &old, &new, (EventType::AccountOwnerAdded, profile.id), TakenAlias::Refuses)?;
        written(&new, self.profile, version)
    }
}

/// Changes what an owner may do, or its priority; what is left out stays. Who is moved to the first place becomes the
/// primary owner and has full access.
///
/// Refusals: unknown account or owner; a priority beyond the end; a primary owner without full access; the next primary
/// owner is hidden; version differs; archived.
pub struct AlterOwner {
    pub account: AccountId,
    /// Which owner.
    pub profile: ProfileId,
    /// What it may do.
    pub access: Option<OwnerAccess>,
    /// Its place, from 1.
    pub priority: Option<u64>,
    /// The version of the account that the caller has read.
    pub expected_version: Option<u64>,
}

impl Command for AlterOwner {
    type Outcome = OwnerWritten;
    const ACTION: &'static str = "account.alter_owner";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<OwnerWritten, Failure> {
        let account = find_account(context, self.account)?;
        let old = owners_seen(context, &account, self.profile)?;
        check_version(self.expected_version, account.version)?;
        let mut new = old.clone();
        new.alter(self.profile, self.access, self.priority)?;
        admit_primary(context, &old, &new)?;
        account.admit_change()?;
        let version =
            write(context, &account, &old, &new, (EventType::AccountOwnerChanged, self.profile), TakenAlias::Refuses)?;
        written(&new, self.profile, version)
    }
}

/// Removes an owner; those behind it close up. When the primary owner leaves, the next one takes its place.
///
/// Refusals: unknown account or owner; the last owner; the next primary owner is hidden; version differs; archived.
pub struct RemoveOwner {
    pub account: AccountId,
    /// Which owner.
    pub profile: ProfileId,
    /// The version of the account that the caller has read.
    pub expected_version: Option<u64>,
}

impl Command for RemoveOwner {
    type Outcome = ();
    const ACTION: &'static str = "account.remove_owner";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let account = find_account(context, self.account)?;
        let old = owners_seen(context, &account, self.profile)?;
        check_version(self.expected_version, account.version)?;
        let mut new = old.clone();
        new.remove(self.profile)?;
        admit_primary(context, &old, &new)?;
        account.admit_change()?;
        write(context, &account, &old, &new, (EventType::AccountOwnerRemoved, self.profile), TakenAlias::Refuses)
            .map(|_| ())
    }
}

pub(in crate::app) fn owners_of(context: &Context<'_>, account: &Account) -> Result<Owners, Failure> {
    Ok(context.tx.owners(account.book)?.ok_or(Refusal::Internal)?)
}

/// The owners of an account, if the caller sees this one of them.
fn owners_seen(context: &Context<'_>, account: &Account, profile: ProfileId) -> Result<Owners, Failure> {
    let owners = owners_of(context, account)?;
    context.involve(profile);
    let is_seen = owners.priority(profile).is_some() && context.tx.profile(profile, context.visibility())?.is_some();
    if is_seen { Ok(owners) } else { Err(Refusal::not_found(Noun::Owner).into()) }
}

/// Refuses a change of the primary owner to a client whom the caller does not see: the account would be out of its sight,
/// and in that of others who do not expect it.
pub(in crate::app) fn admit_primary(context: &Context<'_>, old: &Owners, new: &Owners) -> Result<(), Failure> {
    let next = new.primary().profile;
    if next != old.primary().profile && context.tx.profile(next, context.visibility())?.is_none() {
        return Err(Refusal::HeirHidden.into());
    }
    Ok(())
}

/// What becomes of the alias of an account where another one of the next primary owner has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::app) enum TakenAlias {
    /// The change is refused: whoever asks for it can change one of the two first.
    Refuses,
    /// It is dropped: what has happened cannot wait for a name.
    IsDropped,
}

/// Writes the owners of an account and all that follows from it. Returns the account's version.
pub(in crate::app) fn write(
    context: &Context<'_>,
    account: &Account,
    old: &Owners,
    new: &Owners,
    (kind, subject): (EventType, ProfileId),
    taken_alias: TakenAlias,
) -> Result<u64, Failure> {
    if old == new {
        return Ok(account.version);
    }
    context.tx.set_owners(account.book, new, context.now)?;
    let (leaving, primary) = (old.primary(), new.primary());
    let mut alias_dropped = false;
    if leaving.profile != primary.profile {
        let portfolio = context.tx.default_portfolio(
            account.standing.ledger,
            primary.serial,
            PortfolioId::new(context.now, context.app.randomness()),
            context.now,
        )?;
        // Its alias goes with it, and may be taken there.
        let is_other = |holder: &AccountId| *holder != account.id;
        if taken_alias == TakenAlias::IsDropped
            && !account.labels.alias.is_empty()
            && context.tx.account_of_alias(portfolio, &account.labels.alias)?.as_ref().is_some_and(is_other)
        {
            let labels = AccountLabels { alias: String::new(), ..account.labels.clone() };
            context.tx.set_account_labels(account.book, &labels)?;
            alias_dropped = true;
        } else {
            check_account_labels(context, &account.labels, (account.standing.ledger, portfolio), Some(account))?;
        }
        let serial = context.tx.next_portfolio_serial(portfolio)?;
        context.tx.move_account(account.book, primary.serial, portfolio, serial)?;
    }
    for owner in old.list().iter().filter(|owner| owner.access == OwnerAccess::Full) {
        if new.access(owner.profile) != Some(OwnerAccess::Full) {
            context.tx.revoke_sessions(owner.serial, context.now)?;
        }
    }
    // For those who saw the account before; the change of the primary owner also for those who see it now.
    let version = account.version + 1;
    let owner = old.list().iter().chain(new.list()).find(|owner| owner.profile == subject).ok_or(Refusal::Internal)?;
    let is_shown = is_seen_by_all(context, leaving.profile, subject)?;
    let snapshot = OwnerSnapshot {
        profile: is_shown.then_some(owner.serial),
        access: new.access(subject),
        priority: new.priority(subject),
        owners: new.list().len(),
        alias_dropped,
        version,
    };
    context.publish(&Event {
        kind,
        object: account.id.uuid(),
        subject: Some(account.book.0),
        profile: Some((leaving.serial, leaving.profile)),
        snapshot: Snapshot::Owner(snapshot),
    })?;
    if leaving.profile != primary.profile {
        publish_account_state(context, account.id, EventType::AccountPrimaryChanged)?;
    }
    Ok(version)
}

/// Whether everybody who sees the accounts of one client sees another one, too.
fn is_seen_by_all(context: &Context<'_>, primary: ProfileId, other: ProfileId) -> Result<bool, Failure> {
    let tags = |id| Ok::<_, Failure>(context.tx.profile(id, &Visibility::Everything)?.ok_or(Refusal::Internal)?.tags);
    Ok(tags(primary)?.is_subset(&tags(other)?))
}

fn written(owners: &Owners, profile: ProfileId, version: u64) -> Result<OwnerWritten, Failure> {
    let priority = owners.priority(profile).and_then(|priority| u32::try_from(priority).ok());
    let owner = owners.list().iter().find(|owner| owner.profile == profile);
    let (Some(priority), Some(owner)) = (priority, owner) else { return Err(Refusal::Internal.into()) };
    Ok(OwnerWritten { profile, access: owner.access, priority, since: owner.since, version })
}

/// An owner as a caller sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnerSeen {
    /// The client; none if it is hidden from the caller.
    pub profile: Option<ProfileId>,
    /// What it may do.
    pub access: OwnerAccess,
    /// Its place, from 1.
    pub priority: u32,
    /// Since when it is an owner.
    pub since: Moment,
}

/// The owners of an account, the primary owner first, and the account's version. Clients who are hidden from the caller
/// are there without their ids: that there is somebody is a property of the account.
pub struct ListOwners {
    pub account: AccountId,
    /// Only what follows this priority, if the account still has this version.
    pub after: Option<(Position, u64)>,
    /// How many at most.
    pub limit: u32,
}

impl Query for ListOwners {
    type Answer = (Part<OwnerSeen>, u64);
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<(Part<OwnerSeen>, u64), Failure> {
        let account = view.tx.account(self.account, view.visibility)?.ok_or(Refusal::not_found(Noun::Account))?;
        let owners = view.tx.owners(account.book)?.ok_or(Refusal::Internal)?;
        // Priorities move when owners come and go, so a list that changed has to be read anew.
        if self.after.is_some_and(|(_, version)| version != account.version) {
            return Err(Refusal::invalid(Field::After, "the account has changed since; start over without it").into());
        }
        let shown = self.after.map_or(0, |(shown, _)| shown.row);
        let mut seen = Vec::with_capacity(owners.list().len());
        for (owner, priority) in owners.list().iter().zip(1..).filter(|(_, priority)| i64::from(*priority) > shown) {
            let is_seen = view.tx.profile(owner.profile, view.visibility)?.is_some();
            let profile = is_seen.then_some(owner.profile);
            seen.push(OwnerSeen { profile, access: owner.access, priority, since: owner.since });
        }
        Ok((Part::cut(seen, self.limit, |owner| Position::of(owner.priority.into())), account.version))
    }
}
