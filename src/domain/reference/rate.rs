//! Reference rates: what currencies are worth to each other, to judge the rates that callers ask for.

use crate::domain::clock::Moment;
use crate::domain::money::{Amount, DecimalText, Decimals};
use crate::domain::reference::CurrencyCode;
use rust_decimal::Decimal;

/// Reference rates have at most this many digits, so that products with amounts stay exact.
pub const RATE_DIGITS_MAX: usize = 12;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReferenceRate {
    pub from: CurrencyCode,
    pub to: CurrencyCode,
    /// What one unit of `from` is worth in `to`; above zero.
    pub rate: DecimalText,
    /// When it was the rate. None for the sample rates of a sandbox, which do not age.
    pub as_of: Option<Moment>,
}

/// How far a rate may be from the reference rate, in percent of the latter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RateBand(pub DecimalText);

/// A conversion whose rate is judged.
#[derive(Clone, Copy, Debug)]
pub enum Conversion {
    /// At this rate.
    Rate(DecimalText),
    /// Of the first amount into the second, which may have been rounded to its decimals.
    Amounts((Amount, Decimals), (Amount, Decimals)),
}

impl ReferenceRate {
    /// Whether it is no older than `max_age_s`.
    pub fn is_fresh(&self, now: Moment, max_age_s: i64) -> bool {
        self.as_of.is_none_or(|as_of| as_of.plus_s(max_age_s) >= now)
    }

    /// Whether a conversion of `from` lies within the band around this rate or, for a rate in the other direction,
    /// around its inverse. The limits themselves are within. A product beyond 28 digits is not within.
    pub fn admits(&self, from: &CurrencyCode, conversion: Conversion, band: RateBand) -> bool {
        self.is_within(self.from != *from, conversion, band).unwrap_or(false)
    }

    fn is_within(&self, is_inverse: bool, conversion: Conversion, band: RateBand) -> Option<bool> {
        let reference = self.rate.decimal();
        let share = band.0.decimal().checked_div(Decimal::ONE_HUNDRED)?;
        let (lowest, highest) = (Decimal::ONE.checked_sub(share)?, Decimal::ONE.checked_add(share)?);
        // Multiplying the right side by an inverse rate avoids a division, which would not be exact.
        let (paid, arrived) = if is_inverse { (Decimal::ONE, reference) } else { (reference, Decimal::ONE) };
        Some(match conversion {
            Conversion::Rate(rate) => {
                let value = rate.decimal().checked_mul(arrived)?;
                (paid.checked_mul(lowest)?..=paid.checked_mul(highest)?).contains(&value)
            }
            Conversion::Amounts((from, from_decimals), (to, to_decimals)) => {
                let expected = from.decimal(from_decimals).checked_mul(paid)?;
                // What was rounded may be half a minor unit off.
                let half = Amount::from_minor(1).decimal(to_decimals).checked_div(Decimal::TWO)?;
                let least = to.decimal(to_decimals).checked_sub(half)?.checked_mul(arrived)?;
                let most = to.decimal(to_decimals).checked_add(half)?.checked_mul(arrived)?;
                least <= expected.checked_mul(highest)? && most > expected.checked_mul(lowest)?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> DecimalText {
        DecimalText::parse(text).unwrap()
    }

    fn code(text: &str) -> CurrencyCode {
        CurrencyCode::from_stored(text.into())
    }

    fn dollars_in_euro(rate: &str) -> ReferenceRate {
        ReferenceRate { from: code("USD"), to: code("EUR"), rate: decimal(rate), as_of: None }
    }

    #[test]
    fn the_limits_of_the_band_are_within_it() {
        let admits = |rate: &str, band: &str| {
            dollars_in_euro("0.92").admits(&code("USD"), Conversion::Rate(decimal(rate)), RateBand(decimal(band)))
        };
        for (rate, band, is_within) in [
            ("0.874", "5", true),
            ("0.966", "5", true),
            ("0.8739999999999999999999", "5", false),
            ("0.9660000000000000000001", "5", false),
            ("0.92", "0", true),
            ("0.920000000001", "0", false),
            ("0.9246", "0.5", true),
            ("0.9247", "0.5", false),
        ] {
            assert_eq!(admits(rate, band), is_within, "{rate} within {band} %");
        }
    }

    #[test]
    fn a_rate_also_serves_the_other_direction() {
        // One euro is 1 / 0.8 = 1.25 dollars.
        let admits = |rate: &str| {
            dollars_in_euro("0.8").admits(&code("EUR"), Conversion::Rate(decimal(rate)), RateBand(decimal("4")))
        };
        assert_eq!(["1.2", "1.3", "1.1999999", "1.3000001", "0.8"].map(admits), [true, true, false, false, false]);
    }

    #[test]
    fn amounts_may_be_off_by_their_rounding_and_no_more() {
        let yen_for = |dollars: i64, yen: i64, band: &str| {
            let rate = ReferenceRate { to: code("JPY"), ..dollars_in_euro("150") };
            let amounts = |minor, decimals| (Amount::from_minor(minor), Decimals::new(decimals).unwrap());
            let there = rate.admits(
                &code("USD"),
                Conversion::Amounts(amounts(dollars, 2), amounts(yen, 0)),
                RateBand(decimal(band)),
            );
            let opposite = ReferenceRate { from: code("JPY"), to: code("USD"), ..rate };
            let back = ReferenceRate { rate: decimal("0.00666666666667"), ..opposite }.admits(
                &code("USD"),
                Conversion::Amounts(amounts(dollars, 2), amounts(yen, 0)),
                RateBand(decimal(band)),
            );
            assert_eq!(there, back, "{dollars} {yen} {band}");
            there
        };
        // 10.00 dollars are 1500 yen, and 1425 to 1575 with 5 %.
        let within: Vec<_> = [1424, 1425, 1575, 1576].into_iter().map(|yen| yen_for(1000, yen, "5.0001")).collect();
        assert_eq!(within, [false, true, true, false]);
        // 0.01 dollars are 1.5 yen, which is paid as 1 (if the band allows 1.49) or 2.
        assert!(yen_for(1, 1, "1") && yen_for(1, 2, "1") && !yen_for(1, 3, "1") && !yen_for(1, 0, "1"));
    }

    #[test]
    fn a_rate_is_fresh_up_to_its_age() {
        let at = |s: i64| Moment::from_unix_ms(s * 1000);
        let rate = ReferenceRate { as_of: Some(at(100)), ..dollars_in_euro("0.92") };
        assert!(rate.is_fresh(at(160), 60) && !rate.is_fresh(at(161), 60));
        assert!(dollars_in_euro("0.92").is_fresh(at(i64::from(u32::MAX)), 0));
    }

    #[test]
    fn what_cannot_be_computed_is_not_within() {
        let huge = "79228162514264337593543950335";
        let rate = dollars_in_euro("12345678.9012");
        assert!(!rate.admits(&code("EUR"), Conversion::Rate(decimal(huge)), RateBand(decimal("5"))));
    }
}
