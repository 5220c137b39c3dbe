//! Detects unknown members of a body. Ignoring a misspelled `expiresAt` would place a hold that never expires, so
//! routes that move money refuse unknown members.

use super::nearest::nearest;
use super::rejection::Rejection;
use serde::de::{DeserializeOwned, IgnoredAny, Visitor, value::Error};
use serde::{Deserializer, forward_to_deserialize_any};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// How a route treats unknown members of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnknownMembers {
    Ignored,
    /// The call is refused with all their names.
    Refused,
}

/// The most unknown names that a message lists, and the most characters of each.
const SHOWN_MAX: usize = 10;
const SHOWN_CHARACTERS_MAX: usize = 100;

/// The names of the members that a request type reads; empty unless it is a plain struct.
pub fn members_of<T: DeserializeOwned>() -> &'static [&'static str] {
    let names = Cell::new(&[][..]);
    // Always fails; it only records the names that the type asks for.
    let _ = T::deserialize(NamesOnly(&names));
    names.get()
}

/// A deserializer without data that records the members a struct asks for.
struct NamesOnly<'a>(&'a Cell<&'static [&'static str]>);

impl<'de> Deserializer<'de> for NamesOnly<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("no data, only names"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.set(fields);
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The names of the members of a JSON object; empty if it is not an object.
pub fn sent_members(object: &[u8]) -> BTreeSet<String> {
    serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(object).unwrap_or_default().into_keys().collect()
}

/// Refuses an object with members other than `known`. The message names all of them, and the known name nearest to the
/// first.
pub fn refuse_unknown_members(object: &[u8], known: &[&str]) -> Result<(), Rejection> {
    let sent = sent_members(object);
    let unknown: Vec<&str> = sent.iter().map(String::as_str).filter(|name| !known.contains(name)).collect();
    let Some(first) = unknown.first() else { return Ok(()) };
    let shown = |name: &str| name.chars().take(SHOWN_CHARACTERS_MAX).collect::<String>();
    let quoted = |names: &[&str]| {
        let names = names.iter().take(SHOWN_MAX).map(|name| format!("`{}`", shown(name)));
        names.collect::<Vec<_>>().join(", ")
    };
    let advice = match nearest(first, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => "this call takes none".to_owned(),
        None => {
            format!("this call takes {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
        }
    };
    let others = match &unknown[1..] {
        [] => String::new(),
        others => format!("; {} {} also unknown", quoted(others), if others.len() == 1 { "is" } else { "are" }),
    };
    Err(Rejection::invalid(shown(first), format!("unknown field; {advice}{others}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[allow(dead_code)] // only its names are of interest
    struct Sample {
        amount: Option<String>,
        expires_at: Option<String>,
    }

    fn refused(body: &str) -> Result<(), String> {
        refuse_unknown_members(body.as_bytes(), members_of::<Sample>()).map_err(|rejection| rejection.to_string())
    }

    #[test]
    fn unknown_members_are_refused_with_all_their_names() {
        assert_eq!(refused(r#"{"amount":1}"#), Ok(()));
        assert_eq!(refused(r#"{"expiresAt":"","amount":1}"#), Ok(()));
        let message = |body: &str| refused(body).unwrap_err();
        assert_eq!(message(r#"{"expires_at":1}"#), "expires_at: unknown field; did you mean `expiresAt`?");
        assert_eq!(message(r#"{"dryRun":true}"#), "dryRun: unknown field; this call takes `amount`, `expiresAt`");
        let three = message(r#"{"a":1,"b":2,"amuont":3}"#);
        assert_eq!(three, "a: unknown field; this call takes `amount`, `expiresAt`; `amuont`, `b` are also unknown");
        let none = refuse_unknown_members(br#"{"dryRun":true}"#, &[]).unwrap_err().to_string();
        assert_eq!(none, "dryRun: unknown field; this call takes none");
        let many: BTreeMap<String, u8> = (0..5000).map(|n| (format!("{n}{}", "x".repeat(500)), 1)).collect();
        assert!(message(&serde_json::to_string(&many).unwrap()).len() < 2000);
    }
}
