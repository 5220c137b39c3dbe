//! Renders rejections in Midaz's envelope, and maps each to its status and code: the only place that does.

use crate::dialects::kit::{REQUIRED, Rejection, Reply, ReplyContext, state_refusals};
use crate::domain::refusal::{Credentials, Field, Noun, Refusal, Remainder};
use actix_web::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The body of every refusal.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorView {
    /// Four digits; programs can rely on them.
    #[schema(example = "0009")]
    code: String,
    #[schema(example = "Missing Fields")]
    title: &'static str,
    /// For people; the wording may change.
    #[schema(example = "Required fields are missing: name.")]
    message: String,
    /// The fields at fault, each with what is wrong or, if it is unknown, with its value; only with 0009, 0047, 0053.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Option<Object>, nullable = false)]
    fields: Map<String, Value>,
}

/// The numbers of rules, which are the codes of their refusals.
pub(super) mod rule {
    pub(in crate::dialects::midaz) const DUPLICATE_LEDGER: u16 = 2;
    pub(in crate::dialects::midaz) const DUPLICATE_INSTRUMENT: u16 = 3;
    pub(in crate::dialects::midaz) const CODE_NOT_UPPER_CASE: u16 = 4;
    pub(in crate::dialects::midaz) const CODE_NOT_ISO: u16 = 5;
    pub(in crate::dialects::midaz) const NOT_FOUND: u16 = 7;
    pub(in crate::dialects::midaz) const NOT_PERMITTED: u16 = 8;
    pub(in crate::dialects::midaz) const MISSING: u16 = 9;
    pub(in crate::dialects::midaz) const BALANCE_REMAINING: u16 = 12;
    pub(in crate::dialects::midaz) const DUPLICATE_PRODUCT: u16 = 15;
    pub(in crate::dialects::midaz) const ALIAS_TAKEN: u16 = 20;
    pub(in crate::dialects::midaz) const PARENT_UNUSABLE: u16 = 29;
    pub(in crate::dialects::midaz) const OTHER_INSTRUMENT: u16 = 30;
    pub(in crate::dialects::midaz) const NO_COUNTRY: u16 = 32;
    pub(in crate::dialects::midaz) const NO_INSTRUMENT: u16 = 34;
    pub(in crate::dialects::midaz) const NO_PRODUCT: u16 = 36;
    pub(in crate::dialects::midaz) const NO_PARENT_ORGANIZATION: u16 = 39;
    pub(in crate::dialects::midaz) const TOKEN_MISSING: u16 = 41;
    pub(in crate::dialects::midaz) const TOKEN_INVALID: u16 = 42;
    pub(in crate::dialects::midaz) const FORBIDDEN: u16 = 43;
    pub(in crate::dialects::midaz) const INTERNAL: u16 = 46;
    pub(in crate::dialects::midaz) const INVALID: u16 = 47;
    pub(in crate::dialects::midaz) const KEY_TOO_LONG: u16 = 50;
    pub(in crate::dialects::midaz) const VALUE_TOO_LONG: u16 = 51;
    pub(in crate::dialects::midaz) const UNEXPECTED: u16 = 53;
    pub(in crate::dialects::midaz) const PATH_ID: u16 = 65;
    pub(in crate::dialects::midaz) const RESERVED_TYPE: u16 = 66;
    pub(in crate::dialects::midaz) const NESTED: u16 = 67;
    pub(in crate::dialects::midaz) const EXTERNAL_ACCOUNT: u16 = 74;
    pub(in crate::dialects::midaz) const PAGE: u16 = 80;
    pub(in crate::dialects::midaz) const QUERY: u16 = 82;
    pub(in crate::dialects::midaz) const IDEMPOTENCY: u16 = 84;
    pub(in crate::dialects::midaz) const UNREADABLE: u16 = 94;
}

/// A rejection by a rule of this dialect that names no members.
pub(super) fn rule_of(rule: u16, message: impl Into<String>) -> Rejection {
    Rejection::OfDialect { rule, message: message.into(), members: Map::new() }
}

fn title(code: u16) -> &'static str {
    match code {
        rule::DUPLICATE_LEDGER => "Duplicate Ledger",
        rule::DUPLICATE_INSTRUMENT => "Duplicate Instrument",
        rule::CODE_NOT_UPPER_CASE => "Code Not In Upper Case",
        rule::CODE_NOT_ISO => "Code Not In ISO 4217",
        rule::NOT_FOUND => "Not Found",
        rule::NOT_PERMITTED => "Action Not Permitted",
        rule::MISSING => "Missing Fields",
        rule::BALANCE_REMAINING => "Balance Remaining",
        rule::DUPLICATE_PRODUCT => "Duplicate Product",
        rule::ALIAS_TAKEN => "Alias Taken",
        rule::PARENT_UNUSABLE => "Parent Account Unusable",
        rule::OTHER_INSTRUMENT => "Other Instrument",
        rule::NO_COUNTRY => "Unknown Country",
        rule::NO_INSTRUMENT => "Instrument Not Found",
        rule::NO_PRODUCT => "Product Not Found",
        rule::NO_PARENT_ORGANIZATION => "Parent Organization Not Found",
        rule::TOKEN_MISSING => "Token Missing",
        rule::TOKEN_INVALID => "Invalid Token",
        rule::FORBIDDEN => "Insufficient Rights",
        rule::INVALID => "Invalid Fields",
        rule::KEY_TOO_LONG => "Metadata Key Too Long",
        rule::VALUE_TOO_LONG => "Metadata Value Too Long",
        rule::UNEXPECTED => "Unexpected Fields",
        rule::PATH_ID => "Invalid Path Parameter",
        rule::RESERVED_TYPE => "Reserved Account Type",
        rule::NESTED => "Nested Metadata",
        rule::EXTERNAL_ACCOUNT => "External Account",
        rule::PAGE => "Invalid Page",
        rule::QUERY => "Invalid Query Parameter",
        rule::IDEMPOTENCY => "Idempotency Key In Use",
        rule::UNREADABLE => "Unreadable Body",
        _ => "Internal Error",
    }
}

