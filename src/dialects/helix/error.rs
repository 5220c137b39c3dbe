//! Renders rejections in Helix's envelope, and maps each to its status and code: the only place that does.
//!
//! A code says what is wrong in which call, so most depend on the operation as well as on the refusal.

use super::envelope::{ErrorView, refused};
use crate::dialects::kit::{REQUIRED, Rejection, Reply, ReplyContext};
use crate::domain::accounts::Lifecycle;
use crate::domain::refusal::{Field, Noun, Refusal, Remainder};
use actix_web::http::StatusCode;

/// Codes that do not depend on the operation.
mod code {
    pub(super) const UNAUTHENTICATED: u32 = 50401;
    pub(super) const FORBIDDEN: u32 = 50403;
    pub(super) const UNKNOWN_ROUTE: u32 = 50404;
    pub(super) const WRONG_METHOD: u32 = 50405;
    pub(super) const THROTTLED: u32 = 50429;
    pub(super) const INTERNAL: u32 = 50500;
    pub(super) const UNAVAILABLE: u32 = 50503;
    pub(super) const UNKNOWN_ID: u32 = 60001;
    pub(super) const INVALID: u32 = 60002;
    pub(super) const KEY_USED: u32 = 60009;
    pub(super) const INSUFFICIENT: u32 = 70204;
    pub(super) const PRIMARY_KEEPS_FULL: u32 = 108_201;
    pub(super) const OWN_ACCESS: u32 = 108_202;
    pub(super) const NOT_PRIMARY: u32 = 108_203;
    pub(super) const NEEDS_FULL: u32 = 108_204;
}

pub(super) fn reply(rejection: &Rejection, context: &ReplyContext) -> Reply {
    let operation = context.operation.unwrap_or_default();
    let (status, code) = status_and_code(rejection, operation);
    refused(status, ErrorView { code, message: message(rejection, operation, code) }, context)
}

/// The sentence, with the member at fault.
fn message(rejection: &Rejection, operation: &str, code: u32) -> String {
    match (code, rejection) {
        (61208 | 61303, _) => "a fraud investigation keeps this lock".to_owned(),
        (61206 | 61302, _) => "the system keeps this lock".to_owned(),
        (61404, _) => "only checking and savings accounts take holds".to_owned(),
        (61020, _) => "accountNumber: another account has it".to_owned(),
        (65910, _) => "this account was opened as one that cannot be closed".to_owned(),
        (63610, Rejection::Refused(Refusal::QuoteMissing { .. } | Refusal::QuoteStale { .. })) => {
            "toId: the account is in another currency".to_owned()
        }
        (65902, Rejection::Refused(Refusal::QuoteMissing { .. } | Refusal::QuoteStale { .. })) => {
            "closeToAccountId: the account is in another currency".to_owned()
        }
        (_, Rejection::Refused(Refusal::DuplicateOwner)) => "targetCustomerId: has access already".to_owned(),
        (_, Rejection::Refused(Refusal::AccountState(Lifecycle::Closed))) => "the account is closed".to_owned(),
        (_, Rejection::Refused(Refusal::NotFound { noun, field })) => unknown(*noun, field.as_ref(), operation),
        (_, Rejection::Refused(refusal)) => match refusal.field() {
            Some(field) if !refusal.stands_alone() => format!("{}: {refusal}", spell(&field, operation)),
            _ => refusal.to_string(),
        },
        (_, Rejection::UnknownRoute) => "no such path".to_owned(),
        _ => rejection.to_string(),
    }
}

/// The sentence about something that does not exist, in the words of Helix.
fn unknown(noun: Noun, field: Option<&Field>, operation: &str) -> String {
    let noun = match noun {
        Noun::Profile => "customer",
        Noun::Owner => return "targetCustomerId: has no access".to_owned(),
        Noun::Group => "product",
        Noun::Transfer => "transaction",
        Noun::ExternalAccount => "external account",
        Noun::Account => "account",
        other => return format!("no such {other}"),
    };
    match field {
        Some(field) => format!("{}: no such {noun}", spell(field, operation)),
        None => format!("no such {noun}"),
    }
}

