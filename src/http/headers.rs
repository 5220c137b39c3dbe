//! Headers that tell browsers how careful to be.

use actix_web::http::header;
use actix_web::middleware::DefaultHeaders;

/// What the documentation pages may load: the files of this server. The pages need no inline script or style.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                           connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Headers of every answer; `hsts` is the value of `Strict-Transport-Security`, if there is one.
pub(super) fn everywhere(hsts: Option<&str>) -> DefaultHeaders {
    let headers = DefaultHeaders::new().add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    match hsts {
        Some(value) => headers.add((header::STRICT_TRANSPORT_SECURITY, value)),
        None => headers,
    }
}

pub(super) fn pages() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .add((header::X_FRAME_OPTIONS, "DENY"))
        .add((header::REFERRER_POLICY, "no-referrer"))
}
