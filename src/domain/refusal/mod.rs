//! Why a request was refused: one list for the whole system.
//!
//! A refusal changed nothing. It has a sentence here, and a family, a rank and a reason in [`table`]. When several
//! apply, the one with the lowest rank is given, with two exceptions: a field that only an account or a group can judge
//! is judged as soon as that is found, because earlier it would tell that it exists; and of two accounts the one that
//! pays is asked first.
//!
//! The core names a field by [`Field`] and never by the name that a caller has for it. Every dialect matches this enum
//! exhaustively and spells each refusal in its own envelope, so a new one does not compile until every dialect has said
//! what it looks like there.

mod field;
mod table;

pub use field::Field;
pub(crate) use table::table;
pub use table::{Family, REFUSALS, Row};

use crate::domain::access::Right;
use crate::domain::accounts::Lifecycle;
use crate::domain::clients::ProfileStatus;
use crate::domain::ledger::MovementState;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The kinds of thing that a caller can ask for by id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noun {
    /// A client.
    Profile,
    Account,
    /// An account group.
    Group,
    /// A posted entry, as one account shows it.
    Deal,
    Deposit,
    Withdrawal,
    Transfer,
    Hold,
    /// An owner of an account.
    Owner,
    Operator,
    Token,
}

impl fmt::Display for Noun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Noun::Profile => "profile",
            Noun::Account => "account",
            Noun::Group => "account group",
            Noun::Deal => "deal",
            Noun::Deposit => "deposit",
            Noun::Withdrawal => "withdrawal",
            Noun::Transfer => "transfer",
            Noun::Hold => "hold",
            Noun::Owner => "owner",
            Noun::Operator => "operator",
            Noun::Token => "token",
        })
    }
}

impl Noun {
    /// The field by which a caller names such a thing, unless it has a role of its own in the call.
    fn field(self) -> Field {
        match self {
            Noun::Profile | Noun::Owner => Field::Profile,
            Noun::Account => Field::Account,
            Noun::Group => Field::Group,
            Noun::Deal => Field::Entry,
            Noun::Deposit => Field::Deposit,
            Noun::Withdrawal => Field::Withdrawal,
            Noun::Transfer => Field::Transfer,
            Noun::Hold => Field::Hold,
            Noun::Operator => Field::Operator,
            Noun::Token => Field::Token,
        }
    }
}

/// What is wrong with a caller's credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Credentials {
    /// None were sent.
    #[error("a token is needed")]
    Missing,
    /// Not of a form that could be ours, or unknown.
    #[error("the token is not known")]
    Unknown,
    /// They were good once.
    #[error("the token has expired; log in again")]
    Expired,
    /// They were taken back, or the operator was disabled.
    #[error("the token was revoked")]
    Revoked,
    /// The name and the password do not belong together; which one is wrong is not said.
    #[error("wrong name or password")]
    BadLogin,
}

/// What stops an account or a client from being archived.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Remainder {
    /// Its balance is not zero.
    #[error("the balance is not zero")]
    Balance,
    /// Money is held.
    #[error("money is held on the account")]
    Holds,
    /// A deposit is announced or not cleared yet, or a transfer is under way.
    #[error("a movement is still under way")]
    Pending,
    /// A client's accounts that are not archived.
    #[error("the client still has accounts; archive or leave them")]
    Accounts,
}

/// What a caller had too much of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Excess {
    /// Wrong passwords.
    #[error("too many attempts")]
    Logins,
    /// Streams of events of all operators together.
    #[error(
        "the server has {max} event streams open, and events.max_streams allows no more: \
         close one, follow several types with one stream, or read the events in pages"
    )]
    Streams {
        /// The limit.
        max: usize,
    },
    /// Streams of events of this operator, over all its tokens.
    #[error(
        "you have {max} event streams open, and events.max_streams_per_operator allows no more: \
         close one, follow several types with one stream, or read the events in pages"
    )]
    StreamsOfOperator {
        /// The limit.
        max: usize,
    },
}

