//! The environment as a layer: `BURSAR_SERVER__LISTEN` sets `server.listen`; the two most common keys have short names.
//!
//! Figment's own `Env` reads the environment of the process, which tests share, and ignores unknown variables.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::kubernetes;
use super::layer::{Layer, nearest};
use super::section::Key;
use super::setting::Notation;
use super::source::Source;

const PREFIX: &str = "BURSAR_";

/// Names the configuration file; all other variables set a key.
pub(super) const FILE: &str = "BURSAR_CONFIG";

const SHORT: [(&str, &str); 2] = [("BURSAR_LISTEN", "server.listen"), ("BURSAR_DATA_DIR", "server.data_dir")];

/// The file that `BURSAR_CONFIG` names.
pub(super) fn file(variables: &[(OsString, OsString)]) -> Option<PathBuf> {
    let value = variables.iter().find(|(name, _)| name.to_str() == Some(FILE)).map(|(_, value)| value);
    value.filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Reads every variable that starts with `BURSAR_`. An unknown one is a problem, because it is probably misspelled. An
/// empty one counts as unset, and those that Kubernetes sets for services are not settings.
pub(super) fn read(variables: &[(OsString, OsString)], keys: &[Key]) -> Layer {
    let (mut layer, mut set_by) = (Layer::new("environment"), BTreeMap::new());
    let ours = variables.iter().filter_map(|(name, value)| Some((name.to_str()?, value)));
    let is_set = |(name, value): &(&str, &OsString)| name.starts_with(PREFIX) && *name != FILE && !value.is_empty();
    for (name, value) in ours.filter(is_set) {
        let source = Source::Environment { name: name.into() };
        let Some(path) = path_of(name, keys) else {
            if value.to_str().is_some_and(|value| kubernetes::describes_service(name, value)) {
                continue;
            }
            layer.report("", source, "no such setting", advice(name, keys));
            continue;
        };
        if let Some(other) = set_by.insert(path.clone(), name) {
            layer.report(path, source, format!("is also set by environment {other}"), "Unset one of the two.");
        } else if let Some(text) = value.to_str() {
            layer.set(path, source, &text.into(), Notation::Text, keys);
        } else {
            layer.report(path, source, "is not UTF-8", "Write it in UTF-8.");
        }
    }
    layer
}

fn path_of(name: &str, keys: &[Key]) -> Option<String> {
    let short = SHORT.iter().find(|(short, _)| *short == name).map(|(_, path)| (*path).to_owned());
    short.or_else(|| keys.iter().find(|key| key.environment_name() == name).map(|key| key.path.clone()))
}

fn advice(name: &str, keys: &[Key]) -> String {
    let long = keys.iter().map(Key::environment_name);
    let all = long.chain(SHORT.iter().map(|(short, _)| (*short).to_owned())).chain([FILE.to_owned()]);
    match nearest(&name.to_uppercase(), all) {
        Some(guess) => format!("Did you mean {guess}?"),
        None => "Unset it; `bursar config schema` lists all variables.".into(),
    }
}
