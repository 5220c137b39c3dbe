//! Refusals in the native envelope: the one place that says which status and code each of them has here.

use crate::dialects::kit::{Reply, ReplyContext};
use crate::domain::refusal::{Noun, Refusal};
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// An error: a google.rpc code, a sentence, and details that say more.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorView {
    /// google.rpc code.
    #[schema(example = 9)]
    code: u8,
    /// What is wrong, in a sentence.
    #[schema(example = "only 87.49 EUR available")]
    message: String,
    /// google.rpc details: an ErrorInfo with the stable reason, and a RequestInfo.
    details: Vec<Detail>,
}

/// One detail of an error.
#[derive(Serialize, ToSchema)]
#[schema(as = ErrorDetail)]
pub(super) struct Detail {
    /// Its type.
    #[serde(rename = "@type")]
    kind: &'static str,
    /// The stable name of the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Who speaks: `bursar`.
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'static str>,
    /// The field that is wrong, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
    /// The request, as in the log.
    #[serde(rename = "requestId", skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// More about a reason.
#[derive(Serialize, ToSchema)]
#[schema(as = ErrorMetadata)]
pub(super) struct Metadata {
    /// The field that is wrong.
    field: String,
    /// The oldest event that is kept, where older ones were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest: Option<String>,
}

impl From<&Refusal> for ErrorView {
    fn from(refusal: &Refusal) -> Self {
        let oldest = match refusal {
            Refusal::EventsPruned { oldest } => Some(oldest.to_string()),
            _ => None,
        };
        let info = Detail {
            kind: "type.googleapis.com/google.rpc.ErrorInfo",
            reason: Some(refusal.reason()),
            domain: Some("bursar"),
            metadata: field(refusal).map(|field| Metadata { field, oldest }),
            request_id: None,
        };
        ErrorView { code: status_and_code(refusal).1, message: refusal.to_string(), details: vec![info] }
    }
}

/// A refusal as a reply.
pub(super) fn reply(refusal: &Refusal, context: &ReplyContext) -> Reply {
    let (status, _) = status_and_code(refusal);
    let mut view = ErrorView::from(refusal);
    view.details.push(Detail {
        kind: "type.googleapis.com/google.rpc.RequestInfo",
        reason: None,
        domain: None,
        metadata: None,
        request_id: Some(context.request.to_string()),
    });
    Reply::whole(status, "application/json", serde_json::to_vec(&view).unwrap_or_default())
}

fn status_and_code(refusal: &Refusal) -> (StatusCode, u8) {
    const INVALID_ARGUMENT: u8 = 3;
    const NOT_FOUND: u8 = 5;
    const ALREADY_EXISTS: u8 = 6;
    const PERMISSION_DENIED: u8 = 7;
    const RESOURCE_EXHAUSTED: u8 = 8;
    const FAILED_PRECONDITION: u8 = 9;
    const ABORTED: u8 = 10;
    const OUT_OF_RANGE: u8 = 11;
    const UNIMPLEMENTED: u8 = 12;
    const INTERNAL: u8 = 13;
    const UNAVAILABLE: u8 = 14;
    const UNAUTHENTICATED: u8 = 16;
    match refusal {
        Refusal::AddressNotAllowed | Refusal::EndUserToken | Refusal::Forbidden { .. } | Refusal::LimitedByTags => {
            (StatusCode::FORBIDDEN, PERMISSION_DENIED)
        }
        Refusal::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, RESOURCE_EXHAUSTED),
        Refusal::UnknownRoute | Refusal::NotFound(_) => (StatusCode::NOT_FOUND, NOT_FOUND),
        Refusal::WrongMethod { .. } => (StatusCode::METHOD_NOT_ALLOWED, UNIMPLEMENTED),
        Refusal::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, UNAUTHENTICATED),
        Refusal::HeadersTooLarge { .. } => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, INVALID_ARGUMENT),
        Refusal::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, INVALID_ARGUMENT),
        Refusal::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, INVALID_ARGUMENT),
        Refusal::WrongContentType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, INVALID_ARGUMENT),
        Refusal::MalformedBody { .. }
        | Refusal::InvalidField { .. }
        | Refusal::UnknownCurrency { .. }
        | Refusal::Immutable { .. } => (StatusCode::BAD_REQUEST, INVALID_ARGUMENT),
        Refusal::OutOfRange { .. } | Refusal::BalanceOverflow => (StatusCode::BAD_REQUEST, OUT_OF_RANGE),
        Refusal::EventsPruned { .. } => (StatusCode::GONE, OUT_OF_RANGE),
        Refusal::IdempotencyConflict
        | Refusal::DuplicateId(_)
        | Refusal::DuplicateEmail
        | Refusal::DuplicateName
        | Refusal::DuplicateReference
        | Refusal::DuplicateOwner
        | Refusal::DuplicateAlias => (StatusCode::CONFLICT, ALREADY_EXISTS),
        Refusal::VersionMismatch { .. } => (StatusCode::CONFLICT, ABORTED),
        Refusal::MovementState { .. }
        | Refusal::AlreadyReversed
        | Refusal::NotReversible
        | Refusal::SameAccount { .. }
        | Refusal::LastOwner
        | Refusal::HeirHidden
        | Refusal::ModesDiffer
        | Refusal::NotASandbox
        | Refusal::NeedsApproval
        | Refusal::OwnRequest
        | Refusal::GroupDisabled
        | Refusal::GroupWithoutCurrency { .. }
        | Refusal::GroupModeDiffers
        | Refusal::ProfileState(_)
        | Refusal::AccountState(_)
        | Refusal::AccountLocked
        | Refusal::LockKept
        | Refusal::CreditsOff
        | Refusal::DebitsOff
        | Refusal::InsufficientFunds { .. }
        | Refusal::NotEmpty(_) => (StatusCode::BAD_REQUEST, FAILED_PRECONDITION),
        Refusal::ShuttingDown | Refusal::Busy { .. } | Refusal::StorageUnavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE)
        }
        Refusal::Internal => (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL),
        Refusal::InOperation { refusal, .. } => status_and_code(refusal),
    }
}

