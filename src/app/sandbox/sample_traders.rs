//! The sample accounts on which a platform trades.

use crate::domain::accounts::PositionMode;
use crate::domain::trading::Side;

/// The code of the platform that reports.
pub(super) const PLATFORM: &str = "mt5";

/// A share: bears neither commission nor swap; pays a dividend.
pub(super) const SHARE: &str = "ACME";

/// An account at the platform, and what happens on it.
pub(super) struct Trader {
    /// At the platform.
    pub(super) number: &'static str,
    pub(super) mode: PositionMode,
    /// Decimals of the account's currency.
    pub(super) decimals: u32,
    /// At the start of the month, in minor units.
    pub(super) deposit: i64,
    /// Per lot and fill, in minor units.
    pub(super) commission: i64,
    /// Per lot and night, in minor units.
    pub(super) swap: i64,
    pub(super) symbols: &'static [&'static str],
    /// How often a position is opened and closed.
    pub(super) trips: u32,
    /// The largest position, in hundredths of a lot.
    pub(super) lots_max: u64,
    pub(super) currency: &'static str,
    /// Positions that stay open: symbol, side, hundredths of a lot, and how many days ago they were opened.
    pub(super) open: &'static [(&'static str, Side, i64, i64)],
    pub(super) extra: Extra,
}

/// What happens on one account only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extra {
    None,
    /// A working limit order, a cancelled one, a dividend, and a profit that the platform booked differently.
    Events,
    /// A loss after which the rest of the money does not cover the margin.
    MarginCall,
}

pub(super) const TRADERS: [Trader; 5] = [
    Trader {
        number: "500101",
        mode: PositionMode::Hedging,
        decimals: 2,
        deposit: 2_000_000,
        commission: -350,
        swap: -420,
        symbols: &["EURUSD", "GBPUSD", "USDJPY", "XAUUSD"],
        trips: 14,
        lots_max: 40,
        currency: "USD",
        open: &[("EURUSD", Side::Buy, 40, 2), ("XAUUSD", Side::Sell, 20, 1), (SHARE, Side::Buy, 5_000, 20)],
        extra: Extra::Events,
    },
    Trader {
        number: "500102",
        mode: PositionMode::Netting,
        decimals: 2,
        deposit: 1_500_000,
        commission: -300,
        swap: -250,
        symbols: &["GER40", "US500", "EURUSD"],
        trips: 10,
        lots_max: 60,
        currency: "EUR",
        open: &[("GER40", Side::Buy, 50, 3), ("US500", Side::Sell, 120, 1)],
        extra: Extra::None,
    },
    Trader {
        number: "500103",
        mode: PositionMode::Netting,
        decimals: 0,
        deposit: 1_500_000,
        commission: -500,
        swap: -600,
        symbols: &["USDJPY"],
        trips: 8,
        lots_max: 20,
        currency: "JPY",
        open: &[("USDJPY", Side::Buy, 10, 2)],
        extra: Extra::None,
    },
    Trader {
        number: "500104",
        mode: PositionMode::Hedging,
        decimals: 2,
        deposit: 1_400_000,
        commission: 0,
        swap: 0,
        symbols: &[],
        trips: 0,
        lots_max: 0,
        currency: "USD",
        open: &[("BTCUSD", Side::Buy, 35, 6)],
        extra: Extra::MarginCall,
    },
    Trader {
        number: "500901",
        mode: PositionMode::Hedging,
        decimals: 2,
        deposit: 1_000_000,
        commission: 0,
        swap: -420,
        symbols: &["EURUSD", "BTCUSD", "US500"],
        trips: 6,
        lots_max: 10,
        currency: "USD",
        open: &[("USDCHF", Side::Buy, 10, 1)],
        extra: Extra::None,
    },
];
