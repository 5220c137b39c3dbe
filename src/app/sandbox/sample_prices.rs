//! Invented prices: a fixed function of symbol and time, so that a sandbox's past and its present quotes fit together
//! however often it is restarted and wherever its clock stands.

use crate::app::sandbox::sample_traders::{PLATFORM, TRADERS};
use crate::app::sandbox::sample_trading::{count_taken, decimal, incoming};
use crate::app::trading::FeedEvents;
use crate::app::{App, Caller};
use crate::domain::clock::Moment;
use crate::domain::refusal::Refusal;
use crate::domain::trading::{News, PlatformEvent, QuoteReport, Side};
use std::sync::Arc;

/// A symbol of the shipped reference data.
pub(super) struct Priced {
    pub(super) code: &'static str,
    pub(super) decimals: u32,
    /// The price around which it moves, in its last decimal.
    centre: i64,
    /// Between bid and ask, in the last decimal.
    spread: i64,
    /// How far it moves, as a multiple of what a currency pair moves.
    liveliness: i64,
}

const fn priced(code: &'static str, decimals: u32, centre: i64, spread: i64, liveliness: i64) -> Priced {
    Priced { code, decimals, centre, spread, liveliness }
}

/// Near the sample rates of a sandbox, so that conversions look plausible.
const PRICES: [Priced; 12] = [
    priced("EURUSD", 5, 108_700, 8, 1),
    priced("GBPUSD", 5, 126_600, 11, 1),
    priced("USDJPY", 3, 150_000, 10, 1),
    priced("AUDUSD", 5, 65_800, 9, 1),
    priced("USDCHF", 5, 88_000, 12, 1),
    priced("USDCAD", 5, 136_000, 14, 1),
    priced("EURGBP", 5, 85_860, 11, 1),
    priced("XAUUSD", 2, 240_000, 25, 2),
    priced("US500", 1, 52_400, 5, 2),
    priced("GER40", 1, 181_500, 12, 2),
    priced("BTCUSD", 2, 6_500_000, 1_500, 3),
    priced("ACME", 2, 18_250, 4, 3),
];

/// The waves that add up to a price: how long one takes in ms, and how far it moves the price in millionths.
const WAVES: [(i64, i64); 5] =
    [(700_000_000, 6_000), (108_000_000, 2_500), (7_200_000, 800), (300_000, 150), (7_000, 40)];

const MILLION: i64 = 1_000_000;

pub(super) fn symbol(code: &str) -> Result<&'static Priced, Refusal> {
    PRICES.iter().find(|priced| priced.code == code).ok_or(Refusal::Internal)
}

/// A number that looks random and depends on the seed alone.
pub(super) fn scrambled(seed: u64) -> u64 {
    // The finalizer of SplitMix64.
    let mut mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// The height of a wave of this length at a moment, from minus to plus one million; straight lines between random
/// heights.
fn height(seed: u64, length_ms: i64, at_ms: i64) -> i64 {
    let (cell, passed) = (at_ms.div_euclid(length_ms), at_ms.rem_euclid(length_ms));
    let end = |cell: i64| {
        let mixed = scrambled(seed ^ scrambled(cell.cast_unsigned()));
        (mixed % (2 * MILLION.cast_unsigned() + 1)).cast_signed() - MILLION
    };
    let (from, to) = (end(cell), end(cell + 1));
    from + (to - from) * passed / length_ms
}

impl Priced {
    /// The bid in the last decimal.
    pub(super) fn bid(&self, at: Moment) -> i64 {
        let seed = self.code.bytes().fold(0, |seed, byte| scrambled(seed ^ u64::from(byte)));
        let moves = WAVES.iter().zip(0..).map(|((length_ms, millionths), wave)| {
            height(scrambled(seed ^ wave), *length_ms, at.unix_ms()) * millionths * self.liveliness / MILLION
        });
        self.centre + self.centre * moves.sum::<i64>() / MILLION
    }

    pub(super) fn ask(&self, at: Moment) -> i64 {
        self.bid(at) + self.spread
    }

    /// What a buyer pays or a seller gets.
    pub(super) fn fill_price(&self, side: Side, at: Moment) -> i64 {
        if side == Side::Buy { self.ask(at) } else { self.bid(at) }
    }

    fn quote(&self, at: Moment) -> Result<PlatformEvent, Refusal> {
        let (bid, ask) = (decimal(self.bid(at), self.decimals)?, decimal(self.ask(at), self.decimals)?);
        let news = News::Quote(QuoteReport { symbol: self.code.into(), bid, ask });
        let (platform, id, account) = (PLATFORM.into(), String::new(), String::new());
        Ok(PlatformEvent { platform, id, account, at, nanos: 0, sequence: None, news })
    }
}

impl App {
    /// Quotes all sample symbols at their prices of now. Blocks.
    pub(super) fn quote_samples(self: &Arc<App>, caller: &Caller) -> Result<(), Refusal> {
        let now = self.now();
        let quotes: Result<Vec<_>, _> = PRICES.iter().map(|priced| priced.quote(now)).collect();
        let events = quotes?.into_iter().map(incoming).collect();
        count_taken(&self.execute_blocking(caller, FeedEvents::<false> { events })?.outcome)
    }

    /// Moves the quotes of a sandbox as long as it has the sample accounts. Blocks.
    pub fn move_sample_quotes(self: &Arc<App>) -> Result<(), Refusal> {
        let Some(trader) = TRADERS.first() else { return Ok(()) };
        if self.rests_after()?.is_some() || !self.has_account_at(PLATFORM, trader.number)? {
            return Ok(());
        }
        self.quote_samples(&self.system_caller())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_move_a_little_from_second_to_second_and_stay_near_their_centre() {
        let start = Moment::from_unix_ms(1_780_000_000_000);
        for priced in &PRICES {
            let bids: Vec<i64> = (0..86_400).step_by(7).map(|s| priced.bid(start.plus_s(s))).collect();
            let (low, high) = (bids.iter().min().unwrap(), bids.iter().max().unwrap());
            assert!(
                low < high && *low > priced.centre * 97 / 100 && *high < priced.centre * 103 / 100,
                "{}",
                priced.code
            );
            let step = bids.windows(2).map(|pair| (pair[1] - pair[0]).abs()).max().unwrap();
            assert!((1..=priced.centre / 1_000).contains(&step), "{}: {step}", priced.code);
            assert_eq!(priced.bid(start), bids[0]);
        }
    }
}
