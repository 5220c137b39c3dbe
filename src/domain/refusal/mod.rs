//! Refusals: every reason for which bursar can refuse a request, in one enum.
//!
//! A refused request has changed nothing. Each refusal has its sentence here, and its family, rank and reason in
//! `table.rs`. If several apply, the one with the lowest rank is returned, with two exceptions. A field that can only
//! be checked against an account or a group is checked as soon as that is found, because an earlier check would reveal
//! that it exists. Of two accounts, the paying one is checked first.
//!
//! The core names fields by [`Field`], never by a caller's spelling. Every dialect matches this enum exhaustively and
//! renders each refusal in its own envelope, so a new refusal does not compile until every dialect handles it.

mod field;
mod table;

pub use field::Field;
pub(crate) use table::table;
pub use table::{Family, REFUSALS, Row};

use crate::domain::access::Right;
use crate::domain::accounts::{Lifecycle, Permission};
use crate::domain::approvals::ApprovalState;
use crate::domain::bank::ExternalStatus;
use crate::domain::clients::ProfileStatus;
use crate::domain::ledger::{MovementState, TransferStep};
use crate::domain::organizations::PortfolioState;
use crate::domain::reference::GroupKind;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The kinds of object that a caller can refer to by id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noun {
    Profile,
    Account,
    Group,
    /// A posted entry, as seen from one account.
    Deal,
    Deposit,
    Withdrawal,
    Transfer,
    Hold,
    ExternalAccount,
    Owner,
    Approval,
    Operator,
    Token,
    ApiClient,
    ParkedEvent,
    Alert,
    Organization,
    Ledger,
    Instrument,
    Portfolio,
    Webhook,
    /// An event that was sent, or can be sent, to a webhook.
    Delivery,
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
            Noun::ExternalAccount => "external account",
            Noun::Owner => "owner",
            Noun::Approval => "approval",
            Noun::Operator => "operator",
            Noun::Token => "token",
            Noun::ApiClient => "API client",
            Noun::ParkedEvent => "parked event",
            Noun::Alert => "alert",
            Noun::Organization => "organization",
            Noun::Ledger => "ledger",
            Noun::Instrument => "instrument",
            Noun::Portfolio => "portfolio",
            Noun::Webhook => "webhook",
            Noun::Delivery => "delivery",
        })
    }
}

impl Noun {
    /// The field by which a caller usually refers to such an object.
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
            Noun::ExternalAccount => Field::ExternalAccount,
            Noun::Approval => Field::Approval,
            Noun::Operator => Field::Operator,
            Noun::Token => Field::Token,
            Noun::Portfolio => Field::Portfolio,
            Noun::ApiClient
            | Noun::ParkedEvent
            | Noun::Alert
            | Noun::Organization
            | Noun::Ledger
            | Noun::Instrument
            | Noun::Webhook
            | Noun::Delivery => Field::Id,
        }
    }
}

/// What is wrong with a caller's credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Credentials {
    /// No credentials were sent.
    #[error("a token is required")]
    Missing,
    /// The token is malformed, or was never issued.
    #[error("unknown token")]
    Unknown,
    #[error("the token has expired; log in again")]
    Expired,
    /// The token was revoked, or its operator was disabled.
    #[error("the token was revoked")]
    Revoked,
    /// Does not say which of the two is wrong.
    #[error("wrong name or password")]
    BadLogin,
    /// The id or the secret of an API client is wrong, or a scope was not granted to it.
    #[error("wrong client id, secret or scope")]
    BadClient,
    /// A request signature is missing, malformed, out of date, used before or wrong.
    #[error("the request signature is incorrect")]
    BadSignature,
}

/// What prevents an object from being archived or deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Remainder {
    /// In outcomes of batches that earlier versions stored; now [`Refusal::BalanceLeft`] tells the balance.
    #[error("the balance is not zero")]
    Balance,
    /// The account has active holds.
    #[error("money is held on the account")]
    Holds,
    /// A deposit is announced or uncleared, or a transfer is in progress.
    #[error("a movement is still under way")]
    Pending,
    #[error("a position is open")]
    Positions,
    #[error("an order is working")]
    Orders,
    /// The client owns accounts that are not archived.
    #[error("the client still has accounts; archive or leave them")]
    Accounts,
    /// Something is filed under the object, or nested in the account, that is not deleted.
    #[error("something in it is not deleted")]
    Children,
}

