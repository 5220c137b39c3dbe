//! Exact numbers: quantities, prices, rates, and what is computed from them before it is rounded to money.

use crate::domain::money::{Amount, DecimalText, Decimals};
use crate::domain::trading::small::Small;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive};
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Mul, Neg, Sub};
use thiserror::Error;

/// Decimals of a number in the feed.
const INPUT_DECIMALS: u32 = 12;

/// Numbers of the feed are below 10^20.
const INPUT_WHOLE_DIGITS: u32 = 20;

/// See [`Exact::settled`].
const SETTLED_DECIMALS: u32 = 24;
const SETTLED_FRACTION: (u64, u32) = (u32::MAX as u64, 16);

/// A rational number. Sums, products and quotients are exact; only [`Exact::settled`] and the functions that round for
/// money or for people lose anything.
#[derive(Clone, Debug)]
pub struct Exact(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Small(Small),
    /// What does not fit there.
    Big(Box<BigRational>),
}

/// Why a text is not a number of the feed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum NumberError {
    /// Exponents, misplaced signs, blanks and words such as NaN are not accepted.
    #[error("not a decimal number such as 12.34")]
    NotDecimal,
    #[error("more than 12 decimals")]
    TooManyDecimals,
    #[error("more than 20 digits before the point")]
    TooLong,
}

impl Exact {
    pub const ZERO: Exact = Exact::whole(0);
    pub const ONE: Exact = Exact::whole(1);

    pub const fn whole(number: i64) -> Exact {
        Exact(Repr::Small(Small::decimal(number as i128, 0)))
    }

    /// Reads a number of the feed: `[-]digits[.digits]`, at most 20 digits before the point and 12 after it, not
    /// counting zeros at the ends.
    pub fn parse(text: &str) -> Result<Exact, NumberError> {
        let Some(number) = Small::parse(text) else {
            let digits = text.strip_prefix('-').unwrap_or(text).replacen('.', "", 1);
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let is_pointed = text.ends_with('.') || text.trim_start_matches('-').starts_with('.');
            return Err(match text.split_once('.') {
                _ if !is_number || is_pointed => NumberError::NotDecimal,
                Some((_, fraction)) if fraction.trim_end_matches('0').len() > INPUT_DECIMALS as usize => {
                    NumberError::TooManyDecimals
                }
                _ => NumberError::TooLong,
            });
        };
        if number.scale > INPUT_DECIMALS {
            return Err(NumberError::TooManyDecimals);
        }
        if number.digits.unsigned_abs() >= 10u128.pow(INPUT_WHOLE_DIGITS + number.scale) {
            return Err(NumberError::TooLong);
        }
        Ok(Exact(Repr::Small(number)))
    }

    /// In whole units of the currency.
    pub fn of(amount: Amount, decimals: Decimals) -> Exact {
        Exact(Repr::Small(Small::decimal(amount.minor().into(), decimals.count().into())))
    }

    /// Reads what [`Exact`] is displayed as. None if it is nothing of that form.
    pub fn from_stored(text: &str) -> Option<Exact> {
        let Some((above, below)) = text.split_once('/') else {
            return Small::parse(text).map(|number| Exact(Repr::Small(number)));
        };
        match (Small::parse(above), below.parse::<u64>()) {
            (Some(number), Ok(over)) => (over > 0).then_some(Exact(Repr::Small(Small { over, ..number }))),
            _ => {
                let (above, below): (BigInt, BigInt) = (above.parse().ok()?, below.parse().ok()?);
                below.is_positive().then(|| Exact::big(BigRational::new(above, below)))
            }
        }
    }

    /// Of a reduced ratio.
    fn big(ratio: BigRational) -> Exact {
        match Small::from_rational(&ratio) {
            Some(small) => Exact(Repr::Small(small)),
            None => Exact(Repr::Big(Box::new(ratio))),
        }
    }

    /// Need not be reduced.
    fn rational(&self) -> BigRational {
        match &self.0 {
            Repr::Small(small) => small.rational(),
            Repr::Big(ratio) => (**ratio).clone(),
        }
    }

    fn small(&self) -> Option<Small> {
        match &self.0 {
            Repr::Small(small) => Some(*small),
            Repr::Big(_) => None,
        }
    }

