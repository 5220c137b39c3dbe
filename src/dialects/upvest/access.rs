//! Who calls: access tokens, which clients get for their secrets, and the headers that every call has.

use super::signature::Signatures;
use super::{API, CLIENTS};
use crate::app::App;
use crate::app::access::LoginOrigin;
use crate::dialects::kit::{Call, Head, Rejection, Reply, required};
use crate::domain::access::Principal;
use crate::domain::refusal::{Credentials, Refusal};
use actix_web::http::Method;
use actix_web::http::header::{self, Accept, Header};
use actix_web::mime::{self, Mime};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Seconds until an access token ends (Upvest, "Access tokens").
const TOKEN_LIFETIME_S: u32 = 1799;
/// The rule of this dialect that a caller must accept JSON.
pub(super) const NOT_ACCEPTABLE: u16 = 406;
/// The longest value of a form field, in bytes.
const VALUE_MAX: usize = 4096;

/// An access token, with the scopes that were asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessToken)]
pub(super) struct TokenView {
    /// The token; it is shown only in this answer.
    access_token: String,
    /// Seconds until it ends.
    #[schema(example = 1799)]
    expires_in: i64,
    #[schema(example = "bearer")]
    token_type: &'static str,
    #[schema(example = "users:read accounts:admin")]
    scope: String,
}

/// A request for an access token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a form, which is read field by field")]
pub(super) struct TokenRequest {
    client_id: String,
    client_secret: String,
    #[schema(example = "client_credentials")]
    grant_type: String,
    /// Separated by blanks.
    #[schema(example = "users:read accounts:admin")]
    scope: String,
}

/// Get an access token for some scopes.
#[utoipa::path(post, path = "/auth/token", tag = "Access tokens", security(()),
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "a token", body = TokenView)))]
pub(super) async fn issue(call: Call, signatures: Arc<Signatures>) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    admit_headers(call.head())?;
    let form = form(&call)?;
    let field = |name: &str| required(name, form.get(name), |text| Ok(text.to_owned()));
    let (id, secret, scope) = (field("client_id")?, field("client_secret")?, field("scope")?);
    if field("grant_type")? != "client_credentials" {
        return Err(Rejection::invalid("grant_type", "client_credentials"));
    }
    let (origin, app) = (call.origin(), call.app()?);
    let client = app.authenticate_client(API, &id, &secret, origin.address)?;
    let names: Vec<&str> = scope.split(' ').filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(Rejection::missing("scope"));
    }
    let rights = CLIENTS.rights(&names).map_err(|_| Refusal::Unauthenticated(Credentials::BadClient))?;
    let nonce = signatures.check(app, call.head(), call.raw_body()?, &client)?;
    let login = LoginOrigin { address: origin.address, request: origin.request };
    let issued = app.sign_in_client(client, rights, TOKEN_LIFETIME_S, login, nonce).await?;
    let left_ms = issued.expires_at.unix_ms() - issued.created_at.unix_ms();
    Reply::ok(&TokenView {
        access_token: issued.token.reveal(),
        expires_in: left_ms / 1000,
        token_type: "bearer",
        scope: names.join(" "),
    })
}

/// The fields of a form, each of which may be sent once.
fn form(call: &Call) -> Result<BTreeMap<String, String>, Rejection> {
    let declared = call.header(header::CONTENT_TYPE.as_str()).and_then(|text| text.parse::<Mime>().ok());
    if declared.is_none_or(|declared| declared.essence_str() != mime::APPLICATION_WWW_FORM_URLENCODED.essence_str()) {
        return Err(Rejection::invalid("content-type", "application/x-www-form-urlencoded"));
    }
    let mut form = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(call.raw_body()?) {
        if value.len() > VALUE_MAX {
            return Err(Rejection::out_of_range(name, format!("at most {VALUE_MAX} bytes")));
        }
        if form.insert(name.to_string(), value.into_owned()).is_some() {
            return Err(Rejection::invalid(name, "given more than once"));
        }
    }
    Ok(form)
}

/// Finds the client behind the token, which must be the one that the call names.
pub(super) fn authenticate(app: &App, head: Head<'_>) -> Result<Arc<Principal>, Rejection> {
    let token = head.bearer_token().ok_or(Refusal::Unauthenticated(Credentials::Missing))?;
    let client = app.authenticate_client_token(API, token, head.origin.address)?;
    let named = head.request.headers().get("upvest-client-id").and_then(|id| id.to_str().ok());
    let is_same = |named: &str| named.eq_ignore_ascii_case(&client.id.to_string());
    if !named.is_some_and(is_same) {
        return Err(Refusal::Unauthenticated(Credentials::BadClient).into());
    }
    admit_headers(head)?;
    Ok(client)
}

/// Refuses a caller who takes no JSON, or wants another version.
fn admit_headers(head: Head<'_>) -> Result<(), Rejection> {
    let version = head.request.headers().get("upvest-api-version");
    if version.is_some_and(|version| version != "1") {
        return Err(Rejection::invalid("upvest-api-version", "1"));
    }
    // What is deleted is answered without a body, so clients ask there for problems alone.
    let is_json = accepts(head, "application", "json");
    if is_json || (head.request.method() == Method::DELETE && accepts(head, "application", "problem+json")) {
        return Ok(());
    }
    let message = "accept: the answer is application/json".to_owned();
    Err(Rejection::OfDialect { rule: NOT_ACCEPTABLE, message, members: serde_json::Map::new() })
}

/// Whether `Accept` allows a media type (RFC 9110, 12.5.1): by the range that describes it best.
fn accepts(head: Head<'_>, kind: &str, subkind: &str) -> bool {
    if !head.request.headers().contains_key(header::ACCEPT) {
        return true;
    }
    let Ok(Accept(ranges)) = Accept::parse(head.request) else { return false };
    let subkind_of = |range: &Mime| match range.suffix() {
        Some(suffix) => format!("{}+{suffix}", range.subtype()),
        None => range.subtype().to_string(),
    };
    let rank = |range: &Mime| match (range.type_().as_str(), subkind_of(range).as_str()) {
        ("*", "*") => Some(0),
        (found, "*") if found == kind => Some(1),
        (found, of) if found == kind && of == subkind => Some(2),
        _ => None,
    };
    let ranked = ranges.iter().filter_map(|range| rank(&range.item).map(|rank| (rank, range.quality)));
    ranked.max().is_some_and(|(_, quality)| quality > actix_web::http::header::Quality::ZERO)
}
