//! Portfolios: groups of accounts of one client.

use crate::domain::clock::Moment;
use crate::domain::ids::{PortfolioId, PortfolioSerial, ProfileSerial};
use crate::store::StoreError;
use crate::store::database::transaction::{WriteTx, sql};

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
        let new = (new_id.uuid(), ledger, profile.0, "Default", now.unix_ms());
        Ok(PortfolioSerial(self.insert(sql!("portfolios/insert"), new)?))
    }

    /// Issues the next account serial within a portfolio.
    pub fn next_portfolio_serial(&self, portfolio: PortfolioSerial) -> Result<i64, StoreError> {
        self.one(sql!("portfolios/next_serial"), [portfolio.0], |row| row.get(0))
    }
}
