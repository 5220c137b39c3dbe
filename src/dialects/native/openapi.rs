//! The OpenAPI document of the native API, built from the annotations of the handlers.

mod examples;
mod members;
mod operations;
mod schemas;

use super::error::{Detail, ErrorView, Metadata};
use super::{Native, accounts, currencies, deals, funding, groups, labels, portfolios, profiles, sessions, users};
use super::{
    account_states, alerts, approvals, audit_log, banking, batch, deposits, details, entries, event_stream, events,
    executions, exposure, external_accounts, holds, log, orders, organizations, owners, parked, platform_accounts,
    platform_events, positions, profile_states, program, sandbox, statements, transfers, trial_balance, webhooks,
    withdrawals,
};
use crate::dialects::kit::openapi::{About, Document, Style, reference, without_null};
use crate::domain::trading::EVENTS_MAX;
use serde_json::{Value, json};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    paths(
        users::log_in,
        users::log_out,
        users::change_password,
        users::list_tokens,
        users::revoke_token,
        sessions::published_keys,
        sessions::begin,
        sessions::introspect,
        currencies::list,
        groups::list,
        program::get,
        organizations::list,
        profiles::create,
        profiles::list,
        profiles::change_password,
        profiles::get,
        profiles::replace,
        details::of_profile,
        details::of_account,
        details::change,
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
        positions::open,
        positions::closed,
        orders::list,
        executions::list,
        exposure::list,
        exposure::margin,
        portfolios::get,
        deposits::announce,
        deposits::list_of_account,
        deposits::list,
        deposits::get,
        deposits::settle,
        deposits::return_deposit,
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
        approvals::list,
        approvals::get,
        approvals::approve,
        approvals::reject,
        approvals::cancel,
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
        profile_states::erase,
        external_accounts::add,
        external_accounts::list,
        external_accounts::get,
        external_accounts::change,
        external_accounts::payment_details,
        external_accounts::verify,
        external_accounts::archive,
        banking::delay,
        banking::resume,
        banking::send,
        banking::standing,
        banking::set_contribution,
        batch::run,
        events::list,
        events::checkpoint,
        webhooks::create,
        webhooks::list,
        webhooks::get,
        webhooks::change,
        webhooks::delete,
        webhooks::rotate_secret,
        webhooks::test,
        webhooks::replay,
        webhooks::deliveries,
        webhooks::redeliver,
        audit_log::list,
        log::checkpoint,
        log::entry,
        statements::balance,
        statements::statement,
        trial_balance::get,
        platform_events::feed,
        parked::list,
        parked::discard,
        alerts::list,
        alerts::resolve,
        platform_accounts::link
    ),
    components(schemas(ErrorView, Detail, Metadata))
)]
struct Api;

/// The introduction shown on the documentation page.
const ABOUT: &str = "Onboard clients, open accounts, move funds, read deals, issue end-user tokens.\n\n\
    Every success is 200, or 202 if it waits for a second operator. Money is exact: send amounts as strings; they are \
    returned as JSON numbers with the decimals of the currency (see the schema `Money`). 64-bit integers are returned \
    as strings. Any write can carry an `Idempotency-Key`: repeating the call returns the first answer, marked with \
    `Idempotency-Replayed: true`. An error means that nothing was changed; branch on its `reason`.";

/// Tags of operations with their descriptions, in display order.
const TAGS: [(&str, &str); 19] = [
    ("Access", "Operators log in."),
    ("Reference data", "Currencies and account groups, configured by the operator."),
    ("Clients", "Profiles of end clients."),
    ("Client states", "Approving, denying and archiving clients, and recording a death."),
    ("Accounts", "Accounts of clients, each in one currency."),
    ("Account states", "Locking, approving, deactivating and closing accounts."),
    ("Owners", "The owners of an account, by priority."),
    ("Funds", "Deposits, withdrawals and adjustments in one call."),
    ("Movements", "Deposits, withdrawals and holds in phases, and transfers."),
    ("External accounts", "Accounts at other banks, payments from and to them, recurring contributions."),
    ("Approvals", "What waits for a second operator."),
    ("Batches", "Many operations in one call."),
    ("Statements", "Balances and statements as of any past moment."),
    ("Trading data", "Portfolios, positions and orders."),
    ("End users", "Session tokens of clients for the trading platform."),
    ("Events", "Changes, numbered in one sequence."),
    ("Webhooks", "Receivers that events are sent to, signed and in order."),
    ("Audit", "Who did what, when and from where."),
    ("Sandbox", "Calls that only a sandbox accepts."),
];

