//! The OpenAPI document of the native dialect: what the annotations of the handlers say, completed.

mod examples;
mod members;
mod operations;
mod schemas;

use super::error::{Detail, ErrorView, Metadata};
use super::{Native, accounts, currencies, deals, funding, groups, labels, portfolios, profiles, sessions, users};
use super::{
    account_states, batch, deposits, entries, event_stream, events, holds, owners, profile_states, sandbox, statements,
    transfers, trial_balance, withdrawals,
};
use crate::dialects::kit::openapi::{Document, Style, reference, without_null};
use serde_json::{Value, json};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    paths(
        users::log_in,
        sessions::published_keys,
        sessions::begin,
        sessions::introspect,
        currencies::list,
        groups::list,
        profiles::create,
        profiles::list,
        profiles::change_password,
        profiles::get,
        profiles::replace,
        portfolios::of_profile,
        accounts::open,
        accounts::list,
        accounts::get,
        accounts::change,
        accounts::archive,
        funding::deposit,
        funding::withdraw,
        funding::adjust,
        deals::list,
        portfolios::positions,
        portfolios::orders,
        portfolios::closed_positions,
        portfolios::get,
        deposits::announce,
        deposits::list_of_account,
        deposits::list,
        deposits::get,
        deposits::settle,
        deposits::give_back,
        withdrawals::request,
        withdrawals::list_of_account,
        withdrawals::list,
        withdrawals::get,
        withdrawals::approve,
        withdrawals::pay,
        withdrawals::reject,
        withdrawals::cancel,
        holds::place,
        holds::list_of_account,
        holds::get,
        holds::capture,
        holds::release,
        transfers::make,
        transfers::list,
        transfers::get,
        entries::reverse,
        sandbox::clock,
        sandbox::reset,
        account_states::lock,
        account_states::unlock,
        account_states::activate,
        account_states::inactive,
        account_states::dormant,
        account_states::close,
        owners::list,
        owners::add,
        owners::alter,
        owners::remove,
        account_states::approve,
        profile_states::approve,
        profile_states::deny,
        profile_states::deceased,
        profile_states::archive,
        batch::run,
        events::list,
        events::checkpoint,
        statements::balance,
        statements::statement,
        trial_balance::get
    ),
    components(schemas(ErrorView, Detail, Metadata))
)]
struct Api;

/// What this API is, for the first lines of its page.
const ABOUT: &str = "Onboard clients, open accounts, move funds, read deals, issue end-user tokens.\n\n\
    Every success is 200. Money is exact: send it as text; it comes back as a JSON number with the decimals of its currency \
    (see the schema `Money`). 64-bit numbers come back as text. Any write can carry an `Idempotency-Key`: sent again, it gets \
    the first answer again, marked by `Idempotency-Replayed: true`. A refusal changed nothing; branch on its `reason`.";

/// The groups of operations, in the order in which they are shown.
const TAGS: [(&str, &str); 14] = [
    ("Access", "Operators log in."),
    ("Reference data", "Currencies and account groups, which the operator configures."),
    ("Clients", "Profiles of end clients."),
    ("Client states", "Approval, denial, death and archiving of clients."),
    ("Accounts", "One book of money in one currency each."),
    ("Account states", "Locks, approval, setting aside and closing of accounts."),
    ("Owners", "The owners of an account, in order."),
    ("Funds", "Money that moves in one call."),
    ("Movements", "Money that moves in phases: deposits, withdrawals, holds, transfers."),
    ("Batches", "Many operations in one call."),
    ("Statements", "Balances and statements of any past moment."),
    ("Trading data", "Portfolios, positions and orders."),
    ("End users", "Tokens of clients for the trading platform."),
    ("Events", "What changed, in one gapless sequence."),
];

/// Members that a request needs; the types have them as optional, because their absence is refused by name.
const REQUIRED: [(&str, &[&str]); 6] = [
    ("ProfileRequest", &["email"]),
    ("PasswordRequest", &["id", "newPassword"]),
    ("LoginRequest", &["username", "password"]),
    ("SessionRequest", &["email", "password"]),
    ("IntrospectRequest", &["token"]),
    ("TransferBody", &["fromAccountId", "toAccountId"]),
];

const STYLE: Style = Style {
    scheme: "token",
    write_parameters: &["IdempotencyKey", "DryRun"],
    versioned: &["Account", "OpenedAccount", "Profile", "Owner", "OwnerList"],
    error: "Error",
};

/// The document.
pub(super) fn document() -> Value {
    let mut document = Document::new(&Api::openapi());
    describe_root(document.root());
    for (name, schema) in schemas::all() {
        document.add("schemas", name, schema);
    }
    fold_conditions(&mut document);
    document.complete_operations(&Native, &STYLE);
    document.describe_members(members::form);
    document.require_members_of_answers();
    shape_requests(&mut document);
    describe_streams(&mut document);
    document.finish()
}

