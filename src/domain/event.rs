//! Events: what changed, told to the outside in one gapless sequence.

use super::ids::{ProfileId, ProfileSerial};
use uuid::Uuid;

/// What happened. The name is part of the contract with subscribers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventType {
    /// A profile was created.
    ProfileCreated,
    /// A profile was changed.
    ProfileUpdated,
    /// The password of a profile was changed.
    ProfilePasswordChanged,
    /// A client in review, or one who was denied, was found to be in order.
    ProfileApproved,
    /// A client in review was turned down.
    ProfileDenied,
    /// A client was reported dead.
    ProfileDeceased,
    /// A client was archived.
    ProfileArchived,
    /// An account was opened.
    AccountOpened,
    /// An account that waited for approval can be used.
    AccountApproved,
    /// The settings of an account were changed.
    AccountUpdated,
    /// An account was locked, or its lock was replaced.
    AccountLocked,
    /// The lock of an account was taken off.
    AccountUnlocked,
    /// A client became an owner of an account.
    AccountOwnerAdded,
    /// What an owner may do, or its priority, was changed.
    AccountOwnerChanged,
    /// A client is no longer an owner of an account.
    AccountOwnerRemoved,
    /// An account has another primary owner.
    AccountPrimaryChanged,
    /// An account began to close.
    AccountClosing,
    /// An account was archived.
    AccountArchived,
    /// An entry was posted.
    EntryPosted,
    /// A movement was asked for.
    MovementRequested,
    /// A movement went on: approved, posted, voided, expired or cleared.
    MovementChanged,
    /// The reference data were changed.
    ReferenceChanged,
}

impl EventType {
    /// The name of the event.
    pub fn name(self) -> &'static str {
        match self {
            EventType::ProfileCreated => "profile.created",
            EventType::ProfileUpdated => "profile.updated",
            EventType::ProfilePasswordChanged => "profile.password_changed",
            EventType::ProfileApproved => "profile.approved",
            EventType::ProfileDenied => "profile.denied",
            EventType::ProfileDeceased => "profile.deceased",
            EventType::ProfileArchived => "profile.archived",
            EventType::AccountOpened => "account.opened",
            EventType::AccountApproved => "account.approved",
            EventType::AccountUpdated => "account.updated",
            EventType::AccountLocked => "account.locked",
            EventType::AccountUnlocked => "account.unlocked",
            EventType::AccountOwnerAdded => "account.owner_added",
            EventType::AccountOwnerChanged => "account.owner_changed",
            EventType::AccountOwnerRemoved => "account.owner_removed",
            EventType::AccountPrimaryChanged => "account.primary_changed",
            EventType::AccountClosing => "account.closing",
            EventType::AccountArchived => "account.archived",
            EventType::EntryPosted => "entry.posted",
            EventType::MovementRequested => "movement.requested",
            EventType::MovementChanged => "movement.changed",
            EventType::ReferenceChanged => "reference.changed",
        }
    }
}

/// One event, before it has a sequence number.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened.
    pub kind: EventType,
    /// The thing that it happened to.
    pub object: Uuid,
    /// The client whose tags decide who sees the event; none for events that concern no client.
    pub profile: Option<(ProfileSerial, ProfileId)>,
    /// The thing as it is afterwards, as JSON.
    pub payload: String,
}
