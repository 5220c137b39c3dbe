//! Events of trading platforms that wait.

use super::fields;
use super::lists::LISTS;
use super::profiles::Empty;
use crate::app::trading::{DropParked, ListParked, ParkedEvent};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::page::Position;
use crate::domain::trading::Verdict;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// An event that cannot be applied yet.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ParkedEvent)]
pub(super) struct ParkedView {
    id: String,
    /// As it was sent.
    #[schema(value_type = Object)]
    event: Box<RawValue>,
    #[schema(example = "unknown_symbol")]
    reason: &'static str,
    since: String,
    /// It is tried again once this is there; null if only an operator can help.
    #[schema(required, example = "symbol:ACME")]
    waits_for: Option<String>,
}

impl ParkedView {
    fn of(parked: ParkedEvent) -> Result<ParkedView, Rejection> {
        let event = RawValue::from_string(parked.sent).map_err(|error| {
            tracing::error!(%error, "failed to show a parked event");
            crate::domain::refusal::Refusal::Internal
        })?;
        Ok(ParkedView {
            id: parked.id.to_string(),
            event,
            reason: Verdict::name(parked.reason),
            since: parked.since.to_string(),
            waits_for: Some(parked.waits_for).filter(|awaited| !awaited.is_empty()),
        })
    }
}

/// Parked events, oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct ParkedList {
    parked: Vec<ParkedView>,
    /// Cursor for `after`; null at the end of the list.
    #[schema(required)]
    next: Option<String>,
}

/// List the events that cannot be applied yet, oldest first.
#[utoipa::path(get, path = "/platform/parked", tag = "Trading data",
    params(
        ("perPage" = Option<u32>, Query, description = "1 to 500; defaults to all"),
        ("after" = Option<String>, Query, description = "`next` of the previous page"),
    ), responses((status = 200, body = ParkedList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let window = LISTS.part(&call)?;
    let after = window.after.map(|[row]| Position::of(row));
    let part = call.ask(ListParked { after, limit: window.limit }).await?;
    let next = window.next(part.next.map(|shown| [shown.row]));
    let parked = part.rows.into_iter().map(ParkedView::of).collect::<Result<_, _>>()?;
    Reply::ok(&ParkedList { parked, next })
}

/// Why an operator did it.
#[derive(Deserialize, ToSchema)]
#[schema(as = ReasonBody)]
pub(super) struct ReasonBody {
    /// At most 255 characters.
    #[schema(value_type = String, example = "test of the feed")]
    pub(super) reason: Option<String>,
}

/// Drop a parked event. It is not tried again, and sending it again changes nothing.
#[utoipa::path(post, path = "/platform/parked/{id}/drop", tag = "Trading data",
    params(("id" = Uuid, Path, description = "id of the parked event")), request_body = ReasonBody,
    responses((status = 200, body = Empty)))]
pub(super) async fn discard(call: Call) -> Result<Reply, Rejection> {
    let reason = call.body::<ReasonBody>()?.reason.unwrap_or_default();
    let command = DropParked { id: fields::path_id(&call)?, reason };
    call.run(command, |()| Reply::ok(&Empty {})).await
}
