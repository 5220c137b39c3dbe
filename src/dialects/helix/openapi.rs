//! The OpenAPI document of the Helix dialect, built from the annotations of its handlers.

use super::envelope::ErrorEnvelope;
use super::{Helix, access, accounts, customers, externals, holds, program, transactions, transfers};
use crate::dialects::kit::openapi::{About, Document, Style, reference};
use serde_json::{Value, json};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    paths(
        customers::create,
        customers::update,
        customers::archive,
        customers::get,
        customers::get_by_tag,
        customers::get_by_email,
        customers::list,
        customers::search,
        accounts::create,
        accounts::update,
        accounts::get,
        accounts::get_by_tag,
        accounts::list,
        accounts::close,
        accounts::lock,
        accounts::unlock,
        holds::place,
        holds::release,
        access::list,
        access::add,
        access::edit,
        access::remove,
        transfers::create,
        transfers::void,
        externals::create,
        externals::initiate,
        externals::verify,
        externals::update,
        externals::archive,
        externals::get,
        externals::get_by_tag,
        externals::list,
        transactions::list,
        transactions::get,
        transactions::get_by_tag,
        program::get
    ),
    components(schemas(ErrorEnvelope))
)]
struct Api;

/// The introduction shown on the documentation page.
const ABOUT: &str = "Q2 Helix (formerly CorePro) on the data of bursar's other APIs: customers are clients, products \
    are account groups, and ids are the numbers of clients and accounts.\n\n\
    Every answer is an object with `data`, `errors`, `requestId` and `status`. Paths ignore case, empty segments and a \
    trailing slash. Numbers and booleans may be sent as texts; unknown fields are ignored. Any write can carry an \
    `Idempotency-Key`: repeating the call returns the first answer, marked with `Idempotency-Replayed: true`. An error \
    means that nothing was changed; branch on its `code`.";

const STYLE: Style =
    Style { scheme: "basic", write_parameters: &["IdempotencyKey", "DryRun"], versioned: &[], error: "ErrorEnvelope" };

pub(super) fn document(dialect: &Helix) -> Value {
    let mut document = Document::new(&Api::openapi());
    document.introduce(&About {
        title: "bursar: Q2 Helix",
        description: ABOUT,
        tags: &[],
        token: "An operator's token, from a login or from `bursar token create`.",
    });
    document.add(
        "securitySchemes",
        "basic",
        json!({
            "type": "http",
            "scheme": "basic",
            "description": "Key and secret of an API client, from `bursar client create --api helix`.",
        }),
    );
    document.complete_operations(dialect, &STYLE);
    document.require_members_of_answers();
    wrap(&mut document);
    document.finish()
}

/// Puts what handlers answer into the envelope.
fn wrap(document: &mut Document) {
    document.add(
        "schemas",
        "Envelope",
        json!({
            "type": "object",
            "description": "What every answer has beside its data.",
            "properties": {
                "errors": { "type": "array", "maxItems": 0, "items": reference("schemas", "Error") },
                "requestId": { "type": "string", "format": "uuid" },
                "status": { "type": "integer", "const": 200 },
            },
            "required": ["errors", "requestId", "status"],
        }),
    );
    document.each_operation(|_, _, operation| {
        let schema = &mut operation["responses"]["200"]["content"]["application/json"]["schema"];
        let data = schema.take();
        *schema = json!({
            "allOf": [reference("schemas", "Envelope")],
            "type": "object",
            "properties": { "data": data },
            "required": ["data"],
        });
    });
}
