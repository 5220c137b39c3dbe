//! One layer of the configuration, and how layers are checked and laid on each other.

use std::collections::BTreeMap;

use figment::providers::Serialized;
use figment::{Figment, Metadata, Provider};

use super::section::Key;
use super::setting::Raw;
use super::source::{Problem, Source};

/// A value that somebody set.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) path: String,
    pub(super) source: Source,
    pub(super) raw: Raw,
}

/// What one source has to say.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) leaves: Vec<Leaf>,
    pub(super) problems: Vec<Problem>,
}

impl Layer {
    /// A layer that could not be read at all.
    pub(super) fn broken(problem: Problem) -> Self {
        Self { leaves: Vec::new(), problems: vec![problem] }
    }

    /// Lays this layer on those below. A wrong value is left out and reported even where a later layer overrides it:
    /// a mistake that is hidden today is a surprise on the day that the override goes.
    pub(super) fn lay(
        self,
        mut figment: Figment,
        keys: &[Key],
        sources: &mut BTreeMap<String, Source>,
        problems: &mut Vec<Problem>,
    ) -> Figment {
        problems.extend(self.problems);
        for Leaf { path, source, raw } in self.leaves {
            let Some(key) = keys.iter().find(|key| key.path == path) else {
                problems.push(unknown(path, source, keys));
                continue;
            };
            match (key.normalise)(&raw) {
                Ok(value) => {
                    figment = figment.merge(One { key: &path, value, source: &source });
                    sources.insert(path, source);
                }
                Err(message) => {
                    let fix = format!("Write {}.", key.expects);
                    problems.push(Problem { key: path, source, message, fix });
                }
            }
        }
        figment
    }
}

/// One value with its origin, as figment takes it.
struct One<'a> {
    key: &'a str,
    value: figment::value::Value,
    source: &'a Source,
}

impl Provider for One<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source.to_string())
    }

    fn data(&self) -> figment::Result<figment::value::Map<figment::Profile, figment::value::Dict>> {
        Serialized::default(self.key, &self.value).data()
    }
}

fn unknown(path: String, source: Source, keys: &[Key]) -> Problem {
    if keys.iter().any(|key| key.path.starts_with(&format!("{path}."))) {
        let fix = format!("Write [{path}] on a line of its own and its keys below.");
        return Problem { key: path, source, message: "is a table, not a key".into(), fix };
    }
    let name = path.rsplit('.').next().unwrap_or(&path);
    let elsewhere = || keys.iter().find(|key| key.split().1 == name).map(|key| key.path.clone());
    let guess = nearest(&path, keys.iter().map(|key| key.path.clone())).or_else(elsewhere);
    let fix = match guess {
        Some(guess) => format!("Did you mean {guess}?"),
        None => "Remove it; `bursar config schema` lists what there is.".into(),
    };
    Problem { key: path, source, message: "no such key".into(), fix }
}

/// The candidate that is closest to what was written, if any is close enough to be what was meant.
pub(super) fn nearest(written: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    let near = candidates.map(|candidate| (strsim::damerau_levenshtein(written, &candidate), candidate));
    let limit = (written.len() / 5).clamp(1, 4);
    near.min().filter(|(distance, _)| *distance <= limit).map(|(_, candidate)| candidate)
}
