//! JSON bodies, read without losing a digit and with errors that name the field.

use super::rejection::Rejection;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;

/// The deepest nesting that is read. The parser skips unknown fields at any depth, so it cannot be left to it.
const NESTING_MAX: usize = 32;

/// Reads a JSON object. Errors name the field where there is one.
pub fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Rejection> {
    // The parser does not look into the texts of unknown fields.
    if let Err(error) = std::str::from_utf8(body) {
        return Err(Rejection::MalformedBody { reason: format!("not UTF-8 after byte {}", error.valid_up_to()) });
    }
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Rejection::MalformedBody { reason: "a JSON object is expected".into() });
    }
    if nesting(body) > NESTING_MAX {
        return Err(Rejection::MalformedBody { reason: format!("nested deeper than {NESTING_MAX} levels") });
    }
    let mut parser = serde_json::Deserializer::from_slice(body);
    let value: T = serde_path_to_error::deserialize(&mut parser).map_err(|error| {
        let field = error.path().to_string();
        let reason = without_value(error.inner().to_string());
        if let Some(name) = reason.strip_prefix("duplicate field `").and_then(|rest| rest.split('`').next()) {
            let within = if field == "." || field == "?" { String::new() } else { format!("{field}.") };
            return Rejection::invalid(format!("{within}{name}"), "given more than once");
        }
        if error.inner().is_data() && field != "." && field != "?" {
            // The position in the text is of no use to someone who has the field.
            let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
            Rejection::invalid(field, reason)
        } else {
            Rejection::MalformedBody { reason }
        }
    })?;
    parser.end().map_err(|error| Rejection::MalformedBody { reason: error.to_string() })?;
    Ok(value)
}

/// The parser's message without the value that was sent: that may be a password, or as long as a body can be.
fn without_value(reason: String) -> String {
    let tells_value = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant "];
    match reason.rsplit_once(", expected ") {
        Some((told, expected)) if tells_value.iter().any(|start| told.starts_with(start)) => {
            let (expected, position) = expected.split_at(expected.find(" at line ").unwrap_or(expected.len()));
            // The words of the format, not those of the parser.
            let expected = match expected {
                "a sequence" => "a list",
                "a boolean" => "true or false",
                "a string" => "a text",
                "a map" => "an object",
                _ if expected.starts_with("struct ") => "an object",
                _ => expected,
            };
            format!("expected {expected}{position}")
        }
        _ => reason,
    }
}

/// How deep the arrays and objects of a text are nested, whether or not it is valid JSON.
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

/// A number or a text, exactly as it stands in the body: `10.50` and `"10.50"` are the same literal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Literal(pub String);

impl<'de> Deserialize<'de> for Literal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match raw.get().as_bytes().first() {
            Some(b'"') => serde_json::from_str(raw.get()).map(Literal).map_err(D::Error::custom),
            Some(b'-' | b'0'..=b'9') => Ok(Literal(raw.get().to_owned())),
            _ => Err(D::Error::custom("a number or a text is expected")),
        }
    }
}

/// A list of at most `MAX` values; what is longer is not read to its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AtMost<T, const MAX: usize>(pub Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for AtMost<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T, const MAX: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Reader<T, MAX> {
            type Value = AtMost<T, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of 1 to {MAX}")
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
        assert_eq!(reason(r#"{"email":5}"#), "email: expected a text");
        assert_eq!(reason(r#"{"amount":[1]}"#), "amount: a number or a text is expected");
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
