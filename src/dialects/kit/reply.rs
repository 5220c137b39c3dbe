//! Replies.

use crate::domain::money::{Amount, Decimals};
use crate::domain::refusal::Refusal;
use actix_web::http::StatusCode;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A successful answer, before it becomes an HTTP response.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body, JSON.
    pub body: Vec<u8>,
    /// Whether it repeats the answer of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The version of the object in the body, for the `ETag` header.
    pub version: Option<u64>,
}

impl Reply {
    /// 200 with a body.
    pub fn ok(view: &impl Serialize) -> Result<Reply, Refusal> {
        let body = serde_json::to_vec(view).map_err(|error| {
            tracing::error!(%error, "a view has no JSON form");
            Refusal::Internal
        })?;
        Ok(Reply { status: StatusCode::OK, body, replayed: false, version: None })
    }

    /// Says which version of an object the body shows.
    pub fn version(self, version: u64) -> Reply {
        Reply { version: Some(version), ..self }
    }

    /// Marks the answer as a repeated one.
    pub fn replayed(self, replayed: bool) -> Reply {
        Reply { replayed, ..self }
    }
}

/// A decimal number that is written into JSON digit by digit, never through a binary float.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExactNumber(String);

impl ExactNumber {
    /// Zero without decimals.
    pub fn zero() -> ExactNumber {
        ExactNumber("0".into())
    }

    /// An amount with the decimals of its currency.
    pub fn of(amount: Amount, decimals: Decimals) -> ExactNumber {
        ExactNumber(amount.to_text(decimals))
    }

    /// Decimal text that was checked before it was stored.
    pub fn from_stored(text: &str) -> ExactNumber {
        ExactNumber(text.to_owned())
    }
}

impl Serialize for ExactNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.0.clone()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}
