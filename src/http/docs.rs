//! The page that describes the API, and the document behind it. All of it is in the binary: it works without internet.

use super::openapi::openapi_json;
use crate::dialects::kit::{Dialect, refuse};
use crate::domain::refusal::Refusal;
use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource};
use std::sync::Arc;
use utoipa_swagger_ui::Config;

/// Adds `/openapi.json` and `/docs` to the mount of a dialect that has a document.
pub(super) fn mount<D: Dialect>(config: &mut ServiceConfig) {
    let Some(document) = openapi_json(D::NAME) else { return };
    let document = web::Bytes::from(document);
    let send = move || send("application/json", document.clone());
    config
        .service(only_get::<D>("/openapi.json").route(web::get().to(send.clone())).route(web::head().to(send)))
        .service(only_get::<D>("/docs").route(web::get().to(redirect)).route(web::head().to(redirect)))
        // A scope of its own, so that the pattern is tried only below it.
        .service(
            web::scope("/docs")
                .service(only_get::<D>("/{file:.*}").route(web::get().to(page::<D>)).route(web::head().to(page::<D>))),
        );
}

/// A resource that refuses every method that it has no route for.
fn only_get<D: Dialect>(path: &'static str) -> Resource {
    web::resource(path)
        .default_service(web::to(|request| refuse::<D>(request, Refusal::WrongMethod { allowed: vec!["GET", "HEAD"] })))
}

async fn send(content_type: &'static str, bytes: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type(content_type).body(bytes)
}

async fn redirect(request: HttpRequest) -> HttpResponse {
    let target = format!("{}/", request.path());
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, target)).finish()
}

async fn page<D: Dialect>(file: web::Path<String>, request: HttpRequest) -> HttpResponse {
    // Relative to the page, so that it is right under every prefix.
    let config = Config::from("../openapi.json").persist_authorization(true);
    match utoipa_swagger_ui::serve(&file, Arc::new(config)) {
        Ok(Some(file)) => HttpResponse::Ok()
            .content_type(file.content_type)
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .body(file.bytes.into_owned()),
        Ok(None) => refuse::<D>(request, Refusal::UnknownRoute).await,
        Err(error) => {
            tracing::error!(%error, "the documentation page could not be made");
            refuse::<D>(request, Refusal::Internal).await
        }
    }
}
