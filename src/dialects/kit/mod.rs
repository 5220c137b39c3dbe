//! What every dialect is made of: a route table, calls that come in, replies that go out, and one spelling of refusals.

mod body;
mod call;
mod csv;
mod live;
mod members;
mod query;
mod reply;
mod routes;

pub use body::{AtMost, Literal, read_json};
pub use call::{Call, Origin};
pub use csv::CsvTable;
pub use live::Line;
pub use members::{Members, Scalar, sent};
pub use query::QueryParams;
pub use reply::Reply;
pub use routes::{Access, Route, Routes, Shared, refuse, respond, unknown_route};

pub use crate::app::ExactNumber;
use crate::domain::access::Right;
use crate::domain::ids::RequestId;
use crate::domain::refusal::Refusal;
use actix_web::HttpRequest;
use actix_web::http::{Method, StatusCode};

/// One API dialect.
pub trait Dialect: 'static {
    /// Its name, in the configuration and in messages.
    const NAME: &'static str;
    /// The header that marks a repeated answer.
    const REPLAYED_HEADER: &'static str;
    /// Its routes.
    fn routes() -> Routes;
    /// The right that a call takes whatever it says, where that follows from its path: those who lack it are told so before
    /// their body is read. What runs the call asks again.
    fn right(_method: &Method, _pattern: &str) -> Option<Right> {
        None
    }
    /// The token that a request carries, in this dialect's spelling.
    fn token(request: &HttpRequest) -> Option<&str>;
    /// The key under which a request may be repeated. Refusals: a key that is not of the form that the dialect asks for.
    fn retry_key(request: &HttpRequest) -> Result<Option<&str>, Refusal>;
    /// A refusal in this dialect's envelope: status, content type and body.
    fn refuse(refusal: &Refusal, request: RequestId) -> (StatusCode, &'static str, String);
}
