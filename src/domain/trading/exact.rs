//! Exact numbers: quantities, prices, rates, and what is computed from them before it is rounded to money.

use crate::domain::money::{Amount, DecimalText, Decimals};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Mul, Neg, Sub};
use thiserror::Error;

/// Decimals of a number in the feed.
const INPUT_DECIMALS: usize = 12;

/// Digits of a number in the feed before the point.
const INPUT_WHOLE_DIGITS: usize = 20;

/// Decimals of a stored number that is not stored as a fraction.
const STORED_DECIMALS: u32 = 40;

/// See [`Exact::settled`].
const SETTLED_DENOMINATOR_BITS: u64 = 192;

/// Decimals that an `i128` has room for.
const SCALE_MAX: u32 = 38;

const POWERS: [i128; SCALE_MAX as usize + 1] = {
    let mut powers = [1; SCALE_MAX as usize + 1];
    let mut scale = 1;
    while scale < powers.len() {
        powers[scale] = powers[scale - 1] * 10;
        scale += 1;
    }
    powers
};

/// A rational number. Sums, products and quotients are exact; only [`Exact::settled`] and the functions that round for
/// money or for people lose anything.
#[derive(Clone, Debug)]
pub struct Exact(Repr);

/// Nearly all numbers of the feed and their products fit into 128 bits, which are far faster than fractions.
#[derive(Clone, Debug)]
enum Repr {
    Decimal(Digits),
    Ratio(Box<BigRational>),
}

/// `digits / 10^scale`; the scale is at most [`SCALE_MAX`].
#[derive(Clone, Copy, Debug)]
struct Digits {
    digits: i128,
    scale: u32,
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

impl Digits {
    fn aligned(self, other: Digits) -> Option<(i128, i128, u32)> {
        let scale = self.scale.max(other.scale);
        Some((self.at(scale)?, other.at(scale)?, scale))
    }

    /// The digits at a scale that is not smaller.
    fn at(self, scale: u32) -> Option<i128> {
        if scale == self.scale {
            return Some(self.digits);
        }
        self.digits.checked_mul(*POWERS.get((scale - self.scale) as usize)?)
    }

    fn without_zeros(mut self) -> Digits {
        while self.scale > 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.scale -= 1;
        }
        self
    }

    fn times(self, other: Digits) -> Option<Digits> {
        let scale = self.scale + other.scale;
        let digits = self.digits.checked_mul(other.digits)?;
        (scale <= SCALE_MAX).then_some(Digits { digits, scale })
    }

    /// None if the quotient is not a whole number of digits, even if it terminates.
    fn over(self, by: Digits) -> Option<Digits> {
        if by.digits == 0 || self.digits % by.digits != 0 {
            return None;
        }
        let digits = self.digits / by.digits;
        match self.scale.checked_sub(by.scale) {
            Some(scale) => Some(Digits { digits, scale }),
            None => Some(Digits { digits: Digits { digits, scale: self.scale }.at(by.scale)?, scale: 0 }),
        }
    }

    /// Rounds half away from zero to a smaller scale.
    fn rounded(self, scale: u32) -> i128 {
        let unit = POWERS[(self.scale - scale) as usize];
        let (whole, rest) = (self.digits / unit, self.digits % unit);
        let is_up = rest.unsigned_abs() >= unit.unsigned_abs().div_ceil(2);
        if is_up { whole + self.digits.signum() } else { whole }
    }
}

impl Exact {
    pub const ZERO: Exact = Exact::whole(0);
    pub const ONE: Exact = Exact::whole(1);

    pub const fn whole(number: i64) -> Exact {
        Exact::digits(number as i128, 0)
    }

    const fn digits(digits: i128, scale: u32) -> Exact {
        Exact(Repr::Decimal(Digits { digits, scale }))
    }