/// The limit that a caller exceeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Excess {
    #[error("too many attempts")]
    Logins,
    /// Requests of this token.
    #[error(
        "more than {per_second} requests a second from this token, which is what limits.requests_per_second allows"
    )]
    Requests { per_second: u32 },
    /// Long reads of this operator, over all its tokens.
    #[error(
        "{max} of your lists and statements are waiting, and limits.waiting_reads_per_operator allows no more: \
         send fewer at once"
    )]
    Reads { max: usize },
    /// Event streams of all operators together.
    #[error(
        "the server has {max} event streams open, and events.max_streams allows no more: \
         close one, follow several types with one stream, or read the events in pages"
    )]
    Streams { max: usize },
    /// Event streams of this operator, over all its tokens.
    #[error(
        "you have {max} event streams open, and events.max_streams_per_operator allows no more: \
         close one, follow several types with one stream, or read the events in pages"
    )]
    StreamsOfOperator { max: usize },
}

/// Why a request was refused. The sentences omit the field, which [`Refusal::field`] returns.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The caller's network address is not on the server's or the token's allow list.
    #[error("calls from this network address are not allowed")]
    AddressNotAllowed,
    #[error("the server is about to stop")]
    ShuttingDown,
    /// Too many failed logins, requests, long reads or event streams.
    #[error("{what}; try again in {retry_after_s} s")]
    Throttled { what: Excess, retry_after_s: u32 },
    /// The caller is not authenticated.
    #[error("{0}")]
    Unauthenticated(Credentials),
    /// An end user's token, where an operator's is required.
    #[error("end-user tokens are not accepted here")]
    EndUserToken,
    /// The caller's role or token does not include the right.
    #[error("the right {} is needed", right.name())]
    Forbidden { right: Right },
    /// The request covers all clients, but the caller's tags limit it to some.
    #[error("this covers all clients, but your tags limit you to some of them")]
    LimitedByTags,
    #[error("required")]
    Required { field: Field },
    /// A field has an invalid value.
    #[error("{reason}")]
    InvalidField {
        field: Field,
        /// What a valid value looks like.
        reason: String,
    },
    /// A field is out of range.
    #[error("{reason}")]
    OutOfRange {
        field: Field,
        /// The valid range, or what is too long or too large.
        reason: String,
    },
    /// The requested events have been pruned.
    #[error("the events after it have been pruned; the oldest one left is {oldest}; start from the checkpoint")]
    EventsPruned {
        /// The oldest event that is still stored.
        oldest: i64,
    },
    /// The idempotency key was already used for a different request.
    #[error("the idempotency key was used for another request; use a new key")]
    IdempotencyConflict,
    /// The object does not exist, or it is hidden from the caller.
    #[error("no such {noun}")]
    NotFound {
        noun: Noun,
        /// The field that referred to it; None if no field did.
        field: Option<Field>,
    },
    /// The currency does not exist or is disabled.
    #[error("no such currency, or it is not offered")]
    UnknownCurrency { field: Field },
    /// An object with this id already exists.
    #[error("another {0} has this id")]
    DuplicateId(Noun),
    /// A profile with this e-mail address already exists.
    #[error("another profile has this address")]
    DuplicateEmail,
    /// An operator with this name already exists.
    #[error("another operator has this name")]
    DuplicateName,
    /// Another one in the same place has this name or code.
    #[error("another {0} has it")]
    NameTaken(Noun),
    /// Another object of the same kind has this reference.
    #[error("already in use")]
    DuplicateReference,
    #[error("already an owner of the account")]
    DuplicateOwner,
    /// Another account of the portfolio has this alias.
    #[error("already in use by another account of the portfolio")]
    DuplicateAlias,
    /// The object has changed since the caller read it.
    #[error("expected {expected}, but it is {actual}; read it again")]
    VersionMismatch { expected: u64, actual: u64 },
    /// What a request for approval is about has changed since it was asked for.
    #[error("what was asked for has changed since; reject the request and have it asked for anew")]
    RequestOutdated,
    /// A field that is fixed at creation was sent with a different value.
    #[error("fixed at creation")]
    Immutable { field: Field },
    /// The movement's state does not allow the operation.
    #[error("the {noun} is {}", state.name())]
    MovementState { noun: Noun, state: MovementState },
    /// Its bank has got too far with the payment, or not far enough.
    #[error("the payment is {}", .0.name())]
    TransferStep(TransferStep),
    /// The status of the external account does not allow the operation.
    #[error("the external account is {}", .0.word())]
    ExternalState(ExternalStatus),
    /// Told by a client to verify an external account.
    #[error("these are not the amounts of the two deposits; tries left: {left}")]
    AmountsWrong { left: u32 },
    /// The product offers no recurring contributions.
    #[error("the product offers no recurring contributions")]
    ContributionsOff,
    /// The request has been decided already.
    #[error("the request is {}", .0.name())]
    ApprovalState(ApprovalState),
    /// Whoever asked for it has been disabled since.
    #[error("the operator who asked for it is disabled; reject it and have it asked for anew")]
    RequesterDisabled,
    #[error("the entry has already been reversed")]
    AlreadyReversed,
    #[error("reversals, and what a trading platform booked, cannot be reversed; the platform sends a correction")]
    NotReversible,
    /// Both sides of a movement are the same account.
    #[error("must be a different account")]
    SameAccount {
        /// The field that names the second account.
        field: Field,
    },
    /// Callers cannot change or delete it: the books always have it, or the reference file declares it.
    #[error("this {0} is permanent")]
    Permanent(Noun),
    #[error("the parent account is archived or closing")]
    ParentArchived,
    #[error("the parent account has another currency")]
    ParentCurrencyDiffers,
    /// The owner cannot be replaced by an edit: the account has several, or money, holds or movements.
    #[error("the owner can change only while the account has one owner and is empty")]
    OwnerKept,
    /// The owner on whose behalf the call is made may only read the account.
    #[error("this owner may only read the account")]
    OwnerAccess,
    /// The owner on whose behalf the call is made is not the primary one.
    #[error("only the primary owner can change the access of others")]
    OwnerNotPrimary,
    #[error("an owner cannot raise its own access or priority")]
    OwnAccess,
    /// The owner to remove is the account's only one.
    #[error("an account keeps at least one owner; close the account instead")]
    LastOwner,
    /// The next owner, who would become the primary one, is hidden from the caller.
    #[error("the next owner is a client you cannot see; ask an operator who can see both")]
    HeirHidden,
    /// The movement would mix demo and live money, or that of two ledgers.
    #[error("demo and live money cannot be mixed, nor that of two ledgers")]
    ModesDiffer,
    #[error("this is not a sandbox")]
    NotASandbox,
    /// The group requires approval by a second operator.
    #[error("a second operator must approve it: request a withdrawal, or send the transfer outside a batch")]
    NeedsApproval,
    /// An API client cannot act as the second operator.
    #[error("only an operator can do this, not an API client")]
    NotAnOperator,
    /// The requester cannot also approve.
    #[error("the requester cannot approve it")]
    OwnRequest,
    #[error("the account group is disabled")]
    GroupDisabled,
    #[error("the account group does not offer {currency}")]
    GroupWithoutCurrency { currency: String },
    /// The product or the programme allows the client no more of them.
    #[error("the client may have at most {max} {noun}s of this kind")]
    TooMany { noun: Noun, max: u32 },
    /// The new group would turn a demo account live or a live one demo.
    #[error("an account cannot change between demo and live")]
    GroupModeDiffers,
    /// Only accounts of the other kind can do this.
    #[error("only for {}", match needed { GroupKind::Trading => "trading accounts", GroupKind::Wallet => "wallets" })]
    AccountKind { needed: GroupKind },
    /// The client's status does not allow the operation.
    #[error("the client is {}", .0.word())]
    ProfileState(ProfileStatus),
    /// An operator has blocked the client.
    #[error("the client is blocked")]
    ProfileBlocked,
    /// The client leaves, so it gets nothing new.
    #[error("the client is leaving")]
    ProfileOffboarding,
    /// The portfolio takes no new accounts, or cannot be closed again.
    #[error("the portfolio is {}", .0.name())]
    PortfolioState(PortfolioState),
    /// The account's lifecycle does not allow the operation.
    #[error("the account is {}", .0.word())]
    AccountState(Lifecycle),
    #[error("the account is locked")]
    AccountLocked,
    /// The status that a caller gave the account stops its money.
    #[error("the status of the account stops its money")]
    AccountBlocked,
    /// Only an administrator may remove or replace this lock.
    #[error("only an administrator can remove or replace this lock")]
    LockKept,
    /// The account's flag for credits is off.
    #[error("credits are switched off for this account")]
    CreditsOff,
    /// The account's flag for debits is off.
    #[error("debits are switched off for this account")]
    DebitsOff,
    /// The account is not permitted to take part in the transfer.
    #[error("the account lacks the permission {}", permission.name())]
    PermissionWithheld { permission: Permission },
    /// A debit, while an open position cannot be valued.
    #[error("there is no quote of {of} to value the open positions at; nothing can be paid out until it arrives")]
    QuoteMissing {
        /// A symbol, or a pair of currencies such as `USD/EUR`.
        of: String,
    },
    /// A debit, while an open position can be valued at an old price only.
    #[error(
        "the quote of {of}, which the open positions are valued at, is {age_s} s old and may be {max_age_s} s old; \
         nothing can be paid out until a new one arrives"
    )]
    QuoteStale { of: String, age_s: i64, max_age_s: u32 },
    /// The debit exceeds the funds that can be withdrawn.
    #[error("only {available} {currency} available")]
    InsufficientFunds {
        /// The withdrawable amount as decimal text; never negative.
        available: String,
        currency: String,
    },
    /// A balance would leave the range that can be represented.
    #[error("the balance would become too large")]
    BalanceOverflow,
    /// The account cannot be archived yet.
    #[error("the balance is {balance} {currency}, and must be zero")]
    BalanceLeft {
        /// As decimal text.
        balance: String,
        currency: String,
    },
    /// The account or the client cannot be archived yet.
    #[error("{0}")]
    NotEmpty(Remainder),
    /// The writer's queue is full, or the request waited too long. It was certainly not applied.
    #[error("too busy; the request was not applied, try again")]
    Busy { retry_after_s: u32 },
    /// The database cannot be written to at present, for example because the disk is full. Nothing was applied.
    #[error("the database cannot be written at present; the request was not applied, try again")]
    StorageUnavailable,
    /// The machine's clock is further ahead than it may be, so nothing is recorded. Nothing was applied.
    #[error(
        "the server's clock has leapt ahead; the request was not applied: writes wait until the clock is right again \
         or confirmed on the server"
    )]
    ClockLeapt,
    /// An unexpected error; the log has details under the request's id.
    #[error("internal error; the log has details under the request's id")]
    Internal,
    /// An operation of a batch was refused, and with it the whole batch. Rank and response are those of the inner
    /// refusal.
    #[error("{refusal}")]
    InOperation {
        /// The position of the operation in the batch, from 0.
        index: usize,
        refusal: Box<Refusal>,
    },
}

