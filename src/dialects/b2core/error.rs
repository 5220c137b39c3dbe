//! Renders rejections in B2Core's envelope and maps each to its status and code.

use super::names::spell;
use crate::dialects::kit::{Rejection, Reply, ReplyContext, state_refusals};
use crate::domain::accounts::Lifecycle;
use crate::domain::reference::GroupKind;
use crate::domain::refusal::{Noun, Refusal, Remainder};
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// The body of every refusal.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorView {
    /// Stable, so programs can rely on it.
    #[schema(example = "validation_failed")]
    code: &'static str,
    /// For people; the wording may change.
    #[schema(example = "limit: 1 to 500")]
    message: String,
    /// The invalid fields; only with `validation_failed`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// What is wrong with a field.
#[derive(Serialize, ToSchema)]
pub(super) struct FieldError {
    #[schema(example = "limit")]
    field: String,
    #[schema(example = "1 to 500")]
    message: String,
}

/// The code of errors that concern a field.
const INVALID: &str = "validation_failed";

/// Renders a rejection. Names a field of the core only if the caller sent it or must send it.
pub(super) fn reply(rejection: &Rejection, context: &ReplyContext) -> Reply {
    let (status, code) = status_and_code(rejection);
    let error = match rejection {
        Rejection::InvalidField { name, reason } | Rejection::OutOfRange { name, reason } => {
            Some(FieldError { field: name.clone(), message: reason.clone() })
        }
        Rejection::Refused(refusal) if code == INVALID => field_error(refusal, context),
        _ => None,
    };
    let message = match (&error, rejection) {
        (Some(FieldError { field, message }), _) => format!("{field}: {message}"),
        (None, Rejection::Refused(refusal)) => sentence(refusal),
        (None, rejection) => rejection.to_string(),
    };
    answer(status, code, message, error.into_iter().collect())
}

fn answer(status: StatusCode, code: &'static str, message: String, errors: Vec<FieldError>) -> Reply {
    let view = ErrorView { code, message, errors };
    Reply::whole(status, "application/json", serde_json::to_vec(&view).unwrap_or_default())
}

/// The answer to writes of what is configured elsewhere.
pub(super) fn read_only() -> Reply {
    let message = "platforms, products and currencies are reference data, which the broker configures";
    answer(StatusCode::FORBIDDEN, "read_only", message.into(), Vec::new())
}

/// The answer about something of the reference data that is not there.
pub(super) fn unknown(noun: &str) -> Reply {
    answer(StatusCode::NOT_FOUND, "not_found", format!("no such {noun}"), Vec::new())
}

fn field_error(refusal: &Refusal, context: &ReplyContext) -> Option<FieldError> {
    let name = spell(&refusal.field()?)?;
    let is_required = matches!(refusal, Refusal::Required { .. });
    (is_required || context.was_sent(name)).then(|| FieldError { field: name.into(), message: refusal.to_string() })
}

fn sentence(refusal: &Refusal) -> String {
    match (refusal, refusal.field()) {
        (Refusal::NotFound { noun: Noun::Profile, .. }, _) => "no such client".into(),
        (Refusal::DuplicateEmail, _) => "email: another client has this address".into(),
        (Refusal::NeedsApproval, _) => "a second operator must approve it: request it in the native API".into(),
        (Refusal::NotEmpty(Remainder::Accounts), _) => {
            "the client still has accounts: archive them, wallets in the native API".into()
        }
        (Refusal::CreditsOff, _) => "the account lacks the permission deposit".into(),
        (Refusal::DebitsOff, _) => "the account lacks the permission withdrawal".into(),
        // Of what this API writes, only the numbers of accounts can be taken so.
        (Refusal::DuplicateReference, _) => format!("accountNumber: {refusal}"),
        (Refusal::NotFound { .. }, _) | (_, None) => refusal.to_string(),
        (other, Some(_)) if other.stands_alone() => other.to_string(),
        (other, Some(field)) => format!("{field}: {other}"),
    }
}

