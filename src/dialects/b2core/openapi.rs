//! The OpenAPI document of the B2Core dialect, built from the annotations of its handlers and the route table.

use super::error::{ErrorView, FieldError};
use super::{B2Core, access, accounts, balances, clients, deposits, products};
use crate::dialects::kit::openapi::{About, Document, Style, reference};
use serde_json::{Value, json};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
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
        clients::list,
        clients::create,
        clients::get,
        clients::update,
        clients::delete,
        products::list_platforms,
        products::get_platform,
        products::list,
        products::get,
        products::list_currencies,
        products::get_currency,
        products::list_groups,
        products::get_group,
        deposits::methods,
        deposits::create,
        deposits::get,
        deposits::list,
    ),
    components(schemas(ErrorView, FieldError))
)]
struct Api;

const ABOUT: &str = "Sign-in, accounts, clients, products and deposits of the B2Core Back Office API, on the same data \
    as the other APIs. PUT and PATCH do the same: both change only what is sent. Bodies are read as JSON whatever they \
    are declared to be, and unknown members are ignored. Platforms, products and their currencies are configured by \
    the broker: writes are answered 403 with the code `read_only`.";

const TAGS: [(&str, &str); 5] = [
    ("Access", "Pairs of tokens for operators."),
    ("Accounts", "Wallets and trading accounts."),
    ("Clients", "The broker's clients."),
    ("Products", "Products, their currencies and groups, and platforms."),
    ("Deposits", "Money that comes in."),
];

const STYLE: Style =
    Style { scheme: "token", write_parameters: &["IdempotencyKey", "DryRun"], versioned: &[], error: "Error" };

pub(super) fn document(dialect: &B2Core) -> Value {
    let mut document = Document::new(&Api::openapi());
    document.introduce(&About {
        title: "bursar: B2Core Back Office API v2",
        description: ABOUT,
        tags: &TAGS,
        token: "An access token from sign-in, or a token from `bursar token create`.",
    });
    document.complete_operations(dialect, &STYLE);
    document.add(
        "headers",
        "TotalCount",
        json!({ "description": "The number of all matches.", "schema": { "type": "integer", "minimum": 0 } }),
    );
    document.require_members_of_answers();
    document.require("NewAccount", &["productCurrencyId", "clientId"]);
    document.require("NewDeposit", &["accountId", "methodId", "amount"]);
    document.require("BalanceChange", &["amount"]);
    document.each_operation(|method, _, operation| {
        let listed = operation.pointer("/responses/200/content/application~1json/schema/type");
        if listed.is_some_and(|kind| kind == "array") {
            operation["responses"]["200"]["headers"]["X-Total-Count"] = reference("headers", "TotalCount");
        }
        // Operations that PUT and PATCH share need two ids.
        if method == "PUT" {
            let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
            operation["operationId"] = format!("{id}_by_put").into();
        }
    });
    document.finish()
}
