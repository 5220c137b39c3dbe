//! What callers note on profiles and accounts for themselves: names, references, categories, custom fields, metadata. None of
//! it has a meaning here; all of it can be found again.

use crate::domain::refusal::{Field, Refusal};
use crate::domain::text;
use std::collections::BTreeMap;

/// The longest reference, in characters.
pub const REFERENCE_MAX: usize = 100;
/// The longest category, in characters.
pub const CATEGORY_MAX: usize = 100;
/// The longest name or alias of an account, in characters (Midaz v1: names and aliases).
pub const NAME_MAX: usize = 256;
/// The most custom fields of one object.
pub const CUSTOM_FIELDS_MAX: usize = 20;
/// The longest name of a custom field, in characters.
pub const CUSTOM_NAME_MAX: usize = 50;
/// The longest value of a custom field, in characters.
pub const CUSTOM_VALUE_MAX: usize = 255;
/// The most keys of the metadata of one object (Midaz v1).
pub const METADATA_KEYS_MAX: usize = 100;
/// The longest key of metadata, in characters (Midaz v1).
pub const METADATA_KEY_MAX: usize = 100;
/// The longest text value of metadata, in characters.
pub const METADATA_TEXT_MAX: usize = 1000;
/// The longest literal of a number in metadata, in characters.
pub const METADATA_NUMBER_MAX: usize = 64;
/// Characters of all keys and values of the metadata of one object together: what 100 keys and values of 100 need.
pub const METADATA_TOTAL_MAX: usize = 20_000;

#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetadataValue {
    Text(String),
    /// A number as the caller wrote it, digit by digit.
    Number(String),
    /// Yes or no.
    Boolean(bool),
}

impl MetadataValue {
    /// The kinds of value, as they are stored.
    pub const KINDS: [&'static str; 3] = ["text", "number", "boolean"];

    /// The kind of value, as it is stored.
    pub fn kind(&self) -> &'static str {
        let [text, number, boolean] = MetadataValue::KINDS;
        match self {
            MetadataValue::Text(_) => text,
            MetadataValue::Number(_) => number,
            MetadataValue::Boolean(_) => boolean,
        }
    }

    /// The value as text: what it is stored as and compared with.
    pub fn text(&self) -> &str {
        match self {
            MetadataValue::Text(text) | MetadataValue::Number(text) => text,
            MetadataValue::Boolean(true) => "true",
            MetadataValue::Boolean(false) => "false",
        }
    }

    /// The value of a kind and a text that were stored.
    pub fn from_stored(kind: &str, text: String) -> Option<MetadataValue> {
        match (kind, text.as_str()) {
            ("text", _) => Some(MetadataValue::Text(text)),
            ("number", _) => Some(MetadataValue::Number(text)),
            ("boolean", "true") => Some(MetadataValue::Boolean(true)),
            ("boolean", "false") => Some(MetadataValue::Boolean(false)),
            _ => None,
        }
    }
}

/// The labels that profiles and accounts have in common. Unset texts are empty.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Labels {
    /// The caller's own id of the object, with regard to case. Unique for the kind of object: among the profiles of an
    /// organization, among the accounts of a ledger, archived ones included.
    pub reference: String,
    /// What sort of object it is for the caller.
    pub category: String,
    /// Texts under names of the caller's choice.
    pub custom_fields: BTreeMap<String, String>,
    /// Values under keys of the caller's choice.
    pub metadata: BTreeMap<String, MetadataValue>,
}

/// A change of labels: what is none stays, what is empty is removed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LabelsChange {
    pub reference: Option<String>,
    pub category: Option<String>,
    /// All custom fields; one without a value is removed.
    pub custom_fields: Option<BTreeMap<String, String>>,
    pub metadata: Option<BTreeMap<String, MetadataValue>>,
}

impl LabelsChange {
    /// Checks everything that is to be set.
    pub fn check(&self) -> Result<(), Refusal> {
        check_line(Field::Reference, self.reference.as_deref().unwrap_or_default(), REFERENCE_MAX)?;
        check_line(Field::Category, self.category.as_deref().unwrap_or_default(), CATEGORY_MAX)?;
        if let Some(fields) = &self.custom_fields {
            check_custom_fields(fields)?;
        }
        self.metadata.as_ref().map_or(Ok(()), check_metadata)
    }

    /// The labels after the change.
    pub fn apply(self, present: &Labels) -> Labels {
        let custom_fields = self.custom_fields.map(|mut fields| {
            fields.retain(|_, value| !value.is_empty());
            fields
        });
        Labels {
            reference: self.reference.unwrap_or_else(|| present.reference.clone()),
            category: self.category.unwrap_or_else(|| present.category.clone()),
            custom_fields: custom_fields.unwrap_or_else(|| present.custom_fields.clone()),
            metadata: self.metadata.unwrap_or_else(|| present.metadata.clone()),
        }
    }
}

/// The labels of an account. Unset texts are empty.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct AccountLabels {
    /// What people call it; need not be unique.
    pub name: String,
    /// A second name for programs, with regard to case; unique among the accounts of its portfolio that are not archived.
    pub alias: String,
    /// What profiles have, too.
    #[serde(flatten)]
    pub common: Labels,
}

