//! Alerts: what an operator should look at.

use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, AlertId, BookId};
use crate::domain::trading::AlertKind;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, named, sql};
use rusqlite::Row;
use uuid::Uuid;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alert {
    pub row: i64,
    pub id: AlertId,
    pub kind: AlertKind,
    pub account: Option<AccountId>,
    /// What it is about at the platform, such as an execution.
    pub subject: String,
    /// Figures of both sides, a JSON object.
    pub detail: String,
    pub raised_at: Moment,
    /// When it was raised last.
    pub seen_at: Moment,
    pub resolved_at: Option<Moment>,
    pub resolution: String,
}

/// Which alerts to list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AlertState {
    #[default]
    Open,
    Resolved,
    All,
}

fn alert(row: &Row<'_>) -> rusqlite::Result<Alert> {
    Ok(Alert {
        row: row.get("id")?,
        id: AlertId::from(row.get::<_, Uuid>("uuid")?),
        kind: named(row, "kind")?,
        account: row.get::<_, Option<Uuid>>("account_uuid")?.map(AccountId::from),
        subject: row.get("subject")?,
        detail: row.get("detail")?,
        raised_at: Moment::from_unix_ms(row.get("raised_at")?),
        seen_at: Moment::from_unix_ms(row.get("seen_at")?),
        resolved_at: row.get::<_, Option<i64>>("resolved_at")?.map(Moment::from_unix_ms),
        resolution: row.get("resolution")?,
    })
}

impl ReadTx<'_> {
    /// Alerts before a row, newest first.
    pub fn alerts(&self, state: AlertState, before: i64, limit: u32) -> Result<Vec<Alert>, StoreError> {
        let (open, resolved) = (state != AlertState::Resolved, state != AlertState::Open);
        self.all(sql!("trading/alerts"), (before, limit, open, resolved), alert)
    }

    pub fn alert(&self, id: AlertId) -> Result<Option<Alert>, StoreError> {
        self.find(sql!("trading/alert"), [id.uuid()], alert)
    }
}

impl WriteTx<'_> {
    /// Raises an alert. If it is open already, it takes the new detail.
    pub fn raise_alert(
        &self,
        id: AlertId,
        (kind, account, subject): (AlertKind, Option<BookId>, &str),
        detail: &str,
        now: Moment,
    ) -> Result<(), StoreError> {
        let params = (id.uuid(), kind.name(), account.map(|book| book.0), subject, detail, now.unix_ms());
        self.run(sql!("trading/raise_alert"), params).map(|_| ())
    }

    /// Resolves an alert that no longer holds, if it is open.
    pub fn settle_alert(
        &self,
        (kind, account, subject): (AlertKind, Option<BookId>, &str),
        now: Moment,
    ) -> Result<(), StoreError> {
        let params = (kind.name(), account.map(|book| book.0), subject, now.unix_ms());
        self.run(sql!("trading/settle_alert"), params).map(|_| ())
    }

    /// Resolves the open alerts of a kind about an account, but for those about these subjects.
    pub fn settle_alerts_but(
        &self,
        kind: AlertKind,
        account: BookId,
        subjects: &[&str],
        now: Moment,
    ) -> Result<(), StoreError> {
        let subjects = serde_json::Value::from_iter(subjects.iter().copied()).to_string();
        let params = (kind.name(), account.0, subjects, now.unix_ms());
        self.run(sql!("trading/settle_alerts_but"), params).map(|_| ())
    }

    pub fn resolve_alert(&self, row: i64, reason: &str, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE alerts SET resolved_at = ?2, resolution = ?3 WHERE id = ?1";
        self.run(sql, (row, now.unix_ms(), reason)).map(|_| ())
    }
}