fn describe_root(root: &mut Value) {
    root["info"] = json!({
        "title": "bursar: accounts & funding",
        "description": ABOUT,
        "version": env!("CARGO_PKG_VERSION"),
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    });
    let sandbox = ("Sandbox", "What only a sandbox can do.");
    let tags = TAGS.into_iter().chain([sandbox]);
    root["tags"] = tags.map(|(name, description)| json!({ "name": name, "description": description })).collect();
    root["components"]["securitySchemes"]["token"] = json!({
        "type": "http",
        "scheme": "bearer",
        "description": "A token of an operator: from a login, or made with `bursar token create`.",
    });
    root["components"]["parameters"] = json!({
        "IdempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The same key with the same call gets the first answer again.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
        },
        "DryRun": {
            "name": "dryRun",
            "in": "query",
            "description": "true: answer as if it were done, and do nothing.",
            "schema": { "type": "boolean", "default": false },
        },
        "Conditions": {
            "name": "conditions",
            "in": "query",
            "description": "`metadata.{key}=value` and `customField.{name}=value`: only objects with all these labels.",
            "style": "form",
            "explode": true,
            "schema": {
                "type": "object",
                "maxProperties": labels::CONDITIONS_MAX,
                "propertyNames": { "pattern": "^(metadata|customField)\\..+$" },
                "additionalProperties": { "type": "string" },
            },
        },
    });
}

/// Parameters whose names are the caller's own become one object that is spread over the query string.
fn fold_conditions(document: &mut Document) {
    document.each_operation(|_, _, operation| {
        let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) else { return };
        let before = parameters.len();
        parameters.retain(|parameter| !parameter["name"].as_str().is_some_and(|name| name.contains('{')));
        if parameters.len() < before {
            parameters.push(reference("parameters", "Conditions"));
        }
    });
}

/// What bodies need, and what they look like.
fn shape_requests(document: &mut Document) {
    for (schema, names) in REQUIRED {
        document.require(schema, names);
    }
    let on_change = ["version", "minimumBalance"];
    document.derive("AccountRequest", "AccountOpening", ("post", "/accounts"), &on_change);
    document.require("AccountOpening", &["profileId", "groupId", "currency"]);
    document.derive("AccountRequest", "AccountChange", ("put", "/accounts/{id}"), &["requiresApproval"]);
    document.derive("OwnerRequest", "OwnerAddition", ("post", "/accounts/{id}/owners"), &[]);
    document.require("OwnerAddition", &["profileId", "access"]);
    document.derive("OwnerRequest", "OwnerChange", ("put", "/accounts/{id}/owners/{profileId}"), &[]);
    for replaced in ["AccountRequest", "OwnerRequest"] {
        document.remove("schemas", replaced);
    }
    operations::describe(document);
    document.close_requests(&Native);
    // Either of the two.
    let clock = document.schema("ClockBody");
    clock["minProperties"] = 1.into();
    clock["maxProperties"] = 1.into();
    // What one operation answers can look like a part of what another one does.
    if let Some(result) = document.schema("ResultView").as_object_mut()
        && let Some(alternatives) = result.remove("oneOf")
    {
        result.insert("anyOf".into(), alternatives);
    }
    document.each_operation(|method, path, operation| {
        let Some(body) = operation.get_mut("requestBody") else { return };
        let Some(media) = body["content"].get_mut("application/json") else { return };
        // A body may be left out, but it is never null.
        without_null(&mut media["schema"]);
        if let Some(example) = examples::request(method, path) {
            media["example"] = example;
        }
    });
    document.schema("Empty")["maxProperties"] = 0.into();
}

/// Answers that are not JSON.
fn describe_streams(document: &mut Document) {
    document.each_operation(|method, path, operation| {
        let contents = &mut operation["responses"]["200"]["content"];
        match (method, path) {
            ("GET", "/events") => {
                contents[events::EVENT_STREAM] = json!({
                    "schema": {
                        "type": "string",
                        "description": "Server-sent events that go on: the `data` of each is an `Event`, its `id` is the \
                            event's `seq`. Lines that begin with a colon are comments.",
                    },
                    "example": event_stream::EXAMPLE,
                });
            }
            ("GET", "/accounts/{id}/statement") => {
                contents["text/csv"]["schema"] = json!({
                    "type": "string",
                    "description": "A table after RFC 4180 with a head, a first row OPENING and a last row CLOSING.",
                });
            }
            _ => {}
        }
    });
}