/// The field that a refusal is about, where it is about one.
fn field(refusal: &Refusal) -> Option<String> {
    match refusal {
        Refusal::InvalidField { field, .. }
        | Refusal::OutOfRange { field, .. }
        | Refusal::UnknownCurrency { field }
        | Refusal::Immutable { field }
        | Refusal::SameAccount { field } => Some(field.clone()),
        Refusal::EventsPruned { .. } => Some("after".into()),
        Refusal::NotFound(Noun::Profile | Noun::Owner) | Refusal::DuplicateOwner => Some("profileId".into()),
        Refusal::NotFound(Noun::Account) => Some("accountId".into()),
        Refusal::NotFound(Noun::Payer) => Some("fromAccountId".into()),
        Refusal::NotFound(Noun::Receiver) => Some("toAccountId".into()),
        Refusal::NotFound(Noun::SweepTarget) => Some("sweepToAccountId".into()),
        Refusal::NotFound(Noun::Group) | Refusal::GroupDisabled | Refusal::GroupModeDiffers => Some("groupId".into()),
        Refusal::DuplicateEmail => Some("email".into()),
        Refusal::DuplicateReference => Some("reference".into()),
        Refusal::DuplicateAlias => Some("alias".into()),
        Refusal::DuplicateId(_) => Some("id".into()),
        Refusal::VersionMismatch { .. } => Some("version".into()),
        Refusal::GroupWithoutCurrency { .. } => Some("currency".into()),
        Refusal::InsufficientFunds { .. } | Refusal::BalanceOverflow => Some("amount".into()),
        Refusal::InOperation { index, refusal } => Some(match field(refusal) {
            Some(field) => format!("operations[{index}].{field}"),
            None => format!("operations[{index}]"),
        }),
        _ => None,
    }
}
