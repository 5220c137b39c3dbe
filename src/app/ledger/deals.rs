//! Deals: ledger entries as seen from one account.

use crate::app::events::hide_reason;
use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::accounts::Account;
use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, EntryId, EntrySeq};
use crate::domain::page::{Part, Position};
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::store::DealFilter;
pub use crate::store::{DealRow, DealTrade};

/// The deals of an account, newest first. Refusals: unknown account; unknown deal in `before`.
pub struct ListDeals {
    /// May be an archived account.
    pub account: AccountId,
    /// Inclusive, by recorded time.
    pub from: Option<Moment>,
    /// Exclusive, by recorded time.
    pub to: Option<Moment>,
    /// Only deals after this one in the list, that is, earlier in time.
    pub before: Option<DealMark>,
    /// The most deals to return.
    pub limit: u32,
}

/// Identifies a deal of an account.
#[derive(Clone, Copy, Debug)]
pub enum DealMark {
    Id(EntryId),
    /// By its position in the list.
    Place(Position),
}

pub struct Deals {
    pub account: Account,
    pub part: Part<DealRow>,
}

impl Query for ListDeals {
    type Answer = Deals;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<Deals, Failure> {
        let account = view.tx.account(self.account, view.visibility)?.ok_or(Refusal::not_found(Noun::Account))?;
        let before = match self.before {
            Some(DealMark::Place(shown)) => Some(EntrySeq(shown.row)),
            Some(DealMark::Id(id)) => {
                let unknown = Refusal::NotFound { noun: Noun::Deal, field: Some(Field::Before) };
                Some(view.tx.deal_seq(account.book, id)?.ok_or(unknown)?)
            }
            None => None,
        };
        let filter = DealFilter { from: self.from, to: self.to, before };
        let mut fetched = view.tx.deals(account.book, &filter, self.limit + 1)?;
        for deal in &mut fetched {
            hide_reason(view, (deal.kind, deal.seq), &mut deal.comment)?;
        }
        Ok(Deals { account, part: Part::cut(fetched, self.limit, |deal| Position::of(deal.seq.0)) })
    }
}
