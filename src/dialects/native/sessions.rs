//! Sessions of end users: tokens with which the trading platform lets a client in.

use super::users::required;
use crate::app::access::Claims;
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::clients::PASSWORD_MAX;
use crate::domain::text;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A client's address and password.
#[derive(Deserialize, ToSchema)]
pub(super) struct SessionRequest {
    /// The client's e-mail address.
    email: Option<String>,
    /// The client's password, set on its profile.
    password: Option<String>,
}

/// A session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionReply {
    /// A JWT signed with EdDSA; verify it with `/.well-known/jwks.json`.
    access_token: String,
    /// When it ends, in seconds since 1970.
    #[schema(example = "1772440200")]
    expires_at: String,
    /// The accounts that it opens: not archived, not disabled.
    accounts: Vec<SessionAccount>,
}

/// An account that a session opens.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionAccount {
    /// Account id.
    id: String,
    /// Group id.
    #[serde(rename = "gId")]
    group_id: String,
}

/// Issue an end-user token.
#[utoipa::path(post, path = "/trade/login", tag = "End users", request_body = SessionRequest,
    responses((status = 200, body = SessionReply), (status = 429)))]
pub(super) async fn begin(call: Call) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    let request: SessionRequest = call.body()?;
    let email = required("email", request.email, text::EMAIL_MAX)?;
    let password = required("password", request.password, PASSWORD_MAX)?;
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

/// The longest token that is checked, in characters.
pub(super) const TOKEN_MAX: usize = 16_384;

/// An end-user token to be checked.
#[derive(Deserialize, ToSchema)]
pub(super) struct IntrospectRequest {
    /// The token.
    token: Option<String>,
}

/// What a token is worth, after RFC 7662.
#[derive(Serialize, ToSchema)]
pub(super) struct IntrospectReply {
    /// Whether it opens anything now; if not, nothing else is said.
    active: bool,
    /// The client: a profile id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sub: Option<String>,
    /// The accounts that it opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    accounts: Option<Vec<String>>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iss: Option<String>,
    /// Who is to accept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    aud: Option<String>,
    /// When it was issued, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iat: Option<i64>,
    /// When it ends, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<i64>,
    /// The session.
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

/// Check an end-user token, revoked sessions included.
#[utoipa::path(post, path = "/trade/introspect", tag = "End users", request_body = IntrospectRequest,
    responses((status = 200, body = IntrospectReply)))]
pub(super) async fn introspect(call: Call) -> Result<Reply, Rejection> {
    let request: IntrospectRequest = call.body()?;
    let token = required("token", request.token, TOKEN_MAX)?;
    let claims = call.app()?.introspect(call.caller()?, &token)?;
    Reply::ok(&IntrospectReply::from(claims))
}

/// One public key (RFC 7517, RFC 8037).
#[derive(Serialize, ToSchema)]
pub(super) struct PublishedKey {
    /// Key type.
    #[schema(example = "OKP")]
    kty: &'static str,
    /// Curve.
    #[schema(example = "Ed25519")]
    crv: &'static str,
    /// What it is for.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    purpose: &'static str,
    /// How it signs.
    #[schema(example = "EdDSA")]
    alg: &'static str,
    /// Its id, as in the header of tokens.
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

/// The keys that verify end-user tokens.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "End users", security(()),
    responses((status = 200, body = KeySet)))]
pub(super) async fn published_keys(call: Call) -> Result<Reply, Rejection> {
    let keys = call.app()?.published_keys()?.into_iter().map(|key| PublishedKey {
        kty: "OKP",
        crv: "Ed25519",
        purpose: "sig",
        alg: "EdDSA",
        kid: key.kid,
        x: URL_SAFE_NO_PAD.encode(key.public_key),
    });
    Reply::ok(&KeySet { keys: keys.collect() })
}
