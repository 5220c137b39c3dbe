//! Why a request was refused: one list for the whole system, in order of precedence.
//!
//! When several reasons apply, the one that stands first here is given; a field that only an account or a group can judge
//! is judged as soon as that is found, because earlier it would tell that it exists. Of two accounts the payer is asked first.
//! Every dialect matches this enum exhaustively and
//! spells each reason in its own envelope, so a new refusal does not compile until every dialect has said what it looks
//! like there. A refusal changed nothing.

use crate::domain::access::Right;
use crate::domain::accounts::Lifecycle;
use crate::domain::clients::ProfileStatus;
use crate::domain::ledger::MovementState;
use std::fmt;

/// The kinds of thing that a caller can ask for by id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noun {
    /// A client profile.
    Profile,
    /// An account.
    Account,
    /// The account that pays, of a transfer.
    Payer,
    /// The account that receives, of a transfer.
    Receiver,
    /// The account to which another one is swept.
    SweepTarget,
    /// An account group.
    Group,
    /// A deal.
    Deal,
    /// A deposit.
    Deposit,
    /// A withdrawal.
    Withdrawal,
    /// A transfer.
    Transfer,
    /// A hold.
    Hold,
    /// An owner of an account.
    Owner,
    /// An operator.
    Operator,
    /// A token.
    Token,
}

impl Noun {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Noun::Profile => "profile",
            Noun::Account | Noun::Payer | Noun::Receiver | Noun::SweepTarget => "account",
            Noun::Group => "account group",
            Noun::Deal => "deal",
            Noun::Deposit => "deposit",
            Noun::Withdrawal => "withdrawal",
            Noun::Transfer => "transfer",
            Noun::Hold => "hold",
            Noun::Owner => "owner",
            Noun::Operator => "operator",
            Noun::Token => "token",
        }
    }
}

/// What is wrong with a caller's credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credentials {
    /// None were sent.
    Missing,
    /// Not of a form that could be ours, or unknown.
    Unknown,
    /// They were good once.
    Expired,
    /// They were taken back, or the operator was disabled.
    Revoked,
    /// The name and the password do not belong together; which one is wrong is not said.
    BadLogin,
}

/// What stops an account or a client from being archived.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remainder {
    /// Its balance is not zero.
    Balance,
    /// Money is held.
    Holds,
    /// A deposit is announced or not cleared yet, or a transfer is under way.
    Pending,
    /// A client's accounts that are not archived.
    Accounts,
}

/// What a caller had too much of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Excess {
    /// Wrong passwords.
    Logins,
    /// Streams of events of all operators together.
    Streams {
        /// The limit.
        max: usize,
    },
    /// Streams of events of this operator, over all its tokens.
    StreamsOfOperator {
        /// The limit.
        max: usize,
    },
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (who, max, setting) = match self {
            Excess::Logins => return f.write_str("too many attempts"),
            Excess::Streams { max } => ("the server has", max, "events.max_streams"),
            Excess::StreamsOfOperator { max } => ("you have", max, "events.max_streams_per_operator"),
        };
        write!(
            f,
            "{who} {max} event streams open, and {setting} allows no more: close one, follow several types with one stream, \
             or read GET /events in pages"
        )
    }
}