/// The names of ids in the paths of the route table, which no body and no query has.
const IN_PATHS: [&str; 6] = ["organization", "ledger", "instrument", "portfolio", "product", "account"];

pub(super) fn reply(rejection: &Rejection, context: &ReplyContext) -> Reply {
    let (status, code) = status_and_code(rejection, context);
    let fields = match code {
        rule::MISSING | rule::INVALID | rule::UNEXPECTED => members(rejection, context),
        _ => Map::new(),
    };
    let title = if status == StatusCode::TOO_MANY_REQUESTS { "Too Many Requests" } else { title(code) };
    let view = ErrorView { code: format!("{code:04}"), title, message: message(rejection, context), fields };
    Reply::whole(status, "application/json", serde_json::to_vec(&view).unwrap_or_default())
}

/// The sentence, after the name of the field that it is about.
fn message(rejection: &Rejection, context: &ReplyContext) -> String {
    match rejection {
        Rejection::Refused(Refusal::NeedsApproval) => {
            "a second operator must approve it: ask for it in the native API".to_owned()
        }
        Rejection::Refused(refusal) if !refusal.stands_alone() => match refusal.field() {
            Some(field) => format!("{}: {refusal}", spell(&field, context)),
            None => refusal.to_string(),
        },
        other => other.to_string(),
    }
}

/// The members at fault.
fn members(rejection: &Rejection, context: &ReplyContext) -> Map<String, Value> {
    match rejection {
        Rejection::OfDialect { members, .. } => members.clone(),
        Rejection::InvalidField { name, reason } | Rejection::OutOfRange { name, reason } => {
            Map::from_iter([(name.clone(), reason.clone().into())])
        }
        Rejection::Refused(refusal) => {
            let name = refusal.field().map(|field| spell(&field, context));
            name.map(|name| (name, refusal.to_string().into())).into_iter().collect()
        }
        Rejection::InOperation { rejection, .. } => members(rejection, context),
        Rejection::MalformedRequest
        | Rejection::HeadTimeout
        | Rejection::HeadersTooLarge { .. }
        | Rejection::UnknownRoute
        | Rejection::WrongMethod { .. }
        | Rejection::BodyTimeout
        | Rejection::BodyTooLarge { .. }
        | Rejection::WrongContentEncoding
        | Rejection::WrongContentType
        | Rejection::MalformedBody { .. } => Map::new(),
    }
}

/// The name of a field of the core. Those that no request has are named in plain words.
fn spell(field: &Field, context: &ReplyContext) -> String {
    let is_organization = context.operation.is_some_and(|operation| operation.ends_with("_organization"));
    let name = match field {
        Field::Name if is_organization => "legalName",
        Field::Name => "name",
        Field::Alias => "alias",
        Field::Status => "status.code",
        Field::StatusDescription => "status.description",
        Field::Category | Field::Kind => "type",
        Field::Currency if context.operation == Some("create_account") => "instrumentCode",
        Field::Currency | Field::Code => "code",
        Field::Metadata => "metadata",
        Field::MetadataValue(key) => return format!("metadata.{key}"),
        Field::Profile => "entityId",
        Field::Group => "productId",
        Field::Amount => "balance",
        Field::LegalDocument => "legalDocument",
        Field::TradingName => "doingBusinessAs",
        Field::AddressLine1 => "address.line1",
        Field::AddressLine2 => "address.line2",
        Field::Neighborhood => "address.neighborhood",
        Field::ZipCode => "address.zipCode",
        Field::City => "address.city",
        Field::State => "address.state",
        Field::Country => "address.country",
        Field::ParentOrganization => "parentOrganizationId",
        Field::ParentAccount => "parentAccountId",
        other => return other.to_string(),
    };
    name.to_owned()
}

