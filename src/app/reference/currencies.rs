//! Currencies: callers list them, the operator configures them.

use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::page::{Part, Position};
use crate::domain::reference::Currency;

/// The currencies that accounts can be opened in, in the order of the reference file.
pub struct ListCurrencies {
    /// Only currencies after this position.
    pub after: Option<Position>,
    /// The most currencies to return.
    pub limit: u32,
}

impl Query for ListCurrencies {
    type Answer = Part<Currency>;
    const RIGHT: Right = Right::ReadReference;

    fn run(self, view: &View<'_>) -> Result<Part<Currency>, Failure> {
        let position = |currency: &Currency| Position::of(currency.serial.0);
        let mut currencies = view.tx.currencies()?;
        currencies.retain(|currency| currency.enabled && self.after.is_none_or(|shown| position(currency) > shown));
        Ok(Part::cut(currencies, self.limit, position))
    }
}