/// A change of the labels of an account: what is none stays, what is empty is removed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccountLabelsChange {
    pub name: Option<String>,
    pub alias: Option<String>,
    /// What profiles have, too.
    pub common: LabelsChange,
}

impl AccountLabelsChange {
    /// Checks everything that is to be set.
    pub fn check(&self) -> Result<(), Refusal> {
        check_line(Field::Name, self.name.as_deref().unwrap_or_default(), NAME_MAX)?;
        check_line(Field::Alias, self.alias.as_deref().unwrap_or_default(), NAME_MAX)?;
        self.common.check()
    }

    /// The labels after the change.
    pub fn apply(self, present: &AccountLabels) -> AccountLabels {
        AccountLabels {
            name: self.name.unwrap_or_else(|| present.name.clone()),
            alias: self.alias.unwrap_or_else(|| present.alias.clone()),
            common: self.common.apply(&present.common),
        }
    }
}

/// Checks a text of one line that people or programs look for: bounded, without control characters, and without blanks
/// around it, which nobody sees. Empty is allowed.
fn check_line(field: Field, line: &str, max: usize) -> Result<(), Refusal> {
    text::check(field.clone(), line, max)?;
    if line.chars().any(char::is_control) {
        return Err(Refusal::invalid(field, "control characters are not allowed"));
    }
    if line.trim() != line {
        return Err(Refusal::invalid(field, "no blanks at its ends"));
    }
    Ok(())
}

fn check_custom_fields(fields: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if fields.len() > CUSTOM_FIELDS_MAX {
        return Err(Refusal::out_of_range(Field::CustomFields, format!("at most {CUSTOM_FIELDS_MAX} fields")));
    }
    for (name, value) in fields {
        check_key(Field::CustomFields, name, CUSTOM_NAME_MAX)?;
        text::check(Field::CustomField(name.clone()), value, CUSTOM_VALUE_MAX)?;
    }
    Ok(())
}

fn check_metadata(metadata: &BTreeMap<String, MetadataValue>) -> Result<(), Refusal> {
    if metadata.len() > METADATA_KEYS_MAX {
        return Err(Refusal::out_of_range(Field::Metadata, format!("at most {METADATA_KEYS_MAX} keys")));
    }
    let mut total = 0;
    for (key, value) in metadata {
        check_key(Field::Metadata, key, METADATA_KEY_MAX)?;
        let max = match value {
            MetadataValue::Number(_) => METADATA_NUMBER_MAX,
            _ => METADATA_TEXT_MAX,
        };
        text::check(Field::MetadataValue(key.clone()), value.text(), max)?;
        total += key.chars().count() + value.text().chars().count();
    }
    if total > METADATA_TOTAL_MAX {
        let reason = format!("at most {METADATA_TOTAL_MAX} characters in all keys and values together");
        return Err(Refusal::out_of_range(Field::Metadata, reason));
    }
    Ok(())
}

/// Checks a name under which a value is kept. A name that is too long or has control characters is not repeated.
fn check_key(field: Field, key: &str, max: usize) -> Result<(), Refusal> {
    if !(1..=max).contains(&key.chars().count()) {
        return Err(Refusal::out_of_range(field, format!("a key has 1 to {max} characters")));
    }
    if key.chars().any(char::is_control) || key.trim() != key {
        return Err(Refusal::invalid(field, "a key has no control characters and no blanks at its ends"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_none_stays_and_what_is_empty_goes() {
        let present = Labels {
            reference: "r".into(),
            category: "c".into(),
            custom_fields: BTreeMap::from([("a".into(), "1".into())]),
            metadata: BTreeMap::from([("k".into(), MetadataValue::Boolean(true))]),
        };
        assert_eq!(LabelsChange::default().apply(&present), present);
        let change = LabelsChange {
            reference: Some(String::new()),
            category: None,
            custom_fields: Some(BTreeMap::from([("a".into(), String::new()), ("b".into(), "2".into())])),
            metadata: Some(BTreeMap::new()),
        };
        let after = change.apply(&present);
        assert_eq!((after.reference.as_str(), after.category.as_str()), ("", "c"));
        assert_eq!(after.custom_fields, BTreeMap::from([("b".into(), "2".into())]));
        assert!(after.metadata.is_empty());
    }

    #[test]
    fn stored_values_come_back_as_they_were() {
        for value in [
            MetadataValue::Text("true".into()),
            MetadataValue::Number("1.10".into()),
            MetadataValue::Boolean(false),
            MetadataValue::Boolean(true),
        ] {
            assert_eq!(MetadataValue::from_stored(value.kind(), value.text().to_owned()), Some(value));
        }
        assert_eq!(MetadataValue::from_stored("boolean", "maybe".into()), None);
    }

    #[test]
    fn lines_are_what_people_see() {
        assert!(check_line(Field::Reference, "Konto-鈴木 7", 20).is_ok());
        for bad in [" a", "a ", "a\nb", "a\u{85}b"] {
            assert!(check_line(Field::Reference, bad, 20).is_err(), "{bad:?}");
        }
    }
}
