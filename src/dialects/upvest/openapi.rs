//! The OpenAPI document of the Upvest dialect, built from the annotations of its handlers.

use super::error::ErrorView;
use super::{Upvest, access};
use crate::dialects::kit::openapi::{Document, Style};
use serde_json::{Value, json};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(paths(access::issue), components(schemas(ErrorView)))]
struct Api;

/// The introduction shown on the documentation page.
const ABOUT: &str = "Upvest's Investment API on the data of bursar's other APIs. A client, made with `bursar client \
    create --api upvest`, gets a token with its id and secret, and sends it with `upvest-client-id`.\n\n\
    An error means that nothing was changed; branch on its `type`.";

const STYLE: Style = Style { scheme: "token", write_parameters: &[], versioned: &[], error: "Error" };

pub(super) fn document(dialect: &Upvest) -> Value {
    let mut document = Document::new(&Api::openapi());
    let root = document.root();
    root["info"] = json!({
        "title": "bursar: Upvest Investment API",
        "description": ABOUT,
        "version": env!("CARGO_PKG_VERSION"),
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    });
    root["components"]["securitySchemes"]["token"] = json!({
        "type": "http",
        "scheme": "bearer",
        "description": "The token of a client, from `/auth/token`.",
    });
    document.complete_operations(dialect, &STYLE);
    document.finish()
}
