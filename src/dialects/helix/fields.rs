//! Values as clients of Helix send them - many as texts - and the forms in which they are answered.

use crate::dialects::kit::formats::{Fault, number};
use crate::dialects::kit::{Call, PAGE_MAX, Rejection, Scalar, optional};
use crate::domain::clock::Moment;
use crate::domain::ids::ProfileSerial;
use crate::domain::money::DecimalText;
use crate::domain::page::Window;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;

/// Characters of a text, unless the seed gives more.
pub(super) const TEXT_MAX: usize = 50;
/// Characters of a description, and of the reason of a hold.
pub(super) const DESCRIPTION_MAX: usize = 255;

/// A member as it was sent: a text, a number or a boolean. Null counts as omitted.
pub(super) type Sent = Option<Scalar>;

/// A number or a boolean as its literal.
fn literal(sent: &Sent) -> Option<String> {
    match sent {
        None | Some(Scalar::Null) => None,
        Some(Scalar::Text(text)) => Some(text.trim().to_owned()),
        Some(Scalar::Number(number)) => Some(number.clone()),
        Some(Scalar::Boolean(value)) => Some(value.to_string()),
    }
}

/// A literal that is not empty, in a format.
fn read<T>(name: &str, sent: &Sent, format: impl Fn(&str) -> Result<T, Fault>) -> Result<Option<T>, Rejection> {
    optional(name, literal(sent).as_deref(), format)
}

/// A text; the empty one is a value.
pub(super) fn text(name: &str, sent: &Sent) -> Result<Option<String>, Rejection> {
    text_of(name, sent, TEXT_MAX)
}

pub(super) fn text_of(name: &str, sent: &Sent, max: usize) -> Result<Option<String>, Rejection> {
    let text = match sent {
        None | Some(Scalar::Null) => return Ok(None),
        Some(Scalar::Text(text) | Scalar::Number(text)) => text.clone(),
        Some(Scalar::Boolean(value)) => value.to_string(),
    };
    match text.chars().count() > max {
        true => Err(Rejection::out_of_range(name, format!("at most {max} characters"))),
        false => Ok(Some(text)),
    }
}

pub(super) fn integer(name: &str, sent: &Sent) -> Result<Option<i64>, Rejection> {
    read(name, sent, |text| text.parse().map_err(|_| Fault::invalid("not a whole number")))
}

pub(super) fn required_integer(name: &str, sent: &Sent) -> Result<i64, Rejection> {
    integer(name, sent)?.ok_or_else(|| Rejection::missing(name))
}

/// `true`, `false`, 1 or 0, as such or as a text.
pub(super) fn flag(name: &str, sent: &Sent) -> Result<Option<bool>, Rejection> {
    read(name, sent, |text| match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Fault::invalid("true or false")),
    })
}

pub(super) fn decimal(name: &str, sent: &Sent) -> Result<Option<DecimalText>, Rejection> {
    read(name, sent, number)
}