    /// Reads a number of the feed: `[-]digits[.digits]`, at most 20 digits before the point and 12 after it, not
    /// counting zeros at the ends.
    pub fn parse(text: &str) -> Result<Exact, NumberError> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return Err(NumberError::NotDecimal);
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        if fraction.len() > INPUT_DECIMALS {
            return Err(NumberError::TooManyDecimals);
        }
        if whole.len() > INPUT_WHOLE_DIGITS {
            return Err(NumberError::TooLong);
        }
        // At most 32 digits.
        let digits = whole.bytes().chain(fraction.bytes()).fold(0, |sum, byte| sum * 10 + i128::from(byte - b'0'));
        let digits = if unsigned.len() < text.len() { -digits } else { digits };
        Ok(Exact::digits(digits, fraction.len() as u32))
    }

    /// In whole units of the currency.
    pub fn of(amount: Amount, decimals: Decimals) -> Exact {
        Exact::digits(i128::from(amount.minor()), u32::from(decimals.count()))
    }

    /// Reads what [`Exact`] is displayed as. None if it is nothing of that form.
    pub fn from_stored(text: &str) -> Option<Exact> {
        match text.split_once('/') {
            Some((above, below)) => {
                let (above, below): (BigInt, BigInt) = (above.parse().ok()?, below.parse().ok()?);
                below.is_positive().then(|| Exact::ratio(BigRational::new(above, below)))
            }
            None => Exact::parse(text).ok().or_else(|| Exact::from_long(text)),
        }
    }

    /// A decimal number of any length.
    fn from_long(text: &str) -> Option<Exact> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let digits = format!("{whole}{fraction}");
        let is_decimal = is_number(digits.strip_prefix('-').unwrap_or(&digits)) && is_number(fraction);
        let above: BigInt = digits.parse().ok().filter(|_| is_decimal)?;
        Some(Exact::ratio(BigRational::new(above, power(fraction.len() as u32))))
    }

    fn ratio(ratio: BigRational) -> Exact {
        match decimal_of(&ratio) {
            Some(digits) => Exact(Repr::Decimal(digits)),
            None => Exact(Repr::Ratio(Box::new(ratio))),
        }
    }

    /// Need not be reduced.
    fn rational(&self) -> BigRational {
        match &self.0 {
            Repr::Decimal(it) => BigRational::new_raw(it.digits.into(), POWERS[it.scale as usize].into()),
            Repr::Ratio(ratio) => (**ratio).clone(),
        }
    }

    pub fn is_zero(&self) -> bool {
        match &self.0 {
            Repr::Decimal(it) => it.digits == 0,
            Repr::Ratio(ratio) => ratio.is_zero(),
        }
    }

    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Decimal(it) => it.digits < 0,
            Repr::Ratio(ratio) => ratio.is_negative(),
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
        Exact::ONE.share(self, by)
    }

    /// This number multiplied by `of / whole`. None if `whole` is zero.
    pub fn share(&self, of: &Exact, whole: &Exact) -> Option<Exact> {
        if whole.is_zero() {
            return None;
        }
        if let (Repr::Decimal(number), Repr::Decimal(of), Repr::Decimal(whole)) = (&self.0, &of.0, &whole.0)
            && let Some(quotient) = number.times(*of).and_then(|product| product.over(*whole))
        {
            return Some(Exact(Repr::Decimal(quotient)));
        }
        let (number, of, whole) = (self.rational(), of.rational(), whole.rational());
        let above = number.numer() * of.numer() * whole.denom();
        let below = number.denom() * of.denom() * whole.numer();
        Some(Exact::ratio(BigRational::new(above, below)))
    }

    /// The number in the form in which a position carries it from fill to fill: rounded half away from zero to 40
    /// decimals once its denominator has more than 192 bits. So the size of the number stays bounded, and a million
    /// fills that share it out err by less than 10^-33.
    #[must_use]
    pub fn settled(self) -> Exact {
        match &self.0 {
            Repr::Ratio(ratio) if ratio.denom().bits() > SETTLED_DENOMINATOR_BITS => {
                Exact::ratio(BigRational::new(self.rounded(STORED_DECIMALS), power(STORED_DECIMALS)))
            }
            _ => self,
        }
    }

    /// The digits of this number at `scale` decimals, rounded half away from zero.
    fn rounded(&self, scale: u32) -> BigInt {
        match &self.0 {
            Repr::Decimal(it) if it.scale > scale => it.rounded(scale).into(),
            Repr::Decimal(it) => BigInt::from(it.digits) * power(scale - it.scale),
            Repr::Ratio(ratio) => {
                let doubled: BigInt = ratio.numer().abs() * power(scale) * 2 + ratio.denom();
                let digits = doubled / (ratio.denom() * BigInt::from(2));
                if ratio.is_negative() { -digits } else { digits }
            }
        }
    }

    /// The amount of money, rounded half away from zero. None if it does not fit.
    pub fn round_to(&self, decimals: Decimals) -> Option<Amount> {
        let scale = u32::from(decimals.count());
        let minor = match &self.0 {
            Repr::Decimal(it) if it.scale > scale => i64::try_from(it.rounded(scale)).ok(),
            Repr::Decimal(it) => it.at(scale).and_then(|digits| i64::try_from(digits).ok()),
            Repr::Ratio(_) => self.rounded(scale).to_i64(),
        };
        minor.map(Amount::from_minor)
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

/// 10^scale.
fn power(scale: u32) -> BigInt {
    BigInt::from(10).pow(scale)
}

/// The decimals after which a number with this denominator ends. None if it never does.
fn decimals_of(mut denominator: BigInt) -> Option<u32> {
    let twos = denominator.trailing_zeros().unwrap_or(0);
    denominator >>= twos;
    let mut fives = 0;
    let five = BigInt::from(5);
    while !denominator.is_one() {
        if !(&denominator % &five).is_zero() {
            return None;
        }
        denominator /= &five;
        fives += 1;
    }
    u32::try_from(twos).ok().map(|twos: u32| twos.max(fives))
}

/// The ratio in 128 bits, if it terminates and fits.
fn decimal_of(ratio: &BigRational) -> Option<Digits> {
    if ratio.denom().bits() > 126 || ratio.numer().bits() > 126 {
        return None;
    }
    let scale = decimals_of(ratio.denom().clone()).filter(|scale| *scale <= SCALE_MAX)?;
    let digits = (ratio.numer() * power(scale) / ratio.denom()).to_i128()?;
    Some(Digits { digits, scale })
}

fn decimal_text(digits: &BigInt, scale: u32) -> String {
    let sign = if digits.is_negative() { "-" } else { "" };
    let digits = format!("{:0>width$}", digits.magnitude(), width = scale as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// The form in which numbers are stored: decimal text if they end within 40 decimals, else a reduced fraction such as
/// `10/3`.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Decimal(it) => {
                let it = it.without_zeros();
                if it.scale == 0 {
                    return it.digits.fmt(f);
                }
                let unit = POWERS[it.scale as usize].unsigned_abs();
                let (whole, fraction) = (it.digits.unsigned_abs() / unit, it.digits.unsigned_abs() % unit);
                let sign = if it.digits < 0 { "-" } else { "" };
                write!(f, "{sign}{whole}.{fraction:0>width$}", width = it.scale as usize)
            }
            Repr::Ratio(ratio) => match decimals_of(ratio.denom().clone()) {
                Some(scale) if scale <= STORED_DECIMALS => f.write_str(&decimal_text(&self.rounded(scale), scale)),
                _ => write!(f, "{}/{}", ratio.numer(), ratio.denom()),
            },
        }
    }
}

