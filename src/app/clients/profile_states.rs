//! Status of clients as operators decide it - approved, denied, deceased, archived - and the consequences for their
//! accounts.

use crate::app::accounts::{
    TakenAlias, activate_reviewed_accounts, admit_primary, owners_of, publish_account_state, write,
};
use crate::app::approvals::close;
use crate::app::clients::{check_version, find, publish_profile_state};
use crate::app::{Command, Context, Failure};
use crate::domain::access::Right;
use crate::domain::accounts::{Account, Lock, LockHolder, LockReason, LockScope};
use crate::domain::approvals::ApprovalState;
use crate::domain::clients::{Profile, ProfileStatus, check_past_day};
use crate::domain::events::EventType;
use crate::domain::ids::ProfileId;
use crate::domain::refusal::{Field, Refusal, Remainder};

/// Verifies a client who is in review, was denied or was reported dead. Accounts that only waited for this become
/// active. The operator who created the client cannot approve it, administrators excepted. Only administrators may undo
/// a report of death; its locks stay until they are removed.
///
/// Refusals: unknown; not an administrator, for a deceased client; version differs; created by the same operator;
/// archived.
pub struct ApproveProfile {
    pub id: ProfileId,
    /// The version that the caller has read.
    pub expected_version: Option<u64>,
}

impl Command for ApproveProfile {
    type Outcome = Profile;
    const ACTION: &'static str = "profile.approve";
    const RIGHT: Right = Right::WriteProfiles;

    fn run(self, context: &Context<'_>) -> Result<Profile, Failure> {
        let profile = find(context, self.id)?;
        if profile.status == ProfileStatus::Verified {
            return Ok(profile);
        }
        let principal = &context.caller.principal;
        let administers = principal.require(Right::Administer);
        if profile.status == ProfileStatus::Deceased {
            administers.clone()?;
        }
        check_version(self.expected_version, profile.version)?;
        profile.admit_change()?;
        principal.admit_as_checker()?;
        if profile.created_by == Some(principal.serial) && administers.is_err() {
            return Err(Refusal::OwnRequest.into());
        }
        context.tx.set_profile_status(profile.serial, ProfileStatus::Verified, None, context.now)?;
        context.tx.note_review(profile.serial, principal.serial)?;
        let approved = publish_profile_state(context, self.id, EventType::ProfileApproved)?;
        activate_reviewed_accounts(context, profile.serial)?;
        Ok(approved)
    }
}

/// Denies a client in review. Its accounts stay pending, and new ones are refused.
///
/// Refusals: unknown; version differs; not in review.
pub struct DenyProfile {
    pub id: ProfileId,
    /// The version that the caller has read.
    pub expected_version: Option<u64>,
}

impl Command for DenyProfile {
    type Outcome = Profile;
    const ACTION: &'static str = "profile.deny";
    const RIGHT: Right = Right::WriteProfiles;

    fn run(self, context: &Context<'_>) -> Result<Profile, Failure> {
        let profile = find(context, self.id)?;
        if profile.status == ProfileStatus::Denied {
            return Ok(profile);
        }
        check_version(self.expected_version, profile.version)?;
        if profile.status != ProfileStatus::Pending {
            return Err(Refusal::ProfileState(profile.status).into());
        }
        context.tx.set_profile_status(profile.serial, ProfileStatus::Denied, None, context.now)?;
        publish_profile_state(context, self.id, EventType::ProfileDenied)
    }
}

/// Records the death of a client and ends its sessions. The client is removed from accounts with other owners. If it
/// was the primary owner, the next one takes its place, and an alias that the next owner already uses is dropped.
/// Accounts without another owner get a system lock.
///
/// Refusals: an invalid or future day; unknown; version differs; the client has accounts and the caller has no right to
/// change accounts; the next owner is hidden; archived.
pub struct ReportDeath {
    pub id: ProfileId,
    /// As `yyyy-mm-dd`; None means today.
    pub day: Option<String>,
    /// The version that the caller has read.
    pub expected_version: Option<u64>,
}

impl Command for ReportDeath {
    type Outcome = Profile;
    const ACTION: &'static str = "profile.report_death";
    const RIGHT: Right = Right::WriteProfiles;

