//! Accounts in margin call and stop-out.

use crate::app::trading::PortfolioFigures;
use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::accounts::Account;
use crate::domain::page::{Listing, Page, Part, Position};
use crate::domain::trading::Exact;
use crate::store::Market;

/// An account whose margin level is at or below the level of the margin call.
pub struct MarginCall {
    pub account: Account,
    pub figures: PortfolioFigures,
    /// Of its group, in percent; so is the next one.
    pub margin_call_level: Exact,
    pub stop_out_level: Exact,
}

/// The visible accounts that are in margin call now, in the order of opening: levels move with quotes, and an account
/// must not move between pages with them.
pub struct ListMarginCalls {
    /// Demo accounts instead of live ones.
    pub is_demo: bool,
    /// Only those in stop-out.
    pub only_stop_out: bool,
    pub page: Page,
}

impl Query for ListMarginCalls {
    type Answer = Listing<MarginCall>;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Listing<MarginCall>, Failure> {
        let market = Market::of(view.tx);
        let mut calls = Vec::new();
        for account in view.tx.accounts_with_positions(self.is_demo, view.visibility)? {
            let worth = market.worth(&account)?;
            let figures = PortfolioFigures::of(&account, &worth);
            if figures.is_in_stop_out || (figures.is_in_margin_call && !self.only_stop_out) {
                let rules = &worth.rules;
                let (margin_call_level, stop_out_level) =
                    (rules.margin_call_level.clone(), rules.stop_out_level.clone());
                calls.push(MarginCall { account, figures, margin_call_level, stop_out_level });
            }
        }
        let total = calls.len() as u64;
        let after = self.page.position().map_or(0, |shown| shown.row);
        let behind = calls.into_iter().filter(|call| call.account.book.0 > after);
        let skipped = usize::try_from(self.page.offset()).unwrap_or(usize::MAX);
        let fetched = behind.skip(skipped).take(self.page.fetched() as usize).collect();
        let page = Part::cut(fetched, self.page.size(), |call: &MarginCall| Position::of(call.account.book.0));
        Ok(page.of(total, self.page))
    }
}