/// The name of a field of the core. Those that no request has are named in plain words.
fn spell(field: &Field, operation: &str) -> String {
    let of_transfer = operation == "create_transfer";
    let of_account = matches!(operation, "create_account" | "update_account");
    let name = match field {
        Field::Profile => "customerId",
        Field::Account => "accountId",
        Field::Email => "emailAddress",
        Field::FirstName => "firstName",
        Field::MiddleName => "middleName",
        Field::LastName => "lastName",
        Field::Suffix => "suffix",
        Field::BirthDate => "birthDate",
        Field::Gender => "gender",
        Field::Culture => "culture",
        Field::TaxId => "taxId",
        Field::Phones | Field::Phone => "phones",
        Field::Addresses | Field::Address | Field::City | Field::State | Field::ZipCode | Field::Country => "addresses",
        Field::Reference if operation == "close_account" => "transactionTag",
        Field::Reference => "tag",
        Field::CustomFields => "customField1",
        Field::CustomField(name) => name.as_str(),
        Field::Name => "name",
        Field::Category => "category",
        Field::SubCategory => "subCategory",
        Field::LegalName1 => "legalName1",
        Field::LegalName2 => "legalName2",
        Field::TargetAmount => "targetAmount",
        Field::TargetDate => "targetDate",
        Field::Number => "accountNumber",
        Field::Group | Field::Currency => "productId",
        Field::FromAccount => "fromId",
        Field::ToAccount => "toId",
        Field::SweepTo => "closeToAccountId",
        Field::Amount if of_account => "recurringContributionAmount",
        Field::Amount => "amount",
        Field::ExternalAccount if of_account => "recurringContributionFromExternalAccountId",
        Field::ExternalAccount => "externalAccountId",
        Field::StartDay => "recurringContributionStartDate",
        Field::EndDay => "recurringContributionEndDate",
        Field::RoutingNumber => "routingNumber",
        Field::Company => "businessName",
        Field::Nickname => "nickName",
        Field::Transfer => "transactionId",
        Field::Reason if operation == "close_account" => "closeReasonNotes",
        Field::Reason if of_transfer => "description",
        Field::Reason => "reason",
        Field::ExpiresAt => "expirationDate",
        Field::Access => "accessTypeCode",
        Field::Priority => "customerPriority",
        other => return other.to_string(),
    };
    name.to_owned()
}

fn status_and_code(rejection: &Rejection, operation: &str) -> (StatusCode, u32) {
    let bad = StatusCode::BAD_REQUEST;
    match rejection {
        Rejection::Refused(refusal) => of_refusal(refusal, operation),
        Rejection::InOperation { rejection, .. } => status_and_code(rejection, operation),
        Rejection::InvalidField { name, reason } => (bad, of_member(operation, name, Fault::of(reason))),
        Rejection::OutOfRange { name, .. } => (bad, of_member(operation, name, Fault::OutOfRange)),
        Rejection::OfDialect { .. } | Rejection::MalformedRequest | Rejection::MalformedBody { .. } => {
            (bad, code::INVALID)
        }
        Rejection::UnknownRoute => (StatusCode::NOT_FOUND, code::UNKNOWN_ROUTE),
        Rejection::WrongMethod { .. } => (StatusCode::METHOD_NOT_ALLOWED, code::WRONG_METHOD),
        Rejection::HeadersTooLarge { .. } => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, code::INVALID),
        Rejection::HeadTimeout | Rejection::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, code::INVALID),
        Rejection::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, code::INVALID),
        Rejection::WrongContentEncoding | Rejection::WrongContentType => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, code::INVALID)
        }
    }
}

/// What is wrong with a member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Missing,
    Invalid,
    OutOfRange,
}

impl Fault {
    fn of(reason: &str) -> Fault {
        if reason == REQUIRED { Fault::Missing } else { Fault::Invalid }
    }
}

