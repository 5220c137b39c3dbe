//! The owners of an account as one of them lists and changes them.

use crate::app::accounts::{AddOwner, AlterOwner, Held, HeldKey, Power, RemoveOwner, client_of_serial, held, held_in};
use crate::app::approvals::AtOnce;
use crate::app::clients::KnownClient;
use crate::app::command::Undo;
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::accounts::{Account, OwnerAccess};
use crate::domain::ids::{ProfileId, ProfileSerial};
use crate::domain::refusal::{Noun, Refusal};

/// An owner with what is known of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownHolder {
    pub client: KnownClient,
    pub access: OwnerAccess,
    /// From 1, the primary owner.
    pub priority: usize,
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
        for (owner, priority) in held.owners.list().iter().zip(1..) {
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
        let (access, priority) = (self.access, self.priority);
        let add = AddOwner { account: held.account.id, profile, access, priority, expected_version: None };
        context.part(AtOnce(add), Undo::Whole)??;
        Ok(())
    }
}

/// Changes the access or the priority of an owner; None leaves either as it is.
///
/// Refusals: unknown account or owner; an owner raises its own access or priority; the one who acts is not the primary
/// owner, but changes another one; those of altering an owner.
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
        let (present, place) = present.ok_or(Refusal::not_found(Noun::Owner))?;
        if profile == held.client {
            let is_raised = self.access.is_some_and(|access| rank(access) > rank(present))
                || self.priority.is_some_and(|priority| usize::try_from(priority).is_ok_and(|new| new < place));
            if is_raised {
                return Err(Refusal::OwnAccess.into());
            }
        } else {
            admit_primary_holder(&held)?;
        }
        let (access, priority) = (self.access, self.priority);
        let alter = AlterOwner { account: held.account.id, profile, access, priority, expected_version: None };
        context.part(AtOnce(alter), Undo::Whole)??;
        Ok(())
    }
}

/// Takes all access to an account from an owner. An owner can leave by itself.
///
/// Refusals: unknown account or owner; the one who acts is not the primary owner, but removes another one; those of
/// removing an owner.
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
        let remove = RemoveOwner { account: held.account.id, profile, expected_version: None };
        context.part(AtOnce(remove), Undo::Whole)??;
        Ok(())
    }
}