fn status_and_code(rejection: &Rejection, context: &ReplyContext) -> (StatusCode, u16) {
    match rejection {
        Rejection::Refused(refusal) => status_and_code_of(refusal),
        Rejection::InOperation { rejection, .. } => status_and_code(rejection, context),
        Rejection::OfDialect { rule, .. } => (StatusCode::BAD_REQUEST, *rule),
        Rejection::InvalidField { name, reason } | Rejection::OutOfRange { name, reason } => {
            (StatusCode::BAD_REQUEST, code_of_field(name, reason, context))
        }
        Rejection::UnknownRoute => (StatusCode::NOT_FOUND, rule::NOT_FOUND),
        Rejection::WrongMethod { .. } => (StatusCode::METHOD_NOT_ALLOWED, rule::NOT_PERMITTED),
        Rejection::HeadersTooLarge { .. } => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, rule::UNREADABLE),
        Rejection::HeadTimeout | Rejection::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, rule::UNREADABLE),
        Rejection::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, rule::UNREADABLE),
        Rejection::WrongContentEncoding | Rejection::WrongContentType => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, rule::UNREADABLE)
        }
        Rejection::MalformedRequest | Rejection::MalformedBody { .. } => (StatusCode::BAD_REQUEST, rule::UNREADABLE),
    }
}

fn code_of_field(name: &str, reason: &str, context: &ReplyContext) -> u16 {
    if ["page", "limit"].contains(&name) && context.operation.is_some_and(|it| it.starts_with("list_")) {
        rule::PAGE
    } else if context.in_query(name) {
        rule::QUERY
    } else if IN_PATHS.contains(&name) {
        rule::PATH_ID
    } else if reason == REQUIRED {
        rule::MISSING
    } else {
        rule::INVALID
    }
}

fn status_and_code_of(refusal: &Refusal) -> (StatusCode, u16) {
    match refusal {
        Refusal::AddressNotAllowed
        | Refusal::EndUserToken
        | Refusal::Forbidden { .. }
        | Refusal::LimitedByTags
        | Refusal::Permanent(Noun::Group) => (StatusCode::FORBIDDEN, rule::FORBIDDEN),
        Refusal::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, rule::INVALID),
        Refusal::Unauthenticated(Credentials::Missing) => (StatusCode::UNAUTHORIZED, rule::TOKEN_MISSING),
        Refusal::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, rule::TOKEN_INVALID),
        Refusal::Required { .. } => (StatusCode::BAD_REQUEST, rule::MISSING),
        Refusal::InvalidField { .. } | Refusal::OutOfRange { .. } | Refusal::BalanceOverflow => {
            (StatusCode::BAD_REQUEST, rule::INVALID)
        }
        Refusal::UnknownCurrency { .. } => (StatusCode::NOT_FOUND, rule::NO_INSTRUMENT),
        Refusal::NotFound { noun: Noun::Organization, field: Some(_) } => {
            (StatusCode::NOT_FOUND, rule::NO_PARENT_ORGANIZATION)
        }
        Refusal::NotFound { noun: Noun::Group, field: Some(_) } => (StatusCode::NOT_FOUND, rule::NO_PRODUCT),
        Refusal::NotFound { .. } => (StatusCode::NOT_FOUND, rule::NOT_FOUND),
        Refusal::EventsPruned { .. } => (StatusCode::GONE, rule::NOT_FOUND),
        Refusal::IdempotencyConflict => (StatusCode::CONFLICT, rule::IDEMPOTENCY),
        Refusal::DuplicateAlias => (StatusCode::CONFLICT, rule::ALIAS_TAKEN),
        Refusal::NameTaken(Noun::Instrument) => (StatusCode::CONFLICT, rule::DUPLICATE_INSTRUMENT),
        Refusal::NameTaken(Noun::Ledger) => (StatusCode::CONFLICT, rule::DUPLICATE_LEDGER),
        Refusal::NameTaken(_) => (StatusCode::CONFLICT, rule::DUPLICATE_PRODUCT),
        Refusal::DuplicateId(_)
        | Refusal::DuplicateEmail
        | Refusal::DuplicateName
        | Refusal::DuplicateReference
        | Refusal::DuplicateOwner
        | Refusal::VersionMismatch { .. }
        | Refusal::RequestOutdated => (StatusCode::CONFLICT, rule::NOT_PERMITTED),
        Refusal::ParentArchived => (StatusCode::BAD_REQUEST, rule::PARENT_UNUSABLE),
        Refusal::ParentCurrencyDiffers => (StatusCode::BAD_REQUEST, rule::OTHER_INSTRUMENT),
        Refusal::BalanceLeft { .. } | Refusal::NotEmpty(Remainder::Balance | Remainder::Holds | Remainder::Pending) => {
            (StatusCode::BAD_REQUEST, rule::BALANCE_REMAINING)
        }
        state_refusals!()
        | Refusal::NotEmpty(Remainder::Positions | Remainder::Orders | Remainder::Accounts | Remainder::Children)
        | Refusal::Immutable { .. }
        | Refusal::SameAccount { .. }
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
        | Refusal::InsufficientFunds { .. } => (StatusCode::BAD_REQUEST, rule::NOT_PERMITTED),
        Refusal::ShuttingDown | Refusal::Busy { .. } | Refusal::ClockLeapt | Refusal::StorageUnavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, rule::INTERNAL)
        }
        Refusal::Internal => (StatusCode::INTERNAL_SERVER_ERROR, rule::INTERNAL),
        Refusal::InOperation { refusal, .. } => status_and_code_of(refusal),
    }
}
