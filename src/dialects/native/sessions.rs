//! End-user sessions: tokens that authenticate a client to the trading platform.

use crate::app::access::Claims;
use crate::dialects::kit::{Call, Rejection, Reply, required_text};
use crate::domain::access::TypedPassword;
use crate::domain::refusal::Field;
use crate::domain::text;
use actix_web::http::header::{self, CacheControl, CacheDirective};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The e-mail address and password of a client.
#[derive(Deserialize, ToSchema)]
pub(super) struct SessionRequest {
    email: Option<String>,
    /// The password set on the client's profile.
    password: Option<String>,
}

/// A new session, with its token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionReply {
    /// A JWT signed with EdDSA; verify it with `/.well-known/jwks.json`.
    access_token: String,
    /// Unix time in seconds.
    #[schema(example = "1772440200")]
    expires_at: String,
    /// The accounts that the token gives access to.
    accounts: Vec<SessionAccount>,
}

/// An account that a token gives access to.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionAccount {
    id: String,
    /// The id of the account's group.
    #[serde(rename = "gId")]
    group_id: String,
}

/// Issue an end-user token.
#[utoipa::path(post, path = "/trade/login", tag = "End users", request_body = SessionRequest,
    responses((status = 200, body = SessionReply), (status = 429)))]
pub(super) async fn begin(call: Call) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    let request: SessionRequest = call.login_body()?;
    let email = required_text("email", request.email, text::EMAIL_MAX)?;
    let password = TypedPassword::new(Field::Password, &required_text("password", request.password, usize::MAX)?)?;
    let session = call.app()?.begin_session(call.caller()?, &email, password).await?;
    Reply::ok(&SessionReply {
        access_token: session.token,
        expires_at: session.expires_at.unix_s().to_string(),
        accounts: session
            .accounts
            .iter()
            .map(|(account, group)| SessionAccount { id: account.to_string(), group_id: group.to_string() })
            .collect(),
    })
}

/// The longest token accepted, in characters.
pub(super) const TOKEN_MAX: usize = 16_384;

/// An end-user token to check.
#[derive(Deserialize, ToSchema)]
pub(super) struct IntrospectRequest {
    token: Option<String>,
}

/// The state of a token (RFC 7662).
#[derive(Serialize, ToSchema)]
pub(super) struct IntrospectReply {
    /// Whether the token is valid now. If not, all other members are omitted.
    active: bool,
    /// The client's profile id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sub: Option<String>,
    /// The accounts that the token gives access to now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    accounts: Option<Vec<String>>,
    /// The issuer of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iss: Option<String>,
    /// The audience: for whom the token is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    aud: Option<String>,
    /// Issued at, Unix time in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iat: Option<i64>,
    /// Expires at, Unix time in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<i64>,
    /// The id of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    jti: Option<String>,
}

impl From<Option<Claims>> for IntrospectReply {
    fn from(claims: Option<Claims>) -> Self {
        let active = claims.is_some();
        let get = claims.as_ref();
        IntrospectReply {
            active,
            sub: get.map(|c| c.sub.to_string()),
            accounts: get.map(|c| c.accounts.iter().map(ToString::to_string).collect()),
            iss: get.map(|c| c.iss.clone()),
            aud: get.map(|c| c.aud.clone()),
            iat: get.map(|c| c.iat),
            exp: get.map(|c| c.exp),
            jti: get.map(|c| c.jti.to_string()),
        }
    }
}

/// Check an end-user token, including whether its session was revoked.
#[utoipa::path(post, path = "/trade/introspect", tag = "End users", request_body = IntrospectRequest,
    responses((status = 200, body = IntrospectReply)))]
pub(super) async fn introspect(call: Call) -> Result<Reply, Rejection> {
    let request: IntrospectRequest = call.body()?;
    let token = required_text("token", request.token, TOKEN_MAX)?;
    let claims = call.app()?.introspect(call.caller()?, &token)?;
    Reply::ok(&IntrospectReply::from(claims))
}

/// One public key (RFC 7517, RFC 8037).
#[derive(Serialize, ToSchema)]
pub(super) struct PublishedKey {
    /// The key type (RFC 8037).
    #[schema(example = "OKP")]
    kty: &'static str,
    /// The curve of the key.
    #[schema(example = "Ed25519")]
    crv: &'static str,
    /// The intended use: signatures.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    purpose: &'static str,
    /// The algorithm of the signatures.
    #[schema(example = "EdDSA")]
    alg: &'static str,
    /// Key id, as in the header of tokens.
    kid: String,
    /// The public key, base64url.
    x: String,
}

/// A JSON Web Key Set (RFC 7517).
#[derive(Serialize, ToSchema)]
pub(super) struct KeySet {
    /// The keys, newest first.
    keys: Vec<PublishedKey>,
}

/// List the keys that verify end-user tokens.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "End users", security(()),
    responses((status = 200, body = KeySet)))]
pub(super) async fn published_keys(call: Call) -> Result<Reply, Rejection> {
    let app = call.app()?;
    let cached = CacheControl(vec![CacheDirective::Public, CacheDirective::MaxAge(app.settings().session_key_cache_s)]);
    let keys = app.published_keys()?.into_iter().map(|key| PublishedKey {
        kty: "OKP",
        crv: "Ed25519",
        purpose: "sig",
        alg: "EdDSA",
        kid: key.kid,
        x: URL_SAFE_NO_PAD.encode(key.public_key),
    });
    // Public, so that platforms can verify tokens in a browser, too.
    Ok(Reply::ok(&KeySet { keys: keys.collect() })?
        .header(header::CACHE_CONTROL, &cached.to_string())
        .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
}
