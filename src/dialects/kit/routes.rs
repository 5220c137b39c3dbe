//! Route tables, and how they are mounted: every request of a dialect passes through [`dispatch`], so that limits,
//! authentication and the spelling of refusals are in one place.

use super::Dialect;
use super::call::{Call, Origin};
use super::reply::{Reply, ReplyBody};
use crate::app::{App, Caller};
use crate::domain::ids::RequestId;
use crate::domain::refusal::{Credentials, Refusal};
use actix_web::http::{Method, StatusCode, header};
use actix_web::web::{self, Bytes, BytesMut, Payload, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use futures_util::StreamExt;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Who may use a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Everyone whom the allow list lets in.
    Open,
    /// Callers with a token; which right they need is up to the use case.
    Token,
}

type Answer = Pin<Box<dyn Future<Output = Result<Reply, Refusal>>>>;
type Handler = Arc<dyn Fn(Call) -> Answer + Send + Sync>;

/// One route.
#[derive(Clone)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, with `{names}`.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// How many times the usual limit its bodies may have.
    body_limit_factor: usize,
    handler: Handler,
}

/// A dialect's routes, in order: of two that match a path, the first wins.
#[derive(Clone, Default)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// Adds a route.
    #[must_use]
    pub fn on<F, A>(mut self, method: Method, path: &'static str, access: Access, handler: F) -> Routes
    where
        F: Fn(Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Reply, Refusal>> + 'static,
    {
        let handler: Handler = Arc::new(move |call| Box::pin(handler(call)));
        self.0.push(Route { method, path, access, body_limit_factor: 1, handler });
        self
    }

    /// Adds a GET route for callers with a token.
    #[must_use]
    pub fn get<F, A>(self, path: &'static str, handler: F) -> Routes
    where
        F: Fn(Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Reply, Refusal>> + 'static,
    {
        self.on(Method::GET, path, Access::Token, handler)
    }

    /// Adds a POST route for callers with a token.
    #[must_use]
    pub fn post<F, A>(self, path: &'static str, handler: F) -> Routes
    where
        F: Fn(Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Reply, Refusal>> + 'static,
    {
        self.on(Method::POST, path, Access::Token, handler)
    }

    /// Lets the bodies of the route that was added last be so many times as large as others.
    #[must_use]
    pub fn with_bodies_of(mut self, factor: usize) -> Routes {
        if let Some(route) = self.0.last_mut() {
            route.body_limit_factor = factor;
        }
        self
    }

    /// Adds a PUT route for callers with a token.
    #[must_use]
    pub fn put<F, A>(self, path: &'static str, handler: F) -> Routes
    where
        F: Fn(Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Reply, Refusal>> + 'static,
    {
        self.on(Method::PUT, path, Access::Token, handler)
    }

    /// Adds a DELETE route for callers with a token.
    #[must_use]
    pub fn delete<F, A>(self, path: &'static str, handler: F) -> Routes
    where
        F: Fn(Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Reply, Refusal>> + 'static,
    {
        self.on(Method::DELETE, path, Access::Token, handler)
    }

    /// All routes.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.0.iter()
    }

    /// Mounts the routes on what the scope has no other service for.
    pub fn mount<D: Dialect>(self, config: &mut ServiceConfig) {
        let resources = Arc::new(self.resources());
        config.default_service(web::to(move |request: HttpRequest, payload: Payload| {
            dispatch::<D>(Arc::clone(&resources), request, payload)
        }));
    }

    /// One resource a path, which knows all methods of that path.
    fn resources(self) -> Vec<Resource> {
        let mut resources: Vec<Resource> = Vec::new();
        for route in self.0 {
            match resources.iter_mut().find(|resource| resource.path == route.path) {
                Some(resource) => resource.methods.push(route),
                None => resources.push(Resource::new(route)),
            }
        }
        resources
    }
}

/// All routes of one path.
struct Resource {
    path: &'static str,
    parts: Vec<Part>,
    methods: Vec<Route>,
}

/// What stands between two slashes of a path.
enum Part {
    Text(&'static str),
    Name(&'static str),
}

/// The parts of a path that have names, with their values.
pub(super) type PathValues = Vec<(&'static str, String)>;

impl Resource {
    fn new(route: Route) -> Resource {
        let part = |text: &'static str| match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(name) => Part::Name(name),
            None => Part::Text(text),
        };
        Resource { path: route.path, parts: route.path.split('/').map(part).collect(), methods: vec![route] }
    }

    /// Plain comparison: a regular expression for each path, as the HTTP library tries them, costs more than the query
    /// that most calls are.
    fn matches(&self, path: &str) -> Option<PathValues> {
        let mut given = path.split('/');
        let mut values = Vec::new();
        for part in &self.parts {
            match (part, given.next()?) {
                (Part::Text(text), given) if *text == given => {}
                (Part::Name(name), given) if !given.is_empty() => values.push((*name, given.to_owned())),
                _ => return None,
            }
        }
        given.next().is_none().then_some(values)
    }
}

/// What all mounts of a server share.
pub struct Shared {
    /// The use cases.
    pub app: Arc<App>,
    /// The largest body that is read, in bytes.
    pub body_limit: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long a client may leave unread what it was sent.
    pub send_timeout: Duration,
}

/// Answers requests to paths that a dialect does not have.
pub async fn unknown_route<D: Dialect>(request: HttpRequest) -> HttpResponse {
    refuse::<D>(request, Refusal::UnknownRoute).await
}

/// Answers a request with a refusal.
pub async fn refuse<D: Dialect>(request: HttpRequest, refusal: Refusal) -> HttpResponse {
    respond::<D>(Err(refusal), origin_of(&request).request)
}

async fn dispatch<D: Dialect>(resources: Arc<Vec<Resource>>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let origin = origin_of(&request);
    respond::<D>(handle::<D>(&resources, request, payload, origin).await, origin.request)
}

async fn handle<D: Dialect>(
    resources: &[Resource],
    request: HttpRequest,
    payload: Payload,
    origin: Origin,
) -> Result<Reply, Refusal> {
    // Of two paths that match, the first wins.
    let path = request.match_info().unprocessed();
    let found = resources.iter().find_map(|resource| Some((&resource.methods, resource.matches(path)?)));
    let (methods, values) = found.ok_or(Refusal::UnknownRoute)?;
    // The body of an answer to HEAD is left out by the server.
    let wanted = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    let Some(route) = methods.iter().find(|route| route.method == *wanted) else {
        return Err(Refusal::WrongMethod { allowed: allowed(methods) });
    };
    let shared = request.app_data::<web::Data<Shared>>().ok_or(Refusal::Internal)?.clone();
    let caller = match route.access {
        Access::Open => None,
        Access::Token => {
            let token = D::token(&request).ok_or(Refusal::Unauthenticated(Credentials::Missing))?;
            let principal = shared.app.authenticate(token, origin.address)?;
            if let Some(right) = D::right(wanted, route.path) {
                principal.require(right)?;
            }
            Some(Caller { principal, address: Some(origin.address), request: origin.request })
        }
    };
    let is_write = !matches!(*wanted, Method::GET);
    let body = if is_write { read_body(payload, &shared, route).await? } else { Bytes::new() };
    let retry_key = if is_write { D::retry_key(&request)?.map(str::to_owned) } else { None };
    let (app, send_timeout) = (Arc::clone(&shared.app), shared.send_timeout);
    let call = Call {
        app,
        send_timeout,
        request,
        body,
        caller,
        origin,
        retry_key,
        dialect: D::NAME,
        pattern: route.path,
        values,
    };
    (route.handler)(call).await
}

fn allowed(methods: &[Route]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for name in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
        let method = if name == "HEAD" { "GET" } else { name };
        if methods.iter().any(|route| route.method.as_str() == method) {
            names.push(name);
        }
    }
    names
}

async fn read_body(mut payload: Payload, shared: &Shared, route: &Route) -> Result<Bytes, Refusal> {
    let limit_bytes = shared.body_limit.saturating_mul(route.body_limit_factor);
    let read = async {
        let mut body = BytesMut::new();
        while let Some(chunk) =
            std::future::poll_fn(|context| futures_core::Stream::poll_next(Pin::new(&mut payload), context)).await
        {
            let chunk = chunk.map_err(|error| Refusal::MalformedBody { reason: error.to_string() })?;
            if body.len() + chunk.len() > limit_bytes {
                return Err(Refusal::BodyTooLarge { limit_bytes });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(shared.body_timeout, read).await.map_err(|_| Refusal::BodyTimeout)?
}

fn origin_of(request: &HttpRequest) -> Origin {
    let nowhere = Origin { request: RequestId::from(uuid::Uuid::nil()), address: IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
    request.extensions().get::<Origin>().copied().unwrap_or(nowhere)
}

/// An answer as an HTTP response: the dialect spells the body, the headers are the same everywhere.
pub fn respond<D: Dialect>(answer: Result<Reply, Refusal>, request: RequestId) -> HttpResponse {
    match answer {
        Ok(reply) => {
            let mut response = HttpResponse::build(reply.status);
            response.content_type("application/json");
            response.insert_header((header::CACHE_CONTROL, "no-store"));
            if let Some(version) = reply.version {
                response.insert_header((header::ETAG, format!("\"{version}\"")));
            }
            if reply.replayed {
                response.insert_header((D::REPLAYED_HEADER, "true"));
            }
            match reply.body {
                ReplyBody::Json(body) => response.body(body),
                ReplyBody::Table(body, name) => {
                    response.content_type("text/csv; charset=utf-8; header=present");
                    let disposition = format!("attachment; filename=\"{name}\"");
                    response.insert_header((header::CONTENT_DISPOSITION, disposition));
                    response.body(body)
                }
                ReplyBody::Stream(content_type, bytes) => {
                    response.content_type(content_type);
                    // What stands between may not keep pieces back until there are more.
                    response.insert_header(("X-Accel-Buffering", "no"));
                    response.streaming(bytes.map(Ok::<_, std::convert::Infallible>))
                }
            }
        }
        Err(refusal) => {
            let (status, content_type, body) = D::refuse(&refusal, request);
            let mut response = HttpResponse::build(status);
            response.content_type(content_type);
            response.insert_header((header::CACHE_CONTROL, "no-store"));
            match &refusal {
                Refusal::WrongMethod { allowed } => {
                    response.insert_header((header::ALLOW, allowed.join(", ")));
                }
                Refusal::Throttled { retry_after_s, .. } | Refusal::Busy { retry_after_s } => {
                    response.insert_header((header::RETRY_AFTER, retry_after_s.to_string()));
                }
                Refusal::StorageUnavailable | Refusal::ShuttingDown => {
                    response.insert_header((header::RETRY_AFTER, "5"));
                }
                Refusal::Unauthenticated(_) if status == StatusCode::UNAUTHORIZED => {
                    response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
                }
                Refusal::BodyTooLarge { .. } | Refusal::BodyTimeout => {
                    response.force_close(); // the rest of the body is not read
                }
                _ => {}
            }
            response.body(body)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The resource and the values that a path leads to.
    fn found(path: &str) -> Option<(&'static str, PathValues)> {
        let handler = |_: Call| async { Err(Refusal::Internal) };
        let routes = Routes::default()
            .get("/accounts", handler)
            .post("/accounts", handler)
            .get("/accounts/fresh", handler)
            .get("/accounts/{id}", handler)
            .get("/accounts/{id}/deals/{deal}", handler);
        let resources = routes.resources();
        assert_eq!(resources.len(), 4);
        resources.iter().find_map(|resource| Some((resource.path, resource.matches(path)?)))
    }

    #[test]
    fn the_first_path_that_matches_wins() {
        assert_eq!(found("/accounts"), Some(("/accounts", vec![])));
        assert_eq!(found("/accounts/fresh"), Some(("/accounts/fresh", vec![])));
        assert_eq!(found("/accounts/7"), Some(("/accounts/{id}", vec![("id", "7".into())])));
        let values = vec![("id", "7".into()), ("deal", "a b".into())];
        assert_eq!(found("/accounts/7/deals/a b"), Some(("/accounts/{id}/deals/{deal}", values)));
    }

    #[test]
    fn a_path_is_matched_as_a_whole() {
        for path in ["", "/", "/accounts/", "accounts", "/account", "/accounts/7/", "/accounts/7/deals", "//accounts"] {
            assert_eq!(found(path), None, "{path}");
        }
    }
}
