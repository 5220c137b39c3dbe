//! Reads JSON bodies. Numbers keep every digit, and errors name the field.

use super::rejection::Rejection;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::web::{Buf, Bytes};
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;

/// The deepest nesting accepted. The parser's own limit does not apply to unknown fields, which it skips at any depth.
const NESTING_MAX: usize = 32;

/// The byte order mark that some programs put in front of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The body without a byte order mark in front.
pub(super) fn without_mark(mut body: Bytes) -> Bytes {
    if body.starts_with(MARK) {
        body.advance(MARK.len());
    }
    body
}

/// Refuses every `Content-Encoding` but `identity`.
pub(super) fn refuse_encodings(headers: &HeaderMap) -> Result<(), Rejection> {
    let is_plain = |value: &HeaderValue| {
        value.to_str().is_ok_and(|codings| {
            codings.split(',').all(|coding| matches!(coding.trim(), "" | "identity" | "Identity" | "IDENTITY"))
        })
    };
    if headers.get_all(header::CONTENT_ENCODING).all(is_plain) { Ok(()) } else { Err(Rejection::WrongContentEncoding) }
}

/// Whether a `Content-Type` says JSON in UTF-8.
pub(super) fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_utf8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            let charset = value.trim_matches('"').to_ascii_lowercase();
            matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii")
        }
        _ => true,
    };
    (essence == "application/json" || essence.ends_with("+json")) && parts.all(is_utf8)
}

/// Whether the body begins like UTF-16 or UTF-32: with a byte order mark, or with a character in several bytes.
fn is_wide(body: &[u8]) -> bool {
    matches!(body, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..])
}

/// Parses a JSON object. The rejection names the field at fault, if there is one.
pub fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Rejection> {
    read_with(body, |parser| serde_path_to_error::deserialize(parser))
}

/// Like [`read_json`]; notes the paths of unknown members.
pub fn read_json_noting<T: DeserializeOwned>(
    body: &[u8],
    mut note: impl FnMut(serde_ignored::Path<'_>),
) -> Result<T, Rejection> {
    read_with(body, |parser| serde_path_to_error::deserialize(serde_ignored::Deserializer::new(parser, &mut note)))
}

type Parser<'a> = serde_json::Deserializer<serde_json::de::SliceRead<'a>>;

fn read_with<'a, T>(
    body: &'a [u8],
    parse: impl FnOnce(&mut Parser<'a>) -> Result<T, serde_path_to_error::Error<serde_json::Error>>,
) -> Result<T, Rejection> {
    if is_wide(body) {
        return Err(Rejection::MalformedBody { reason: "send it in UTF-8, not in UTF-16 or UTF-32".into() });
    }
    // The parser does not validate strings inside unknown fields.
    if let Err(error) = std::str::from_utf8(body) {
        return Err(Rejection::MalformedBody { reason: format!("invalid UTF-8 after byte {}", error.valid_up_to()) });
    }
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Rejection::MalformedBody { reason: "expected a JSON object".into() });
    }
    if nesting(body) > NESTING_MAX {
        return Err(Rejection::MalformedBody { reason: format!("nested deeper than {NESTING_MAX} levels") });
    }
    let mut parser = serde_json::Deserializer::from_slice(body);
    let value: T = parse(&mut parser).map_err(|error| {
        let field = error.path().to_string();
        let reason = without_value(error.inner().to_string());
        if let Some(name) = reason.strip_prefix("duplicate field `").and_then(|rest| rest.split('`').next()) {
            let within = if field == "." || field == "?" { String::new() } else { format!("{field}.") };
            return Rejection::invalid(format!("{within}{name}"), "given more than once");
        }
        if error.inner().is_data() && field != "." && field != "?" {
            // The field says where the error is, so drop the line and column.
            let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
            Rejection::invalid(field, reason)
        } else {
            Rejection::MalformedBody { reason }
        }
    })?;
    parser.end().map_err(|error| Rejection::MalformedBody { reason: error.to_string() })?;
    Ok(value)
}

