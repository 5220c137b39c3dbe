//! Days of the calendar, and when they begin in a time zone.

use super::clock::Moment;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A day of the calendar; as text, `2026-11-28`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Date);

impl TryFrom<String> for Day {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Day, Self::Error> {
        Day::parse(&text).ok_or("not a day such as 2026-11-28")
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Day {
    /// Reads `yyyy-mm-dd`, in the years that a [`Moment`] can be in.
    pub fn parse(text: &str) -> Option<Day> {
        let day = if text.len() == 10 { text.parse::<Date>().ok()? } else { return None };
        (1..=9998).contains(&day.year()).then_some(Day(day))
    }

    /// The day that it is at a moment in a zone.
    pub fn of(moment: Moment, zone: &TimeZone) -> Day {
        let at = Timestamp::from_millisecond(moment.unix_ms()).unwrap_or(Timestamp::UNIX_EPOCH);
        Day(zone.to_datetime(at).date())
    }

    /// The first moment of the day in a zone. Where clocks skip midnight, the day begins when they go on.
    pub fn begins(self, zone: &TimeZone) -> Moment {
        let midnight = zone.to_ambiguous_timestamp(self.0.at(0, 0, 0, 0)).compatible();
        // Every day that can be parsed is within the range of timestamps.
        Moment::from_unix_ms(midnight.map_or(i64::MAX, Timestamp::as_millisecond))
    }

    /// Of the month, from 1.
    pub fn number(self) -> i8 {
        self.0.day()
    }

    #[must_use]
    pub fn plus_days(self, days: i32) -> Day {
        Day(self.0.saturating_add(days.days()))
    }

    /// The same day of a later month; the last one of that month if it has no such day.
    #[must_use]
    pub fn plus_months(self, months: i32) -> Day {
        Day(self.0.saturating_add(months.months()))
    }

    #[must_use]
    pub fn first_of_month(self) -> Day {
        Day(self.0.first_of_month())
    }

    /// Year and month as one number, such as 202611.
    pub fn month(self) -> i64 {
        i64::from(self.0.year()) * 100 + i64::from(self.0.month())
    }

    /// How many days there are from this one to a later one; negative if it is earlier.
    pub fn days_until(self, later: Day) -> i32 {
        self.0.until(later.0).map_or(0, |span| span.get_days())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn a_day_begins_at_midnight_of_its_zone_or_when_clocks_go_on() {
        for (zone, of, begins) in [
            ("UTC", "2026-11-28", "2026-11-28T00:00:00.000Z"),
            ("America/New_York", "2026-11-28", "2026-11-28T05:00:00.000Z"),
            // Clocks go forward and back during the day.
            ("America/New_York", "2026-03-08", "2026-03-08T05:00:00.000Z"),
            ("America/New_York", "2026-03-09", "2026-03-09T04:00:00.000Z"),
            ("America/New_York", "2026-11-01", "2026-11-01T04:00:00.000Z"),
            ("America/New_York", "2026-11-02", "2026-11-02T05:00:00.000Z"),
            // There is no midnight: clocks go from 0:00 to 1:00.
            ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00.000Z"),
            // There are two: clocks go from 24:00 back to 23:00, and the day begins after the second.
            ("Africa/Cairo", "2026-10-30", "2026-10-29T22:00:00.000Z"),
        ] {
            let zone = TimeZone::get(zone).unwrap();
            assert_eq!(day(of).begins(&zone).to_string(), begins, "{of}");
            assert_eq!(Day::of(day(of).begins(&zone), &zone), day(of));
            assert_eq!(Day::of(day(of).begins(&zone).plus_ms(-1), &zone), day(of).plus_days(-1));
        }
    }

    #[test]
    fn text_that_is_no_day_is_rejected() {
        for text in ["", "2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "2026-01-01T00:00:00Z", "0000-01-01"] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert_eq!(day("2024-02-29").to_string(), "2024-02-29");
        assert_eq!((day("2026-11-28").month(), day("2026-11-28").number()), (202_611, 28));
        assert_eq!(day("2026-01-31").plus_months(1), day("2026-02-28"));
        assert_eq!(day("2026-02-27").days_until(day("2026-03-01")), 2);
    }
}
