//! Answers to browsers about pages of other origins (CORS, as in the Fetch standard). Off unless origins are listed.
//!
//! A page sends its token in a header, never in a cookie, so credentials of the browser are not allowed. A preflight
//! needs no authentication; like every request, it has passed the allow list of networks.

use crate::config::Browser;
use crate::dialects::kit::Dialect;
use actix_web::HttpResponse;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use std::sync::Arc;

/// What pages of allowed origins may do with one dialect.
pub(super) struct Cors {
    origins: Vec<HeaderValue>,
    /// The request headers that they may set.
    sent: String,
    /// The response headers that they may read.
    exposed: HeaderValue,
}

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// Seconds for which a browser may remember the answer to a preflight.
const REMEMBERED_S: &str = "3600";

impl Cors {
    /// `None` if no origin is allowed.
    pub(super) fn new(browser: &Browser, dialect: &dyn Dialect) -> Option<Arc<Cors>> {
        let origins = browser.allowed_origins.iter().map(|origin| HeaderValue::from_str(origin.as_str()));
        let origins: Vec<HeaderValue> = origins.flatten().collect();
        if origins.is_empty() {
            return None;
        }
        let sent =
            format!("Authorization, Content-Type, If-Match, Last-Event-ID, {}", dialect.retry_headers().join(", "));
        let exposed = format!(
            "{}, {}, Allow, Content-Disposition, ETag, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate",
            dialect.request_id_header(),
            dialect.replayed_header()
        );
        let exposed = HeaderValue::from_str(&exposed).ok()?;
        Some(Arc::new(Cors { origins, sent, exposed }))
    }

    fn allowed(&self, headers: &HeaderMap) -> Option<&HeaderValue> {
        let sent = headers.get(header::ORIGIN)?;
        self.origins.iter().find(|origin| *origin == sent)
    }

    /// The answer to a preflight of a page that may call; `None` for every other request.
    pub(super) fn preflight(&self, request: &ServiceRequest) -> Option<HttpResponse> {
        let headers = request.headers();
        if request.method() != Method::OPTIONS || !headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        self.allowed(headers)?;
        let answer = HttpResponse::NoContent()
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
            .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, self.sent.as_str()))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, REMEMBERED_S))
            .finish();
        Some(answer)
    }

    /// Lets the page that made the request read the response, if it may call.
    pub(super) fn mark<B>(&self, response: &mut ServiceResponse<B>) {
        let origin = self.allowed(response.request().headers()).cloned();
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin
            && !headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
        {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed.clone());
        }
    }
}