/// One of these names, whatever its case.
pub(super) fn one_of<T: Copy>(name: &str, sent: &Sent, names: &[(&'static str, T)]) -> Result<Option<T>, Rejection> {
    read(name, sent, |text| {
        let found = names.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        let all = || names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        found.map(|(_, value)| *value).ok_or_else(|| Fault::invalid(format!("one of {}", all())))
    })
}

/// The name of a value.
pub(super) fn name_of<T: Copy + PartialEq>(value: T, names: &[(&'static str, T)]) -> &'static str {
    names.iter().find(|(_, known)| *known == value).map_or("", |(name, _)| name)
}

fn american(text: &str) -> Option<Date> {
    Date::strptime("%m/%d/%Y", text).ok()
}

/// A date, or a time, in any of the forms that clients send. Without an offset it is one of the program's zone.
fn moment_of(text: &str, zone: &TimeZone) -> Option<Moment> {
    if let Some(moment) = Moment::parse(text) {
        return Some(moment);
    }
    let civil = match text.parse::<DateTime>() {
        Ok(civil) if text.len() >= 10 && text.as_bytes()[4] == b'-' => civil,
        _ => american(text)?.at(0, 0, 0, 0),
    };
    let zoned = civil.to_zoned(zone.clone()).ok()?;
    Some(Moment::from_unix_ms(zoned.timestamp().as_millisecond()))
}

const DATES: &str = "a date such as 2026-03-02 or 03/02/2026, before the year 9999";

pub(super) fn date(name: &str, sent: &Sent, zone: &TimeZone) -> Result<Option<Moment>, Rejection> {
    read(name, sent, |text| moment_of(text, zone).ok_or_else(|| Fault::invalid(DATES)))
}

/// A date at whose beginning something happens: a midnight of the program's zone.
pub(super) fn midnight(name: &str, sent: &Sent, zone: &TimeZone) -> Result<Option<Moment>, Rejection> {
    let moment = date(name, sent, zone)?;
    match moment.and_then(|moment| zoned(moment, zone)) {
        Some(zoned) if zoned.start_of_day().is_ok_and(|start| start != zoned) => {
            Err(Rejection::invalid(name, "a date without a time of the day"))
        }
        _ => Ok(moment),
    }
}

/// A day in a path: when it begins, and when the next one does, which may be beyond all times.
pub(super) fn day_of_path(name: &str, text: &str, zone: &TimeZone) -> Result<(Moment, Moment), Rejection> {
    let text = percent_decode_str(text).decode_utf8_lossy();
    let is_day = text.get(10..).is_some_and(|rest| rest.is_empty() || rest.starts_with('T'));
    let date = text.get(..10).filter(|_| is_day).and_then(|day| day.parse().ok()).or_else(|| american(&text));
    let begin = |date: Option<Date>| {
        let begins = date.and_then(|date| date.to_zoned(zone.clone()).ok());
        begins.map_or(Moment::MAX, |zoned| Moment::from_unix_ms(zoned.timestamp().as_millisecond()))
    };
    let date = date.ok_or_else(|| Rejection::invalid(name, "a date such as 2026-03-02"))?;
    Ok((begin(Some(date)), begin(date.tomorrow().ok())))
}

/// A date of the calendar, as the core stores dates of birth: the one that was written, whatever the time and the
/// offset that a client adds.
pub(super) fn day(name: &str, sent: &Sent, zone: &TimeZone) -> Result<Option<String>, Rejection> {
    read(name, sent, |text| {
        let date = text.get(..10).and_then(|day| day.parse().ok()).or_else(|| american(text));
        let date = date.filter(|_| moment_of(text, zone).is_some());
        Ok(date.ok_or_else(|| Fault::invalid(DATES))?.to_string())
    })
}

fn zoned(moment: Moment, zone: &TimeZone) -> Option<jiff::Zoned> {
    Some(jiff::Timestamp::from_millisecond(moment.unix_ms()).ok()?.to_zoned(zone.clone()))
}

/// As the vendor writes times: `2026-03-02T08:15:00.120-05:00`, in the program's zone.
pub(super) fn shown(moment: Moment, zone: &TimeZone) -> String {
    zoned(moment, zone).map(|zoned| zoned.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()).unwrap_or_default()
}

/// A date of the calendar, `2026-03-02`, as the time at which it begins. None for other texts.
pub(super) fn shown_day(day: &str, zone: &TimeZone) -> Option<String> {
    let date: Date = day.parse().ok().filter(|_| day.len() == 10)?;
    let begins = date.to_zoned(zone.clone()).ok()?.timestamp();
    Some(shown(Moment::from_unix_ms(begins.as_millisecond()), zone))
}

/// How the program reckons time.
pub(super) struct Program {
    pub zone: TimeZone,
    /// The present month, such as 202611.
    pub month: i64,
}

pub(super) fn program(call: &Call) -> Result<Program, Rejection> {
    Ok(Program { zone: zone(call)?, month: call.app()?.present_month() })
}

/// The time zone of the program.
pub(super) fn zone(call: &Call) -> Result<TimeZone, Rejection> {
    Ok(call.app()?.settings().program.time_zone.clone())
}

/// A number in the path. One that is no number is the id of nothing.
pub(super) fn path_number(call: &Call, name: &str) -> i64 {
    call.path(name).parse().unwrap_or(0)
}

pub(super) fn path_client(call: &Call) -> ProfileSerial {
    ProfileSerial(path_number(call, "customerId"))
}

/// A text from the path or, if the path has none, from the query. A plus is a plus in both: clients do not encode it.
pub(super) fn path_or_query(call: &Call, name: &str) -> Result<String, Rejection> {
    call.query().one(name)?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    if !call.path(name).is_empty() {
        return Ok(decoded(call.path(name)));
    }
    let pairs = call.query_string().split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| decoded(value));
    Ok(found.unwrap_or_default())
}

/// The most rows of a page, and those of one whose size the caller does not give.
const PAGE_SIZE: u32 = 200;

/// The page of a list. Pages count from 0.
pub(super) fn window(call: &Call, newest_first: bool) -> Result<Window, Rejection> {
    let query = call.query();
    let page = query.within("pageNumber", 0..=PAGE_MAX)?.unwrap_or(0);
    let size = query.within("pageSize", 1..=PAGE_SIZE)?.unwrap_or(PAGE_SIZE);
    Ok(Window { offset: page.saturating_mul(size), limit: size, newest_first })
}

/// The rows of a page of a list that is read as a whole.
pub(super) fn part_of<T>(all: &[T], page: Window) -> &[T] {
    let begin = usize::try_from(page.offset).unwrap_or(usize::MAX).min(all.len());
    let rest = &all[begin..];
    &rest[..rest.len().min(usize::try_from(page.limit).unwrap_or(usize::MAX))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> Sent {
        Some(Scalar::Text(text.to_owned()))
    }

    #[test]
    fn values_may_be_texts() {
        assert_eq!((integer("x", &sent("305")), integer("x", &sent(""))), (Ok(Some(305)), Ok(None)));
        assert_eq!(integer("x", &Some(Scalar::Number("305".into()))), Ok(Some(305)));
        assert!(integer("x", &sent("3.5")).is_err());
        for (text, value) in [("true", true), ("False", false), ("1", true), ("0", false)] {
            assert_eq!(flag("x", &sent(text)), Ok(Some(value)), "{text}");
        }
        assert_eq!(flag("x", &Some(Scalar::Boolean(true))), Ok(Some(true)));
        assert!(flag("x", &sent("yes")).is_err());
        assert_eq!(decimal("x", &sent("2.75")), Ok(Some(DecimalText::parse("2.75").unwrap())));
        assert_eq!((text("x", &sent("")), text("x", &None)), (Ok(Some(String::new())), Ok(None)));
        assert!(text("x", &sent(&"é".repeat(51))).is_err());
        let names = [("FULL", 1), ("RDONLY", 2)];
        assert_eq!((one_of("x", &sent("full"), &names), name_of(2, &names)), (Ok(Some(1)), "RDONLY"));
    }

    #[test]
    fn dates_are_read_in_several_forms_and_shown_in_the_zone_of_the_program() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let read = |text: &str| date("x", &sent(text), &zone).map(|found| found.map(|moment| shown(moment, &zone)));
        let day_of = "2030-01-02T00:00:00.000-05:00";
        for text in ["2030-01-02", "01/02/2030", "2030-01-02T00:00:00", day_of, "2030-01-02T05:00:00Z"] {
            assert_eq!(read(text), Ok(Some(day_of.to_owned())), "{text}");
        }
        assert_eq!(read("07/04/2030"), Ok(Some("2030-07-04T00:00:00.000-04:00".to_owned())));
        for bad in ["2030-02-29", "13/01/2030", "tomorrow", "20300102", "1", "2030-1-2"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(day("x", &sent("01/01/1985"), &zone), Ok(Some("1985-01-01".to_owned())));
        assert_eq!(shown_day("1985-01-01", &zone).as_deref(), Some("1985-01-01T00:00:00.000-05:00"));
        assert_eq!(day("x", &sent("1985-01-01T00:00:00.000-05:00"), &zone), Ok(Some("1985-01-01".to_owned())));
        for text in ["1990-04-12T00:00:00.000+02:00", "1990-04-12T23:00:00Z", "04/12/1990", "1990-04-12"] {
            assert_eq!(day("x", &sent(text), &zone), Ok(Some("1990-04-12".to_owned())), "{text}");
        }
        assert!(day("x", &sent("1990-04-12T25:00:00"), &zone).is_err());
        assert_eq!(shown_day("born", &zone), None);
    }
}
