//! Owners of accounts: added, changed, removed and listed, with the consequences of a new primary owner.

use crate::app::accounts::{find as find_account, publish_account_state};
use crate::app::approvals::{Asked, Handled, ask, expiry};
use crate::app::clients::{check_account_labels, check_version, find as find_profile};
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{Right, Visibility};
use crate::domain::accounts::{Account, Owner, OwnerAccess, Owners};
use crate::domain::approvals::{Cause, OwnersChange, OwnersRequest, Request};
use crate::domain::clients::AccountLabels;
use crate::domain::clock::Moment;
use crate::domain::events::{Event, EventType, OwnerSnapshot, Snapshot};
use crate::domain::ids::{AccountId, PortfolioId, ProfileId};
use crate::domain::page::{Part, Position};
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::store::ApprovalSubject;
use serde::{Deserialize, Serialize};

/// An owner after a change, with the account's version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OwnerWritten {
    pub profile: ProfileId,
    pub access: OwnerAccess,
    /// Counts from 1, the primary owner.
    pub priority: u32,
    /// When it became an owner.
    pub since: Moment,
    /// The account's version after the change.
    pub version: u64,
}

/// Adds an owner to an account. It may wait for a second operator.
///
/// Refusals: unknown account or client; already an owner; too many owners; priority out of range; a primary owner
/// without full access; version differs; the client is not verified; the account is archived.
pub struct AddOwner {
    pub account: AccountId,
    pub profile: ProfileId,
    pub access: OwnerAccess,
    /// From 1; later owners move down by one. None adds the owner last. The first one is the primary owner.
    pub priority: Option<u64>,
    /// The version of the account that the caller has read.
    pub expected_version: Option<u64>,
}

impl Command for AddOwner {
    type Outcome = Handled<OwnerWritten>;
    const ACTION: &'static str = "account.add_owner";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Handled<OwnerWritten>, Failure> {
        self.change(context, Progress::Asked)
    }
}

impl AddOwner {
    fn change(self, context: &Context<'_>, progress: Progress) -> Result<Handled<OwnerWritten>, Failure> {
        let account = find_account(context, self.account)?;
        let profile = find_profile(context, self.profile)?;
        let old = owners_of(context, &account)?;
        let mut new = old.clone();
        let owner = Owner { profile: profile.id, serial: profile.serial, access: self.access, since: context.now };
        new.add(owner, self.priority)?;
        check_version(self.expected_version, account.version)?;
        profile.admit_verified()?;
        account.admit_change()?;
        let request = OwnersRequest {
            change: OwnersChange::Add,
            profile: Some(self.profile),
            access: Some(self.access),
            priority: self.priority,
            version: account.version,
            client_version: None,
        };
        let subject = (EventType::AccountOwnerAdded, profile.id);
        write_or_ask(context, &account, (&old, &new), subject, (request, progress))?
            .try_map(|version| written(&new, self.profile, version))
    }
}

/// Changes an owner's access or priority; None leaves either as it is. An owner moved to first place becomes the
/// primary owner and gets full access. It may wait for a second operator.
///
/// Refusals: unknown account or owner; priority out of range; a primary owner without full access; the new primary
/// owner is hidden; version differs; archived.
pub struct AlterOwner {
    pub account: AccountId,
    pub profile: ProfileId,
    pub access: Option<OwnerAccess>,
    /// From 1, the primary owner, to the number of owners.
    pub priority: Option<u64>,
    /// The version of the account that the caller has read.
    pub expected_version: Option<u64>,
}

impl Command for AlterOwner {
    type Outcome = Handled<OwnerWritten>;
    const ACTION: &'static str = "account.alter_owner";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Handled<OwnerWritten>, Failure> {
        self.change(context, Progress::Asked)
    }
}

