//! The envelope of every answer.

use crate::dialects::kit::{Call, Rejection, Reply, ReplyContext};
use crate::domain::ids::RequestId;
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a, T: Serialize> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a T>,
    errors: &'a [ErrorView],
    request_id: String,
    status: u16,
}

/// Why a call failed.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorView {
    /// Programs can rely on it.
    #[schema(example = 70204)]
    pub(super) code: u32,
    /// For people; the wording may change.
    #[schema(example = "only 20.00 USD available")]
    pub(super) message: String,
}

/// The answer to a call that failed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ErrorEnvelope)]
pub(super) struct ErrorEnvelope {
    errors: Vec<ErrorView>,
    request_id: String,
    /// The HTTP status.
    #[schema(example = 400)]
    status: u16,
}

/// 200 with this data.
pub(super) fn ok(call: &Call, data: &impl Serialize) -> Result<Reply, Rejection> {
    answer(call.origin().request, data)
}

/// The same for a handler that has given its call away.
pub(super) fn answer(request: RequestId, data: &impl Serialize) -> Result<Reply, Rejection> {
    Reply::ok(&Envelope { data: Some(data), errors: &[], request_id: request.to_string(), status: 200 })
}

pub(super) fn refused(status: StatusCode, error: ErrorView, context: &ReplyContext) -> Reply {
    let view = ErrorEnvelope { errors: vec![error], request_id: context.request.to_string(), status: status.as_u16() };
    Reply::whole(status, "application/json", serde_json::to_vec(&view).unwrap_or_default())
}
