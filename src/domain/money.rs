//! Money: whole minor units inside, exact decimal text at the edge. Binary floats are never used.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use thiserror::Error;

/// The most that one operation may move, in minor units.
pub const OPERATION_MAX: i64 = 100_000_000_000_000_000;

/// The longest amount that is parsed, in characters: 29 digits, a sign and a point always fit.
pub const AMOUNT_TEXT_MAX: usize = 40;

/// A signed amount in the minor units of a currency, such as cents.
///
/// Arithmetic is checked: there is no `+` that could wrap, and an overflow is refused before anything is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Amount(i64);

impl Amount {
    pub const ZERO: Amount = Amount(0);

    pub const fn from_minor(minor: i64) -> Amount {
        Amount(minor)
    }

    pub const fn minor(self) -> i64 {
        self.0
    }

    pub fn checked_add(self, other: Amount) -> Option<Amount> {
        self.0.checked_add(other.0).map(Amount)
    }

    pub fn checked_sub(self, other: Amount) -> Option<Amount> {
        self.0.checked_sub(other.0).map(Amount)
    }

    /// For figures that are only compared or shown.
    pub fn saturating_add(self, other: Amount) -> Amount {
        Amount(self.0.saturating_add(other.0))
    }

    /// For figures that are only compared or shown.
    pub fn saturating_sub(self, other: Amount) -> Amount {
        Amount(self.0.saturating_sub(other.0))
    }

    pub fn checked_neg(self) -> Option<Amount> {
        self.0.checked_neg().map(Amount)
    }

    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    pub fn is_positive(self) -> bool {
        self.0 > 0
    }

    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Decimal text with exactly `decimals` places: 1250 minor units with 2 decimals are `12.50`.
    pub fn to_text(self, decimals: Decimals) -> String {
        self.decimal(decimals).to_string()
    }

    /// In whole units.
    pub(in crate::domain) fn decimal(self, decimals: Decimals) -> Decimal {
        Decimal::from_i128_with_scale(i128::from(self.0), u32::from(decimals.0))
    }
}

/// A sum of any number of amounts, in minor units; wider than [`Amount`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Total(i128);

impl Total {
    pub fn from_minor(minor: i128) -> Total {
        Total(minor)
    }

    /// None if it does not fit.
    pub fn to_amount(self) -> Option<Amount> {
        i64::try_from(self.0).ok().map(Amount::from_minor)
    }

    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// A sum has more room than an amount, so this cannot overflow.
    #[must_use]
    pub fn magnitude(self) -> Total {
        Total(self.0.saturating_abs())
    }

    /// Decimal text with exactly `decimals` places.
    pub fn to_text(self, decimals: Decimals) -> String {
        let scale = usize::from(decimals.0);
        let digits = format!("{:0>width$}", self.0.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if self.0 < 0 { "-" } else { "" };
        if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }
}

impl From<Amount> for Total {
    fn from(amount: Amount) -> Total {
        Total(i128::from(amount.0))
    }
}

impl std::ops::Add for Total {
    type Output = Total;

    /// Cannot saturate in practice: 128 bits hold more 64-bit amounts than can exist.
    fn add(self, other: Total) -> Total {
        Total(self.0.saturating_add(other.0))
    }
}

/// The number of decimals of a currency, 0 to 8.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Decimals(u8);

impl Decimals {
    pub const MAX: u8 = 8;

    /// Hundredths.
    pub const TWO: Decimals = Decimals(2);

    /// None if `decimals` exceeds [`Decimals::MAX`].
    pub fn new(decimals: u8) -> Option<Decimals> {
        (decimals <= Decimals::MAX).then_some(Decimals(decimals))
    }

    pub fn count(self) -> u8 {
        self.0
    }
}

/// How to treat an amount that has more decimals than its currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExtraDecimals {
    /// Half away from zero (Helio, "Accounts & Funding": amounts are rounded when they are written).
    RoundHalfAway,
    Refuse,
}

/// Why a text is not a valid amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum AmountError {
    /// Not of the form `-12.34`: exponents, misplaced signs, blanks and words such as NaN are not accepted.
    #[error("not a decimal number such as 12.34")]
    NotDecimal,
    #[error("too many digits")]
    TooLong,
    /// More decimals than the currency has, where rounding is not allowed.
    #[error("more decimals than the currency has")]
    TooManyDecimals,
    /// Above [`OPERATION_MAX`] or below its negative.
    #[error("more than one operation may move (10^17 minor units)")]
    TooLarge,
    /// Not zero, but zero after rounding to the currency's decimals.
    #[error("rounds to zero in the account's currency")]
    RoundsToZero,
}

