//! What accounts have open, and what they are worth: the figures that every dialect shows.

use crate::app::trading::{ShownOrder, ShownPosition, shown_orders, shown_positions};
use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::accounts::Account;
use crate::domain::ids::{AccountId, ProfileId};
use crate::domain::money::Amount;
use crate::domain::page::{Part, Position};
use crate::domain::refusal::{Noun, Refusal};
use crate::domain::trading::Exact;
use crate::store::{Market, Worth};

/// Positions and orders of a portfolio beyond this are left out; their lists have them.
const ROWS_MAX: u32 = 10_000;

/// An account with all that is open.
pub struct Portfolio {
    pub account: Account,
    pub figures: PortfolioFigures,
    /// Oldest first.
    pub positions: Vec<ShownPosition>,
    /// The working ones, oldest first.
    pub orders: Vec<ShownOrder>,
}

/// Present figures of an account, in its currency, each computed exactly and rounded once. What does not fit is the
/// largest amount: one account with absurd figures does not hide the others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PortfolioFigures {
    /// Zero for positions without a quote.
    pub unrealised: Amount,
    pub used_margin: Amount,
    /// What working orders add to the used margin.
    pub pending_margin: Amount,
    /// The balance and the unrealised profit.
    pub equity: Amount,
    /// Equity less used and pending margin.
    pub free_margin: Amount,
    /// Equity in percent of the used margin. None without margin.
    pub margin_level: Option<Exact>,
    pub is_in_margin_call: bool,
    pub is_in_stop_out: bool,
}

impl PortfolioFigures {
    pub(super) fn of(account: &Account, worth: &Worth) -> PortfolioFigures {
        let figures = &worth.figures;
        let balance = Exact::of(account.balances.balance, account.decimals);
        let round = |exact: &Exact| exact.round_to_fit(account.decimals);
        PortfolioFigures {
            unrealised: round(&figures.unrealised),
            used_margin: round(&figures.used),
            pending_margin: round(&figures.pending),
            equity: round(&figures.equity(&balance)),
            free_margin: round(&figures.free_margin(&balance)),
            margin_level: figures.level(&balance),
            is_in_margin_call: figures.is_at_or_below(&worth.rules.margin_call_level, &balance),
            is_in_stop_out: figures.is_at_or_below(&worth.rules.stop_out_level, &balance),
        }
    }
}

/// The portfolio of an account that the caller can see.
fn portfolio(view: &View<'_>, market: &Market<'_, '_>, account: Account, worth: &Worth) -> Result<Portfolio, Failure> {
    let figures = PortfolioFigures::of(&account, worth);
    let (mut positions, mut orders) = (Vec::new(), Vec::new());
    if account.valuation.has_positions {
        let listed = view.tx.open_positions_listed(account.book, None, ROWS_MAX)?;
        positions = shown_positions(view, market, &account, &worth.figures.positions, listed)?;
    }
    if account.valuation.has_orders {
        let listed = view.tx.orders_of(account.book, true, None, ROWS_MAX)?;
        orders = shown_orders(market, &account, listed)?;
    }
    Ok(Portfolio { account, figures, positions, orders })
}

/// The portfolio of an account. Refusals: unknown account.
pub struct GetPortfolio {
    /// May be an archived account.
    pub account: AccountId,
}

impl Query for GetPortfolio {
    type Answer = Portfolio;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Portfolio, Failure> {
        let market = Market::of(view.tx);
        let found = view.tx.account_appraised(&market, self.account, view.visibility)?;
        let (account, worth) = found.ok_or(Refusal::not_found(Noun::Account))?;
        portfolio(view, &market, account, &worth)
    }
}

/// The portfolios of a client's accounts that are not archived, oldest first. Refusals: unknown client.
pub struct ListPortfolios {
    pub client: ProfileId,
    pub after: Option<Position>,
    /// The most portfolios to return.
    pub limit: u32,
}

impl Query for ListPortfolios {
    type Answer = Part<Portfolio>;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Part<Portfolio>, Failure> {
        view.tx.profile(self.client, view.visibility)?.ok_or(Refusal::not_found(Noun::Profile))?;
        let fetched = view.tx.accounts_of(self.client, self.after, self.limit.saturating_add(1))?;
        let Part { rows, next } = Part::cut(fetched, self.limit, |account| Position::of(account.book.0));
        let market = Market::of(view.tx);
        let shown = |account: Account| {
            let worth = market.worth(&account)?;
            portfolio(view, &market, account, &worth)
        };
        let rows = rows.into_iter().map(shown).collect::<Result<_, _>>()?;
        Ok(Part { rows, next })
    }
}