impl AlterOwner {
    fn change(self, context: &Context<'_>, progress: Progress) -> Result<Handled<OwnerWritten>, Failure> {
        let account = find_account(context, self.account)?;
        let old = owners_seen(context, &account, self.profile)?;
        check_version(self.expected_version, account.version)?;
        let mut new = old.clone();
        new.alter(self.profile, self.access, self.priority)?;
        admit_primary(context, &old, &new)?;
        account.admit_change()?;
        let request = OwnersRequest {
            change: OwnersChange::Alter,
            profile: Some(self.profile),
            access: self.access,
            priority: self.priority,
            version: account.version,
            client_version: None,
        };
        let subject = (EventType::AccountOwnerChanged, self.profile);
        write_or_ask(context, &account, (&old, &new), subject, (request, progress))?
            .try_map(|version| written(&new, self.profile, version))
    }
}

/// Removes an owner; later ones move up. If it was the primary owner, the next one takes its place. It may wait for a
/// second operator.
///
/// Refusals: unknown account or owner; the last owner; the new primary owner is hidden; version differs; archived.
pub struct RemoveOwner {
    pub account: AccountId,
    pub profile: ProfileId,
    /// The version of the account that the caller has read.
    pub expected_version: Option<u64>,
}

impl Command for RemoveOwner {
    type Outcome = Handled<()>;
    const ACTION: &'static str = "account.remove_owner";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Handled<()>, Failure> {
        self.change(context, Progress::Asked)
    }
}

impl RemoveOwner {
    fn change(self, context: &Context<'_>, progress: Progress) -> Result<Handled<()>, Failure> {
        let account = find_account(context, self.account)?;
        let old = owners_seen(context, &account, self.profile)?;
        check_version(self.expected_version, account.version)?;
        let mut new = old.clone();
        new.remove(self.profile)?;
        admit_primary(context, &old, &new)?;
        account.admit_change()?;
        let request = OwnersRequest {
            change: OwnersChange::Remove,
            profile: Some(self.profile),
            access: None,
            priority: None,
            version: account.version,
            client_version: None,
        };
        let subject = (EventType::AccountOwnerRemoved, self.profile);
        write_or_ask(context, &account, (&old, &new), subject, (request, progress))?.try_map(|_| Ok(()))
    }
}

/// How far a change of owners has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Asked,
    /// By a second operator, who has seen this version of the client who gets control; None if it is not known.
    Approved {
        client_version: Option<u64>,
    },
}

/// Writes a change of owners, and returns the account's version. If the account's group requires approval and the
/// change gives somebody control of the account, it waits for a second operator instead.
fn write_or_ask(
    context: &Context<'_>,
    account: &Account,
    (old, new): (&Owners, &Owners),
    subject: (EventType, ProfileId),
    (request, progress): (OwnersRequest, Progress),
) -> Result<Handled<u64>, Failure> {
    let version_of = |owner: &Owner| {
        let client = context.tx.profile(owner.profile, &Visibility::Everything)?;
        Ok::<_, Failure>(client.ok_or(Refusal::Internal)?.version)
    };
    let write = || write(context, account, old, new, subject, TakenAlias::Refuses).map(Handled::Done);
    let Some(owner) = old.given_control(new) else { return write() };
    match progress {
        Progress::Approved { client_version } => {
            check_version(client_version, version_of(owner)?)?;
            write()
        }
        Progress::Asked if !account.standing.requires_approval => write(),
        Progress::Asked => {
            let asked = Asked {
                request: Request::Owners(OwnersRequest { client_version: Some(version_of(owner)?), ..request }),
                cause: Cause::GuardedAccount,
                subject: ApprovalSubject::Account(account.book),
                movement: None,
                expires_at: Some(expiry(context)),
            };
            Ok(Handled::Waits { approval: Box::new(ask(context, asked)?) })
        }
    }
}

