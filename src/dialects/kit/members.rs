//! Reads JSON objects whose member names are chosen by the caller, such as metadata.

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// The members of a JSON object. Duplicate names are refused, because one of the two values would be lost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Members<T>(pub BTreeMap<String, T>);

impl<T> Default for Members<T> {
    fn default() -> Self {
        Members(BTreeMap::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Members<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<T>, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name is given more than once"));
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader(PhantomData))
    }
}

/// A JSON value that is neither an object nor an array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scalar {
    Null,
    Text(String),
    /// Digit for digit as sent.
    Number(String),
    Boolean(bool),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let raw = raw.get();
        match raw.as_bytes().first() {
            Some(b'"') => serde_json::from_str(raw).map(Scalar::Text).map_err(D::Error::custom),
            Some(b'-' | b'0'..=b'9') => Ok(Scalar::Number(raw.to_owned())),
            Some(b't') => Ok(Scalar::Boolean(true)),
            Some(b'f') => Ok(Scalar::Boolean(false)),
            Some(b'n') => Ok(Scalar::Null),
            _ => Err(D::Error::custom("expected a string, a number or a boolean, nothing nested")),
        }
    }
}

/// Tells an omitted member (`None`) from `null` (the empty value), so that `null` can clear a field. Use it with
/// `#[serde(default, deserialize_with = "sent")]`.
pub fn sent<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::<T>::deserialize(deserializer).map(|value| Some(value.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::kit::read_json;

    #[derive(Deserialize, Debug)]
    struct Sample {
        #[serde(default, deserialize_with = "sent")]
        notes: Option<Members<Scalar>>,
    }

    fn notes(body: &str) -> Result<Option<BTreeMap<String, Scalar>>, String> {
        let sample = read_json::<Sample>(body.as_bytes()).map_err(|refusal| refusal.to_string())?;
        Ok(sample.notes.map(|members| members.0))
    }

    #[test]
    fn omitted_and_null_members_differ() {
        assert_eq!(notes("{}"), Ok(None));
        assert_eq!(notes(r#"{"notes":null}"#), Ok(Some(BTreeMap::new())));
        assert_eq!(notes(r#"{"notes":{}}"#), Ok(Some(BTreeMap::new())));
    }

    #[test]
    fn values_are_scalars_and_numbers_keep_their_digits() {
        let read = notes(r#"{"notes":{"a":1.10,"b":"x","c":true,"d":null,"e":-0e5}}"#).unwrap().unwrap();
        let expected = [
            ("a", Scalar::Number("1.10".into())),
            ("b", Scalar::Text("x".into())),
            ("c", Scalar::Boolean(true)),
            ("d", Scalar::Null),
            ("e", Scalar::Number("-0e5".into())),
        ];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value)).into());
        for (body, reason) in [
            (r#"{"notes":{"a":[1]}}"#, "notes.a: expected a string, a number or a boolean"),
            (r#"{"notes":{"a":{}}}"#, "nothing nested"),
            (r#"{"notes":[]}"#, "an object"),
            (r#"{"notes":{"a":1,"a":1}}"#, "more than once"),
        ] {
            let refused = notes(body).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
