//! Formats of single values. A dialect that spells a value in its own way writes a function of the same shape.

use super::rejection::Rejection;
use crate::domain::clock::Moment;
use crate::domain::money::{AmountError, DecimalText};
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Field, Refusal};
use url::Url;
use uuid::Uuid;

/// Why a text is not a value of a format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    Invalid(String),
    OutOfRange(String),
    /// A rule of the core refuses the value. The dialect spells its field.
    Refused(Refusal),
}

impl Fault {
    pub fn invalid(reason: impl Into<String>) -> Fault {
        Fault::Invalid(reason.into())
    }

    /// The rejection of the value that the caller sent under this name.
    pub(super) fn of(self, name: &str) -> Rejection {
        match self {
            Fault::Invalid(reason) => Rejection::invalid(name, reason),
            Fault::OutOfRange(reason) => Rejection::out_of_range(name, reason),
            Fault::Refused(refusal) => refusal.into(),
        }
    }
}

/// A UUID in its hyphenated form.
pub fn uuid<T: From<Uuid>>(text: &str) -> Result<T, Fault> {
    // Only the hyphenated form has 36 characters.
    let parsed = if text.len() == 36 { Uuid::parse_str(text).ok() } else { None };
    parsed.map(T::from).ok_or_else(|| Fault::invalid("not a UUID"))
}

/// A serial number of the core, for dialects that show these as ids.
pub fn serial<T>(id: fn(i64) -> T) -> impl Fn(&str) -> Result<T, Fault> {
    move |text| text.parse().map(id).map_err(|_| Fault::invalid("ids are whole numbers"))
}

/// From 0 to 2^64 - 1.
pub fn whole_number(text: &str) -> Result<u64, Fault> {
    check_digits(text)?;
    text.parse().map_err(|_| Fault::OutOfRange("a whole number from 0 to 2^64 - 1".into()))
}

/// Refuses a text that is no whole number, whatever its size.
pub(super) fn check_digits(text: &str) -> Result<(), Fault> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if is_whole { Ok(()) } else { Err(Fault::invalid("not a whole number")) }
}

/// An exact decimal number, digit for digit as sent.
pub fn decimal(text: &str) -> Result<DecimalText, Fault> {
    DecimalText::parse(text).map_err(|error| match error {
        AmountError::TooLong => Fault::OutOfRange(error.to_string()),
        _ => Fault::invalid(error.to_string()),
    })
}

/// An exact decimal number that may have an exponent, as programs write small JSON numbers: `1e-7`.
pub fn number(text: &str) -> Result<DecimalText, Fault> {
    match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => decimal(&shifted(digits, exponent).ok_or_else(|| Fault::invalid("not a number"))?),
        None => decimal(text),
    }
}

/// The largest exponent; no amount has more digits.
const EXPONENT_MAX: usize = 40;

