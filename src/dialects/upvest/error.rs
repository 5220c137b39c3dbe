//! Renders rejections as problem documents, and maps each to its status and slug.

use super::access::NOT_ACCEPTABLE;
use crate::dialects::kit::{REQUIRED, Rejection, Reply, ReplyContext, state_refusals};
use crate::domain::refusal::{Field, Refusal};
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// A problem document (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorView {
    /// The kind of problem; programs can rely on it.
    #[serde(rename = "type")]
    #[schema(example = "https://docs.upvest.co/errors/conflict")]
    kind: String,
    #[schema(example = 409)]
    status: u16,
    #[schema(example = "Conflict")]
    title: &'static str,
    /// For people; the wording may change.
    #[schema(example = "the account is closing")]
    detail: String,
    /// This one problem.
    #[schema(example = "urn:uuid:0198c1f0-0000-7000-8000-000000000000")]
    instance: String,
    /// Also in `upvest-request-id`.
    request_id: String,
}

/// The header of the idempotency key.
pub(super) const KEY: &str = "idempotency-key";

pub(super) fn reply(rejection: &Rejection, context: &ReplyContext) -> Reply {
    let (status, slug) = status_and_slug(rejection);
    let view = ErrorView {
        kind: format!("https://docs.upvest.co/errors/{slug}"),
        status: status.as_u16(),
        title: status.canonical_reason().unwrap_or("Error"),
        detail: detail(rejection),
        instance: format!("urn:uuid:{}", context.request),
        request_id: context.request.to_string(),
    };
    Reply::whole(status, "application/problem+json", serde_json::to_vec(&view).unwrap_or_default())
}

fn detail(rejection: &Rejection) -> String {
    match rejection {
        Rejection::Refused(refusal) => match refusal.field().filter(|_| !refusal.stands_alone()) {
            Some(field) => format!("{}: {refusal}", spell(&field)),
            None => refusal.to_string(),
        },
        other => other.to_string(),
    }
}

/// The name of a field of the core. Those that no request has are named in plain words.
fn spell(field: &Field) -> String {
    let name = match field {
        Field::Profile => "user_id",
        Field::Portfolio => "account_group_id",
        Field::Account => "account_id",
        Field::Name => "name",
        Field::FirstName => "first_name",
        Field::LastName => "last_name",
        Field::BirthDate => "birth_date",
        Field::Email => "email",
        Field::Phone => "phone_number",
        Field::Address => "address.address_line1",
        Field::ZipCode => "address.postcode",
        Field::City => "address.city",
        Field::State => "address.state",
        Field::Country => "address.country",
        other => return other.to_string(),
    };
    name.to_owned()
}

const BAD_REQUEST: &str = "bad_request";
const CONFLICT: &str = "conflict";

fn status_and_slug(rejection: &Rejection) -> (StatusCode, &'static str) {
    match rejection {
        Rejection::Refused(refusal) => status_and_slug_of(refusal),
        Rejection::InOperation { rejection, .. } => status_and_slug(rejection),
        Rejection::UnknownRoute => (StatusCode::NOT_FOUND, "not_found"),
        Rejection::WrongMethod { .. } => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        Rejection::InvalidField { name, reason } if name == KEY && reason == REQUIRED => {
            (StatusCode::BAD_REQUEST, "missing_idempotency_key")
        }
        Rejection::OfDialect { rule: NOT_ACCEPTABLE, .. } => (StatusCode::NOT_ACCEPTABLE, "not_acceptable"),
        Rejection::HeadersTooLarge { .. } => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, BAD_REQUEST),
        Rejection::HeadTimeout | Rejection::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, BAD_REQUEST),
        Rejection::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, BAD_REQUEST),
        Rejection::WrongContentEncoding | Rejection::WrongContentType => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, BAD_REQUEST)
        }
        Rejection::MalformedRequest
        | Rejection::MalformedBody { .. }
        | Rejection::InvalidField { .. }
        | Rejection::OutOfRange { .. }
        | Rejection::OfDialect { .. } => (StatusCode::BAD_REQUEST, BAD_REQUEST),
    }
}

fn status_and_slug_of(refusal: &Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::AddressNotAllowed | Refusal::EndUserToken | Refusal::Forbidden { .. } | Refusal::LimitedByTags => {
            (StatusCode::FORBIDDEN, "forbidden")
        }
        Refusal::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
        Refusal::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "unauthorised"),
        Refusal::NotFound { .. } => (StatusCode::NOT_FOUND, "not_found"),
        Refusal::EventsPruned { .. } => (StatusCode::GONE, "not_found"),
        Refusal::Required { .. }
        | Refusal::InvalidField { .. }
        | Refusal::OutOfRange { .. }
        | Refusal::UnknownCurrency { .. }
        | Refusal::SameAccount { .. }
        | Refusal::BalanceOverflow => (StatusCode::BAD_REQUEST, BAD_REQUEST),
        Refusal::IdempotencyConflict
        | Refusal::Immutable { .. }
        | Refusal::DuplicateId(_)
        | Refusal::DuplicateEmail
        | Refusal::DuplicateName
        | Refusal::DuplicateReference
        | Refusal::DuplicateOwner
        | Refusal::DuplicateAlias
        | Refusal::NameTaken(_)
        | Refusal::VersionMismatch { .. }
        | Refusal::RequestOutdated
        | Refusal::ParentArchived
        | Refusal::ParentCurrencyDiffers
        | Refusal::NotEmpty(_)
        | Refusal::BalanceLeft { .. }
        | state_refusals!()
        | Refusal::AccountState(_)
        | Refusal::AccountKind { .. }
        | Refusal::PermissionWithheld { .. }
        | Refusal::AccountLocked
        | Refusal::AccountBlocked
        | Refusal::LockKept
        | Refusal::CreditsOff
        | Refusal::DebitsOff
        | Refusal::QuoteMissing { .. }
        | Refusal::QuoteStale { .. }
        | Refusal::InsufficientFunds { .. } => (StatusCode::CONFLICT, CONFLICT),
        Refusal::ShuttingDown | Refusal::Busy { .. } | Refusal::ClockLeapt | Refusal::StorageUnavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable")
        }
        Refusal::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        Refusal::InOperation { refusal, .. } => status_and_slug_of(refusal),
    }
}
