//! Margin, unrealised profit and equity of an account.

use crate::domain::clock::Moment;
use crate::domain::ids::{CurrencySerial, ExecutionSerial, SymbolSerial};
use crate::domain::money::{Amount, Decimals};
use crate::domain::reference::MarginCalculation;
use crate::domain::trading::{Exact, Instrument, MarginBasis, MissingRate, Position, Quote, RatePair, RateTable, Side};

/// How an account's margin is computed.
#[derive(Clone, Copy, Debug)]
pub struct MarginTerms {
    /// Of the account.
    pub currency: CurrencySerial,
    pub calculation: MarginCalculation,
    pub basis: MarginBasis,
    /// For symbols without a margin rate; 0 counts as 1.
    pub leverage: u32,
}

/// An order that can still be filled.
#[derive(Clone, Debug)]
pub struct WorkingOrder {
    pub side: Side,
    /// Lots that are not filled yet.
    pub quantity: Exact,
    /// Its limit, else its stop. None: it takes any price and does not count.
    pub price: Option<Exact>,
}

/// What an account has in one symbol.
#[derive(Clone, Copy, Debug)]
pub struct Holdings<'a> {
    pub symbol: &'a Instrument,
    /// The last one.
    pub quote: Option<&'a Quote>,
    /// Open ones.
    pub positions: &'a [Position],
    pub orders: &'a [WorkingOrder],
}

/// What present figures depend on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Need {
    Quote(SymbolSerial),
    Rate { from: CurrencySerial, to: CurrencySerial },
}

/// A quote, or the conversion rate of a quote, that figures depend on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dependency {
    pub need: Need,
    /// When it was quoted. None: there is none, so that the figures are incomplete.
    pub quoted_at: Option<Moment>,
}

/// Present figures of an open position, in the account's currency.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PositionFigures {
    /// The execution that opened it.
    pub opened_by: ExecutionSerial,
    /// The price at which it could be closed: bid of a long one, ask of a short one. None: there is no quote.
    pub mark: Option<Exact>,
    /// Zero without a quote.
    pub unrealised: Exact,
    /// Of this position alone.
    pub margin: Exact,
}

/// Present figures of an account, exact and in its currency.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MarginFigures {
    pub used: Exact,
    /// What working orders add to `used`.
    pub pending: Exact,
    pub unrealised: Exact,
    /// In the order of the holdings.
    pub positions: Vec<PositionFigures>,
    /// Quotes and quoted rates that positions need, and rates that orders miss.
    pub dependencies: Vec<Dependency>,
}