/// Why a request was refused. The sentences leave the field out that a refusal is about: [`Refusal::field`] tells it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The caller's network address is not on the allow list, or not on the token's own list.
    #[error("calls from this network address are not allowed")]
    AddressNotAllowed,
    /// The server is about to stop.
    #[error("the server is about to stop")]
    ShuttingDown,
    /// Too many wrong logins, or too many streams of events.
    #[error("{what}; try again in {retry_after_s} s")]
    Throttled {
        /// What there was too much of.
        what: Excess,
        /// When to try again, in seconds.
        retry_after_s: u32,
    },
    /// The caller is not known.
    #[error("{0}")]
    Unauthenticated(Credentials),
    /// An end user's token where an operator's is needed.
    #[error("an end user's token does not open this interface")]
    EndUserToken,
    /// The caller's role or token does not carry the right.
    #[error("the right {} is needed", right.name())]
    Forbidden {
        /// The right that is missing.
        right: Right,
    },
    /// The caller sees only clients with its tags, and this is about all of them.
    #[error("this is about all clients, and you see only some")]
    LimitedByTags,
    /// One field is missing.
    #[error("required")]
    Required { field: Field },
    /// One field has a value that it cannot have.
    #[error("{reason}")]
    InvalidField {
        field: Field,
        /// What it should be.
        reason: String,
    },
    /// One field is outside of its range.
    #[error("{reason}")]
    OutOfRange {
        field: Field,
        /// The range.
        reason: String,
    },
    /// Events that were asked for are not kept any more.
    #[error("the events that follow it are not kept any more; the oldest one is {oldest}; begin with the checkpoint")]
    EventsPruned {
        /// The oldest event that is kept.
        oldest: i64,
    },
    /// The idempotency key was used for another request before.
    #[error("the idempotency key was used for another request; take a new key")]
    IdempotencyConflict,
    /// No such thing, or it is hidden from the caller.
    #[error("no such {noun}")]
    NotFound {
        /// What it would be.
        noun: Noun,
        /// By which field it was named; none if it was not named by one.
        field: Option<Field>,
    },
    /// A currency that does not exist or is switched off.
    #[error("no such currency, or it is not offered")]
    UnknownCurrency {
        /// By which field it was named.
        field: Field,
    },
    /// Something with that id exists already.
    #[error("another {0} has this id")]
    DuplicateId(Noun),
    /// A profile with that e-mail address exists already.
    #[error("another profile has this address")]
    DuplicateEmail,
    /// An operator of that name exists already.
    #[error("another operator has this name")]
    DuplicateName,
    /// Another object of the kind has that reference.
    #[error("it was used before")]
    DuplicateReference,
    /// The client is an owner of the account already.
    #[error("it is an owner of the account already")]
    DuplicateOwner,
    /// Another account of the portfolio has that alias.
    #[error("another account of the portfolio has it")]
    DuplicateAlias,
    /// The object was changed since the caller read it.
    #[error("expected {expected}, but it is {actual}; read it again")]
    VersionMismatch {
        /// The version that the caller expected.
        expected: u64,
        /// The version that it has.
        actual: u64,
    },
    /// A field that is fixed at creation was sent with another value.
    #[error("fixed at creation")]
    Immutable { field: Field },
    /// The movement is past the point at which this could be done.
    #[error("the {noun} is {}", state.name())]
    MovementState {
        noun: Noun,
        /// Where it is in its life.
        state: MovementState,
    },
    /// The entry was reversed before.
    #[error("the entry was reversed before")]
    AlreadyReversed,
    /// An entry of this kind cannot be reversed.
    #[error("an entry of this kind cannot be reversed")]
    NotReversible,
    /// Both sides of a movement are the same account.
    #[error("must be another account")]
    SameAccount {
        /// The field that names the second of them.
        field: Field,
    },
    /// An account has at least one owner.
    #[error("an account keeps at least one owner; close the account instead")]
    LastOwner,
    /// The next owner, who would become the primary one, is hidden from the caller.
    #[error("the next owner is a client that you do not see; ask an operator who sees both")]
    HeirHidden,
    /// A movement would join demo with live.
    #[error("demo money and live money cannot be joined")]
    ModesDiffer,
    /// The database is not a sandbox.
    #[error("this is not a sandbox")]
    NotASandbox,
    /// A second operator must approve it first.
    #[error("a second operator must approve it: request a withdrawal instead")]
    NeedsApproval,
    /// A second operator is asked for, and an API client is none.
    #[error("only an operator can do this, and you call as an API client")]
    NotAnOperator,
    /// The one who asked for it cannot approve it.
    #[error("the one who asked for it cannot approve it")]
    OwnRequest,
    /// The group is switched off.
    #[error("the account group is disabled")]
    GroupDisabled,
    /// The group does not offer the currency.
    #[error("the account group does not offer {currency}")]
    GroupWithoutCurrency {
        /// The currency that was asked for.
        currency: String,
    },
    /// A change of group would turn a demo account live or the other way round.
    #[error("a demo account stays demo and a live one live")]
    GroupModeDiffers,
    /// Where the client stands does not allow it.
    #[error("the client is {}", .0.word())]
    ProfileState(ProfileStatus),
    /// The state of the account's life does not allow it.
    #[error("the account is {}", .0.word())]
    AccountState(Lifecycle),
    #[error("the account is locked")]
    AccountLocked,
    /// Only an administrator takes this lock off or replaces it.
    #[error("only an administrator takes this lock off or replaces it")]
    LockKept,
    /// Credits are switched off for the account.
    #[error("credits are switched off for this account")]
    CreditsOff,
    /// Debits are switched off for the account.
    #[error("debits are switched off for this account")]
    DebitsOff,
    /// The debit goes beyond what can be withdrawn.
    #[error("only {available} {currency} available")]
    InsufficientFunds {
        /// What can be withdrawn, as decimal text; never below zero.
        available: String,
        /// The account's currency.
        currency: String,
    },
    /// A balance would leave the range that can be represented.
    #[error("the balance would become too large")]
    BalanceOverflow,
    /// The account or the client cannot be archived yet.
    #[error("{0}")]
    NotEmpty(Remainder),
    /// The queue of the writer is full, or the request waited too long: it was certainly not applied.
    #[error("too busy; the request was not applied, try again")]
    Busy {
        /// When to try again, in seconds.
        retry_after_s: u32,
    },
    /// The database cannot be written at present, for instance because the disk is full: nothing was applied.
    #[error("the database cannot be written at present; the request was not applied, try again")]
    StorageUnavailable,
    /// Something that should not happen; the log knows more under the request's id.
    #[error("internal error; the log has the request's id")]
    Internal,
    /// One operation of a batch was refused, and the whole batch with it. It ranks and answers as that refusal.
    #[error("{refusal}")]
    InOperation {
        /// Which operation, counted from zero.
        index: usize,
        /// Why.
        refusal: Box<Refusal>,
    },
}

