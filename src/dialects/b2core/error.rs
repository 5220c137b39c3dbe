//! Renders rejections in B2Core's envelope and maps each to its status and code.

use crate::dialects::kit::{Rejection, Reply, ReplyContext, state_refusals};
use crate::domain::accounts::Lifecycle;
use crate::domain::refusal::{Refusal, Remainder};
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

/// Renders a rejection. The requests of the mounted routes have no fields of the core, so only names that the dialect
/// itself reads can be at fault.
pub(super) fn reply(rejection: &Rejection, _context: &ReplyContext) -> Reply {
    let (status, code) = status_and_code(rejection);
    let errors = match rejection {
        Rejection::InvalidField { name, reason } | Rejection::OutOfRange { name, reason } => {
            vec![FieldError { field: name.clone(), message: reason.clone() }]
        }
        _ => Vec::new(),
    };
    let view = ErrorView { code, message: rejection.to_string(), errors };
    Reply::whole(status, "application/json", serde_json::to_vec(&view).unwrap_or_default())
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
        | Rejection::OutOfRange { .. } => (StatusCode::BAD_REQUEST, INVALID),
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
        Refusal::AccountLocked | Refusal::LockKept => (StatusCode::CONFLICT, "account_locked"),
        Refusal::CreditsOff | Refusal::DebitsOff => (StatusCode::FORBIDDEN, "operation_not_permitted"),
        Refusal::InsufficientFunds { .. } => (StatusCode::BAD_REQUEST, "insufficient_funds"),
        Refusal::NotEmpty(Remainder::Balance) => (StatusCode::BAD_REQUEST, "balance_not_zero"),
        Refusal::NotEmpty(Remainder::Holds | Remainder::Pending | Remainder::Positions | Remainder::Orders) => {
            (StatusCode::BAD_REQUEST, "account_in_use")
        }
        Refusal::DuplicateId(_)
        | Refusal::DuplicateEmail
        | Refusal::DuplicateName
        | Refusal::DuplicateReference
        | Refusal::DuplicateOwner
        | Refusal::DuplicateAlias
        | Refusal::VersionMismatch { .. }
        | Refusal::RequestOutdated
        | Refusal::QuoteMissing { .. }
        | Refusal::QuoteStale { .. }
        | state_refusals!()
        | Refusal::AccountState(_)
        | Refusal::NotEmpty(Remainder::Accounts) => (StatusCode::CONFLICT, "conflict"),
        Refusal::ShuttingDown | Refusal::Busy { .. } | Refusal::ClockLeapt | Refusal::StorageUnavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        }
        Refusal::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        Refusal::InOperation { refusal, .. } => status_and_code_of(refusal),
    }
}