impl MarginFigures {
    pub fn of(terms: &MarginTerms, holdings: &[Holdings<'_>], rates: &RateTable) -> MarginFigures {
        let mut figures = MarginFigures::default();
        let mut with_orders = Exact::ZERO;
        for holding in holdings {
            let factor = terms.factor(holding.symbol);
            let mut sides = Sides::default();
            for position in holding.positions {
                let cost = figures.position(terms, holding, rates, position, &factor);
                sides.add(position.side, &position.quantity, &cost);
            }
            figures.used = &figures.used + &(&sides.cost(terms.calculation) * &factor);
            for order in holding.orders {
                if let Some(cost) = figures.order_cost(terms, holding.symbol, rates, order) {
                    sides.add(order.side, &order.quantity, &cost);
                }
            }
            with_orders = &with_orders + &(&sides.cost(terms.calculation) * &factor);
        }
        figures.pending = (&with_orders - &figures.used).max(Exact::ZERO);
        figures
    }

    /// Balance and unrealised profit.
    pub fn equity(&self, balance: &Exact) -> Exact {
        balance + &self.unrealised
    }

    /// Equity in percent of the used margin. None without margin.
    pub fn level(&self, balance: &Exact) -> Option<Exact> {
        self.equity(balance).share(&Exact::whole(100), &self.used)
    }

    /// Whether the margin level is at or below a level in percent; never without margin.
    pub fn is_at_or_below(&self, percent: &Exact, balance: &Exact) -> bool {
        self.used.is_positive() && &self.equity(balance) * &Exact::whole(100) <= percent * &self.used
    }

    /// What remains of equity beside used and pending margin; can be negative.
    pub fn free_margin(&self, balance: &Exact) -> Exact {
        &(&self.equity(balance) - &self.used) - &self.pending
    }

    /// What positions and orders keep of the available funds: margin and unrealised loss, rounded once. None if it does
    /// not fit.
    pub fn reserve(&self, decimals: Decimals) -> Option<Amount> {
        let loss = (-&self.unrealised).max(Exact::ZERO);
        (&(&self.used + &self.pending) + &loss).round_to(decimals)
    }

    /// The first thing that is missing, else the oldest that was quoted more than `max_age_s` ago.
    pub fn gap(&self, now: Moment, max_age_s: i64) -> Option<Dependency> {
        let is_gap = |at: Moment| at.plus_s(max_age_s) < now;
        let gaps = self.dependencies.iter().filter(|dependency| dependency.quoted_at.is_none_or(is_gap));
        gaps.min_by_key(|dependency| dependency.quoted_at).copied()
    }

    /// Adds the figures of a position and returns what its margin is a multiple of.
    fn position(
        &mut self,
        terms: &MarginTerms,
        holding: &Holdings<'_>,
        rates: &RateTable,
        position: &Position,
        factor: &Exact,
    ) -> Exact {
        let symbol = holding.symbol;
        self.depends_on(Need::Quote(symbol.serial), holding.quote.map(|quote| quote.at));
        let mark = holding.quote.map(|quote| match position.side {
            Side::Buy => &quote.bid,
            Side::Sell => &quote.ask,
        });
        let rate = self.rate(rates, (symbol.profit_currency, terms.currency));
        let unrealised = mark.map_or(Exact::ZERO, |mark| {
            let profit = position.profit_at(symbol, mark);
            match &rate {
                Some(rate) => rate.convert(&profit),
                None => &profit * &position.profit_rate,
            }
        });
        self.unrealised = &self.unrealised + &unrealised;
        let current = match terms.basis {
            MarginBasis::Open => None,
            MarginBasis::Current if symbol.is_margined_by_units() => {
                self.rate(rates, (symbol.margin_currency, terms.currency)).map(|rate| &position.quantity * &rate.high)
            }
            MarginBasis::Current => {
                mark.zip(rate).map(|(mark, rate)| &(&position.quantity * &mark.magnitude()) * &rate.high)
            }
        };
        let cost = current.unwrap_or_else(|| position.margin_cost.clone());
        let margin = &cost * factor;
        self.positions.push(PositionFigures { opened_by: position.opened_by, mark: mark.cloned(), unrealised, margin });
        cost
    }

    /// What an order adds to what the margin of its side is a multiple of. None if it does not count.
    fn order_cost(
        &mut self,
        terms: &MarginTerms,
        symbol: &Instrument,
        rates: &RateTable,
        order: &WorkingOrder,
    ) -> Option<Exact> {
        let price = order.price.as_ref()?;
        let (from, value) = if symbol.is_margined_by_units() {
            (symbol.margin_currency, order.quantity.clone())
        } else {
            (symbol.profit_currency, &order.quantity * &price.magnitude())
        };
        match rates.find(from, terms.currency) {
            Ok(found) => Some(&value * &found.rate.high),
            Err(MissingRate { from, to }) => {
                self.depends_on(Need::Rate { from, to }, None);
                None
            }
        }
    }

    fn rate(&mut self, rates: &RateTable, (from, to): (CurrencySerial, CurrencySerial)) -> Option<RatePair> {
        match rates.find(from, to) {
            Ok(found) => {
                if let Some((_, at)) = found.quoted {
                    self.depends_on(Need::Rate { from, to }, Some(at));
                }
                Some(found.rate)
            }
            Err(_) => {
                self.depends_on(Need::Rate { from, to }, None);
                None
            }
        }
    }

    fn depends_on(&mut self, need: Need, quoted_at: Option<Moment>) {
        let dependency = Dependency { need, quoted_at };
        if !self.dependencies.contains(&dependency) {
            self.dependencies.push(dependency);
        }
    }
}

impl MarginTerms {
    /// What lots times price or rate are multiplied by.
    fn factor(&self, symbol: &Instrument) -> Exact {
        match &symbol.margin_rate {
            Some(rate) => &symbol.contract_size * rate,
            None => symbol.contract_size.over(&Exact::whole(self.leverage.max(1).into())).unwrap_or_default(),
        }
    }
}

/// Lots, and what margin is a multiple of, on both sides of a symbol.
#[derive(Default)]
struct Sides {
    buy: (Exact, Exact),
    sell: (Exact, Exact),
}

impl Sides {
    fn add(&mut self, side: Side, quantity: &Exact, cost: &Exact) {
        let sum = match side {
            Side::Buy => &mut self.buy,
            Side::Sell => &mut self.sell,
        };
        *sum = (&sum.0 + quantity, &sum.1 + cost);
    }