/// The code of a member that is missing or wrong.
fn of_member(operation: &str, name: &str, fault: Fault) -> u32 {
    match (operation, name, fault) {
        ("create_customer", "firstName", _) => 60201,
        ("create_account", "name", _) => 61003,
        ("create_account", "productId" | "type", _) => 61004,
        ("create_account", "tag", _) => 61005,
        ("create_account", "accountNumber", _) => 61019,
        ("update_account", "customerId" | "accountId", _) => 61101,
        ("update_account", "name", _) => 61102,
        ("update_account", "tag", _) => 61107,
        ("update_account", "targetDate", _) => 61110,
        ("unlock_account", "customerId" | "accountId", _) => 61301,
        ("place_hold", "amount" | "holdAmount", _) => 61402,
        ("place_hold", "expirationDate", Fault::OutOfRange) => 195_131,
        ("place_hold", "expirationDate", _) => 195_149,
        ("place_hold", "productId", _) => 61404,
        ("place_hold" | "release_hold", _, Fault::Missing) => 61401,
        ("create_transfer", "fromId", _) => 63601,
        ("create_transfer", "toId", _) => 63610,
        ("create_transfer", "tag", _) => 63660,
        ("create_account" | "update_account", "recurringContributionType", _) => 61006,
        ("create_account" | "update_account", "recurringContributionAmount", _) => 61008,
        ("create_account" | "update_account", "recurringContributionFromExternalAccountId", _) => 61009,
        ("create_account" | "update_account", "recurringContributionStartDate", Fault::Missing) => 61012,
        ("update_account", "recurringContributionStartDate", _) => 61108,
        ("create_account", "recurringContributionStartDate", _) => 61010,
        ("create_account" | "update_account", "recurringContributionEndDate", _) => 61011,
        ("close_account", "customerId" | "accountId", _) => 65901,
        ("close_account", "closeToAccountId", _) => 65902,
        ("close_account", "transactionTag", _) => 65903,
        ("close_account", "closeReason" | "closeReasonNotes", _) => 65925,
        ("add_access" | "edit_access" | "remove_access", name, _) => match name {
            "accountId" => 108_205,
            "customerId" => 108_206,
            "targetCustomerId" => 108_207,
            "accessTypeCode" => 108_208,
            "customerPriority" => 108_209,
            _ => code::INVALID,
        },
        _ => code::INVALID,
    }
}

fn changes_access(operation: &str) -> bool {
    matches!(operation, "add_access" | "edit_access" | "remove_access")
}

/// The code of something that another one has.
fn of_taken(refusal: &Refusal, operation: &str) -> u32 {
    match (operation, refusal) {
        ("create_account", Refusal::NameTaken(_)) => 61002,
        ("update_account", Refusal::NameTaken(_)) => 61102,
        ("create_account", Refusal::DuplicateId(_)) => 61020,
        ("create_account", Refusal::DuplicateReference) => 61005,
        ("update_account", Refusal::DuplicateReference) => 61107,
        ("create_transfer", Refusal::DuplicateReference) => 63660,
        ("close_account", Refusal::DuplicateReference) => 65903,
        (_, Refusal::DuplicateOwner) => 108_207,
        _ => code::INVALID,
    }
}

/// The code of an account whose state, lock or flags stop the call.
fn of_state(refusal: &Refusal, operation: &str) -> u32 {
    let moves_money = matches!(operation, "create_transfer" | "close_account");
    match (operation, refusal) {
        ("update_account", Refusal::AccountState(_)) => 61111,
        ("lock_account" | "unlock_account", Refusal::AccountState(_)) => 61205,
        ("lock_account", Refusal::LockKept) => 61206,
        ("lock_account", Refusal::AccountLocked) => 61208,
        ("unlock_account", Refusal::LockKept) => 61302,
        ("unlock_account", Refusal::AccountLocked) => 61303,
        ("close_account", Refusal::AccountState(Lifecycle::Closed | Lifecycle::Closing)) => 65914,
        (_, Refusal::AccountState(Lifecycle::Closed | Lifecycle::Closing)) if moves_money => 63602,
        (_, Refusal::AccountState(_)) if moves_money => 63611,
        (_, Refusal::AccountLocked | Refusal::AccountBlocked) if moves_money => 63613,
        (
            _,
            Refusal::CreditsOff
            | Refusal::DebitsOff
            | Refusal::PermissionWithheld { .. }
            | Refusal::NeedsApproval
            | Refusal::NotAnOperator,
        ) if moves_money => 63664,
        ("create_account", Refusal::ProfileState(_) | Refusal::ProfileBlocked) => 61014,
        ("create_account", Refusal::TooMany { .. }) => 61013,
        ("create_account", Refusal::GroupDisabled | Refusal::GroupWithoutCurrency { .. }) => 61004,
        (operation, Refusal::ProfileState(_) | Refusal::ProfileBlocked) if changes_access(operation) => 108_207,
        ("create_transfer", Refusal::SameAccount { .. }) => 63610,
        ("close_account", Refusal::SameAccount { .. }) => 65907,
        ("create_transfer", Refusal::QuoteMissing { .. } | Refusal::QuoteStale { .. }) => 63610,
        ("close_account", Refusal::QuoteMissing { .. } | Refusal::QuoteStale { .. }) => 65902,
        ("close_account", Refusal::Permanent(_)) => 65910,
        ("create_transfer", Refusal::ExternalState(_)) => 63603,
        ("close_account", Refusal::ExternalState(_)) => 65902,
        ("create_account" | "update_account", Refusal::ExternalState(_)) => 61009,
        ("create_account" | "update_account", Refusal::ContributionsOff) => 61006,
        _ => code::INVALID,
    }
}

