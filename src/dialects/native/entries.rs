//! Reversals of entries.

use super::fields;
use super::funding::DealMade;
use crate::app::reversals::ReverseEntry;
use crate::dialects::kit::{Call, Reply};
use crate::domain::refusal::Refusal;
use serde::Deserialize;
use utoipa::ToSchema;

/// Why an entry is reversed.
#[derive(Default, Deserialize, ToSchema)]
pub(super) struct ReverseBody {
    /// At most 255 characters; required with `force`.
    reason: Option<String>,
    /// Administrators only: reverse it even if an account goes below its minimum.
    force: Option<bool>,
}

/// Reverse an entry, once. A deal's id is its entry's id.
#[utoipa::path(post, path = "/entries/{id}/reverse", tag = "Funds",
    params(("id" = Uuid, Path, description = "entry id")), request_body = Option<ReverseBody>,
    responses((status = 200, body = DealMade)))]
pub(super) async fn reverse(call: Call) -> Result<Reply, Refusal> {
    let body = call.optional_body::<ReverseBody>()?.unwrap_or_default();
    let command = ReverseEntry {
        id: fields::path_id(&call)?,
        reason: body.reason.unwrap_or_default(),
        force: body.force.unwrap_or(false),
    };
    super::funding::run(&call, command).await
}
