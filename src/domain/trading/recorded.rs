//! Executions as they are recorded: quantities in lots, money in minor units of the account's currency.

use crate::domain::money::Amount;
use crate::domain::trading::{Exact, ExecutionEntry, FillRates, RatePair, Side};
use serde::{Deserialize, Serialize};

/// The rates of an execution, and which of them the platform gave.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordedRates {
    /// Account currency for one unit of the profit currency: the lower side.
    pub profit: Exact,
    /// The higher side.
    pub profit_high: Exact,
    /// None if margin needs no rate of its own.
    pub margin: Option<Exact>,
    pub has_profit: bool,
    pub has_margin: bool,
}

impl RecordedRates {
    pub fn fill_rates(&self) -> FillRates {
        let profit = RatePair { low: self.profit.clone(), high: self.profit_high.clone() };
        FillRates { profit, margin: self.margin.clone() }
    }
}

/// What the platform booked for an execution; none: it did not say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct BookedAmounts {
    pub profit: Option<Amount>,
    pub commission: Option<Amount>,
    pub swap: Option<Amount>,
    pub fee: Option<Amount>,
    pub balance_after: Option<Amount>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Recorded {
    /// None: a close-by that did not say.
    pub side: Option<Side>,
    pub entry: Option<ExecutionEntry>,
    /// Lots. None: a close-by of all that both positions have.
    pub quantity: Option<Exact>,
    /// None: a close-by.
    pub price: Option<Exact>,
    pub order: Option<String>,
    pub position_ref: Option<String>,
    pub opposite_ref: Option<String>,
    pub reason: Option<String>,
    pub rates: RecordedRates,
    pub booked: BookedAmounts,
}

/// Takes over what is missing. Err: both are there and differ.
fn join<T: Clone + PartialEq>(mine: &mut Option<T>, other: Option<&T>, changed: &mut bool) -> Result<(), ()> {
    match (&*mine, other) {
        (Some(mine), Some(other)) if mine != other => Err(()),
        (None, Some(other)) => {
            *mine = Some(other.clone());
            *changed = true;
            Ok(())
        }
        _ => Ok(()),
    }
}

impl Recorded {
    /// Takes over what a repeat of the execution tells beyond it; whether that was anything. Err: what contradicts it.
    pub fn complete(&mut self, repeat: &Recorded) -> Result<bool, &'static str> {
        let mut changed = false;
        if self.quantity != repeat.quantity && self.entry != Some(ExecutionEntry::OutBy) {
            return Err("quantity");
        }
        join(&mut self.side, repeat.side.as_ref(), &mut changed).map_err(|()| "side")?;
        join(&mut self.quantity, repeat.quantity.as_ref(), &mut changed).map_err(|()| "quantity")?;
        join(&mut self.price, repeat.price.as_ref(), &mut changed).map_err(|()| "price")?;
        join(&mut self.entry, repeat.entry.as_ref(), &mut changed).map_err(|()| "entry")?;
        join(&mut self.order, repeat.order.as_ref(), &mut changed).map_err(|()| "order")?;
        join(&mut self.position_ref, repeat.position_ref.as_ref(), &mut changed).map_err(|()| "position")?;
        join(&mut self.opposite_ref, repeat.opposite_ref.as_ref(), &mut changed).map_err(|()| "opposite position")?;
        if self.reason.is_none() && repeat.reason.is_some() {
            self.reason.clone_from(&repeat.reason);
            changed = true;
        }
        let (mine, other) = (&mut self.booked, &repeat.booked);
        join(&mut mine.profit, other.profit.as_ref(), &mut changed).map_err(|()| "booked profit")?;
        join(&mut mine.commission, other.commission.as_ref(), &mut changed).map_err(|()| "booked commission")?;
        join(&mut mine.swap, other.swap.as_ref(), &mut changed).map_err(|()| "booked swap")?;
        join(&mut mine.fee, other.fee.as_ref(), &mut changed).map_err(|()| "booked fee")?;
        join(&mut mine.balance_after, other.balance_after.as_ref(), &mut changed).map_err(|()| "balance afterwards")?;
        Ok(changed | self.rates.complete(&repeat.rates)?)
    }
}

impl RecordedRates {
    fn complete(&mut self, repeat: &RecordedRates) -> Result<bool, &'static str> {
        let mut changed = false;
        if repeat.has_profit && self.has_profit && repeat.profit != self.profit {
            return Err("rate of profit");
        }
        if repeat.has_margin && self.has_margin && repeat.margin != self.margin {
            return Err("rate of margin");
        }
        if repeat.has_profit && !self.has_profit {
            (self.profit, self.profit_high, self.has_profit) =
                (repeat.profit.clone(), repeat.profit_high.clone(), true);
            changed = true;
        }
        if repeat.has_margin && !self.has_margin {
            (self.margin, self.has_margin) = (repeat.margin.clone(), true);
            changed = true;
        }
        Ok(changed)
    }
}

/// What has been posted for an execution, part by part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Parts {
    pub profit: Amount,
    pub commission: Amount,
    pub swap: Amount,
    pub fee: Amount,
    /// Protection that consumed trading credit.
    pub protected_credit: Amount,
    /// Protection that lifted the balance.
    pub protected_balance: Amount,
}
