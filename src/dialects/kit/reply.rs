//! Replies: what a handler answers, before it becomes an HTTP response.

use super::csv::CsvTable;
use super::rejection::Rejection;
use crate::domain::refusal::Refusal;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use futures_util::Stream;
use serde::Serialize;
use std::fmt;
use std::pin::Pin;

pub enum ReplyBody {
    Empty,
    Whole(Vec<u8>),
    /// Chunks, sent as they are produced.
    Stream(Pin<Box<dyn Stream<Item = Bytes>>>),
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplyBody::Empty => f.write_str("nothing"),
            ReplyBody::Whole(body) => write!(f, "{} bytes", body.len()),
            ReplyBody::Stream(_) => f.write_str("a stream"),
        }
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    /// Headers in addition to those that every answer of the dialect has.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: ReplyBody,
    /// Whether this repeats the answer to an earlier call with the same idempotency key.
    pub replayed: bool,
}

impl Reply {
    /// A reply without a body, such as 204.
    pub fn empty(status: StatusCode) -> Reply {
        Reply { status, headers: Vec::new(), body: ReplyBody::Empty, replayed: false }
    }

    pub fn whole(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Reply {
        Reply { body: ReplyBody::Whole(body), ..Reply::empty(status) }.header(header::CONTENT_TYPE, content_type)
    }

    pub fn json(status: StatusCode, view: &impl Serialize) -> Result<Reply, Rejection> {
        let body = serde_json::to_vec(view).map_err(|error| {
            tracing::error!(%error, "cannot serialize a view as JSON");
            Refusal::Internal
        })?;
        Ok(Reply::whole(status, "application/json", body))
    }

    /// 200 with a JSON body.
    pub fn ok(view: &impl Serialize) -> Result<Reply, Rejection> {
        Reply::json(StatusCode::OK, view)
    }

    /// 200 with a CSV table as a file download. The file name must be ASCII.
    pub fn table(table: CsvTable, file_name: &str) -> Result<Reply, Rejection> {
        let reply = Reply::whole(StatusCode::OK, "text/csv; charset=utf-8; header=present", table.into_bytes()?);
        Ok(reply.header(header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{file_name}\"")))
    }

    pub(super) fn stream(content_type: &'static str, bytes: impl Stream<Item = Bytes> + 'static) -> Reply {
        let reply = Reply { body: ReplyBody::Stream(Box::pin(bytes)), ..Reply::empty(StatusCode::OK) };
        // Tells proxies not to buffer the stream.
        reply.header(header::CONTENT_TYPE, content_type).header(HeaderName::from_static("x-accel-buffering"), "no")
    }

    /// Adds a header. A value that is not valid in a header is logged and left out.
    pub fn header(mut self, name: HeaderName, value: &str) -> Reply {
        match HeaderValue::from_str(value) {
            Ok(value) => self.headers.push((name, value)),
            Err(_) => tracing::error!(%name, "invalid header value"),
        }
        self
    }

    /// Sets `ETag` to the version of the object in the body.
    pub fn version(self, version: u64) -> Reply {
        self.header(header::ETAG, &format!("\"{version}\""))
    }

    pub fn replayed(self, replayed: bool) -> Reply {
        Reply { replayed, ..self }
    }
}
