//! The example file, made from the key table.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Config, sections};

/// A file that names every key with its default and the reason for it.
pub fn example() -> String {
    let defaults = Config::default().to_json();
    let mut text = String::from(
        "# Configuration of bursar: every key with its default. Leave out what you do not change.\n\
         # The environment overrides this file (BURSAR_SERVER__LISTEN for listen in [server]), and flags override both.\n\
         # `bursar config check` finds mistakes, `bursar config show --sources` tells who set what.\n",
    );
    for (section, about, keys) in sections() {
        let _ = write!(text, "\n# {about}\n[{section}]\n");
        for key in keys {
            let _ = write!(text, "# {}\n{} = {}\n", key.why, key.split().1, toml_text(key.find(&defaults)));
        }
    }
    text
}

/// A value as it is written in the file; an absent one is an empty string there.
pub(super) fn toml_text(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".into(),
        Value::Array(items) => format!("[{}]", items.iter().map(toml_text).collect::<Vec<_>>().join(", ")),
        Value::String(text) => toml::Value::String(text.clone()).to_string(),
        other => other.to_string(),
    }
}
