//! How one value is read from a file or from text, for each type that a key may have. The types parse themselves here and
//! not in serde, because serde stops at the first mistake and cannot tell `"8"` in a file from `8` in the environment.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use ipnet::IpNet;
use serde::Serialize;
use serde_json::{Value, json};

/// A value as it was written, before anybody knows what it should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    /// From the environment or a flag, where everything is text.
    Text(String),
    /// A string of the file.
    String(String),
    /// A whole number of the file.
    Integer(i64),
    /// `true` or `false` in the file.
    Bool(bool),
    /// An array of the file.
    List(Vec<Raw>),
    /// Something that no key takes, with the name of its type.
    Other(&'static str),
}

impl Raw {
    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// For messages: what is there.
    fn describe(&self) -> String {
        match self {
            Self::Text(text) | Self::String(text) => format!("{text:?}"),
            Self::Integer(number) => format!("the number {number}"),
            Self::Bool(value) => format!("the boolean {value}"),
            Self::List(_) => "a list".into(),
            Self::Other(name) => format!("a {name}"),
        }
    }
}

/// A type that a key may have.
pub(super) trait Setting: Sized + Serialize {
    /// The type in words with an example: completes the sentence "write …".
    const EXPECTS: &'static str;

    /// Reads it, or says what is wrong.
    fn read(raw: &Raw) -> Result<Self, String>;

    /// The type in JSON Schema.
    fn schema() -> Value;
}

/// The words for a value of the wrong type.
fn mismatch<T: Setting>(raw: &Raw) -> String {
    format!("{} is not {}", raw.describe(), T::EXPECTS.split(',').next().unwrap_or(T::EXPECTS))
}

/// Reads a type that has a text form.
pub(super) fn from_text<T: Setting + FromStr<Err: std::fmt::Display>>(raw: &Raw) -> Result<T, String> {
    let text = raw.as_text().ok_or_else(|| mismatch::<T>(raw))?;
    text.parse().map_err(|error| format!("{} ({error})", mismatch::<T>(raw)))
}

/// Makes a type with `FromStr` a setting.
macro_rules! text_setting {
    ($type:ty, $expects:literal) => {
        impl $crate::config::setting::Setting for $type {
            const EXPECTS: &'static str = $expects;

            fn read(raw: &$crate::config::setting::Raw) -> Result<Self, String> {
                $crate::config::setting::from_text(raw)
            }

            fn schema() -> serde_json::Value {
                serde_json::json!({"type": "string"})
            }
        }
    };
}
pub(super) use text_setting;

/// Makes an enum whose variants are the words that a key may have.
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

            fn read(raw: &$crate::config::setting::Raw) -> Result<Self, String> {
                $crate::config::setting::one_of(raw, &[ $( ($word, Self::$variant), )+ ])
            }

            fn schema() -> serde_json::Value {
                serde_json::json!({"type": "string", "enum": [ $( $word, )+ ]})
            }
        }
    };
}
pub(super) use choices;

/// Reads a word of a fixed list.
pub(super) fn one_of<T: Setting + Copy>(raw: &Raw, words: &[(&str, T)]) -> Result<T, String> {
    let found = raw.as_text().and_then(|text| words.iter().find(|(word, _)| *word == text));
    found.map(|(_, value)| *value).ok_or_else(|| mismatch::<T>(raw))
}

text_setting!(SocketAddr, "an address with a port, such as \"127.0.0.1:8080\"");

impl Setting for String {
    const EXPECTS: &'static str = "text";

    fn read(raw: &Raw) -> Result<Self, String> {
        raw.as_text().map(str::to_owned).ok_or_else(|| mismatch::<Self>(raw))
    }

    fn schema() -> Value {
        json!({"type": "string"})
    }
}

impl Setting for PathBuf {
    const EXPECTS: &'static str = "a path, such as \"/var/lib/bursar\"";

    fn read(raw: &Raw) -> Result<Self, String> {
        let text = raw.as_text().filter(|text| !text.is_empty());
        text.map(Self::from).ok_or_else(|| mismatch::<Self>(raw))
    }

    fn schema() -> Value {
        json!({"type": "string"})
    }
}

