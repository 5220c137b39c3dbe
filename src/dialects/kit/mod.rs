//! What all dialects share: route tables, calls, replies, rejections, and the trait that a dialect implements.

mod body;
mod call;
mod clients;
mod context;
mod csv;
mod cursor;
mod dispatch;
mod fields;
pub mod formats;
mod lists;
mod live;
mod members;
mod nearest;
pub mod openapi;
mod paths;
mod query;
mod rate;
mod rejection;
mod reply;
mod routes;
mod unknown;

pub use body::{AtMost, Literal, read_json, read_json_noting};
pub use call::{Call, Origin};
pub use clients::{ApiClients, ClientScope};
pub use context::ReplyContext;
pub use csv::{CsvTable, TableFormat};
pub use cursor::CursorScope;
pub use dispatch::{Endpoint, Shared};
pub use fields::{Sent, optional, required, required_text};
pub use lists::{ListParams, PAGE_MAX, Paging, PartOf};
pub use live::Connection;
pub use members::{Members, Scalar, sent};
pub use nearest::nearest;
pub use paths::PathMatching;
pub use query::QueryParams;
pub use rate::Rates;
pub(crate) use rejection::state_refusals;
pub use rejection::{REJECTIONS, REQUIRED, Rejection};
pub use reply::{Reply, ReplyBody};
pub use routes::{Access, Handler, KeyPolicy, Route, Routes};
pub use unknown::{UnknownMembers, members_of, refuse_unknown_members, sent_members};

use crate::app::App;
pub use crate::app::ExactNumber;
use crate::domain::access::{Nonce, Principal};
use crate::domain::refusal::{Credentials, Refusal};
use actix_web::HttpRequest;
use actix_web::http::header;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::sync::Arc;

/// The response header with the id of a request in bursar's log.
pub const REQUEST_ID: &str = "x-request-id";

/// A request without its body.
#[derive(Clone, Copy)]
pub struct Head<'r> {
    pub request: &'r HttpRequest,
    pub origin: Origin,
}

impl<'r> Head<'r> {
    /// The token of an `Authorization: Bearer` header.
    pub fn bearer_token(self) -> Option<&'r str> {
        let value = self.request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The name and the secret of an `Authorization: Basic` header, if it has one that can be read.
    pub fn basic_credentials(self) -> Option<(String, String)> {
        let value = self.request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, encoded) = value.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        text.split_once(':').map(|(name, secret)| (name.to_owned(), secret.to_owned()))
    }
}

/// One API dialect, built from the configuration. The default methods do what most dialects need.
pub trait Dialect: Send + Sync + 'static {
    /// The name in the configuration and in messages.
    fn name(&self) -> &'static str;

    fn routes(&self) -> Routes;

    /// The OpenAPI document; see [`openapi::Document`].
    fn document(&self) -> Value;

    /// Renders a rejection in the dialect's envelope. The kit adds the headers `Allow`, `Retry-After` and
    /// `WWW-Authenticate`.
    fn refuse(&self, rejection: &Rejection, context: &ReplyContext) -> Reply;

    /// Identifies the caller from the head alone, so that an unauthenticated call is refused before its body is read.
    fn authenticate(&self, app: &App, head: Head<'_>) -> Result<Arc<Principal>, Rejection> {
        let token = head.bearer_token().ok_or(Refusal::Unauthenticated(Credentials::Missing))?;
        Ok(app.authenticate(token, head.origin.address)?)
    }

    /// Checks credentials that depend on the body, such as a digest covered by a request signature. Returns the nonce
    /// of the signature, which is stored with the write.
    fn authenticate_body(
        &self,
        _app: &App,
        _head: Head<'_>,
        _body: &[u8],
        _principal: &Principal,
    ) -> Result<Option<Nonce>, Rejection> {
        Ok(None)
    }

    /// What API clients can be allowed; `None` if none call this dialect.
    fn api_clients(&self) -> Option<ApiClients> {
        None
    }

    fn path_matching(&self) -> PathMatching {
        PathMatching::Exact
    }

    /// The value of `WWW-Authenticate` in a 401.
    fn challenge(&self) -> &'static str {
        "Bearer"
    }

    /// The request headers that can have the idempotency key, the usual one first.
    fn retry_headers(&self) -> &'static [&'static str] {
        &["Idempotency-Key"]
    }

    /// The response header that marks a replayed answer.
    fn replayed_header(&self) -> &'static str {
        "Idempotency-Replayed"
    }

    /// The response header with the request id, in lower case.
    fn request_id_header(&self) -> &'static str {
        REQUEST_ID
    }

    /// Whether that header repeats what the caller sent in the header of the same name. [`REQUEST_ID`] then has the id.
    fn echoes_request_id(&self) -> bool {
        false
    }
}
