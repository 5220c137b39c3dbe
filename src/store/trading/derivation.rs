//! Derives the positions of an account in a symbol from its recorded executions, for those who write them and for the
//! proof.

use crate::domain::trading::{
    ClosedPosition, Exact, Fill, Outcome, Parts, Position, ProfitTooLarge, Scope, Split, State, Trade,
};
use crate::store::trading::{Execution, SymbolSplit};

/// What follows from the executions of an account in a symbol.
pub struct ScopeRun<'a> {
    scope: Scope<'a>,
    state: State,
    closed: Vec<ClosedPosition>,
}

impl<'a> ScopeRun<'a> {
    /// Begins with the open positions.
    pub fn new(scope: Scope<'a>, open: impl IntoIterator<Item = Position>) -> ScopeRun<'a> {
        let state = State::of(scope.mode, open);
        ScopeRun { scope, state, closed: Vec::new() }
    }

    /// Applies executions and splits, each in their order. Returns what each execution did; one that was cancelled does
    /// nothing.
    pub fn apply(
        &mut self,
        executions: &[Execution],
        splits: Vec<SymbolSplit>,
    ) -> Result<Vec<Outcome>, ProfitTooLarge> {
        let mut splits = splits.into_iter().peekable();
        let mut outcomes = Vec::with_capacity(executions.len());
        for execution in executions {
            while let Some(split) = splits.next_if(|split| split.time() <= execution.place.time()) {
                self.split(split);
            }
            outcomes.push(self.apply_one(execution)?);
        }
        splits.for_each(|split| self.split(split));
        Ok(outcomes)
    }

    /// Applies the next execution.
    pub fn apply_one(&mut self, execution: &Execution) -> Result<Outcome, ProfitTooLarge> {
        let Some(fill) = execution.fill() else {
            return Ok(Outcome { is_flat: self.state.is_flat(), ..Outcome::default() });
        };
        let mut outcome = self.state.apply(&self.scope, &fill)?;
        self.closed.append(&mut outcome.history);
        Ok(outcome)
    }

    pub fn split(&mut self, split: SymbolSplit) {
        self.state.split(&self.scope, &Split { at: split.at, nanos: split.nanos, ratio: split.ratio });
    }

    /// All positions with their average open prices: first those that were closed, then those that are open.
    pub fn positions(&self) -> impl Iterator<Item = (&Position, Exact)> {
        let closed = self.closed.iter().map(|closed| (&closed.position, closed.open_price.clone()));
        closed.chain(self.state.open().map(|position| (position, position.open_price().unwrap_or_default())))
    }

    /// The positions that are open.
    pub fn open(&self) -> impl Iterator<Item = &Position> {
        self.state.open()
    }

    /// The positions that were closed since this was called last.
    pub fn take_closed(&mut self) -> Vec<ClosedPosition> {
        std::mem::take(&mut self.closed)
    }
}

impl Execution {
    /// What it does to positions. None if it was cancelled.
    pub fn fill(&self) -> Option<Fill> {
        let recorded = &self.recorded;
        let trade = match (&recorded.opposite_ref, recorded.side, &recorded.price) {
            _ if self.is_cancelled => return None,
            (Some(opposite), ..) => Trade::CloseBy { opposite: opposite.clone(), quantity: recorded.quantity.clone() },
            (None, Some(side), Some(price)) => {
                Trade::Deal { side, quantity: recorded.quantity.clone()?, price: price.clone() }
            }
            (None, ..) => return None,
        };
        Some(Fill {
            serial: self.serial,
            place: self.place.clone(),
            entry: recorded.entry,
            position_ref: recorded.position_ref.clone(),
            trade,
            rates: recorded.rates.fill_rates(),
            booked_profit: recorded.booked.profit,
        })
    }

    /// What it should have moved: what the platform booked, else what follows from it. Protection is as it was posted.
    pub fn target(&self) -> Parts {
        let Parts { protected_credit, protected_balance, .. } = self.posted;
        if self.is_cancelled {
            return Parts { protected_credit, protected_balance, ..Parts::default() };
        }
        let booked = &self.recorded.booked;
        Parts {
            profit: booked.profit.unwrap_or(self.outcome.profit),
            commission: booked.commission.unwrap_or_default(),
            swap: booked.swap.unwrap_or_default(),
            fee: booked.fee.unwrap_or_default(),
            protected_credit,
            protected_balance,
        }
    }
}
