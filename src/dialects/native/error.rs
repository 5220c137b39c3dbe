//! Renders rejections in the native error envelope. The only place that maps them to an HTTP status and a google.rpc
//! code.

use super::names::spell;
use crate::dialects::kit::{Rejection, Reply, ReplyContext, state_refusals};
use crate::domain::refusal::{Credentials, Refusal};
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// An error: a google.rpc code, a message for people, and details for programs.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorView {
    /// The number of a google.rpc.Code.
    #[schema(example = 9)]
    code: u8,
    /// For people; the wording may change. Programs use `reason`.
    #[schema(example = "only 87.49 EUR available")]
    message: String,
    /// A google.rpc ErrorInfo with the reason, and a RequestInfo.
    details: Vec<Detail>,
}

/// One detail of an error.
#[derive(Serialize, ToSchema)]
#[schema(as = ErrorDetail)]
pub(super) struct Detail {
    /// The type of the detail, as a URL.
    #[serde(rename = "@type")]
    kind: &'static str,
    /// A stable identifier of the error, such as INSUFFICIENT_FUNDS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<&'static str>,
    /// The origin of `reason`: always `bursar`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    domain: Option<&'static str>,
    /// Present if there is more to say about the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    metadata: Option<Metadata>,
    /// The request id, as in the server's log.
    #[serde(rename = "requestId", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    request_id: Option<String>,
}

/// Facts about the reason.
#[derive(Serialize, ToSchema)]
#[schema(as = ErrorMetadata)]
pub(super) struct Metadata {
    /// The field at fault, if you sent it or must send it.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The oldest event still available, if older ones were requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    oldest: Option<String>,
}

impl ErrorView {
    /// Names the field at fault only if the caller sent it or must send it.
    pub(super) fn of(rejection: &Rejection, was_sent: &dyn Fn(&str) -> bool) -> ErrorView {
        let (field, message) = field_and_message(rejection, was_sent);
        let oldest = match rejection {
            Rejection::Refused(Refusal::EventsPruned { oldest }) => Some(oldest.to_string()),
            _ => None,
        };
        let has_metadata = field.is_some() || oldest.is_some();
        let info = Detail {
            kind: "type.googleapis.com/google.rpc.ErrorInfo",
            reason: Some(rejection.reason()),
            domain: Some("bursar"),
            metadata: has_metadata.then_some(Metadata { field, oldest }),
            request_id: None,
        };
        ErrorView { code: status_and_code(rejection).1, message, details: vec![info] }
    }
}

pub(super) fn reply(rejection: &Rejection, context: &ReplyContext) -> Reply {
    let (status, _) = status_and_code(rejection);
    let mut view = ErrorView::of(rejection, &|name| context.was_sent(name));
    view.details.push(Detail {
        kind: "type.googleapis.com/google.rpc.RequestInfo",
        reason: None,
        domain: None,
        metadata: None,
        request_id: Some(context.request.to_string()),
    });
    Reply::whole(status, "application/json", serde_json::to_vec(&view).unwrap_or_default())
}

/// The field that a rejection names, and its message, which starts with the field unless it stands alone.
fn field_and_message(rejection: &Rejection, was_sent: &dyn Fn(&str) -> bool) -> (Option<String>, String) {
    match rejection {
        Rejection::InvalidField { name, .. } | Rejection::OutOfRange { name, .. } => {
            (Some(name.clone()), rejection.to_string())
        }
        Rejection::WrongContentEncoding => (Some("Content-Encoding".to_owned()), rejection.to_string()),
        Rejection::Refused(Refusal::InOperation { index, refusal }) => {
            operation_field_and_message(*index, &Rejection::from((**refusal).clone()), was_sent)
        }
        Rejection::InOperation { index, rejection } => operation_field_and_message(*index, rejection, was_sent),
        Rejection::Refused(refusal) => refusal_field_and_message(refusal, was_sent),
        Rejection::MalformedRequest
        | Rejection::HeadTimeout
        | Rejection::HeadersTooLarge { .. }
        | Rejection::UnknownRoute
        | Rejection::WrongMethod { .. }
        | Rejection::BodyTimeout
        | Rejection::BodyTooLarge { .. }
        | Rejection::WrongContentType
        | Rejection::MalformedBody { .. }
        | Rejection::OfDialect { .. } => (None, rejection.to_string()),
    }
}

fn operation_field_and_message(
    index: usize,
    inner: &Rejection,
    was_sent: &dyn Fn(&str) -> bool,
) -> (Option<String>, String) {
    let operation = format!("operations[{index}]");
    let (field, message) = field_and_message(inner, &|name| was_sent(&format!("{operation}.{name}")));
    let field = field.map_or_else(|| operation.clone(), |field| format!("{operation}.{field}"));
    (Some(field), format!("{operation}: {message}"))
}

