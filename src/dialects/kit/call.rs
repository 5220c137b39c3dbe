//! A call: one request whose caller is known and whose body has arrived.

use super::body::read_json;
use super::live::{self, Line};
use super::paths::PathValues;
use super::query::QueryParams;
use super::rejection::Rejection;
use super::reply::Reply;
use super::unknown::{UnknownMembers, members_of, refuse_unknown_members};
use crate::app::{App, Caller, Command, Done, Query, RetryKey};
use crate::domain::ids::RequestId;
use crate::domain::refusal::{Credentials, Refusal};
use actix_web::HttpRequest;
use actix_web::http::{Method, header};
use actix_web::web::Bytes;
use futures_util::Stream;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::cell::Cell;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Where a request came from, and the name under which it is logged.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    pub request: RequestId,
    /// The caller's address, seen through trusted proxies.
    pub address: IpAddr,
}

/// One request, ready to be handled.
pub struct Call {
    pub(super) app: Arc<App>,
    pub(super) send_timeout: Duration,
    pub(super) request: HttpRequest,
    pub(super) params: QueryParams,
    pub(super) body: Bytes,
    pub(super) caller: Option<Caller>,
    pub(super) origin: Origin,
    pub(super) retry_key: Option<String>,
    pub(super) unknown_members: UnknownMembers,
    /// Whether the handler has looked at the body.
    pub(super) has_read_body: Cell<bool>,
    pub(super) dialect: &'static str,
    pub(super) pattern: &'static str,
    pub(super) values: PathValues,
}

impl Call {
    /// The use cases, for what is neither a command nor a query. Refusals: an unknown query parameter, so that no handler
    /// does anything before they are checked.
    pub fn app(&self) -> Result<&Arc<App>, Rejection> {
        self.refuse_unknown_params()?;
        Ok(&self.app)
    }

    /// Every write can be asked for a rehearsal, if only to be told that it has none.
    fn refuse_unknown_params(&self) -> Result<(), Rejection> {
        if !matches!(*self.request.method(), Method::GET | Method::HEAD) {
            self.is_rehearsal()?;
        }
        self.params.refuse_unknown()
    }

    /// Where it came from.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Who calls; refused on routes that are open to everyone.
    pub fn caller(&self) -> Result<&Caller, Rejection> {
        self.caller.as_ref().ok_or(Refusal::Unauthenticated(Credentials::Missing).into())
    }

    /// A part of the path by its name in the route table.
    pub fn path(&self, name: &str) -> &str {
        self.values.iter().find(|(given, _)| *given == name).map_or("", |(_, value)| value)
    }

    /// The parameters of the query string. Read all of them before the body and before the use case runs: what nobody has
    /// asked for by then is refused as unknown.
    pub fn query(&self) -> &QueryParams {
        &self.params
    }

