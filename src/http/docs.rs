//! The API documentation page and its OpenAPI document. Both are embedded in the binary, so they work offline.

use super::headers;
use crate::dialects::kit::{Endpoint, Rejection};
use crate::domain::refusal::Refusal;
use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource};
use std::borrow::Cow;
use std::sync::Arc;
use utoipa_swagger_ui::Config;

/// Adds `/openapi.json` and `/docs` to the mount of a dialect.
pub(super) fn mount(endpoint: &Endpoint, config: &mut ServiceConfig) {
    let only_get = |path| only_get(endpoint.clone(), path);
    let document = web::Bytes::from(endpoint.document());
    let send = move || send("application/json", document.clone());
    let page_endpoint = endpoint.clone();
    let page = move |file, request| page(page_endpoint.clone(), file, request);
    config
        .service(only_get("/openapi.json").route(web::get().to(send.clone())).route(web::head().to(send)))
        .service(only_get("/docs").route(web::get().to(redirect)).route(web::head().to(redirect)))
        // A separate scope, so that the pattern is tried only below it.
        .service(
            web::scope("/docs")
                .wrap(headers::pages())
                .service(only_get("/{file:.*}").route(web::get().to(page.clone())).route(web::head().to(page))),
        );
}

/// A resource that refuses every method except GET and HEAD.
fn only_get(endpoint: Endpoint, path: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move |request: HttpRequest| {
        let answer = endpoint.refuse(&request, Rejection::WrongMethod { allowed: vec!["GET", "HEAD"] });
        async move { answer }
    }))
}

async fn send(content_type: &'static str, bytes: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type(content_type).body(bytes)
}

async fn redirect(request: HttpRequest) -> HttpResponse {
    let target = format!("{}/", request.path());
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, target)).finish()
}

async fn page(endpoint: Endpoint, file: web::Path<String>, request: HttpRequest) -> HttpResponse {
    // Relative to the page, so that it works under every prefix. Tokens stay in the page's memory, and the document is
    // not sent to a validator elsewhere.
    let config = Config::from("../openapi.json").validator_url("none");
    match utoipa_swagger_ui::serve(&file, Arc::new(config)) {
        Ok(Some(file)) => HttpResponse::Ok().content_type(file.content_type).body(match file.bytes {
            // Part of the program: a copy for each request would let slow readers fill the memory.
            Cow::Borrowed(bytes) => web::Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        }),
        Ok(None) => endpoint.refuse(&request, Rejection::UnknownRoute),
        Err(error) => {
            tracing::error!(%error, "the documentation page could not be served");
            endpoint.refuse(&request, Refusal::Internal)
        }
    }
}
