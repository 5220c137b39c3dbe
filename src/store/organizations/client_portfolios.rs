//! Portfolios of clients in all ledgers, and where they are in their life.

use crate::domain::access::Visibility;
use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, PortfolioId, PortfolioSerial, ProfileId, ProfileSerial};
use crate::domain::organizations::{Portfolio, PortfolioKind, PortfolioState};
use crate::domain::page::Window;
use crate::store::StoreError;
use crate::store::database::lists::visible_tags;
use crate::store::database::transaction::{ReadTx, WriteTx, sql, unless_default};
use crate::store::organizations::portfolio;

impl ReadTx<'_> {
    /// A portfolio in any ledger that is not deleted and whose client is visible.
    pub fn portfolio_anywhere(
        &self,
        id: PortfolioId,
        visibility: &Visibility,
    ) -> Result<Option<Portfolio>, StoreError> {
        let sql = concat!(sql!("portfolios/everywhere"), "AND f.uuid = ?2");
        self.find(sql, (visible_tags(visibility), id.uuid()), portfolio)
    }

    /// The portfolio of an account.
    pub fn portfolio_of_row(&self, row: PortfolioSerial) -> Result<Option<Portfolio>, StoreError> {
        let sql = concat!(sql!("portfolios/everywhere"), "AND f.id = ?2");
        self.find(sql, (None::<String>, row.0), portfolio)
    }

    /// The portfolios of a client, or of all visible ones, in a window of the list by creation or by the last change,
    /// and how many there are in total.
    pub fn portfolios_in(
        &self,
        client: Option<ProfileId>,
        visibility: &Visibility,
        window: Window,
        by_change: bool,
    ) -> Result<(Vec<Portfolio>, u64), StoreError> {
        let (tags, client) = (visible_tags(visibility), client.map(ProfileId::uuid));
        let total = self.one(sql!("portfolios/count"), (&tags, client), |row| row.get(0))?;
        let part = (&tags, client, by_change, window.newest_first, window.limit, window.offset);
        let rows = self.all(sql!("portfolios/everywhere", "portfolios/listed"), part, portfolio)?;
        Ok((rows, total))
    }

    /// The portfolios of a client that are not closed.
    pub fn open_portfolios_of(&self, client: ProfileSerial) -> Result<Vec<Portfolio>, StoreError> {
        let sql = concat!(sql!("portfolios/everywhere"), "AND p.id = ?2 AND f.state IS NOT 'closed' ORDER BY f.id");
        self.all(sql, (None::<String>, client.0), portfolio)
    }

    /// The accounts of a portfolio that are neither closing nor archived.
    pub fn has_staying_accounts(&self, row: i64) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (
                       SELECT 1 FROM accounts WHERE portfolio_id = ?1 AND lifecycle NOT IN ('closing', 'closed'))";
        self.one(sql, [row], |row| row.get(0))
    }

    /// Whether withdrawals from the account are under way.
    pub fn has_open_withdrawals(&self, account: BookId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (
                       SELECT 1 FROM movements WHERE account_id = ?1 AND kind = 'withdrawal'
                       AND state IN ('pending', 'approved'))";
        self.one(sql, [account.0], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    pub fn set_portfolio_kind(&self, row: i64, kind: PortfolioKind) -> Result<(), StoreError> {
        let name = unless_default(kind).map(PortfolioKind::name);
        self.run("UPDATE portfolios SET kind = ?2 WHERE id = ?1", (row, name)).map(|_| ())
    }

    pub fn set_portfolio_state(&self, row: i64, state: PortfolioState, now: Moment) -> Result<(), StoreError> {
        let name = unless_default(state).map(PortfolioState::name);
        let sql = "UPDATE portfolios SET state = ?2, updated_at = ?3 WHERE id = ?1";
        self.run(sql, (row, name, now.unix_ms())).map(|_| ())
    }
}