    fn cost(&self, calculation: MarginCalculation) -> Exact {
        match calculation {
            MarginCalculation::Sum => &self.buy.1 + &self.sell.1,
            MarginCalculation::Max => (&self.buy.1).max(&self.sell.1).clone(),
            MarginCalculation::Net => {
                let (larger, smaller) =
                    if self.buy.0 >= self.sell.0 { (&self.buy, &self.sell) } else { (&self.sell, &self.buy) };
                larger.1.share(&(&larger.0 - &smaller.0), &larger.0).unwrap_or_default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::accounts::PositionMode;
    use crate::domain::trading::sample::{
        EUR, USD, buy, decimals, eurusd, minor, number, quote, run, scope, sell, share,
    };

    fn terms(calculation: MarginCalculation) -> MarginTerms {
        MarginTerms { currency: USD, calculation, basis: MarginBasis::Open, leverage: 30 }
    }

    fn sell_limit(quantity: &str, price: &str) -> WorkingOrder {
        WorkingOrder { side: Side::Sell, quantity: number(quantity), price: Some(number(price)) }
    }

    /// A long lot at 1.08 and 0.40 short at 1.09, each with the margin rate of its time.
    fn hedged() -> Vec<Position> {
        let symbol = eurusd();
        let fills = [
            buy(1, "1.00", "1.08").of("a").at_rates("1", "1.08"),
            sell(2, "0.40", "1.09").of("b").at_rates("1", "1.09"),
        ];
        run(&scope(&symbol, PositionMode::Hedging), &fills).0.open().cloned().collect()
    }

    #[test]
    fn a_hedged_pair_has_the_margin_of_its_calculation() {
        let symbol = eurusd();
        let positions = hedged();
        let last = quote("1.0999", "1.10");
        let mut rates = RateTable::default();
        rates.quote(&symbol, last.clone());
        let used_and_pending = |calculation, orders: &[WorkingOrder]| {
            let holding = Holdings { symbol: &symbol, quote: Some(&last), positions: &positions, orders };
            let figures = MarginFigures::of(&terms(calculation), &[holding], &rates);
            [&figures.used, &figures.pending].map(|it| it.round_to(decimals(2)).unwrap().minor())
        };
        // (1.08 + 0.4 x 1.09) x 100,000 / 30; the larger side; 0.6 x 1.08 x 100,000 / 30
        assert_eq!(used_and_pending(MarginCalculation::Sum, &[]), [505_333, 0]);
        assert_eq!(used_and_pending(MarginCalculation::Max, &[]), [360_000, 0]);
        assert_eq!(used_and_pending(MarginCalculation::Net, &[]), [216_000, 0]);
        // One more lot short at a limit, at the present rate of 1.10: 1.536 short in all.
        let orders = [sell_limit("1", "1.12"), WorkingOrder { price: None, ..sell_limit("9", "1") }];
        assert_eq!(used_and_pending(MarginCalculation::Sum, &orders), [505_333, 366_667]);
        assert_eq!(used_and_pending(MarginCalculation::Max, &orders), [360_000, 152_000]);
        // 0.4 x 1.536 / 1.4 x 100,000 / 30 = 1,462.86 is less than what is used; 1 x 2.196 / 2 is more.
        assert_eq!(used_and_pending(MarginCalculation::Net, &orders), [216_000, 0]);
        assert_eq!(used_and_pending(MarginCalculation::Net, &[sell_limit("1.6", "1.12")]), [216_000, 150_000]);
    }

    #[test]
    fn margin_from_prices_uses_the_opening_or_the_mark() {
        let symbol = Instrument { margin_rate: Some(number("0.2")), ..share("10") };
        let fills = [sell(1, "3", "-20").at_rates("0.9", "1")];
        let positions: Vec<_> = run(&scope(&symbol, PositionMode::Netting), &fills).0.open().cloned().collect();
        let last = quote("-25", "-24");
        let mut rates = RateTable::default();
        rates.reference(USD, EUR, number("0.8"));
        let used = |basis| {
            let terms = MarginTerms { currency: EUR, basis, ..terms(MarginCalculation::Sum) };
            let holding = Holdings { symbol: &symbol, quote: Some(&last), positions: &positions, orders: &[] };
            MarginFigures::of(&terms, &[holding], &rates).used
        };
        // 3 x 20 x 0.9 x 10 x 0.2, and 3 x 24 x 0.8 x 10 x 0.2
        assert_eq!([used(MarginBasis::Open), used(MarginBasis::Current)], [number("108"), number("115.2")]);
    }

    #[test]
    fn the_level_is_compared_exactly() {
        let figures = MarginFigures { used: number("300"), unrealised: number("-0.00000001"), ..Default::default() };
        let level = |balance: &str| figures.is_at_or_below(&number("50"), &number(balance));
        assert!(level("150.00000001") && !level("150.00000002"));
        assert_eq!(figures.level(&number("150.00000001")), Some(number("50")));
        let unused = MarginFigures::default();
        assert!(unused.level(&number("-1")).is_none() && !unused.is_at_or_below(&number("50"), &number("-1")));
    }

    #[test]
    fn the_reserve_takes_losses_but_no_profit_and_is_rounded_once() {
        let figures = |unrealised: &str| MarginFigures {
            used: number("1.003"),
            pending: number("0.001"),
            unrealised: number(unrealised),
            ..Default::default()
        };
        let reserve = |unrealised: &str| figures(unrealised).reserve(decimals(2));
        assert_eq!(
            [reserve("-0.001"), reserve("-0.0009"), reserve("50")].map(Option::unwrap),
            [minor(101), minor(100), minor(100)]
        );
        assert_eq!(figures("-0.004").free_margin(&number("10")), number("8.992"));
    }

    #[test]
    fn positions_are_marked_at_the_side_that_closes_them() {
        let symbol = eurusd();
        let positions = hedged();
        let last = quote("1.0999", "1.10");
        let mut rates = RateTable::default();
        let unrealised = |quote, rates: &RateTable, currency| {
            let holding = Holdings { symbol: &symbol, quote, positions: &positions, orders: &[] };
            let terms = MarginTerms { currency, ..terms(MarginCalculation::Sum) };
            let figures = MarginFigures::of(&terms, &[holding], rates);
            let each: Vec<_> = figures.positions.iter().map(|it| it.unrealised.text(0, 2)).collect();
            (each.join(" "), figures)
        };
        let (each, figures) = unrealised(Some(&last), &rates, USD);
        assert_eq!((each.as_str(), figures.equity(&number("1000"))), ("1990 -400", number("2590")));
        assert_eq!((figures.gap(last.at.plus_s(300), 300), figures.gap(last.at.plus_ms(300_001), 300)), {
            let quoted = Dependency { need: Need::Quote(symbol.serial), quoted_at: Some(last.at) };
            (None, Some(quoted))
        });
        // Without a rate, the one of the opening; with one, its unfavourable side.
        let (each, figures) = unrealised(Some(&last), &rates, EUR);
        let missing = Dependency { need: Need::Rate { from: USD, to: EUR }, quoted_at: None };
        assert_eq!((each.as_str(), figures.gap(last.at, 300)), ("1990 -400", Some(missing)));
        rates.quote(&symbol, quote("1.0", "1.25"));
        assert_eq!(unrealised(Some(&last), &rates, EUR).0, "1592 -400");
        let (each, figures) = unrealised(None, &rates, EUR);
        let missing = Dependency { need: Need::Quote(symbol.serial), quoted_at: None };
        assert_eq!((each.as_str(), figures.gap(last.at, 300)), ("0 0", Some(missing)));
    }
}
