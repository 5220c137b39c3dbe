//! The owners of an account as one of them lists and changes them.

use crate::app::accounts::{AddOwner, AlterOwner, Held, HeldKey, Power, RemoveOwner, client_of_serial, held, held_in};
use crate::app::approvals::AtOnce;
use crate::app::clients::KnownClient;
use crate::app::command::Undo;
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::accounts::{Account, OwnerAccess, Owners};
use crate::domain::ids::{ProfileId, ProfileSerial};
use crate::domain::refusal::{Field, Noun, Refusal};

/// An owner with what is known of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownHolder {
    pub client: KnownClient,
    pub access: OwnerAccess,
    /// From 1, the primary owner, among those with some access; None for the others.
    pub priority: Option<usize>,
}

/// An account with its owners.
pub struct HoldersSeen {
    pub account: Account,
    /// Of its product; empty for none.
    pub routing_number: String,
    /// The primary one first, without those whom the caller cannot see.
    pub holders: Vec<KnownHolder>,
}

/// The owners of an account. Refusals: unknown.
pub struct ListHolders {
    pub key: HeldKey,
}

impl Query for ListHolders {
    type Answer = HoldersSeen;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<Self::Answer, Failure> {
        let held = held(view.tx, view.visibility, self.key, Power::See)?;
        let mut holders = Vec::new();
        for owner in held.owners.list() {
            let priority = held.owners.active_priority(owner.profile);
            if let Some(profile) = view.tx.profile(owner.profile, view.visibility)? {
                let client = KnownClient::read(view.tx, profile)?;
                holders.push(KnownHolder { client, access: owner.access, priority });
            }
        }
        let terms = view.tx.group(held.account.group)?.and_then(|group| group.declared.bank);
        let routing_number = terms.map(|terms| terms.routing_number).unwrap_or_default();
        Ok(HoldersSeen { account: held.account, routing_number, holders })
    }
}

/// How much an access lets its owner do.
fn rank(access: OwnerAccess) -> u8 {
    match access {
        OwnerAccess::None => 0,
        OwnerAccess::Read => 1,
        OwnerAccess::Full => 2,
    }
}

/// Refuses an owner who may not change the access of another one. Only the primary owner may.
fn admit_primary_holder(held: &Held) -> Result<(), Refusal> {
    if held.owners.primary().profile == held.client {
        return Ok(());
    }
    match held.owners.access(held.client) {
        Some(OwnerAccess::Full) => Err(Refusal::OwnerNotPrimary),
        _ => Err(Refusal::OwnerAccess),
    }
}

/// The priority among all owners that gives a client with this access the wanted one among those with some access,
/// after whom the others come; the last one for None. One that is out of range stays so.
fn place(owners: &Owners, client: ProfileId, access: OwnerAccess, wanted: Option<u64>) -> u64 {
    let priority = |index: usize| u64::try_from(index + 1).unwrap_or(u64::MAX);
    let others: Vec<_> = owners.list().iter().filter(|owner| owner.profile != client).collect();
    if access == OwnerAccess::None {
        return priority(others.len());
    }
    let active = others.iter().enumerate().filter(|(_, owner)| owner.access != OwnerAccess::None);
    let places: Vec<usize> = active.map(|(index, _)| index).collect();
    let last = places.last().map_or(0, |index| index + 1);
    let wanted = wanted.map_or(Some(places.len() + 1), |wanted| usize::try_from(wanted).ok());
    match wanted.and_then(|wanted| wanted.checked_sub(1)) {
        Some(before) if before < places.len() => priority(places[before]),
        Some(before) if before == places.len() => priority(last),
        _ => u64::MAX,
    }
}

/// Refuses a change by which an owner without full access would become the primary one, who has it.
fn admit_heir(access: Option<OwnerAccess>) -> Result<(), Refusal> {
    match access {
        Some(OwnerAccess::Read | OwnerAccess::None) => {
            Err(Refusal::invalid(Field::Access, "whoever becomes the primary owner needs full access first"))
        }
        Some(OwnerAccess::Full) | None => Ok(()),
    }
}

/// Refuses to put an owner first without access.
fn admit_first(access: Option<OwnerAccess>, priority: Option<u64>) -> Result<(), Refusal> {
    if priority == Some(1) { admit_heir(access.or(Some(OwnerAccess::Full))) } else { Ok(()) }
}

