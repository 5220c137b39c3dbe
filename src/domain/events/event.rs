//! Events: what changed, in one gapless sequence for all who follow.

use crate::domain::events::Snapshot;
use crate::domain::ids::{ProfileId, ProfileSerial};
use crate::domain::named::named_enum;
use uuid::Uuid;

named_enum! {
    /// What happened. The name is part of the contract with subscribers.
    pub enum EventType {
        /// A profile was created.
        ProfileCreated = "profile.created",
        /// A profile was changed.
        ProfileUpdated = "profile.updated",
        /// The password of a profile was changed.
        ProfilePasswordChanged = "profile.password_changed",
        /// A client in review, or one who was denied, was found to be in order.
        ProfileApproved = "profile.approved",
        /// A client in review was turned down.
        ProfileDenied = "profile.denied",
        /// A client was reported dead.
        ProfileDeceased = "profile.deceased",
        /// A client was archived.
        ProfileArchived = "profile.archived",
        /// An account was opened.
        AccountOpened = "account.opened",
        /// An account that waited for approval can be used.
        AccountApproved = "account.approved",
        /// The settings of an account were changed.
        AccountUpdated = "account.updated",
        /// An account was locked, or its lock was replaced.
        AccountLocked = "account.locked",
        /// The lock of an account was taken off.
        AccountUnlocked = "account.unlocked",
        /// A client became an owner of an account.
        AccountOwnerAdded = "account.owner_added",
        /// What an owner may do, or its priority, was changed.
        AccountOwnerChanged = "account.owner_changed",
        /// A client is no longer an owner of an account.
        AccountOwnerRemoved = "account.owner_removed",
        /// An account has another primary owner.
        AccountPrimaryChanged = "account.primary_changed",
        /// An account began to close.
        AccountClosing = "account.closing",
        /// An account was archived.
        AccountArchived = "account.archived",
        /// An entry was posted.
        EntryPosted = "entry.posted",
        /// A movement was asked for.
        MovementRequested = "movement.requested",
        /// A movement went on: approved, posted, voided, expired or cleared.
        MovementChanged = "movement.changed",
        /// The reference data were changed.
        ReferenceChanged = "reference.changed",
        /// The database was restored, and a new timeline has begun.
        RestoreApplied = "restore.applied",
        /// Jobs run again after a restore.
        RestoreResumed = "restore.resumed",
    }
}

impl EventType {
    /// Whether such an event says the balances of a book.
    pub fn says_balances(self) -> bool {
        use EventType::{AccountOwnerAdded, AccountOwnerChanged, AccountOwnerRemoved};
        let is_of_owner = matches!(self, AccountOwnerAdded | AccountOwnerChanged | AccountOwnerRemoved);
        let family = self.name().split('.').next();
        matches!(family, Some("entry" | "movement" | "account")) && !is_of_owner
    }

    /// The events that a pattern stands for: a name, the beginning of names such as `account.*`, or `*` for all. None where
    /// nothing is called so.
    pub fn matching(pattern: &str) -> Vec<EventType> {
        let is_meant = |event: &EventType| match pattern.strip_suffix('*') {
            Some(beginning) if beginning.is_empty() || beginning.ends_with('.') => event.name().starts_with(beginning),
            _ => event.name() == pattern,
        };
        EventType::ALL.iter().copied().filter(is_meant).collect()
    }
}

/// One event, before it has a sequence number.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened.
    pub kind: EventType,
    /// The public id of what it happened to.
    pub object: Uuid,
    /// The row of what it happened to: of a profile, an account, a movement or an entry its number, of a restore its
    /// timeline; none for events of the installation.
    pub subject: Option<i64>,
    /// The client whose tags decide who sees the event; none for events that concern no client.
    pub profile: Option<(ProfileSerial, ProfileId)>,
    /// What the event keeps.
    pub snapshot: Snapshot,
}

impl Event {
    /// The event of the restore that began a timeline.
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
