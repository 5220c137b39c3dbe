//! The types that a key may have, and how a written value becomes one that serde reads.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use figment::error::{Actual, Kind};
use figment::value::{Empty, Value};
use ipnet::IpNet;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

/// How a source writes values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    /// Typed, as in the file: `8` is a number and `"8"` is not.
    Typed,
    /// Text only, as in the environment and in flags.
    Text,
}

/// A type that a key may have.
pub(super) trait Setting: DeserializeOwned {
    /// The type in words, with an example after a comma; completes the sentence "Write …".
    const EXPECTS: &'static str;

    /// The type in JSON Schema.
    fn schema() -> Json {
        json!({"type": "string"})
    }

    /// Converts a written value to one that serde reads. An invalid value is returned unchanged, for serde to refuse.
    fn prepare(written: Value, _: Notation) -> Value {
        written
    }
}

/// Checks a value against the type of its key. Returns the value that serde reads, or the problem.
pub(super) fn read<T: Setting>(written: &Value, notation: Notation) -> Result<Value, String> {
    let value = T::prepare(written.clone(), notation);
    match value.deserialize::<T>() {
        Ok(_) => Ok(value),
        Err(error) => Err(explain(&error, &value, T::EXPECTS)),
    }
}

/// Whether a text is a private key in a form of age, PEM or bursar, pasted where the name of its file belongs.
pub(super) fn is_private_key(text: &str) -> bool {
    ["AGE-SECRET-KEY-", "BURSAR-INSTALLATION-KEY-", "PRIVATE KEY-----"].iter().any(|mark| text.contains(mark))
}

fn explain(error: &figment::Error, value: &Value, expects: &str) -> String {
    // In a list, the path leads to the wrong item.
    let item = |list: &Value, index: &String| list.as_array()?.get(index.parse::<usize>().ok()?).cloned();
    let wrong = error.path.iter().fold(value.clone(), |list, index| item(&list, index).unwrap_or(list));
    let shown = match &wrong {
        Value::String(_, text) if is_private_key(text) => "a private key".into(),
        Value::String(_, text) => format!("{text:?}"),
        Value::Num(_, number) => format!("the number {}", serde_json::to_string(number).unwrap_or_default()),
        Value::Bool(_, value) => format!("the boolean {value}"),
        Value::Array(..) => "a list".into(),
        Value::Dict(..) => "a table".into(),
        Value::Char(..) | Value::Empty(..) => "\"\"".into(),
    };
    let expected = expects.split(',').next().unwrap_or(expects);
    match &error.kind {
        Kind::InvalidValue(Actual::Signed(number), _) => format!("{number} is out of range"),
        Kind::Message(reason) => format!("{shown} is not {expected} ({reason})"),
        _ => format!("{shown} is not {expected}"),
    }
}

/// Parses text in [`Notation::Text`]; text that does not parse, and any other value, is returned unchanged.
fn parsed<T: FromStr + Into<Value>>(written: Value, notation: Notation) -> Value {
    let text = written.as_str().filter(|_| notation == Notation::Text);
    text.and_then(|text| text.parse::<T>().ok()).map_or(written, Into::into)
}