/// Why a request was refused, in order of precedence.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The caller's network address is not on the allow list, or not on the token's own list.
    AddressNotAllowed,
    /// The server is about to stop.
    ShuttingDown,
    /// The request line or the headers are larger than is read.
    HeadersTooLarge {
        /// The limit in bytes.
        limit_bytes: usize,
    },
    /// Too many wrong logins, or too many streams of events.
    Throttled {
        /// What there was too much of.
        what: Excess,
        /// When to try again, in seconds.
        retry_after_s: u32,
    },
    /// No such path.
    UnknownRoute,
    /// The path exists, the method does not. No outcome that is kept has it.
    #[serde(skip)]
    WrongMethod {
        /// The methods that exist, for the `Allow` header.
        allowed: Vec<&'static str>,
    },
    /// The caller is not known.
    Unauthenticated(Credentials),
    /// An end user's token on an operator's route.
    EndUserToken,
    /// The caller's role or token does not carry the right.
    Forbidden {
        /// The right that is missing.
        right: Right,
    },
    /// The caller sees only clients with its tags, and this is about all of them.
    LimitedByTags,
    /// The body did not arrive in time.
    BodyTimeout,
    /// The body is larger than is read.
    BodyTooLarge {
        /// The limit in bytes.
        limit_bytes: usize,
    },
    /// The body is declared to be something other than JSON.
    WrongContentType,
    /// The body is not JSON of the expected shape.
    MalformedBody {
        /// What the parser said, with line and column.
        reason: String,
    },
    /// One field is missing or has a value that it cannot have.
    InvalidField {
        /// The field as the caller spelled it.
        field: String,
        /// What it should be.
        reason: String,
    },
    /// One field is outside of its range.
    OutOfRange {
        /// The field as the caller spelled it.
        field: String,
        /// The range.
        reason: String,
    },
    /// Events that were asked for are not kept any more.
    EventsPruned {
        /// The oldest event that is kept.
        oldest: i64,
    },
    /// The idempotency key was used for another request before.
    IdempotencyConflict,
    /// No such thing, or it is hidden from the caller.
    NotFound(Noun),
    /// A currency that does not exist or is switched off.
    UnknownCurrency {
        /// The field as the caller spelled it.
        field: String,
    },
    /// Something with that id exists already.
    DuplicateId(Noun),
    /// A profile with that e-mail address exists already.
    DuplicateEmail,
    /// An operator of that name exists already.
    DuplicateName,
    /// Another object of the kind has that reference.
    DuplicateReference,
    /// The client is an owner of the account already.
    DuplicateOwner,
    /// Another account of the portfolio has that alias.
    DuplicateAlias,
    /// The object was changed since the caller read it.
    VersionMismatch {
        /// The version that the caller expected.
        expected: u64,
        /// The version that it has.
        actual: u64,
    },
    /// A field that is fixed at creation was sent with another value.
    Immutable {
        /// The field as the caller spelled it.
        field: String,
    },
    /// The movement is past the point at which this could be done.
    MovementState {
        /// What it is.
        noun: Noun,
        /// Where it is in its life.
        state: MovementState,
    },
    /// The entry was reversed before.
    AlreadyReversed,
    /// An entry of this kind cannot be reversed.
    NotReversible,
    /// Both sides of a transfer are the same account.
    SameAccount {
        /// The field that names the second of them, as the caller spelled it.
        field: String,
    },
    /// An account has at least one owner.
    LastOwner,
    /// The next owner, who would become the primary one, is hidden from the caller.
    HeirHidden,
    /// A movement would join demo with live.
    ModesDiffer,
    /// The database is not a sandbox.
    NotASandbox,
    /// A second operator must approve it first.
    NeedsApproval,
    /// The one who asked for it cannot approve it.
    OwnRequest,
    /// The group is switched off.
    GroupDisabled,
    /// The group does not offer the currency.
    GroupWithoutCurrency {
        /// The currency that was asked for.
        currency: String,
    },
    /// A change of group would turn a demo account live or the other way round.
    GroupModeDiffers,
    /// Where the client stands does not allow it.
    ProfileState(ProfileStatus),
    /// The state of the account's life does not allow it.
    AccountState(Lifecycle),
    /// The account is locked.
    AccountLocked,
    /// Only an administrator takes this lock off or replaces it.
    LockKept,
    /// Credits are switched off for the account.
    CreditsOff,
    /// Debits are switched off for the account.
    DebitsOff,
    /// The debit goes beyond what can be withdrawn.
    InsufficientFunds {
        /// What can be withdrawn, as decimal text; never below zero.
        available: String,
        /// The account's currency.
        currency: String,
    },
    /// A balance would leave the range that can be represented.
    BalanceOverflow,
    /// The account or the client cannot be archived yet.
    NotEmpty(Remainder),
    /// The queue of the writer is full, or the request waited too long: it was certainly not applied.
    Busy {
        /// When to try again, in seconds.
        retry_after_s: u32,
    },
    /// The database cannot be written at present, for instance because the disk is full: nothing was applied.
    StorageUnavailable,
    /// Something that should not happen; the log knows more under the request's id.
    Internal,
    /// One operation of a batch was refused, and the whole batch with it. It ranks and answers as that refusal.
    InOperation {
        /// Which operation, counted from zero.
        index: usize,
        /// Why.
        refusal: Box<Refusal>,
    },
}

