//! Metadata: a flat object of strings, numbers and booleans, which a change replaces as a whole.

use super::error::{rule, rule_of};
use crate::dialects::kit::{Members, Rejection};
use crate::domain::clients::MetadataValue;
use crate::domain::organizations::Metadata;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Of a key or a text, in characters.
const TEXT_MAX: usize = 100;

/// Metadata as sent; values are looked at one by one, so that each has its own refusal.
pub(super) type MetadataBody = Members<Box<RawValue>>;

/// The values that were sent; `null` drops a key.
pub(super) fn read(sent: Option<MetadataBody>) -> Result<Option<Metadata>, Rejection> {
    let Some(Members(sent)) = sent else { return Ok(None) };
    let mut metadata = Metadata::new();
    for (key, value) in sent {
        if key.chars().count() > TEXT_MAX {
            let message = format!("A key of metadata has at most {TEXT_MAX} characters.");
            return Err(rule_of(rule::KEY_TOO_LONG, message));
        }
        if let Some(value) = read_value(&key, value.get())? {
            metadata.insert(key, value);
        }
    }
    Ok(Some(metadata))
}

fn read_value(key: &str, literal: &str) -> Result<Option<MetadataValue>, Rejection> {
    let value = match literal.as_bytes().first() {
        Some(b'n') => return Ok(None),
        Some(b't') => MetadataValue::Boolean(true),
        Some(b'f') => MetadataValue::Boolean(false),
        Some(b'"') => {
            let unreadable = |_| Rejection::invalid(format!("metadata.{key}"), "not a string");
            MetadataValue::Text(serde_json::from_str(literal).map_err(unreadable)?)
        }
        Some(b'{' | b'[') => {
            let message = format!("The value of the metadata key {key} is nested.");
            return Err(rule_of(rule::NESTED, message));
        }
        _ => MetadataValue::Number(literal.to_owned()),
    };
    if value.text().chars().count() > TEXT_MAX {
        let message = format!("The value of the metadata key {key} has at most {TEXT_MAX} characters.");
        return Err(rule_of(rule::VALUE_TOO_LONG, message));
    }
    Ok(Some(value))
}

/// Metadata of an answer: an object, or null if there is none.
pub(super) struct MetadataView(Metadata);

impl From<Metadata> for MetadataView {
    fn from(metadata: Metadata) -> Self {
        MetadataView(metadata)
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum ValueView {
    Text(String),
    Number(Box<RawValue>),
    Boolean(bool),
}

impl Serialize for MetadataView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_empty() {
            return serializer.serialize_none();
        }
        let view = |value: &MetadataValue| match value {
            MetadataValue::Text(text) => ValueView::Text(text.clone()),
            MetadataValue::Boolean(boolean) => ValueView::Boolean(*boolean),
            MetadataValue::Number(number) => match RawValue::from_string(number.clone()) {
                Ok(literal) => ValueView::Number(literal),
                Err(_) => ValueView::Text(number.clone()),
            },
        };
        let members: BTreeMap<&String, ValueView> = self.0.iter().map(|(key, value)| (key, view(value))).collect();
        members.serialize(serializer)
    }
}
