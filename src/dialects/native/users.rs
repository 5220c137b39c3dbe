//! Login: exchanges an operator's name and password for a token.

use crate::dialects::kit::{Call, Rejection, Reply, required_text};
use crate::domain::access::TypedPassword;
use crate::domain::refusal::Field;
use crate::domain::text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The name and password of an operator.
#[derive(Deserialize, ToSchema)]
pub(super) struct LoginRequest {
    #[schema(example = "ops@broker.example")]
    username: Option<String>,
    password: Option<String>,
}

/// The token of a new login.
#[derive(Serialize, ToSchema)]
pub(super) struct LoginReply {
    /// Send it as `Authorization: Bearer <token>`. Valid for 30 days by default.
    token: String,
}

/// Log in with username and password.
#[utoipa::path(post, path = "/user/login", tag = "Access", security(()), request_body = LoginRequest,
    responses((status = 200, body = LoginReply), (status = 401), (status = 429)))]
pub(super) async fn log_in(call: Call) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    let request: LoginRequest = call.login_body()?;
    let name = required_text("username", request.username, text::FIELD_MAX)?;
    let password = TypedPassword::new(Field::Password, &required_text("password", request.password, usize::MAX)?)?;
    let origin = call.origin();
    let token = call.app()?.log_in(&name, password, origin.address, origin.request).await?;
    Reply::ok(&LoginReply { token: token.reveal() })
}