/// The account with the owner who acts, and the owner whose access is to change.
fn acting(context: &Context<'_>, key: HeldKey, target: ProfileSerial) -> Result<(Held, ProfileId), Failure> {
    let held = held_in(context, key, Power::See)?;
    let target = client_of_serial(context.tx, context.visibility(), target).map_err(|failure| match failure {
        Failure::Refused(_) => Refusal::not_found(Noun::Owner).into(),
        other => other,
    })?;
    Ok((held, target))
}

/// Gives another client access to an account.
///
/// Refusals: unknown account or client; the one who acts is not the primary owner; those of adding an owner.
pub struct AddHolder {
    pub key: HeldKey,
    pub target: ProfileSerial,
    pub access: OwnerAccess,
    /// None adds the owner last.
    pub priority: Option<u64>,
}

impl Command for AddHolder {
    type Outcome = ();
    const ACTION: &'static str = "account.add_holder";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let (held, profile) = acting(context, self.key, self.target)?;
        admit_primary_holder(&held)?;
        admit_first(Some(self.access), self.priority)?;
        let (access, priority) = (self.access, Some(place(&held.owners, profile, self.access, self.priority)));
        let add = AddOwner { account: held.account.id, profile, access, priority, expected_version: None };
        context.part(AtOnce(add), Undo::Whole)??;
        Ok(())
    }
}

/// Changes the access or the priority of an owner; None leaves either as it is.
///
/// Refusals: unknown account or owner; an owner raises its own access or priority; the one who acts is not the primary
/// owner, but changes another one; the new primary owner would be one without full access; those of altering an owner.
pub struct EditHolder {
    pub key: HeldKey,
    pub target: ProfileSerial,
    pub access: Option<OwnerAccess>,
    pub priority: Option<u64>,
}

impl Command for EditHolder {
    type Outcome = ();
    const ACTION: &'static str = "account.edit_holder";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let (held, profile) = acting(context, self.key, self.target)?;
        let present = held.owners.access(profile).zip(held.owners.priority(profile));
        let (present, present_place) = present.ok_or(Refusal::not_found(Noun::Owner))?;
        if profile == held.client {
            let active_place = held.owners.active_priority(profile).unwrap_or(present_place);
            let is_raised = self.access.is_some_and(|access| rank(access) > rank(present))
                || self.priority.is_some_and(|priority| usize::try_from(priority).is_ok_and(|new| new < active_place));
            if is_raised {
                return Err(Refusal::OwnAccess.into());
            }
        } else {
            admit_primary_holder(&held)?;
        }
        admit_first(self.access, self.priority)?;
        let (access, wanted) = (self.access, self.access.unwrap_or(present));
        let moves = self.priority.is_some() || (wanted == OwnerAccess::None) != (present == OwnerAccess::None);
        let priority = moves.then(|| place(&held.owners, profile, wanted, self.priority));
        match (present_place, priority) {
            // One that is out of range is refused as such.
            (1, Some(wanted)) if wanted > 1 && wanted < u64::MAX => {
                admit_heir(held.owners.list().get(1).map(|heir| heir.access))?
            }
            (2.., Some(1)) => admit_heir(Some(access.unwrap_or(present)))?,
            _ => {}
        }
        let alter = AlterOwner { account: held.account.id, profile, access, priority, expected_version: None };
        context.part(AtOnce(alter), Undo::Whole)??;
        Ok(())
    }
}

/// Takes all access to an account from an owner. An owner can leave by itself.
///
/// Refusals: unknown account or owner; the one who acts is not the primary owner, but removes another one; the new
/// primary owner would be one without full access; those of removing an owner.
pub struct RemoveHolder {
    pub key: HeldKey,
    pub target: ProfileSerial,
}

impl Command for RemoveHolder {
    type Outcome = ();
    const ACTION: &'static str = "account.remove_holder";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let (held, profile) = acting(context, self.key, self.target)?;
        if profile != held.client {
            admit_primary_holder(&held)?;
        }
        if held.owners.primary().profile == profile && held.owners.list().len() > 1 {
            admit_heir(held.owners.list().get(1).map(|heir| heir.access))?;
        }
        let remove = RemoveOwner { account: held.account.id, profile, expected_version: None };
        context.part(AtOnce(remove), Undo::Whole)??;
        Ok(())
    }
}
