//! Orders, as callers see them.

use crate::app::trading::positions::cut;
use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::accounts::Account;
use crate::domain::ids::AccountId;
use crate::domain::refusal::{Noun, Refusal};
use crate::domain::trading::Exact;
pub use crate::store::ListedOrder;
use crate::store::{Listed, Market};
use std::sync::Arc;

/// An order with its symbol and what it adds to margin by itself.
pub struct ShownOrder {
    pub listed: ListedOrder,
    pub symbol: Arc<Listed>,
    /// In the account's currency; zero once the order is completed.
    pub margin: Exact,
}

/// Orders with the account that they are of.
pub struct Orders {
    pub account: Account,
    pub orders: Vec<ShownOrder>,
    /// The row of the last one, if the list continues after it.
    pub next: Option<i64>,
}

/// The orders of an account: the working ones, oldest first, or all, newest first. Refusals: unknown account.
pub struct ListOrders {
    /// May be an archived account.
    pub account: AccountId,
    pub only_working: bool,
    /// Only those behind this row.
    pub after: Option<i64>,
    /// The most orders to return.
    pub limit: u32,
}

impl Query for ListOrders {
    type Answer = Orders;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Orders, Failure> {
        let account = view.tx.account(self.account, view.visibility)?.ok_or(Refusal::not_found(Noun::Account))?;
        if self.only_working && !account.valuation.has_orders {
            return Ok(Orders { account, orders: Vec::new(), next: None });
        }
        let mut listed =
            view.tx.orders_of(account.book, self.only_working, self.after, self.limit.saturating_add(1))?;
        let next = cut(&mut listed, self.limit).map(|last| last.row);
        let orders = shown_orders(&Market::of(view.tx), &account, listed)?;
        Ok(Orders { account, orders, next })
    }
}

/// Adds symbols and margin to orders.
pub(super) fn shown_orders(
    market: &Market<'_, '_>,
    account: &Account,
    listed: Vec<ListedOrder>,
) -> Result<Vec<ShownOrder>, Failure> {
    let shown = |listed: ListedOrder| {
        let margin = if listed.order.state.is_working() { market.margin_of(account, &listed)? } else { Exact::ZERO };
        Ok(ShownOrder { symbol: market.listed(listed.order.symbol)?, margin, listed })
    };
    listed.into_iter().map(shown).collect()
}
