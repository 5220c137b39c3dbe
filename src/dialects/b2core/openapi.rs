//! The OpenAPI document of the B2Core dialect, built from the annotations of its handlers.

use super::error::{ErrorView, FieldError};
use super::{access, accounts, balances};
use crate::dialects::kit;
use serde_json::Value;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "bursar: B2Core Back Office API v2",
        description = "What bursar has of the B2Core Back Office API so far, on the same data as its other APIs.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        access::sign_in,
        access::refresh,
        access::sign_out,
        accounts::list,
        accounts::create,
        accounts::get,
        accounts::update,
        accounts::archive,
        accounts::preferences,
        accounts::balance,
        balances::change,
    ),
    components(schemas(ErrorView, FieldError)),
    security(("token" = [])),
    modifiers(&Common)
)]
struct Api;

/// Parts that all operations share.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut Document) {
        let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        document.components.get_or_insert_default().add_security_scheme("token", bearer);
        for item in document.paths.paths.values_mut() {
            let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                let content = Content::new(Some(Ref::from_schema_name("Error")));
                let error = ResponseBuilder::new().description("refused").content("application/json", content).build();
                operation.responses.responses.insert("default".into(), error.into());
            }
        }
    }
}

pub(super) fn document() -> Value {
    let mut document = Api::openapi();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    kit::openapi::Document::new(&document).finish()
}
