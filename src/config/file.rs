//! The file as a layer: every value with the line that it is on. The TOML is read here rather than by figment, because
//! the lines are needed for messages and because all syntax errors are wanted at once.

use std::io::ErrorKind;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::layer::{Layer, Leaf};
use super::section::Key;
use super::setting::Raw;
use super::source::{Problem, Source};

/// Reads the file; one that is not there is a problem only when somebody named it.
pub(super) fn read(path: &Path, named_by: Option<Source>, keys: &[Key]) -> Option<Layer> {
    let text = match (std::fs::read_to_string(path), &named_by) {
        (Ok(text), _) => text,
        (Err(error), None) if error.kind() == ErrorKind::NotFound => return None,
        (Err(error), _) => {
            let message = format!("cannot read {}: {error}", path.display());
            let source = named_by.unwrap_or_else(|| whole(path));
            let fix = match error.kind() {
                ErrorKind::NotFound => format!("Write one with `bursar config init {}`.", path.display()),
                ErrorKind::InvalidData => "Save it as UTF-8.".to_owned(),
                ErrorKind::IsADirectory => "Name a file in it.".to_owned(),
                _ => "Let the user that runs bursar read it.".to_owned(),
            };
            return Some(Layer::broken(Problem { key: String::new(), source, message, fix }));
        }
    };
    Some(parse(path, &text, keys))
}

fn whole(path: &Path) -> Source {
    Source::File { path: path.into(), line: None }
}

/// Takes a text apart into its values.
pub(super) fn parse(path: &Path, text: &str, keys: &[Key]) -> Layer {
    let at = |offset: usize| Source::File { path: path.into(), line: Some(line_of(text, offset)) };
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut layer = Layer::default();
    layer.problems.extend(errors.iter().map(|error| Problem {
        key: String::new(),
        source: error.span().map_or_else(|| whole(path), |span| at(span.start)),
        message: format!("is not TOML: {}", error.message()),
        fix: "Strings need quotes, lists brackets; `bursar config init` prints an example.".into(),
    }));
    // What a recovering parser makes of the rest is a guess, and complaints about a guess mislead.
    if errors.is_empty() {
        flatten("", table.get_ref(), keys, &at, &mut layer.leaves);
    }
    layer
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

fn flatten(prefix: &str, table: &DeTable<'_>, keys: &[Key], at: &dyn Fn(usize) -> Source, leaves: &mut Vec<Leaf>) {
    for (name, value) in table.iter() {
        let path = if prefix.is_empty() { name.get_ref().to_string() } else { format!("{prefix}.{}", name.get_ref()) };
        let is_key = keys.iter().any(|key| key.path == path);
        let is_section = keys.iter().any(|key| key.path.starts_with(&format!("{path}.")));
        match value.get_ref() {
            DeValue::Table(inner) if !is_key && (is_section || !inner.is_empty()) => {
                flatten(&path, inner, keys, at, leaves);
            }
            other => leaves.push(Leaf { path, source: at(name.span().start), raw: raw(other) }),
        }
    }
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::String(text.to_string()),
        DeValue::Boolean(value) => Raw::Bool(*value),
        DeValue::Array(items) => Raw::List(items.iter().map(|item| raw(item.get_ref())).collect()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Raw::Other("number out of range"), Raw::Integer)
        }
        other => Raw::Other(other.type_str()),
    }
}
