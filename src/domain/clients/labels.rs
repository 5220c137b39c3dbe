//! Labels that callers attach to profiles and accounts for their own use: names, references, categories, custom fields,
//! metadata. They have no meaning to bursar but can be searched. Lengths are in characters, counts are per object.

use crate::domain::refusal::{Field, Refusal};
use crate::domain::status::StatusLabel;
use crate::domain::text;
use std::collections::BTreeMap;

pub const REFERENCE_MAX: usize = 100;
/// As of names: Midaz v1 calls it the type of an account.
pub const CATEGORY_MAX: usize = 256;
/// Of an account's name or alias (Midaz v1: names and aliases).
pub const NAME_MAX: usize = 256;
pub const CUSTOM_FIELDS_MAX: usize = 20;
pub const CUSTOM_NAME_MAX: usize = 50;
pub const CUSTOM_VALUE_MAX: usize = 255;
/// The same limit as in Midaz v1.
pub const METADATA_KEYS_MAX: usize = 100;
/// The same limit as in Midaz v1.
pub const METADATA_KEY_MAX: usize = 100;
pub const METADATA_TEXT_MAX: usize = 1000;
/// In characters of the literal; the same limit as in Midaz v1.
pub const METADATA_NUMBER_MAX: usize = 100;
/// Characters of all keys and values of one object together: room for 100 keys and values of 100 characters each.
pub const METADATA_TOTAL_MAX: usize = 20_000;

#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetadataValue {
    Text(String),
    /// The literal exactly as the caller wrote it.
    Number(String),
    Boolean(bool),
}

impl MetadataValue {
    /// The names under which the database stores the kinds.
    pub const KINDS: [&'static str; 3] = ["text", "number", "boolean"];

    pub fn kind(&self) -> &'static str {
        let [text, number, boolean] = MetadataValue::KINDS;
        match self {
            MetadataValue::Text(_) => text,
            MetadataValue::Number(_) => number,
            MetadataValue::Boolean(_) => boolean,
        }
    }

    /// The text that is stored and compared.
    pub fn text(&self) -> &str {
        match self {
            MetadataValue::Text(text) | MetadataValue::Number(text) => text,
            MetadataValue::Boolean(true) => "true",
            MetadataValue::Boolean(false) => "false",
        }
    }

    /// Builds a value from its stored kind and text. None if they do not fit.
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

/// The labels that profiles and accounts share. Unset texts are empty.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Labels {
    /// The caller's own id of the object, case-sensitive. Unique among the profiles of an organization or the accounts
    /// of a ledger, including archived ones.
    pub reference: String,
    /// The caller's own classification.
    pub category: String,
    pub custom_fields: BTreeMap<String, String>,
    pub metadata: BTreeMap<String, MetadataValue>,
}

/// A change of labels: None leaves a label as it is, an empty value removes it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LabelsChange {
    pub reference: Option<String>,
    pub category: Option<String>,
    /// Replaces all custom fields; a field with an empty value is removed.
    pub custom_fields: Option<BTreeMap<String, String>>,
    pub metadata: Option<BTreeMap<String, MetadataValue>>,
}

impl LabelsChange {
    /// Checks and normalises the new values.
    pub fn checked(self) -> Result<LabelsChange, Refusal> {
        let identifier =
            |field, text: Option<String>, max| text.map(|text| text::identifier(field, text, max)).transpose();
        Ok(LabelsChange {
            reference: identifier(Field::Reference, self.reference, REFERENCE_MAX)?,
            category: identifier(Field::Category, self.category, CATEGORY_MAX)?,
            custom_fields: self.custom_fields.map(checked_custom_fields).transpose()?,
            metadata: self.metadata.map(checked_metadata).transpose()?,
        })
    }

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

/// Unset texts are empty.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct AccountLabels {
    /// The display name; need not be unique.
    pub name: String,
    /// A name for programs, case-sensitive; unique among the accounts of its portfolio that are not archived.
    pub alias: String,
    /// The status that callers gave it; some stop its money.
    #[serde(default, skip_serializing_if = "StatusLabel::is_default")]
    pub status: StatusLabel,
    /// The labels shared with profiles.
    #[serde(flatten)]
    pub common: Labels,
}

/// A change of account labels: None leaves a label as it is, an empty value removes it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccountLabelsChange {
    pub name: Option<String>,
    pub alias: Option<String>,
    pub status: Option<StatusLabel>,
    /// The labels shared with profiles.
    pub common: LabelsChange,
}