/// Makes a change of owners that has just been approved.
///
/// Refusals: as for the change itself; the account, or the client who gets control, has changed since it was asked for.
pub(in crate::app) fn change_approved_owners(
    context: &Context<'_>,
    account: AccountId,
    request: &OwnersRequest,
) -> Result<(), Failure> {
    let OwnersRequest { change, access, priority, version, client_version, .. } = *request;
    let (profile, expected_version) = (request.profile.ok_or(Refusal::Internal)?, Some(version));
    let approved = Progress::Approved { client_version };
    match change {
        OwnersChange::Add => {
            let access = access.ok_or(Refusal::Internal)?;
            AddOwner { account, profile, access, priority, expected_version }.change(context, approved).map(|_| ())
        }
        OwnersChange::Alter => {
            AlterOwner { account, profile, access, priority, expected_version }.change(context, approved).map(|_| ())
        }
        OwnersChange::Remove => {
            RemoveOwner { account, profile, expected_version }.change(context, approved).map(|_| ())
        }
    }
}

pub(in crate::app) fn owners_of(context: &Context<'_>, account: &Account) -> Result<Owners, Failure> {
    Ok(context.tx.owners(account.book)?.ok_or(Refusal::Internal)?)
}

/// The owners of an account, provided that the caller can see the owner `profile`.
fn owners_seen(context: &Context<'_>, account: &Account, profile: ProfileId) -> Result<Owners, Failure> {
    let owners = owners_of(context, account)?;
    context.involve(profile);
    let is_seen = owners.priority(profile).is_some() && context.tx.profile(profile, context.visibility())?.is_some();
    if is_seen { Ok(owners) } else { Err(Refusal::not_found(Noun::Owner).into()) }
}

/// Refuses a new primary owner whom the caller cannot see: the account would disappear from the caller's view and
/// appear in that of others.
pub(in crate::app) fn admit_primary(context: &Context<'_>, old: &Owners, new: &Owners) -> Result<(), Failure> {
    let next = new.primary().profile;
    if next != old.primary().profile && context.tx.profile(next, context.visibility())?.is_none() {
        return Err(Refusal::HeirHidden.into());
    }
    Ok(())
}

/// What happens to an account's alias if the new primary owner has another account with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::app) enum TakenAlias {
    /// The change is refused: the caller can rename one of the two accounts first.
    Refuses,
    /// The alias is dropped: an event that has already happened cannot wait for a name.
    IsDropped,
    /// The account stays in its portfolio, whosever it is, and with it its alias.
    KeepsPortfolio,
}

/// Writes the owners of an account and everything that follows from the change. Returns the account's version.
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
    if leaving.profile != primary.profile && taken_alias == TakenAlias::KeepsPortfolio {
        context.tx.hand_over(account.book, primary.serial)?;
    } else if leaving.profile != primary.profile {
        let portfolio = context.tx.default_portfolio(
            account.standing.ledger,
            primary.serial,
            PortfolioId::new(context.now, context.app.randomness()),
            context.now,
        )?;
        // The account keeps its alias in the new owner's portfolio, where another account may have it.
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

/// Whether everyone who can see the accounts of one client can see the other client, too.
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

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnerSeen {
    /// None if the client is hidden from the caller.
    pub profile: Option<ProfileId>,
    pub access: OwnerAccess,
    /// Counts from 1, the primary owner.
    pub priority: u32,
    /// When it became an owner.
    pub since: Moment,
}

/// The owners of an account, the primary owner first, with the account's version. Hidden clients appear without their
/// ids: the existence of an owner is a property of the account.
pub struct ListOwners {
    pub account: AccountId,
    /// Only owners after this priority, provided that the account still has this version.
    pub after: Option<(Position, u64)>,
    /// The most owners to return.
    pub limit: u32,
}

impl Query for ListOwners {
    type Answer = (Part<OwnerSeen>, u64);
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<(Part<OwnerSeen>, u64), Failure> {
        let account = view.tx.account(self.account, view.visibility)?.ok_or(Refusal::not_found(Noun::Account))?;
        let owners = view.tx.owners(account.book)?.ok_or(Refusal::Internal)?;
        // Priorities change when owners are added or removed, so the caller must restart a list that changed.
        if self.after.is_some_and(|(_, version)| version != account.version) {
            return Err(
                Refusal::invalid(Field::After, "the account has changed since then; start over without it").into()
            );
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