fn status_and_code(rejection: &Rejection) -> (StatusCode, &'static str) {
    match rejection {
        Rejection::Refused(refusal) => status_and_code_of(refusal),
        Rejection::InOperation { rejection, .. } => status_and_code(rejection),
        Rejection::UnknownRoute => (StatusCode::NOT_FOUND, "not_found"),
        Rejection::WrongMethod { .. } => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        Rejection::HeadersTooLarge { .. } => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, INVALID),
        Rejection::HeadTimeout | Rejection::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, INVALID),
        Rejection::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, INVALID),
        Rejection::WrongContentEncoding | Rejection::WrongContentType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, INVALID),
        Rejection::MalformedRequest
        | Rejection::MalformedBody { .. }
        | Rejection::InvalidField { .. }
        | Rejection::OutOfRange { .. }
        | Rejection::OfDialect { .. } => (StatusCode::BAD_REQUEST, INVALID),
    }
}

fn status_and_code_of(refusal: &Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::AddressNotAllowed => (StatusCode::FORBIDDEN, "ip_not_allowed"),
        Refusal::EndUserToken | Refusal::Forbidden { .. } | Refusal::LimitedByTags => {
            (StatusCode::FORBIDDEN, "forbidden")
        }
        Refusal::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
        Refusal::NotFound { .. } => (StatusCode::NOT_FOUND, "not_found"),
        Refusal::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
        Refusal::Required { .. }
        | Refusal::InvalidField { .. }
        | Refusal::OutOfRange { .. }
        | Refusal::BalanceOverflow
        | Refusal::UnknownCurrency { .. }
        | Refusal::Immutable { .. }
        | Refusal::SameAccount { .. } => (StatusCode::BAD_REQUEST, INVALID),
        Refusal::EventsPruned { .. } => (StatusCode::GONE, INVALID),
        Refusal::IdempotencyConflict => (StatusCode::CONFLICT, "idempotency_conflict"),
        Refusal::AccountState(Lifecycle::Closed) => (StatusCode::CONFLICT, "account_archived"),
        Refusal::AccountState(Lifecycle::Closing) => (StatusCode::CONFLICT, "account_closing"),
        Refusal::AccountLocked | Refusal::AccountBlocked | Refusal::LockKept => {
            (StatusCode::CONFLICT, "account_locked")
        }
        Refusal::AccountKind { needed: GroupKind::Wallet } => (StatusCode::BAD_REQUEST, "not_a_wallet"),
        Refusal::AccountKind { needed: GroupKind::Trading } => (StatusCode::BAD_REQUEST, "not_a_trading_account"),
        Refusal::CreditsOff | Refusal::DebitsOff | Refusal::PermissionWithheld { .. } => {
            (StatusCode::FORBIDDEN, "operation_not_permitted")
        }
        Refusal::InsufficientFunds { .. } => (StatusCode::BAD_REQUEST, "insufficient_funds"),
        Refusal::BalanceLeft { .. } | Refusal::NotEmpty(Remainder::Balance) => {
            (StatusCode::BAD_REQUEST, "balance_not_zero")
        }
        Refusal::NotEmpty(Remainder::Holds | Remainder::Pending | Remainder::Positions | Remainder::Orders) => {
            (StatusCode::BAD_REQUEST, "account_in_use")
        }
        Refusal::DuplicateId(_)
        | Refusal::DuplicateEmail
        | Refusal::DuplicateName
        | Refusal::DuplicateReference
        | Refusal::DuplicateOwner
        | Refusal::DuplicateAlias
        | Refusal::NameTaken(_)
        | Refusal::ParentArchived
        | Refusal::ParentCurrencyDiffers
        | Refusal::VersionMismatch { .. }
        | Refusal::RequestOutdated
        | Refusal::QuoteMissing { .. }
        | Refusal::QuoteStale { .. }
        | state_refusals!()
        | Refusal::AccountState(_)
        | Refusal::NotEmpty(Remainder::Accounts | Remainder::Children) => (StatusCode::CONFLICT, "conflict"),
        Refusal::ShuttingDown | Refusal::Busy { .. } | Refusal::ClockLeapt | Refusal::StorageUnavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        }
        Refusal::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        Refusal::InOperation { refusal, .. } => status_and_code_of(refusal),
    }
}
