//! Replies.

use super::csv::CsvTable;
use crate::domain::refusal::Refusal;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use futures_core::Stream;
use serde::Serialize;
use std::fmt;
use std::pin::Pin;

/// What a reply has to say.
pub enum ReplyBody {
    /// JSON.
    Json(Vec<u8>),
    /// A table, to be kept as a file of this name.
    Table(Vec<u8>, String),
    /// Something of this content type, in pieces.
    Stream(&'static str, Pin<Box<dyn Stream<Item = Bytes>>>),
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplyBody::Json(body) => write!(f, "{} bytes of JSON", body.len()),
            ReplyBody::Table(body, name) => write!(f, "{name}, {} bytes", body.len()),
            ReplyBody::Stream(content_type, _) => write!(f, "a stream of {content_type}"),
        }
    }
}

/// A successful answer, before it becomes an HTTP response.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: ReplyBody,
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
        let body = ReplyBody::Json(body);
        Ok(Reply { status: StatusCode::OK, body, replayed: false, version: None })
    }

    /// 200 with a table, to be kept as a file. The name has to be plain ASCII.
    pub fn table(table: CsvTable, file_name: String) -> Result<Reply, Refusal> {
        let body = ReplyBody::Table(table.into_bytes()?, file_name);
        Ok(Reply { status: StatusCode::OK, body, replayed: false, version: None })
    }

    /// 200 with a body that is sent as it comes.
    pub(super) fn stream(content_type: &'static str, bytes: impl Stream<Item = Bytes> + 'static) -> Reply {
        let body = ReplyBody::Stream(content_type, Box::pin(bytes));
        Reply { status: StatusCode::OK, body, replayed: false, version: None }
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