impl Setting for bool {
    const EXPECTS: &'static str = "true or false";

    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Bool(value) => Ok(*value),
            Raw::Text(text) => text.parse().map_err(|_| mismatch::<Self>(raw)),
            _ => Err(mismatch::<Self>(raw)),
        }
    }

    fn schema() -> Value {
        json!({"type": "boolean"})
    }
}

impl Setting for u64 {
    const EXPECTS: &'static str = "a whole number, such as 1000";

    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Integer(number) => Self::try_from(*number).map_err(|_| mismatch::<Self>(raw)),
            Raw::Text(text) => text.parse().map_err(|_| mismatch::<Self>(raw)),
            _ => Err(mismatch::<Self>(raw)),
        }
    }

    fn schema() -> Value {
        json!({"type": "integer", "minimum": 0})
    }
}

impl Setting for IpNet {
    const EXPECTS: &'static str = "a network or address, such as \"10.0.0.0/8\" or \"192.0.2.7\"";

    fn read(raw: &Raw) -> Result<Self, String> {
        let text = raw.as_text().ok_or_else(|| mismatch::<Self>(raw))?;
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::from(address));
        }
        let network: Self = text.parse().map_err(|_| mismatch::<Self>(raw))?;
        // A stray host part is a slip of the pen in the address or in the length, and the two differ in who gets in.
        if network == network.trunc() {
            Ok(network)
        } else {
            Err(format!("{text:?} has bits after its prefix; the network is {}", network.trunc()))
        }
    }

    fn schema() -> Value {
        json!({"type": "string"})
    }
}

/// Empty text means absent, so that the example file can name the key and the environment can take a value back.
impl<T: Setting> Setting for Option<T> {
    const EXPECTS: &'static str = T::EXPECTS;

    fn read(raw: &Raw) -> Result<Self, String> {
        if raw.as_text() == Some("") { Ok(None) } else { T::read(raw).map(Some) }
    }

    fn schema() -> Value {
        T::schema()
    }
}

/// A list may be written as one string with commas: the environment has nothing else, and one item needs no brackets.
impl<T: Setting> Setting for Vec<T> {
    const EXPECTS: &'static str = T::EXPECTS;

    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::List(items) => items.iter().map(T::read).collect(),
            Raw::Text(text) | Raw::String(text) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                items.map(|item| T::read(&Raw::Text(item.into()))).collect()
            }
            _ => Err(mismatch::<T>(raw)),
        }
    }

    fn schema() -> Value {
        json!({"type": ["array", "string"], "items": T::schema()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Raw {
        Raw::Text(value.into())
    }

    #[test]
    fn a_quoted_number_is_wrong_in_a_file_and_right_in_the_environment() {
        assert_eq!(u64::read(&text("8")), Ok(8));
        assert_eq!(u64::read(&Raw::Integer(8)), Ok(8));
        assert_eq!(u64::read(&Raw::String("8".into())), Err("\"8\" is not a whole number".into()));
        assert_eq!(u64::read(&Raw::Integer(-1)), Err("the number -1 is not a whole number".into()));
        assert!(String::read(&Raw::Integer(21)).is_err());
    }

    #[test]
    fn lists_are_brackets_or_commas() {
        let both: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        assert_eq!(Vec::read(&text("10.0.0.0/8, ::1")), Ok(both.clone()));
        let items = Raw::List(vec![Raw::String("10.0.0.0/8".into()), Raw::String("::1".into())]);
        assert_eq!(Vec::read(&items), Ok(both));
        assert_eq!(Vec::<IpNet>::read(&text("")), Ok(vec![]));
        assert!(Vec::<IpNet>::read(&Raw::List(vec![Raw::Integer(1)])).is_err());
    }

    #[test]
    fn a_network_with_host_bits_is_refused_with_the_right_one() {
        let error = IpNet::read(&text("10.1.2.3/8")).unwrap_err();
        assert!(error.contains("10.0.0.0/8"), "{error}");
    }

    #[test]
    fn empty_text_takes_an_optional_value_back() {
        assert_eq!(Option::<PathBuf>::read(&text("")), Ok(None));
        assert_eq!(Option::<PathBuf>::read(&text("/k")), Ok(Some("/k".into())));
        assert!(PathBuf::read(&text("")).is_err());
    }
}