impl Refusal {
    /// A field has an invalid value.
    pub fn invalid(field: Field, reason: impl Into<String>) -> Refusal {
        Refusal::InvalidField { field, reason: reason.into() }
    }

    /// A field is out of range.
    pub fn out_of_range(field: Field, reason: impl Into<String>) -> Refusal {
        Refusal::OutOfRange { field, reason: reason.into() }
    }

    /// The object does not exist; named by its usual field.
    pub fn not_found(noun: Noun) -> Refusal {
        Refusal::NotFound { noun, field: Some(noun.field()) }
    }

    /// The field that the refusal is about, if any. The caller may not have sent it.
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
            Refusal::NameTaken(Noun::Instrument) => Field::Code,
            Refusal::NameTaken(_) => Field::Name,
            Refusal::ParentArchived | Refusal::ParentCurrencyDiffers => Field::ParentAccount,
            Refusal::OwnerKept => Field::Profile,
            Refusal::VersionMismatch { .. } => Field::Version,
            Refusal::GroupDisabled | Refusal::GroupModeDiffers => Field::Group,
            Refusal::GroupWithoutCurrency { .. } => Field::Currency,
            Refusal::InsufficientFunds { .. } | Refusal::BalanceOverflow => Field::Amount,
            Refusal::InOperation { refusal, .. } => return refusal.field(),
            _ => return None,
        })
    }

    /// Whether the sentence is complete without naming the field.
    pub fn stands_alone(&self) -> bool {
        match self {
            Refusal::NotFound { .. } | Refusal::InsufficientFunds { .. } => true,
            Refusal::InOperation { refusal, .. } => refusal.stands_alone(),
            other => other.field().is_none(),
        }
    }

    /// When a retry may succeed, in seconds; None if a retry does not help.
    pub fn retry_after_s(&self) -> Option<u32> {
        match self {
            Refusal::Throttled { retry_after_s, .. } | Refusal::Busy { retry_after_s } => Some(*retry_after_s),
            Refusal::StorageUnavailable | Refusal::ShuttingDown => Some(5),
            Refusal::ClockLeapt => Some(30),
            Refusal::InOperation { refusal, .. } => refusal.retry_after_s(),
            _ => None,
        }
    }
}
