//! The page that describes the API, and the document behind it. All of it is in the binary: it works without internet.

use super::openapi::openapi_json;
use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use std::sync::Arc;
use utoipa_swagger_ui::Config;

/// Adds `/openapi.json` and `/docs` to the mount of a dialect that has a document.
pub(super) fn mount(dialect: &'static str, config: &mut ServiceConfig) {
    let Some(document) = openapi_json(dialect) else { return };
    let document = web::Bytes::from(document);
    config
        .route("/openapi.json", web::get().to(move || send("application/json", document.clone())))
        .route("/docs", web::get().to(redirect))
        // A scope of its own, so that the pattern is tried only below it.
        .service(web::scope("/docs").route("/{file:.*}", web::get().to(page)));
}

async fn send(content_type: &'static str, bytes: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type(content_type).body(bytes)
}

async fn redirect(request: HttpRequest) -> HttpResponse {
    let target = format!("{}/", request.path());
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, target)).finish()
}

async fn page(file: web::Path<String>) -> HttpResponse {
    // Relative to the page, so that it is right under every prefix.
    let config = Config::from("../openapi.json").persist_authorization(true);
    match utoipa_swagger_ui::serve(&file, Arc::new(config)) {
        Ok(Some(file)) => HttpResponse::Ok()
            .content_type(file.content_type)
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .body(file.bytes.into_owned()),
        Ok(None) => HttpResponse::NotFound().finish(),
        Err(error) => {
            tracing::error!(%error, "the documentation page could not be made");
            HttpResponse::InternalServerError().finish()
        }
    }
}
