//! Events: what changed, in one sequence without gaps that all followers share.

use crate::domain::access::ObjectKind;
use crate::domain::events::Snapshot;
use crate::domain::ids::{ProfileId, ProfileSerial};
use crate::domain::named::named_enum;
use uuid::Uuid;

named_enum! {
    /// The type of an event. Its name is part of the contract with subscribers.
    pub enum EventType {
        ProfileCreated = "profile.created",
        ProfileUpdated = "profile.updated",
        ProfilePasswordChanged = "profile.password_changed",
        /// A client who was in review, denied or reported dead was verified.
        ProfileApproved = "profile.approved",
        /// A client in review was denied.
        ProfileDenied = "profile.denied",
        ProfileDeceased = "profile.deceased",
        ProfileArchived = "profile.archived",
        /// The personal data of an archived client was erased.
        ProfileErased = "profile.erased",
        AccountOpened = "account.opened",
        /// An account pending approval was approved.
        AccountApproved = "account.approved",
        AccountUpdated = "account.updated",
        /// An account was locked, or its lock was replaced.
        AccountLocked = "account.locked",
        AccountUnlocked = "account.unlocked",
        /// A client became an owner of an account.
        AccountOwnerAdded = "account.owner_added",
        /// An owner's access or priority changed.
        AccountOwnerChanged = "account.owner_changed",
        /// A client ceased to be an owner of an account.
        AccountOwnerRemoved = "account.owner_removed",
        /// The primary owner of an account changed.
        AccountPrimaryChanged = "account.primary_changed",
        /// The closing of an account started.
        AccountClosing = "account.closing",
        AccountArchived = "account.archived",
        EntryPosted = "entry.posted",
        /// A movement was requested.
        MovementRequested = "movement.requested",
        /// A movement was approved, posted, voided, expired or cleared.
        MovementChanged = "movement.changed",
        /// A client has named an account at another bank.
        ExternalAccountAdded = "external_account.added",
        /// Its client told wrong amounts, or it got other labels.
        ExternalAccountChanged = "external_account.changed",
        ExternalAccountVerified = "external_account.verified",
        ExternalAccountArchived = "external_account.archived",
        /// An account has a recurring contribution from now on.
        ContributionStarted = "contribution.started",
        ContributionChanged = "contribution.changed",
        /// A deposit was announced, because the day had come.
        ContributionMade = "contribution.made",
        /// The day had come, but no deposit could be announced; the plan goes on.
        ContributionFailed = "contribution.failed",
        /// There is no further contribution to come.
        ContributionEnded = "contribution.ended",
        /// Something waits for a second operator.
        ApprovalRequested = "approval.requested",
        /// A second operator approved it, and it was done.
        ApprovalApproved = "approval.approved",
        ApprovalRejected = "approval.rejected",
        /// By the requester, or because it needs no approval any more.
        ApprovalCancelled = "approval.cancelled",
        ApprovalExpired = "approval.expired",
        ReferenceChanged = "reference.changed",
        /// The database was restored, which started a new timeline.
        RestoreApplied = "restore.applied",
        /// Jobs were resumed after a restore.
        RestoreResumed = "restore.resumed",
    }
}

impl EventType {
    /// Whether such an event states the balances of a book.
    pub fn says_balances(self) -> bool {
        use EventType::{AccountOwnerAdded, AccountOwnerChanged, AccountOwnerRemoved};
        let is_of_owner = matches!(self, AccountOwnerAdded | AccountOwnerChanged | AccountOwnerRemoved);
        let family = self.name().split('.').next();
        matches!(family, Some("entry" | "movement" | "account")) && !is_of_owner
    }

    /// What such an event is about.
    pub fn object_kind(self) -> ObjectKind {
        match self.name().split('.').next() {
            Some("profile") => ObjectKind::Client,
            Some("account" | "contribution") => ObjectKind::Account,
            Some("external_account") => ObjectKind::ExternalAccount,
            Some("entry") => ObjectKind::Entry,
            Some("movement") => ObjectKind::Movement,
            Some("approval") => ObjectKind::Approval,
            _ => ObjectKind::Installation,
        }
    }

    /// The event types that match a pattern: a name, a prefix such as `account.*`, or `*` for all. None if nothing
    /// matches.
    pub fn matching(pattern: &str) -> Vec<EventType> {
        let is_meant = |event: &EventType| match pattern.strip_suffix('*') {
            Some(beginning) if beginning.is_empty() || beginning.ends_with('.') => event.name().starts_with(beginning),
            _ => event.name() == pattern,
        };
        EventType::ALL.iter().copied().filter(is_meant).collect()
    }
}

/// An event that has no sequence number yet.
#[derive(Clone, Debug)]
pub struct Event {
    pub kind: EventType,
    /// The public id of the object.
    pub object: Uuid,
    /// The row of the object: the number of a profile, account, movement or entry, or the timeline of a restore. None
    /// for events of the installation.
    pub subject: Option<i64>,
    /// The client whose tags decide who sees the event; None if it concerns no client.
    pub profile: Option<(ProfileSerial, ProfileId)>,
    pub snapshot: Snapshot,
}

impl Event {
    /// The event of the restore that started a timeline.
    pub fn of_restore(kind: EventType, installation: Uuid, timeline: i64) -> Event {
        Event { kind, object: installation, subject: Some(timeline), profile: None, snapshot: Snapshot::Restore }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_name_or_the_beginning_of_names() {
        let names = |pattern: &str| EventType::matching(pattern).into_iter().map(EventType::name).collect::<Vec<_>>();
        assert_eq!(names("entry.posted"), ["entry.posted"]);
        assert_eq!(names("movement.*"), ["movement.requested", "movement.changed"]);
        assert_eq!(names("*").len(), EventType::ALL.len());
        for nothing in ["", "entry", "entry*", "en.*", ".*", "*.posted", "entry.posted*", "ENTRY.POSTED"] {
            assert_eq!(names(nothing), [""; 0], "{nothing}");
        }
    }
}