impl AccountLabelsChange {
    /// Checks and normalises the new values.
    pub fn checked(self) -> Result<AccountLabelsChange, Refusal> {
        Ok(AccountLabelsChange {
            name: self.name.map(|name| text::title(Field::Name, name, NAME_MAX)).transpose()?,
            alias: self.alias.map(|alias| text::identifier(Field::Alias, alias, NAME_MAX)).transpose()?,
            status: self.status.map(StatusLabel::checked).transpose()?,
            common: self.common.checked()?,
        })
    }

    pub fn apply(self, present: &AccountLabels) -> AccountLabels {
        AccountLabels {
            name: self.name.unwrap_or_else(|| present.name.clone()),
            alias: self.alias.unwrap_or_else(|| present.alias.clone()),
            status: self.status.unwrap_or_else(|| present.status.clone()),
            common: self.common.apply(&present.common),
        }
    }
}

fn checked_custom_fields(fields: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Refusal> {
    if fields.len() > CUSTOM_FIELDS_MAX {
        return Err(Refusal::out_of_range(Field::CustomFields, format!("at most {CUSTOM_FIELDS_MAX} fields")));
    }
    let mut checked = BTreeMap::new();
    for (name, value) in fields {
        let name = checked_key(Field::CustomFields, name, CUSTOM_NAME_MAX)?;
        let value = text::note(Field::CustomField(name.clone()), value, CUSTOM_VALUE_MAX)?;
        insert_once(&mut checked, Field::CustomFields, name, value)?;
    }
    Ok(checked)
}

/// Checks and normalises metadata.
pub fn checked_metadata(metadata: BTreeMap<String, MetadataValue>) -> Result<BTreeMap<String, MetadataValue>, Refusal> {
    if metadata.len() > METADATA_KEYS_MAX {
        return Err(Refusal::out_of_range(Field::Metadata, format!("at most {METADATA_KEYS_MAX} keys")));
    }
    let (mut checked, mut total) = (BTreeMap::new(), 0);
    for (key, value) in metadata {
        let key = checked_key(Field::Metadata, key, METADATA_KEY_MAX)?;
        let field = Field::MetadataValue(key.clone());
        let value = match value {
            MetadataValue::Text(text) => MetadataValue::Text(text::note(field, text, METADATA_TEXT_MAX)?),
            MetadataValue::Number(number) => {
                MetadataValue::Number(text::identifier(field, number, METADATA_NUMBER_MAX)?)
            }
            MetadataValue::Boolean(boolean) => MetadataValue::Boolean(boolean),
        };
        total += key.chars().count() + value.text().chars().count();
        insert_once(&mut checked, Field::Metadata, key, value)?;
    }
    if total > METADATA_TOTAL_MAX {
        let reason = format!("at most {METADATA_TOTAL_MAX} characters in all keys and values together");
        return Err(Refusal::out_of_range(Field::Metadata, reason));
    }
    Ok(checked)
}

/// Checks the key of a custom field or of metadata. The refusal does not repeat the key, which may be long or have
/// control characters.
fn checked_key(field: Field, key: String, max: usize) -> Result<String, Refusal> {
    if !(1..=max).contains(&key.chars().count()) {
        return Err(Refusal::out_of_range(field, format!("a key has 1 to {max} characters")));
    }
    text::identifier(field.clone(), key, max)
        .map_err(|_| Refusal::invalid(field, "a key has no invisible characters and no leading or trailing blanks"))
}

/// Two keys that a caller sent may be one text.
fn insert_once<T>(members: &mut BTreeMap<String, T>, field: Field, key: String, value: T) -> Result<(), Refusal> {
    match members.insert(key, value) {
        None => Ok(()),
        Some(_) => Err(Refusal::invalid(field, "two keys differ only in how their letters are encoded")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_keeps_a_label_and_an_empty_value_removes_it() {
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
    fn stored_values_are_read_back() {
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
    fn keys_that_are_one_text_are_refused() {
        let fields = |keys: [&str; 2]| keys.map(|key| (key.to_owned(), "x".to_owned())).into_iter().collect();
        let change = |keys| LabelsChange { custom_fields: Some(fields(keys)), ..LabelsChange::default() };
        assert!(change(["é", "e\u{301}"]).checked().is_err());
        let checked = change(["e", "e\u{301}"]).checked().unwrap().custom_fields.unwrap();
        assert_eq!(checked.keys().collect::<Vec<_>>(), ["e", "é"]);
        assert!(change(["e", "e\u{200b}"]).checked().is_err());
    }
}
