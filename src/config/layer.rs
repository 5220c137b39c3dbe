//! A source of the configuration as figment providers: its values by key, each checked and with its origin.

use std::collections::BTreeMap;

use figment::providers::Serialized;
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::section::Key;
use super::setting::Notation;
use super::source::{Problem, Source};

/// The values of one source. Figment's metadata names the layer of a value; the layer knows the line or variable.
#[derive(Debug)]
pub(super) struct Layer {
    name: &'static str,
    values: BTreeMap<String, (Value, Source)>,
    pub(super) problems: Vec<Problem>,
}

impl Layer {
    /// An empty layer. The name must be unique among the layers of one figment.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, values: BTreeMap::new(), problems: Vec::new() }
    }

    /// Sets a key. An invalid value is left out and reported even if a later layer overrides it; otherwise it would
    /// surface on the day that the override is removed.
    pub(super) fn set(&mut self, path: String, source: Source, written: &Value, notation: Notation, keys: &[Key]) {
        let Some(key) = keys.iter().find(|key| key.path == path) else {
            self.problems.push(unknown(path, source, keys));
            return;
        };
        match (key.read)(written, notation) {
            Ok(value) => drop(self.values.insert(path, (value, source))),
            Err(message) => self.report(path, source, message, format!("Write {}.", key.expects)),
        }
    }

    pub(super) fn report(
        &mut self,
        key: impl Into<String>,
        source: Source,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.problems.push(Problem { key: key.into(), source, message: message.into(), fix: fix.into() });
    }

    /// Merges this layer over `figment`.
    pub(super) fn over(&self, figment: Figment) -> Figment {
        let entries = self.values.iter().map(|(path, (value, _))| Entry { layer: self.name, path, value });
        entries.fold(figment, Figment::merge)
    }

    /// The source of a key's value among these layers.
    pub(super) fn source(layers: &[Self], figment: &Figment, path: &str) -> Source {
        let winner = figment.find_metadata(path).and_then(|of| layers.iter().find(|layer| layer.name == of.name));
        winner.and_then(|layer| layer.values.get(path)).map_or(Source::Default, |(_, source)| source.clone())
    }
}

/// One value of a layer.
struct Entry<'a> {
    layer: &'static str,
    path: &'a str,
    value: &'a Value,
}

impl Provider for Entry<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.layer)
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Serialized::default(self.path, self.value).data()
    }
}

fn unknown(path: String, source: Source, keys: &[Key]) -> Problem {
    if keys.iter().any(|key| key.path.starts_with(&format!("{path}."))) {
        let fix = format!("Write [{path}] on its own line and its keys below it.");
        return Problem { key: path, source, message: "is a table, not a key".into(), fix };
    }
    let name = path.rsplit('.').next().unwrap_or(&path);
    let elsewhere = || keys.iter().find(|key| key.split().1 == name).map(|key| key.path.clone());
    let guess = nearest(&path, keys.iter().map(|key| key.path.clone())).or_else(elsewhere);
    let fix = match guess {
        Some(guess) => format!("Did you mean {guess}?"),
        None => "Remove it; `bursar config schema` lists all keys.".into(),
    };
    Problem { key: path, source, message: "no such key".into(), fix }
}

/// The candidate closest to what was written, if it is close enough to be what was meant.
pub(super) fn nearest(written: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    let near = candidates.map(|candidate| (strsim::damerau_levenshtein(written, &candidate), candidate));
    let limit = (written.len() / 5).clamp(1, 4);
    near.min().filter(|(distance, _)| *distance <= limit).map(|(_, candidate)| candidate)
}
