//! A call is one authenticated request with its body, which is what a handler gets.

use super::Head;
use super::body::{is_json, read_json};
use super::csv::TableFormat;
use super::live::{self, Connection};
use super::paths::PathValues;
use super::query::QueryParams;
use super::rejection::Rejection;
use super::reply::Reply;
use super::unknown::{UnknownMembers, members_of, refuse_unknown_members};
use crate::app::{App, Caller, Command, Done, Query, ReadTurn, RetryKey};
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

/// The origin of a request, for checks and logs.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    pub request: RequestId,
    /// The client's address, as forwarded by trusted proxies.
    pub address: IpAddr,
}

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
    pub(super) has_read_body: Cell<bool>,
    /// Whether the route answers retries: a write that takes idempotency keys.
    pub(super) answers_retries: bool,
    pub(super) has_run: Cell<bool>,
    /// That of the last long read, kept until the handler has rendered the answer.
    pub(super) turn: Cell<Option<ReadTurn>>,
    pub(super) dialect: &'static str,
    pub(super) pattern: &'static str,
    pub(super) values: PathValues,
}

impl Call {
    /// Gives access to use cases that are neither commands nor queries. Refuses unknown query parameters, so that no
    /// handler has an effect before they are checked.
    pub fn app(&self) -> Result<&Arc<App>, Rejection> {
        self.refuse_unknown_params()?;
        Ok(&self.app)
    }

    /// Every write knows `dryRun`, even one that cannot be rehearsed and refuses it.
    fn refuse_unknown_params(&self) -> Result<(), Rejection> {
        if !matches!(*self.request.method(), Method::GET | Method::HEAD) {
            self.is_rehearsal()?;
        }
        self.params.refuse_unknown()
    }