    pub fn is_zero(&self) -> bool {
        self.small().is_some_and(|small| small.digits == 0)
    }

    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Small(small) => small.digits < 0,
            Repr::Big(ratio) => ratio.is_negative(),
        }
    }

    pub fn is_positive(&self) -> bool {
        !self.is_negative() && !self.is_zero()
    }

    #[must_use]
    pub fn magnitude(&self) -> Exact {
        if self.is_negative() { -self } else { self.clone() }
    }

    /// None if the divisor is zero.
    pub fn over(&self, by: &Exact) -> Option<Exact> {
        self.share(&Exact::ONE, by)
    }

    /// This number multiplied by `of / whole`. None if `whole` is zero.
    pub fn share(&self, of: &Exact, whole: &Exact) -> Option<Exact> {
        if whole.is_zero() {
            return None;
        }
        let small = || self.small()?.times(of.small()?)?.divided(whole.small()?);
        Some(small().map_or_else(
            || {
                let (number, of, whole) = (self.rational(), of.rational(), whole.rational());
                let above = number.numer() * of.numer() * whole.denom();
                let below = number.denom() * of.denom() * whole.numer();
                Exact::big(BigRational::new(above, below))
            },
            |quotient| Exact(Repr::Small(quotient)),
        ))
    }

    /// The number in the form in which a position carries it from fill to fill: rounded half away from zero to 24
    /// decimals, unless it is a short fraction of a short decimal, such as 3.4 / 3. So the size of the number stays
    /// bounded, and a million fills that share it out err by less than 10^-18.
    #[must_use]
    pub fn settled(self) -> Exact {
        let is_decimal = |small: Small| small.over == 1 && small.scale <= SETTLED_DECIMALS;
        let is_settled =
            |it: Small| is_decimal(it) || (it.over <= SETTLED_FRACTION.0 && it.scale <= SETTLED_FRACTION.1);
        // The decision depends on the number alone and not on how it was computed.
        match self.small() {
            Some(small) if is_decimal(small) => self,
            Some(small) => match small.canonical().filter(|small| is_settled(*small)) {
                Some(small) => Exact(Repr::Small(small)),
                None => self.to_decimals(SETTLED_DECIMALS),
            },
            None => self.to_decimals(SETTLED_DECIMALS),
        }
    }

    fn to_decimals(&self, scale: u32) -> Exact {
        match self.small().and_then(|small| small.rounded(scale)) {
            Some(digits) => Exact(Repr::Small(Small::decimal(digits, scale))),
            None => Exact::big(BigRational::new(self.rounded(scale), power(scale))),
        }
    }

    /// The digits of this number at `scale` decimals, rounded half away from zero.
    fn rounded(&self, scale: u32) -> BigInt {
        if let Some(digits) = self.small().and_then(|small| small.rounded(scale)) {
            return digits.into();
        }
        let ratio = self.rational();
        let doubled: BigInt = ratio.numer().abs() * power(scale) * 2 + ratio.denom();
        let digits = doubled / (ratio.denom() * BigInt::from(2));
        if ratio.is_negative() { -digits } else { digits }
    }

    /// The amount of money, rounded half away from zero. None if it does not fit.
    pub fn round_to(&self, decimals: Decimals) -> Option<Amount> {
        let scale = u32::from(decimals.count());
        let minor = match self.small().and_then(|small| small.rounded(scale)) {
            Some(minor) => i64::try_from(minor).ok(),
            None => self.rounded(scale).to_i64(),
        };
        minor.map(Amount::from_minor)
    }

    /// The same; what does not fit is the largest or the smallest amount.
    pub fn round_to_fit(&self, decimals: Decimals) -> Amount {
        let most = if self.is_negative() { i64::MIN } else { i64::MAX };
        self.round_to(decimals).unwrap_or(Amount::from_minor(most))
    }

    /// Decimal text with at most `most` decimals, rounded half away from zero, and at least `least`.
    pub fn text(&self, least: u32, most: u32) -> String {
        let mut text = decimal_text(&self.rounded(most), most);
        if let Some(point) = text.find('.') {
            let least = if least == 0 { point } else { point + 1 + least as usize };
            let end = text.trim_end_matches('0').trim_end_matches('.').len();
            text.truncate(end.max(least.min(text.len())));
        }
        text
    }
}

fn power(scale: u32) -> BigInt {
    BigInt::from(10).pow(scale)
}

fn decimal_text(digits: &BigInt, scale: u32) -> String {
    let sign = if digits.is_negative() { "-" } else { "" };
    let digits = format!("{:0>width$}", digits.magnitude(), width = scale as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// The form in which numbers are stored, the same for equal numbers: decimal text, or a fraction such as `3.4/3` if the
/// decimals do not end.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.small().and_then(Small::canonical) {
            Some(small) => small.fmt(f),
            None => {
                let ratio = self.rational().reduced();
                write!(f, "{}/{}", ratio.numer(), ratio.denom())
            }
        }
    }
}