impl From<DecimalText> for Exact {
    fn from(number: DecimalText) -> Exact {
        let decimal = number.decimal();
        Exact::digits(decimal.mantissa(), decimal.scale())
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
        if let (Repr::Decimal(one), Repr::Decimal(two)) = (&self.0, &other.0)
            && let Some((one, two, _)) = one.aligned(*two)
        {
            return one.cmp(&two);
        }
        self.rational().cmp(&other.rational())
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
        if let (Repr::Decimal(one), Repr::Decimal(two)) = (&self.0, &other.0)
            && let Some((one, two, scale)) = one.aligned(*two)
            && let Some(digits) = one.checked_add(two)
        {
            return Exact::digits(digits, scale);
        }
        Exact::ratio(self.rational() + other.rational())
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
        if let (Repr::Decimal(one), Repr::Decimal(two)) = (&self.0, &other.0)
            && let Some(product) = one.times(*two).or_else(|| one.without_zeros().times(two.without_zeros()))
        {
            return Exact(Repr::Decimal(product));
        }
        Exact::ratio(self.rational() * other.rational())
    }
}

impl Neg for &Exact {
    type Output = Exact;

    fn neg(self) -> Exact {
        match &self.0 {
            // No sum or product of decimals is i128::MIN: it would have to be read as one.
            Repr::Decimal(it) => match it.digits.checked_neg() {
                Some(digits) => Exact::digits(digits, it.scale),
                None => Exact(Repr::Ratio(Box::new(-self.rational()))),
            },
            Repr::Ratio(ratio) => Exact::ratio(-(**ratio).clone()),
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
