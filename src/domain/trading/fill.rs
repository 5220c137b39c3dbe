//! What changes the positions of an account in a symbol, and in which order.

use crate::domain::accounts::PositionMode;
use crate::domain::clock::Moment;
use crate::domain::ids::{ExecutionSerial, PlatformSerial};
use crate::domain::money::{Amount, Decimals};
use crate::domain::trading::{Exact, ExecutionEntry, FillRates, Instrument, Side};
use std::cmp::Ordering;

/// The account and the symbol that positions are derived for.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    pub symbol: &'a Instrument,
    /// None: by position where fills name one, else by symbol.
    pub mode: Option<PositionMode>,
    /// Of the account's currency.
    pub decimals: Decimals,
}

/// The place of a fill among those of its account and symbol. Fills apply in this order, however they arrive.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    pub at: Moment,
    /// Nanoseconds beyond `at`.
    pub nanos: u32,
    /// The platform's order within the account; none sorts first.
    pub sequence: Option<i64>,
    /// Its id at the platform, compared as text.
    pub execution_id: String,
    /// For two platforms that use the same id.
    pub platform: PlatformSerial,
}

impl Place {
    /// By the platform, with the nanoseconds beyond it.
    pub fn time(&self) -> (Moment, u32) {
        (self.at, self.nanos)
    }
}

/// What a fill does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trade {
    /// Buys or sells; a quantity of zero moves nothing.
    Deal {
        side: Side,
        /// In lots, zero or more.
        quantity: Exact,
        /// Can be zero or negative.
        price: Exact,
    },
    /// Closes the position against an opposite one, each at the open price of the other.
    CloseBy {
        /// The platform's reference of the other position.
        opposite: String,
        /// In lots. None: as much as both have.
        quantity: Option<Exact>,
    },
}

/// An execution that was not cancelled, with the figures that count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fill {
    pub serial: ExecutionSerial,
    pub place: Place,
    /// What the platform says that it does.
    pub entry: Option<ExecutionEntry>,
    pub position_ref: Option<String>,
    pub trade: Trade,
    pub rates: FillRates,
    /// Price profit that the platform booked; it replaces ours in the position's figure.
    pub booked_profit: Option<Amount>,
}

/// A split of the symbol.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Split {
    pub at: Moment,
    /// Nanoseconds beyond `at`.
    pub nanos: u32,
    /// New units for one old, above zero.
    pub ratio: Exact,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    Split(Split),
    Fill(Box<Fill>),
}

impl Step {
    /// By time; a split comes before the fills of its time.
    fn order(&self) -> (Moment, u32, Option<&Place>) {
        match self {
            Step::Split(split) => (split.at, split.nanos, None),
            Step::Fill(fill) => (fill.place.at, fill.place.nanos, Some(&fill.place)),
        }
    }

    pub fn compare(&self, other: &Step) -> Ordering {
        self.order().cmp(&other.order())
    }
}
