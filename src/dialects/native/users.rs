//! Logging operators in.

use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::clients::PASSWORD_MAX;
use crate::domain::text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A name and a password.
#[derive(Deserialize, ToSchema)]
pub(super) struct LoginRequest {
    /// The operator's name.
    #[schema(example = "ops@broker.example")]
    username: Option<String>,
    /// The operator's password.
    password: Option<String>,
}

/// A token.
#[derive(Serialize, ToSchema)]
pub(super) struct LoginReply {
    /// Good for 30 days unless configured otherwise; send it as `Authorization: Bearer <token>`.
    token: String,
}

/// Log in with name and password.
#[utoipa::path(post, path = "/user/login", tag = "Access", security(()), request_body = LoginRequest,
    responses((status = 200, body = LoginReply), (status = 401), (status = 429)))]
pub(super) async fn log_in(call: Call) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    let request: LoginRequest = call.body()?;
    let name = required("username", request.username, text::FIELD_MAX)?;
    let password = required("password", request.password, PASSWORD_MAX)?;
    let origin = call.origin();
    let token = call.app()?.log_in(&name, password, origin.address, origin.request).await?;
    Reply::ok(&LoginReply { token: token.reveal() })
}

/// A text that must be there, and that is not too long to be worked on.
pub(super) fn required(field: &str, text: Option<String>, max: usize) -> Result<String, Rejection> {
    let text = text.filter(|text| !text.is_empty()).ok_or_else(|| Rejection::missing(field))?;
    if text.chars().count() > max {
        return Err(Rejection::out_of_range(field, format!("at most {max} characters")));
    }
    Ok(text)
}
