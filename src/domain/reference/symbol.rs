//! Symbols: what is traded, such as a currency pair or a share.

use crate::domain::ids::{CurrencySerial, SymbolId, SymbolSerial};
use crate::domain::money::DecimalText;
use crate::domain::named::named_enum;
use crate::domain::reference::CurrencyCode;

/// Prices, quantities and rates have at most this many decimals.
pub const TRADE_DECIMALS_MAX: u8 = 12;

named_enum! {
    pub enum SymbolClass {
        Forex = "forex",
        CfdIndex = "cfd_index",
        Commodity = "commodity",
        Share = "share",
        Crypto = "crypto",
        Other = "other",
    }
}

/// A symbol as it is declared in the reference data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeclaredSymbol {
    /// What events call it; the key in the reference file.
    pub code: String,
    pub name: String,
    pub class: SymbolClass,
    /// Units of one lot; above zero, at most 12 decimals.
    pub contract_size: DecimalText,
    /// How prices are shown; given ones may have more.
    pub price_decimals: u8,
    /// How quantities are shown; given ones may have more.
    pub quantity_decimals: u8,
    /// Of prices and of profit.
    pub profit_currency: CurrencyCode,
    /// Of margin; of a currency pair, its base.
    pub margin_currency: CurrencyCode,
    /// Margin as a share of the value; None for 1 / leverage.
    pub margin_rate: Option<DecimalText>,
    /// The IANA time zone of its trading day, in which swaps are due; None for the platform's.
    pub time_zone: Option<String>,
    /// Whether its quotes serve conversions and groups offer it. Events of a disabled symbol still count.
    pub enabled: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Symbol {
    /// In the order of declaration.
    pub serial: SymbolSerial,
    pub id: SymbolId,
    pub declared: DeclaredSymbol,
    pub profit: CurrencySerial,
    pub margin: CurrencySerial,
}
