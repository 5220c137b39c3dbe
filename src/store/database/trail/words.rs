//! Changes in words, for the people who read the audit log: which field of which thing had which value before and
//! after.

use crate::domain::merkle::{Hash, sha256};
use crate::store::database::trail::Table;
use crate::store::database::trail::covered::{Shape, Told};
use rusqlite::types::ValueRef;
use std::collections::HashMap;
use uuid::Uuid;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::store) struct Word {
    pub(in crate::store) subject: String,
    pub(in crate::store) subject_id: i64,
    pub(in crate::store) field: String,
    pub(in crate::store) old: Option<String>,
    pub(in crate::store) new: Option<String>,
}

/// The words of a commit so far, each with the item that it is about.
#[derive(Default)]
pub(super) struct Words(Vec<(String, Word)>);

/// A row before and after a change; none where there is no such row.
pub(super) struct Sides<'v> {
    pub(super) key: i64,
    pub(super) salt: ValueRef<'v>,
    pub(super) old: Option<Vec<ValueRef<'v>>>,
    pub(super) new: Option<Vec<ValueRef<'v>>>,
}

/// Binds words to their audit row.
pub(in crate::store) fn digest(words: &[Word]) -> Hash {
    let mut bytes = Vec::new();
    for Word { subject, subject_id, field, old, new } in words {
        let texts = [Some(subject), Some(field), old.as_ref(), new.as_ref()];
        let texts = texts.map(|text| text.map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes())));
        super::encode_row(&mut bytes, [ValueRef::Integer(*subject_id)].into_iter().chain(texts));
        bytes.push(u8::MAX);
    }
    sha256(&bytes)
}

fn text(value: ValueRef<'_>) -> Option<String> {
    Some(match value {
        ValueRef::Null => return None,
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(blob) => match Uuid::from_slice(blob) {
            Ok(uuid) => uuid.to_string(),
            Err(_) => hex(blob),
        },
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Personal data as a salted hash; empty texts as they are.
fn hidden(salt: ValueRef<'_>, value: String) -> String {
    if value.is_empty() {
        return value;
    }
    let salted = [salt.as_blob().unwrap_or_default(), value.as_bytes()].concat();
    format!("sha256:{}", hex(&sha256(&salted)))
}

impl Words {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Takes the words from a place on. Several of one field become one; what came back to its old value is left out.
    pub(super) fn take(&mut self, from: usize) -> Vec<Word> {
        let mut joined: Vec<Word> = Vec::new();
        let mut places: HashMap<(String, i64, String), usize> = HashMap::new();
        for (item, word) in self.0.split_off(from.min(self.0.len())) {
            let place = (format!("{}.{item}", word.subject), word.subject_id, word.field.clone());
            match places.get(&place) {
                Some(index) => joined[*index].new = word.new,
                None => {
                    places.insert(place, joined.len());
                    joined.push(word);
                }
            }
        }
        joined.retain(|word| word.old != word.new);
        joined
    }

    pub(super) fn add(&mut self, table: &Table, sides: &Sides<'_>) {
        let Some(told) = &table.covered.told else { return };
        match &told.shape {
            Shape::Thing if sides.old.is_none() => {}
            // Of a thing that goes, its public id is kept.
            Shape::Thing if sides.new.is_none() => self.add_fields(table, told, sides, |column| column == "uuid"),
            Shape::Thing | Shape::Part => self.add_fields(table, told, sides, |_| true),
            Shape::Item { prefix, of } => self.add_item(table, told, sides, (prefix, of)),
        }
    }

    fn add_fields(&mut self, table: &Table, told: &Told, sides: &Sides<'_>, is_wanted: impl Fn(&str) -> bool) {
        for (place, column) in table.columns.iter().enumerate() {
            let column = column.as_str();
            let side = |side: &Option<Vec<ValueRef<'_>>>| side.as_ref().and_then(|values| text(values[place]));
            let (old, new) = (side(&sides.old), side(&sides.new));
            if column == table.covered.key || told.skipped.contains(&column) || !is_wanted(column) || old == new {
                continue;
            }
            let (old, new) = told.shown(column, sides.salt, (old, new));
            self.push("", told.word(sides.key, column.to_owned(), (old, new)));
        }
    }

    fn add_item(&mut self, table: &Table, told: &Told, sides: &Sides<'_>, (prefix, of): (&str, &[&str])) {
        let Some(present) = sides.new.as_ref().or(sides.old.as_ref()) else { return };
        let named = |values: &[ValueRef<'_>], is_wanted: &dyn Fn(&str) -> bool| {
            let wanted = table.columns.iter().zip(values).filter(|(column, _)| is_wanted(column));
            wanted.filter_map(|(_, value)| text(*value)).collect::<Vec<_>>()
        };
        let item = named(present, &|column| of.contains(&column)).join(".");
        let others =
            |column: &str| column != table.covered.key && !of.contains(&column) && !told.skipped.contains(&column);
        let value = |side: &Option<Vec<ValueRef<'_>>>| {
            let values = named(side.as_ref()?, &others);
            // An item without further columns, such as a tag, is its own value.
            Some(if values.is_empty() { item.clone() } else { values.join(", ") })
        };
        let is_named_by_itself = !table.columns.iter().any(|column| others(column));
        let field = match (prefix, is_named_by_itself) {
            ("", _) => item.clone(),
            (prefix, true) => prefix.to_owned(),
            (prefix, false) => format!("{prefix}.{item}"),
        };
        let (mut old, mut new) = (value(&sides.old), value(&sides.new));
        if !told.personal.is_empty() {
            old = old.map(|old| hidden(sides.salt, old));
            new = new.map(|new| hidden(sides.salt, new));
        }
        self.push(&item, told.word(sides.key, field, (old, new)));
    }

    fn push(&mut self, item: &str, word: Word) {
        self.0.push((item.to_owned(), word));
    }
}

/// A value before and after.
type OldAndNew = (Option<String>, Option<String>);

impl Told {
    fn word(&self, subject_id: i64, field: String, (old, new): OldAndNew) -> Word {
        Word { subject: self.subject.to_owned(), subject_id, field, old, new }
    }

    fn shown(&self, column: &str, salt: ValueRef<'_>, (old, new): OldAndNew) -> OldAndNew {
        if self.secret.contains(&column) {
            return (None, Some("changed".to_owned()));
        }
        if self.personal.contains(&column) {
            return (old.map(|old| hidden(salt, old)), new.map(|new| hidden(salt, new)));
        }
        (old, new)
    }
}
