//! Positions, open and closed.

use crate::domain::clock::Moment;
use crate::domain::ids::ExecutionSerial;
use crate::domain::money::Amount;
use crate::domain::trading::{Exact, Fill, FillRates, Instrument, Side, Split};
use serde::{Deserialize, Serialize};

/// What closed a position.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Closing {
    pub by: ExecutionSerial,
    pub at: Moment,
}

/// A position of an account in a symbol. The fill that opened it identifies it: each opens one at most.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Position {
    pub opened_by: ExecutionSerial,
    /// The platform's reference of it.
    pub position_ref: Option<String>,
    pub side: Side,
    /// Lots that are open.
    pub quantity: Exact,
    /// Lots that were opened in all.
    pub opened_quantity: Exact,
    /// Sum of lots times open price, of what is open. A reduction scales it, so that the open price stays.
    pub cost: Exact,
    /// Sum of lots times the frozen rate of margin and, where margin follows from the price, times the price: margin is
    /// this times contract size and margin rate. In the account's currency, zero or more.
    pub margin_cost: Exact,
    /// The rate of profit of the fill that opened or increased it last, at its higher side.
    pub profit_rate: Exact,
    /// Sum of lots times closing price, of what was closed.
    pub closed_value: Exact,
    /// Price profit of what was closed: the platform's figure, else ours.
    pub profit: Amount,
    pub opened_at: Moment,
    /// Of the last fill that changed it.
    pub updated_at: Moment,
    /// None: it is open.
    pub closing: Option<Closing>,
}

impl Position {
    pub(super) fn open(symbol: &Instrument, fill: &Fill, side: Side, quantity: Exact, price: &Exact) -> Position {
        Position {
            opened_by: fill.serial,
            position_ref: fill.position_ref.clone(),
            side,
            cost: &quantity * price,
            margin_cost: margin_cost(symbol, &quantity, price, &fill.rates),
            opened_quantity: quantity.clone(),
            quantity,
            profit_rate: fill.rates.profit.high.clone(),
            closed_value: Exact::ZERO,
            profit: Amount::ZERO,
            opened_at: fill.place.at,
            updated_at: fill.place.at,
            closing: None,
        }
    }

    pub(super) fn increase(&mut self, symbol: &Instrument, fill: &Fill, quantity: &Exact, price: &Exact) {
        self.cost = (&self.cost + &(quantity * price)).settled();
        let margin_cost = margin_cost(symbol, quantity, price, &fill.rates);
        self.margin_cost = (&self.margin_cost + &margin_cost).settled();
        self.quantity = &self.quantity + quantity;
        self.opened_quantity = &self.opened_quantity + quantity;
        self.profit_rate = fill.rates.profit.high.clone();
        self.updated_at = fill.place.at;
    }

    /// The part of `cost` that belongs to so many of its open lots.
    pub(super) fn cost_of(&self, quantity: &Exact) -> Exact {
        if *quantity == self.quantity {
            return self.cost.clone();
        }
        self.cost.share(quantity, &self.quantity).unwrap_or_default()
    }

    /// Takes out lots that were closed for `value`, at most all of them.
    pub(super) fn reduce(&mut self, fill: &Fill, quantity: &Exact, value: &Exact) {
        let rest = &self.quantity - quantity;
        if rest.is_positive() {
            self.cost = self.cost.share(&rest, &self.quantity).unwrap_or_default().settled();
            self.margin_cost = self.margin_cost.share(&rest, &self.quantity).unwrap_or_default().settled();
        } else {
            self.cost = Exact::ZERO;
            self.margin_cost = Exact::ZERO;
            self.closing = Some(Closing { by: fill.serial, at: fill.place.at });
        }
        self.quantity = rest;
        self.closed_value = (&self.closed_value + value).settled();
        self.updated_at = fill.place.at;
    }

    /// Multiplies lots and divides prices, so that `cost` stays.
    pub(super) fn split(&mut self, symbol: &Instrument, split: &Split) {
        self.quantity = (&self.quantity * &split.ratio).settled();
        self.opened_quantity = (&self.opened_quantity * &split.ratio).settled();
        if symbol.is_margined_by_units() {
            self.margin_cost = (&self.margin_cost * &split.ratio).settled();
        }
        self.updated_at = split.at;
    }

    /// The average price at which its open lots were opened. None once it is closed.
    pub fn open_price(&self) -> Option<Exact> {
        self.cost.over(&self.quantity)
    }

    /// The average price at which lots were closed. None if none was.
    pub fn close_price(&self) -> Option<Exact> {
        self.closed_value.over(&self.closed_quantity())
    }

    /// Lots that were closed.
    pub fn closed_quantity(&self) -> Exact {
        &self.opened_quantity - &self.quantity
    }

    /// Profit of its open lots at a price, in the profit currency.
    pub fn profit_at(&self, symbol: &Instrument, price: &Exact) -> Exact {
        let gain = &(&self.quantity * price) - &self.cost;
        &self.side.signed(gain) * &symbol.contract_size
    }
}

fn margin_cost(symbol: &Instrument, quantity: &Exact, price: &Exact, rates: &FillRates) -> Exact {
    match &rates.margin {
        Some(rate) if symbol.is_margined_by_units() => quantity * rate,
        _ => &(quantity * &price.magnitude()) * &rates.profit.high,
    }
}

impl Side {
    /// A gain of the buyer as the gain of this side.
    pub(super) fn signed(self, gain: Exact) -> Exact {
        match self {
            Side::Buy => gain,
            Side::Sell => -&gain,
        }
    }
}
