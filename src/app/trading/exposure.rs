//! Exposure: what clients have open in each symbol, added up.

use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::ids::{GroupSerial, SymbolSerial};
use crate::domain::page::{Part, Position};
use crate::domain::reference::Group;
use crate::domain::refusal::Refusal;
use crate::domain::trading::{Exact, Side};
use crate::store::{Listed, Market, OpenLots};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Open positions, added up.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sum {
    pub positions: u64,
    pub long: SideSum,
    pub short: SideSum,
}

/// One side of a symbol, in lots.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SideSum {
    pub lots: Exact,
    /// Sum of lots times open price.
    pub cost: Exact,
}

impl Sum {
    fn add(&mut self, lots: &OpenLots) {
        self.positions += 1;
        let side = match lots.side {
            Side::Buy => &mut self.long,
            Side::Sell => &mut self.short,
        };
        side.lots = &side.lots + &lots.quantity;
        side.cost = &side.cost + &lots.cost;
    }

    /// What would remain if long and short positions were closed against each other; below zero if short.
    pub fn net(&self) -> SideSum {
        SideSum { lots: &self.long.lots - &self.short.lots, cost: &self.long.cost - &self.short.cost }
    }

    /// Unrealised profit in the profit currency. None: there is no quote.
    pub fn unrealised(&self, listed: &Listed) -> Option<Exact> {
        let quote = listed.quote.as_ref()?;
        let long = &(&self.long.lots * &quote.bid) - &self.long.cost;
        let short = &self.short.cost - &(&self.short.lots * &quote.ask);
        Some(&(&long + &short) * &listed.instrument.contract_size)
    }
}

/// What clients have open in a symbol.
pub struct Exposure {
    pub symbol: Arc<Listed>,
    pub sum: Sum,
    /// The same by group, in the order of declaration.
    pub groups: Vec<(Group, Sum)>,
}

/// The exposure of each symbol that visible clients have open, in the order of declaration.
pub struct ListExposure {
    /// Of demo accounts instead of live ones.
    pub is_demo: bool,
    pub after: Option<Position>,
    /// The most symbols to return.
    pub limit: u32,
}

impl Query for ListExposure {
    type Answer = Part<Exposure>;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Part<Exposure>, Failure> {
        let mut sums: BTreeMap<SymbolSerial, (Sum, BTreeMap<GroupSerial, Sum>)> = BTreeMap::new();
        view.tx.each_open_position(self.is_demo, view.visibility, |lots| {
            let (sum, groups) = sums.entry(lots.symbol).or_default();
            sum.add(&lots);
            groups.entry(lots.group).or_default().add(&lots);
        })?;
        sums.retain(|symbol, _| self.after.is_none_or(|shown| Position::of(symbol.0) > shown));
        let fetched: Vec<_> = sums.into_iter().take(self.limit.saturating_add(1) as usize).collect();
        let Part { rows, next } = Part::cut(fetched, self.limit, |(symbol, _)| Position::of(symbol.0));
        let (market, groups) = (Market::of(view.tx), view.tx.groups()?);
        let named = |(serial, sum): (GroupSerial, Sum)| {
            let group = groups.iter().find(|group| group.serial == serial).ok_or(Refusal::Internal)?;
            Ok((group.clone(), sum))
        };
        let exposure = |(symbol, (sum, groups)): (SymbolSerial, (Sum, BTreeMap<GroupSerial, Sum>))| {
            let groups = groups.into_iter().map(named).collect::<Result<_, Failure>>()?;
            Ok(Exposure { symbol: market.listed(symbol)?, sum, groups })
        };
        Ok(Part { rows: rows.into_iter().map(exposure).collect::<Result<_, Failure>>()?, next })
    }
}
