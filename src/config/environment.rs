//! The environment as a layer: `BURSAR_SERVER__LISTEN` for `server.listen`, and short names for what is set most often.

use std::ffi::OsString;
use std::path::PathBuf;

use super::layer::{Layer, Leaf, nearest};
use super::section::Key;
use super::setting::Raw;
use super::source::{Problem, Source};

const PREFIX: &str = "BURSAR_";

/// Names the file instead of setting a key.
pub(super) const FILE: &str = "BURSAR_CONFIG";

const SHORT: [(&str, &str); 2] = [("BURSAR_LISTEN", "server.listen"), ("BURSAR_DATA_DIR", "server.data_dir")];

/// The file that the environment names.
pub(super) fn file(variables: &[(OsString, OsString)]) -> Option<PathBuf> {
    let value = variables.iter().find(|(name, _)| name.to_str() == Some(FILE)).map(|(_, value)| value);
    value.filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Collects everything that starts with `BURSAR_`; a name that means nothing is a problem, because it was meant.
pub(super) fn read(variables: &[(OsString, OsString)], keys: &[Key]) -> Layer {
    let mut layer = Layer::default();
    let ours = variables.iter().filter_map(|(name, value)| Some((name.to_str()?, value)));
    for (name, value) in ours.filter(|(name, _)| name.starts_with(PREFIX) && *name != FILE) {
        let source = Source::Environment { name: name.into() };
        let Some(path) = path_of(name, keys) else {
            layer.problems.push(Problem {
                key: String::new(),
                source,
                message: "no such setting".into(),
                fix: advice(name, keys),
            });
            continue;
        };
        if let Some(twice) = layer.leaves.iter().find(|leaf| leaf.path == path) {
            let message = format!("is also set by {}", twice.source);
            layer.problems.push(Problem { key: path, source, message, fix: "Unset one of the two.".into() });
        } else if let Some(text) = value.to_str() {
            layer.leaves.push(Leaf { path, source, raw: Raw::Text(text.into()) });
        } else {
            let fix = "Write it in UTF-8.".into();
            layer.problems.push(Problem { key: path, source, message: "is not UTF-8".into(), fix });
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
        None => "Unset it; `bursar config schema` lists what there is.".into(),
    }
}
