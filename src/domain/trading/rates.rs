//! What one currency is worth in another.

use crate::domain::clock::Moment;
use crate::domain::ids::{CurrencySerial, SymbolSerial};
use crate::domain::trading::{Exact, Instrument, SymbolClass};
use std::collections::HashMap;

/// The last prices of a symbol. Both are above zero, and `bid` is at most `ask`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quote {
    /// What a seller gets for one unit.
    pub bid: Exact,
    /// What a buyer pays for it.
    pub ask: Exact,
    /// By the platform.
    pub at: Moment,
}

/// What one unit of a currency is worth in another: both sides, equal if there is one rate only. Above zero.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RatePair {
    pub low: Exact,
    pub high: Exact,
}

impl RatePair {
    pub const ONE: RatePair = RatePair { low: Exact::ONE, high: Exact::ONE };

    pub fn single(rate: Exact) -> RatePair {
        RatePair { low: rate.clone(), high: rate }
    }

    /// The amount at the unfavourable side: a profit at the lower rate, a loss at the higher one.
    pub fn convert(&self, amount: &Exact) -> Exact {
        amount * if amount.is_negative() { &self.high } else { &self.low }
    }

    fn inverse(&self) -> Option<RatePair> {
        Some(RatePair { low: Exact::ONE.over(&self.high)?, high: Exact::ONE.over(&self.low)? })
    }
}

/// A conversion for which there is neither a quote nor a reference rate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MissingRate {
    pub from: CurrencySerial,
    pub to: CurrencySerial,
}

/// A rate, and how old it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundRate {
    pub rate: RatePair,
    /// The symbol whose quote it is, and when that was. None: equal currencies or a reference rate.
    pub quoted: Option<(SymbolSerial, Moment)>,
}

/// The present rates: quotes of enabled forex symbols and, behind them, the reference rates. Each serves both
/// directions.
#[derive(Clone, Debug, Default)]
pub struct RateTable {
    quotes: HashMap<(CurrencySerial, CurrencySerial), Vec<(SymbolSerial, Quote)>>,
    references: HashMap<(CurrencySerial, CurrencySerial), Exact>,
}

impl RateTable {
    /// Takes the latest quote of a symbol, unless the symbol is disabled or no currency pair.
    pub fn quote(&mut self, symbol: &Instrument, quote: Quote) {
        if !symbol.is_enabled || symbol.class != SymbolClass::Forex || symbol.margin_currency == symbol.profit_currency
        {
            return;
        }
        let quotes = self.quotes.entry((symbol.margin_currency, symbol.profit_currency)).or_default();
        match quotes.iter_mut().find(|(serial, _)| *serial == symbol.serial) {
            Some((_, last)) => *last = quote,
            None => quotes.push((symbol.serial, quote)),
        }
    }

    /// What one unit of `from` is worth in `to`, above zero.
    pub fn reference(&mut self, from: CurrencySerial, to: CurrencySerial, rate: Exact) {
        self.references.insert((from, to), rate);
    }

    /// The rate of the latest quote in either direction, else the reference rate in this direction, else the other
    /// one's inverse.
    pub fn find(&self, from: CurrencySerial, to: CurrencySerial) -> Result<FoundRate, MissingRate> {
        if from == to {
            return Ok(FoundRate { rate: RatePair::ONE, quoted: None });
        }
        let quotes = |key, is_inverse| {
            let quotes = self.quotes.get(&key).into_iter().flatten();
            quotes.map(move |(symbol, quote)| (quote.at, std::cmp::Reverse(*symbol), quote, is_inverse))
        };
        let latest = quotes((from, to), false)
            .chain(quotes((to, from), true))
            .max_by_key(|(at, symbol, _, is_inverse)| (*at, *symbol, *is_inverse));
        if let Some((at, symbol, quote, is_inverse)) = latest {
            let rate = RatePair { low: quote.bid.clone(), high: quote.ask.clone() };
            if let Some(rate) = if is_inverse { rate.inverse() } else { Some(rate) } {
                return Ok(FoundRate { rate, quoted: Some((symbol.0, at)) });
            }
        }
        let direct = self.references.get(&(from, to)).cloned();
        let rate = direct.or_else(|| self.references.get(&(to, from)).and_then(|rate| Exact::ONE.over(rate)));
        let rate = rate.ok_or(MissingRate { from, to })?;
        Ok(FoundRate { rate: RatePair::single(rate), quoted: None })
    }
}

/// The rates of a fill, frozen with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FillRates {
    /// Account currency for one unit of the profit currency.
    pub profit: RatePair,
    /// Account currency for one unit of the margin currency. None where both are one currency.
    pub margin: Option<Exact>,
}

impl FillRates {
    /// The rates of a fill in an account of `currency`: 1 for its own currency, else the given ones, else those of the
    /// table, margin at the higher side.
    pub fn find(
        symbol: &Instrument,
        currency: CurrencySerial,
        given: (Option<&Exact>, Option<&Exact>),
        table: &RateTable,
    ) -> Result<FillRates, MissingRate> {
        let find = |from, given: Option<&Exact>| match given {
            Some(rate) if from != currency => Ok(RatePair::single(rate.clone())),
            _ => table.find(from, currency).map(|found| found.rate),
        };
        let profit = find(symbol.profit_currency, given.0)?;
        let margin =
            if symbol.is_margined_by_units() { Some(find(symbol.margin_currency, given.1)?.high) } else { None };
        Ok(FillRates { profit, margin })
    }
}
