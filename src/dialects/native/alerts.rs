//! Alerts: what an operator should look at.

use super::fields;
use super::lists::LISTS;
use super::parked::ReasonBody;
use super::profiles::Empty;
use crate::app::trading::{Alert, AlertState, ListAlerts, ResolveAlert};
use crate::dialects::kit::formats::one_of;
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::page::Position;
use crate::domain::refusal::Refusal;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Something that an operator should look at.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Alert)]
pub(super) struct AlertView {
    id: String,
    /// profit_differs, balance_differs, fill_after_cancellation, close_without_position, closed_account,
    /// snapshot_differs, swap_free or webhook_failing.
    #[schema(example = "profit_differs")]
    kind: &'static str,
    /// Null if it is about no account.
    #[schema(required)]
    account_id: Option<String>,
    /// What it is about at the platform, such as an execution.
    #[schema(example = "1001")]
    subject: String,
    /// Figures of both sides.
    #[schema(value_type = Object)]
    detail: Box<RawValue>,
    since: String,
    /// When it was found last.
    last_seen: String,
    /// Null while it is open.
    #[schema(required)]
    resolved_at: Option<String>,
    /// Why it was resolved; empty if it no longer held.
    resolution: String,
}

impl AlertView {
    fn of(alert: Alert) -> Result<AlertView, Rejection> {
        Ok(AlertView {
            id: alert.id.to_string(),
            kind: alert.kind.name(),
            account_id: alert.account.map(|id| id.to_string()),
            subject: alert.subject,
            detail: RawValue::from_string(alert.detail).map_err(|_| Refusal::Internal)?,
            since: alert.raised_at.to_string(),
            last_seen: alert.seen_at.to_string(),
            resolved_at: alert.resolved_at.map(|at| at.to_string()),
            resolution: alert.resolution,
        })
    }
}

/// Alerts, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct AlertList {
    alerts: Vec<AlertView>,
    /// Cursor for `after`; null at the end of the list.
    #[schema(required)]
    next: Option<String>,
}

const STATES: &[(&str, AlertState)] =
    &[("open", AlertState::Open), ("resolved", AlertState::Resolved), ("all", AlertState::All)];

/// List alerts, newest first.
#[utoipa::path(get, path = "/platform/alerts", tag = "Trading data",
    params(
        ("state" = Option<String>, Query, description = "open (the default), resolved or all"),
        ("perPage" = Option<u32>, Query, description = "1 to 500; defaults to all"),
        ("after" = Option<String>, Query, description = "`next` of the previous page"),
    ), responses((status = 200, body = AlertList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let state = call.query().value("state", one_of(STATES))?.unwrap_or_default();
    let window = LISTS.part(&call)?;
    let after = window.after.map(|[row]| Position::of(row));
    let part = call.ask(ListAlerts { state, after, limit: window.limit }).await?;
    let next = window.next(part.next.map(|shown| [shown.row]));
    let alerts = part.rows.into_iter().map(AlertView::of).collect::<Result<_, _>>()?;
    Reply::ok(&AlertList { alerts, next })
}

/// Resolve an alert. It is raised anew if it is found again.
#[utoipa::path(post, path = "/platform/alerts/{id}/resolve", tag = "Trading data",
    params(("id" = Uuid, Path, description = "id of the alert")), request_body = ReasonBody,
    responses((status = 200, body = Empty)))]
pub(super) async fn resolve(call: Call) -> Result<Reply, Rejection> {
    let reason = call.body::<ReasonBody>()?.reason.unwrap_or_default();
    let command = ResolveAlert { id: fields::path_id(&call)?, reason };
    call.run(command, |()| Reply::ok(&Empty {})).await
}
