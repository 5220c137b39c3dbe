//! What the engine needs to know of a symbol.

use crate::domain::ids::{CurrencySerial, SymbolSerial};
use crate::domain::reference::Symbol;
use crate::domain::trading::{Exact, SymbolClass, VolumeUnit};

/// A symbol in the form that figures are computed with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instrument {
    pub serial: SymbolSerial,
    pub class: SymbolClass,
    pub is_enabled: bool,
    /// Units of one lot; above zero.
    pub contract_size: Exact,
    /// The currency of prices and of profit.
    pub profit_currency: CurrencySerial,
    /// Of a currency pair, its base.
    pub margin_currency: CurrencySerial,
    /// Margin as a share of the value. None: 1 / leverage.
    pub margin_rate: Option<Exact>,
}

impl Instrument {
    /// Whether margin follows from the units alone, in the margin currency, and not from the price.
    pub fn is_margined_by_units(&self) -> bool {
        self.margin_currency != self.profit_currency
    }

    /// A quantity of the feed in lots.
    pub fn lots(&self, quantity: &Exact, unit: VolumeUnit) -> Exact {
        let units_of_one_lot = match unit {
            VolumeUnit::Lots => return quantity.clone(),
            VolumeUnit::Units => &self.contract_size,
            VolumeUnit::Hundredths => &Exact::whole(100),
        };
        quantity.over(units_of_one_lot).unwrap_or_default()
    }
}

impl From<&Symbol> for Instrument {
    fn from(symbol: &Symbol) -> Instrument {
        Instrument {
            serial: symbol.serial,
            class: symbol.declared.class,
            is_enabled: symbol.declared.enabled,
            contract_size: symbol.declared.contract_size.into(),
            profit_currency: symbol.profit,
            margin_currency: symbol.margin,
            margin_rate: symbol.declared.margin_rate.map(Exact::from),
        }
    }
}