/// A decimal number exactly as a caller wrote it, checked for its form but not yet tied to a currency.
///
/// The currency is known only once the account has been read, inside the transaction that moves the money.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DecimalText(Decimal);

impl TryFrom<String> for DecimalText {
    type Error = AmountError;

    fn try_from(text: String) -> Result<DecimalText, AmountError> {
        DecimalText::parse(&text)
    }
}

impl From<DecimalText> for String {
    fn from(number: DecimalText) -> String {
        number.0.to_string()
    }
}

/// Significant digits of a quotient.
const QUOTIENT_DIGITS: u32 = 12;

impl DecimalText {
    /// Reads `[-]digits[.digits]`: no exponent, plus sign or bare point, at most 28 digits after leading zeros.
    pub fn parse(text: &str) -> Result<DecimalText, AmountError> {
        if text.len() > AMOUNT_TEXT_MAX {
            return Err(AmountError::TooLong);
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !fraction.is_none_or(is_number) {
            return Err(AmountError::NotDecimal);
        }
        Decimal::from_str_exact(text).map(DecimalText).map_err(|_| AmountError::TooLong)
    }

    pub fn whole(number: u32) -> DecimalText {
        DecimalText(number.into())
    }

    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    pub fn is_negative(self) -> bool {
        self.0.is_sign_negative() && !self.0.is_zero()
    }

    pub(in crate::domain) fn decimal(self) -> Decimal {
        self.0
    }

    pub fn negated(self) -> DecimalText {
        DecimalText(-self.0)
    }

    /// The same number without zeros at the end, and without a sign if it is zero.
    #[must_use]
    pub fn normalized(self) -> DecimalText {
        DecimalText(self.0.normalize())
    }

    /// The quotient of two amounts to 12 significant digits, rounded half away from zero. None if the divisor is zero.
    pub fn quotient(of: (Amount, Decimals), by: (Amount, Decimals)) -> Option<DecimalText> {
        let number = |(amount, decimals): (Amount, Decimals)| {
            Decimal::from_i128_with_scale(i128::from(amount.0), u32::from(decimals.0))
        };
        let exact = number(of).checked_div(number(by))?;
        let rounded = exact.round_sf_with_strategy(QUOTIENT_DIGITS, RoundingStrategy::MidpointAwayFromZero)?;
        Some(DecimalText(rounded.normalize()))
    }

    /// This number multiplied by an amount. None if the result has too many digits.
    pub fn times(self, amount: Amount, decimals: Decimals) -> Option<DecimalText> {
        let amount = Decimal::from_i128_with_scale(i128::from(amount.0), u32::from(decimals.0));
        self.0.checked_mul(amount).map(DecimalText)
    }

    /// A limit in minor units of a currency with `decimals`. Extra decimals are truncated, which is the stricter side
    /// of a negative limit, and values beyond what an operation can move are clamped.
    pub fn to_limit(self, decimals: Decimals) -> Amount {
        let places = u32::from(decimals.0);
        let scaled = self
            .0
            .round_dp_with_strategy(places, RoundingStrategy::ToZero)
            .checked_mul(Decimal::from(10u64.pow(places)))
            .and_then(|scaled| scaled.to_i64());
        let farthest = if self.is_negative() { -OPERATION_MAX } else { OPERATION_MAX };
        Amount(scaled.map_or(farthest, |minor| minor.clamp(-OPERATION_MAX, OPERATION_MAX)))
    }

    /// The amount in minor units of a currency with `decimals`.
    pub fn to_amount(self, decimals: Decimals, extra: ExtraDecimals) -> Result<Amount, AmountError> {
        let places = u32::from(decimals.0);
        let rounded = self.0.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
        if extra == ExtraDecimals::Refuse && rounded != self.0 {
            return Err(AmountError::TooManyDecimals);
        }
        if rounded.is_zero() && !self.0.is_zero() {
            return Err(AmountError::RoundsToZero);
        }
        let minor = rounded
            .checked_mul(Decimal::from(10u64.pow(places)))
            .and_then(|scaled| scaled.to_i64())
            .filter(|minor| minor.unsigned_abs() <= OPERATION_MAX.unsigned_abs())
            .ok_or(AmountError::TooLarge)?;
        Ok(Amount(minor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amount(text: &str, decimals: u8) -> Result<i64, AmountError> {
        let decimals = Decimals::new(decimals).unwrap();
        DecimalText::parse(text)?.to_amount(decimals, ExtraDecimals::RoundHalfAway).map(Amount::minor)
    }

    #[test]
    fn amounts_are_read_exactly_and_rounded_half_away_from_zero() {
        assert_eq!(amount("10000", 2), Ok(1_000_000));
        assert_eq!(amount("-12.505", 2), Ok(-1251));
        assert_eq!(amount("12.505", 2), Ok(1251));
        assert_eq!(amount("12.504999999999", 2), Ok(1250));
        assert_eq!(amount("0.1", 0), Err(AmountError::RoundsToZero));
        assert_eq!(amount("0.5", 0), Ok(1));
        assert_eq!(amount("0.00000001", 8), Ok(1));
        assert_eq!(amount("0", 2), Ok(0));
        assert_eq!(amount("-0", 2), Ok(0));
        assert_eq!(amount("0007.10", 2), Ok(710));
        assert_eq!(amount("1000000000000000.00", 2), Ok(OPERATION_MAX));
        assert_eq!(amount("1000000000000000.01", 2), Err(AmountError::TooLarge));
        assert_eq!(amount("79228162514264337593543950335", 8), Err(AmountError::TooLarge));
    }

    #[test]
    fn a_quotient_has_twelve_digits_at_every_size() {
        let quotient = |of: i64, of_decimals, by: i64, by_decimals| {
            let amount = |minor, decimals| (Amount::from_minor(minor), Decimals::new(decimals).unwrap());
            DecimalText::quotient(amount(of, of_decimals), amount(by, by_decimals)).map(String::from)
        };
        assert_eq!(quotient(150_000, 0, 1_000, 2).as_deref(), Some("15000"));
        assert_eq!(quotient(1, 2, 3, 2).as_deref(), Some("0.333333333333"));
        assert_eq!(quotient(2, 2, 3, 2).as_deref(), Some("0.666666666667"));
        assert_eq!(quotient(1, 8, 700_000, 2).as_deref(), Some("0.00000000000142857142857"));
        assert_eq!(quotient(OPERATION_MAX, 0, 1, 8).as_deref(), Some("10000000000000000000000000"));
        assert_eq!(quotient(1, 2, 0, 2), None);
    }

    #[test]
    fn a_limit_is_truncated_to_the_decimals_of_the_currency() {
        let limit = |text: &str, decimals: u8| {
            DecimalText::parse(text).unwrap().to_limit(Decimals::new(decimals).unwrap()).minor()
        };
        assert_eq!((limit("-500", 2), limit("-500", 0), limit("0", 8)), (-50_000, -500, 0));
        assert_eq!((limit("-10.999", 2), limit("-10.999", 0), limit("-0.99", 0)), (-1099, -10, 0));
        assert_eq!(limit("-79228162514264337593543950335", 8), -OPERATION_MAX);
        assert_eq!(limit("-1000000000000000.01", 2), -OPERATION_MAX);
    }

    #[test]
    fn extra_decimals_can_be_refused() {
        let two = Decimals::new(2).unwrap();
        let refuse = |text: &str| DecimalText::parse(text).unwrap().to_amount(two, ExtraDecimals::Refuse);
        assert_eq!(refuse("1.005"), Err(AmountError::TooManyDecimals));
        assert_eq!(refuse("1.000"), Ok(Amount::from_minor(100)));
    }

    #[test]
    fn text_that_is_not_a_plain_decimal_is_rejected() {
        for text in
            ["", "-", ".", "1.", ".5", "+1", "1e3", "1E3", "NaN", "inf", "0x10", "1_000", "1,5", " 1", "1 ", "--1", "١"]
        {
            assert_eq!(DecimalText::parse(text), Err(AmountError::NotDecimal), "{text:?}");
        }
        assert_eq!(DecimalText::parse(&"9".repeat(5000)), Err(AmountError::TooLong));
        assert_eq!(DecimalText::parse(&"9".repeat(40)), Err(AmountError::TooLong));
    }

    proptest! {
        #[test]
        fn every_amount_reads_back_as_itself(minor in -OPERATION_MAX..=OPERATION_MAX, decimals in 0u8..=8) {
            let places = Decimals::new(decimals).unwrap();
            prop_assert_eq!(amount(&Amount::from_minor(minor).to_text(places), decimals), Ok(minor));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}", decimals in 0u8..=8) {
            let _ = amount(&text, decimals);
        }
    }
}