/// A decimal with its point moved by an exponent; `None` if either is malformed.
fn shifted(digits: &str, exponent: &str) -> Option<String> {
    let exponent: i32 = exponent.parse().ok()?;
    let by = usize::try_from(exponent.unsigned_abs()).ok().filter(|by| *by <= EXPONENT_MAX)?;
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || ![whole, fraction].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    let padding = "0".repeat(by);
    let (all, point) = match exponent < 0 {
        true => (format!("{padding}{whole}{fraction}"), whole.len()),
        false => (format!("{whole}{fraction}{padding}"), whole.len() + by),
    };
    let (whole, fraction) = all.split_at(point);
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// A time in the form of RFC 3339, with any offset.
pub fn rfc3339(text: &str) -> Result<Moment, Fault> {
    Moment::parse(text).ok_or_else(|| Fault::invalid("not an RFC 3339 time such as 2026-03-02T08:15:00Z"))
}

pub fn currency(text: &str) -> Result<CurrencyCode, Fault> {
    CurrencyCode::parse(Field::Currency, text).map_err(Fault::Refused)
}

/// The address of a receiver of events: `http` or `https`, without a user and a fragment. Its host is not looked up.
pub fn receiver(text: &str) -> Result<Url, Fault> {
    let fault = || Fault::invalid("an http or https URL without a user, such as https://example.com/events");
    // The parser takes more than these, and drops an empty user.
    let is_plain = !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\');
    let authority = text.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
    let has_no_user = authority.is_some_and(|authority| !authority.contains('@'));
    let url = Url::parse(text).ok().filter(|_| is_plain && has_no_user).ok_or_else(fault)?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    if is_web && url.fragment().is_none() { Ok(url) } else { Err(fault()) }
}

/// One of these names.
pub fn one_of<T: Copy>(names: &[(&'static str, T)]) -> impl Fn(&str) -> Result<T, Fault> {
    move |text| {
        let found = names.iter().find(|(name, _)| *name == text);
        found.map(|(_, value)| *value).ok_or_else(|| unknown(names.iter().map(|(name, _)| (*name).to_owned())))
    }
}

/// A name of the core, in capitals: `capitals(Lifecycle::ALL, Lifecycle::name)`.
pub fn capitals<T: Copy, const N: usize>(
    all: [T; N],
    name: fn(T) -> &'static str,
) -> impl Fn(&str) -> Result<T, Fault> {
    move |text| {
        let found = all.into_iter().find(|value| name(*value).to_uppercase() == text);
        found.ok_or_else(|| unknown(all.into_iter().map(|value| name(value).to_uppercase())))
    }
}

/// The fault of a text that is none of these names.
pub fn unknown(names: impl IntoIterator<Item = String>) -> Fault {
    match names.into_iter().collect::<Vec<_>>().as_slice() {
        [one] => Fault::invalid(format!("must be {one}")),
        [one, other] => Fault::invalid(format!("{one} or {other}")),
        names => Fault::invalid(format!("one of {}", names.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::accounts::{Lifecycle, OwnerAccess};
    use crate::domain::ids::{AccountId, ProfileSerial};

    fn invalid<T>(reason: &str) -> Result<T, Fault> {
        Err(Fault::invalid(reason))
    }

    #[test]
    fn ids_have_one_form() {
        let id = "0198c1f0-0000-7000-8000-000000000000";
        assert_eq!(uuid::<AccountId>(id).unwrap().to_string(), id);
        for other in ["", "5", &id.replace('-', ""), &format!("{{{id}}}"), &id[..35]] {
            assert!(uuid::<AccountId>(other).is_err(), "{other}");
        }
        assert_eq!(serial(ProfileSerial)("305"), Ok(ProfileSerial(305)));
        assert_eq!(serial(ProfileSerial)("x"), invalid("ids are whole numbers"));
    }

    #[test]
    fn a_receiver_is_a_plain_web_address() {
        for good in
            ["https://example.com", "http://10.0.0.1:8080/hooks?a=b", "https://[2001:db8::1]/", "HTTPS://BÜCHER.de"]
        {
            assert!(receiver(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "/events",
            "ftp://example.com",
            "file:///etc/passwd",
            "https://",
            "https://user@example.com",
            "https://user:secret@example.com",
            "https://@example.com",
            "https:example.com",
            "https:\\\\example.com",
            "https://example.com/#part",
            " https://example.com",
            "https://example.com/a\nb",
            "https://example.com:99999/",
            "javascript:alert(1)",
        ] {
            assert!(receiver(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_number_out_of_range_is_told_from_what_is_no_number() {
        assert_eq!(whole_number("18446744073709551615"), Ok(u64::MAX));
        for text in ["-1", "18446744073709551616"] {
            assert!(matches!(whole_number(text), Err(Fault::OutOfRange(_))), "{text}");
        }
        for text in ["", "-", "1.0", "1e3", "+1", " 1"] {
            assert_eq!(whole_number(text), invalid("not a whole number"), "{text}");
        }
    }

    #[test]
    fn an_exponent_moves_the_point() {
        for (text, plain) in [
            ("1e-7", "0.0000001"),
            ("-5e-1", "-0.5"),
            ("1.5E3", "1500"),
            ("12.345e+1", "123.45"),
            ("0e40", "0"),
            ("100e-2", "1"),
            ("10.50", "10.50"),
        ] {
            assert_eq!(number(text).map(String::from), Ok(plain.to_owned()), "{text}");
        }
        for text in ["1e", "e1", "1e41", "1e99999999999", "1e1.5", "--1e1", "1.2.3e1", "0x1e1", ".5e1", "1e1e1"] {
            assert!(number(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_exact_and_a_fault_lists_them() {
        let order = one_of(&[("asc", false), ("desc", true)]);
        assert_eq!((order("desc"), order("DESC")), (Ok(true), invalid("asc or desc")));
        let access = capitals(OwnerAccess::ALL, OwnerAccess::name);
        assert_eq!((access("READ"), access("read")), (Ok(OwnerAccess::Read), invalid("one of FULL, READ, NONE")));
        assert_eq!(capitals(Lifecycle::ALL, Lifecycle::name)("PENDING_APPROVAL"), Ok(Lifecycle::PendingApproval));
    }
}
