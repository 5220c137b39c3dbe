//! What every dialect is made of: a route table, calls that come in, replies that go out, and one spelling of refusals.

mod body;
mod call;
mod context;
mod csv;
mod cursor;
mod dispatch;
mod live;
mod members;
mod nearest;
pub mod openapi;
mod paths;
mod query;
mod rejection;
mod reply;
mod routes;
mod unknown;

pub use body::{AtMost, Literal, read_json};
pub use call::{Call, Origin};
pub use context::ReplyContext;
pub use csv::CsvTable;
pub use cursor::CursorScope;
pub use dispatch::{Endpoint, Shared};
pub use live::Line;
pub use members::{Members, Scalar, sent};
pub use nearest::nearest;
pub use paths::PathMatching;
pub use query::QueryParams;
pub use rejection::{REJECTIONS, Rejection};
pub use reply::{Reply, ReplyBody};
pub use routes::{Access, Handler, KeyPolicy, Route, Routes};
pub use unknown::{UnknownMembers, members_of, refuse_unknown_members, sent_members};

use crate::app::App;
pub use crate::app::ExactNumber;
use crate::domain::access::Principal;
use crate::domain::refusal::{Credentials, Refusal};
use actix_web::HttpRequest;
use actix_web::http::header;
use serde_json::Value;
use std::sync::Arc;

/// The head of a request: everything but its body.
#[derive(Clone, Copy)]
pub struct Head<'r> {
    /// Method, path, query and headers.
    pub request: &'r HttpRequest,
    /// Where it came from.
    pub origin: Origin,
}

impl<'r> Head<'r> {
    /// The token of an `Authorization: Bearer` header.
    pub fn bearer_token(self) -> Option<&'r str> {
        let value = self.request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }
}

/// One API dialect: a value that is made from the configuration. What is provided here is what most dialects do.
pub trait Dialect: Send + Sync + 'static {
    /// Its name, in the configuration and in messages.
    fn name(&self) -> &'static str;

    fn routes(&self) -> Routes;

    /// Its OpenAPI document; see [`openapi::Document`].
    fn document(&self) -> Value;

    /// A rejection in its envelope. The headers that HTTP asks for (`Allow`, `Retry-After`, `WWW-Authenticate`) are added.
    fn refuse(&self, rejection: &Rejection, context: &ReplyContext) -> Reply;

    /// Finds out who calls, from the head alone: whoever can be refused by it is refused before the body is read.
    fn authenticate(&self, app: &App, head: Head<'_>) -> Result<Arc<Principal>, Rejection> {
        let token = head.bearer_token().ok_or(Refusal::Unauthenticated(Credentials::Missing))?;
        Ok(app.authenticate(token, head.origin.address)?)
    }

    /// Checks what only the body can prove about the caller, such as a digest that its signature covers.
    fn authenticate_body(
        &self,
        _app: &App,
        _head: Head<'_>,
        _body: &[u8],
        _principal: &Principal,
    ) -> Result<(), Rejection> {
        Ok(())
    }

    /// How its paths are compared.
    fn path_matching(&self) -> PathMatching {
        PathMatching::Exact
    }

    /// What an answer of 401 asks for in `WWW-Authenticate`.
    fn challenge(&self) -> &'static str {
        "Bearer"
    }

    /// The header with the key under which a call may be repeated.
    fn retry_header(&self) -> &'static str {
        "Idempotency-Key"
    }

    /// The header that marks a repeated answer.
    fn replayed_header(&self) -> &'static str {
        "Idempotency-Replayed"
    }

    /// The header of each answer with the id of its request, in lower case.
    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }
}
