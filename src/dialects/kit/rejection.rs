//! Rejections: a rule of the core refused the call, or the call itself is malformed.

use crate::domain::refusal::{Family, Refusal, Row, table};
use serde::{Deserialize, Serialize};

/// Why a call failed. Handlers and parsers return it as their error, and each dialect renders it in its own envelope.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The HTTP library cannot parse the request.
    #[error(
        "this is not a valid HTTP/1.1 request: the request line, a header or a chunk is malformed, the Host or the \
         length is missing or repeated, or the URL is too long"
    )]
    MalformedRequest,
    #[error("the request line and headers did not arrive in time")]
    HeadTimeout,
    #[error("the request line and headers together may have at most {limit_bytes} bytes, and 96 headers")]
    HeadersTooLarge { limit_bytes: usize },
    #[error("no such path; paths are case-sensitive and take no trailing slash")]
    UnknownRoute,
    /// The path exists, but not with this method. Never stored, so it needs no serialized form.
    #[serde(skip)]
    #[error("this path allows {}", allowed.join(", "))]
    WrongMethod {
        /// For the `Allow` header.
        allowed: Vec<&'static str>,
    },
    #[error("the body did not arrive in time")]
    BodyTimeout,
    #[error("the body may have at most {limit_bytes} bytes")]
    BodyTooLarge { limit_bytes: usize },
    /// The body is compressed.
    #[error("Content-Encoding: send the body as it is; it must not be compressed")]
    WrongContentEncoding,
    /// The `Content-Type` is not JSON, or not in UTF-8.
    #[error("send the body as Content-Type: application/json, in UTF-8")]
    WrongContentType,
    #[error("the body cannot be read: {reason}")]
    MalformedBody {
        /// The parser's message, with line and column.
        reason: String,
    },
    /// A value that the dialect cannot parse, under the caller's name for it.
    #[error("{name}: {reason}")]
    InvalidField {
        /// A body member (with its path), a query parameter or a header.
        #[serde(rename = "field")]
        name: String,
        reason: String,
    },
    /// A value outside its range.
    #[error("{name}: {reason}")]
    OutOfRange {
        #[serde(rename = "field")]
        name: String,
        reason: String,
    },
    /// A rule that only one dialect has, by its number there. Never stored, so it needs no serialized form.
    #[serde(skip)]
    #[error("{message}")]
    OfDialect {
        rule: u16,
        message: String,
        /// The members at fault, each with what is shown of it.
        members: serde_json::Map<String, serde_json::Value>,
    },
    /// An operation of an atomic batch is malformed, so nothing is done. Has the rank and status of the inner
    /// rejection.
    #[error("{rejection}")]
    InOperation {
        /// The position of the operation, from 0.
        index: usize,
        rejection: Box<Rejection>,
    },
}

/// The reason of a member that is missing.
pub const REQUIRED: &str = "required";

impl Rejection {
    pub fn invalid(name: impl Into<String>, reason: impl Into<String>) -> Rejection {
        Rejection::InvalidField { name: name.into(), reason: reason.into() }
    }

    pub fn missing(name: impl Into<String>) -> Rejection {
        Rejection::invalid(name, REQUIRED)
    }

    pub fn out_of_range(name: impl Into<String>, reason: impl Into<String>) -> Rejection {
        Rejection::OutOfRange { name: name.into(), reason: reason.into() }
    }
}

table! {
    REJECTIONS of Rejection:
    [Rejection::Refused(refusal) => refusal, Rejection::InOperation { rejection, .. } => rejection]

    Transport {
        5 "MALFORMED_REQUEST" => Rejection::MalformedRequest,
        6 "HEAD_TIMEOUT" => Rejection::HeadTimeout,
        30 "HEADERS_TOO_LARGE" => Rejection::HeadersTooLarge { .. },
        50 "UNKNOWN_ROUTE" => Rejection::UnknownRoute,
        60 "WRONG_METHOD" => Rejection::WrongMethod { .. },
        105 "WRONG_CONTENT_ENCODING" => Rejection::WrongContentEncoding,
        110 "BODY_TIMEOUT" => Rejection::BodyTimeout,
        120 "BODY_TOO_LARGE" => Rejection::BodyTooLarge { .. },
        130 "WRONG_CONTENT_TYPE" => Rejection::WrongContentType,
        140 "MALFORMED_BODY" => Rejection::MalformedBody { .. },
    }

    Field {
        150 "INVALID_FIELD" => Rejection::InvalidField { .. } | Rejection::OfDialect { .. },
        160 "OUT_OF_RANGE" => Rejection::OutOfRange { .. },
    }
}

/// A pattern for the refusals that say no more than that the state of an object does not allow the call. A dialect that
/// answers them alike lists only the others, and its match stays exhaustive.
macro_rules! state_refusals {
    () => {
        $crate::domain::refusal::Refusal::MovementState { .. }
            | $crate::domain::refusal::Refusal::TransferStep(_)
            | $crate::domain::refusal::Refusal::ExternalState(_)
            | $crate::domain::refusal::Refusal::AmountsWrong { .. }
            | $crate::domain::refusal::Refusal::ContributionsOff
            | $crate::domain::refusal::Refusal::ApprovalState(_)
            | $crate::domain::refusal::Refusal::RequesterDisabled
            | $crate::domain::refusal::Refusal::AlreadyReversed
            | $crate::domain::refusal::Refusal::NotReversible
            | $crate::domain::refusal::Refusal::LastOwner
            | $crate::domain::refusal::Refusal::Permanent(_)
            | $crate::domain::refusal::Refusal::OwnerKept
            | $crate::domain::refusal::Refusal::HeirHidden
            | $crate::domain::refusal::Refusal::OwnerAccess
            | $crate::domain::refusal::Refusal::OwnerNotPrimary
            | $crate::domain::refusal::Refusal::OwnAccess
            | $crate::domain::refusal::Refusal::ModesDiffer
            | $crate::domain::refusal::Refusal::NotASandbox
            | $crate::domain::refusal::Refusal::NeedsApproval
            | $crate::domain::refusal::Refusal::NotAnOperator
            | $crate::domain::refusal::Refusal::OwnRequest
            | $crate::domain::refusal::Refusal::GroupDisabled
            | $crate::domain::refusal::Refusal::GroupWithoutCurrency { .. }
            | $crate::domain::refusal::Refusal::GroupModeDiffers
            | $crate::domain::refusal::Refusal::TooMany { .. }
            | $crate::domain::refusal::Refusal::ProfileState(_)
            | $crate::domain::refusal::Refusal::ProfileBlocked
            | $crate::domain::refusal::Refusal::ProfileOffboarding
            | $crate::domain::refusal::Refusal::PortfolioState(_)
    };
}
pub(crate) use state_refusals;
