//! Where a client stands with the broker, as operators decide it: approved, denied, dead, archived; and what each of these
//! does to its accounts.

use crate::app::accounts::{TakenAlias, admit_primary, owners_of, publish_account_state, review_is_over, write};
use crate::app::clients::{check_version, find, publish_profile_state};
use crate::app::{Command, Context, Failure};
use crate::domain::access::Right;
use crate::domain::accounts::{Account, Lock, LockHolder, LockReason, LockScope};
use crate::domain::clients::{Profile, ProfileStatus, check_past_day};
use crate::domain::events::EventType;
use crate::domain::ids::ProfileId;
use crate::domain::refusal::{Field, Refusal, Remainder};

/// Finds a client in order: one in review, or one who was denied. Its accounts that only waited for this can be used. The
/// one who created the client does not approve it, but for administrators. Only administrators take back that a client is
/// dead; its locks stay until they are taken off.
///
/// Refusals: unknown; no administrator for one who is dead; version differs; created by the same operator; archived.
pub struct ApproveProfile {
    /// Which client.
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
        let approved = publish_profile_state(context, self.id, EventType::ProfileApproved)?;
        review_is_over(context, profile.serial)?;
        Ok(approved)
    }
}

/// Turns a client in review down. Its accounts go on waiting, and new ones are refused.
///
/// Refusals: unknown; version differs; not in review.
pub struct DenyProfile {
    /// Which client.
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

/// Notes that a client is dead. It leaves all accounts that have other owners: the next one follows where it was the
/// primary owner; an alias that this one uses for another account is dropped. Accounts without heirs get a lock of the
/// system. Its sessions end.
///
/// Refusals: a day that is none, or in the future; unknown; version differs; no right to change accounts, if it has any; an
/// heir is hidden; archived.
pub struct ReportDeath {
    /// Which client.
    pub id: ProfileId,
    /// The day, as `yyyy-mm-dd`; none: today.
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
            check_past_day(Field::DiedOn, day, context.now)?;
        }
        let profile = find(context, self.id)?;
        let is_known = profile.status == ProfileStatus::Deceased;
        if is_known && self.day.as_ref().is_none_or(|day| profile.deceased_on.as_ref() == Some(day)) {
            return Ok(profile);
        }
        check_version(self.expected_version, profile.version)?;
        profile.admit_change()?;
        let today = || context.now.to_string().chars().take(10).collect();
        let day = self.day.unwrap_or_else(today);
        context.tx.set_profile_status(profile.serial, ProfileStatus::Deceased, Some(&day), context.now)?;
        let reported = publish_profile_state(context, self.id, EventType::ProfileDeceased)?;
        context.tx.revoke_sessions(profile.serial, context.now)?;
        // A corrected day changes nothing else: whoever took a lock off meanwhile knew what for.
        if !is_known {
            for account in context.tx.open_accounts_of(profile.serial)? {
                context.caller.principal.require(Right::WriteAccounts)?;
                leave(context, &account, self.id)?;
            }
        }
        Ok(reported)
    }
}

/// Takes a dead client out of an account, or locks the account where there is nobody else.
fn leave(context: &Context<'_>, account: &Account, client: ProfileId) -> Result<(), Failure> {
    let old = owners_of(context, account)?;
    let mut new = old.clone();
    match new.remove(client) {
        Ok(()) => {
            admit_primary(context, &old, &new)?;
            let subject = (EventType::AccountOwnerRemoved, client);
            write(context, account, &old, &new, subject, TakenAlias::IsDropped).map(|_| ())
        }
        Err(Refusal::LastOwner) => {
            // A fraud investigation does not end with the suspect.
            let is_fraud = account.lock.reason() == Some(LockReason::Frd);
            let reason = if is_fraud { LockReason::Frd } else { LockReason::Ded };
            let lock = Lock::Locked { scope: LockScope::Full, holder: LockHolder::System, reason };
            context.tx.set_lock(account.book, lock, context.now)?;
            publish_account_state(context, account.id, EventType::AccountLocked).map(|_| ())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Archives a client, for good. Archiving it again changes nothing. Its address stays taken.
///
/// Refusals: unknown; version differs; it owns accounts that are not archived, alone or with others.
pub struct ArchiveProfile {
    /// Which client.
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