impl Refusal {
    /// One field has a value that it cannot have.
    pub fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Refusal {
        Refusal::InvalidField { field: field.into(), reason: reason.into() }
    }

    /// One field is missing.
    pub fn missing(field: impl Into<String>) -> Refusal {
        Refusal::invalid(field, "required")
    }

    /// One field is outside of its range.
    pub fn out_of_range(field: impl Into<String>, reason: impl Into<String>) -> Refusal {
        Refusal::OutOfRange { field: field.into(), reason: reason.into() }
    }

    /// The stable name of the reason; clients may branch on it, so a name never changes its meaning.
    pub fn reason(&self) -> &'static str {
        match self {
            Refusal::AddressNotAllowed => "ADDRESS_NOT_ALLOWED",
            Refusal::ShuttingDown => "SHUTTING_DOWN",
            Refusal::HeadersTooLarge { .. } => "HEADERS_TOO_LARGE",
            Refusal::Throttled { .. } => "THROTTLED",
            Refusal::UnknownRoute => "UNKNOWN_ROUTE",
            Refusal::WrongMethod { .. } => "WRONG_METHOD",
            Refusal::Unauthenticated(Credentials::Missing) => "TOKEN_MISSING",
            Refusal::Unauthenticated(Credentials::Unknown) => "TOKEN_UNKNOWN",
            Refusal::Unauthenticated(Credentials::Expired) => "TOKEN_EXPIRED",
            Refusal::Unauthenticated(Credentials::Revoked) => "TOKEN_REVOKED",
            Refusal::Unauthenticated(Credentials::BadLogin) => "BAD_LOGIN",
            Refusal::EndUserToken => "END_USER_TOKEN",
            Refusal::Forbidden { .. } => "RIGHT_MISSING",
            Refusal::LimitedByTags => "LIMITED_BY_TAGS",
            Refusal::BodyTimeout => "BODY_TIMEOUT",
            Refusal::BodyTooLarge { .. } => "BODY_TOO_LARGE",
            Refusal::WrongContentType => "WRONG_CONTENT_TYPE",
            Refusal::MalformedBody { .. } => "MALFORMED_BODY",
            Refusal::InvalidField { .. } => "INVALID_FIELD",
            Refusal::OutOfRange { .. } => "OUT_OF_RANGE",
            Refusal::EventsPruned { .. } => "EVENTS_PRUNED",
            Refusal::IdempotencyConflict => "IDEMPOTENCY_CONFLICT",
            Refusal::NotFound(_) => "NOT_FOUND",
            Refusal::UnknownCurrency { .. } => "UNKNOWN_CURRENCY",
            Refusal::DuplicateId(_) => "DUPLICATE_ID",
            Refusal::DuplicateEmail => "DUPLICATE_EMAIL",
            Refusal::DuplicateName => "DUPLICATE_NAME",
            Refusal::DuplicateReference => "DUPLICATE_REFERENCE",
            Refusal::DuplicateOwner => "DUPLICATE_OWNER",
            Refusal::DuplicateAlias => "DUPLICATE_ALIAS",
            Refusal::VersionMismatch { .. } => "VERSION_MISMATCH",
            Refusal::Immutable { .. } => "IMMUTABLE_FIELD",
            Refusal::MovementState { .. } => "WRONG_STATE",
            Refusal::AlreadyReversed => "ALREADY_REVERSED",
            Refusal::NotReversible => "NOT_REVERSIBLE",
            Refusal::SameAccount { .. } => "SAME_ACCOUNT",
            Refusal::LastOwner => "LAST_OWNER",
            Refusal::HeirHidden => "HEIR_HIDDEN",
            Refusal::ModesDiffer => "MODES_DIFFER",
            Refusal::NotASandbox => "NOT_A_SANDBOX",
            Refusal::NeedsApproval => "NEEDS_APPROVAL",
            Refusal::OwnRequest => "OWN_REQUEST",
            Refusal::GroupDisabled => "GROUP_DISABLED",
            Refusal::GroupWithoutCurrency { .. } => "GROUP_WITHOUT_CURRENCY",
            Refusal::GroupModeDiffers => "GROUP_MODE_DIFFERS",
            Refusal::ProfileState(ProfileStatus::Pending) => "PROFILE_PENDING",
            Refusal::ProfileState(ProfileStatus::Verified) => "PROFILE_VERIFIED",
            Refusal::ProfileState(ProfileStatus::Denied) => "PROFILE_DENIED",
            Refusal::ProfileState(ProfileStatus::Deceased) => "PROFILE_DECEASED",
            Refusal::ProfileState(ProfileStatus::Archived) => "PROFILE_ARCHIVED",
            Refusal::AccountState(Lifecycle::PendingApproval) => "ACCOUNT_PENDING_APPROVAL",
            Refusal::AccountState(Lifecycle::Active) => "ACCOUNT_ACTIVE",
            Refusal::AccountState(Lifecycle::Inactive) => "ACCOUNT_INACTIVE",
            Refusal::AccountState(Lifecycle::Dormant) => "ACCOUNT_DORMANT",
            Refusal::AccountState(Lifecycle::Closing) => "ACCOUNT_CLOSING",
            Refusal::AccountState(Lifecycle::Closed) => "ACCOUNT_ARCHIVED",
            Refusal::AccountLocked => "ACCOUNT_LOCKED",
            Refusal::LockKept => "LOCK_KEPT",
            Refusal::CreditsOff => "CREDITS_OFF",
            Refusal::DebitsOff => "DEBITS_OFF",
            Refusal::InsufficientFunds { .. } => "INSUFFICIENT_FUNDS",
            Refusal::BalanceOverflow => "BALANCE_OVERFLOW",
            Refusal::NotEmpty(Remainder::Balance) => "BALANCE_NOT_ZERO",
            Refusal::NotEmpty(Remainder::Holds) => "HOLDS_LEFT",
            Refusal::NotEmpty(Remainder::Pending) => "PENDING_LEFT",
            Refusal::NotEmpty(Remainder::Accounts) => "ACCOUNTS_LEFT",
            Refusal::Busy { .. } => "BUSY",
            Refusal::StorageUnavailable => "STORAGE_UNAVAILABLE",
            Refusal::Internal => "INTERNAL",
            Refusal::InOperation { refusal, .. } => refusal.reason(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::AddressNotAllowed => f.write_str("calls from this network address are not allowed"),
            Refusal::ShuttingDown => f.write_str("the server is about to stop"),
            Refusal::HeadersTooLarge { limit_bytes } => {
                write!(f, "the request line and the headers may have at most {limit_bytes} bytes together")
            }
            Refusal::Throttled { what, retry_after_s } => write!(f, "{what}; try again in {retry_after_s} s"),
            Refusal::UnknownRoute => {
                f.write_str("no such path; mind upper and lower case, and leave a slash at the end out")
            }
            Refusal::WrongMethod { allowed } => write!(f, "this path allows {}", allowed.join(", ")),
            Refusal::Unauthenticated(Credentials::Missing) => {
                f.write_str("send a token: Authorization: Bearer <token>")
            }
            Refusal::Unauthenticated(Credentials::Unknown) => f.write_str("the token is not known"),
            Refusal::Unauthenticated(Credentials::Expired) => f.write_str("the token has expired; log in again"),
            Refusal::Unauthenticated(Credentials::Revoked) => f.write_str("the token was revoked"),
            Refusal::Unauthenticated(Credentials::BadLogin) => f.write_str("wrong name or password"),
            Refusal::EndUserToken => f.write_str("an end user's token does not open this interface"),
            Refusal::Forbidden { right } => write!(f, "the right {} is needed", right.name()),
            Refusal::LimitedByTags => f.write_str("this is about all clients, and you see only some"),
            Refusal::BodyTimeout => f.write_str("the body did not arrive in time"),
            Refusal::BodyTooLarge { limit_bytes } => write!(f, "the body may have at most {limit_bytes} bytes"),
            Refusal::WrongContentType => f.write_str("send the body as Content-Type: application/json"),
            Refusal::MalformedBody { reason } => write!(f, "the body cannot be read: {reason}"),
            Refusal::InvalidField { field, reason } | Refusal::OutOfRange { field, reason } => {
                write!(f, "{field}: {reason}")
            }
            Refusal::EventsPruned { oldest } => write!(
                f,
                "after: the events that follow it are not kept any more; the oldest one is {oldest}; \
                 begin with the checkpoint"
            ),
            Refusal::IdempotencyConflict => {
                f.write_str("this Idempotency-Key was used for another request; take a new key")
            }
            Refusal::NotFound(noun) => write!(f, "no such {}", noun.word()),
            Refusal::UnknownCurrency { field } => write!(f, "{field}: no such currency, or it is not offered"),
            Refusal::DuplicateId(noun) => write!(f, "id: another {} has this id", noun.word()),
            Refusal::DuplicateEmail => f.write_str("email: another profile has this address"),
            Refusal::DuplicateName => f.write_str("name: another operator has this name"),
            Refusal::VersionMismatch { expected, actual } => {
                write!(f, "version: expected {expected}, but it is {actual}; read it again")
            }
            Refusal::Immutable { field } => write!(f, "{field}: fixed at creation"),
            Refusal::DuplicateReference => f.write_str("reference: it was used before"),
            Refusal::DuplicateOwner => f.write_str("profileId: it is an owner of the account already"),
            Refusal::DuplicateAlias => f.write_str("alias: another account of the portfolio has it"),
            Refusal::MovementState { noun, state } => write!(f, "the {} is {}", noun.word(), state.name()),
            Refusal::AlreadyReversed => f.write_str("the entry was reversed before"),
            Refusal::NotReversible => f.write_str("an entry of this kind cannot be reversed"),
            Refusal::SameAccount { field } => write!(f, "{field}: must be another account"),
            Refusal::LastOwner => f.write_str("an account keeps at least one owner; close the account instead"),
            Refusal::HeirHidden => {
                f.write_str("the next owner is a client that you do not see; ask an operator who sees both")
            }
            Refusal::ModesDiffer => f.write_str("demo money and live money cannot be joined"),
            Refusal::NotASandbox => f.write_str("this is not a sandbox"),
            Refusal::NeedsApproval => f.write_str("a second operator must approve it: request a withdrawal instead"),
            Refusal::OwnRequest => f.write_str("the one who asked for it cannot approve it"),
            Refusal::GroupDisabled => f.write_str("groupId: the account group is disabled"),
            Refusal::GroupWithoutCurrency { currency } => {
                write!(f, "currency: the account group does not offer {currency}")
            }
            Refusal::GroupModeDiffers => f.write_str("groupId: a demo account stays demo and a live one live"),
            Refusal::ProfileState(status) => write!(f, "the client is {}", status.word()),
            Refusal::AccountState(state) => write!(f, "the account is {}", state.word()),
            Refusal::AccountLocked => f.write_str("the account is locked"),
            Refusal::LockKept => f.write_str("only an administrator takes this lock off or replaces it"),
            Refusal::CreditsOff => f.write_str("credits are switched off for this account"),
            Refusal::DebitsOff => f.write_str("debits are switched off for this account"),
            Refusal::InsufficientFunds { available, currency } => write!(f, "only {available} {currency} available"),
            Refusal::BalanceOverflow => f.write_str("amount: the balance would become too large"),
            Refusal::NotEmpty(Remainder::Balance) => f.write_str("the balance is not zero"),
            Refusal::NotEmpty(Remainder::Holds) => f.write_str("money is held on the account"),
            Refusal::NotEmpty(Remainder::Accounts) => {
                f.write_str("the client still has accounts; archive or leave them")
            }
            Refusal::NotEmpty(Remainder::Pending) => f.write_str("a movement is still under way"),
            Refusal::Busy { .. } => f.write_str("too busy; the request was not applied, try again"),
            Refusal::StorageUnavailable => {
                f.write_str("the database cannot be written at present; the request was not applied, try again")
            }
            Refusal::Internal => f.write_str("internal error; the log has the request's id"),
            Refusal::InOperation { index, refusal } => write!(f, "operations[{index}]: {refusal}"),
        }
    }
}
