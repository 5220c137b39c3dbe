//! Numbers of the usual size, in machine words.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};
use std::cmp::Ordering;
use std::fmt;

/// Decimals that an `i128` has room for.
pub(super) const SCALE_MAX: u32 = 38;

const POWERS: [i128; SCALE_MAX as usize + 1] = {
    let mut powers = [1; SCALE_MAX as usize + 1];
    let mut scale = 1;
    while scale < powers.len() {
        powers[scale] = powers[scale - 1] * 10;
        scale += 1;
    }
    powers
};

/// `digits / (over x 10^scale)`: a decimal number, or a fraction of one such as a third. `over` is not 0, `scale` at
/// most [`SCALE_MAX`]. Need not be reduced.
///
/// Nearly all numbers of the feed and their products fit, and are computed many times as fast as with [`BigRational`],
/// which the caller falls back to where a function here returns None because something does not fit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Small {
    pub(super) digits: i128,
    pub(super) over: u64,
    pub(super) scale: u32,
}

impl Small {
    pub(super) const fn decimal(digits: i128, scale: u32) -> Small {
        Small { digits, over: 1, scale }
    }

    /// The digits of both numbers at one scale.
    fn aligned(self, other: Small) -> Option<(i128, i128, u32)> {
        let scale = self.scale.max(other.scale);
        Some((self.at(scale)?, other.at(scale)?, scale))
    }

    fn at(self, scale: u32) -> Option<i128> {
        if scale == self.scale {
            return Some(self.digits);
        }
        self.digits.checked_mul(*POWERS.get((scale - self.scale) as usize)?)
    }

    pub(super) fn plus(self, other: Small) -> Option<Small> {
        let (one, two, scale) = self.aligned(other)?;
        let sum = |one: i128, two: i128, over| Some(Small { digits: one.checked_add(two)?, over, scale });
        let times = |digits: i128, factor: u64| digits.checked_mul(i128::from(factor));
        if self.over == other.over {
            sum(one, two, self.over)
        } else if self.over.is_multiple_of(other.over) {
            sum(one, times(two, self.over / other.over)?, self.over)
        } else if other.over.is_multiple_of(self.over) {
            sum(times(one, other.over / self.over)?, two, other.over)
        } else {
            sum(times(one, other.over)?, times(two, self.over)?, self.over.checked_mul(other.over)?)
        }
    }

    pub(super) fn times(self, other: Small) -> Option<Small> {
        self.product(other).or_else(|| self.without_zeros().product(other.without_zeros()))
    }

    fn product(self, other: Small) -> Option<Small> {
        let scale = self.scale + other.scale;
        let digits = self.digits.checked_mul(other.digits)?;
        let over = self.over.checked_mul(other.over)?;
        (scale <= SCALE_MAX).then_some(Small { digits, over, scale })
    }

    /// None if the divisor is zero, too.
    pub(super) fn divided(self, by: Small) -> Option<Small> {
        let mut digits = self.digits.checked_mul(i128::from(by.over))?;
        let mut divisor = u64::try_from(by.digits.unsigned_abs()).ok().filter(|divisor| *divisor > 0)?;
        let common = common_divisor(digits, divisor);
        digits /= i128::from(common);
        divisor /= common;
        let digits = if by.digits < 0 { digits.checked_neg()? } else { digits };
        let over = self.over.checked_mul(divisor)?;
        match self.scale.checked_sub(by.scale) {
            Some(scale) => Some(Small { digits, over, scale }),
            None => Some(Small { digits: Small { digits, over, scale: self.scale }.at(by.scale)?, over, scale: 0 }),
        }
    }

    pub(super) fn negated(self) -> Option<Small> {
        Some(Small { digits: self.digits.checked_neg()?, ..self })
    }

    pub(super) fn compared(self, other: Small) -> Option<Ordering> {
        let (one, two, _) = self.aligned(other)?;
        if self.over == other.over {
            return Some(one.cmp(&two));
        }
        Some(one.checked_mul(i128::from(other.over))?.cmp(&two.checked_mul(i128::from(self.over))?))
    }

