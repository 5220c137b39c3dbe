//! Deals: the entries of the ledger as one account sees them.

use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::accounts::Account;
use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, EntryId};
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::store::DealFilter;
pub use crate::store::DealRow;

/// The deals of an account, newest first. Refusals: unknown account, unknown deal to continue after.
pub struct ListDeals {
    /// Which account; archived or not.
    pub account: AccountId,
    /// Recorded at this moment or later.
    pub from: Option<Moment>,
    /// Recorded before this moment.
    pub to: Option<Moment>,
    /// Only what comes after this deal in the list, which is what came before it in time.
    pub before: Option<EntryId>,
    /// How many at most.
    pub limit: u32,
}

/// Deals of one account.
pub struct Deals {
    /// The account.
    pub account: Account,
    /// Its deals, newest first.
    pub rows: Vec<DealRow>,
    /// Whether there are more of them.
    pub has_more: bool,
}

impl Query for ListDeals {
    type Answer = Deals;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<Deals, Failure> {
        let account = view.tx.account(self.account, view.visibility)?.ok_or(Refusal::not_found(Noun::Account))?;
        let before = match self.before {
            Some(id) => Some(
                view.tx
                    .deal_seq(account.book, id)?
                    .ok_or(Refusal::NotFound { noun: Noun::Deal, field: Some(Field::Before) })?,
            ),
            None => None,
        };
        let filter = DealFilter { from: self.from, to: self.to, before };
        let mut rows = view.tx.deals(account.book, &filter, self.limit + 1)?;
        let has_more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        Ok(Deals { account, rows, has_more })
    }
}
