//! Portfolios: groups of accounts of one client. What a caller says of one may be personal, so it has a row of its own,
//! which is hashed with the client's salt.

use crate::domain::access::Visibility;
use crate::domain::clock::Moment;
use crate::domain::ids::{PortfolioId, PortfolioSerial, ProfileId, ProfileSerial};
use crate::domain::organizations::{Portfolio, Record};
use crate::store::StoreError;
use crate::store::clients::status_columns;
use crate::store::database::lists::visible_tags;
use crate::store::database::transaction::{ReadTx, WriteTx, named_if_any, sql};
use crate::store::organizations::{record, stored};
use rusqlite::Row;
use uuid::Uuid;

pub(super) fn portfolio(row: &Row<'_>) -> rusqlite::Result<Portfolio> {
    Ok(Portfolio {
        row: row.get("id")?,
        id: PortfolioId::from(row.get::<_, Uuid>("uuid")?),
        profile: ProfileId::from(row.get::<_, Uuid>("profile_uuid")?),
        name: row.get("name")?,
        is_default: row.get("is_default")?,
        kind: named_if_any(row, "kind")?.unwrap_or_default(),
        state: named_if_any(row, "state")?.unwrap_or_default(),
        record: record(row)?,
    })
}

impl ReadTx<'_> {
    /// The portfolios of a ledger that are not deleted and whose client is visible, the newest first.
    pub fn portfolios(&self, ledger: i64, visibility: &Visibility) -> Result<Vec<Portfolio>, StoreError> {
        let sql = concat!(sql!("portfolios/columns"), "ORDER BY f.id DESC");
        self.all(sql, (ledger, visible_tags(visibility)), portfolio)
    }

    pub fn portfolio(
        &self,
        ledger: i64,
        id: PortfolioId,
        visibility: &Visibility,
    ) -> Result<Option<Portfolio>, StoreError> {
        let sql = concat!(sql!("portfolios/columns"), "AND f.uuid = ?3");
        self.find(sql, (ledger, visible_tags(visibility), id.uuid()), portfolio)
    }

    /// Whether accounts that are not archived are in it.
    pub fn is_portfolio_used(&self, row: i64) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM accounts WHERE portfolio_id = ?1 AND lifecycle <> 'closed')";
        self.one(sql, [row], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// The default portfolio of a client in a ledger, created with `new_id` if there is none yet.
    pub fn default_portfolio(
        &self,
        ledger: i64,
        profile: ProfileSerial,
        new_id: PortfolioId,
        now: Moment,
    ) -> Result<PortfolioSerial, StoreError> {
        let sql = "SELECT id FROM portfolios WHERE profile_id = ?1 AND ledger_id = ?2 AND is_default = 1";
        if let Some(found) = self.find(sql, (profile.0, ledger), |row| row.get(0))? {
            return Ok(PortfolioSerial(found));
        }
        let new = (new_id.uuid(), ledger, profile.0, "Default", now.unix_ms(), true);
        Ok(PortfolioSerial(self.insert(sql!("portfolios/insert"), new)?))
    }

    /// Issues the next account serial within a portfolio.
    pub fn next_portfolio_serial(&self, portfolio: PortfolioSerial) -> Result<i64, StoreError> {
        self.one(sql!("portfolios/next_serial"), [portfolio.0], |row| row.get(0))
    }

    /// Adds a portfolio of a client besides its default one.
    pub fn add_portfolio(
        &self,
        ledger: i64,
        id: PortfolioId,
        profile: ProfileSerial,
        (name, record): (&str, &Record),
    ) -> Result<(), StoreError> {
        let new = (id.uuid(), ledger, profile.0, "", record.created_at.unix_ms(), false);
        let row = self.insert(sql!("portfolios/insert"), new)?;
        self.label_portfolio(row, name, record)
    }

    /// Stores a portfolio as it is after a change.
    pub fn change_portfolio(&self, changed: &Portfolio) -> Result<(), StoreError> {
        let at = changed.record.updated_at.unix_ms();
        self.run("UPDATE portfolios SET updated_at = ?2 WHERE id = ?1", (changed.row, at))?;
        self.label_portfolio(changed.row, &changed.name, &changed.record)
    }

    fn label_portfolio(&self, row: i64, name: &str, record: &Record) -> Result<(), StoreError> {
        let (code, description) = status_columns(&record.status);
        let labels = (row, name, code, description, stored(&record.metadata)?);
        self.run(sql!("portfolios/put_labels"), labels).map(|_| ())
    }

    /// Deletes a portfolio. A client whose default one it was gets another when it is needed again.
    pub fn delete_portfolio(&self, row: i64, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE portfolios SET deleted_at = ?2, is_default = 0 WHERE id = ?1";
        self.run(sql, (row, now.unix_ms())).map(|_| ())
    }
}
