//! The OpenAPI document of the native dialect, made from the handlers.

use super::error::{Detail, ErrorView, Metadata};
use super::{Native, accounts, currencies, deals, funding, groups, portfolios, profiles, sessions, users};
use super::{
    account_states, batch, deposits, entries, events, holds, owners, profile_states, sandbox, statements, transfers,
    trial_balance, withdrawals,
};
use crate::dialects::kit::{Access, Dialect, KeyPolicy};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, OpenApi as Document, Ref, Required, ResponseBuilder};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "bursar: accounts & funding",
        description = "Onboard clients, open accounts, move funds, read deals, issue end-user tokens.\n\n\
            Every success is 200. Money is exact: it can be sent as text or number and comes back as a number with the \
            decimals of its currency. 64-bit numbers come back as text. Any write can carry an `Idempotency-Key`: sent \
            again, it gets the first answer again, marked by `Idempotency-Replayed: true`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        users::log_in, sessions::published_keys, sessions::begin, sessions::introspect, currencies::list, groups::list,
        profiles::create, profiles::list, profiles::change_password, profiles::get, profiles::replace,
        portfolios::of_profile, accounts::open, accounts::list, accounts::get, accounts::change, accounts::archive,
        funding::deposit, funding::withdraw, funding::adjust, deals::list, portfolios::positions, portfolios::orders,
        portfolios::closed_positions, portfolios::get, deposits::announce, deposits::list_of_account, deposits::list,
        deposits::get, deposits::settle, deposits::give_back, withdrawals::request, withdrawals::list_of_account,
        withdrawals::list, withdrawals::get, withdrawals::approve, withdrawals::pay, withdrawals::reject,
        withdrawals::cancel, holds::place, holds::list_of_account, holds::get, holds::capture, holds::release,
        transfers::make, transfers::list, transfers::get, entries::reverse, sandbox::clock, sandbox::reset, account_states::lock,
        account_states::unlock, account_states::activate, account_states::inactive, account_states::dormant,
        account_states::close, owners::list, owners::add, owners::alter, owners::remove,
        account_states::approve, profile_states::approve, profile_states::deny, profile_states::deceased,
        profile_states::archive, batch::run, events::list, events::checkpoint,
        statements::balance, statements::statement, trial_balance::get
    ),
    components(schemas(ErrorView, Detail, Metadata)),
    modifiers(&Common)
)]
struct Api;

/// What all operations have in common: how callers are known, how errors look, how writes are repeated.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut Document) {
        let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        document.components.get_or_insert_default().add_security_scheme("token", bearer);
        let routes = Native.routes();
        for (path, item) in &mut document.paths.paths {
            let operations = [
                ("GET", &mut item.get),
                ("POST", &mut item.post),
                ("PUT", &mut item.put),
                ("DELETE", &mut item.delete),
            ];
            for (method, operation) in operations {
                let Some(operation) = operation else { continue };
                let route = routes.iter().find(|route| route.path == path && route.method.as_str() == method);
                if let Some(route) = route.filter(|route| route.access != Access::Open) {
                    operation.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
                    if method != "GET" && route.key_policy != KeyPolicy::Ignored {
                        let parameters = operation.parameters.get_or_insert_default();
                        parameters.push(idempotency_key().into());
                        parameters.push(dry_run().into());
                    }
                }
                operation.operation_id = Some(operation_id(method, path));
                describe_errors(operation);
            }
        }
    }
}

/// A name that no other operation has, for generators of clients: `get_accounts_id_deals`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    [method.to_ascii_lowercase().as_str()].into_iter().chain(words).collect::<Vec<_>>().join("_")
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("1 to 255 characters; the same key with the same call gets the first answer again"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).max_length(Some(255)).build()))
        .build()
}

fn dry_run() -> Parameter {
    ParameterBuilder::new()
        .name("dryRun")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some("true: answer as if it were done, and do nothing"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::Boolean).build()))
        .build()
}

fn describe_errors(operation: &mut Operation) {
    let content = Content::new(Some(Ref::from_schema_name("Error")));
    let error =
        ResponseBuilder::new().description("refused; nothing was changed").content("application/json", content).build();
    operation.responses.responses.entry("default".into()).or_insert_with(|| error.into());
}

/// The document.
pub(super) fn document() -> Document {
    let mut document = Api::openapi();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document
}