/// Strips the value sent from the parser's message: it may be a password, or as long as the whole body.
fn without_value(reason: String) -> String {
    let echoing = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant "];
    match reason.rsplit_once(", expected ") {
        Some((found, expected)) if echoing.iter().any(|start| found.starts_with(start)) => {
            let (expected, position) = expected.split_at(expected.find(" at line ").unwrap_or(expected.len()));
            // JSON's terms instead of the parser's.
            let expected = match expected {
                "a sequence" => "an array",
                "a boolean" => "true or false",
                "a string" => "a string",
                "a map" => "an object",
                "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
                "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0",
                "f32" | "f64" => "a number",
                _ if expected.starts_with("struct ") => "an object",
                _ => expected,
            };
            format!("expected {expected}{position}")
        }
        _ => reason,
    }
}

/// The nesting depth of arrays and objects, whether or not the text is valid JSON.
fn nesting(body: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0usize, 0usize, false, false);
    for byte in body {
        match (in_text, *byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'[' | b'{') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A JSON number or string, digit for digit as sent: `10.50` and `"10.50"` are the same literal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Literal(pub String);

impl<'de> Deserialize<'de> for Literal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match raw.get().as_bytes().first() {
            Some(b'"') => serde_json::from_str(raw.get()).map(Literal).map_err(D::Error::custom),
            Some(b'-' | b'0'..=b'9') => Ok(Literal(raw.get().to_owned())),
            _ => Err(D::Error::custom("expected a number or a string")),
        }
    }
}

/// An array of at most `MAX` values. Parsing stops at the first one too many.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AtMost<T, const MAX: usize>(pub Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for AtMost<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T, const MAX: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Reader<T, MAX> {
            type Value = AtMost<T, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an array of 1 to {MAX}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while values.len() < MAX {
                    match sequence.next_element()? {
                        Some(value) => values.push(value),
                        None => return Ok(AtMost(values)),
                    }
                }
                match sequence.next_element::<IgnoredAny>()? {
                    Some(_) => Err(A::Error::invalid_length(MAX + 1, &self)),
                    None => Ok(AtMost(values)),
                }
            }
        }

        deserializer.deserialize_seq(Reader(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Debug)]
    struct Sample {
        amount: Option<Literal>,
        email: Option<String>,
    }

    fn reason(body: &str) -> String {
        read_json::<Sample>(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn literals_keep_their_digits() {
        for (body, text) in [
            (r#"{"amount":10000000000000000.01}"#, "10000000000000000.01"),
            (r#"{"amount":"1.10"}"#, "1.10"),
            (r#"{"amount":1e3}"#, "1e3"),
        ] {
            assert_eq!(read_json::<Sample>(body.as_bytes()).unwrap().amount, Some(Literal(text.into())));
        }
        let sample = read_json::<Sample>(br#"{"amount":null,"email":"a"}"#).unwrap();
        assert_eq!((sample.amount, sample.email.as_deref()), (None, Some("a")));
    }

    #[test]
    fn errors_name_the_field() {
        assert_eq!(reason(r#"{"email":5}"#), "email: expected a string");
        assert_eq!(reason(r#"{"amount":[1]}"#), "amount: expected a number or a string");
        assert!(reason("[1]").contains("object"));
        assert!(reason("").contains("object"));
        assert!(reason(r#"{"email":"a"} x"#).contains("trailing"));
        assert!(reason(r#"{"email":"a","email":"b"}"#).contains("email: given more than once"));
        let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
        assert!(reason(&deep).contains("nested"), "{}", reason(&deep));
        assert!(read_json::<Sample>(format!(r#"{{"email":"\"{}"}}"#, "[".repeat(99)).as_bytes()).is_ok());
        for body in [r#"{"email":40414243}"#, r#"{"email":{"a":40414243}}"#, r#"{"amount":[", expected 40414243"]}"#] {
            assert!(!reason(body).contains("40414243"), "{}", reason(body));
        }
        for body in [&b"{\"email\":\"\xff\"}"[..], b"{\"unknown\":\"\xff\"}"] {
            assert!(read_json::<Sample>(body).is_err());
        }
    }
}
