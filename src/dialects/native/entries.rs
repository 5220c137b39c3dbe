//! Reversals of entries.

use super::fields;
use super::funding::DealMade;
use crate::app::ledger::ReverseEntry;
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::ids::EntryId;
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

impl ReverseBody {
    pub(super) fn command(self, id: EntryId) -> ReverseEntry {
        ReverseEntry { id, reason: self.reason.unwrap_or_default(), force: self.force.unwrap_or(false) }
    }
}

/// Reverse an entry, once. A deal's id is its entry's id.
#[utoipa::path(post, path = "/entries/{id}/reverse", tag = "Funds",
    params(("id" = Uuid, Path, description = "entry id")), request_body = Option<ReverseBody>,
    responses((status = 200, body = DealMade)))]
pub(super) async fn reverse(call: Call) -> Result<Reply, Rejection> {
    let command = call.optional_body::<ReverseBody>()?.unwrap_or_default().command(fields::path_id(&call)?);
    super::funding::run(&call, command).await
}