impl From<DecimalText> for Exact {
    fn from(number: DecimalText) -> Exact {
        let decimal = number.decimal();
        Exact(Repr::Small(Small::decimal(decimal.mantissa(), decimal.scale())))
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Exact) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Exact {}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Exact) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Exact) -> Ordering {
        let small = || self.small()?.compared(other.small()?);
        small().unwrap_or_else(|| self.rational().cmp(&other.rational()))
    }
}

impl Default for Exact {
    fn default() -> Exact {
        Exact::ZERO
    }
}

impl Add for &Exact {
    type Output = Exact;

    fn add(self, other: &Exact) -> Exact {
        let small = || self.small()?.plus(other.small()?);
        small().map_or_else(|| Exact::big(self.rational() + other.rational()), |sum| Exact(Repr::Small(sum)))
    }
}

impl Sub for &Exact {
    type Output = Exact;

    fn sub(self, other: &Exact) -> Exact {
        self + &-other
    }
}

impl Mul for &Exact {
    type Output = Exact;

    fn mul(self, other: &Exact) -> Exact {
        let small = || self.small()?.times(other.small()?);
        small().map_or_else(|| Exact::big(self.rational() * other.rational()), |product| Exact(Repr::Small(product)))
    }
}

impl Neg for &Exact {
    type Output = Exact;

    fn neg(self) -> Exact {
        match self.small().and_then(Small::negated) {
            Some(small) => Exact(Repr::Small(small)),
            None => Exact::big(-self.rational().reduced()),
        }
    }
}