    fn run(self, context: &Context<'_>) -> Result<Profile, Failure> {
        if let Some(day) = &self.day {
            check_past_day(Field::DiedOn, day, context.clock_now)?;
        }
        let profile = find(context, self.id)?;
        let is_known = profile.status == ProfileStatus::Deceased;
        if is_known && self.day.as_ref().is_none_or(|day| profile.deceased_on.as_ref() == Some(day)) {
            return Ok(profile);
        }
        check_version(self.expected_version, profile.version)?;
        profile.admit_change()?;
        let today = || context.clock_now.to_string().chars().take(10).collect();
        let day = self.day.unwrap_or_else(today);
        context.tx.set_profile_status(profile.serial, ProfileStatus::Deceased, Some(&day), context.now)?;
        let reported = publish_profile_state(context, self.id, EventType::ProfileDeceased)?;
        context.tx.revoke_sessions(profile.serial, context.now)?;
        // Correcting the day changes nothing else: locks removed since then were removed on purpose.
        if !is_known {
            for account in context.tx.open_accounts_of(profile.serial)? {
                context.caller.principal.require(Right::WriteAccounts)?;
                remove_deceased_owner(context, &account, self.id)?;
            }
        }
        Ok(reported)
    }
}

/// Removes a deceased client from an account, or locks the account if no other owner has full access, or if the group
/// requires approval and another owner would take over.
fn remove_deceased_owner(context: &Context<'_>, account: &Account, client: ProfileId) -> Result<(), Failure> {
    let old = owners_of(context, account)?;
    let mut new = old.clone();
    let removed = match new.bequeath(client) {
        // One operator's report must not hand an account over that takes two.
        Ok(()) if account.standing.requires_approval && old.gives_control(&new) => Err(Refusal::LastOwner),
        removed => removed,
    };
    match removed {
        Ok(()) => {
            admit_primary(context, &old, &new)?;
            let subject = (EventType::AccountOwnerRemoved, client);
            write(context, account, &old, &new, subject, TakenAlias::IsDropped).map(|_| ())
        }
        Err(Refusal::LastOwner) => {
            // A fraud investigation continues after the suspect's death.
            let is_fraud = account.lock.reason() == Some(LockReason::Frd);
            let reason = if is_fraud { LockReason::Frd } else { LockReason::Ded };
            let lock = Lock::Locked { scope: LockScope::Full, holder: LockHolder::System, reason };
            context.tx.set_lock(account.book, lock, context.now)?;
            publish_account_state(context, account.id, EventType::AccountLocked).map(|_| ())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Archives a client; final. Does nothing if it is archived already. Its e-mail address stays taken.
///
/// Refusals: unknown; version differs; it owns accounts that are not archived, alone or jointly.
pub struct ArchiveProfile {
    pub id: ProfileId,
    /// The version that the caller has read.
    pub expected_version: Option<u64>,
}

impl Command for ArchiveProfile {
    type Outcome = Profile;
    const ACTION: &'static str = "profile.archive";
    const RIGHT: Right = Right::WriteProfiles;

    fn run(self, context: &Context<'_>) -> Result<Profile, Failure> {
        let profile = find(context, self.id)?;
        if profile.status == ProfileStatus::Archived {
            return Ok(profile);
        }
        check_version(self.expected_version, profile.version)?;
        if !context.tx.open_accounts_of(profile.serial)?.is_empty() {
            return Err(Refusal::NotEmpty(Remainder::Accounts).into());
        }
        let day = profile.deceased_on.as_deref();
        context.tx.set_profile_status(profile.serial, ProfileStatus::Archived, day, context.now)?;
        context.tx.revoke_sessions(profile.serial, context.now)?;
        publish_profile_state(context, self.id, EventType::ProfileArchived)
    }
}

/// Erases the personal data of an archived client for good: its details, labels and password, the labels of its
/// accounts, and the comments and reasons of what was booked there. Pending requests about the client are cancelled.
///
/// Refusals: unknown; version differs; not archived; it owns accounts that are not archived.
pub struct EraseProfile {
    pub id: ProfileId,
    /// The version that the caller has read.
    pub expected_version: Option<u64>,
}

impl Command for EraseProfile {
    type Outcome = Profile;
    const ACTION: &'static str = "profile.erase";
    const RIGHT: Right = Right::Administer;
    const IS_LONG: bool = true;

    fn run(self, context: &Context<'_>) -> Result<Profile, Failure> {
        let profile = find(context, self.id)?;
        check_version(self.expected_version, profile.version)?;
        if profile.status != ProfileStatus::Archived {
            return Err(Refusal::ProfileState(profile.status).into());
        }
        if !context.tx.open_accounts_of(profile.serial)?.is_empty() {
            return Err(Refusal::NotEmpty(Remainder::Accounts).into());
        }
        for serial in context.tx.pending_approvals_of(profile.serial)? {
            let request = context.tx.approval_by_serial(serial)?.ok_or(Refusal::Internal)?;
            close(context, request, ApprovalState::Cancelled, String::new())?;
        }
        context.tx.erase_profile(profile.serial, self.id, context.now)?;
        publish_profile_state(context, self.id, EventType::ProfileErased)
    }
}