/// The code of something that is left.
fn of_remainder(remainder: Remainder, operation: &str) -> u32 {
    match (operation, remainder) {
        ("place_hold", Remainder::Holds) => 61405,
        ("close_account", Remainder::Balance) => 65909,
        ("close_account", _) => 65908,
        _ => code::INVALID,
    }
}

/// The status and code of something that does not exist.
fn of_missing(noun: Noun, field: Option<&Field>, operation: &str) -> (StatusCode, u32) {
    let bad = StatusCode::BAD_REQUEST;
    match (operation, noun, field) {
        ("create_transfer", Noun::Account | Noun::ExternalAccount, Some(Field::FromAccount)) => (bad, 63601),
        ("create_transfer", Noun::Account | Noun::ExternalAccount, Some(Field::ToAccount)) => (bad, 63610),
        ("close_account", Noun::Account, Some(Field::SweepTo)) => (bad, 65902),
        ("close_account", Noun::ExternalAccount, _) => (bad, 65902),
        ("create_account" | "update_account", Noun::ExternalAccount, _) => (bad, 61009),
        ("create_account", Noun::Group, _) => (bad, 61004),
        (_, Noun::Owner, _) => (bad, 108_207),
        _ => (StatusCode::NOT_FOUND, code::UNKNOWN_ID),
    }
}

fn of_refusal(refusal: &Refusal, operation: &str) -> (StatusCode, u32) {
    let bad = |code| (StatusCode::BAD_REQUEST, code);
    match refusal {
        Refusal::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED),
        Refusal::AddressNotAllowed | Refusal::EndUserToken | Refusal::Forbidden { .. } | Refusal::LimitedByTags => {
            (StatusCode::FORBIDDEN, code::FORBIDDEN)
        }
        Refusal::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, code::THROTTLED),
        Refusal::ShuttingDown | Refusal::Busy { .. } | Refusal::ClockLeapt | Refusal::StorageUnavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE)
        }
        Refusal::Internal => (StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL),
        Refusal::IdempotencyConflict => (StatusCode::CONFLICT, code::KEY_USED),
        Refusal::NotFound { noun, field } => of_missing(*noun, field.as_ref(), operation),
        Refusal::InsufficientFunds { .. } => bad(code::INSUFFICIENT),
        Refusal::OwnerAccess if matches!(operation, "create_transfer" | "void_transfer") => bad(63664),
        Refusal::OwnerAccess => bad(code::NEEDS_FULL),
        Refusal::OwnerNotPrimary => bad(code::NOT_PRIMARY),
        Refusal::OwnAccess => bad(code::OWN_ACCESS),
        Refusal::LastOwner => bad(code::PRIMARY_KEEPS_FULL),
        Refusal::InvalidField { field: Field::Access, .. } if changes_access(operation) => {
            bad(code::PRIMARY_KEEPS_FULL)
        }
        Refusal::Required { field } => bad(of_member(operation, &spell(field, operation), Fault::Missing)),
        Refusal::InvalidField { field, .. } | Refusal::UnknownCurrency { field } | Refusal::Immutable { field } => {
            bad(of_member(operation, &spell(field, operation), Fault::Invalid))
        }
        Refusal::OutOfRange { field, .. } => bad(of_member(operation, &spell(field, operation), Fault::OutOfRange)),
        Refusal::DuplicateId(_)
        | Refusal::DuplicateEmail
        | Refusal::DuplicateName
        | Refusal::NameTaken(_)
        | Refusal::DuplicateReference
        | Refusal::DuplicateOwner
        | Refusal::DuplicateAlias => bad(of_taken(refusal, operation)),
        Refusal::NotEmpty(remainder) => bad(of_remainder(*remainder, operation)),
        Refusal::BalanceLeft { .. } => bad(of_remainder(Remainder::Balance, operation)),
        Refusal::InOperation { refusal, .. } => of_refusal(refusal, operation),
        other => bad(of_state(other, operation)),
    }
}