fn refusal_field_and_message(refusal: &Refusal, was_sent: &dyn Fn(&str) -> bool) -> (Option<String>, String) {
    let sentence = match refusal {
        Refusal::Unauthenticated(Credentials::Missing) => "send a token: Authorization: Bearer <token>".to_owned(),
        Refusal::IdempotencyConflict => "this Idempotency-Key was used for another request; use a new key".to_owned(),
        other => other.to_string(),
    };
    let Some(field) = refusal.field() else { return (None, sentence) };
    let (name, is_sent) = spell(&field, was_sent);
    let is_named = match refusal {
        // The caller must send these fields. A version not in the body was in `If-Match`.
        Refusal::Required { .. } | Refusal::EventsPruned { .. } | Refusal::VersionMismatch { .. } => true,
        _ => is_sent,
    };
    let named = is_named.then_some(name);
    let message = match &named {
        _ if refusal.stands_alone() => sentence,
        Some(name) => format!("{name}: {sentence}"),
        None => format!("{field}: {sentence}"),
    };
    (named, message)
}

/// Numbers of google.rpc.Code (google/rpc/code.proto).
mod code {
    pub(super) const INVALID_ARGUMENT: u8 = 3;
    pub(super) const NOT_FOUND: u8 = 5;
    pub(super) const ALREADY_EXISTS: u8 = 6;
    pub(super) const PERMISSION_DENIED: u8 = 7;
    pub(super) const RESOURCE_EXHAUSTED: u8 = 8;
    pub(super) const FAILED_PRECONDITION: u8 = 9;
    pub(super) const ABORTED: u8 = 10;
    pub(super) const OUT_OF_RANGE: u8 = 11;
    pub(super) const UNIMPLEMENTED: u8 = 12;
    pub(super) const INTERNAL: u8 = 13;
    pub(super) const UNAVAILABLE: u8 = 14;
    pub(super) const UNAUTHENTICATED: u8 = 16;
}

fn status_and_code(rejection: &Rejection) -> (StatusCode, u8) {
    match rejection {
        Rejection::Refused(refusal) => status_and_code_of(refusal),
        Rejection::InOperation { rejection, .. } => status_and_code(rejection),
        Rejection::HeadersTooLarge { .. } => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, code::INVALID_ARGUMENT),
        Rejection::UnknownRoute => (StatusCode::NOT_FOUND, code::NOT_FOUND),
        Rejection::WrongMethod { .. } => (StatusCode::METHOD_NOT_ALLOWED, code::UNIMPLEMENTED),
        Rejection::HeadTimeout | Rejection::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, code::INVALID_ARGUMENT),
        Rejection::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, code::INVALID_ARGUMENT),
        Rejection::WrongContentEncoding | Rejection::WrongContentType => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, code::INVALID_ARGUMENT)
        }
        Rejection::MalformedRequest
        | Rejection::MalformedBody { .. }
        | Rejection::InvalidField { .. }
        | Rejection::OfDialect { .. } => (StatusCode::BAD_REQUEST, code::INVALID_ARGUMENT),
        Rejection::OutOfRange { .. } => (StatusCode::BAD_REQUEST, code::OUT_OF_RANGE),
    }
}

fn status_and_code_of(refusal: &Refusal) -> (StatusCode, u8) {
    match refusal {
        Refusal::AddressNotAllowed | Refusal::EndUserToken | Refusal::Forbidden { .. } | Refusal::LimitedByTags => {
            (StatusCode::FORBIDDEN, code::PERMISSION_DENIED)
        }
        Refusal::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, code::RESOURCE_EXHAUSTED),
        Refusal::NotFound { .. } => (StatusCode::NOT_FOUND, code::NOT_FOUND),
        Refusal::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED),
        Refusal::Required { .. }
        | Refusal::InvalidField { .. }
        | Refusal::UnknownCurrency { .. }
        | Refusal::Immutable { .. } => (StatusCode::BAD_REQUEST, code::INVALID_ARGUMENT),
        Refusal::OutOfRange { .. } | Refusal::BalanceOverflow => (StatusCode::BAD_REQUEST, code::OUT_OF_RANGE),
        Refusal::EventsPruned { .. } => (StatusCode::GONE, code::OUT_OF_RANGE),
        Refusal::IdempotencyConflict
        | Refusal::DuplicateId(_)
        | Refusal::DuplicateEmail
        | Refusal::DuplicateName
        | Refusal::DuplicateReference
        | Refusal::DuplicateOwner
        | Refusal::DuplicateAlias
        | Refusal::NameTaken(_) => (StatusCode::CONFLICT, code::ALREADY_EXISTS),
        Refusal::VersionMismatch { .. } | Refusal::RequestOutdated => (StatusCode::CONFLICT, code::ABORTED),
        state_refusals!()
        | Refusal::SameAccount { .. }
        | Refusal::ParentArchived
        | Refusal::ParentCurrencyDiffers
        | Refusal::AccountState(_)
        | Refusal::AccountLocked
        | Refusal::AccountBlocked
        | Refusal::LockKept
        | Refusal::CreditsOff
        | Refusal::DebitsOff
        | Refusal::PermissionWithheld { .. }
        | Refusal::AccountKind { .. }
        | Refusal::QuoteMissing { .. }
        | Refusal::QuoteStale { .. }
        | Refusal::InsufficientFunds { .. }
        | Refusal::BalanceLeft { .. }
        | Refusal::NotEmpty(_) => (StatusCode::BAD_REQUEST, code::FAILED_PRECONDITION),
        Refusal::ShuttingDown | Refusal::Busy { .. } | Refusal::ClockLeapt | Refusal::StorageUnavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE)
        }
        Refusal::Internal => (StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL),
        Refusal::InOperation { refusal, .. } => status_and_code_of(refusal),
    }
}