    /// The digits at `scale` decimals, rounded half away from zero.
    pub(super) fn rounded(self, scale: u32) -> Option<i128> {
        if self.over == 1 && self.scale <= scale {
            return self.at(scale);
        }
        let (above, below) = match self.scale.checked_sub(scale) {
            Some(more) => (self.digits, i128::from(self.over).checked_mul(*POWERS.get(more as usize)?)?),
            None => (self.at(scale)?, i128::from(self.over)),
        };
        let (whole, rest) = (above / below, above % below);
        let is_up = rest.unsigned_abs() >= below.unsigned_abs().div_ceil(2);
        Some(if is_up { whole + above.signum() } else { whole })
    }

    fn without_zeros(mut self) -> Small {
        while self.scale > 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.scale -= 1;
        }
        self
    }

    /// The one form that all representations of a number share: reduced, `over` without factors 2 and 5, no zeros at
    /// the end.
    pub(super) fn canonical(self) -> Option<Small> {
        let common = common_divisor(self.digits, self.over);
        let digits = self.digits / i128::from(common);
        let mut it = Small { digits, over: self.over / common, ..self }.without_zeros();
        for (factor, other) in [(10, 1), (2, 5), (5, 2)] {
            while it.over.is_multiple_of(factor) {
                it = Small { digits: it.digits.checked_mul(other)?, over: it.over / factor, scale: it.scale + 1 };
            }
        }
        (it.scale <= SCALE_MAX).then_some(it)
    }

    /// Not reduced.
    pub(super) fn rational(self) -> BigRational {
        let below = BigInt::from(POWERS[self.scale as usize]) * self.over;
        BigRational::new_raw(self.digits.into(), below)
    }

    /// The canonical form of a reduced ratio.
    pub(super) fn from_rational(ratio: &BigRational) -> Option<Small> {
        let twos = u32::try_from(ratio.denom().trailing_zeros()?).ok()?;
        let mut over = ratio.denom() >> twos;
        let mut fives = 0;
        let five = BigInt::from(5);
        while !over.is_one() && (&over % &five).is_zero() {
            over /= &five;
            fives += 1;
        }
        let scale = twos.max(fives);
        let over = over.to_u64().filter(|_| scale <= SCALE_MAX)?;
        let digits = ratio.numer() * BigInt::from(2).pow(scale - twos) * BigInt::from(5).pow(scale - fives);
        Some(Small { digits: digits.to_i128()?, over, scale }.without_zeros())
    }

    /// Reads `[-]digits[.digits]`.
    pub(super) fn parse(text: &str) -> Option<Small> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        let scale = u32::try_from(fraction.len()).ok().filter(|scale| *scale <= SCALE_MAX)?;
        let mut digits: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            digits = digits.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
        }
        Some(Small::decimal(if unsigned.len() < text.len() { -digits } else { digits }, scale))
    }
}

/// At least 1.
fn common_divisor(digits: i128, with: u64) -> u64 {
    if with == 1 {
        return 1;
    }
    let (mut a, mut b) = (with, u64::try_from(digits.unsigned_abs() % u128::from(with)).unwrap_or(0));
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Decimal text if `over` is 1, else such as `0.7/3`; the caller makes it canonical.
impl fmt::Display for Small {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scale == 0 {
            self.digits.fmt(f)?;
        } else {
            let unit = POWERS[self.scale as usize].unsigned_abs();
            let (whole, fraction) = (self.digits.unsigned_abs() / unit, self.digits.unsigned_abs() % unit);
            let sign = if self.digits < 0 { "-" } else { "" };
            write!(f, "{sign}{whole}.{fraction:0>width$}", width = self.scale as usize)?;
        }
        if self.over == 1 { Ok(()) } else { write!(f, "/{}", self.over) }
    }
}
