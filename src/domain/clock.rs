//! Time and randomness: moments, and the clock and random source that tests replace.

use std::fmt;

/// A moment in milliseconds since 1970-01-01T00:00:00Z. It is displayed as RFC 3339 in UTC with three decimals, exactly
/// as it is stored, so a caller can send back a time it has read as a filter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Moment(i64);

impl Moment {
    /// The latest moment that the system accepts, 9999-12-30T22:00:00Z.
    pub const MAX: Moment = Moment(253_402_207_200_000);

    /// Values outside the years 1 to 9999 are clamped.
    pub fn from_unix_ms(ms: i64) -> Moment {
        Moment(ms.clamp(-62_135_596_800_000, Moment::MAX.0))
    }

    pub fn unix_ms(self) -> i64 {
        self.0
    }

    pub fn unix_s(self) -> i64 {
        self.0.div_euclid(1000)
    }

    pub fn plus_ms(self, ms: i64) -> Moment {
        Moment::from_unix_ms(self.0.saturating_add(ms))
    }

    pub fn plus_s(self, s: i64) -> Moment {
        self.plus_ms(s.saturating_mul(1000))
    }

    /// Reads an RFC 3339 time; fractions of a millisecond are dropped.
    pub fn parse(text: &str) -> Option<Moment> {
        Moment::parse_exactly(text).map(|(moment, _)| moment)
    }

    /// Reads an RFC 3339 time, with the nanoseconds beyond its millisecond.
    pub fn parse_exactly(text: &str) -> Option<(Moment, u32)> {
        if text.len() > 40 {
            return None;
        }
        match text.parse::<jiff::Timestamp>() {
            Ok(timestamp) => Moment::exactly(timestamp),
            // The last hours of the year 9999 are often used to mean "no end".
            Err(_) => {
                let pieces = jiff::fmt::temporal::Pieces::parse(text).ok()?;
                let is_time = pieces.time().is_some() && pieces.offset().is_some();
                (is_time && pieces.date() >= jiff::civil::date(9999, 12, 30)).then_some((Moment::MAX, 0))
            }
        }
    }

    /// The millisecond of a time, and the nanoseconds beyond it. None: outside the years 1 to 9999.
    pub fn exactly(timestamp: jiff::Timestamp) -> Option<(Moment, u32)> {
        let nanoseconds = timestamp.as_nanosecond();
        let ms = i64::try_from(nanoseconds.div_euclid(1_000_000)).ok()?;
        let beyond = u32::try_from(nanoseconds.rem_euclid(1_000_000)).ok()?;
        let moment = Moment::from_unix_ms(ms);
        (moment.0 == ms).then_some((moment, beyond))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp:.3}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Moment;
}

/// A clock that can be set and one that cannot, at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// By the one that can be set.
    pub time: Moment,
    /// By the other: milliseconds since a moment of its own, such as the start of the machine.
    pub steady_ms: i64,
}

impl Reading {
    /// The difference between the two clocks, which a leap changes.
    pub fn offset_ms(self) -> i64 {
        self.time.unix_ms().saturating_sub(self.steady_ms)
    }
}

/// The clock of a machine, which can be set, beside one that cannot.
pub trait MachineClock: Clock {
    fn reading(&self) -> Reading;

    /// Which start of the machine the steady clock counts from; None if that is not known.
    fn boot(&self) -> Option<String>;
}

/// The source of random bytes. They must be unpredictable, since ids, tokens and keys are made from them.
pub trait Randomness: Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displayed_moments_are_read_back() {
        let moment = Moment::from_unix_ms(1_772_439_300_120);
        assert_eq!(moment.to_string(), "2026-03-02T08:15:00.120Z");
        assert_eq!(Moment::parse(&moment.to_string()), Some(moment));
        assert_eq!(Moment::parse("2026-03-02T10:15:00.120+02:00"), Some(moment));
    }

    #[test]
    fn a_time_has_nanoseconds_beyond_its_millisecond() {
        let read = |text: &str| Moment::parse_exactly(text).map(|(moment, beyond)| (moment.unix_ms(), beyond));
        assert_eq!(read("2026-03-02T08:15:00.120000001Z"), Some((1_772_439_300_120, 1)));
        assert_eq!(read("2026-03-02T08:15:00.1209+00:00"), Some((1_772_439_300_120, 900_000)));
        assert_eq!(read("1969-12-31T23:59:59.9999Z"), Some((-1, 900_000)));
        assert_eq!(read("9999-12-31T23:59:59.999999Z"), Some((Moment::MAX.unix_ms(), 0)));
    }

    #[test]
    fn text_that_is_not_a_time_is_rejected() {
        assert_eq!(Moment::parse("9999-12-31T23:59:59Z"), Some(Moment::MAX));
        for text in
            ["9999-12-31", "9999-12-31T23:59:59", "", "yesterday", "2026-13-01T00:00:00Z", "2026-03-02", "1772439300"]
        {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
