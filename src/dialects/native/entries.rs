//! Reversals: undo an entry with an opposite one.

use super::fields;
use super::funding::DealMade;
use crate::app::ledger::ReverseEntry;
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::ids::EntryId;
use serde::Deserialize;
use utoipa::ToSchema;

/// Options of a reversal.
#[derive(Default, Deserialize, ToSchema)]
pub(super) struct ReverseBody {
    /// At most 255 characters; required with `force`.
    reason: Option<String>,
    /// Reverse even if an account goes below its minimum balance; administrators only.
    force: Option<bool>,
}

impl ReverseBody {
    pub(super) fn command(self, id: EntryId) -> ReverseEntry {
        ReverseEntry { id, reason: self.reason.unwrap_or_default(), force: self.force.unwrap_or(false) }
    }
}

/// Reverse an entry. An entry can be reversed once. Its id is the id of its deal.
#[utoipa::path(post, path = "/entries/{id}/reverse", tag = "Funds",
    params(("id" = Uuid, Path, description = "entry id")), request_body = Option<ReverseBody>,
    responses((status = 200, body = DealMade)))]
pub(super) async fn reverse(call: Call) -> Result<Reply, Rejection> {
    let command = call.optional_body::<ReverseBody>()?.unwrap_or_default().command(fields::path_id(&call)?);
    super::funding::run(&call, command).await
}
