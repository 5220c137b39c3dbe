//! Times as platforms write them, as RFC 3339.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::item::Fault;

/// The zone of times that name none. None leaves it to the settings of the platform.
pub(super) type Zone = Option<TimeZone>;

/// Reads a zone: a name such as `Europe/Nicosia`, `UTC`, or an offset such as `+02:00`.
pub(super) fn zone(text: &str) -> Result<TimeZone, String> {
    let unknown = || format!("{text} is not a time zone such as Europe/Nicosia, UTC or +02:00");
    match text.starts_with(['+', '-']) {
        true => offset(text).ok_or_else(unknown),
        false => TimeZone::get(text).map_err(|_| unknown()),
    }
}

/// The offset in a name such as `Closing time (UTC+2)`.
pub(super) fn zone_in(name: &str) -> Option<TimeZone> {
    let (_, after) = name.split_once("(UTC")?;
    let (hours, _) = after.split_once(')')?;
    if hours.is_empty() { Some(TimeZone::UTC) } else { offset(hours) }
}

/// A zone that is always this far from UTC, such as `+02:00` or `-3`.
fn offset(text: &str) -> Option<TimeZone> {
    let (digits, sign) = match text.strip_prefix('-') {
        Some(digits) => (digits, -1),
        None => (text.strip_prefix('+')?, 1),
    };
    let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "0"));
    let number = |text: &str| text.parse::<i32>().ok().filter(|_| (1..=2).contains(&text.len()));
    let seconds = number(hours)?.checked_mul(3600)? + number(minutes)? * 60;
    Offset::from_seconds(sign * seconds).ok().map(TimeZone::fixed)
}

/// Turns a time into RFC 3339; without a zone if neither the text nor `zone` names one.
///
/// Read are `2026.03.02 08:15:00.120` with `.`, `-` or `/` and with or without seconds, the same with the day first,
/// RFC 3339, `20260302-08:15:00.120` of FIX, and seconds or milliseconds since 1970.
pub(super) fn at(text: &str, zone: &Zone) -> Result<String, Fault> {
    let wrong = || Fault::invalid(format!("{text} is not a time such as 2026-03-02T08:15:00.120Z"));
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i64 = text.parse().map_err(|_| wrong())?;
        let moment = match text.len() {
            10 => Timestamp::from_second(number),
            13 => Timestamp::from_millisecond(number),
            _ => return Err(wrong()),
        };
        return moment.map(|moment| moment.to_string()).map_err(|_| wrong());
    }
    let (day, time) = text.split_once(['T', ' ']).or_else(|| fix_parts(text)).ok_or_else(wrong)?;
    let day = date(day).ok_or_else(wrong)?;
    let time = time.trim();
    if time.ends_with(['Z', 'z']) || time.contains(['+', '-']) {
        // The feed reads the rest, and refuses it if it is wrong.
        return Ok(format!("{day}T{time}"));
    }
    let time = match time.matches(':').count() {
        1 => format!("{time}:00"),
        _ => time.to_owned(),
    };
    let local: DateTime = format!("{day}T{time}").parse().map_err(|_| wrong())?;
    match zone {
        None => Ok(format!("{day}T{time}")),
        Some(zone) => {
            // Of an hour that the clocks go through twice, the first one is meant.
            let moment = zone.to_ambiguous_timestamp(local).compatible().map_err(|_| wrong())?;
            Ok(moment.to_string())
        }
    }
}

/// Splits `20260302-08:15:00.120`.
fn fix_parts(text: &str) -> Option<(&str, &str)> {
    let (day, time) = text.split_once('-')?;
    (day.len() == 8).then_some((day, time))
}

/// A day as `2026-03-02`.
fn date(text: &str) -> Option<String> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() == 8 && digits(text) {
        return Some(format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]));
    }
    let parts: Vec<&str> = text.split(['.', '-', '/']).collect();
    let [first, month, last] = parts[..] else { return None };
    let (year, day) = if first.len() == 4 { (first, last) } else { (last, first) };
    let fits = year.len() == 4 && (1..=2).contains(&month.len()) && (1..=2).contains(&day.len());
    (fits && [year, month, day].into_iter().all(digits)).then(|| format!("{year}-{month:0>2}-{day:0>2}"))
}

/// A time of FIX, which is in UTC.
pub(super) fn fix_utc(text: &str) -> Result<String, Fault> {
    at(text, &Some(TimeZone::UTC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_spelling_of_each_platform() {
        for (text, expected) in [
            ("2026.03.02 08:15:00.120", "2026-03-02T08:15:00.120"),
            ("2026-03-02 08:15", "2026-03-02T08:15:00"),
            ("02/03/2026 08:15:00", "2026-03-02T08:15:00"),
            ("2.3.2026 08:15:00", "2026-03-02T08:15:00"),
            ("2026-03-02T08:15:00.12+02:00", "2026-03-02T08:15:00.12+02:00"),
            ("20260302-08:15:00.120", "2026-03-02T08:15:00.120"),
            ("1772439300120", "2026-03-02T08:15:00.12Z"),
            ("1772439300", "2026-03-02T08:15:00Z"),
        ] {
            assert_eq!(at(text, &None).as_deref(), Ok(expected), "{text}");
        }
        for text in ["2026.03.02", "02.13.2026 08:15:00", "08:15:00", "26.03.02 08:15:00", "17724393", "", "x"] {
            assert!(at(text, &None).is_err(), "{text}");
        }
    }

    #[test]
    fn a_zone_is_applied_with_its_summer_time() {
        let nicosia = Some(zone("Europe/Nicosia").unwrap());
        assert_eq!(at("2026.03.02 08:15:00", &nicosia).unwrap(), "2026-03-02T06:15:00Z");
        assert_eq!(at("2026.07.02 08:15:00", &nicosia).unwrap(), "2026-07-02T05:15:00Z");
        // The hour that comes twice.
        assert_eq!(at("2026.10.25 03:30:00", &nicosia).unwrap(), "2026-10-25T00:30:00Z");
        assert_eq!(at("2026.03.02 08:15:00Z", &nicosia).unwrap(), "2026-03-02T08:15:00Z");
        assert_eq!(fix_utc("20260302-08:15:00").unwrap(), "2026-03-02T08:15:00Z");
        assert_eq!(at("2026.03.02 08:15:00", &Some(zone("-03:30").unwrap())).unwrap(), "2026-03-02T11:45:00Z");
        assert!(zone("Europe/Atlantis").is_err() && zone("+xx").is_err());
    }

    #[test]
    fn a_column_can_name_its_offset() {
        let at_header = |name| zone_in(name).map(|zone| at("2026-03-02 08:15:00", &Some(zone)).unwrap());
        assert_eq!(at_header("Closing time (UTC+2)").as_deref(), Some("2026-03-02T06:15:00Z"));
        assert_eq!(at_header("Time (UTC-3:30)").as_deref(), Some("2026-03-02T11:45:00Z"));
        assert_eq!(at_header("Time (UTC)").as_deref(), Some("2026-03-02T08:15:00Z"));
        assert_eq!(at_header("Time"), None);
    }
}