    /// The request without its body.
    pub fn head(&self) -> Head<'_> {
        Head { request: &self.request, origin: self.origin }
    }

    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The authenticated caller. An open route has none, so there this is `TOKEN_MISSING`.
    pub fn caller(&self) -> Result<&Caller, Rejection> {
        self.caller.as_ref().ok_or(Refusal::Unauthenticated(Credentials::Missing).into())
    }

    /// A path parameter by its name in the route table; empty if the route has none of that name.
    pub fn path(&self, name: &str) -> &str {
        self.values.iter().find(|(given, _)| *given == name).map_or("", |(_, value)| value)
    }

    /// The query string. Read every parameter before the body and before the use case runs: any parameter not read by
    /// then is refused as unknown.
    pub fn query(&self) -> &QueryParams {
        &self.params
    }

    /// The query string as it was sent. A parameter that is read from here must also be read from [`Call::query`].
    pub fn query_string(&self) -> &str {
        self.request.query_string()
    }

    /// A header's value; `None` if it is absent or not visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether `Accept` names this content type. Always false for HEAD, which gets the headers of the JSON answer.
    pub fn accepts(&self, content_type: &str) -> bool {
        let matches =
            |range: &str| range.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case(content_type));
        let accepted = self.header(header::ACCEPT.as_str()).unwrap_or_default();
        self.request.method() == Method::GET && accepted.split(',').any(matches)
    }

    /// The body as it was sent, for forms other than one JSON object.
    pub fn raw_body(&self) -> Result<&Bytes, Rejection> {
        self.refuse_unknown_params()?;
        self.has_read_body.set(true);
        Ok(&self.body)
    }

    /// Parses the body as JSON, ignoring its `Content-Type`.
    pub fn lenient_body<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        self.refuse_unknown_params()?;
        self.has_read_body.set(true);
        let body = read_json(&self.body)?;
        if self.unknown_members == UnknownMembers::Refused {
            refuse_unknown_members(&self.body, members_of::<T>())?;
        }
        Ok(body)
    }

    /// Parses the body as JSON. Refuses a `Content-Type` other than JSON; a missing one is accepted.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        match self.header(header::CONTENT_TYPE.as_str()) {
            Some(declared) if !is_json(declared) => Err(Rejection::WrongContentType),
            _ => self.lenient_body(),
        }
    }

    /// Parses the body of a login, which must be declared as JSON: a page of another site can send such a body only if
    /// CORS allows it, so it cannot try passwords from the browsers of its visitors.
    pub fn login_body<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        if self.request.headers().contains_key(header::CONTENT_TYPE) {
            self.body()
        } else {
            Err(Rejection::WrongContentType)
        }
    }

    /// Parses the body as JSON; `None` if it is empty or white space.
    pub fn optional_body<T: DeserializeOwned>(&self) -> Result<Option<T>, Rejection> {
        if self.is_body_blank() { Ok(None) } else { self.body().map(Some) }
    }

    /// Like [`Call::lenient_body`]; `None` if it is empty or white space.
    pub fn optional_lenient_body<T: DeserializeOwned>(&self) -> Result<Option<T>, Rejection> {
        if self.is_body_blank() { Ok(None) } else { self.lenient_body().map(Some) }
    }

    fn is_body_blank(&self) -> bool {
        self.body.iter().all(u8::is_ascii_whitespace)
    }

    /// A handler that has not read the body knows none of its members.
    fn refuse_unread_members(&self) -> Result<(), Rejection> {
        let is_unread = !self.has_read_body.get() && !self.is_body_blank();
        if is_unread && self.unknown_members == UnknownMembers::Refused {
            read_json::<IgnoredAny>(&self.body)?;
            refuse_unknown_members(&self.body, &[])?;
        }
        Ok(())
    }

    /// Runs blocking work on the blocking thread pool.
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

    /// Runs a command and renders its outcome. A repeated call with the same idempotency key gets the first outcome
    /// again, marked as a replay.
    pub async fn run<C: Command>(
        &self,
        command: C,
        render: impl FnOnce(C::Outcome) -> Result<Reply, Rejection>,
    ) -> Result<Reply, Rejection> {
        let done = self.execute(command, false).await?;
        Ok(render(done.outcome)?.replayed(done.replayed))
    }

    /// Runs one of several commands of a call, in the order of their numbers from 0. Each has a key of its own.
    pub async fn run_part<C: Command>(&self, number: usize, command: C) -> Result<Done<C::Outcome>, Rejection> {
        // No caller can send a key with this character.
        let key_of = |key: &String| if number == 0 { key.clone() } else { format!("{key}\n{number}") };
        self.execute_as(self.retry_key.as_ref().map(key_of), command, false).await
    }

    /// Like [`Call::run`], for a body that holds a secret such as a password.
    pub async fn run_secretly<C: Command>(
        &self,
        command: C,
        render: impl FnOnce(C::Outcome) -> Result<Reply, Rejection>,
    ) -> Result<Reply, Rejection> {
        let done = self.execute(command, true).await?;
        Ok(render(done.outcome)?.replayed(done.replayed))
    }

    /// The form of the table if the caller wants CSV instead of JSON: `format=csv` in the query, or an `Accept` header
    /// that names CSV and not JSON. `bom=true` adds a byte order mark.
    pub fn wanted_table(&self) -> Result<Option<TableFormat>, Rejection> {
        let has_bom = self.query().switch("bom")?;
        match (self.wants_table()?, has_bom) {
            (true, has_bom) => Ok(Some(TableFormat { has_bom })),
            (false, true) => Err(Rejection::invalid("bom", "only CSV can begin with a byte order mark")),
            (false, false) => Ok(None),
        }
    }

    fn wants_table(&self) -> Result<bool, Rejection> {
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

    /// 200 with a streaming body. The stream ends when its source does, or when the client stops reading.
    pub fn stream(&self, content_type: &'static str, bytes: impl Stream<Item = Bytes> + 'static) -> Reply {
        let connection = self.request.conn_data::<Connection>().cloned();
        Reply::stream(content_type, live::paced_by_reader(bytes, self.send_timeout, connection))
    }

    /// Whether the call is a dry run: `dryRun=true` in the query.
    pub fn is_rehearsal(&self) -> Result<bool, Rejection> {
        self.query().switch("dryRun")
    }

    /// Refuses a dry run on routes that cannot have one, such as issuing a token.
    pub fn refuse_rehearsal(&self) -> Result<(), Rejection> {
        self.query().leave_unnamed("dryRun");
        if self.is_rehearsal()? { Err(Rejection::invalid("dryRun", "this call cannot be rehearsed")) } else { Ok(()) }
    }

    async fn execute<C: Command>(&self, command: C, holds_secret: bool) -> Result<Done<C::Outcome>, Rejection> {
        self.execute_as(self.retry_key.clone(), command, holds_secret).await
    }

    async fn execute_as<C: Command>(
        &self,
        key: Option<String>,
        command: C,
        holds_secret: bool,
    ) -> Result<Done<C::Outcome>, Rejection> {
        let app = self.app()?;
        self.refuse_unread_members()?;
        self.has_run.set(true);
        if self.is_rehearsal()? {
            let outcome = app.rehearse(self.caller()?, command).await?;
            return Ok(Done { outcome, replayed: false });
        }
        let retry = key.map(|key| RetryKey { key, call: self.call_bytes(), holds_secret });
        Ok(app.execute(self.caller()?, retry, command).await?)
    }

    /// Answers a query. A write that takes idempotency keys may ask only after its command: what is read earlier could
    /// refuse or change a retry whose first call succeeded. Look such things up in the command, as with
    /// [`crate::app::resolved`].
    pub async fn ask<Q: Query>(&self, query: Q) -> Result<Q::Answer, Rejection> {
        if self.answers_retries && !self.has_run.get() {
            tracing::error!(path = self.pattern, "a write asked before its command ran");
            return Err(Refusal::Internal.into());
        }
        self.ask_ahead(query).await
    }

    /// Answers a query before the command of a write. Only for what its body is parsed with, such as time zones: the
    /// answer must not decide whether the call is refused.
    pub async fn ask_ahead<Q: Query>(&self, query: Q) -> Result<Q::Answer, Rejection> {
        let app = self.app()?;
        self.turn.set(None);
        let (answer, turn) = app.ask(self.caller()?, query).await?;
        self.turn.set(turn);
        Ok(answer)
    }

    /// Identifies the resource: dialect, route pattern and path parameters, without mount, method or query.
    pub(super) fn resource(&self) -> Vec<u8> {
        length_prefixed([self.dialect, self.pattern].map(str::as_bytes).into_iter().chain(self.path_values()))
    }

    /// What an idempotency key is bound to: dialect, method, route, query and body. The mount prefix is left out, so
    /// the same call through another mount counts as the same call.
    fn call_bytes(&self) -> Vec<u8> {
        let route = [self.dialect, self.request.method().as_str(), self.pattern].map(str::as_bytes);
        let rest = [self.request.query_string().as_bytes(), self.body.as_ref()];
        length_prefixed(route.into_iter().chain(self.path_values()).chain(rest))
    }

    fn path_values(&self) -> impl Iterator<Item = &[u8]> {
        self.values.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()])
    }
}

/// Concatenates texts, each prefixed with its length (8 bytes, big-endian), so that different lists give different
/// bytes.
pub(super) fn length_prefixed<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in texts {
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text);
    }
    bytes
}
