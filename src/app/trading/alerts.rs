//! Alerts: listed and resolved.

use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Right};
use crate::domain::ids::AlertId;
use crate::domain::page::{Part, Position};
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::domain::text;
pub use crate::store::{Alert, AlertState};

/// Alerts, newest first.
///
/// Refusals: a caller who does not see all clients.
pub struct ListAlerts {
    pub state: AlertState,
    /// The last row of the page before.
    pub after: Option<Position>,
    pub limit: u32,
}

impl Query for ListAlerts {
    type Answer = Part<Alert>;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<Part<Alert>, Failure> {
        view.visibility.require_everything()?;
        let before = self.after.map_or(i64::MAX, |shown| shown.row);
        let alerts = view.tx.alerts(self.state, before, self.limit.saturating_add(1))?;
        Ok(Part::cut(alerts, self.limit, |alert| Position::of(alert.row)))
    }
}

/// The reason for which an operator settles what is not of one client. Refusals: none; a caller who does not see all
/// clients.
pub(super) fn reason_to_settle(context: &Context<'_>, reason: String) -> Result<String, Failure> {
    let reason = text::note(Field::Reason, reason, text::COMMENT_MAX)?;
    if reason.trim().is_empty() {
        return Err(Refusal::Required { field: Field::Reason }.into());
    }
    context.visibility().require_everything()?;
    Ok(reason)
}

/// Resolves an alert by hand. It is raised anew if it is found again.
///
/// Refusals: no reason; a caller who does not see all clients; unknown or resolved.
pub struct ResolveAlert {
    pub id: AlertId,
    pub reason: String,
}

impl Command for ResolveAlert {
    type Outcome = ();
    const ACTION: &'static str = "alert.resolve";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let reason = reason_to_settle(context, self.reason)?;
        let alert = context.tx.alert(self.id)?.filter(|alert| alert.resolved_at.is_none());
        let alert = alert.ok_or(Refusal::not_found(Noun::Alert))?;
        context.concerns(ObjectKind::Alert, self.id.uuid());
        Ok(context.tx.resolve_alert(alert.row, &reason, context.now)?)
    }
}