impl serde::Serialize for Exact {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Exact {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Exact, D::Error> {
        let text = String::deserialize(deserializer)?;
        Exact::from_stored(&text).ok_or_else(|| serde::de::Error::custom("not an exact number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Exact {
        Exact::from_stored(text).unwrap()
    }

    #[test]
    fn numbers_of_the_feed_are_read_digit_by_digit() {
        let read = |text: &str| Exact::parse(text).map(|number| number.to_string());
        for (text, stored) in [
            ("0.50", "0.5"),
            ("-0", "0"),
            ("007", "7"),
            ("-1.000000000001", "-1.000000000001"),
            ("1.0000000000000000", "1"),
            ("12345678901234567890.123456789012", "12345678901234567890.123456789012"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(stored));
        }
        for text in ["", "-", ".", "1.", ".5", "+1", "1e3", "NaN", "1_000", "1,5", " 1", "--1", "1.-5", "١"] {
            assert_eq!(read(text), Err(NumberError::NotDecimal), "{text:?}");
        }
        assert_eq!(read("0.1234567890123"), Err(NumberError::TooManyDecimals));
        assert_eq!(read("123456789012345678901"), Err(NumberError::TooLong));
    }

    #[test]
    fn stored_numbers_are_decimals_or_fractions() {
        let third = Exact::ONE.over(&Exact::whole(-3)).unwrap();
        assert_eq!((third.to_string(), number("-1/3")), ("-1/3".into(), third));
        assert_eq!(
            [number("34/15"), number("1.50/8"), number("3/6")].map(|it| it.to_string()),
            ["6.8/3", "0.1875", "0.5"]
        );
        let small = number(&format!("0.{}1", "0".repeat(37)));
        let smaller = &small * &small;
        assert_eq!((small.to_string().len(), smaller.to_string()), (40, format!("1/1{}", "0".repeat(76))));
        assert_eq!((number(&smaller.to_string()), number("-1/18446744073709551617")), {
            let over = &Exact::whole(i64::MAX) * &Exact::whole(2);
            (smaller, Exact::whole(-1).over(&(&over + &Exact::whole(3))).unwrap())
        });
        assert_eq!([Exact::ONE.over(&Exact::ZERO), Exact::ZERO.over(&Exact::ZERO)], [None, None]);
        for text in ["1/0", "1/-3", "1/", "/3", "1/2/3", "x", "1.2.3", "1.-2", "+1", ""] {
            assert_eq!(Exact::from_stored(text), None, "{text:?}");
        }
    }

    #[test]
    fn text_for_people_is_rounded_half_away_from_zero() {
        let text = |stored: &str, least, most| number(stored).text(least, most);
        assert_eq!([text("1.5", 0, 12), text("1.5", 2, 12), text("-2", 2, 2)], ["1.5", "1.50", "-2.00"]);
        assert_eq!([text("100", 0, 0), text("100", 0, 2), text("0.005", 0, 2)], ["100", "100", "0.01"]);
        assert_eq!([text("-1/3", 0, 4), text("2/3", 0, 4), text("-1/8", 0, 2)], ["-0.3333", "0.6667", "-0.13"]);
        assert_eq!([text("-0.001", 0, 2), text("-1/3000", 2, 2)], ["0", "0.00"]);
    }

    #[test]
    fn a_long_fraction_is_settled_to_decimals() {
        let settled = |stored: &str| number(stored).settled().to_string();
        for short in ["3.4/3", "0.0000000000000001/4294967291", "0.000000000000000000000001"] {
            assert_eq!(settled(short), short);
        }
        assert_eq!(settled("1/4294967297"), "0.00000000023283064359966");
        assert_eq!(settled("-0.00000000000000002/3"), "-0.000000000000000006666667");
        assert_eq!(settled("0.0000000000000000000000005"), "0.000000000000000000000001");
        assert_eq!(settled("18446744073709551617/18446744073709551619"), "0.99999999999999999989158");
    }

    #[test]
    fn an_amount_that_does_not_fit_is_noticed() {
        let cents = Decimals::new(2).unwrap();
        assert_eq!(number("92233720368547758.07").round_to(cents), Some(Amount::from_minor(i64::MAX)));
        assert_eq!(number("92233720368547758.075").round_to(cents), None);
        let large = number("100000000000000000000");
        assert_eq!((&(&large * &large) * &large).round_to(cents), None);
        assert_eq!(number("-276701161105643274241/3").round_to(cents), None);
    }

    /// Decimals and fractions of all sizes.
    fn any_number() -> impl Strategy<Value = Exact> {
        let exact = |(digits, scale)| Exact(Repr::Small(Small::decimal(digits, scale)));
        let decimal = (any::<i64>(), 0u32..19).prop_map(move |(digits, scale)| exact((digits.into(), scale)));
        prop_oneof![
            decimal.clone(),
            (-1000i128..1000, 0u32..6).prop_map(exact),
            (any::<i128>(), 0u32..=38).prop_map(exact),
            (decimal, 1i64..1000).prop_map(|(above, below)| above.over(&Exact::whole(below)).unwrap()),
        ]
    }

    proptest! {
        #[test]
        fn equal_numbers_settle_and_are_stored_alike(
            (digits, over, scale) in (any::<i64>(), 1u64..1 << 34, 0u32..20),
            factor in prop_oneof![Just(10), Just(1 << 20), 2u64..1_000_000],
        ) {
            let number = |factor: u64| {
                let digits = i128::from(digits) * i128::from(factor);
                Exact(Repr::Small(Small { digits, over: over * factor, scale }))
            };
            let (one, same) = (number(1), number(factor));
            prop_assert_eq!(same.to_string(), one.to_string());
            prop_assert_eq!(same.settled().to_string(), one.settled().to_string());
        }

        #[test]
        fn arithmetic_equals_that_of_fractions(a in any_number(), b in any_number(), c in any_number()) {
            let (x, y, z) = (a.rational(), b.rational(), c.rational());
            prop_assert_eq!((&a + &b).rational(), &x + &y);
            prop_assert_eq!((&a - &b).rational(), &x - &y);
            prop_assert_eq!((&a * &b).rational(), &x * &y);
            prop_assert_eq!((-&a).rational(), -&x);
            prop_assert_eq!(a.cmp(&b), x.cmp(&y));
            prop_assert_eq!(a.is_negative(), x.is_negative());
            if !c.is_zero() {
                prop_assert_eq!(a.share(&b, &c).unwrap().rational(), &x * &y / &z);
            }
        }

        #[test]
        fn what_is_stored_is_read_back(a in any_number()) {
            let stored = a.to_string();
            prop_assert_eq!(&number(&stored), &a);
            prop_assert_eq!(number(&stored).to_string(), stored);
        }

        #[test]
        fn rounding_is_by_half_a_unit_at_most_and_away_from_zero(a in any_number(), scale in 0u8..=8) {
            if let Some(rounded) = a.round_to(Decimals::new(scale).unwrap()) {
                let unit = BigRational::new(1.into(), power(scale.into()));
                let less = a.rational().abs() - BigRational::from_integer(rounded.minor().into()).abs() * &unit;
                let half = unit / BigInt::from(2);
                prop_assert!(-&half <= less && less < half);
                prop_assert!(rounded.is_zero() || rounded.is_negative() == a.is_negative());
            }
        }

        #[test]
        fn no_text_panics(text in "[-0-9./]{0,60}") {
            let _ = (Exact::parse(&text), Exact::from_stored(&text));
        }
    }
}
