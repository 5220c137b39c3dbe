//! Sign-in: exchanges an operator's name and password for a pair of tokens.

use super::fields;
use crate::app::access::{LoginOrigin, PairLifetimes, TokenPair};
use crate::dialects::kit::{Call, Rejection, Reply, required_text};
use crate::domain::access::TypedPassword;
use crate::domain::clock::Moment;
use crate::domain::refusal::Field;
use crate::domain::text;
use actix_web::http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An operator's name and password.
#[derive(Deserialize, ToSchema)]
pub(super) struct SignInRequest {
    /// The operator's login name, which may be an e-mail address.
    #[schema(required, example = "ops@broker.example")]
    email: Option<String>,
    /// Wrong passwords count towards the limit of failed logins.
    #[schema(required)]
    password: Option<String>,
}

/// A request for the next pair of tokens.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefreshRequest {
    /// The refresh token of the current pair.
    #[schema(required)]
    refresh_token: Option<String>,
}

/// A pair of tokens.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignedIn {
    /// Whether a second factor is required.
    #[serde(rename = "2faRequired")]
    is_second_factor_required: bool,
    /// Send it as `Authorization: Bearer <token>`.
    access_token: TokenView,
    /// Can be exchanged for the next pair once.
    refresh_token: TokenView,
}

/// A token with its period of validity.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Token)]
pub(super) struct TokenView {
    /// The secret; it is shown only in this answer.
    token: String,
    /// When it was issued.
    #[schema(example = "2026-03-02T08:15:00+00:00")]
    created_at: String,
    /// From this time on, the token is refused.
    #[schema(example = "2026-03-02T09:15:00+00:00")]
    expires_at: String,
}

impl From<TokenPair> for SignedIn {
    fn from(pair: TokenPair) -> Self {
        let created_at = fields::time(pair.created_at);
        let view = |token: String, expires_at: Moment| TokenView {
            token,
            created_at: created_at.clone(),
            expires_at: fields::time(expires_at),
        };
        SignedIn {
            is_second_factor_required: false,
            access_token: view(pair.access.reveal(), pair.access_expires_at),
            refresh_token: view(pair.refresh.reveal(), pair.refresh_expires_at),
        }
    }
}

/// Programs may declare the body as they like. A browser, which sends `Origin`, must declare JSON.
fn credentials<T: DeserializeOwned>(call: &Call) -> Result<T, Rejection> {
    if call.header("Origin").is_some() { call.login_body() } else { call.lenient_body() }
}

fn origin(call: &Call) -> LoginOrigin {
    LoginOrigin { address: call.origin().address, request: call.origin().request }
}

/// Sign in with name and password.
#[utoipa::path(post, path = "/api/v2/signin", tag = "Access", security(()), request_body = SignInRequest,
    responses((status = 200, description = "a pair of tokens", body = SignedIn), (status = 401), (status = 429)))]
pub(super) async fn sign_in(call: Call, lifetimes: PairLifetimes) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    let request: SignInRequest = credentials(&call)?;
    let name = required_text("email", request.email, text::FIELD_MAX)?;
    let password = required_text("password", request.password, usize::MAX)?;
    let password = TypedPassword::new(Field::Password, &password)?;
    let pair = call.app()?.sign_in(&name, password, origin(&call), lifetimes).await?;
    Reply::ok(&SignedIn::from(pair))
}

/// Exchange a refresh token for the next pair. It works once: a second use revokes all tokens of the sign-in.
#[utoipa::path(post, path = "/api/v2/refresh", tag = "Access", security(()), request_body = RefreshRequest,
    responses(
        (status = 200, description = "the next pair of tokens", body = SignedIn),
        (status = 401),
        (status = 429),
    ))]
pub(super) async fn refresh(call: Call, lifetimes: PairLifetimes) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    let request: RefreshRequest = credentials(&call)?;
    let token = required_text("refreshToken", request.refresh_token, text::FIELD_MAX)?;
    let pair = call.app()?.refresh_pair(&token, origin(&call), lifetimes).await?;
    Reply::ok(&SignedIn::from(pair))
}

/// Sign out: revokes all tokens of the sign-in.
#[utoipa::path(post, path = "/api/v2/signout", tag = "Access",
    responses((status = 204, description = "signed out")))]
pub(super) async fn sign_out(call: Call) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    call.app()?.log_out(call.caller()?).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
