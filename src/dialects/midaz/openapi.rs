//! The OpenAPI document of the Midaz dialect, built from the annotations of its handlers.

use super::error::ErrorView;
use super::{Midaz, accounts, instruments, ledgers, organizations, portfolios, products};
use crate::dialects::kit::openapi::{About, Document, Style};
use serde_json::Value;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    paths(
        super::health,
        organizations::create,
        organizations::list,
        organizations::get,
        organizations::change,
        organizations::delete,
        ledgers::create,
        ledgers::list,
        ledgers::get,
        ledgers::change,
        ledgers::delete,
        instruments::create,
        instruments::list,
        instruments::get,
        instruments::change,
        instruments::delete,
        portfolios::create,
        portfolios::list,
        portfolios::get,
        portfolios::change,
        portfolios::delete,
        products::create,
        products::list,
        products::get,
        products::change,
        products::delete,
        accounts::create,
        accounts::list,
        accounts::get,
        accounts::change,
        accounts::delete
    ),
    components(schemas(ErrorView))
)]
struct Api;

/// The introduction shown on the documentation page.
const ABOUT: &str = "Midaz v1 on the data of bursar's other APIs: organizations keep ledgers, ledgers have \
    instruments, portfolios and products, and accounts are in portfolios. `portfolio` is accepted for `portfolios` \
    in paths.\n\n\
    Unknown fields are refused. Any write can carry an `Idempotency-Key` (or `X-Idempotency`): repeating the call \
    returns the first answer, marked with `X-Idempotency-Replayed: true`. An error means that nothing was changed; \
    branch on its `code`.";

const STYLE: Style =
    Style { scheme: "token", write_parameters: &["IdempotencyKey", "DryRun"], versioned: &[], error: "Error" };

pub(super) fn document(dialect: &Midaz) -> Value {
    let mut document = Document::new(&Api::openapi());
    document.introduce(&About {
        title: "bursar: Midaz v1",
        description: ABOUT,
        tags: &[],
        token: "An operator's token, from a login or from `bursar token create`.",
    });
    document.complete_operations(dialect, &STYLE);
    document.require_members_of_answers();
    document.finish()
}
