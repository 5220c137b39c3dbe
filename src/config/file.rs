//! The configuration file as a layer: every value with its line number.
//!
//! Figment's own `Toml` stops at the first error and discards line numbers.

use std::io::ErrorKind;
use std::path::Path;

use figment::value::Value;
use serde::Deserialize;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::layer::Layer;
use super::section::Key;
use super::setting::Notation;
use super::source::Source;

/// Reads the file. A missing file is a problem only if a flag or the environment named it.
pub(super) fn read(path: &Path, named_by: Option<Source>, keys: &[Key]) -> Option<Layer> {
    match (std::fs::read_to_string(path), named_by) {
        (Ok(text), _) => Some(parse(path, &text, keys)),
        (Err(error), None) if error.kind() == ErrorKind::NotFound => None,
        (Err(error), named_by) => {
            let fix = match error.kind() {
                ErrorKind::NotFound => format!("Create it with `bursar config init {}`.", path.display()),
                ErrorKind::InvalidData => "Save it as UTF-8.".to_owned(),
                ErrorKind::IsADirectory => "Name a file inside it.".to_owned(),
                _ => "Make it readable for the user that runs bursar.".to_owned(),
            };
            let mut layer = Layer::new("file");
            let source = named_by.unwrap_or_else(|| whole(path));
            layer.report("", source, format!("cannot read {}: {error}", path.display()), fix);
            Some(layer)
        }
    }
}

fn whole(path: &Path) -> Source {
    Source::File { path: path.into(), line: None }
}

fn parse(path: &Path, text: &str, keys: &[Key]) -> Layer {
    let at = |offset: usize| Source::File { path: path.into(), line: Some(line_of(text, offset)) };
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut layer = Layer::new("file");
    for error in &errors {
        let source = error.span().map_or_else(|| whole(path), |span| at(span.start));
        let fix = "Strings need quotes and lists need brackets; `bursar config init` prints an example.";
        layer.report("", source, format!("is not TOML: {}", error.message()), fix);
    }
    // After an error, the recovering parser guesses the rest; problems in a guess would mislead.
    if errors.is_empty() {
        flatten("", table.get_ref(), keys, &at, &mut layer);
    }
    layer
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

fn flatten(prefix: &str, table: &DeTable<'_>, keys: &[Key], at: &dyn Fn(usize) -> Source, layer: &mut Layer) {
    for (name, value) in table.iter() {
        let path = if prefix.is_empty() { name.get_ref().to_string() } else { format!("{prefix}.{}", name.get_ref()) };
        let is_key = keys.iter().any(|key| key.path == path);
        let is_section = keys.iter().any(|key| key.path.starts_with(&format!("{path}.")));
        if let DeValue::Table(inner) = value.get_ref()
            && !is_key
            && (is_section || !inner.is_empty())
        {
            flatten(&path, inner, keys, at, layer);
            continue;
        }
        let source = at(name.span().start);
        match <Value as Deserialize>::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(value) => layer.set(path, source, &value, Notation::Typed, keys),
            Err(error) => layer.report(path, source, error.message(), "Write a value that is in range for the key."),
        }
    }
}