/// Implements [`Setting`] for a type with `FromStr` and `#[serde(try_from = "String")]`.
macro_rules! text_setting {
    ($type:ty, $expects:literal) => {
        impl $crate::config::setting::Setting for $type {
            const EXPECTS: &'static str = $expects;
        }

        impl TryFrom<String> for $type {
            type Error = <$type as std::str::FromStr>::Err;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    };
}
pub(super) use text_setting;

/// Defines an enum whose variants are the words that a key may have.
macro_rules! choices {
    (
        #[doc = $about:literal]
        pub enum $name:ident { $( #[doc = $why:literal] $variant:ident = $word:literal, )+ }
    ) => {
        #[doc = $about]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name { $( #[doc = $why] #[serde(rename = $word)] $variant, )+ }

        impl $crate::config::setting::Setting for $name {
            const EXPECTS: &'static str = concat!("one of", $( " \"", $word, "\"", )+);

            fn schema() -> serde_json::Value {
                serde_json::json!({"type": "string", "enum": [ $( $word, )+ ]})
            }
        }
    };
}
pub(super) use choices;

impl Setting for SocketAddr {
    const EXPECTS: &'static str = "an address with a port, such as \"127.0.0.1:8080\"";
}

impl Setting for String {
    const EXPECTS: &'static str = "text";
}

impl Setting for PathBuf {
    const EXPECTS: &'static str = "a path, such as \"/var/lib/bursar\"";

    fn prepare(written: Value, _: Notation) -> Value {
        if written.as_str() == Some("") { Empty::Unit.into() } else { written }
    }
}

impl Setting for bool {
    const EXPECTS: &'static str = "true or false";

    fn schema() -> Json {
        json!({"type": "boolean"})
    }

    fn prepare(written: Value, notation: Notation) -> Value {
        parsed::<bool>(written, notation)
    }
}

impl Setting for u64 {
    const EXPECTS: &'static str = "a whole number, such as 1000";

    fn schema() -> Json {
        json!({"type": "integer", "minimum": 0})
    }

    fn prepare(written: Value, notation: Notation) -> Value {
        parsed::<i64>(written, notation)
    }
}

/// An address without a prefix length is the network of that one address.
impl Setting for IpNet {
    const EXPECTS: &'static str = "a network or address, such as \"10.0.0.0/8\" or \"192.0.2.7\"";

    fn prepare(written: Value, _: Notation) -> Value {
        let address = written.as_str().and_then(|text| text.parse::<IpAddr>().ok());
        address.map_or(written, |address| IpNet::from(address).to_string().into())
    }
}

/// Empty text means unset, so that the example file can list the key.
impl<T: Setting> Setting for Option<T> {
    const EXPECTS: &'static str = T::EXPECTS;

    fn schema() -> Json {
        T::schema()
    }

    fn prepare(written: Value, notation: Notation) -> Value {
        if written.as_str() == Some("") { Empty::None.into() } else { T::prepare(written, notation) }
    }
}

/// A list may also be a comma-separated string: the environment has only strings, and one item then needs no brackets.
impl<T: Setting> Setting for Vec<T> {
    const EXPECTS: &'static str = T::EXPECTS;

    fn schema() -> Json {
        json!({"type": ["array", "string"], "items": T::schema()})
    }

    fn prepare(written: Value, notation: Notation) -> Value {
        match written {
            Value::Array(_, items) => {
                items.into_iter().map(|item| T::prepare(item, notation)).collect::<Vec<_>>().into()
            }
            Value::String(_, text) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                items.map(|item| T::prepare(item.into(), Notation::Text)).collect::<Vec<_>>().into()
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a written value as a `T`.
    fn value<T: Setting>(written: impl Into<Value>, notation: Notation) -> Result<T, String> {
        read::<T>(&written.into(), notation).map(|value| value.deserialize().unwrap())
    }

    #[test]
    fn a_quoted_number_is_wrong_in_a_file_and_right_in_the_environment() {
        assert_eq!(value("8", Notation::Text), Ok(8_u64));
        assert_eq!(value(8, Notation::Typed), Ok(8_u64));
        assert_eq!(value::<u64>("8", Notation::Typed), Err("\"8\" is not a whole number".into()));
        assert_eq!(value::<u64>(-1, Notation::Typed), Err("-1 is out of range".into()));
        assert_eq!(value::<u64>("-1", Notation::Text), Err("-1 is out of range".into()));
        assert_eq!(value::<String>(21, Notation::Typed), Err("the number 21 is not text".into()));
        assert_eq!(value("true", Notation::Text), Ok(true));
        assert_eq!(value::<bool>("yes", Notation::Text), Err("\"yes\" is not true or false".into()));
    }

    #[test]
    fn lists_use_brackets_or_commas() {
        let both: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        assert_eq!(value("10.0.0.0/8, ::1", Notation::Text), Ok(both.clone()));
        assert_eq!(value(vec!["10.0.0.0/8", "::1"], Notation::Typed), Ok(both));
        assert_eq!(value::<Vec<IpNet>>("", Notation::Text), Ok(vec![]));
        let error = value::<Vec<IpNet>>(vec!["::1", "x"], Notation::Typed).unwrap_err();
        assert!(error.starts_with("\"x\" is not a network or address"), "{error}");
    }

    #[test]
    fn empty_text_clears_an_optional_value() {
        assert_eq!(value::<Option<PathBuf>>("", Notation::Text), Ok(None));
        assert_eq!(value::<Option<PathBuf>>("/k", Notation::Text), Ok(Some("/k".into())));
        assert_eq!(value::<PathBuf>("", Notation::Text), Err("\"\" is not a path".into()));
    }
}
