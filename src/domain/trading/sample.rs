//! Symbols and fills for the tests of this area.

use crate::domain::accounts::PositionMode;
use crate::domain::clock::Moment;
use crate::domain::ids::{CurrencySerial, ExecutionSerial, PlatformSerial, SymbolSerial};
use crate::domain::money::{Amount, Decimals};
use crate::domain::trading::{
    Exact, ExecutionEntry, Fill, FillRates, Instrument, Outcome, Place, Position, Quote, RatePair, Scope, Side, State,
    SymbolClass, Trade,
};

pub(super) const EUR: CurrencySerial = CurrencySerial(1);
pub(super) const USD: CurrencySerial = CurrencySerial(2);
pub(super) const JPY: CurrencySerial = CurrencySerial(3);
pub(super) const BTC: CurrencySerial = CurrencySerial(4);
pub(super) const TWO: u8 = 2;

pub(super) fn number(text: &str) -> Exact {
    Exact::parse(text).unwrap()
}

pub(super) fn decimals(count: u8) -> Decimals {
    Decimals::new(count).unwrap()
}

/// 100,000 euros a lot, priced in dollars.
pub(super) fn eurusd() -> Instrument {
    Instrument {
        serial: SymbolSerial(1),
        class: SymbolClass::Forex,
        is_enabled: true,
        contract_size: number("100000"),
        profit_currency: USD,
        margin_currency: EUR,
        margin_rate: None,
    }
}

/// Priced in dollars, with margin from the price.
pub(super) fn share(contract_size: &str) -> Instrument {
    Instrument {
        serial: SymbolSerial(2),
        class: SymbolClass::Share,
        contract_size: number(contract_size),
        margin_currency: USD,
        ..eurusd()
    }
}

pub(super) fn scope(symbol: &Instrument, mode: PositionMode) -> Scope<'_> {
    Scope { symbol, mode: Some(mode), decimals: decimals(TWO) }
}

/// A fill at its number of seconds, with rates of 1.
pub(super) fn deal(serial: i64, side: Side, quantity: &str, price: &str) -> Fill {
    Fill {
        serial: ExecutionSerial(serial),
        place: Place {
            at: Moment::from_unix_ms(serial * 1000),
            nanos: 0,
            sequence: None,
            execution_id: format!("x{serial}"),
            platform: PlatformSerial(1),
        },
        entry: None,
        position_ref: None,
        trade: Trade::Deal { side, quantity: number(quantity), price: number(price) },
        rates: FillRates { profit: RatePair::ONE, margin: Some(Exact::ONE) },
        booked_profit: None,
    }
}

pub(super) fn buy(serial: i64, quantity: &str, price: &str) -> Fill {
    deal(serial, Side::Buy, quantity, price)
}

pub(super) fn sell(serial: i64, quantity: &str, price: &str) -> Fill {
    deal(serial, Side::Sell, quantity, price)
}

impl Fill {
    pub(super) fn of(self, reference: &str) -> Fill {
        Fill { position_ref: Some(reference.to_owned()), ..self }
    }

    pub(super) fn entry(self, entry: ExecutionEntry) -> Fill {
        Fill { entry: Some(entry), ..self }
    }

    pub(super) fn at_rates(mut self, profit: &str, margin: &str) -> Fill {
        self.rates = FillRates { profit: RatePair::single(number(profit)), margin: Some(number(margin)) };
        self
    }
}

pub(super) fn quote(bid: &str, ask: &str) -> Quote {
    Quote { bid: number(bid), ask: number(ask), at: Moment::from_unix_ms(1_000_000) }
}

/// What the last of the fills did, and what is open after it.
pub(super) fn run(scope: &Scope<'_>, fills: &[Fill]) -> (State, Outcome) {
    let mut state = State::default();
    let mut last = Outcome::default();
    for fill in fills {
        last = state.apply(scope, fill).unwrap();
    }
    (state, last)
}

pub(super) fn only(state: &State) -> &Position {
    let open: Vec<_> = state.open().collect();
    assert_eq!(open.len(), 1);
    open[0]
}

/// Side, lots and average open price.
pub(super) fn shown(position: &Position) -> (Side, String, String) {
    let price = position.open_price().map(|price| price.text(0, 12)).unwrap_or_default();
    (position.side, position.quantity.to_string(), price)
}

pub(super) fn minor(minor: i64) -> Amount {
    Amount::from_minor(minor)
}
