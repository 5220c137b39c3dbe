//! Currencies: read by callers, configured by the operator.

use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::reference::Currency;

/// The currencies in which accounts can be opened, in the order of the reference data.
pub struct ListCurrencies;

impl Query for ListCurrencies {
    type Answer = Vec<Currency>;
    const RIGHT: Right = Right::ReadReference;

    fn run(self, view: &View<'_>) -> Result<Vec<Currency>, Failure> {
        let mut currencies = view.tx.currencies()?;
        currencies.retain(|currency| currency.enabled);
        Ok(currencies)
    }
}
