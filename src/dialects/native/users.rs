//! Operators' own access: login and logout, the own password and the own tokens.

use super::fields;
use super::lists::{LISTS, PagingView};
use super::profiles::Empty;
use crate::app::access::{LoginOrigin, RevokeOwnToken, TokenRow};
use crate::dialects::kit::{Call, Paging, Rejection, Reply, required_text};
use crate::domain::access::{Password, TypedPassword};
use crate::domain::ids::TokenId;
use crate::domain::page::Listing;
use crate::domain::refusal::Field;
use crate::domain::text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An operator's credentials.
#[derive(Deserialize, ToSchema)]
pub(super) struct LoginRequest {
    #[schema(example = "ops@broker.example")]
    username: Option<String>,
    password: Option<String>,
}

/// A new token.
#[derive(Serialize, ToSchema)]
pub(super) struct LoginReply {
    /// Send it as `Authorization: Bearer <token>`. Valid for 30 days by default.
    token: String,
}

fn origin(call: &Call) -> LoginOrigin {
    LoginOrigin { address: call.origin().address, request: call.origin().request }
}

/// Log in with username and password.
#[utoipa::path(post, path = "/user/login", tag = "Access", security(()), request_body = LoginRequest,
    responses((status = 200, body = LoginReply), (status = 401), (status = 429)))]
pub(super) async fn log_in(call: Call) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    let request: LoginRequest = call.login_body()?;
    let name = required_text("username", request.username, text::FIELD_MAX)?;
    let password = TypedPassword::new(Field::Password, &required_text("password", request.password, usize::MAX)?)?;
    let token = call.app()?.log_in(&name, password, origin(&call)).await?;
    Reply::ok(&LoginReply { token: token.reveal() })
}

/// Log out: revokes the token of the call, and the others of the same sign-in.
#[utoipa::path(post, path = "/user/logout", tag = "Access", responses((status = 200, body = Empty)))]
pub(super) async fn log_out(call: Call) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    call.app()?.log_out(call.caller()?).await?;
    Reply::ok(&Empty {})
}

/// A new password for the caller.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnPasswordRequest {
    current_password: Option<String>,
    /// 8 to 200 characters.
    new_password: Option<String>,
}

/// Change the own password. Ends all other logins of the operator; the token of the call and long-lived tokens stay.
#[utoipa::path(post, path = "/user/password", tag = "Access", request_body = OwnPasswordRequest,
    responses((status = 200, body = Empty), (status = 429)))]
pub(super) async fn change_password(call: Call) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    let request: OwnPasswordRequest = call.body()?;
    let current = required_text("currentPassword", request.current_password, usize::MAX)?;
    let new = required_text("newPassword", request.new_password, usize::MAX)?;
    let (current, new) =
        (TypedPassword::new(Field::CurrentPassword, &current)?, Password::new(Field::NewPassword, &new)?);
    call.app()?.change_own_password(call.caller()?, origin(&call), current, new).await?;
    Reply::ok(&Empty {})
}

/// A token of the caller; the token itself is never shown again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnToken {
    id: String,
    /// What it is for.
    label: String,
    kind: String,
    /// Whether the call was made with it.
    is_current: bool,
    /// The rights that it is limited to; null for all rights of the operator.
    scopes: Option<Vec<String>>,
    /// The networks that it may be used from; null for all that the server allows.
    #[schema(example = json!(["10.1.0.0/16"]))]
    networks: Option<Vec<String>>,
    created_at: String,
    /// After a restart of the server, up to an hour too early. Null if it was never used.
    last_used_at: Option<String>,
    /// Null if it does not expire.
    expires_at: Option<String>,
}

/// One page of the caller's tokens.
#[derive(Serialize, ToSchema)]
pub(super) struct OwnTokenList {
    tokens: Vec<OwnToken>,
    #[serde(flatten)]
    paging: PagingView,
}

impl OwnTokenList {
    fn new(listing: Listing<TokenRow>, paging: &Paging, current: Option<TokenId>) -> Self {
        let view = |token: TokenRow| OwnToken {
            id: token.id.to_string(),
            label: token.label,
            kind: token.kind.name().to_uppercase(),
            is_current: Some(token.id) == current,
            scopes: token.scopes,
            networks: token.networks,
            created_at: token.created_at.to_string(),
            last_used_at: token.last_used_at.map(|at| at.to_string()),
            expires_at: token.expires_at.map(|at| at.to_string()),
        };
        OwnTokenList { paging: PagingView::of(&listing, paging), tokens: listing.rows.into_iter().map(view).collect() }
    }
}

/// List the own tokens that can still be used.
#[utoipa::path(get, path = "/user/tokens", tag = "Access",
    params(
        ("page" = Option<u32>, Query, description = "from 1"),
        ("perPage" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("after" = Option<String>, Query, description = "`next` of the previous page, instead of `page`"),
    ),
    responses((status = 200, body = OwnTokenList)))]
pub(super) async fn list_tokens(call: Call) -> Result<Reply, Rejection> {
    let paging = LISTS.page(&call)?;
    let caller = call.caller()?;
    let tokens = call.app()?.own_tokens(caller, paging.page).await?;
    Reply::ok(&OwnTokenList::new(tokens, &paging, caller.principal.token))
}

/// Revoke one of the own tokens, and the others of the same sign-in.
#[utoipa::path(delete, path = "/user/tokens/{id}", tag = "Access",
    params(("id" = Uuid, Path, description = "token id")), responses((status = 200, body = Empty)))]
pub(super) async fn revoke_token(call: Call) -> Result<Reply, Rejection> {
    call.run(RevokeOwnToken { id: fields::path_id(&call)? }, |()| Reply::ok(&Empty {})).await
}
