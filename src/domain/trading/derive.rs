//! Derives positions and price profit from fills.

use crate::domain::accounts::PositionMode;
use crate::domain::ids::ExecutionSerial;
use crate::domain::money::Amount;
use crate::domain::trading::{Exact, ExecutionEntry, Fill, Position, Scope, Side, Split, Step, Trade};
use std::collections::BTreeMap;
use thiserror::Error;

/// A profit is more than an amount can hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the profit of execution {0} is too large")]
pub struct ProfitTooLarge(pub ExecutionSerial);

/// The open positions of an account in a symbol.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    /// The one position of an account that nets.
    net: Option<Position>,
    /// By the platform's reference.
    by_ref: BTreeMap<String, Position>,
}

/// A position of which nothing is open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClosedPosition {
    pub position: Position,
    /// The average open price that it had when it was closed.
    pub open_price: Exact,
}

/// What a fill did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// Lots that it closed; of a close-by, of each position.
    pub closed: Exact,
    /// The average open price of what it closed. None: it closed nothing.
    pub open_price: Option<Exact>,
    /// Price profit in the account's currency before it is rounded.
    pub exact_profit: Exact,
    /// Price profit as computed, rounded half away from zero.
    pub profit: Amount,
    /// The side of its deal: its own, or that which a close-by has against the position that it names.
    pub side: Option<Side>,
    /// The position that it reduced or closed, by the fill that opened it.
    pub reduced: Option<ExecutionSerial>,
    /// Of a close-by, the opposite position.
    pub opposite: Option<ExecutionSerial>,
    /// The position that it opened or increased.
    pub increased: Option<ExecutionSerial>,
    /// Lots to close that were not open: on a position of its own the fill opened nothing for them, while a netting
    /// account opened the other side. Of a close-by without a quantity, zero if there was nothing to close.
    pub unmatched: Option<Exact>,
    /// The positions that it closed.
    pub history: Vec<ClosedPosition>,
    /// Whether the account has nothing open in the symbol afterwards.
    pub is_flat: bool,
}

impl Outcome {
    /// The position that its deal is of.
    pub fn position(&self) -> Option<ExecutionSerial> {
        self.reduced.or(self.increased)
    }
}

impl Scope<'_> {
    /// The reference of the position that a fill changes. None: the one position of the symbol.
    fn position<'f>(&self, fill: &'f Fill) -> Option<&'f str> {
        match self.mode {
            Some(PositionMode::Netting) => None,
            Some(PositionMode::Hedging) | None => fill.position_ref.as_deref(),
        }
    }
}

impl State {
    /// From stored open positions.
    pub fn of(mode: Option<PositionMode>, open: impl IntoIterator<Item = Position>) -> State {
        let mut state = State::default();
        for position in open {
            match &position.position_ref {
                Some(reference) if mode != Some(PositionMode::Netting) => {
                    state.by_ref.insert(reference.clone(), position);
                }
                _ => state.net = Some(position),
            }
        }
        state
    }

    pub fn open(&self) -> impl Iterator<Item = &Position> {
        self.net.iter().chain(self.by_ref.values())
    }

    pub fn is_flat(&self) -> bool {
        self.net.is_none() && self.by_ref.is_empty()
    }

    /// Applies the next fill in order. After an error the state is not to be used.
    pub fn apply(&mut self, scope: &Scope<'_>, fill: &Fill) -> Result<Outcome, ProfitTooLarge> {
        let mut outcome = Outcome::default();
        match &fill.trade {
            Trade::Deal { side, quantity, price } => {
                outcome.side = Some(*side);
                if quantity.is_positive() {
                    self.deal(scope, fill, (*side, quantity, price), &mut outcome)?;
                }
            }
            Trade::CloseBy { opposite, quantity } => {
                self.close_by(scope, fill, opposite, quantity.as_ref(), &mut outcome)?;
            }
        }
        outcome.is_flat = self.is_flat();
        Ok(outcome)
    }

    pub fn split(&mut self, scope: &Scope<'_>, split: &Split) {
        for position in self.net.iter_mut().chain(self.by_ref.values_mut()) {
            position.split(scope.symbol, split);
        }
    }

