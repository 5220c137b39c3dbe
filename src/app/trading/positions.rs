//! Positions, open and closed, as callers see them.

use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::accounts::Account;
use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, ExecutionSerial};
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Noun, Refusal};
use crate::domain::trading::{Exact, PositionFigures, RatePair};
use crate::store::{ClosedFilter, Market};
pub use crate::store::{ClosedPlace, Listed, ListedPosition};
use std::collections::HashMap;
use std::sync::Arc;

/// A position with its symbol and its present figures.
pub struct ShownPosition {
    pub listed: ListedPosition,
    pub symbol: Arc<Listed>,
    /// None once it is closed.
    pub figures: Option<PositionFigures>,
    /// Dollars for one unit of the account's currency. None: no rate is known.
    pub dollar_rate: Option<RatePair>,
}

impl ShownPosition {
    /// The unrealised profit of an open position, the price profit of a closed one; in the account's currency.
    pub fn profit(&self, account: &Account) -> Exact {
        match &self.figures {
            Some(figures) => figures.unrealised.clone(),
            None => Exact::of(self.listed.row.position.profit, account.decimals),
        }
    }
}

/// Positions with the account that they are of.
pub struct Positions<P> {
    pub account: Account,
    pub positions: Vec<ShownPosition>,
    /// The place of the last one, if the list continues after it.
    pub next: Option<P>,
}

/// The open positions of an account, oldest first. Refusals: unknown account.
pub struct ListOpenPositions {
    /// May be an archived account.
    pub account: AccountId,
    /// Only those after this row.
    pub after: Option<i64>,
    /// The most positions to return.
    pub limit: u32,
}

impl Query for ListOpenPositions {
    type Answer = Positions<i64>;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Positions<i64>, Failure> {
        let market = Market::of(view.tx);
        let found = view.tx.account_appraised(&market, self.account, view.visibility)?;
        let (account, worth) = found.ok_or(Refusal::not_found(Noun::Account))?;
        if !account.valuation.has_positions {
            return Ok(Positions { account, positions: Vec::new(), next: None });
        }
        let mut listed = view.tx.open_positions_listed(account.book, self.after, self.limit.saturating_add(1))?;
        let next = cut(&mut listed, self.limit).map(|last| last.row.row);
        let positions = shown_positions(view, &market, &account, &worth.figures.positions, listed)?;
        Ok(Positions { account, positions, next })
    }
}

/// The closed positions of an account, the last closed first. Refusals: unknown account.
pub struct ListClosedPositions {
    /// May be an archived account.
    pub account: AccountId,
    /// Inclusive, by the time of closing.
    pub from: Option<Moment>,
    /// Exclusive, by the time of closing.
    pub to: Option<Moment>,
    /// Only those behind this one.
    pub after: Option<ClosedPlace>,
    /// The most positions to return.
    pub limit: u32,
}

impl Query for ListClosedPositions {
    type Answer = Positions<ClosedPlace>;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Positions<ClosedPlace>, Failure> {
        let account = view.tx.account(self.account, view.visibility)?.ok_or(Refusal::not_found(Noun::Account))?;
        let filter = ClosedFilter { from: self.from, to: self.to, after: self.after };
        let mut listed = view.tx.closed_positions_listed(account.book, &filter, self.limit.saturating_add(1))?;
        let place = |last: &ListedPosition| {
            last.row.position.closing.map(|closing| ClosedPlace { at: closing.at, row: last.row.row })
        };
        let next = cut(&mut listed, self.limit).and_then(place);
        let market = Market::of(view.tx);
        let positions = shown_positions(view, &market, &account, &[], listed)?;
        Ok(Positions { account, positions, next })
    }
}

/// Cuts off the row that was read beyond the limit. The last row that is left, if the list continues after it.
pub(super) fn cut<T>(rows: &mut Vec<T>, limit: u32) -> Option<&T> {
    let goes_on = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    rows.last().filter(|_| goes_on)
}

/// Adds symbols and present figures to positions.
pub(super) fn shown_positions(
    view: &View<'_>,
    market: &Market<'_, '_>,
    account: &Account,
    figures: &[PositionFigures],
    listed: Vec<ListedPosition>,
) -> Result<Vec<ShownPosition>, Failure> {
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    let mut figures: HashMap<ExecutionSerial, &PositionFigures> =
        figures.iter().map(|figures| (figures.opened_by, figures)).collect();
    let dollar_rate = dollar_rate(view, market, account)?;
    let shown = |listed: ListedPosition| {
        Ok(ShownPosition {
            symbol: market.listed(listed.row.symbol)?,
            figures: figures.remove(&listed.row.position.opened_by).cloned(),
            dollar_rate: dollar_rate.clone(),
            listed,
        })
    };
    listed.into_iter().map(shown).collect()
}

/// Dollars for one unit of an account's currency.
fn dollar_rate(view: &View<'_>, market: &Market<'_, '_>, account: &Account) -> Result<Option<RatePair>, Failure> {
    let dollar = CurrencyCode::from_stored("USD".into());
    if account.currency == dollar {
        return Ok(Some(RatePair::ONE));
    }
    let Some(dollar) = view.tx.currency(&dollar)? else { return Ok(None) };
    Ok(market.rates()?.find(account.standing.currency, dollar.serial).ok().map(|found| found.rate))
}
