//! Reads the values that a caller sent in a path, a query string or a body. The dialect gives each its name and its
//! format (see `formats`); the rejection of a wrong value carries that name.

use super::body::Literal;
use super::call::Call;
use super::formats::{Fault, check_digits};
use super::query::QueryParams;
use super::rejection::Rejection;
use std::ops::RangeInclusive;

/// A value as it was sent.
pub trait Sent {
    /// The text to parse; `None` if it counts as omitted.
    fn text(&self) -> Option<&str>;
}

/// An empty string counts as omitted.
impl Sent for str {
    fn text(&self) -> Option<&str> {
        Some(self).filter(|text| !text.is_empty())
    }
}

impl Sent for String {
    fn text(&self) -> Option<&str> {
        self.as_str().text()
    }
}

/// A number or an enum, which cannot be empty.
impl Sent for Literal {
    fn text(&self) -> Option<&str> {
        Some(&self.0)
    }
}

pub fn optional<T>(
    name: &str,
    sent: Option<&(impl Sent + ?Sized)>,
    format: impl Fn(&str) -> Result<T, Fault>,
) -> Result<Option<T>, Rejection> {
    sent.and_then(Sent::text).map(format).transpose().map_err(|fault| fault.of(name))
}

pub fn required<T>(
    name: &str,
    sent: Option<&(impl Sent + ?Sized)>,
    format: impl Fn(&str) -> Result<T, Fault>,
) -> Result<T, Rejection> {
    optional(name, sent, format)?.ok_or_else(|| Rejection::missing(name))
}

/// A text that is neither empty nor longer than `max` characters.
pub fn required_text(name: &str, text: Option<String>, max: usize) -> Result<String, Rejection> {
    let text = text.filter(|text| !text.is_empty()).ok_or_else(|| Rejection::missing(name))?;
    if text.chars().count() > max {
        return Err(Rejection::out_of_range(name, format!("at most {max} characters")));
    }
    Ok(text)
}

impl Call {
    /// A path parameter in a format.
    pub fn path_value<T>(&self, name: &str, format: impl Fn(&str) -> Result<T, Fault>) -> Result<T, Rejection> {
        format(self.path(name)).map_err(|fault| fault.of(name))
    }
}

impl QueryParams {
    /// The value of a parameter that may be given once; `None` if it is absent or empty.
    pub fn value<T>(&self, name: &str, format: impl Fn(&str) -> Result<T, Fault>) -> Result<Option<T>, Rejection> {
        optional(name, self.one(name)?, format)
    }

    /// All values of a repeatable parameter, sent as `name` or `name[]`.
    pub fn values<T>(&self, name: &str, format: impl Fn(&str) -> Result<T, Fault>) -> Result<Vec<T>, Rejection> {
        self.all(name).map(format).collect::<Result<_, _>>().map_err(|fault| fault.of(name))
    }

    /// The values of a parameter that is a list, such as `1, 2`; none if it is absent or empty. An empty part, as in
    /// `1,`, is refused.
    pub fn list<T>(&self, name: &str, format: impl Fn(&str) -> Result<T, Fault>) -> Result<Vec<T>, Rejection> {
        let Some(list) = self.one(name)? else { return Ok(Vec::new()) };
        let value = |part: &str| match part.trim() {
            "" => Err(Fault::invalid("a value is missing beside a comma")),
            part => format(part),
        };
        list.split(',').map(value).collect::<Result<_, _>>().map_err(|fault| fault.of(name))
    }

    /// A whole number. One that does not fit is the largest or the smallest of its type.
    pub fn number(&self, name: &str) -> Result<Option<i64>, Rejection> {
        self.value(name, |text| {
            check_digits(text)?;
            Ok(text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX }))
        })
    }

    /// A whole number in a range.
    pub fn within(&self, name: &str, range: RangeInclusive<u32>) -> Result<Option<u32>, Rejection> {
        let Some(number) = self.number(name)? else { return Ok(None) };
        let found = u32::try_from(number).ok().filter(|number| range.contains(number));
        let reason = || format!("{} to {}", range.start(), range.end());
        found.map(Some).ok_or_else(|| Rejection::out_of_range(name, reason()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::kit::formats::{decimal, serial};
    use crate::domain::ids::GroupSerial;

    #[test]
    fn an_empty_string_counts_as_omitted_and_an_empty_literal_does_not() {
        assert_eq!(optional("rate", Some(""), decimal), Ok(None));
        assert_eq!(required("rate", None::<&str>, decimal), Err(Rejection::missing("rate")));
        assert_eq!(required("rate", Some(&String::new()), decimal), Err(Rejection::missing("rate")));
        let empty = optional("rate", Some(&Literal(String::new())), decimal).unwrap_err();
        assert!(matches!(empty, Rejection::InvalidField { name, .. } if name == "rate"));
    }

    #[test]
    fn texts_are_limited_in_characters() {
        let read = |text: &str| required_text("name", Some(text.to_owned()), 2);
        assert_eq!((read("éé"), read("")), (Ok("éé".to_owned()), Err(Rejection::missing("name"))));
        assert_eq!(read("abc"), Err(Rejection::out_of_range("name", "at most 2 characters")));
    }

    #[test]
    fn numbers_of_a_query_string_are_in_their_range() {
        let query = QueryParams::parse("a=0&b=-1&c=4294967296&d=99999999999999999999&e=ten&f=&g=7").unwrap();
        let read = |name| query.within(name, 0..=9);
        assert_eq!((read("a"), read("f"), read("g"), read("absent")), (Ok(Some(0)), Ok(None), Ok(Some(7)), Ok(None)));
        for name in ["b", "c", "d"] {
            assert_eq!(read(name), Err(Rejection::out_of_range(name, "0 to 9")));
        }
        assert_eq!(read("e"), Err(Rejection::invalid("e", "not a whole number")));
        assert_eq!((query.number("b"), query.number("d")), (Ok(Some(-1)), Ok(Some(i64::MAX))));
    }

    #[test]
    fn lists_are_repeated_or_have_commas() {
        let query = QueryParams::parse("id=1&id[]=2&ids=3,%204&bad=5,").unwrap();
        let serials = |numbers: [i64; 2]| Ok(numbers.map(GroupSerial).to_vec());
        assert_eq!(query.values("id", serial(GroupSerial)), serials([1, 2]));
        assert_eq!(query.list("ids", serial(GroupSerial)), serials([3, 4]));
        assert_eq!(query.list("absent", serial(GroupSerial)), Ok(Vec::new()));
        assert!(query.list("bad", serial(GroupSerial)).is_err());
    }
}