/// Required members of requests. The Rust types have them as options so that a missing one is refused by name.
const REQUIRED: [(&str, &[&str]); 8] = [
    ("ExternalAccountBody", &["kind", "routingNumber", "number"]),
    ("VerificationBody", &["firstAmount", "secondAmount"]),
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
    versioned: &["Account", "OpenedAccount", "Profile", "Owner", "OwnerList", "AccountDetails"],
    error: "Error",
};

pub(super) fn document() -> Value {
    let mut document = Document::new(&Api::openapi());
    document.introduce(&About {
        title: "bursar: accounts & funding",
        description: ABOUT,
        tags: &TAGS,
        token: "An operator's token, from a login or from `bursar token create`.",
    });
    document.add("parameters", "Conditions", conditions());
    for (name, schema) in schemas::all() {
        document.add("schemas", name, schema);
    }
    fold_conditions(&mut document);
    document.complete_operations(&Native, &STYLE);
    leave_out_dry_runs(&mut document);
    document.describe_members(members::form);
    document.require_members_of_answers();
    shape_requests(&mut document);
    describe_streams(&mut document);
    document.finish()
}

/// Calls that take keys, but answer with a secret and so cannot be rehearsed.
const UNREHEARSED: [&str; 2] = ["create_webhook", "rotate_webhook_secret"];

fn leave_out_dry_runs(document: &mut Document) {
    document.each_operation(|_, _, operation| {
        let is_unrehearsed = operation["operationId"].as_str().is_some_and(|id| UNREHEARSED.contains(&id));
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        if let Some(parameters) = parameters.filter(|_| is_unrehearsed) {
            parameters.retain(|parameter| parameter["$ref"] != "#/components/parameters/DryRun");
        }
    });
}

/// Parameters with names chosen by the caller.
fn conditions() -> Value {
    json!({
        "name": "conditions",
        "in": "query",
        "description": "`metadata.{key}=value` and `customField.{name}=value`: objects with all these labels.",
        "style": "form",
        "explode": true,
        "schema": {
            "type": "object",
            "maxProperties": labels::CONDITIONS_MAX,
            "propertyNames": { "pattern": "^(metadata|customField)\\..+$" },
            "additionalProperties": { "type": "string" },
        },
    })
}

/// Replaces parameters with names chosen by the caller by one exploded object, the only form that OpenAPI has for them.
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

/// Adds required members and examples to request bodies.
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
    document.derive("WebhookBody", "WebhookCreation", ("post", "/webhooks"), &[]);
    document.require("WebhookCreation", &["url"]);
    document.derive("WebhookBody", "WebhookChange", ("put", "/webhooks/{id}"), &[]);
    for replaced in ["AccountRequest", "OwnerRequest", "WebhookBody"] {
        document.remove("schemas", replaced);
    }
    operations::describe(document);
    document.close_requests(&Native);
    // Exactly one of `advance` and `set`.
    let clock = document.schema("ClockBody");
    clock["minProperties"] = 1.into();
    clock["maxProperties"] = 1.into();
    // The results overlap, so a value can match more than one alternative.
    if let Some(result) = document.schema("ResultView").as_object_mut()
        && let Some(alternatives) = result.remove("oneOf")
    {
        result.insert("anyOf".into(), alternatives);
    }
    document.each_operation(|method, path, operation| {
        let Some(body) = operation.get_mut("requestBody") else { return };
        let Some(media) = body["content"].get_mut("application/json") else { return };
        // A body may be omitted, but is never null.
        without_null(&mut media["schema"]);
        if path == "/platform/events" {
            let one = media["schema"].take();
            let many = json!({ "type": "array", "items": one.clone(), "minItems": 1, "maxItems": EVENTS_MAX });
            media["schema"] = json!({ "anyOf": [one, many] });
        }
        if let Some(example) = examples::request(method, path) {
            media["example"] = example;
        }
    });
    document.schema("Empty")["maxProperties"] = 0.into();
}

/// Describes the answers that are not JSON.
fn describe_streams(document: &mut Document) {
    document.each_operation(|method, path, operation| {
        let contents = &mut operation["responses"]["200"]["content"];
        match (method, path) {
            ("GET", "/events") => {
                contents[events::EVENT_STREAM] = json!({
                    "schema": {
                        "type": "string",
                        "description": "Server-sent events: the `data` of each is an `Event`, and its `id` is the \
                            event's `seq`. Lines that begin with a colon are comments.",
                    },
                    "example": event_stream::EXAMPLE,
                });
            }
            ("GET", "/accounts/{id}/statement") => {
                contents["text/csv"]["schema"] = json!({
                    "type": "string",
                    "description": "CSV (RFC 4180) with a header, a first row OPENING and a last row CLOSING. \
                        An apostrophe defuses what a spreadsheet would take for a formula.",
                });
            }
            _ => {}
        }
    });
}