    /// A header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether the caller wants an answer of this content type. A caller who asks for the head only gets that of JSON.
    pub fn accepts(&self, content_type: &str) -> bool {
        let is_meant =
            |range: &str| range.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case(content_type));
        let accepted = self.header(header::ACCEPT.as_str()).unwrap_or_default();
        self.request.method() == Method::GET && accepted.split(',').any(is_meant)
    }

    /// The body as JSON, whatever it is declared to be.
    pub fn lenient_body<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        self.refuse_unknown_params()?;
        self.has_read_body.set(true);
        let body = read_json(&self.body)?;
        if self.unknown_members == UnknownMembers::Refused {
            refuse_unknown_members(&self.body, members_of::<T>())?;
        }
        Ok(body)
    }

    /// The body as JSON. Refused if it is declared to be something else.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        if let Some(declared) = self.header(header::CONTENT_TYPE.as_str()) {
            let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            if essence != "application/json" && !essence.ends_with("+json") {
                return Err(Rejection::WrongContentType);
            }
        }
        self.lenient_body()
    }

    /// The body as JSON, if there is one.
    pub fn optional_body<T: DeserializeOwned>(&self) -> Result<Option<T>, Rejection> {
        if self.is_body_blank() { Ok(None) } else { self.body().map(Some) }
    }

    fn is_body_blank(&self) -> bool {
        self.body.iter().all(u8::is_ascii_whitespace)
    }

    /// A handler that does not look at the body knows no member of it.
    fn refuse_unread_members(&self) -> Result<(), Rejection> {
        let is_unread = !self.has_read_body.get() && !self.is_body_blank();
        if is_unread && self.unknown_members == UnknownMembers::Refused {
            read_json::<IgnoredAny>(&self.body)?;
            refuse_unknown_members(&self.body, &[])?;
        }
        Ok(())
    }

    /// Runs what blocks its thread on the blocking pool.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Rejection> {
        actix_web::web::block(work)
            .await
            .map_err(|error| {
                tracing::error!(%error, "a blocking call panicked");
                Refusal::Internal
            })?
            .map_err(Rejection::from)
    }

    /// Runs a command and renders its outcome. If the caller sent an idempotency key, a repeated call gets the first outcome
    /// again, and its answer is marked.
    pub async fn run<C: Command>(
        &self,
        command: C,
        render: impl FnOnce(C::Outcome) -> Result<Reply, Rejection>,
    ) -> Result<Reply, Rejection> {
        let done = self.execute(command, false).await?;
        Ok(render(done.outcome)?.replayed(done.replayed))
    }

    /// The same for a command whose body holds a secret, such as a password.
    pub async fn run_secretly<C: Command>(
        &self,
        command: C,
        render: impl FnOnce(C::Outcome) -> Result<Reply, Rejection>,
    ) -> Result<Reply, Rejection> {
        let done = self.execute(command, true).await?;
        Ok(render(done.outcome)?.replayed(done.replayed))
    }

    /// Whether the caller wants a table instead of JSON: `format=csv` in the query, or a list of accepted types that names
    /// CSV and not JSON.
    pub fn wants_table(&self) -> Result<bool, Rejection> {
        match self.query().one("format")? {
            Some("csv") => Ok(true),
            Some("json") => Ok(false),
            Some(_) => Err(Rejection::invalid("format", "json or csv")),
            None => {
                let accepted = self.header("Accept").unwrap_or_default();
                let is_named = |wanted: &str| {
                    accepted.split(',').any(|range| {
                        let media_type = range.split(';').next().unwrap_or_default();
                        media_type.trim().eq_ignore_ascii_case(wanted)
                    })
                };
                Ok(is_named("text/csv") && !is_named("application/json"))
            }
        }
    }

    /// 200 with a body that is sent as it comes, for as long as the server likes and the client reads.
    pub fn stream(&self, content_type: &'static str, bytes: impl Stream<Item = Bytes> + 'static) -> Reply {
        let line = self.request.conn_data::<Line>().cloned();
        Reply::stream(content_type, live::at_the_pace_of_the_reader(bytes, self.send_timeout, line))
    }

    /// Whether the caller only wants to see what would happen: `dryRun=true` in the query.
    pub fn is_rehearsal(&self) -> Result<bool, Rejection> {
        self.query().switch("dryRun")
    }

    /// Refuses a rehearsal where there is none: issuing a token for show would issue it.
    pub fn refuse_rehearsal(&self) -> Result<(), Rejection> {
        if self.is_rehearsal()? { Err(Rejection::invalid("dryRun", "not possible here")) } else { Ok(()) }
    }

    async fn execute<C: Command>(&self, command: C, holds_secret: bool) -> Result<Done<C::Outcome>, Rejection> {
        let app = self.app()?;
        self.refuse_unread_members()?;
        if self.is_rehearsal()? {
            let outcome = app.rehearse(self.caller()?, command).await?;
            return Ok(Done { outcome, replayed: false });
        }
        let retry =
            self.retry_key.as_ref().map(|key| RetryKey { key: key.clone(), call: self.call_bytes(), holds_secret });
        Ok(app.execute(self.caller()?, retry, command).await?)
    }

    pub async fn ask<Q: Query>(&self, query: Q) -> Result<Q::Answer, Rejection> {
        Ok(self.app()?.ask(self.caller()?, query).await?)
    }

    /// What the path names, whichever mount it came by and whatever is wanted of it.
    pub(super) fn subject(&self) -> Vec<u8> {
        joined([self.dialect, self.pattern].map(str::as_bytes).into_iter().chain(self.path_values()))
    }

    /// What a key stands for: dialect, method, route, query and body. The prefix of the mount is left out, so that the
    /// same call through another mount is the same call.
    fn call_bytes(&self) -> Vec<u8> {
        let route = [self.dialect, self.request.method().as_str(), self.pattern].map(str::as_bytes);
        let rest = [self.request.query_string().as_bytes(), self.body.as_ref()];
        joined(route.into_iter().chain(self.path_values()).chain(rest))
    }

    fn path_values(&self) -> impl Iterator<Item = &[u8]> {
        self.values.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()])
    }
}

/// Texts one after another, each behind its length, so that no two lists of texts give the same bytes.
pub(super) fn joined<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in texts {
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text);
    }
    bytes
}
