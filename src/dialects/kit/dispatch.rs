//! Handles every request to a dialect, so that limits, headers and the order of checks are defined in one place.

use super::body::{refuse_encodings, without_mark};
use super::call::{Call, Origin};
use super::context::ReplyContext;
use super::paths::{Found, Router};
use super::query::QueryParams;
use super::rate::Rates;
use super::rejection::Rejection;
use super::reply::{Reply, ReplyBody};
use super::routes::{Access, KeyPolicy, Route};
use super::{Dialect, Head};
use crate::app::{App, Caller};
use crate::domain::ids::RequestId;
use crate::domain::refusal::Refusal;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{ConnectionType, Method, StatusCode, Version};
use actix_web::web::{self, Bytes, BytesMut, Payload, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use futures_util::StreamExt;
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// State shared by all mounts of a server.
pub struct Shared {
    pub app: Arc<App>,
    /// `None` if tokens may send any number of requests.
    pub rates: Option<Rates>,
    /// The largest body accepted, in bytes; routes may multiply it.
    pub body_limit: usize,
    pub body_timeout: Duration,
    /// How long a client may leave a chunk of a stream unread before it is disconnected.
    pub send_timeout: Duration,
}

/// A dialect with its route table built.
#[derive(Clone)]
pub struct Endpoint {
    dialect: Arc<dyn Dialect>,
    router: Arc<Router>,
}

impl Endpoint {
    /// Builds the router from the dialect's route table.
    ///
    /// # Errors
    /// Two paths of the table match the same requests.
    pub fn new(dialect: Arc<dyn Dialect>) -> Result<Endpoint, matchit::InsertError> {
        let router = Router::new(dialect.routes(), dialect.path_matching())?;
        Ok(Endpoint { dialect, router: Arc::new(router) })
    }

    pub fn dialect(&self) -> &dyn Dialect {
        self.dialect.as_ref()
    }

    /// The dialect's OpenAPI document, as JSON.
    pub fn document(&self) -> String {
        format!("{:#}", self.dialect.document())
    }

    /// Serves all requests of the scope that no other service handles.
    pub fn mount(self, config: &mut ServiceConfig) {
        config.default_service(web::to(move |request: HttpRequest, payload: Payload| {
            let endpoint = self.clone();
            async move { endpoint.dispatch(request, payload).await }
        }));
    }

    /// Renders a rejection for a request that was not matched to a route.
    pub fn refuse(&self, request: &HttpRequest, rejection: impl Into<Rejection>) -> HttpResponse {
        self.respond(Err(rejection.into()), &ReplyContext::new(origin_of(request).request))
    }

    async fn dispatch(&self, request: HttpRequest, payload: Payload) -> HttpResponse {
        let origin = origin_of(&request);
        let version = request.version();
        let mut context = ReplyContext::new(origin.request);
        let answer = self.handle(request, payload, origin, &mut context).await;
        let mut response = self.respond(answer, &context);
        if version < Version::HTTP_11 && response.body().size() == BodySize::Stream {
            // HTTP/1.0 knows no chunks: the end of the connection is the end of the stream.
            response.head_mut().no_chunking(true);
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        response
    }

    async fn handle(
        &self,
        request: HttpRequest,
        payload: Payload,
        origin: Origin,
        context: &mut ReplyContext,
    ) -> Result<Reply, Rejection> {
        // HEAD runs the GET route; the server then drops the body.
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let (route, values) = match self.router.find(method, request.match_info().unprocessed()) {
            Found::Route(route, values) => (route, values),
            Found::OtherMethods(allowed) => return Err(Rejection::WrongMethod { allowed }),
            Found::Nothing => return Err(Rejection::UnknownRoute),
        };
        context.operation = Some(route.operation);
        request.query_string().clone_into(&mut context.query);
        let shared = request.app_data::<web::Data<Shared>>().ok_or(Refusal::Internal)?.clone();
        let head = Head { request: &request, origin };
        let principal = match route.access {
            Access::Open => None,
            Access::Caller | Access::Needs(_) => Some(self.dialect.authenticate(&shared.app, head)?),
        };
        if let (Some(rates), Some(principal)) = (&shared.rates, &principal) {
            let (remainder, outcome) = rates.count(principal);
            context.remainder = Some(remainder);
            outcome?;
        }
        if let (Some(principal), Access::Needs(right)) = (&principal, route.access) {
            principal.require(right)?;
        }
        let is_write = route.method != Method::GET;
        let sent = if is_write { read_body(request.headers(), payload, &shared, route).await? } else { Bytes::new() };
        let nonce = match &principal {
            Some(principal) => self.dialect.authenticate_body(&shared.app, head, &sent, principal)?,
            None => None,
        };
        let body = without_mark(sent);
        context.body = body.clone();
        let retry_key = if is_write { self.retry_key(route, &request)? } else { None };
        let (address, request_id) = (Some(origin.address), origin.request);
        let caller =
            principal.map(|principal| Caller { principal, address, machine_user: None, request: request_id, nonce });
        let call = Call {
            params: QueryParams::parse(request.query_string())?,
            app: Arc::clone(&shared.app),
            send_timeout: shared.send_timeout,
            body,
            caller,
            origin,
            retry_key,
            unknown_members: route.unknown_members,
            has_read_body: Cell::new(false),
            answers_retries: is_write && route.key_policy != KeyPolicy::Ignored,
            has_run: Cell::new(false),
            turn: Cell::new(None),
            dialect: self.dialect.name(),
            pattern: route.path,
            values,
            request,
        };
        route.answer(call).await
    }

    fn retry_key(&self, route: &Route, request: &HttpRequest) -> Result<Option<String>, Rejection> {
        if route.key_policy == KeyPolicy::Ignored {
            return Ok(None);
        }
        let names = self.dialect.retry_headers();
        for name in names {
            if let Some(key) = retry_key(request, name)? {
                return Ok(Some(key.to_owned()));
            }
        }
        match route.key_policy {
            KeyPolicy::Required => Err(Rejection::missing(names.first().copied().unwrap_or_default())),
            KeyPolicy::Optional | KeyPolicy::Ignored => Ok(None),
        }
    }

    /// Turns an answer into an HTTP response. The dialect renders rejections; the headers that HTTP requires are added
    /// here.
    pub fn respond(&self, answer: Result<Reply, Rejection>, context: &ReplyContext) -> HttpResponse {
        let dialect = self.dialect();
        let (reply, rejection) = match answer {
            Ok(reply) => (reply, None),
            Err(rejection) => (dialect.refuse(&rejection, context), Some(rejection)),
        };
        let mut response = HttpResponse::build(reply.status);
        if !reply.headers.iter().any(|(name, _)| name == header::CACHE_CONTROL) {
            response.insert_header((header::CACHE_CONTROL, "no-store"));
        }
        for header in reply.headers {
            response.append_header(header);
        }
        if reply.replayed {
            response.insert_header((dialect.replayed_header(), "true"));
        }
        if let Some(remainder) = context.remainder {
            remainder.write(&mut response);
        }
        match rejection {
            Some(Rejection::WrongMethod { allowed }) => {
                response.insert_header((header::ALLOW, allowed.join(", ")));
            }
            Some(Rejection::Refused(Refusal::Unauthenticated(_))) if reply.status == StatusCode::UNAUTHORIZED => {
                response.insert_header((header::WWW_AUTHENTICATE, dialect.challenge()));
            }
            Some(Rejection::Refused(refusal)) => {
                if let Some(seconds) = refusal.retry_after_s() {
                    response.insert_header((header::RETRY_AFTER, seconds.to_string()));
                }
            }
            Some(Rejection::WrongContentEncoding) => {
                response.insert_header((header::ACCEPT_ENCODING, "identity"));
            }
            Some(Rejection::BodyTooLarge { .. } | Rejection::BodyTimeout) => {
                response.force_close(); // the rest of the body is not read
            }
            _ => {}
        }
        match reply.body {
            ReplyBody::Empty => response.finish(),
            ReplyBody::Whole(body) => response.body(body),
            ReplyBody::Stream(bytes) => response.streaming(bytes.map(Ok::<_, std::convert::Infallible>)),
        }
    }
}

/// The idempotency key from the header `name`. Refuses more than one, and anything but 1 to 255 visible ASCII
/// characters.
fn retry_key<'r>(request: &'r HttpRequest, name: &'static str) -> Result<Option<&'r str>, Rejection> {
    let mut values = request.headers().get_all(name);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Rejection::invalid(name, "given more than once"));
    }
    match value.to_str() {
        Ok(key) if (1..=255).contains(&key.len()) => Ok(Some(key)),
        _ => Err(Rejection::invalid(name, "1 to 255 visible ASCII characters")),
    }
}

async fn read_body(
    headers: &HeaderMap,
    mut payload: Payload,
    shared: &Shared,
    route: &Route,
) -> Result<Bytes, Rejection> {
    refuse_encodings(headers)?;
    let limit_bytes = shared.body_limit.saturating_mul(route.body_limit_factor);
    let read = async {
        let mut body = BytesMut::new();
        while let Some(chunk) =
            std::future::poll_fn(|context| futures_util::Stream::poll_next(Pin::new(&mut payload), context)).await
        {
            // The library's error says only that it ended.
            let chunk = chunk
                .map_err(|_| Rejection::MalformedBody { reason: "it ends early, or a chunk is malformed".into() })?;
            if body.len() + chunk.len() > limit_bytes {
                return Err(Rejection::BodyTooLarge { limit_bytes });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(shared.body_timeout, read).await.map_err(|_| Rejection::BodyTimeout)?
}

fn origin_of(request: &HttpRequest) -> Origin {
    let nowhere = Origin { request: RequestId::from(uuid::Uuid::nil()), address: IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
    request.extensions().get::<Origin>().copied().unwrap_or(nowhere)
}