impl Refusal {
    /// One field has a value that it cannot have.
    pub fn invalid(field: Field, reason: impl Into<String>) -> Refusal {
        Refusal::InvalidField { field, reason: reason.into() }
    }

    /// One field is outside of its range.
    pub fn out_of_range(field: Field, reason: impl Into<String>) -> Refusal {
        Refusal::OutOfRange { field, reason: reason.into() }
    }

    /// No such thing, named by the usual field.
    pub fn not_found(noun: Noun) -> Refusal {
        Refusal::NotFound { noun, field: Some(noun.field()) }
    }

    /// The field that it is about, where it is about one. Whether the caller has sent it is another question.
    pub fn field(&self) -> Option<Field> {
        Some(match self {
            Refusal::Required { field }
            | Refusal::InvalidField { field, .. }
            | Refusal::OutOfRange { field, .. }
            | Refusal::UnknownCurrency { field }
            | Refusal::Immutable { field }
            | Refusal::SameAccount { field } => field.clone(),
            Refusal::NotFound { field, .. } => return field.clone(),
            Refusal::EventsPruned { .. } => Field::After,
            Refusal::DuplicateId(_) => Field::Id,
            Refusal::DuplicateEmail => Field::Email,
            Refusal::DuplicateName => Field::Name,
            Refusal::DuplicateReference => Field::Reference,
            Refusal::DuplicateOwner => Field::Profile,
            Refusal::DuplicateAlias => Field::Alias,
            Refusal::VersionMismatch { .. } => Field::Version,
            Refusal::GroupDisabled | Refusal::GroupModeDiffers => Field::Group,
            Refusal::GroupWithoutCurrency { .. } => Field::Currency,
            Refusal::InsufficientFunds { .. } | Refusal::BalanceOverflow => Field::Amount,
            Refusal::InOperation { refusal, .. } => return refusal.field(),
            _ => return None,
        })
    }

    /// Whether its sentence says everything without the field that it is about.
    pub fn stands_alone(&self) -> bool {
        match self {
            Refusal::NotFound { .. } | Refusal::InsufficientFunds { .. } => true,
            Refusal::InOperation { refusal, .. } => refusal.stands_alone(),
            other => other.field().is_none(),
        }
    }

    /// When to try again, in seconds, where that may help.
    pub fn retry_after_s(&self) -> Option<u32> {
        match self {
            Refusal::Throttled { retry_after_s, .. } | Refusal::Busy { retry_after_s } => Some(*retry_after_s),
            Refusal::StorageUnavailable | Refusal::ShuttingDown => Some(5),
            Refusal::InOperation { refusal, .. } => refusal.retry_after_s(),
            _ => None,
        }
    }
}
