//! Closed accounts, which events do not change.

use crate::app::Failure;
use crate::app::trading::derive::Work;
use crate::app::trading::session::{Fate, Session};
use crate::domain::accounts::{Account, Lifecycle};
use crate::domain::trading::{AlertKind, PlatformEvent, Verdict};

impl Session<'_, '_> {
    /// Parks an event of a closed account and raises an alert.
    pub(super) fn refuse_closed(&self, work: &Work, event: &PlatformEvent) -> Result<Option<Fate>, Failure> {
        if work.account.lifecycle != Lifecycle::Closed {
            return Ok(None);
        }
        self.raise_closed(&work.account, event)?;
        let message = format!("account {} is archived", work.account.number);
        Ok(Some(Fate::parked(Verdict::ClosedAccount, String::new(), message)))
    }

    /// Raises an alert for an event that would change a closed account.
    pub(super) fn raise_closed(&self, account: &Account, event: &PlatformEvent) -> Result<(), Failure> {
        let detail = serde_json::json!({"platform": event.platform, "event": event.id});
        self.raise((AlertKind::ClosedAccount, Some(account.book), &event.id), &detail)
    }
}