    fn deal(
        &mut self,
        scope: &Scope<'_>,
        fill: &Fill,
        (side, quantity, price): (Side, &Exact, &Exact),
        outcome: &mut Outcome,
    ) -> Result<(), ProfitTooLarge> {
        let reference = scope.position(fill);
        let closes_only = fill.entry == Some(ExecutionEntry::Out);
        let position = match reference {
            Some(reference) => self.by_ref.get_mut(reference),
            None => self.net.as_mut(),
        };
        let rest = match position {
            Some(position) if position.side == side => {
                if closes_only && reference.is_some() {
                    outcome.unmatched = Some(quantity.clone());
                } else {
                    position.increase(scope.symbol, fill, quantity, price);
                    outcome.increased = Some(position.opened_by);
                    outcome.unmatched = closes_only.then(|| quantity.clone());
                }
                return Ok(());
            }
            Some(position) => {
                let closed = quantity.min(&position.quantity).clone();
                let value = &closed * price;
                let gain = &value - &position.cost_of(&closed);
                outcome.closes(scope, fill, position, closed, gain)?;
                position.reduce(fill, &outcome.closed, &value);
                if position.closing.is_some() {
                    let ended = match reference {
                        Some(reference) => self.by_ref.remove(reference),
                        None => self.net.take(),
                    };
                    let open_price = outcome.open_price.clone().unwrap_or_default();
                    outcome.history.extend(ended.map(|position| ClosedPosition { position, open_price }));
                }
                quantity - &outcome.closed
            }
            None => quantity.clone(),
        };
        if rest.is_zero() {
            return Ok(());
        }
        outcome.unmatched = closes_only.then(|| rest.clone());
        let opened = Position::open(scope.symbol, fill, side, rest, price);
        match reference {
            Some(_) if closes_only => return Ok(()),
            Some(reference) => {
                self.by_ref.insert(reference.to_owned(), opened);
            }
            None => self.net = Some(opened),
        }
        outcome.increased = Some(fill.serial);
        Ok(())
    }

    /// The position that the fill names closes at the open price of the other one and has the profit; the other one
    /// closes at its own open price.
    fn close_by(
        &mut self,
        scope: &Scope<'_>,
        fill: &Fill,
        opposite: &str,
        quantity: Option<&Exact>,
        outcome: &mut Outcome,
    ) -> Result<(), ProfitTooLarge> {
        let reference = scope.position(fill).unwrap_or_default();
        let both = self.by_ref.get(reference).zip(self.by_ref.get(opposite));
        let Some((one, two)) = both.filter(|(one, two)| one.side != two.side) else {
            outcome.unmatched = Some(quantity.cloned().unwrap_or_default());
            return Ok(());
        };
        let possible = (&one.quantity).min(&two.quantity);
        let closed = quantity.map_or(possible, |quantity| quantity.min(possible)).clone();
        outcome.unmatched = quantity.map(|quantity| quantity - &closed).filter(Exact::is_positive);
        if closed.is_zero() {
            return Ok(());
        }
        let value = two.cost_of(&closed);
        let gain = &value - &one.cost_of(&closed);
        outcome.side = Some(one.side.opposite());
        outcome.opposite = Some(two.opened_by);
        if let Some(one) = self.by_ref.get_mut(reference) {
            outcome.closes(scope, fill, one, closed, gain)?;
        }
        for name in [reference, opposite] {
            let Some(position) = self.by_ref.get_mut(name) else { continue };
            let open_price = position.open_price().unwrap_or_default();
            position.reduce(fill, &outcome.closed, &value);
            if position.closing.is_some() {
                let ended = self.by_ref.remove(name);
                outcome.history.extend(ended.map(|position| ClosedPosition { position, open_price }));
            }
        }
        Ok(())
    }
}

impl Outcome {
    /// Notes that lots of a position are closed. `gain` is what a buyer gains by it: lots times the difference of
    /// prices.
    fn closes(
        &mut self,
        scope: &Scope<'_>,
        fill: &Fill,
        position: &mut Position,
        closed: Exact,
        gain: Exact,
    ) -> Result<(), ProfitTooLarge> {
        let profit = &position.side.signed(gain) * &scope.symbol.contract_size;
        self.exact_profit = fill.rates.profit.convert(&profit);
        self.profit = self.exact_profit.round_to(scope.decimals).ok_or(ProfitTooLarge(fill.serial))?;
        let profit = fill.booked_profit.unwrap_or(self.profit);
        position.profit = position.profit.checked_add(profit).ok_or(ProfitTooLarge(fill.serial))?;
        self.open_price = position.open_price();
        self.reduced = Some(position.opened_by);
        self.closed = closed;
        Ok(())
    }
}

/// Positions as they are after a number of steps, and what each fill did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Derivation {
    pub state: State,
    /// In the order in which the fills apply.
    pub outcomes: Vec<(ExecutionSerial, Outcome)>,
}

/// Applies steps, given in any order, to the positions before them.
pub fn derive(scope: &Scope<'_>, before: State, mut steps: Vec<Step>) -> Result<Derivation, ProfitTooLarge> {
    steps.sort_by(Step::compare);
    let mut derivation = Derivation { state: before, outcomes: Vec::with_capacity(steps.len()) };
    for step in &steps {
        match step {
            Step::Split(split) => derivation.state.split(scope, split),
            Step::Fill(fill) => {
                let outcome = derivation.state.apply(scope, fill)?;
                derivation.outcomes.push((fill.serial, outcome));
            }
        }
    }
    Ok(derivation)
}
