//! Why a call is not answered as it asks: a rule of the core says no, or the call itself is not right.

use crate::domain::refusal::{Family, Refusal, Row, table};
use serde::{Deserialize, Serialize};

/// Why a call is not answered as it asks. What handlers and readers of calls fail with; every dialect spells it in its
/// own envelope.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// A rule of the core says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The request line or the headers are larger than is read.
    #[error("the request line and the headers may have at most {limit_bytes} bytes together")]
    HeadersTooLarge { limit_bytes: usize },
    /// No such path.
    #[error("no such path; paths are case-sensitive and take no trailing slash")]
    UnknownRoute,
    /// The path exists, the method does not. No outcome that is kept has it.
    #[serde(skip)]
    #[error("this path allows {}", allowed.join(", "))]
    WrongMethod {
        /// The methods that exist, for the `Allow` header.
        allowed: Vec<&'static str>,
    },
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    BodyTimeout,
    /// The body is larger than is read.
    #[error("the body may have at most {limit_bytes} bytes")]
    BodyTooLarge { limit_bytes: usize },
    /// The body is declared to be something other than JSON.
    #[error("send the body as Content-Type: application/json")]
    WrongContentType,
    /// The body is not JSON of the expected shape.
    #[error("the body cannot be read: {reason}")]
    MalformedBody {
        /// What the parser said, with line and column.
        reason: String,
    },
    /// A value that a dialect cannot read, under the name that the caller has for it.
    #[error("{name}: {reason}")]
    InvalidField {
        /// A member of the body, with its path; a parameter of the query; a header.
        #[serde(rename = "field")]
        name: String,
        /// What it should be.
        reason: String,
    },
    /// The same for a value outside of its range.
    #[error("{name}: {reason}")]
    OutOfRange {
        /// As above.
        #[serde(rename = "field")]
        name: String,
        /// The range.
        reason: String,
    },
    /// One operation of a batch cannot be read, and so none of it is done. It ranks and answers as that rejection.
    #[error("{rejection}")]
    InOperation {
        /// Which operation, counted from zero.
        index: usize,
        /// Why.
        rejection: Box<Rejection>,
    },
}

impl Rejection {
    /// One value cannot be read.
    pub fn invalid(name: impl Into<String>, reason: impl Into<String>) -> Rejection {
        Rejection::InvalidField { name: name.into(), reason: reason.into() }
    }

    /// One value is missing.
    pub fn missing(name: impl Into<String>) -> Rejection {
        Rejection::invalid(name, "required")
    }

    /// One value is outside of its range.
    pub fn out_of_range(name: impl Into<String>, reason: impl Into<String>) -> Rejection {
        Rejection::OutOfRange { name: name.into(), reason: reason.into() }
    }
}

table! {
    REJECTIONS of Rejection:
    [Rejection::Refused(refusal) => refusal, Rejection::InOperation { rejection, .. } => rejection]

    Transport {
        30 "HEADERS_TOO_LARGE" => Rejection::HeadersTooLarge { .. },
        50 "UNKNOWN_ROUTE" => Rejection::UnknownRoute,
        60 "WRONG_METHOD" => Rejection::WrongMethod { .. },
        110 "BODY_TIMEOUT" => Rejection::BodyTimeout,
        120 "BODY_TOO_LARGE" => Rejection::BodyTooLarge { .. },
        130 "WRONG_CONTENT_TYPE" => Rejection::WrongContentType,
        140 "MALFORMED_BODY" => Rejection::MalformedBody { .. },
    }

    Field {
        150 "INVALID_FIELD" => Rejection::InvalidField { .. },
        160 "OUT_OF_RANGE" => Rejection::OutOfRange { .. },
    }
}
