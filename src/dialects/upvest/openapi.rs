//! The OpenAPI document of the Upvest dialect, built from the annotations of its handlers.

use super::error::ErrorView;
use super::{Upvest, access, account_groups, accounts, users};
use crate::dialects::kit::openapi::{About, Document, Style};
use serde_json::Value;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    paths(
        access::issue,
        users::create,
        users::list,
        users::get,
        users::offboard,
        account_groups::of_user,
        accounts::of_user,
        account_groups::create,
        account_groups::list,
        account_groups::get,
        account_groups::close,
        account_groups::cash_balance,
        accounts::create,
        accounts::list,
        accounts::get,
        accounts::change,
        accounts::close
    ),
    components(schemas(ErrorView))
)]
struct Api;

/// The introduction shown on the documentation page.
const ABOUT: &str = "Upvest's Investment API on the data of bursar's other APIs: users have account groups, and \
    account groups have accounts.\n\n\
    A client, made with `bursar client create --api upvest`, gets a token for its id and secret, and sends it with its \
    `upvest-client-id`. A client with a registered public key signs every request (HTTP Message Signatures, draft \
    15).\n\n\
    New users, account groups and accounts take an `idempotency-key`; other writes may have one. Repeating a call with \
    its key returns the first answer. An error means that nothing was changed; branch on its `type`.";

const STYLE: Style =
    Style { scheme: "token", write_parameters: &["IdempotencyKey", "DryRun"], versioned: &[], error: "Error" };

pub(super) fn document(dialect: &Upvest) -> Value {
    let mut document = Document::new(&Api::openapi());
    document.introduce(&About {
        title: "bursar: Upvest Investment API",
        description: ABOUT,
        tags: &[],
        token: "The token of a client, from `/auth/token`.",
    });
    document.complete_operations(dialect, &STYLE);
    document.finish()
}
